//! How the worker's connections come to a service, where that is not simply at the server's address in the tunnel. What settles
//! this is looked at always, and says nothing by itself: no judge reads it as evidence.

use std::net::{IpAddr, SocketAddr};

use super::elsewhere::environment;
use super::{Fact, FactKey, Seat, Service};
use crate::fact::dial::{Dial, Endpoint};
use crate::fact::environment::EnvUrl;
use crate::fact::{TcpTarget, Vantage};

impl Seat<'_> {
    /// Whether the place that a URL of the worker's names has accepted a connection from the worker's side.
    pub(crate) fn is_open(&self, url: &EnvUrl) -> bool {
        let at = |host: &String| host.parse().ok().map(|host| SocketAddr::new(host, url.port_or_default()).to_string());
        let places: Vec<String> = std::iter::once(&url.host).chain(&url.others).filter_map(at).collect();
        let seats = [Vantage::Container, Vantage::Client].into_iter().filter_map(|vantage| self.case.snapshot(vantage));
        let mut dialled = seats.flat_map(|snapshot| {
            let services = [Service::Redis, Service::Postgres].map(TcpTarget::Tunnel);
            let targets = services.into_iter().chain(places.iter().cloned().map(TcpTarget::Named));
            targets.filter_map(|target| snapshot.fact(&FactKey::Tcp(target)))
        });
        dialled.any(|fact| {
            matches!(fact, Fact::Tcp(tcp) if tcp.how == Dial::Open && places.contains(&tcp.endpoint.to_string()))
        })
    }

    /// Whether one of these addresses, which a URL of the worker's leads to, is on its own machine: from within a container that
    /// of its Docker host, too. What is in the tunnel's own subnet is meant for the tunnel, whoever has it.
    pub(crate) fn is_beside(&self, there: &[IpAddr]) -> bool {
        let here = |(vantage, at): (Vantage, &IpAddr)| {
            let Some(snapshot) = self.case.snapshot(vantage) else { return false };
            let Some(Fact::Links(links)) = snapshot.fact(&FactKey::Links) else { return false };
            let of_tunnel = self.addresses().subnet.value.contains(at) || snapshot.addresses.subnet.value.contains(at);
            !of_tunnel && links.is_beside(*at, vantage)
        };
        there.iter().any(|at| at.is_loopback() || here((Vantage::Client, at)) || here((Vantage::Container, at)))
    }

    /// Whether one of these addresses, loopback aside, is the client's own.
    pub(crate) fn is_clients_own(&self, there: &[IpAddr]) -> bool {
        let links = self.case.snapshot(Vantage::Client).and_then(|client| client.fact(&FactKey::Links));
        let Some(Fact::Links(links)) = links else { return false };
        there.iter().any(|at| !at.is_loopback() && links.has(*at))
    }

    /// Whether the worker's log-in by these addresses met the web app's own service, where both ends tell which one it is.
    pub(crate) fn is_same(&self, service: Service, there: &[IpAddr], port: u16) -> Option<bool> {
        let key = match service {
            Service::Redis => FactKey::Redis,
            Service::Postgres => FactKey::Postgres,
        };
        let own = self.case.snapshot(Vantage::Container)?.fact(&key)?;
        let other = self.case.snapshot(Vantage::Server)?.fact(&key)?;
        let is_at = |it: &Endpoint| it.port == port && it.host.parse().is_ok_and(|host| there.contains(&host));
        match (own, other) {
            (Fact::Redis(here), Fact::Redis(other)) => {
                let (id, its) = (here.identity.as_ref()?, other.identity.as_ref()?);
                is_at(&here.endpoint).then(|| id.run_id == its.run_id)
            }
            (Fact::Postgres(here), Fact::Postgres(other)) => {
                let (id, its) = (here.system.as_ref()?, other.system.as_ref()?);
                is_at(&here.endpoint).then(|| id == its)
            }
            _ => None,
        }
    }

    /// The worker's own URL of a service.
    pub(crate) fn workers_url(&self, service: Service) -> Option<EnvUrl> {
        let seats = [Vantage::Container, Vantage::Client].into_iter().filter_map(|vantage| self.case.snapshot(vantage));
        let mut envs = seats.filter_map(environment);
        envs.find_map(|env| {
            let url = match service {
                Service::Redis => env.broker(),
                Service::Postgres => env.database(),
            };
            url.into_url().cloned()
        })
    }

    /// The address on its own machine to which the worker's URL of a service leads.
    pub(crate) fn goes_beside(&self, service: Service) -> Option<IpAddr> {
        let host = self.workers_url(service)?.host.parse().ok()?;
        self.is_beside(&[host]).then_some(host)
    }

    /// Whether the worker's way to a service begins at its own machine, and was seen to end at the web app's own.
    pub(crate) fn is_relayed(&self, service: Service) -> bool {
        let (Some(url), Some(host)) = (self.workers_url(service), self.goes_beside(service)) else { return false };
        self.is_same(service, &[host], url.port_or_default()) == Some(true)
    }
}
