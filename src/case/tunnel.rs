//! Which addresses are the tunnel's: an end may have several, of both families.

use std::net::IpAddr;

use super::Seat;
use crate::fact::network::Link;
use crate::fact::wireguard::WgInterface;
use crate::fact::{Fact, FactKey, Service, Vantage};

impl<'a> Seat<'a> {
    /// The tunnel's interface, where it runs here and was seen.
    fn tunnel_link(&self) -> Option<&'a Link> {
        self.links().ok()?.named(&self.addresses().interface.value)
    }

    /// Whether it is an address of this end of the tunnel.
    pub(crate) fn is_own_in_tunnel(&self, address: IpAddr) -> bool {
        // What it is known by counts too where the interface is down, or was not seen.
        (self.vantage() == Vantage::Server && address == self.addresses().server.value)
            || self.tunnel_link().is_some_and(|link| link.addresses.iter().any(|net| net.addr() == address))
    }

    /// Whether an address of this host is met through the tunnel: its own there, or another one that the client sends into it.
    pub(crate) fn is_met_by_tunnel(&self, address: IpAddr) -> bool {
        let own = || self.links().is_ok_and(|links| links.holder(address).is_some());
        self.is_own_in_tunnel(address)
            || (self.at(Vantage::Client).is_ok_and(|client| client.sent_into(address).is_some()) && own())
    }

    /// Where a service is asked on the server, as address and port. Of several addresses in the tunnel it is the worker's URL
    /// that says which; where nobody says, the one on which the service listens.
    pub(crate) fn meets(&self, service: Service) -> (IpAddr, u16) {
        let at = self.addresses().of(service);
        if self.vantage() != Vantage::Server {
            return (at.ip(), at.port());
        }
        let host = |vantage| {
            let seat = self.at(vantage).ok()?;
            let env = seat.env().ok()?;
            let effective = match service {
                Service::Redis => env.broker(),
                Service::Postgres => env.database(),
            };
            effective.url()?.host.parse::<IpAddr>().ok().filter(|host| self.is_met_by_tunnel(*host))
        };
        let workers = || host(Vantage::Client).or_else(|| host(Vantage::Container));
        let listeners = self.listeners().ok().filter(|it| !it.answers(at.ip(), at.port()));
        let heard = || {
            let mut on = listeners?.on(at.port()).map(|it| it.address.ip());
            on.find(|it| self.is_own_in_tunnel(*it))
        };
        let asked = workers().or_else(|| host(Vantage::Server)).or_else(heard);
        (asked.unwrap_or(at.ip()), at.port())
    }

    /// The address of this host, beside the tunnel, at which the web app's URL meets a service that listens there: whether workers
    /// come there too, through the tunnel, only a client tells.
    pub(crate) fn met_beside_tunnel(&self, service: Service) -> Option<IpAddr> {
        if self.vantage() != Vantage::Server || self.at(Vantage::Client).is_ok() || self.at(Vantage::Container).is_ok()
        {
            return None;
        }
        let env = self.env().ok()?;
        let (database, broker) = (env.database(), env.broker());
        let url = match service {
            Service::Redis => broker.url(),
            Service::Postgres => database.url(),
        };
        let host: IpAddr = url?.host.parse().ok()?;
        let of_containers = |link: &Link| matches!(link.kind.as_deref(), Some("veth" | "bridge"));
        let own = self.links().ok()?.holder(host).is_some_and(|link| !of_containers(link));
        let listens = || self.listeners().is_ok_and(|all| all.answers(host, self.addresses().of(service).port()));
        (own && !host.is_loopback() && !self.is_own_in_tunnel(host) && listens()).then_some(host)
    }

    /// Whether the client's peer passes packets on to an address that is in no network of the tunnel's own: AllowedIPs name
    /// its network. What is as wide as the Internet is no network that somebody named.
    pub(crate) fn is_behind_tunnel(&self, address: IpAddr) -> bool {
        let Ok(client) = self.at(Vantage::Client) else { return false };
        let ours = &client.addresses().interface.value;
        !client.addresses().subnet.value.contains(&address)
            && client.sent_into(address).is_some_and(|interface| interface == ours)
    }

    /// The WireGuard interface of this machine whose peers' AllowedIPs name a network that has the address: the deployment's or
    /// another one.
    pub(crate) fn sent_into(&self, address: IpAddr) -> Option<&'a str> {
        const NAMED: u8 = 16;
        // As what settles the addresses it is looked at always.
        let Some(Fact::Wg(state)) = self.snapshot.fact(&FactKey::Wg) else { return None };
        let ours = self.addresses().interface.value.as_str();
        let names = |it: &&WgInterface| {
            let mut nets = it.peers.iter().flat_map(|peer| &peer.allowed_ips);
            nets.any(|net| net.prefix_len() >= NAMED && net.contains(&address))
        };
        let mut into = state.interfaces.iter().filter(names).map(|it| it.name.as_str());
        into.clone().find(|name| *name == ours).or_else(|| into.next())
    }

    /// Whether an address is in the tunnel: in its subnet, in another network of the interface, or of a peer.
    pub(crate) fn is_in_tunnel(&self, address: IpAddr) -> bool {
        let of_peer = || {
            let running = self.wg().ok()?;
            let ours = running.interfaces.iter().find(|it| it.name == self.addresses().interface.value)?;
            let nets = ours.peers.iter().flat_map(|peer| &peer.allowed_ips);
            Some(nets.filter(|net| net.prefix_len() > 0).any(|net| net.contains(&address)))
        };
        self.addresses().subnet.value.contains(&address)
            || self.tunnel_link().is_some_and(|link| link.addresses.iter().any(|net| net.contains(&address)))
            || of_peer().unwrap_or(false)
    }
}
