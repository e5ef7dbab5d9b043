//! What systemd keeps the worker's unit from, and nobody who asks from outside of it.

use crate::case::Seat;
use crate::check::cause::WorkerConfined;
use crate::check::{Judged, broken, holds, not_applicable};
use crate::fact::celery::Celery;
use crate::fact::docker::State;
use crate::fact::host_worker::Unit;
use crate::fact::service::sandbox::Barrier;
use crate::fact::{Unseen, Vantage};

/// The worker's unit may speak to the server.
pub(crate) fn worker_confined(seat: &Seat<'_>) -> Judged<WorkerConfined> {
    let docker = seat.docker().ok();
    if docker.is_some_and(|docker| docker.workers.iter().any(|it| it.state == State::Running)) {
        return Ok(not_applicable("the worker runs in a container"));
    }
    let worker = seat.host_worker()?;
    let Some(unit) = worker.unit.as_ref().filter(|_| worker.is_the_worker(docker)) else {
        return Ok(not_applicable("no unit of the system's service manager runs a worker here"));
    };
    let Some(barrier) = barrier(seat, unit) else { return Ok(holds()) };
    if is_connected(seat) {
        return Err(Unseen::Undecided(format!(
            "{} has {}, which leaves out the server, but a worker of this host waits for tasks there: the setting is not in force for it",
            unit.name,
            barrier.setting()
        )));
    }
    let finding = match &barrier {
        Barrier::Private(_) => broken(WorkerConfined::Private),
        Barrier::Family(_, family) => broken(WorkerConfined::Family).with("family", family),
        Barrier::Interface(_) => broken(WorkerConfined::Interface),
        Barrier::Address(_) => broken(WorkerConfined::Address),
    };
    let finding = finding.with("unit", &unit.name);
    Ok(match barrier.at() {
        Some((path, line)) => finding.at(path, line).into(),
        None => finding
            .with("place", "of a slice that it is in, or set while it runs; `systemctl status` shows the slice")
            .into(),
    })
}

/// What was tried from here says nothing of a worker whose unit is kept from the server.
pub(in crate::judge) fn asked_outside(seat: &Seat<'_>) -> Result<(), Unseen> {
    let worker = if seat.vantage() == Vantage::Client { seat.host_worker().ok() } else { None };
    let worker = worker.filter(|worker| worker.is_the_worker(seat.docker().ok()));
    let Some(unit) = worker.and_then(|worker| worker.unit.as_ref()).filter(|_| !is_connected(seat)) else {
        return Ok(());
    };
    barrier(seat, unit).map_or(Ok(()), |barrier| {
        Err(Unseen::Undecided(format!(
            "it was asked from outside of {}, whose {} keeps the worker from the server",
            unit.name,
            barrier.setting()
        )))
    })
}

/// A worker of this host waits for tasks: not every kernel can do what a unit asks for. (One that is cut off stops waiting
/// when its BRPOP ends, after a second.)
fn is_connected(seat: &Seat<'_>) -> bool {
    let alive = seat.celery().ok().and_then(Celery::alive).unwrap_or_default();
    alive.iter().any(|it| it.waits && it.from == seat.addresses().client.value)
}

fn barrier<'a>(seat: &Seat<'_>, unit: &'a Unit) -> Option<Barrier<'a>> {
    let addresses = seat.addresses();
    unit.sandbox.barrier(addresses.server.value, &addresses.interface.value)
}
