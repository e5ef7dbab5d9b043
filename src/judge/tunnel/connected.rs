//! Routes that the kernel makes of an interface's own addresses.

use std::net::IpAddr;

use ipnet::IpNet;

use super::running;
use crate::case::Seat;
use crate::check::cause::TunnelRoute;
use crate::check::{Finding, broken};
use crate::fact::network::Link;
use crate::fact::network::routes::Route;

/// The kernel makes a route of each address with a network (ip-address(8)); of an interface that is up it is there, unless
/// somebody deleted it.
fn without_route<'a>(seat: &Seat<'a>) -> Vec<(&'a Link, IpNet)> {
    let (Ok(links), Ok(routes)) = (seat.links(), seat.routes()) else { return Vec::new() };
    let made = |link: &Link, net: &IpNet| {
        let of_net = |route: &Route| route.net.prefix_len() > 0 && route.net.contains(&net.trunc());
        routes.entries.iter().any(|route| route.device == link.name && of_net(route))
    };
    let up = links.links.iter().filter(|link| link.up && link.name != "lo");
    up.flat_map(|link| link.addresses.iter().map(move |net| (link, *net)))
        .filter(|(link, net)| net.addr().is_ipv4() && net.prefix_len() < net.max_prefix_len() && !made(link, net))
        .collect()
}

/// The tunnel's own address has a network with the other end in it, and its route is gone.
pub(super) fn route_gone(seat: &Seat<'_>, far: IpAddr) -> Option<Finding<TunnelRoute>> {
    let own = &seat.addresses().interface.value;
    let gone = without_route(seat);
    let (_, net) = gone.iter().find(|(link, net)| link.name == *own && net.contains(&far))?;
    let other = gone.iter().find(|(link, _)| link.name != *own);
    let also = other.map_or_else(String::new, |(link, net)| format!("; so is that of {} ({})", link.name, net.trunc()));
    let finding = broken(TunnelRoute::RouteGone).with("net", net.trunc()).with("from", net.addr()).with("also", also);
    let finding = finding.with("through", own);
    let (device, net) = other.map_or((String::new(), None), |(link, net)| (link.name.clone(), Some(net)));
    let of_other = |what: &dyn Fn(&IpNet) -> String| net.map(what).unwrap_or_default();
    let finding = finding.with("device", device).with("device_net", of_other(&|net| net.trunc().to_string()));
    Some(finding.with("device_from", of_other(&|net| net.addr().to_string())))
}

/// A peer's Endpoint is in the network of another interface's address, whose route is gone.
pub(super) fn endpoint_cut_off(seat: &Seat<'_>) -> Option<Finding<TunnelRoute>> {
    let own = &seat.addresses().interface.value;
    let peers = &running(seat, seat.wg().ok()?)?.peers;
    let endpoints: Vec<IpAddr> = peers.iter().filter_map(|peer| peer.endpoint).map(|at| at.ip()).collect();
    let (link, net, endpoint) =
        without_route(seat).into_iter().filter(|(link, _)| link.name != *own).find_map(|(link, net)| {
            let endpoint = endpoints.iter().find(|ip| net.contains(*ip) && net.addr() != **ip)?;
            Some((link, net, *endpoint))
        })?;
    let finding = broken(TunnelRoute::RouteGone).with("net", net.trunc()).with("from", net.addr()).with("also", "");
    let finding =
        finding.with("through", &link.name).with("so", format!("the peer's Endpoint {endpoint} is in that network"));
    Some(finding.with("device", "").with("device_net", "").with("device_from", ""))
}
