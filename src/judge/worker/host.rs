//! The worker that the client runs without Docker: does it run, and does it at the next boot?

use crate::case::Seat;
use crate::check::cause::{DockerRuns, WorkerAtBoot, WorkerRunning};
use crate::check::{Finding, Judged, broken, holds, not_applicable};
use crate::fact::Unseen;
use crate::fact::celery::process::HaltedBy;
use crate::fact::docker::{self, Docker, State, Worker};
use crate::fact::host_worker::{HostWorker, Process, Unit, UserUnit};
use crate::fact::service::UnitState;
use crate::judge::boot;

/// The worker without Docker, if that is the worker here.
pub(super) fn worker<'a>(seat: &Seat<'a>, docker: Option<&Docker>) -> Option<&'a HostWorker> {
    seat.host_worker().ok().filter(|worker| worker.is_the_worker(docker))
}

/// A worker among the processes that the kernel does not let run.
pub(super) fn halted(seat: &Seat<'_>) -> Option<Finding<WorkerRunning>> {
    let app = seat.env().ok().and_then(|env| env.app.as_ref());
    let mut all = seat.workers().ok()?.workers.iter().filter(|it| it.foreign.is_none() && it.is_for(app));
    let (worker, halted) = all.find_map(|it| Some((it, it.halted.as_ref()?)))?;
    let unit = seat.host_worker().ok().and_then(|own| own.unit.as_ref()).map(|unit| unit.name.as_str());
    let (how, resume, thaw) = match halted.by {
        HaltedBy::Signal => ("stopped by a signal", halted.numbers(), ""),
        HaltedBy::Freezer => ("frozen, with its control group", String::new(), unit.unwrap_or_default()),
    };
    let finding = broken(WorkerRunning::Halted).with("pid", worker.pid).with("pids", halted.numbers());
    Some(finding.with("how", how).with("resume", resume).with("thaw", thaw))
}

/// What ends so often in the last minutes gets no task done that takes longer.
const OFTEN: u32 = 2;

/// A start may take so much longer than the ones before, in seconds.
const SLACK: u64 = 10;

/// Its process runs. None where it is no worker of this kind.
pub(super) fn running(seat: &Seat<'_>, worker: &HostWorker) -> Judged<WorkerRunning> {
    if let Some(process) = &worker.process {
        let finding = halted(seat).or_else(|| ends_again(seat, worker.unit.as_ref()?, process));
        return Ok(finding.map_or_else(holds, Into::into));
    }
    let Some(unit) = &worker.unit else {
        let folder = worker.folder.as_deref().unwrap_or_default();
        return Ok(broken(WorkerRunning::NotStarted).with("folder", folder).into());
    };
    let failed = unit.restarts_often() || matches!(unit.active.as_str(), "failed" | "activating" | "deactivating");
    if unit.active == "active" && !failed {
        return Err(Unseen::Undecided(format!(
            "{} is running, and no Celery worker is among its processes yet: its script may still be at work; run clipcheck again",
            unit.name
        )));
    }
    if let Some((path, line)) = &unit.unmet {
        return Ok(named(unit, broken(WorkerRunning::UnitSkipped)).at(path, *line).into());
    }
    if let Some((setting, path, line)) = unit.hides.as_ref().filter(|_| failed) {
        let finding = broken(WorkerRunning::UnitHides).with("setting", setting).with("reason", unit.reason());
        return Ok(named(unit, finding).at(path, *line).into());
    }
    let finding = broken(if failed { WorkerRunning::UnitFailed } else { WorkerRunning::UnitStopped });
    Ok(named(unit, finding).with("reason", unit.reason()).into())
}

/// systemd ended it and started it again and again. What then runs for longer than it did in between has come to rest.
fn ends_again(seat: &Seat<'_>, unit: &Unit, process: &Process) -> Option<Finding<WorkerRunning>> {
    let ended = unit.lately.as_ref().filter(|ended| ended.times >= OFTEN)?;
    let age = seat.taken_at().saturating_sub(process.started_at);
    let finding = broken(WorkerRunning::UnitEnds).with("times", ended.times).with("why", &ended.why);
    (age <= ended.apart * 2 + SLACK).then(|| named(unit, finding))
}

/// Docker's engine runs, where the worker is not one without Docker.
pub(crate) fn docker_runs(seat: &Seat<'_>) -> Judged<DockerRuns> {
    let silent = match seat.docker() {
        Ok(Docker { disk: Some(disk), workers }) if !workers.is_empty() => {
            let finding = broken(DockerRuns::DiskShut).with("folder", &disk.path);
            return Ok(finding.with("why", disk.words()).into());
        }
        Ok(_) => return Ok(holds()),
        // Who may not ask has no answer; and nobody can be asked without the program.
        Err(why) if matches!(why, Unseen::NoTool(_) | Unseen::NotInstalled(_)) => why,
        Err(why) => return Err(why),
    };
    if worker(seat, None).is_some() {
        return Ok(not_applicable("the worker runs without Docker"));
    }
    if matches!(silent, Unseen::NotInstalled(_)) {
        return Err(silent);
    }
    let unit = seat.docker_unit()?;
    if !unit.known {
        return Err(silent);
    }
    let said = unit.said.as_ref().map(|said| format!(", and said last: {}", said.told()));
    let finding = match unit.active.as_str() {
        "active" => broken(DockerRuns::Silent),
        "inactive" if unit.enabled.starts_with("enabled") => broken(DockerRuns::Stopped),
        "inactive" => broken(DockerRuns::Off),
        _ => broken(DockerRuns::Failed).with("said", said.unwrap_or_default()),
    };
    let masked = if unit.enabled.starts_with("masked") { "docker.service docker.socket" } else { "" };
    Ok(finding.with("state", &unit.active).with("enabled", &unit.enabled).with("masked", masked).into())
}

