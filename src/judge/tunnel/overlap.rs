//! AllowedIPs that take what the machine needs outside the tunnel.

use std::net::IpAddr;

use ipnet::IpNet;

use super::running;
use crate::case::Seat;
use crate::check::cause::WgAllowedIpsNarrow;
use crate::check::{Finding, broken};
use crate::fact::network::Way;
use crate::fact::network::routes::{MAIN, Route};
use crate::fact::wireguard::WgConf;
use crate::fact::{Place, Vantage};

/// The networks of AllowedIPs in the file, and their lines.
pub(super) fn written(conf: &WgConf) -> impl Iterator<Item = (&IpNet, u32)> {
    let nets = conf.peers.iter().flat_map(|peer| peer.allowed_ips.iter().zip(&peer.allowed_at));
    nets.map(|(net, at)| (net, at.line))
}

/// wg-quick failed, the tunnel is not there, and the kernel has a route to one of its networks already: `ip route add`, which wg-quick
/// runs for each, then says "File exists" (with the same metric, 0), and wg-quick gives up.
pub(super) fn refused(seat: &Seat<'_>) -> Option<Finding<WgAllowedIpsNarrow>> {
    let own = &seat.addresses().interface.value;
    if seat.links().ok()?.named(own).is_some() {
        return None;
    }
    if seat.wireguard_unit().ok()?.active != "failed" {
        return None;
    }
    let (conf, routes) = (seat.wg_conf().ok()?, seat.routes().ok()?);
    let (net, line, route) = written(conf).find_map(|(net, line)| {
        let same = |entry: &&Route| {
            entry.table == MAIN && entry.metric == 0 && entry.net == net.trunc() && net.prefix_len() > 0
        };
        Some((net, line, routes.entries.iter().find(same)?))
    })?;
    Some(at(broken(WgAllowedIpsNarrow::RouteTaken), conf, net, line).with("other", route.words()))
}

/// The way to the server's own address leads into the tunnel: each packet of the tunnel is put into the tunnel again.
pub(super) fn loops(seat: &Seat<'_>) -> Option<Finding<WgAllowedIpsNarrow>> {
    if seat.vantage() != Vantage::Client {
        return None;
    }
    let own = &seat.addresses().interface.value;
    let route = seat.route(Place::Public).ok()?;
    let endpoint: IpAddr = running(seat, seat.wg().ok()?)?
        .peers
        .iter()
        .filter_map(|peer| peer.endpoint)
        .map(|it| it.ip())
        .find(|ip| *ip == route.to)?;
    if !matches!(&route.way, Way::Device { device, .. } if device == own) {
        return None;
    }
    let conf = seat.wg_conf().ok()?;
    // For all traffic (/0) wg-quick marks the tunnel's own packets, which then go by another table.
    let covers = written(conf).filter(|(net, _)| net.contains(&endpoint));
    let (net, line) = covers.max_by_key(|(net, _)| net.prefix_len()).filter(|(net, _)| net.prefix_len() > 0)?;
    Some(at(broken(WgAllowedIpsNarrow::EndpointInside), conf, net, line).with("endpoint", endpoint))
}

/// Names the line and the network, also as a pattern that finds it there.
fn at<C>(finding: Finding<C>, conf: &WgConf, net: &IpNet, line: u32) -> Finding<C> {
    finding.with("net", net).with("net_pattern", net.to_string().replace('.', r"\.")).at(&conf.path, line)
}
