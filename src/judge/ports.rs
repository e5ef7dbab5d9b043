//! To which ports of the server the worker goes.

use super::met;
use crate::case::Seat;
use crate::check::cause::TcpAdmitted;
use crate::check::{Finding, broken};
use crate::fact::dial::{Endpoint, TcpOutcome};
use crate::fact::{Service, Vantage};
use crate::profile::Origin;

/// The ports at the server to which the worker goes.
pub(super) fn ports_of_worker(seat: &Seat<'_>) -> Vec<u16> {
    // By which port a relay on the worker's own machine comes, is not seen; where it works, it is let in.
    let own = |service| port_of_worker(seat, service) == seat.addresses().of(service).port();
    let passed = |it| seat.is_relayed(it) || (own(it) && met::passing(seat, it).is_some());
    let here = |service| seat.elsewhere(service).is_none() && !passed(service);
    let redis = here(Service::Redis).then(|| port_of_worker(seat, Service::Redis));
    let postgres = (seat.uses_database() && here(Service::Postgres)).then(|| port_of_worker(seat, Service::Postgres));
    redis.into_iter().chain(postgres).collect()
}

/// The web app may go to another port than the worker, which may go through a pooler: the worker's own counts where
/// something listens there.
pub(super) fn port_of_worker(seat: &Seat<'_>, service: Service) -> u16 {
    let own = seat.addresses().port(service);
    let workers = [Vantage::Container, Vantage::Client].into_iter().filter_map(|it| seat.at(it).ok());
    let seen = workers.map(|it| it.addresses().port(service)).find(|port| port.origin != Origin::Assumed);
    let listens = |port: &u16| seat.listeners().is_ok_and(|all| all.on(*port).next().is_some());
    let theirs = seen.map(|port| port.value).filter(|_| seat.vantage() == Vantage::Server);
    theirs.filter(listens).unwrap_or(own.value)
}

/// With the places that it was connected to, and their ports: one where only one of them is on the server.
pub(super) fn tried<C>(finding: Finding<C>, one: &Endpoint, other: &Endpoint) -> Finding<C> {
    if one == other {
        return finding.with("tried", one).with("ports", one.port);
    }
    finding.with("tried", format!("{one} and {other}")).with("ports", format!("{} nor {}", one.port, other.port))
}

/// A rule for the port helps where it is the server that does not answer.
pub(super) fn one_dropped(seat: &Seat<'_>, silent: &TcpOutcome, other: &TcpOutcome) -> Finding<TcpAdmitted> {
    let (endpoint, server) = (&silent.endpoint, seat.addresses().server.value);
    let port = if endpoint.host == server.to_string() { endpoint.port.to_string() } else { String::new() };
    broken(TcpAdmitted::OneDropped).with("endpoint", endpoint).with("other", &other.endpoint).with("port", port)
}

/// The process on the server that has a port, where a signal has stopped it: the kernel accepts connections for it all the same.
pub(super) fn stopped(seat: &Seat<'_>, port: u16) -> Option<u32> {
    seat.at(Vantage::Server).ok()?.listeners().ok()?.stopped_on(port)
}
