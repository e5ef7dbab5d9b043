//! Which queues the workers of a machine are told to take from.

use super::is_server;
use crate::case::Seat;
use crate::check::cause::QueueChosen;
use crate::check::{Finding, Judged, Verdict, broken, holds, not_applicable};
use crate::fact::Vantage;
use crate::fact::app::App;
use crate::fact::celery::process::Worker;
use crate::fact::celery::queues;
use crate::judge::worker::{named, native};

/// The worker is told to take from the queues that are its own, and the server's worker from no other.
pub(crate) fn queue_chosen(seat: &Seat<'_>) -> Judged<QueueChosen> {
    let workers = &seat.workers()?.workers;
    if let Some(app) = &seat.addresses().app {
        return Ok(chosen_of_app(seat, workers, app));
    }
    if seat.vantage() == Vantage::Server {
        if let Some(finding) = of_another_app(seat, workers) {
            return Ok(finding.into());
        }
        let workers: Vec<&Worker> = workers.iter().filter(|it| it.foreign.is_none()).collect();
        let wrong = workers.iter().find(|it| it.takes("gpu") && it.queues.is_some());
        return Ok(match wrong {
            Some(worker) => told(worker, broken(QueueChosen::ServerTakesGpu)),
            None if workers.is_empty() => not_applicable("no Celery worker runs here"),
            None => holds(),
        });
    }
    if workers.is_empty() {
        return Ok(not_applicable("no Celery worker runs here"));
    }
    // The server's own worker may have the other queues.
    let beside = seat.at(Vantage::Server).ok().and_then(|server| Some(&server.workers().ok()?.workers));
    let beside: Vec<&Worker> = beside.into_iter().flatten().collect();
    let takes_here = |queue: &str| workers.iter().any(|it| it.takes(queue));
    let takes = |queue: &str| takes_here(queue) || beside.iter().any(|it| it.takes(queue));
    let first = &workers[0];
    let shared = others_take(seat, workers.len());
    if shared && !(takes_here("gpu") && takes("celery")) {
        return Ok(not_applicable(SHARED));
    }
    if !takes_here("gpu") {
        let finding = broken(QueueChosen::NoGpu);
        let by = seat.env().ok().filter(|_| native(seat).is_some()).and_then(|env| env.winner("CELERY_QUEUES"));
        return Ok(match by {
            Some(layer) => told(first, named(seat, finding, "CELERY_QUEUES", &layer.origin)),
            None => told(first, finding),
        });
    }
    // Of which version the app is, only its container shows.
    if seat.vantage() == Vantage::Client || takes("celery") {
        return Ok(holds());
    }
    // From 0.12.1 on nothing that a GPU worker does goes into `celery`.
    let old = seat.env()?.app_version.as_deref().is_some_and(|it| it.starts_with("0."));
    Ok(if old { told(first, broken(QueueChosen::NoCelery)) } else { holds() })
}

/// Which of several workers takes from which queue is for their users to decide; what waits for nobody, `queue-taken` tells.
const SHARED: &str =
    "other workers take tasks from this Redis database, too, and the queues may be shared out among them";

/// Whether more workers are heard in the URL's database than run here.
fn others_take(seat: &Seat<'_>, here: usize) -> bool {
    seat.celery().is_ok_and(|celery| celery.beats.as_ref().is_some_and(|beats| beats.len() > here))
}

/// A worker of another app that takes from the same queues: it is connected to the same database of Redis, and was told
/// nothing that keeps it from them.
fn of_another_app(seat: &Seat<'_>, workers: &[Worker]) -> Option<Finding<QueueChosen>> {
    // Where one of this app's own runs beside it, the connection may be that one's.
    if workers.iter().any(|it| it.foreign.is_none()) {
        return None;
    }
    let (worker, package) = workers.iter().find_map(|it| Some((it, it.foreign.as_ref()?)))?;
    let celery = seat.celery().ok()?;
    let queue = queues(None).into_iter().find(|queue| worker.takes_by_default(queue))?;
    celery.alive()?.iter().find(|it| is_server(seat, it.from))?;
    let finding = broken(QueueChosen::OtherApp).with("package", package).with("pid", worker.pid);
    Some(finding.with("queue", queue).with("database", celery.database))
}

/// Of another app's worker only this is known: its profile names the queues that it is for.
fn chosen_of_app(seat: &Seat<'_>, workers: &[Worker], app: &App) -> Verdict<QueueChosen> {
    if seat.vantage() == Vantage::Server {
        return not_applicable("which queues the server's own workers are for, the profile does not say");
    }
    let Some(first) = workers.first() else { return not_applicable("no Celery worker runs here") };
    let takes = |queue: &String| workers.iter().any(|it| it.takes(queue));
    if others_take(seat, workers.len()) && !app.queues.iter().all(takes) {
        return not_applicable(SHARED);
    }
    match app.queues.iter().find(|queue| !takes(queue)) {
        Some(left) => told(first, broken(QueueChosen::Other).with("queue", left)),
        None => holds(),
    }
}

fn told(worker: &Worker, finding: Finding<QueueChosen>) -> Verdict<QueueChosen> {
    let queues = worker.queues.as_ref().map_or_else(|| "all".to_owned(), |all| all.join(","));
    finding.with("queues", queues).with("pid", worker.pid).into()
}
