//! WireGuard as it runs and as it is written. Neither type has room for a private or a preshared key.

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::Presence;
use crate::fact::words::words;

mod endpoint_flaw;
mod handshakes;
pub mod keys;
mod maker;
mod parse_error;
mod written;

pub use endpoint_flaw::{EndpointFlaw, Foreign};
pub use handshakes::{Exchange, Handshakes, MadeFor, Unreachable};
pub use maker::{Adopted, ByHand, Maker, Program};
pub use parse_error::{ParseError, Refusal, Slip, Taken};
pub use written::{At, KeyShape, Table, WgConf, WgConfPeer, WrittenEndpoint};

/// The running state of all WireGuard interfaces.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WgState {
    /// In the order of their names.
    pub interfaces: Vec<WgInterface>,
    /// When it was read, in seconds since the epoch, by the clock that also stamps the handshakes.
    pub read_at: u64,
    /// The peers (by public key) that were sent a packet just before, because they looked idle.
    pub nudged: Vec<String>,
    /// The handshake packets that came and went meanwhile; none where nobody watched (a session was there, or the right
    /// CAP_NET_RAW was not).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handshakes: Option<Handshakes>,
}

/// One running interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WgInterface {
    /// For example `wg0`.
    pub name: String,
    /// Base64, as `wg show` prints it; none before a private key is set.
    pub public_key: Option<String>,
    /// The UDP port it listens on; none before the interface is up.
    pub listen_port: Option<u16>,
    /// The mark of the packets that it sends itself (`FwMark`); none where it gives none, or that was not seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<NonZeroU32>,
    /// In the order the implementation gives them.
    pub peers: Vec<WgPeer>,
}

/// How many peers are looked at by themselves, and judged, where a server has several; those that spoke last come first.
pub const LOOKED_AT: usize = 64;

/// One peer of a running interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WgPeer {
    /// Base64.
    pub public_key: String,
    /// Whether a preshared key is set.
    pub preshared: Presence,
    /// Where packets to it are sent; none until it spoke or was configured.
    pub endpoint: Option<SocketAddr>,
    /// The addresses it may use.
    pub allowed_ips: Vec<IpNet>,
    /// The last completed handshake, in seconds since the epoch; none for never.
    pub handshake: Option<u64>,
    /// Bytes received.
    pub received: u64,
    /// Bytes sent.
    pub sent: u64,
    /// Seconds between keepalives; none for off.
    pub keepalive: Option<u16>,
}

impl WgState {
    words! {
        pub(crate) fn label(&self) of self.interfaces.as_slice() => {
            [] => "none",
            [..] => "running",
        }
    }

    pub(crate) fn summary(&self) -> Vec<String> {
        if self.interfaces.is_empty() {
            return vec!["no WireGuard interface is running".to_owned()];
        }
        let mut lines = Vec::new();
        for interface in &self.interfaces {
            let port = interface.listen_port.map_or_else(|| "no port".to_owned(), |port| format!("port {port}"));
            lines.push(format!("{}: {port}, {} peer(s)", interface.name, interface.peers.len()));
            for peer in &interface.peers {
                lines.push(format!("{}: {}", interface.name, peer.summary(self.read_at)));
            }
        }
        lines.extend(self.handshakes.iter().flat_map(Handshakes::summary));
        lines
    }
}

/// After this many seconds without a handshake there is no usable session, and a packet brings about a new one:
/// REJECT_AFTER_TIME of the WireGuard paper, section 6.1. With a keepalive or traffic a live session renews itself
/// after 120 s.
pub const REJECT_AFTER: u64 = 180;

impl WgPeer {
    /// A peer of which nothing but its key is known.
    pub fn new(public_key: String) -> Self {
        Self {
            public_key,
            preshared: Presence::Absent,
            endpoint: None,
            allowed_ips: Vec::new(),
            handshake: None,
            received: 0,
            sent: 0,
            keepalive: None,
        }
    }

    /// Its own address: the first of those that it may use that is one host's.
    pub fn own_address(&self) -> Option<IpAddr> {
        self.own_addresses().next()
    }

    /// All of those: of each family there may be one.
    pub fn own_addresses(&self) -> impl Iterator<Item = IpAddr> {
        self.allowed_ips.iter().filter(|net| net.prefix_len() == net.max_prefix_len()).map(IpNet::addr)
    }

    /// Whether its last handshake is young enough to carry packets.
    pub fn has_session(&self, now: u64) -> bool {
        self.handshake.is_some_and(|at| now.saturating_sub(at) <= REJECT_AFTER)
    }

    fn summary(&self, now: u64) -> String {
        let handshake = match self.handshake {
            None => "no handshake yet".to_owned(),
            Some(at) => format!("latest handshake {} s ago", now.saturating_sub(at)),
        };
        let endpoint = self.endpoint.map_or_else(|| "no endpoint".to_owned(), |at| at.to_string());
        let allowed = if self.allowed_ips.is_empty() {
            "(none)".to_owned()
        } else {
            self.allowed_ips.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        };
        format!(
            "peer {} at {endpoint}, allowed-ips {allowed}, {handshake}, received {} B, sent {} B",
            short_key(&self.public_key),
            self.received,
            self.sent
        )
    }
}

/// A public key's first characters, enough to tell two apart on a screen.
pub fn short_key(key: &str) -> String {
    let head: String = key.chars().take(8).collect();
    format!("{head}…")
}
