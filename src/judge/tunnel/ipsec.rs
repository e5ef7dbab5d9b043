//! Packets that a policy of IPsec takes: the routes are right, no firewall has a rule, and nothing goes out.

use std::net::IpAddr;

use ipnet::IpNet;

use super::{far, own_address, running};
use crate::case::Seat;
use crate::check::cause::TunnelRoute;
use crate::check::{Finding, broken};
use crate::fact::Vantage;
use crate::fact::dial::{Dial, Echo};
use crate::fact::network::ipsec::{Direction, Ipsec, IpsecPolicy};
use crate::fact::{Place, Service};

/// The policy that takes what goes between the two ends, where no answer comes.
pub(super) fn taken(seat: &Seat<'_>, place: Place) -> Option<Finding<TunnelRoute>> {
    let ipsec = seat.routes().ok()?.ipsec.as_ref().filter(|ipsec| !ipsec.policies.is_empty())?;
    let silent = seat.ping(place).is_ok_and(|ping| !matches!(ping.how, Echo::Reply(_)));
    let open = |service| seat.tcp(service).is_ok_and(|it| matches!(it.how, Dial::Open | Dial::Refused));
    let client = seat.vantage() == Vantage::Client;
    let shut = client && !(open(Service::Redis) && open(Service::Postgres));
    if !silent && !shut {
        return None;
    }
    let addresses = seat.addresses();
    let (vantage, _, known) = far(seat);
    let there = own_address(seat, vantage).map_or(known.value, |known| known.value);
    let own = if client { addresses.client.value } else { addresses.server.value };
    let inside = |policy: &&IpsecPolicy| {
        let services = [addresses.redis_port.value, addresses.postgres_port.value];
        let port = policy.more.is_empty() || (shut && policy.takes("tcp", &services));
        (silent || !policy.more.is_empty()) && port && between(policy, own, there)
    };
    if let Some(finding) = told(ipsec, inside, &there.to_string()) {
        return Some(finding);
    }
    outside(seat).filter(|_| silent)
}

/// The policy that takes WireGuard's own packets to a peer's Endpoint.
pub(super) fn outside(seat: &Seat<'_>) -> Option<Finding<TunnelRoute>> {
    let ipsec = seat.routes().ok()?.ipsec.as_ref()?;
    let interface = running(seat, seat.wg().ok()?)?;
    let ends = interface.peers.iter().filter_map(|peer| peer.endpoint);
    let own: Vec<IpAddr> = seat.links().ok()?.links.iter().flat_map(|link| &link.addresses).map(IpNet::addr).collect();
    ends.into_iter().find_map(|end| {
        let ports: Vec<u16> = interface.listen_port.into_iter().chain([end.port()]).collect();
        let udp = |policy: &&IpsecPolicy| policy.takes("udp", &ports);
        let outside =
            |policy: &&IpsecPolicy| udp(policy) && own.iter().any(|own| between(policy, *own, end.ip().to_canonical()));
        told(ipsec, outside, &format!("the Endpoint {end}"))
    })
}

fn between(policy: &IpsecPolicy, own: IpAddr, there: IpAddr) -> bool {
    match policy.direction {
        Direction::Out => policy.meets(own, there),
        Direction::In => policy.meets(there, own),
        Direction::Fwd => false,
    }
}

fn told(ipsec: &Ipsec, of: impl Fn(&&IpsecPolicy) -> bool, whom: &str) -> Option<Finding<TunnelRoute>> {
    let mut stopping = ipsec.policies.iter().filter(|policy| policy.stops()).filter(of);
    let (policy, (counter, count)) = stopping.find_map(|policy| Some((policy, ipsec.counted(policy)?)))?;
    let what = if policy.direction == Direction::Out { format!("to {whom}") } else { format!("from {whom}") };
    let how = if policy.blocks { "blocks it" } else { "wants it encrypted or signed, for which there is no state" };
    let finding = broken(TunnelRoute::Ipsec).with("what", what).with("how", how).with("policy", policy.selector());
    Some(finding.with("counter", counter).with("count", count).with("target", policy.selector()))
}
