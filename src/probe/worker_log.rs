//! What the running worker wrote lately: Docker has a container's log, systemd's journal a unit's.

use super::environment::environ;
use super::{PROGRAM, ProbeContext, ProbeResult, docker, host, service, workers};
use crate::fact::service::quote::Quote;
use crate::fact::worker_log::{Reported, WorkerLog};
use crate::fact::{Fact, Unseen};
use crate::read::celery_log;
use crate::read::quoted::Secrets;

/// What is older says nothing about the looks of now, in seconds.
const RECENT: u64 = 600;

/// So many lines at most.
const LINES: &str = "300";

pub(super) async fn look(context: &ProbeContext) -> ProbeResult {
    ProbeResult::new("docker logs, journalctl", log(context).await.map(Fact::WorkerLog))
}

async fn log(context: &ProbeContext) -> Result<WorkerLog, Unseen> {
    let contained = docker::workers(context).await.ok().into_iter().flatten().find(|it| it.running);
    if let Some(container) = contained {
        let since = since(container.started_at).to_string();
        let arguments = ["logs", "--since", &since, "--tail", LINES, "--", &container.name];
        let said = host::run("docker", &arguments, PROGRAM).await?;
        let secrets =
            Secrets::of_settings(container.variables.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let secrets = secrets.and_command(container.command.iter().map(String::as_str));
        // Celery writes its log to standard error.
        let found = celery_log::last(&said.err, &secrets).or_else(|| celery_log::last(&said.out, &secrets));
        return Ok(of(found, format!("docker logs {}", container.name)));
    }
    let none = || Unseen::NotKnown("no worker with a log that is kept by Docker or systemd runs here".to_owned());
    let mut native = workers::found()?.into_iter().filter(|it| !it.contained);
    let (worker, unit) = native.find_map(|it| Some((it.worker, it.unit?))).ok_or_else(none)?;
    let environ =
        environ(worker.pid).map_err(|_| Unseen::NeedsRights("root may read the worker's variables".to_owned()))?;
    let secrets = Secrets::of_settings(environ.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let (of_unit, since) =
        (format!("_SYSTEMD_UNIT={unit}"), format!("--since=@{}", since(host::now().saturating_sub(worker.age))));
    let arguments = [of_unit.as_str(), &since, "-n", LINES, "-o", "short-unix", "--no-pager", "-q"];
    let said = host::run("journalctl", &arguments, PROGRAM).await?;
    Ok(of(celery_log::last(&said.out, &secrets), format!("journalctl -u {}", service::short(&unit))))
}

/// From when on the log is read: what was before the worker's start may be mended by it.
fn since(started_at: u64) -> u64 {
    started_at.max(host::now().saturating_sub(RECENT))
}

fn of(found: Option<(Option<u64>, Reported)>, source: String) -> WorkerLog {
    found.map_or_else(WorkerLog::default, |(at, reported)| WorkerLog {
        said: Some(Quote { text: reported.text, source, at }),
        discards: reported.discards,
    })
}
