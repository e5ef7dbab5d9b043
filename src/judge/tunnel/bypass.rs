//! Ways that go around the tunnel, or end before it: other networks with its addresses, everything sent into it, and a NAT
//! that forgets.

use std::net::IpAddr;

use ipnet::IpNet;

use super::{far, running};
use crate::case::Seat;
use crate::check::cause::{TunnelSubnetFree, TunnelUsed, WgAllowedIpsNarrow, WgKeepalive};
use crate::check::{Finding, Judged, broken, holds, not_applicable};
use crate::fact::dial::Dial;
use crate::fact::network::Way;
use crate::fact::network::routes::{MAIN, Route};
use crate::fact::wireguard::Table;
use crate::fact::{Place, Service, Unseen, Vantage};
use crate::profile::Origin;

/// No other network of this machine has the tunnel's addresses.
pub(crate) fn tunnel_subnet_free(seat: &Seat<'_>) -> Judged<TunnelSubnetFree> {
    let addresses = seat.addresses();
    let (_, place, far) = far(seat);
    let tunnel = addresses.subnet.value.trunc();
    let own = &addresses.interface.value;
    let routes = seat.routes()?;
    let known = if seat.vantage() == Vantage::Container { addresses.server.origin } else { addresses.subnet.origin };
    if known == Origin::Assumed {
        return Err(Unseen::Undecided(
            "the tunnel's subnet is not known here (its addresses may stand there one by one, as /32); `--subnet` tells it"
                .to_owned(),
        ));
    }
    let foreign = |route: &&Route| {
        route.table == MAIN
            && route.device != *own
            && !route.device.is_empty()
            && route.kind.as_deref() != Some("wireguard")
    };
    if seat.vantage() == Vantage::Container {
        // A container that shares its host's network sees the tunnel itself.
        if seat.links()?.named(own).is_some() {
            return Ok(not_applicable("the tunnel's interface is in this container's network"));
        }
        let near =
            |route: &&Route| route.gateway.is_none() && route.net.prefix_len() > 0 && route.net.contains(&far.value);
        return Ok(match routes.entries.iter().find(near) {
            Some(route) => broken(TunnelSubnetFree::DockerNetwork)
                .with("other", route.words())
                .with("net", route.net)
                .with("tunnel", "")
                .into(),
            None => holds(),
        });
    }
    if super::way::rule_for(seat, far.value).is_some() {
        return Ok(not_applicable("a rule of `ip rule` decides the route; tunnel-route reports it"));
    }
    let claims = |route: &&Route| route.net.prefix_len() >= tunnel.prefix_len() && tunnel.contains(&route.net.trunc());
    let Some(other) = routes.entries.iter().filter(foreign).find(claims) else { return Ok(holds()) };
    let ours = routes.entries.iter().find(|route| route.device == *own && route.net.contains(&far.value));
    let lost = match &seat.route(place)?.way {
        Way::Device { device, .. } => *device == other.device,
        // The network came with the other end's address.
        Way::Local => seat.links()?.holder(far.value).is_some_and(|link| link.name == other.device),
        Way::None | Way::Barred => false,
    };
    let finding = if !lost {
        broken(TunnelSubnetFree::Second)
    } else if is_dockers(other) && seat.vantage() == Vantage::Server {
        let id = other.device.strip_prefix("br-").unwrap_or_default();
        broken(TunnelSubnetFree::DockerOnServer).with("id", id).with("device", &other.device)
    } else if is_dockers(other) {
        broken(TunnelSubnetFree::DockerNetwork)
    } else if is_tunnel(other) {
        broken(TunnelSubnetFree::OtherVpn)
    } else {
        broken(TunnelSubnetFree::Lan)
    };
    let ours = ours.map_or_else(|| format!("none of {own}"), Route::words);
    Ok(finding.with("other", other.words()).with("net", other.net).with("tunnel", ours).into())
}

fn is_dockers(route: &Route) -> bool {
    route.device.starts_with("docker") || route.device.starts_with("br-")
}

/// A point-to-point device, by its kind or by the names that OpenVPN and pppd give.
fn is_tunnel(route: &Route) -> bool {
    matches!(route.kind.as_deref(), Some("tun" | "ppp" | "gre" | "ipip" | "vti"))
        || ["tun", "tap", "ppp", "utun"].iter().any(|start| route.device.starts_with(start))
}

