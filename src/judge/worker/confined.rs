//! What the worker of the host is kept from, by its unit or by a network of its own, and nobody who asks from outside of it.

use super::host;
use crate::case::Seat;
use crate::check::cause::WorkerConfined;
use crate::check::{Judged, broken, holds, not_applicable};
use crate::fact::celery::Celery;
use crate::fact::dial::Dial;
use crate::fact::host_worker::{Process, Unit};
use crate::fact::service::sandbox::Barrier;
use crate::fact::{Unseen, Vantage};

/// The worker's unit may speak to the server.
pub(crate) fn worker_confined(seat: &Seat<'_>) -> Judged<WorkerConfined> {
    let worker = match host::only(seat)? {
        Ok(worker) => worker,
        Err(why) => return Ok(not_applicable(why)),
    };
    let unit = worker.unit.as_ref();
    let Some((unit, barrier)) = unit.and_then(|unit| Some((unit, barrier(seat, unit)?))) else {
        return match &worker.process {
            Some(process) if process.own_network => own_network(seat, process, unit),
            _ if unit.is_none() => Ok(not_applicable("no unit of the system's service manager runs a worker here")),
            _ => Ok(holds()),
        };
    };
    if is_connected(seat) {
        return Err(Unseen::Undecided(format!(
            "{} has {}=, which leaves out the server, but a worker of this host waits for tasks there: the setting is not in force for it",
            unit.name,
            barrier.setting()
        )));
    }
    let addresses = seat.addresses();
    let interface = addresses.interface.value.as_str();
    let (allow, value, because) = match &barrier {
        Barrier::Private(_) => (barrier.setting(), "no".to_owned(), "it has a network with loopback alone".to_owned()),
        Barrier::Family(_, family) => (barrier.setting(), (*family).to_owned(), format!("{family} is not allowed")),
        Barrier::Interface(_) => (barrier.setting(), interface.to_owned(), format!("{interface} is not allowed")),
        Barrier::Address(_) => {
            ("IPAddressAllow", addresses.subnet.value.to_string(), "no IPAddressAllow= names it".to_owned())
        }
    };
    let finding = broken(WorkerConfined::Setting)
        .with("unit", &unit.name)
        .with("setting", barrier.setting())
        .with("because", because)
        .with("allow", allow)
        .with("value", value);
    Ok(match barrier.at() {
        Some((path, line)) => finding.at(path, line).into(),
        None => finding
            .with("place", "of a slice that it is in, or set while it runs; `systemctl status` shows the slice")
            .into(),
    })
}

/// What a worker reaches whose network is not that of its machine.
fn own_network(seat: &Seat<'_>, process: &Process, unit: Option<&Unit>) -> Judged<WorkerConfined> {
    let network = seat.worker_network()?;
    if network.dials.is_empty() {
        return Err(Unseen::Undecided("the client's own system reaches neither Redis nor PostgreSQL".to_owned()));
    }
    let Some(failed) = network.dials.iter().find(|tcp| tcp.how != Dial::Open) else { return Ok(holds()) };
    let finding = broken(WorkerConfined::Network).with("pid", process.pid);
    let finding = finding.with("endpoint", &failed.endpoint).with("how", failed.how.said());
    Ok(match unit.and_then(|unit| unit.namespace.as_ref()) {
        Some((path, line)) => finding.at(path, *line).into(),
        None => finding.with("place", "not set by its unit").into(),
    })
}

/// What was tried from here says nothing of a worker whose unit is kept from the server.
pub(in crate::judge) fn asked_outside(seat: &Seat<'_>) -> Result<(), Unseen> {
    let worker = if seat.vantage() == Vantage::Client { seat.host_worker().ok() } else { None };
    let worker = worker.filter(|worker| worker.is_the_worker(seat.docker().ok()));
    let Some(worker) = worker.filter(|_| !is_connected(seat)) else { return Ok(()) };
    if let Some(process) = worker.process.as_ref().filter(|it| it.own_network) {
        return Err(Unseen::Undecided(format!(
            "it was asked from outside of the network of the worker's process {}",
            process.pid
        )));
    }
    let Some(unit) = worker.unit.as_ref() else { return Ok(()) };
    barrier(seat, unit).map_or(Ok(()), |barrier| {
        Err(Unseen::Undecided(format!(
            "it was asked from outside of {}, whose {}= keeps the worker from the server",
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
