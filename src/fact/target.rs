//! What a look is aimed at, and how that is written: `route client`, `unit redis`, `tcp redis@public`.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// What stands behind the first word of a look.
pub(super) trait Target: Sized {
    /// Forms of it, for those who write checks.
    const FORMS: &'static [&'static str];

    /// Reads one; the error says what would be one.
    fn read(text: &str) -> Result<Self, &'static str>;

    /// As it is read.
    fn text(&self) -> String;
}

/// A host of the deployment by its part in it. Its address is settled from the profile and from what is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// The server's address in the tunnel (10.8.0.1 in the guide).
    Server,
    /// The client's address in the tunnel (10.8.0.2 in the guide).
    Client,
    /// The server's address outside the tunnel.
    Public,
    /// Another client's address in the tunnel, where the server has several.
    Peer(IpAddr),
}

impl Target for Place {
    const FORMS: &'static [&'static str] = &["server", "client", "public", "10.8.0.3"];

    fn read(text: &str) -> Result<Self, &'static str> {
        match text {
            "server" => Ok(Self::Server),
            "client" => Ok(Self::Client),
            "public" => Ok(Self::Public),
            _ => text.parse().map(Self::Peer).map_err(|_| "no such place; server, client, public or an address"),
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Server => "server".to_owned(),
            Self::Client => "client".to_owned(),
            Self::Public => "public".to_owned(),
            Self::Peer(address) => address.to_string(),
        }
    }
}

/// One of the two services of the deployment that are dialled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Service {
    /// Redis: the broker, the result backend, the rate limiter.
    Redis,
    /// PostgreSQL.
    Postgres,
}

impl Service {
    /// The word used in keys and output.
    pub fn word(self) -> &'static str {
        self.into()
    }

    fn read(word: &str) -> Option<Self> {
        [Self::Redis, Self::Postgres].into_iter().find(|service| service.word() == word)
    }
}

/// What a TCP look dials.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TcpTarget {
    /// The service at the server's tunnel address: `tcp redis`.
    Tunnel(Service),
    /// The same, by a socket that is bound to the tunnel's interface: `tcp redis@tunnel`.
    Bound(Service),
    /// The service at the server's address outside the tunnel: `tcp redis@public`.
    Public(Service),
    /// An address of the user's own: `tcp 10.8.0.1:22`.
    Named(String),
}

impl Target for TcpTarget {
    const FORMS: &'static [&'static str] = &["redis", "postgres", "redis@tunnel", "redis@public", "10.8.0.1:22"];

    fn read(text: &str) -> Result<Self, &'static str> {
        let service = |word: &str| Service::read(word).ok_or("no such service");
        match text.split_once('@') {
            Some((word, "public")) => service(word).map(Self::Public),
            Some((word, "tunnel")) => service(word).map(Self::Bound),
            _ if text.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok()) => {
                Ok(Self::Named(text.to_owned()))
            }
            _ => Service::read(text).map(Self::Tunnel).ok_or("redis, postgres, or HOST:PORT"),
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Tunnel(service) => service.word().to_owned(),
            Self::Bound(service) => format!("{}@tunnel", service.word()),
            Self::Public(service) => format!("{}@public", service.word()),
            Self::Named(endpoint) => endpoint.clone(),
        }
    }
}

/// A monitoring plug-in, by the id of the check whose file names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PluginOf(pub String);

impl Target for PluginOf {
    const FORMS: &'static [&'static str] = &["disk-space"];

    fn read(text: &str) -> Result<Self, &'static str> {
        let kebab = text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        if kebab && !text.is_empty() { Ok(Self(text.to_owned())) } else { Err("a plug-in is known by its check's id") }
    }

    fn text(&self) -> String {
        self.0.clone()
    }
}

/// A systemd unit by its part in the deployment, or by name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UnitTarget {
    /// `wg-quick@wg0.service`, with the interface's own name.
    WireGuard,
    /// Redis.
    Redis,
    /// PostgreSQL's first cluster on the deployment's port.
    Postgres,
    /// A unit of the user's own.
    Named(String),
}

impl Target for UnitTarget {
    const FORMS: &'static [&'static str] = &["wireguard", "redis", "postgres", "ssh.service"];

    fn read(text: &str) -> Result<Self, &'static str> {
        match text {
            "wireguard" => Ok(Self::WireGuard),
            "redis" => Ok(Self::Redis),
            "postgres" => Ok(Self::Postgres),
            name if name.contains('.') => Ok(Self::Named(name.to_owned())),
            _ => Err("wireguard, redis, postgres, or a unit's full name with its suffix"),
        }
    }

    fn text(&self) -> String {
        match self {
            Self::WireGuard => "wireguard".to_owned(),
            Self::Redis => "redis".to_owned(),
            Self::Postgres => "postgres".to_owned(),
            Self::Named(name) => name.clone(),
        }
    }
}

/// A file by its full path.
impl Target for String {
    const FORMS: &'static [&'static str] = &["/full/path"];

    fn read(text: &str) -> Result<Self, &'static str> {
        if text.starts_with('/') { Ok(text.to_owned()) } else { Err("a file needs its full path") }
    }

    fn text(&self) -> String {
        self.clone()
    }
}
