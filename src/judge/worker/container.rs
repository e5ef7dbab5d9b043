//! The worker's container: does it run, was it made of what the files say now, and is it the only one?

use super::{host, native};
use crate::case::Seat;
use crate::check::cause::{WorkerFresh, WorkerOne, WorkerRunning};
use crate::check::{Finding, Judged, broken, holds, not_applicable};
use crate::fact::Vantage;
use crate::fact::docker::words::LastWords;
use crate::fact::docker::{State, Worker};
use crate::fact::environment::{ContainerProvenance, Environment, Layer, Setting, variables};

/// A container that was started again so often, and so lately, dies again and again.
const OFTEN: u32 = 3;
const LATELY: u64 = 120;

/// Why there is nothing to say of containers.
const NONE: &str = "there is no worker container here";

/// The worker's container runs.
pub(crate) fn worker_running(seat: &Seat<'_>) -> Judged<WorkerRunning> {
    let docker = seat.docker();
    if let Some(worker) = host::worker(seat, docker.as_ref().ok().copied()) {
        return host::running(seat, worker);
    }
    let docker = docker?;
    let Some(worker) = docker.workers.first() else {
        let waiting = waiting(seat);
        return Ok(match waiting {
            Some(queues) => broken(WorkerRunning::Awaited).with("queues", queues),
            None => broken(WorkerRunning::Missing),
        }
        .into());
    };
    let young = seat.taken_at().saturating_sub(worker.started_at) < LATELY;
    let finding = match worker.state {
        State::Running if worker.restarts >= OFTEN && young => died(seat, worker, broken(WorkerRunning::Restarting)),
        State::Running => match no_worker(seat, worker) {
            Some(finding) => finding,
            None => return Ok(host::halted(seat).map_or_else(holds, Into::into)),
        },
        State::Restarting => died(seat, worker, broken(WorkerRunning::Restarting)),
        // Docker says what prevents it when it is started.
        State::Created => {
            let reason = format!("it was created but never started; {}", worker.reason());
            return Ok(of(worker, broken(WorkerRunning::Stopped)).with("reason", reason).into());
        }
        State::Paused => broken(WorkerRunning::Paused),
        State::Exited | State::Dead | State::Removing => died(seat, worker, broken(WorkerRunning::Stopped)),
    };
    Ok(of(worker, finding).into())
}

/// The tasks that wait on the server, where no worker of whatever machine is connected.
fn waiting(seat: &Seat<'_>) -> Option<String> {
    let celery = seat.at(Vantage::Server).ok()?.celery().ok()?;
    let nobody = celery.alive()?.is_empty() && celery.beats.as_ref().is_none_or(Vec::is_empty);
    let waiting = celery.now()?.waiting.iter().filter(|(_, count)| **count > 0);
    let waiting: Vec<String> = waiting.map(|(queue, count)| format!("{count} in {queue}")).collect();
    (nobody && celery.strange.is_empty() && !waiting.is_empty()).then(|| waiting.join(", "))
}

/// It runs something else than a worker, as its command says. (One that was given no command of Celery's is somebody's own
/// doing: that nobody takes tasks is said by the queue's checks.)
fn no_worker(seat: &Seat<'_>, worker: &Worker) -> Option<Finding<WorkerRunning>> {
    let program = worker.program.as_deref().filter(|program| !matches!(*program, "worker" | "multi"))?;
    let command = format!(": its command is Celery's `{program}`");
    let provenance = seat.env().ok().and_then(|env| env.provenance.as_ref());
    let recreate = provenance.and_then(ContainerProvenance::recreate).unwrap_or_default();
    let finding = broken(WorkerRunning::NoWorker).with("command", command).with("recreate", recreate);
    Some(match provenance.and_then(|provenance| provenance.command.as_ref().or(provenance.place.as_ref())) {
        Some((path, line)) => finding.at(path, *line),
        None => finding.with("place", "where the container is defined"),
    })
}

/// What its log ends with may be a cause of its own.
fn died(seat: &Seat<'_>, worker: &Worker, otherwise: Finding<WorkerRunning>) -> Finding<WorkerRunning> {
    match worker.died_of() {
        Some(LastWords::CommandLine) => command_line(seat),
        Some(words) if words.is_of_redis() => broken(WorkerRunning::RedisRefuses).with("words", words.words()),
        Some(_) | None => otherwise,
    }
}