/// The worker of the host, or why there is none to judge.
pub(super) fn only<'a>(seat: &Seat<'a>) -> Result<Result<&'a HostWorker, &'static str>, Unseen> {
    let docker = seat.docker().ok();
    if docker.is_some_and(|docker| docker.workers.iter().any(|it| it.state == State::Running)) {
        return Ok(Err("the worker runs in a container"));
    }
    let worker = seat.host_worker()?;
    Ok(Some(worker).filter(|worker| worker.is_the_worker(docker)).ok_or("no worker without Docker is set up here"))
}

/// Its unit is enabled, and comes after the tunnel.
pub(crate) fn worker_at_boot(seat: &Seat<'_>) -> Judged<WorkerAtBoot> {
    let mut containers = seat.docker().map(|docker| docker.workers.iter()).unwrap_or_default();
    if let Some(container) = containers.find(|it| it.state == State::Running) {
        return contained(seat, container);
    }
    let worker = match only(seat)? {
        Ok(worker) => worker,
        // Where Docker could not be asked, a container may be the worker.
        Err(why) => match seat.docker() {
            Err(Unseen::NotInstalled(_)) | Ok(_) => return Ok(not_applicable(why)),
            Err(hidden) => return Err(hidden),
        },
    };
    if let Some(unit) = &worker.user_unit {
        return of_user(unit);
    }
    let (Some(unit), Some(_)) = (&worker.unit, &worker.process) else {
        return Ok(not_applicable("no unit of the system's service manager runs a worker here"));
    };
    if let Some(refused) = boot::refused(&unit.name, &unit.at_boot) {
        return Ok(refused.map(Into::into).into());
    }
    boot::told(&unit.name, &unit.at_boot)?;
    if !unit.at_boot.starts(&unit.enabled) {
        let not_enabled = match unit.enabled.as_str() {
            "disabled" => "it is disabled".to_owned(),
            "static" => "it has no [Install] section, and no unit that the boot starts wants it".to_owned(),
            _ => "it is not enabled".to_owned(),
        };
        let why = unit.at_boot.why_not().unwrap_or(not_enabled);
        return Ok(named(unit, broken(WorkerAtBoot::Disabled)).with("why", why).into());
    }
    let tunnel = format!("wg-quick@{}.service", seat.addresses().interface.value);
    let starts = |unit: &UnitState| unit.name == tunnel && unit.known && unit.enabled.starts_with("enabled");
    if seat.wireguard_unit().is_ok_and(starts) && !unit.after.contains(&tunnel) {
        return Ok(named(unit, broken(WorkerAtBoot::Unordered)).with("tunnel", &tunnel).into());
    }
    Ok(holds())
}

/// By the container's restart policy, and by the engine's own unit.
fn contained(seat: &Seat<'_>, container: &Worker) -> Judged<WorkerAtBoot> {
    let Some(policy) = &container.restart else {
        return Ok(not_applicable("whether Docker starts the worker's container was not told"));
    };
    if container.at_boot {
        return Ok(holds());
    }
    if let Some(path) = &container.started_by {
        return Err(Unseen::Undecided(format!(
            "Docker does not start the container {} at boot (its restart policy is `{policy}`); {path} has a command that may",
            container.name
        )));
    }
    if !docker::STARTED.contains(&policy.as_str()) {
        let cause = if container.temporary { WorkerAtBoot::ContainerTemporary } else { WorkerAtBoot::ContainerStays };
        return Ok(broken(cause).with("container", &container.name).with("policy", policy).into());
    }
    let Some(engine) = Some(seat.docker_unit()?).filter(|unit| unit.known) else {
        return Ok(not_applicable("Docker's engine is not the unit docker.service here"));
    };
    boot::told(&engine.name, &engine.at_boot)?;
    if boot::starts(engine) {
        return Ok(holds());
    }
    Ok(broken(WorkerAtBoot::EngineDisabled).with("container", &container.name).with("unit", &engine.name).into())
}

/// A user's own service manager starts with the user's first session and ends with the last, unless the user lingers.
fn of_user(unit: &UserUnit) -> Judged<WorkerAtBoot> {
    if !unit.lingers {
        return Ok(broken(WorkerAtBoot::NoLinger).with("unit", &unit.name).with("user", &unit.user).into());
    }
    if !unit.enabled {
        return Err(Unseen::Undecided(format!(
            "no link to {} was found in default.target.wants of the service manager of {}; `systemctl --user is-enabled {}` as that user tells whether it starts",
            unit.name, unit.user, unit.name
        )));
    }
    Ok(holds())
}

fn named<C>(unit: &Unit, finding: Finding<C>) -> Finding<C> {
    finding.with("unit", &unit.name)
}
