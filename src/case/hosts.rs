//! A server role that is split over hosts: each of them is the server of a case of its own, and which of them has a service
//! is decided here, once for all.

use std::net::IpAddr;
use std::rc::Rc;

use super::elsewhere::{environment, host, is_absent};
use super::{Case, Member, Seat, settled};
use crate::fact::network::Links;
use crate::fact::{Fact, FactKey, Service, Vantage};
use crate::profile::Origin;
use crate::snapshot::Snapshot;

/// The host that a case has as its server, where the deployment has several.
#[derive(Debug, Clone)]
pub(crate) struct Host {
    /// What it is called in the report.
    pub(crate) name: String,
    /// The others, with their names.
    pub(crate) others: Vec<(String, Rc<Member>)>,
}

/// The host that has a service.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Home {
    /// Where it is met.
    pub(crate) address: IpAddr,
    /// Whether it is the server of this very case.
    pub(crate) here: bool,
}

impl Case {
    /// The same case, with the host that is its server one of several.
    pub(crate) fn on(mut self, host: Host) -> Self {
        if let Some(own) = self.addresses.get_mut(&Vantage::Server) {
            for (_, other) in &host.others {
                settled::fill(&mut own.redis_port, &other.settled.redis_port);
                settled::fill(&mut own.postgres_port, &other.settled.postgres_port);
            }
        }
        // What a client takes for the server may be another one of them: its hub, or the guide's.
        if let Some(own) = self.addresses.get(&Vantage::Server).map(|own| own.server.clone()) {
            for vantage in [Vantage::Client, Vantage::Container] {
                let Some(there) = self.addresses.get_mut(&vantage) else { continue };
                if host.others.iter().any(|(_, other)| holds(&other.snapshot, there.server.value)) {
                    there.server = own.clone();
                }
            }
        }
        // A host that knows its hub alone takes that for the client.
        let own = self.addresses.get(&Vantage::Client).map(|there| there.client.clone());
        if let (Some(own), Some(here)) = (own, self.addresses.get_mut(&Vantage::Server))
            && own.origin != Origin::Assumed
            && host.others.iter().any(|(_, other)| holds(&other.snapshot, here.client.value))
        {
            here.client = own;
        }
        self.host = Some(host);
        self
    }

    /// The name of the host that is its server, where the deployment has several.
    pub fn host(&self) -> Option<&str> {
        self.host.as_ref().map(|host| host.name.as_str())
    }

    /// All hosts of the server role, this case's first; none where it has one only.
    fn hosts(&self) -> impl Iterator<Item = (&str, &Member)> {
        let own =
            self.host.as_ref().and_then(|host| Some((host.name.as_str(), &**self.members.get(&Vantage::Server)?)));
        let others = self.host.iter().flat_map(|host| &host.others);
        own.into_iter().chain(others.map(|(name, member)| (name.as_str(), &**member)))
    }
}

impl Seat<'_> {
    /// Whether the server role is split over hosts, of which another one may have what is not here.
    pub(crate) fn is_split(&self) -> bool {
        self.case.host.is_some()
    }

    /// The name of the host that is the case's server, where the deployment has several.
    pub(crate) fn host_name(&self) -> Option<&str> {
        self.case.host()
    }

    /// Which of several hosts has a service: the one that has the address in the web app's URL; else the only one that has
    /// anything of it; else the one that the worker's URL leads to.
    pub(crate) fn home(&self, service: Service) -> Option<Home> {
        let here = self.case.snapshot(Vantage::Server)?;
        let found =
            self.by_url(service, true).or_else(|| self.only_one(service)).or_else(|| self.by_url(service, false));
        let (member, at) = found?;
        let address = at.unwrap_or_else(|| member.settled.of(service).ip());
        let address = if holds(&member.snapshot, address) { address } else { member.settled.server.value };
        Some(Home { address, here: std::ptr::eq(&raw const member.snapshot, here) })
    }

    /// Whether the worker's way to a service ends at the case's server, as far as another one of several hosts does not have that
    /// address.
    pub(crate) fn leads_here(&self, service: Service) -> bool {
        let holder = self.holder(self.addresses().of(service).ip());
        holder.is_none() || holder == self.host_name()
    }

    /// The host that has an address, if one of several has it.
    pub(crate) fn holder(&self, address: IpAddr) -> Option<&str> {
        self.case.hosts().find(|(_, member)| holds(&member.snapshot, address)).map(|(name, _)| name)
    }

    fn by_url(&self, service: Service, of_web_app: bool) -> Option<(&Member, Option<IpAddr>)> {
        if of_web_app {
            return self.case.hosts().find_map(|(_, member)| {
                let at = host(environment(&member.snapshot)?, service)?;
                if at.is_loopback() {
                    return Some((member, None));
                }
                self.case.hosts().find(|(_, it)| holds(&it.snapshot, at)).map(|(_, member)| (member, Some(at)))
            });
        }
        let workers = [Vantage::Client, Vantage::Container].into_iter().filter_map(|at| self.case.snapshot(at));
        let mut at = workers.filter_map(|worker| host(environment(worker)?, service));
        at.find_map(|at| {
            self.case.hosts().find(|(_, it)| holds(&it.snapshot, at)).map(|(_, member)| (member, Some(at)))
        })
    }

    fn only_one(&self, service: Service) -> Option<(&Member, Option<IpAddr>)> {
        let mut having = self.case.hosts().filter(|(_, member)| !is_absent(&member.snapshot, self, service));
        let (_, member) = having.next()?;
        having.next().is_none().then_some((member, None))
    }
}

/// Whether an address is one of a host's own, or will be once its tunnel is up.
pub(crate) fn holds(snapshot: &Snapshot, address: IpAddr) -> bool {
    let link = |links: &Links| links.has(address) && !address.is_loopback();
    matches!(snapshot.fact(&FactKey::Links), Some(Fact::Links(links)) if link(links))
        || snapshot.addresses.server.value == address && snapshot.addresses.server.origin != Origin::Assumed
}