/// Only the tunnel's own network goes into the tunnel.
pub(crate) fn wg_allowed_ips_narrow(seat: &Seat<'_>) -> Judged<WgAllowedIpsNarrow> {
    // A thousand peers have a thousand addresses, and only what is as wide as this is said.
    let wide = |net: &IpNet| net.prefix_len() <= 1;
    // Windows keeps the file encrypted; what runs of it is seen.
    let found: Vec<(&IpNet, Finding<_>)> = if seat.on_windows() {
        let Some(interface) = running(seat, seat.wg()?) else {
            return Ok(not_applicable("the interface is not running"));
        };
        let nets = interface.peers.iter().flat_map(|peer| &peer.allowed_ips).filter(|net| wide(net));
        nets.map(|net| (net, broken(WgAllowedIpsNarrow::AllTraffic).with("net", net))).collect()
    } else {
        let conf = seat.wg_conf()?;
        // With a table of its own, or none, wg-quick leads nothing into the tunnel by itself (wg-quick(8)).
        if conf.table.as_ref().is_some_and(|(table, _)| !matches!(table, Table::Auto)) {
            return Ok(not_applicable(
                "the file has a `Table` line of its own: AllowedIPs alone lead nothing into the tunnel",
            ));
        }
        super::overlap::written(conf)
            .filter(|(net, _)| wide(net))
            .map(|(net, line)| (net, broken(WgAllowedIpsNarrow::AllTraffic).with("net", net).at(&conf.path, line)))
            .collect()
    };
    if let Some(finding) = super::overlap::refused(seat).or_else(|| super::overlap::loops(seat)) {
        return Ok(finding.into());
    }
    let (mut low, mut high) = (None, None);
    for (net, found) in found {
        match (net.prefix_len(), net.addr()) {
            (0, _) => return Ok(found.into()),
            // The halves that some guides write so that the default route itself stays.
            (1, IpAddr::V4(ip)) if ip.is_unspecified() => low = Some(found),
            (1, IpAddr::V4(_)) => high = Some(found),
            _ => {}
        }
    }
    Ok(match (low, high) {
        (Some(found), Some(_)) => found.into(),
        _ => holds(),
    })
}

/// Where a NAT stands between the client and the server, something is sent often enough to keep its entry alive.
pub(crate) fn wg_keepalive(seat: &Seat<'_>) -> Judged<WgKeepalive> {
    let Some(interface) = running(seat, seat.wg()?) else { return Ok(not_applicable("the interface is not running")) };
    let server = seat.addresses().server.value;
    let Some(peer) = interface.peers.iter().find(|peer| super::covers(peer, server)).or(interface.peers.first()) else {
        return Ok(not_applicable("the interface has no peers"));
    };
    if peer.keepalive.is_some() {
        return Ok(holds());
    }
    let Some(endpoint) = peer.endpoint else { return Ok(not_applicable("the server's address is not known here")) };
    let own = match &seat.route(Place::Public)?.way {
        Way::Device { source: Some(source), .. } => *source,
        Way::Device { source: None, .. } | Way::Local | Way::None | Way::Barred => {
            return Ok(not_applicable("the route to the server has no source address"));
        }
    };
    // With the server's snapshot: it sees another address than this machine has.
    let there = seat.at(Vantage::Server).ok();
    let seen = there.and_then(|there| {
        let key = interface.public_key.as_ref()?;
        running(&there, there.wg().ok()?)?.peers.iter().find(|peer| peer.public_key == *key)?.endpoint
    });
    let links = seat.links()?;
    let seen_elsewhere = seen.filter(|seen| links.holder(seen.ip().to_canonical()).is_none());
    let between = match seen_elsewhere {
        Some(seen) => format!("the server sees it as {}", seen.ip()),
        None if seen.is_none() && is_inner(own) && !is_inner(endpoint.ip()) => {
            format!("its address {own} is a private one, and the server's {} is not", endpoint.ip())
        }
        None => return Ok(holds()),
    };
    let off = broken(WgKeepalive::Off).with("between", between);
    if seat.on_windows() {
        return Ok(off.into());
    }
    let conf = seat.wg_conf()?;
    let written = conf.peers.iter().find(|it| it.public_key.as_ref() == Some(&peer.public_key));
    let line = written.map_or(1, |it| it.endpoint.as_ref().map_or(it.at, |(_, at)| *at).line);
    Ok(off.at(&conf.path, line).into())
}

/// An address that only means something inside a network: RFC 1918, RFC 6598 (carrier-grade NAT), RFC 4193.
fn is_inner(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.is_private() || (ip.octets()[0] == 100 && ip.octets()[1] & 0xc0 == 64),
        IpAddr::V6(ip) => ip.segments()[0] & 0xfe00 == 0xfc00,
    }
}

/// Redis and PostgreSQL are reached through the tunnel, and not around it.
pub(crate) fn tunnel_used(seat: &Seat<'_>) -> Judged<TunnelUsed> {
    let device = &seat.addresses().interface.value;
    if !matches!(&seat.route(Place::Server)?.way, Way::Device { device: by, .. } if by == device) {
        return Ok(not_applicable("the route to the server uses another interface; tunnel-route reports it"));
    }
    let here = [Service::Redis, Service::Postgres].into_iter().filter(|service| seat.elsewhere(*service).is_none());
    for service in here {
        let free = seat.tcp(service)?;
        let bound = seat.tcp_bound(service)?;
        let shut =
            matches!(bound.how, Dial::Timeout | Dial::HostUnreachable | Dial::NoRoute | Dial::Refused | Dial::Reset);
        if free.how == Dial::Open && shut {
            let from = free.from.map_or_else(|| "?".to_owned(), |from| from.to_string());
            return Ok(broken(TunnelUsed::Around)
                .with("endpoint", &free.endpoint)
                .with("from", from)
                .with("device", device)
                .with("how", bound.how.label())
                .into());
        }
    }
    Ok(holds())
}
