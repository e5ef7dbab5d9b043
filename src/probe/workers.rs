//! Celery workers among the processes, from /proc. Of a command line only the queues and the name are kept.

use super::ProbeResult;
use crate::fact::{Fact, Unseen};

/// Looks at the processes that can be seen from here: in a container its own, on a host those of its containers too.
pub(super) fn look() -> ProbeResult {
    ProbeResult::new("/proc", running().map(Fact::Workers))
}

#[cfg(target_os = "linux")]
fn running() -> Result<crate::fact::celery::process::Workers, Unseen> {
    use std::collections::BTreeMap;

    use procfs::Current;
    use procfs::process::all_processes;

    use crate::fact::celery::process::{Worker, Workers};
    use crate::read::celery_command::told;

    let processes = all_processes().map_err(|_| Unseen::NoTool("/proc cannot be read".to_owned()))?;
    let up = procfs::Uptime::current().map_or(0, |uptime| uptime.uptime_duration().as_secs());
    let mut found: BTreeMap<i32, (i32, Worker)> = BTreeMap::new();
    for process in processes.flatten() {
        let Ok(arguments) = process.cmdline() else { continue };
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let (Some((queues, name)), Ok(stat)) = (told(&arguments), process.stat()) else { continue };
        let age = up.saturating_sub(stat.starttime / procfs::ticks_per_second());
        let worker = Worker { pid: process.pid.unsigned_abs(), age, queues, name };
        found.insert(process.pid, (stat.ppid, worker));
    }
    // A worker forks one process for each task that it can do at a time.
    let workers = found.values().filter(|(parent, _)| !found.contains_key(parent)).map(|(_, worker)| worker.clone());
    Ok(Workers { workers: workers.collect() })
}

#[cfg(not(target_os = "linux"))]
fn running() -> Result<crate::fact::celery::process::Workers, Unseen> {
    Err(Unseen::NoTool("processes can only be listed on Linux".to_owned()))
}
