//! Windows' adapters, and its routes by the names of the adapters.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use ipnet::IpNet;
use serde::Deserialize;

use super::route_print::{self, By, Row};
use crate::fact::network::Link;
use crate::fact::network::routes::{MAIN, Route};
use crate::fact::order::InOrder;

/// An adapter as Windows lists it (`IP_ADAPTER_ADDRESSES`; .NET has the same).
#[derive(Deserialize)]
pub struct Adapter {
    /// What its user calls it; WireGuard calls it as the tunnel.
    pub name: String,
    /// Its driver's words.
    pub description: String,
    /// Its number.
    pub index: u32,
    /// Whether it is up.
    pub up: bool,
    /// Its largest packet.
    pub mtu: u32,
    /// `ADDRESS/LENGTH`.
    pub addresses: Vec<String>,
}

/// Adapters and routes, as this machine itself tells of them.
pub struct Network;

impl Network {
    /// The adapters that lead to others.
    pub fn links(adapters: &[Adapter]) -> Result<Vec<Link>, String> {
        Ok(links(adapters, "Windows")?.into_iter().map(|(_, link)| link).collect())
    }

    /// The same, and the routes that `route print` lists.
    pub fn routes(adapters: &[Adapter], table: &[String]) -> Result<(Vec<Link>, Vec<Route>), String> {
        let links = links(adapters, "Windows")?;
        let entries = entries(&links, table, "Windows")?;
        Ok((links.into_iter().map(|(_, link)| link).collect(), entries))
    }
}

/// Adapters with their numbers. The loopback's is left out: it has no way to anybody else.
pub(super) fn links(adapters: &[Adapter], path: &str) -> Result<Vec<(u32, Link)>, String> {
    let mut found = Vec::new();
    for (at, adapter) in adapters.iter().enumerate() {
        let mut addresses = Vec::new();
        for written in &adapter.addresses {
            // `fe80::1%12/64`: the scope is the adapter itself.
            let (head, tail) = written.split_once('%').unwrap_or((written, ""));
            let plain = if tail.is_empty() {
                head.to_owned()
            } else {
                format!("{head}/{}", tail.rsplit('/').next().unwrap_or_default())
            };
            let net: IpNet = plain.parse().map_err(|_| format!("{path}: adapters[{at}]: an address that is none"))?;
            addresses.push(net);
        }
        if !addresses.is_empty() && addresses.iter().all(|net| net.addr().is_loopback()) {
            continue;
        }
        let kind = kind(&adapter.description).map(str::to_owned);
        let link = Link { name: adapter.name.clone(), kind, up: adapter.up, mtu: adapter.mtu, addresses };
        found.push((adapter.index, link));
    }
    Ok(found)
}

/// A driver's description is not translated: it comes from the driver's own file. WireGuardNT calls its adapters
/// `WireGuard Tunnel`, `WireGuard Tunnel #2`.
fn kind(description: &str) -> Option<&'static str> {
    const OTHER_VPN: [&str; 6] = ["TAP-", "Wintun", "OpenVPN", "Tailscale", "ZeroTier", "VPN"];
    if description.starts_with("WireGuard") {
        return Some("wireguard");
    }
    OTHER_VPN.iter().any(|name| description.contains(name)).then_some("tun")
}

pub(super) fn entries(links: &[(u32, Link)], table: &[String], path: &str) -> Result<Vec<Route>, String> {
    let rows = route_print::rows(table);
    if rows.is_empty() {
        return Err(format!("{path}: route_print: no table of routes"));
    }
    // Addresses of this machine's own and of all in its networks; and adapters by address and number, the first of several.
    let mut ours: BTreeSet<IpAddr> = BTreeSet::new();
    let (mut by_address, mut by_index) = (BTreeMap::new(), BTreeMap::new());
    for (index, link) in links {
        by_index.entry(*index).or_insert(link);
        for net in &link.addresses {
            by_address.entry(net.addr()).or_insert(link);
            ours.insert(net.addr());
            ours.extend(Some(net.broadcast()).filter(IpAddr::is_ipv4));
        }
    }
    let own = |row: &Row| row.net.prefix_len() == row.net.max_prefix_len() && ours.contains(&row.net.addr());
    let group = |row: &Row| row.net.addr().is_multicast() || row.net.addr() == IpAddr::from([255; 4]);
    let mut entries: Vec<Route> = rows
        .iter()
        .filter(|row| !own(row) && !group(row))
        .filter_map(|row| {
            let link = match row.by {
                By::Address(own) => by_address.get(&own),
                By::Index(number) => by_index.get(&number),
            }?;
            let (device, kind) = (link.name.clone(), link.kind.clone());
            Some(Route { net: row.net, device, kind, gateway: row.gateway, metric: row.metric, table: MAIN })
        })
        .collect();
    entries.in_order();
    entries.dedup();
    Ok(entries)
}
