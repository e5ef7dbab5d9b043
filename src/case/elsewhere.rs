//! A service that is on another host than the server: what the URLs say, and what is here.

use std::net::{IpAddr, SocketAddr};

use super::Seat;
use crate::fact::containers::Publisher;
use crate::fact::dial::Dial;
use crate::fact::environment::{Effective, Environment};
use crate::fact::libraries::{Libraries, LibrarySaid};
use crate::fact::{Fact, FactKey, Observation, Service, TcpTarget, UnitTarget, Unseen, Vantage};
use crate::snapshot::Snapshot;

/// Where a service is, if not on the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Elsewhere {
    /// At this address.
    At(IpAddr),
    /// Nothing of it is on this host, and nothing here says that it should be.
    NotHere,
}

impl Seat<'_> {
    /// Where the service is, if it is not on the server. The web app's own URL decides; where its host is not at hand, a
    /// worker's that its libraries have connected with.
    pub(crate) fn elsewhere(&self, service: Service) -> Option<Elsewhere> {
        if let Some(home) = self.home(service) {
            return (!home.here).then_some(Elsewhere::At(home.address));
        }
        let server = self.case.snapshot(Vantage::Server);
        if let Some((snapshot, env)) = server.and_then(|snapshot| Some((snapshot, environment(snapshot)?))) {
            let far = of_web_app(snapshot, env, service)?;
            // A service that is here all the same may be the one that is meant, unless the worker goes to the other, too.
            let meant = is_silent(snapshot, self, service)
                || self.of_worker().filter_map(environment).any(|env| host(env, service) == Some(far));
            return meant.then_some(Elsewhere::At(far));
        }
        if server.is_some_and(|snapshot| snapshot.vantage == self.vantage() && is_absent(snapshot, self, service)) {
            return Some(Elsewhere::NotHere);
        }
        self.of_worker().find_map(|snapshot| connected(snapshot, self, service)).map(Elsewhere::At)
    }

    /// Whether the app's own variables cannot be on the server's host: nothing of the app is on it, and one of the two services
    /// at most.
    pub(crate) fn is_without_app(&self) -> bool {
        let Some(snapshot) = self.case.snapshot(Vantage::Server) else { return false };
        let env = snapshot.facts.get(&FactKey::Env).map(|observed| &observed.observation);
        let no_web = matches!(snapshot.fact(&FactKey::WebApp), Some(Fact::WebApp(web)) if web.label() == "none");
        let services = [Service::Redis, Service::Postgres];
        let ports = services.map(|service| port(self, service));
        let of_service = |it: &Publisher| ports.iter().any(|port| it.on(*port).next().is_some());
        let others =
            matches!(snapshot.fact(&FactKey::Containers), Some(Fact::Containers(it)) if !it.all.iter().all(of_service));
        matches!(env, Some(Observation::Unseen(Unseen::NotKnown(_))))
            && no_web
            && !others
            && services.into_iter().any(|service| is_absent(snapshot, self, service))
    }

    fn of_worker(&self) -> impl Iterator<Item = &Snapshot> {
        [Vantage::Client, Vantage::Container].into_iter().filter_map(|at| self.case.snapshot(at))
    }
}

pub(super) fn environment(snapshot: &Snapshot) -> Option<&Environment> {
    if let Fact::Env(env) = snapshot.fact(&FactKey::Env)? { Some(env) } else { None }
}

/// The host and the port in a URL of the service, if the host is an address.
fn endpoint(env: &Environment, service: Service) -> Option<SocketAddr> {
    let (database, broker) = (env.database(), env.broker());
    let url = match service {
        Service::Redis => broker.url().filter(|url| url.is_redis()),
        Service::Postgres => database.url().filter(|url| url.is_postgres()),
    }?;
    Some(SocketAddr::new(url.host.parse().ok()?, url.port_or_default()))
}

pub(super) fn host(env: &Environment, service: Service) -> Option<IpAddr> {
    endpoint(env, service).map(|at| at.ip())
}

