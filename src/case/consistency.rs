//! Whether the snapshots of a case belong together: one deployment, each machine in one part, at about one time.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::Case;
use crate::fact::order::InOrder;
use crate::fact::{Fact, FactKey, Vantage};
use crate::snapshot::Snapshot;

/// Snapshots further apart than this may have seen different things: a WireGuard session lasts 180 s.
const APART: u64 = 180;

impl Case {
    /// Why server and client cannot be two ends of one tunnel, if they cannot: neither knows the other's key, nor do both know a
    /// third one, and either the addresses of their tunnels have nothing in common, or the client's tunnel works, so that its server is another
    /// one. (Each alone may be the very fault.)
    pub fn different_deployments(&self) -> Option<String> {
        let (server, client) = (self.snapshot(Vantage::Server)?, self.snapshot(Vantage::Client)?);
        let (one, other) = (self.tunnel(Vantage::Server)?, self.tunnel(Vantage::Client)?);
        // A relay is each end's peer.
        let known = one.peers.intersection(&other.own).next().is_some()
            || other.peers.intersection(&one.own).next().is_some()
            || one.peers.intersection(&other.peers).next().is_some();
        let (here, there) = (&server.addresses, &client.addresses);
        let near = here.subnet.value.contains(&there.client.value) || there.subnet.value.contains(&here.server.value);
        let dialled = one.addresses.intersection(&other.endpoints).next().is_some();
        let apart = !near && !dialled;
        (!known && (apart || other.answered)).then(|| {
            let works = if apart { "" } else { ", and another server answers the client" };
            format!(
                "the snapshots are from two deployments: the server {} has the tunnel {}, the client {} has {}, and neither \
                 knows the other's key{works}; judge each one with its own other end",
                server.host, here.subnet.value, client.host, there.subnet.value
            )
        })
    }

    /// What to keep in mind when these snapshots are read together.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        let mut by_time: Vec<&Snapshot> = self.snapshots().collect();
        by_time.in_order_of(|snapshot| snapshot.taken_at);
        if let (Some(first), Some(last)) = (by_time.first(), by_time.last()) {
            let apart = last.taken_at.saturating_sub(first.taken_at);
            if apart > APART {
                notes.push(format!(
                    "the snapshot of the {} is {} older than that of the {}, or their clocks differ: changes in \
                     between are only in one of them",
                    first.vantage,
                    span(apart),
                    last.vantage
                ));
            }
        }
        let versions: BTreeSet<&str> = self.snapshots().map(|snapshot| snapshot.version.as_str()).collect();
        if versions.len() > 1 {
            let list = versions.into_iter().collect::<Vec<_>>().join(" and ");
            notes.push(format!(
                "the snapshots were taken by clipcheck {list}: what only one of these versions checks is not seen at the other end"
            ));
        }
        notes.extend(self.one_machine());
        notes
    }

    /// What an end says of its tunnel, read once for all cases.
    fn tunnel(&self, vantage: Vantage) -> Option<&Tunnel> {
        let member = self.members.get(&vantage)?;
        member.tunnel.get_or_init(|| Tunnel::of(&member.snapshot)).as_ref()
    }

    /// Server and client on one machine: the same key, the same name.
    fn one_machine(&self) -> Option<String> {
        let (server, client) = (self.snapshot(Vantage::Server)?, self.snapshot(Vantage::Client)?);
        let (one, other) = (self.tunnel(Vantage::Server)?, self.tunnel(Vantage::Client)?);
        let same = server.host == client.host && one.own.intersection(&other.own).next().is_some();
        same.then(|| {
            format!(
                "both snapshots were taken on {}, once as the server and once as the client: use `--as` only where the \
                 program is wrong",
                server.host
            )
        })
    }
}

/// What one end says of its tunnel.
#[derive(Debug, Default)]
pub(super) struct Tunnel {
    own: BTreeSet<String>,
    peers: BTreeSet<String>,
    endpoints: BTreeSet<IpAddr>,
    addresses: BTreeSet<IpAddr>,
    /// Whoever has the server's address in this tunnel shook hands within the last three minutes.
    answered: bool,
}

impl Tunnel {
    /// None where nothing is seen of it: then nobody can say that it is another.
    fn of(snapshot: &Snapshot) -> Option<Self> {
        let mut tunnel = Self::default();
        let fact = |key: &FactKey| snapshot.fact(key);
        let addresses = &snapshot.addresses;
        if let Some(Fact::Wg(state)) = fact(&FactKey::Wg) {
            for interface in &state.interfaces {
                tunnel.own.extend(interface.public_key.clone());
                for peer in &interface.peers {
                    tunnel.peers.insert(peer.public_key.clone());
                    tunnel.endpoints.extend(peer.endpoint.map(|at| at.ip()));
                    let server = interface.name == addresses.interface.value
                        && peer.allowed_ips.iter().any(|net| net.contains(&addresses.server.value));
                    tunnel.answered |= server && peer.has_session(state.read_at);
                }
            }
        }
        if let Some(Fact::WgConf(conf)) = fact(&FactKey::WgConf) {
            tunnel.own.extend(conf.derived_public.clone());
            for peer in &conf.peers {
                tunnel.peers.extend(peer.public_key.clone());
                let host: Option<IpAddr> = peer.endpoint.as_ref().and_then(|(endpoint, _)| endpoint.host.parse().ok());
                tunnel.endpoints.extend(host);
            }
        }
        if let Some(Fact::Links(links)) = fact(&FactKey::Links) {
            tunnel.addresses.extend(links.links.iter().flat_map(|link| link.addresses.iter().map(ipnet::IpNet::addr)));
        }
        (!tunnel.own.is_empty() && !tunnel.peers.is_empty()).then_some(tunnel)
    }
}

fn span(seconds: u64) -> String {
    match seconds {
        0..600 => format!("{seconds} s"),
        600..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86400),
    }
}
