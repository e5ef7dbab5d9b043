//! Celery workers among this machine's processes. A command line may hold the broker's password: only the queues and the
//! worker's name are kept of it.

use super::ProbeResult;
use crate::fact::celery::process::Workers;
use crate::fact::touch::{Touch, only, reads};
use crate::fact::{Fact, Unseen};

/// A worker among the processes. Holds its command line, so it has no `Debug`.
pub(super) struct Found {
    /// What is kept of it.
    pub(super) worker: crate::fact::celery::process::Worker,
    /// Its command line.
    pub(super) arguments: Vec<String>,
    /// Whether it is in a container.
    pub(super) contained: bool,
    /// The systemd unit of its control group, where it is in one.
    pub(super) unit: Option<String>,
    /// The unit of a user's own service manager, with the user's number, where it is in one.
    pub(super) user_unit: Option<(String, u32)>,
    /// Its working directory, where that may be seen.
    pub(super) folder: Option<String>,
    /// Whether its network is another than that of this program, where that may be seen.
    pub(super) own_network: bool,
}

pub(super) fn look() -> ProbeResult {
    let found = found().map(|found| Workers { workers: found.into_iter().map(|it| it.worker).collect() });
    ProbeResult::new("/proc", found.map(Fact::Workers))
}

#[cfg(target_os = "linux")]
pub(super) fn found() -> Result<Vec<Found>, Unseen> {
    use std::collections::BTreeMap;
    use std::ffi::OsStr;

    use procfs::Current;
    use procfs::process::{Process, all_processes};

    use super::host;
    use crate::fact::celery::process::{Halted, Worker};
    use crate::read::celery_command::{package, told};

    /// Where ClippyFront makes its Celery app.
    const CODE: &str = "app/tasks/celery_app.py";

    let processes = all_processes().map_err(|_| Unseen::NoTool("/proc cannot be read".to_owned()))?;
    let up = procfs::Uptime::current().map_or(0, |uptime| uptime.uptime_duration().as_secs());
    let network = |process: &Process| heard(process.namespaces())?.0.get(OsStr::new("net")).map(|it| it.identifier);
    let own = heard(Process::myself()).and_then(|it| network(&it));
    let mut found: BTreeMap<i32, (i32, Found)> = BTreeMap::new();
    // Whether some may be kept from this user (proc(5), `hidepid=`): there is a first process in every list that is whole.
    let (mut first, mut hidden) = (false, false);
    for process in processes {
        hidden |= is_forbidden(&process);
        let Some(process) = heard(process) else { continue };
        first |= process.pid == 1;
        let arguments = process.cmdline();
        hidden |= is_forbidden(&arguments);
        let Some(arguments) = heard(arguments) else { continue };
        let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let Some((queues, name)) = told(&words) else { continue };
        let Some(stat) = heard(process.stat()) else { continue };
        let age = up.saturating_sub(stat.starttime / procfs::ticks_per_second());
        let folder = heard(process.cwd()).and_then(|path| path.into_os_string().into_string().ok());
        let elsewhere = folder.as_ref().filter(|folder| matches!(host::stat(format!("{folder}/{CODE}")), Ok(None)));
        let foreign = elsewhere.and_then(|_| package(&words));
        let contained = is_contained(&process);
        let of_worker = Found {
            worker: Worker {
                pid: process.pid.unsigned_abs(),
                age,
                queues,
                name,
                foreign: foreign.filter(|_| !contained),
                halted: halted(&process, &stat).map(|by| Halted { by, pids: vec![process.pid.unsigned_abs()] }),
            },
            own_network: network(&process).zip(own).is_some_and(|(its, own)| its != own),
            contained,
            unit: unit_of(&process),
            user_unit: groups(&process).iter().find_map(|group| user_unit(group)),
            folder,
            arguments,
        };
        found.insert(process.pid, (stat.ppid, of_worker));
    }
    if found.is_empty() && (hidden || !first) {
        return Err(Unseen::NeedsRights("other users' processes are hidden here (/proc, hidepid)".to_owned()));
    }
    // A worker forks one process for each task that it can do at a time.
    let parents: Vec<i32> = found.keys().copied().collect();
    let (all, forked): (Vec<_>, Vec<_>) = found.into_values().partition(|(parent, _)| !parents.contains(parent));
    let mut all: Vec<Found> = all.into_iter().map(|(_, found)| found).collect();
    for (parent, process) in forked {
        let of = all.iter_mut().find(|it| i32::try_from(it.worker.pid) == Ok(parent));
        if let (Some(of), Some(halted)) = (of, process.worker.halted) {
            of.worker.halted.get_or_insert(Halted { by: halted.by, pids: Vec::new() }).pids.extend(halted.pids);
        }
    }
    Ok(all)
}

/// What the kernel told of a process. What this process itself ran short of is noted: then it says nothing about that one.
#[cfg(target_os = "linux")]
fn heard<T>(said: procfs::ProcResult<T>) -> Option<T> {
    if let Err(procfs::ProcError::Io(error, _)) = &said {
        super::host::limits::note(error);
    }
    said.ok()
}

#[cfg(target_os = "linux")]
fn is_forbidden<T>(said: &procfs::ProcResult<T>) -> bool {
    matches!(said, Err(procfs::ProcError::PermissionDenied(_)))
}

