//! Which way a packet would go, by the tables: the longest network first, then the lowest sum of metrics
//! (Microsoft's description of Get-NetRoute says both).

use std::net::IpAddr;

use crate::fact::network::routes::Route;
use crate::fact::network::{Link, Way, is_link_local};

/// The way to an address.
pub fn way(to: IpAddr, links: &[Link], entries: &[Route]) -> Way {
    if links.iter().any(|link| link.addresses.iter().any(|net| net.addr() == to)) {
        return Way::Local;
    }
    let fits = entries.iter().filter(|route| route.net.contains(&to));
    let Some(route) = fits.min_by_key(|route| (u8::MAX - route.net.prefix_len(), route.metric)) else {
        return Way::None;
    };
    let link = links.iter().find(|link| link.name == route.device);
    let own = link.and_then(|link| {
        let fits = |ip: &IpAddr| ip.is_ipv4() == to.is_ipv4() && !is_link_local(*ip);
        link.addresses.iter().map(ipnet::IpNet::addr).find(fits)
    });
    Way::Device { device: route.device.clone(), kind: route.kind.clone(), gateway: route.gateway, source: own }
}
