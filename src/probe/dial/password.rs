//! The one rule about passwords: none leaves the tunnel.

use std::net::IpAddr;

use super::{ProbeContext, route};
use crate::fact::network::Way;
use crate::fact::{Fact, FactKey, Place, Unseen, Vantage};
use crate::profile::Addresses;

/// The one place that decides whether a password may be sent to an address: to this machine itself or through the
/// tunnel, and nowhere else. `ip` is where a connection really leads, not what a name promised.
pub(in crate::probe) fn may_carry_password(context: &ProbeContext, ip: IpAddr) -> Result<(), Unseen> {
    let ip = ip.to_canonical();
    let own = matches!(context.fact(&FactKey::Links), Ok(Fact::Links(links)) if links.holder(ip).is_some());
    if ip.is_loopback() || own {
        return Ok(());
    }
    // A container sees its own gateway only. The worker itself sends the same password the same way.
    let of_urls = |addresses: &Addresses| {
        addresses.subnet.value.contains(&ip) || [addresses.redis_at, addresses.postgres_at].contains(&Some(ip))
    };
    if context.vantage == Vantage::Container && context.addresses.as_ref().is_some_and(of_urls) {
        return Ok(());
    }
    let declined = |why: String| Err(Unseen::Declined(format!("{why}, and a password would have been sent")));
    // A service may be on another host than the server: where a URL leads there, its route was looked up too.
    let peer = route(context, Place::Peer(ip)).ok();
    let route = match peer.map_or_else(|| route(context, Place::Server), Ok) {
        Ok(route) if route.to == ip => route,
        Ok(_) => return declined(format!("{ip} is neither this machine nor the server's address in the tunnel")),
        Err(why) => return declined(format!("the route to {ip} is not known ({why})")),
    };
    match &route.way {
        Way::Local => Ok(()),
        Way::Device { device, kind, .. } => {
            let named = context.addresses.as_ref().is_some_and(|addresses| addresses.interface.value == *device);
            if kind.as_deref() == Some("wireguard") || named {
                return Ok(());
            }
            declined(format!("the route to {ip} uses {device} and not the tunnel"))
        }
        Way::None | Way::Barred => declined(format!("there is no route to {ip}")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{SERVER, by, context};
    use super::*;

    #[test]
    fn a_password_goes_through_the_tunnel_or_nowhere() {
        use Vantage::{Client, Container, Server};
        for (vantage, way, may) in [
            (Client, Some(by("wg0", Some("wireguard"))), true),
            (Client, Some(by("home", Some("wireguard"))), true),
            (Client, Some(by("wg0", Some("tun"))), true),
            (Client, Some(by("eth0", None)), false),
            (Client, Some(by("tun0", Some("tun"))), false),
            (Client, Some(Way::None), false),
            (Client, Some(Way::Barred), false),
            (Client, None, false),
            (Server, Some(Way::Local), true),
            (Server, Some(by("eth0", None)), false),
            (Container, Some(by("eth0", Some("veth"))), true),
        ] {
            let context = context(vantage, Place::Server, way);
            assert_eq!(may_carry_password(&context, SERVER).is_ok(), may, "{vantage} {:?}", context.seen);
        }
    }

    #[test]
    fn a_password_goes_to_no_other_address() {
        let context = context(Vantage::Client, Place::Server, Some(by("wg0", Some("wireguard"))));
        for (ip, may) in [("127.0.0.1", true), ("::ffff:10.8.0.1", true), ("10.8.0.7", false), ("192.0.2.1", false)] {
            assert_eq!(may_carry_password(&context, ip.parse().expect("an address")).is_ok(), may, "{ip}");
        }
        let container = ProbeContext { vantage: Vantage::Container, ..context };
        assert!(may_carry_password(&container, "192.0.2.1".parse().expect("an address")).is_err());
    }
}
