//! What is beside the worker, on its own machine, and may pass its connections on to the server: a relay, a pooler, a tunnel of
//! TLS or ssh. A URL that leads there is right where it ends at the web app's own service.

use std::net::IpAddr;

use super::{connects, native};
use crate::case::Seat;
use crate::fact::dial::{Dial, Endpoint, TcpOutcome};
use crate::fact::environment::{EnvUrl, Environment};
use crate::fact::network::Relay;
use crate::fact::postgres::PgSaid;
use crate::fact::redis::RedisSaid;
use crate::fact::{Service, Unseen, Vantage};

/// What publishes a container's port, whatever runs in that.
const PUBLISHERS: [&str; 3] = ["docker-proxy", "rootlessport", "conmon"];

/// What is there, on the worker's own machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Beside {
    /// Something that passes connections on to the server.
    Relay,
    /// Nothing that listens.
    Nobody,
    /// Another one of the service itself, or nothing that is known to pass connections on.
    Other,
}

/// Whether all of the worker's URLs lead to its own machine, so that what becomes of its packets for the server is nothing to it.
pub(in crate::judge) fn goes_beside(seat: &Seat<'_>) -> bool {
    let services = [Some(Service::Redis), seat.uses_database().then_some(Service::Postgres)].into_iter().flatten();
    services.map(|service| seat.goes_beside(service)).all(|host| host.is_some())
}

/// What answers at a place on the worker's own machine. Where it cannot be told whether that leads to the server, why.
pub(super) fn beside(seat: &Seat<'_>, url: &EnvUrl, there: &[IpAddr]) -> Result<Beside, Unseen> {
    let service = if url.is_redis() { Service::Redis } else { Service::Postgres };
    let port = url.port_or_default();
    if let Some(same) = seat.is_same(service, there, port) {
        return Ok(if same { Beside::Relay } else { Beside::Other });
    }
    let undecided =
        |why: &str| Err(Unseen::Undecided(format!("{}:{port} is on the worker's own machine, and {why}", url.host)));
    let client = seat.at(Vantage::Client).ok();
    // A container's own loopback is not that of its host, nor is what another container has.
    let of_host = client.as_ref().filter(|it| native(it).is_some() || it.is_clients_own(there));
    let Some(listeners) = of_host.and_then(|client| client.listeners().ok()) else {
        if logs_in(seat, service, there, port) {
            return undecided("whether what answers there leads to the server is not seen");
        }
        let dialled = seat.at(Vantage::Container).and_then(|own| own.tcp(service));
        let refused = |tcp: &TcpOutcome| tcp.how == Dial::Refused && is_at(&tcp.endpoint, there, port);
        return Ok(if dialled.is_ok_and(refused) { Beside::Nobody } else { Beside::Other });
    };
    let met = |address: &IpAddr| listeners.on(port).find(|listener| listeners.is_met(listener, *address));
    match there.iter().find_map(met).map(|listener| listener.program.as_deref()) {
        None => Ok(Beside::Nobody),
        Some(Some(program)) if Relay::SERVERS.contains(&program) => Ok(Beside::Other),
        Some(Some(program)) if PUBLISHERS.contains(&program) => {
            undecided("whether the container that has this port leads to the server is not seen")
        }
        Some(Some(_)) => Ok(Beside::Relay),
        Some(None) => undecided("which program listens there is not seen"),
    }
}

/// Whether an endpoint is one of these addresses, with the port.
fn is_at(endpoint: &Endpoint, there: &[IpAddr], port: u16) -> bool {
    endpoint.port == port && endpoint.host.parse().is_ok_and(|host| there.contains(&host))
}

/// Whether the worker, or this program in its place, has logged in there.
fn logs_in(seat: &Seat<'_>, service: Service, there: &[IpAddr], port: u16) -> bool {
    let Ok(own) = seat.at(Vantage::Container) else { return false };
    match service {
        Service::Redis => {
            let said = own.redis().is_ok_and(|it| it.said == RedisSaid::Pong && is_at(&it.endpoint, there, port));
            said || connects(&own, Environment::broker)
        }
        Service::Postgres => {
            let said = own.postgres().is_ok_and(|it| it.said == PgSaid::One && is_at(&it.endpoint, there, port));
            said || connects(&own, Environment::database)
        }
    }
}
