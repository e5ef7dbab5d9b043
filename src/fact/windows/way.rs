//! Which way a packet would go, by the tables: the longest network first, then the lowest sum of metrics
//! (Microsoft's description of Get-NetRoute says both).

use std::net::IpAddr;

use crate::fact::network::routes::Hop;
use crate::fact::network::{Link, Way, is_link_local};

/// The way to an address.
pub fn way(to: IpAddr, links: &[Link], hops: &[Hop]) -> Way {
    if links.iter().any(|link| link.addresses.iter().any(|net| net.addr() == to)) {
        return Way::Local;
    }
    let fits = hops.iter().filter(|hop| hop.net.contains(&to));
    let Some(hop) = fits.min_by_key(|hop| (u8::MAX - hop.net.prefix_len(), hop.metric)) else { return Way::None };
    let link = links.iter().find(|link| link.name == hop.device);
    let own = link.and_then(|link| {
        let fits = |ip: &IpAddr| ip.is_ipv4() == to.is_ipv4() && !is_link_local(*ip);
        link.addresses.iter().map(ipnet::IpNet::addr).find(fits)
    });
    Way::Device { device: hop.device.clone(), kind: hop.kind.clone(), gateway: hop.gateway, source: own }
}
