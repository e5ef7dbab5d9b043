//! The tunnel's file as it is written: its values, their places, and what in it is refused.

use std::fmt;
use std::net::IpAddr;
use std::path::Path;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::maker::{Adopted, Maker};
use super::parse_error::{ParseError, Slip};
use super::short_key;

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
    /// Good but for the `=` at its end.
    Unpadded,
    /// Broken in two: together with the next line it is good.
    Wrapped,
    /// The beginning of a key.
    Truncated,
    /// Anything else that `wg` refuses.
    Malformed,
}

/// The tunnel's file as written: wg-quick's, or that of another program that makes the interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WgConf {
    /// Its full path.
    pub path: String,
    /// Permission bits, e.g. `0o600`.
    pub mode: u32,
    /// Where the first `[Interface]` is.
    #[serde(default)]
    pub interface_at: Option<At>,
    /// `Address =`, all of them.
    pub addresses: Vec<IpNet>,
    /// Where the first `Address =` is.
    #[serde(default)]
    pub address_at: Option<At>,
    /// Where the first one of IPv6 is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address_six_at: Option<At>,
    /// `ListenPort =`.
    pub listen_port: Option<(u16, At)>,
    /// `PrivateKey =`.
    pub private_key: Option<(KeyShape, At)>,
    /// The public key that belongs to the private key, in base64; none unless that is well formed.
    pub derived_public: Option<String>,
    /// `DNS =`, its values, and where.
    pub dns: Option<(String, At)>,
    /// That there is a `DNS =` line for wg-quick, and no program `resolvconf`, which it calls for that.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub no_resolvconf: bool,
    /// `MTU =`.
    #[serde(default)]
    pub mtu: Option<(String, At)>,
    /// `Table =`, and where.
    #[serde(default)]
    pub table: Option<(Table, At)>,
    /// What systemd-networkd applies to the interface, where that is not the tunnel's own file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adopted: Option<Adopted>,
    /// `SaveConfig = true`.
    pub save_config: bool,
    /// `PreUp`, `PostUp`, `PreDown` and `PostDown`: their names and places. Their commands may hold secrets.
    #[serde(default)]
    pub hooks: Vec<(String, At)>,
    /// The first command of a start (`PreUp`, `PostUp`) that may give the interface a key or peers: one that runs `wg`, or a script.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sets: Option<At>,
    /// The `[Peer]` sections in order.
    pub peers: Vec<WgConfPeer>,
    /// What `wg`, `wg-quick` or `ip` refuse, each at its place, in the order of the file.
    #[serde(default)]
    pub parse_errors: Vec<ParseError>,
    /// What they take, but not as it is written.
    #[serde(default)]
    pub slips: Vec<Slip>,
    /// The other files of their kind beside this one.
    #[serde(default)]
    pub others: Vec<String>,
    /// Who makes the interface of it; none for wg-quick.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_by: Option<Maker>,
}

/// Where wg-quick puts the routes of `AllowedIPs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Table {
    /// `off`: it makes none.
    Off,
    /// `auto`, as without the line: into the main table, and for everything else into one of its own.
    Auto,
    /// Into this one.
    Numbered(u32),
    /// Into one that has a name of its own (`/etc/iproute2/rt_tables`).
    Named,
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
    /// Where a `PresharedKey =` is.
    #[serde(default)]
    pub preshared_at: Option<At>,
    /// `AllowedIPs =`, all of them.
    pub allowed_ips: Vec<IpNet>,
    /// Where each of them is.
    #[serde(default)]
    pub allowed_at: Vec<At>,
    /// `Endpoint =` as written, host and port apart where that is possible, and where.
    pub endpoint: Option<(WrittenEndpoint, At)>,
    /// `PersistentKeepalive =` in seconds; none for off.
    pub keepalive: Option<u16>,
    /// Where that is.
    #[serde(default)]
    pub keepalive_at: Option<At>,
}

impl WgConfPeer {
    /// A section that says nothing.
    pub(crate) fn empty(at: At) -> Self {
        Self {
            at,
            public_key: None,
            key_shape: None,
            key_at: None,
            preshared_at: None,
            allowed_ips: Vec::new(),
            allowed_at: Vec::new(),
            endpoint: None,
            keepalive: None,
            keepalive_at: None,
        }
    }
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
    /// A file that says nothing.
    pub(crate) fn empty(path: &str, mode: u32) -> Self {
        Self {
            path: path.to_owned(),
            mode,
            interface_at: None,
            addresses: Vec::new(),
            address_at: None,
            address_six_at: None,
            listen_port: None,
            private_key: None,
            derived_public: None,
            dns: None,
            no_resolvconf: false,
            mtu: None,
            table: None,
            save_config: false,
            hooks: Vec::new(),
            sets: None,
            peers: Vec::new(),
            parse_errors: Vec::new(),
            slips: Vec::new(),
            others: Vec::new(),
            made_by: None,
            adopted: None,
        }
    }

    pub(crate) fn summary(&self) -> Vec<String> {
        let addresses = self.addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let port =
            self.listen_port.map_or_else(|| "no ListenPort".to_owned(), |(port, _)| format!("ListenPort {port}"));
        let mut lines = vec![format!("{}: Address {addresses}, {port}, {} [Peer]", self.path, self.peers.len())];
        if let Some(maker) = &self.made_by {
            let network = maker.network.as_ref().map_or_else(String::new, |path| format!(", with {path}"));
            let netplan = maker.netplan.as_ref().map_or_else(String::new, |path| format!(", generated from {path}"));
            lines.push(format!("{}: a file of {}{network}{netplan}", self.path, maker.program.name()));
        }
        for parse_error in &self.parse_errors {
            lines.push(format!("{}:{}: {}", self.path, parse_error.at, parse_error.words()));
        }
        let hooks: Vec<&str> = self.hooks.iter().map(|(name, _)| name.as_str()).collect();
        for (what, list) in [("runs commands", hooks.join(", ")), ("other files", self.others.join(", "))] {
            if !list.is_empty() {
                lines.push(format!("{}: {what}: {list}", self.path));
            }
        }
        if let Some((dns, at)) = &self.dns {
            lines.push(format!("{}:{}: DNS = {dns}", self.path, at.line));
        }
        if let Some((Table::Off | Table::Numbered(_) | Table::Named, at)) = self.table {
            lines.push(format!("{}:{}: Table: its routes are not in the main table", self.path, at.line));
        }
        for peer in &self.peers {
            let key = peer.public_key.as_deref().map_or_else(|| "without a key".to_owned(), short_key);
            lines.push(format!("{}:{}: [Peer] {key}", self.path, peer.at.line));
        }
        lines
    }

    /// The parse_error at which wg-quick gives up: it reads the whole file first, then hands it to `wg`, which stops at
    /// the first line that it refuses, and then to `ip`.
    pub fn refused(&self) -> Option<&ParseError> {
        self.parse_errors.iter().min_by_key(|parse_error| (parse_error.what.turn(), parse_error.at.line))
    }

    /// The interface that it is for; wg-quick's is named by its file.
    pub fn interface(&self) -> Option<&str> {
        match &self.made_by {
            Some(maker) => Some(&maker.interface),
            None => Path::new(&self.path).file_stem()?.to_str(),
        }
    }

    /// The file in which its addresses stand.
    pub fn addresses_in(&self) -> &str {
        self.made_by.as_ref().and_then(|maker| maker.network.as_deref()).unwrap_or(&self.path)
    }

    /// The first address, as the other end knows this host.
    pub fn address(&self) -> Option<IpAddr> {
        self.addresses.first().map(IpNet::addr)
    }
}
