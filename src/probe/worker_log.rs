//! What the running worker wrote lately: Docker has a container's log, systemd's journal a unit's.

use super::environment::environ;
use super::{ProbeContext, ProbeResult, RECENT, docker, host, host_worker, service};
use crate::fact::service::quote::Quote;
use crate::fact::touch::{Touch, only, reads, runs};
use crate::fact::worker_log::{Reported, WorkerLog};
use crate::fact::{Fact, Unseen};
use crate::read::celery_log;
use crate::read::inspect::Container;
use crate::read::quoted::Secrets;

/// For so long, in seconds, a try to connect that was due may still be without an answer.
const A_TRY: u64 = 5;

pub(super) async fn look(context: &ProbeContext) -> ProbeResult {
    ProbeResult::new("docker logs, journalctl", log(context).await.map(Fact::WorkerLog))
}

async fn log(context: &ProbeContext) -> Result<WorkerLog, Unseen> {
    let containers = docker::workers(context).await;
    if let Some(container) = containers.as_ref().ok().and_then(|all| all.iter().find(|it| it.running)) {
        return of_container(container).await;
    }
    let native = host_worker::running(context.profile.app().as_ref())?;
    let Some((worker, unit)) = native.and_then(|it| Some((it.worker, it.unit?))) else {
        return Err(match containers {
            Ok(_) | Err(Unseen::NotInstalled(_)) => {
                Unseen::NotKnown("no worker with a log that is kept by Docker or systemd runs here".to_owned())
            }
            Err(why) => why,
        });
    };
    let environ =
        environ(worker.pid).map_err(|_| Unseen::NeedsRights("root may read the worker's variables".to_owned()))?;
    let secrets = Secrets::of_settings(environ.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let log = service::written_since(&unit, since(host::now().saturating_sub(worker.age))).await?;
    Ok(of(celery_log::last(&log, &secrets), format!("journalctl -u {}", service::short(&unit))))
}

async fn of_container(container: &Container) -> Result<WorkerLog, Unseen> {
    let said = docker::logs(&container.name, Some(since(container.started_at)), "300").await?;
    let variables = container.variables.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let secrets = Secrets::of_settings(variables).and_command(container.command.iter().map(String::as_str));
    // Celery writes its log to standard error.
    let found = celery_log::last(&said.err, &secrets).or_else(|| celery_log::last(&said.out, &secrets));
    Ok(of(found, format!("docker logs {}", container.name)))
}

/// From when on the log is read: what was before the worker's start may be mended by it.
fn since(started_at: u64) -> u64 {
    started_at.max(host::now().saturating_sub(RECENT))
}

fn of(found: Option<(Option<u64>, Reported)>, source: String) -> WorkerLog {
    found.map_or_else(WorkerLog::default, |(at, reported)| WorkerLog {
        discards: reported.discards,
        unconnected: at.zip(reported.tries_in).is_some_and(|(at, wait)| host::now() <= at + wait + A_TRY),
        said: Some(Quote { text: reported.text, source, at, named: None }),
    })
}

/// What [`look`] does.
pub(super) fn touches() -> Vec<Touch> {
    let contained = runs(&["docker logs --timestamps --since {time} --tail 300 -- {container}"]);
    let native = [
        reads(&["/proc/{pid}/environ"]),
        runs(&["journalctl _SYSTEMD_UNIT={unit} --since=@{time} -n 300 -o short-unix --no-pager -q"]),
    ];
    [
        docker::touches(),
        only("where the engine's socket does not answer, or you chose another engine", contained),
        only("where no container runs a worker", [host_worker::running_touches(), native.concat()].concat()),
    ]
    .concat()
}