/// The address in the web app's URL, if it is another machine's.
fn of_web_app(snapshot: &Snapshot, env: &Environment, service: Service) -> Option<IpAddr> {
    let host = host(env, service)?;
    let Fact::Links(links) = snapshot.fact(&FactKey::Links)? else { return None };
    let own = &snapshot.addresses;
    // An address in the tunnel that is about to be this machine's is a fault of its own.
    let far = !links.has(host) && !host.is_loopback() && own.server.value != host && own.public != Some(host);
    (far && !is_to_listen_on(snapshot, host)).then_some(host)
}

/// Whether this machine's Redis or PostgreSQL is to listen on an address: then it is meant to be this machine's.
fn is_to_listen_on(snapshot: &Snapshot, address: IpAddr) -> bool {
    let redis =
        matches!(snapshot.fact(&FactKey::RedisConf), Some(Fact::RedisConf(conf)) if conf.bound().contains(&address));
    redis || matches!(snapshot.fact(&FactKey::PgConf), Some(Fact::PgConf(conf)) if conf.bound().contains(&address))
}

/// The address in the worker's URL, if it is another one of the tunnel than the server's, and answers there: the worker's
/// own libraries have connected, or at least a connection was accepted.
fn connected(snapshot: &Snapshot, seat: &Seat<'_>, service: Service) -> Option<IpAddr> {
    let env = environment(snapshot)?;
    let at = endpoint(env, service)?;
    let url = match service {
        Service::Redis => env.broker(),
        Service::Postgres => env.database(),
    };
    let said = |libraries: &Libraries| matches!(url, Effective::Set { variable, .. } if libraries.of(variable).is_some_and(|it| it.said == LibrarySaid::Connected));
    let by_libraries = matches!(snapshot.fact(&FactKey::Libraries), Some(Fact::Libraries(it)) if said(it));
    // Where all URLs lead to one host, that one was taken for the server.
    let open = [TcpTarget::Named(at.to_string()), TcpTarget::Tunnel(service)].into_iter().any(|target| {
        let tcp = snapshot.fact(&FactKey::Tcp(target));
        matches!(tcp, Some(Fact::Tcp(tcp)) if tcp.how == Dial::Open && tcp.endpoint.to_string() == at.to_string())
    });
    let addresses = seat.addresses();
    // The server itself knows its address best.
    let server = seat.at(Vantage::Server).map_or(addresses.server.value, |server| server.addresses().server.value);
    let ends = [server, addresses.client.value];
    let other =
        !ends.contains(&at.ip()) && (addresses.subnet.value.contains(&at.ip()) || seat.is_behind_tunnel(at.ip()));
    (other && (by_libraries || open)).then_some(at.ip())
}

/// Whether nothing of a service is on the host: no unit, no configuration, no socket on its port, no container that has it.
pub(super) fn is_absent(snapshot: &Snapshot, seat: &Seat<'_>, service: Service) -> bool {
    let (unit, conf) = match service {
        Service::Redis => (UnitTarget::Redis, FactKey::RedisConf),
        Service::Postgres => (UnitTarget::Postgres, FactKey::PgConf),
    };
    let port = port(seat, service);
    let no_unit = matches!(snapshot.fact(&FactKey::Unit(unit)), Some(Fact::Unit(unit)) if !unit.known);
    let observed = snapshot.facts.get(&conf).map(|observed| &observed.observation);
    let no_conf = matches!(observed, Some(Observation::Unseen(Unseen::NotKnown(_))));
    let published = match snapshot.fact(&FactKey::Containers) {
        Some(Fact::Containers(containers)) => containers.all.iter().any(|it| it.on(port).next().is_some()),
        Some(_) | None => false,
    };
    no_unit && no_conf && is_silent(snapshot, seat, service) && !published
}

/// Whether nothing listens on the service's port.
fn is_silent(snapshot: &Snapshot, seat: &Seat<'_>, service: Service) -> bool {
    let port = port(seat, service);
    matches!(snapshot.fact(&FactKey::Listeners), Some(Fact::Listeners(it)) if it.on(port).next().is_none())
}

fn port(seat: &Seat<'_>, service: Service) -> u16 {
    seat.addresses().of(service).port()
}