/// The image's command has the values of two variables, without quotes: what follows a blank in CELERY_QUEUES is no part
/// of the list any more, and CELERY_CONCURRENCY must be a number.
fn command_line(seat: &Seat<'_>) -> Finding<WorkerRunning> {
    let word = |name: &str| match seat.env().ok()?.winner(name)? {
        Layer { origin, setting: Setting::Word(word) } => Some((word.trim(), origin)),
        Layer { .. } => None,
    };
    if let Some((queues, origin)) = word("CELERY_QUEUES").filter(|(queues, _)| queues.contains(' ')) {
        let joined: String = queues.split_whitespace().collect();
        let finding = broken(WorkerRunning::Variable).with("value", queues).with("right", joined).with("other", "");
        let finding = finding.with("problem", "and Celery reads the part after the space as an unknown argument");
        return super::named(seat, finding, "CELERY_QUEUES", origin);
    }
    match word("CELERY_CONCURRENCY").filter(|(number, _)| number.parse::<i64>().is_err()) {
        Some((number, origin)) => {
            let finding = broken(WorkerRunning::Variable).with("value", number).with("right", 1);
            let finding = finding.with("other", " (or how many tasks may run at once)");
            let finding = finding.with("problem", "but Celery requires an integer");
            super::named(seat, finding, "CELERY_CONCURRENCY", origin)
        }
        None => broken(WorkerRunning::CommandLine),
    }
}

fn of<C>(worker: &Worker, finding: Finding<C>) -> Finding<C> {
    finding.with("name", &worker.name).with("reason", worker.reason()).with("restarts", worker.restarts)
}

/// It is the only one, or all are made of the same image: a forgotten one takes tasks, too.
pub(crate) fn worker_one(seat: &Seat<'_>) -> Judged<WorkerOne> {
    let docker = match seat.docker() {
        Ok(docker) => docker,
        Err(_) if host::worker(seat, None).is_some() => return Ok(holds()),
        Err(why) => return Err(why),
    };
    let mut running = docker.workers.iter().filter(|worker| worker.state == State::Running);
    let Some(first) = running.next() else { return Ok(not_applicable(NONE)) };
    Ok(match running.find(|other| other.image_id != first.image_id) {
        Some(other) => {
            let finding = broken(WorkerOne::Another).with("name", &first.name).with("other", &other.name);
            finding.with("image", &first.image).with("other_image", &other.image).into()
        }
        None => match seat.host_worker().ok().and_then(|worker| worker.process.as_ref().map(|it| (worker, it.pid))) {
            Some((worker, pid)) => {
                let unit = worker.unit.as_ref().map(|unit| format!(" of {}", unit.name)).unwrap_or_default();
                let finding = broken(WorkerOne::Both).with("name", &first.name);
                finding.with("other", format!("process {pid}{unit}")).into()
            }
            None => holds(),
        },
    })
}

/// A variable to which the files now give another value.
fn edited(env: &Environment) -> Option<Finding<WorkerFresh>> {
    let provenance = env.provenance.as_ref()?;
    let newer = |variable: &str| provenance.differs(variable).filter(|source| provenance.is_newer(source));
    let (variable, source) =
        variables(env.app.as_ref()).into_iter().find_map(|variable| Some((variable, newer(variable)?)))?;
    let finding = broken(WorkerFresh::Edited).with("variable", variable).with("origin", source);
    let finding = finding.with("recreate", provenance.recreate().unwrap_or_default());
    Some(match source.line() {
        Some((path, line)) => finding.at(path, line),
        None => finding,
    })
}

/// It was made of what the files say now.
pub(crate) fn worker_fresh(seat: &Seat<'_>) -> Judged<WorkerFresh> {
    if let Some(worker) = native(seat) {
        if worker.encoding.is_some() {
            return Ok(not_applicable("its file of variables cannot be read as it is (env-file)"));
        }
        return Ok(edited(seat.env()?).map_or_else(holds, Into::into));
    }
    let docker = seat.docker()?;
    let Some(worker) = docker.workers.first() else { return Ok(not_applicable(NONE)) };
    if let Some(finding) = edited(seat.env()?) {
        return Ok(of(worker, finding).into());
    }
    if worker.image_replaced == Some(true) {
        let recreate = seat.env()?.provenance.as_ref().and_then(ContainerProvenance::recreate).unwrap_or_default();
        return Ok(of(worker, broken(WorkerFresh::ImageReplaced))
            .with("image", &worker.image)
            .with("recreate", recreate)
            .into());
    }
    Ok(holds())
}