/// What keeps it from running: the kernel tells of a signal itself, of a freezer in the files of the control group.
#[cfg(target_os = "linux")]
fn halted(
    process: &procfs::process::Process,
    stat: &procfs::process::Stat,
) -> Option<crate::fact::celery::process::HaltedBy> {
    use super::host;
    use crate::fact::celery::process::HaltedBy;

    if matches!(stat.state, 'T' | 't') {
        return Some(HaltedBy::Signal);
    }
    // Version 2 has it in cgroup.events, version 1 in a hierarchy of its own (Documentation/admin-guide/cgroup-v1).
    let frozen = |group: &String| {
        let says = |path: String, word: &str| matches!(host::read(path), host::Text::Read(text) if text.lines().any(|line| line == word));
        says(format!("/sys/fs/cgroup{group}/cgroup.events"), "frozen 1")
            || says(format!("/sys/fs/cgroup/unified{group}/cgroup.events"), "frozen 1")
            || says(format!("/sys/fs/cgroup/freezer{group}/freezer.state"), "FROZEN")
    };
    groups(process).iter().any(frozen).then_some(HaltedBy::Freezer)
}

/// Whether it is in a container.
#[cfg(target_os = "linux")]
pub(super) fn is_contained(process: &procfs::process::Process) -> bool {
    has_own_namespace(process) || groups(process).iter().any(|group| names_container(group))
}

/// The systemd unit of its control group, where it is in one.
#[cfg(target_os = "linux")]
pub(super) fn unit_of(process: &procfs::process::Process) -> Option<String> {
    groups(process).iter().find_map(|group| unit(group))
}

/// Seen from here, a process of a container has a second number: that in its own namespace (proc(5), `NSpid`).
#[cfg(target_os = "linux")]
fn has_own_namespace(process: &procfs::process::Process) -> bool {
    heard(process.status()).and_then(|status| status.nspid).is_some_and(|numbers| numbers.len() > 1)
}

/// The paths of its control groups; none where they are not to be seen. On a machine that has both versions of control
/// groups only one of them tells the unit.
#[cfg(target_os = "linux")]
fn groups(process: &procfs::process::Process) -> Vec<String> {
    heard(process.cgroups())
        .map(|groups| groups.0.into_iter().map(|group| group.pathname).collect())
        .unwrap_or_default()
}

/// Every engine names a container's group after the container's id, which is 64 digits long.
#[cfg(any(target_os = "linux", test))]
fn names_container(group: &str) -> bool {
    group.split(|c: char| !c.is_ascii_hexdigit()).any(|word| word.len() >= 64)
}

#[cfg(any(target_os = "linux", test))]
fn unit(group: &str) -> Option<String> {
    let name = group.rsplit('/').find(|part| part.ends_with(".service"))?;
    // A user's own manager has units that `systemctl` without `--user` does not know.
    (!group.contains("/user@")).then(|| name.to_owned())
}

#[cfg(any(target_os = "linux", test))]
fn user_unit(group: &str) -> Option<(String, u32)> {
    let (_, behind) = group.split_once("/user@")?;
    let (user, behind) = behind.split_once(".service/")?;
    let name = behind.rsplit('/').find(|part| part.ends_with(".service"))?;
    Some((name.to_owned(), user.parse().ok()?))
}

#[cfg(not(target_os = "linux"))]
pub(super) fn found() -> Result<Vec<Found>, Unseen> {
    Err(Unseen::NoTool("processes can only be listed on Linux".to_owned()))
}

/// What finding workers does.
pub(super) fn touches() -> Vec<Touch> {
    let of_each = ["/proc/{pid}", "/proc/{pid}/cmdline", "/proc/{pid}/stat"];
    let of_worker = ["/proc/{pid}/cwd", "/proc/{pid}/status", "/proc/{pid}/cgroup", "{code}/app/tasks/celery_app.py"];
    let namespaces = ["/proc/self", "/proc/{pid}/ns", "/proc/{pid}/ns/*"];
    [
        reads(&["/proc", "/proc/uptime"]),
        reads(&of_each),
        only("of a worker", reads(&of_worker)),
        only("of a worker", reads(&namespaces)),
        only("of a worker", reads(&["/sys/fs/cgroup/**", "/sys/fs/cgroup/unified/**", "/sys/fs/cgroup/freezer/**"])),
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_control_group_tells_the_unit_and_the_container() {
        assert_eq!(unit("/system.slice/clippy-worker.service").as_deref(), Some("clippy-worker.service"));
        assert_eq!(unit("/user.slice/user-1000.slice/session-3.scope"), None);
        assert_eq!(unit("/user.slice/user-1000.slice/user@1000.service/app.slice/w.service"), None);
        let own = user_unit("/user.slice/user-1000.slice/user@1000.service/app.slice/w.service");
        assert_eq!(own, Some(("w.service".to_owned(), 1000)));
        assert_eq!(user_unit("/user.slice/user-1000.slice/user@1000.service/init.scope"), None);
        assert_eq!(user_unit("/system.slice/clippy-worker.service"), None);
        let id = "0123456789abcdef".repeat(4);
        assert!(
            names_container(&format!("/system.slice/docker-{id}.scope")) && names_container(&format!("/docker/{id}"))
        );
        assert!(!names_container("/system.slice/clippy-worker.service"));
    }
}
