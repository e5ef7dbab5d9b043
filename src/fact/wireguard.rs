//! WireGuard as it runs and as it is written. Neither type has room for a private or a preshared key.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::Presence;

pub mod conf;
pub mod dump;
pub mod key;
pub mod uapi;

/// The running state of all WireGuard interfaces.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WgState {
    /// In the order of their names.
    pub interfaces: Vec<WgInterface>,
    /// When it was read, in seconds since the epoch, by the clock that also stamps the handshakes.
    pub read_at: u64,
    /// The peers (by public key) that were sent a packet just before, because they looked idle.
    pub nudged: Vec<String>,
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
    /// In the order the implementation gives them.
    pub peers: Vec<WgPeer>,
}

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
    pub(crate) fn label(&self) -> &'static str {
        if self.interfaces.is_empty() { "none" } else { "running" }
    }

    pub(crate) fn summary(&self) -> Vec<String> {
        if self.interfaces.is_empty() {
            return vec!["no WireGuard interface runs".to_owned()];
        }
        let mut lines = Vec::new();
        for interface in &self.interfaces {
            let port = interface.listen_port.map_or_else(|| "no port".to_owned(), |port| format!("port {port}"));
            lines.push(format!("{}: {port}, {} peer(s)", interface.name, interface.peers.len()));
            for peer in &interface.peers {
                lines.push(format!("{}: {}", interface.name, peer.summary(self.read_at)));
            }
        }
        lines
    }
}

/// After this many seconds without a handshake there is no usable session, and a packet brings about a new one:
/// REJECT_AFTER_TIME of the WireGuard paper, section 6.1. With a keepalive or traffic a live session renews itself
/// after 120 s.
pub const REJECT_AFTER: u64 = 180;

impl WgPeer {
    /// Whether its last handshake is young enough to carry packets.
    pub fn has_session(&self, now: u64) -> bool {
        self.handshake.is_some_and(|at| now.saturating_sub(at) <= REJECT_AFTER)
    }

    fn summary(&self, now: u64) -> String {
        let handshake = match self.handshake {
            None => "never shook hands".to_owned(),
            Some(at) => format!("shook hands {} s ago", now.saturating_sub(at)),
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

/// A place in a file, both counted from 1: a value's first character, or the end of the line where it is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct At {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// The shape of a key as written, never the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyShape {
    /// 44 characters of base64 that hold 32 bytes.
    Good,
    /// Nothing after the `=`.
    Empty,
    /// In quotes.
    Quoted,
    /// A placeholder such as `REPLACE_SERVER_PRIVATE_KEY` or `<CLIENT_PUBLIC_KEY>`.
    Placeholder,
    /// Anything else that `wg` refuses.
    Malformed,
}

/// A wg-quick file as written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WgConf {
    /// Its full path.
    pub path: String,
    /// Permission bits, e.g. `0o600`.
    pub mode: u32,
    /// `Address =`, all of them.
    pub addresses: Vec<IpNet>,
    /// `ListenPort =`.
    pub listen_port: Option<(u16, At)>,
    /// `PrivateKey =`.
    pub private_key: Option<(KeyShape, At)>,
    /// The public key that belongs to the private key, in base64; none unless that is well formed.
    pub derived_public: Option<String>,
    /// `DNS =`, its values, and where.
    pub dns: Option<(String, At)>,
    /// `SaveConfig = true`.
    pub save_config: bool,
    /// The `[Peer]` sections in order.
    pub peers: Vec<WgConfPeer>,
    /// Lines that neither `wg` nor `wg-quick` knows, by the name before their `=`. The name is empty where it is
    /// no plain word: a key that was broken in two must not end up here.
    pub unknown: Vec<(String, At)>,
    /// Values that `wg` or `ip` would refuse, by their name, keys excepted: those have a [`KeyShape`].
    pub malformed: Vec<(String, At)>,
    /// Whether the file begins with a byte order mark, at which `wg` stops.
    pub bom: bool,
}

/// A `[Peer]` section as written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WgConfPeer {
    /// Where the section begins.
    pub at: At,
    /// The key as written, if it is well formed.
    pub public_key: Option<String>,
    /// What the written key looks like; none if there is no such line.
    pub key_shape: Option<KeyShape>,
    /// Where the key's line is.
    pub key_at: Option<At>,
    /// `AllowedIPs =`, all of them.
    pub allowed_ips: Vec<IpNet>,
    /// `Endpoint =` as written, host and port apart where that is possible, and where.
    pub endpoint: Option<(WrittenEndpoint, At)>,
    /// `PersistentKeepalive =` in seconds; none for off.
    pub keepalive: Option<u16>,
}

/// `Endpoint =` as written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrittenEndpoint {
    /// A name or an address.
    pub host: String,
    /// None if the line has no port, or no number there.
    pub port: Option<u16>,
}

impl WgConf {
    pub(crate) fn summary(&self) -> Vec<String> {
        let addresses = self.addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let port =
            self.listen_port.map_or_else(|| "no ListenPort".to_owned(), |(port, _)| format!("ListenPort {port}"));
        let mut lines = vec![format!("{}: Address {addresses}, {port}, {} [Peer]", self.path, self.peers.len())];
        if let Some((dns, at)) = &self.dns {
            lines.push(format!("{}:{}: DNS = {dns}", self.path, at.line));
        }
        for peer in &self.peers {
            let key = peer.public_key.as_deref().map_or_else(|| "without a key".to_owned(), short_key);
            lines.push(format!("{}:{}: [Peer] {key}", self.path, peer.at.line));
        }
        lines
    }

    /// Where a key stands that `wg` refuses: the private one, or a peer's.
    pub fn malformed_key(&self) -> Option<At> {
        let own = self.private_key.filter(|(shape, _)| *shape != KeyShape::Good).map(|(_, at)| at);
        let peers = || {
            self.peers
                .iter()
                .find(|peer| peer.key_shape.is_some_and(|shape| shape != KeyShape::Good))
                .map(|peer| peer.key_at.unwrap_or(peer.at))
        };
        own.or_else(peers)
    }

    /// Where a line stands whose name WireGuard does not know.
    pub fn unknown_key(&self, name: &str) -> Option<At> {
        self.unknown.iter().find(|(unknown, _)| unknown.eq_ignore_ascii_case(name)).map(|(_, at)| *at)
    }

    /// The first address, as the other end knows this host.
    pub fn address(&self) -> Option<IpAddr> {
        self.addresses.first().map(IpNet::addr)
    }
}
