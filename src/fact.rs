//! Everything that can be known: what may be looked at ([`FactKey`]), what was there ([`Fact`]), and why
//! something was not seen ([`Unseen`]).
//!
//! Facts name what was observed ("refused"), never what it means ("firewalled"). No type here has room for a
//! secret: a password is a [`Presence`], a private key is never kept.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub mod api;
pub mod celery;
mod cursor;
pub mod delivery;
pub mod dial;
pub mod docker;
pub mod environment;
pub mod firewall;
pub mod glob;
pub mod limits;
pub mod network;
pub mod postgres;
pub mod redis;
pub mod service;
pub mod windows;
pub mod wireguard;
mod words;

use api::ApiOutcome;
use celery::Celery;
use celery::process::Workers;
use delivery::Delivery;
use dial::{NameLooks, PingOutcome, TcpOutcome};
use docker::Docker;
use environment::Environment;
use firewall::Ufw;
use firewall::netfilter::Netfilter;
use network::routes::Routes;
use network::{Links, Listeners, Route};
use postgres::hba::PgHba;
use postgres::state::PgState;
use postgres::{PgConf, PgOutcome};
use redis::state::RedisState;
use redis::{RedisConf, RedisOutcome};
use service::{FileState, UnitState};
use wireguard::keys::WgKeys;
use wireguard::{WgConf, WgState};

/// Where we stand. In the order in which a connection's conditions arise: what is wrong upstream explains
/// what is wrong downstream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Vantage {
    /// The Linux host with the web app, Redis and PostgreSQL.
    Server,
    /// The GPU machine's own system.
    Client,
    /// Inside the worker's container.
    Container,
    /// A host that is not in the tunnel.
    Outside,
}

impl Vantage {
    /// All four, upstream first.
    pub const ALL: [Self; 4] = [Self::Server, Self::Client, Self::Container, Self::Outside];

    /// The word used on the command line, in check files and in output.
    pub fn word(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Client => "client",
            Self::Container => "container",
            Self::Outside => "outside",
        }
    }
}

impl fmt::Display for Vantage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl FromStr for Vantage {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|vantage| vantage.word() == text)
            .ok_or_else(|| format!("`{text}` is no vantage: server, client, container or outside"))
    }
}

/// Whether something secret is there. Its value has no room anywhere in a fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Presence {
    /// It is set.
    Present,
    /// It is not set, or empty.
    Absent,
}

impl Presence {
    /// Present if `there`.
    pub fn of(there: bool) -> Self {
        if there { Self::Present } else { Self::Absent }
    }

    /// True if present.
    pub fn is_present(self) -> bool {
        self == Self::Present
    }
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
}

impl Place {
    const ALL: [(Self, &'static str); 3] =
        [(Self::Server, "server"), (Self::Client, "client"), (Self::Public, "public")];
}

/// One of the two services of the deployment that are dialled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Service {
    /// Redis: the broker, the result backend, the rate limiter.
    Redis,
    /// PostgreSQL.
    Postgres,
}

impl Service {
    const ALL: [(Self, &'static str); 2] = [(Self::Redis, "redis"), (Self::Postgres, "postgres")];

    /// The word used in keys and output.
    pub fn word(self) -> &'static str {
        match self {
            Self::Redis => "redis",
            Self::Postgres => "postgres",
        }
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

/// One thing that can be looked at. Written the same way in check files and in snapshots: `tcp redis`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FactKey {
    /// The running state of WireGuard.
    Wg,
    /// The running state of WireGuard once more, after a packet was sent to each peer that looked idle.
    WgAgain,
    /// The tunnel's configuration file.
    WgConf,
    /// Files that are named like WireGuard's private keys.
    WgKeys,
    /// Network interfaces and their addresses.
    Links,
    /// The kernel's choice of route to a place.
    Route(Place),
    /// All routes.
    Routes,
    /// Sockets in LISTEN.
    Listeners,
    /// ufw's stored rules.
    Ufw,
    /// The kernel's own firewall rules.
    Netfilter,
    /// Redis' configuration file.
    RedisConf,
    /// PostgreSQL's configuration file.
    PgConf,
    /// PostgreSQL's rules of admission.
    PgHba,
    /// What the running PostgreSQL says of itself.
    PgState,
    /// A systemd unit.
    Unit(UnitTarget),
    /// A file's owner and mode.
    File(String),
    /// The variables of the worker (or, on the server, of the web app).
    Env,
    /// The worker's containers, as Docker knows them.
    Docker,
    /// The host names that the deployment's addresses use, as libc and as each name server answers.
    Names,
    /// An ICMP echo.
    Ping(Place),
    /// A TCP connection.
    Tcp(TcpTarget),
    /// Redis' own words to a PING.
    Redis,
    /// What the running Redis says of itself.
    RedisState,
    /// PostgreSQL's answer to `SELECT 1`.
    Postgres,
    /// What Celery keeps in Redis: who takes tasks, and what waits.
    Celery,
    /// Celery workers among the processes.
    Workers,
    /// The web app's HTTP interface for workers.
    Api,
    /// The delivery sidecar, and the SSH of the host that it delivers to.
    Delivery,
}

impl fmt::Display for FactKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = |place: &Place| Place::ALL.iter().find(|(p, _)| p == place).map_or("", |(_, word)| *word);
        match self {
            Self::Wg => f.write_str("wg"),
            Self::WgAgain => f.write_str("wg-again"),
            Self::WgConf => f.write_str("wg-conf"),
            Self::WgKeys => f.write_str("wg-keys"),
            Self::Links => f.write_str("links"),
            Self::Route(to) => write!(f, "route {}", place(to)),
            Self::Routes => f.write_str("routes"),
            Self::Listeners => f.write_str("listeners"),
            Self::Ufw => f.write_str("ufw"),
            Self::Netfilter => f.write_str("netfilter"),
            Self::RedisConf => f.write_str("redis-conf"),
            Self::PgConf => f.write_str("postgres-conf"),
            Self::PgHba => f.write_str("postgres-hba"),
            Self::PgState => f.write_str("postgres-state"),
            Self::Unit(UnitTarget::WireGuard) => f.write_str("unit wireguard"),
            Self::Unit(UnitTarget::Redis) => f.write_str("unit redis"),
            Self::Unit(UnitTarget::Postgres) => f.write_str("unit postgres"),
            Self::Unit(UnitTarget::Named(name)) => write!(f, "unit {name}"),
            Self::File(path) => write!(f, "file {path}"),
            Self::Env => f.write_str("env"),
            Self::Docker => f.write_str("docker"),
            Self::Names => f.write_str("names"),
            Self::Ping(to) => write!(f, "ping {}", place(to)),
            Self::Tcp(TcpTarget::Tunnel(service)) => write!(f, "tcp {}", service.word()),
            Self::Tcp(TcpTarget::Bound(service)) => write!(f, "tcp {}@tunnel", service.word()),
            Self::Tcp(TcpTarget::Public(service)) => write!(f, "tcp {}@public", service.word()),
            Self::Tcp(TcpTarget::Named(endpoint)) => write!(f, "tcp {endpoint}"),
            Self::Redis => f.write_str("redis"),
            Self::RedisState => f.write_str("redis-state"),
            Self::Postgres => f.write_str("postgres"),
            Self::Celery => f.write_str("celery"),
            Self::Workers => f.write_str("workers"),
            Self::Api => f.write_str("api"),
            Self::Delivery => f.write_str("delivery"),
        }
    }
}

impl FromStr for FactKey {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (kind, rest) = text.split_once(' ').unwrap_or((text, ""));
        let place = || {
            Place::ALL
                .iter()
                .find(|(_, word)| *word == rest)
                .map(|(place, _)| *place)
                .ok_or_else(|| format!("`{text}`: no such place; server, client or public"))
        };
        let service = |word: &str| Service::ALL.iter().find(|(_, w)| *w == word).map(|(service, _)| *service);
        let key = match kind {
            "route" => Self::Route(place()?),
            "ping" => Self::Ping(place()?),
            "unit" => Self::Unit(match rest {
                "wireguard" => UnitTarget::WireGuard,
                "redis" => UnitTarget::Redis,
                "postgres" => UnitTarget::Postgres,
                name if name.contains('.') => UnitTarget::Named(name.to_owned()),
                _ => {
                    return Err(format!("`{text}`: wireguard, redis, postgres, or a unit's full name with its suffix"));
                }
            }),
            "file" if rest.starts_with('/') => Self::File(rest.to_owned()),
            "file" => return Err(format!("`{text}`: a file needs its full path")),
            "tcp" => Self::Tcp(match rest.split_once('@') {
                Some((word, "public")) => {
                    TcpTarget::Public(service(word).ok_or_else(|| format!("`{text}`: no such service"))?)
                }
                Some((word, "tunnel")) => {
                    TcpTarget::Bound(service(word).ok_or_else(|| format!("`{text}`: no such service"))?)
                }
                _ => match service(rest) {
                    Some(service) => TcpTarget::Tunnel(service),
                    None if rest.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok()) => {
                        TcpTarget::Named(rest.to_owned())
                    }
                    None => return Err(format!("`{text}`: redis, postgres, or HOST:PORT")),
                },
            }),
            _ if !rest.is_empty() => return Err(format!("`{text}` is nothing that can be looked at")),
            "wg" => Self::Wg,
            "wg-again" => Self::WgAgain,
            "wg-conf" => Self::WgConf,
            "wg-keys" => Self::WgKeys,
            "links" => Self::Links,
            "routes" => Self::Routes,
            "listeners" => Self::Listeners,
            "ufw" => Self::Ufw,
            "netfilter" => Self::Netfilter,
            "redis-conf" => Self::RedisConf,
            "postgres-conf" => Self::PgConf,
            "postgres-hba" => Self::PgHba,
            "postgres-state" => Self::PgState,
            "env" => Self::Env,
            "docker" => Self::Docker,
            "names" => Self::Names,
            "redis" => Self::Redis,
            "redis-state" => Self::RedisState,
            "postgres" => Self::Postgres,
            "celery" => Self::Celery,
            "workers" => Self::Workers,
            "api" => Self::Api,
            "delivery" => Self::Delivery,
            _ => return Err(format!("`{text}` is nothing that can be looked at")),
        };
        Ok(key)
    }
}

impl FactKey {
    /// Every word that a look at this can bring.
    pub fn words(&self) -> Vec<&'static str> {
        match self {
            Self::Wg | Self::WgAgain => WgState::WORDS,
            Self::WgConf | Self::RedisConf | Self::PgConf | Self::PgHba => &["there"],
            Self::PgState | Self::RedisState => &["running"],
            Self::WgKeys => WgKeys::WORDS,
            Self::Links | Self::Routes | Self::Listeners | Self::Env | Self::Celery => &["seen"],
            Self::Route(_) => Route::WORDS,
            Self::Ufw => Ufw::WORDS,
            Self::Netfilter => Netfilter::WORDS,
            Self::Unit(_) => UnitState::WORDS,
            Self::File(_) => FileState::WORDS,
            Self::Docker => return docker::State::WORDS.iter().chain(&["none"]).copied().collect(),
            Self::Names => NameLooks::WORDS,
            Self::Ping(_) => dial::Echo::WORDS,
            Self::Tcp(_) => dial::Dial::WORDS,
            Self::Redis => redis::RedisSaid::WORDS,
            Self::Postgres => postgres::PgSaid::WORDS,
            Self::Workers => Workers::WORDS,
            Self::Api => api::ApiSaid::WORDS,
            Self::Delivery => Delivery::WORDS,
        }
        .to_vec()
    }
}

/// Keys are text in every file, so that a person can read and write them.
macro_rules! serde_as_text {
    ($type:ty) => {
        impl Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
serde_as_text!(FactKey);

/// What was there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "each variant is the type it holds")]
pub enum Fact {
    Wg(WgState),
    WgConf(WgConf),
    WgKeys(WgKeys),
    Links(Links),
    Route(Route),
    Routes(Routes),
    Listeners(Listeners),
    Ufw(Ufw),
    Netfilter(Netfilter),
    RedisConf(RedisConf),
    PgConf(PgConf),
    PgHba(PgHba),
    PgState(PgState),
    Unit(UnitState),
    File(FileState),
    Env(Environment),
    Docker(Docker),
    Names(NameLooks),
    Ping(PingOutcome),
    Tcp(TcpOutcome),
    Redis(RedisOutcome),
    RedisState(RedisState),
    Postgres(PgOutcome),
    Celery(Celery),
    Workers(Workers),
    Api(ApiOutcome),
    Delivery(Delivery),
}

impl Fact {
    /// The one word for what was seen, which a plain check may expect.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Wg(it) => it.label(),
            Self::WgConf(_) | Self::RedisConf(_) | Self::PgConf(_) | Self::PgHba(_) => "there",
            Self::PgState(_) | Self::RedisState(_) => "running",
            Self::WgKeys(it) => it.label(),
            Self::Links(_) | Self::Routes(_) => "seen",
            Self::Route(it) => it.label(),
            Self::Listeners(_) => "seen",
            Self::Ufw(it) => it.label(),
            Self::Netfilter(it) => it.label(),
            Self::Unit(it) => it.label(),
            Self::File(it) => it.label(),
            Self::Env(_) => "seen",
            Self::Docker(it) => it.label(),
            Self::Names(it) => it.label(),
            Self::Ping(it) => it.how.label(),
            Self::Tcp(it) => it.how.label(),
            Self::Redis(it) => it.said.label(),
            Self::Postgres(it) => it.said.label(),
            Self::Celery(_) => "seen",
            Self::Workers(it) => it.label(),
            Self::Api(it) => it.said.label(),
            Self::Delivery(it) => it.label(),
        }
    }

    /// What was seen in lines a person can check by hand: the evidence under a finding.
    pub fn summary(&self) -> Vec<String> {
        match self {
            Self::Wg(it) => it.summary(),
            Self::WgConf(it) => it.summary(),
            Self::WgKeys(it) => it.summary(),
            Self::Links(it) => it.summary(),
            Self::Route(it) => it.summary(),
            Self::Routes(it) => it.summary(),
            Self::Listeners(it) => it.summary(),
            Self::Ufw(it) => it.summary(),
            Self::Netfilter(it) => it.summary(),
            Self::RedisConf(it) => it.summary(),
            Self::PgConf(it) => it.summary(),
            Self::PgHba(it) => it.summary(),
            Self::PgState(it) => it.summary(),
            Self::Unit(it) => vec![it.summary()],
            Self::File(it) => vec![it.summary()],
            Self::Env(it) => it.summary(),
            Self::Docker(it) => it.summary(),
            Self::Names(it) => it.summary(),
            Self::Ping(it) => vec![it.summary()],
            Self::Tcp(it) => vec![it.summary()],
            Self::Redis(it) => it.summary(),
            Self::RedisState(it) => it.summary(),
            Self::Postgres(it) => it.summary(),
            Self::Celery(it) => it.summary(),
            Self::Workers(it) => it.summary(),
            Self::Api(it) => vec![it.summary()],
            Self::Delivery(it) => it.summary(),
        }
    }
}

/// Why something was not seen. Never to be confused with what was seen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unseen {
    /// Nobody looked from there.
    #[error("no snapshot of the {0} is at hand; `clipcheck snapshot` there makes one")]
    NoSnapshot(Vantage),
    /// The snapshot does not hold this fact.
    #[error("`{0}` was not looked at")]
    NotAsked(FactKey),
    /// Rights are missing; holds what would give them.
    #[error("no right to see it: {0}")]
    NeedsRights(String),
    /// There is no such program here.
    #[error("`{0}` is not installed")]
    NotInstalled(String),
    /// A program or kernel feature is missing, or does not answer.
    #[error("{0}")]
    NoTool(String),
    /// This process itself ran short of something; holds of what. Says nothing about the machine.
    #[error("clipcheck could not look: {0}")]
    OwnLimit(String),
    /// What would be looked at is not known: an address, a file's place.
    #[error("{0}")]
    NotKnown(String),
    /// Looking would have done harm: a password would have left the tunnel.
    #[error("not tried: {0}")]
    Declined(String),
    /// The deadline of the run came first.
    #[error("no answer before the run's deadline; `--deadline` sets it")]
    Deadline,
    /// Something was read and could not be understood; holds where.
    #[error("could not be understood: {0}")]
    Unreadable(String),
    /// What was seen allows no verdict; holds what would.
    #[error("{0}")]
    Undecided(String),
    /// The probe itself failed: a defect of this program.
    #[error("the probe crashed; this is a defect of clipcheck")]
    Crashed,
}

/// A fact, or why there is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the two variants say it")]
#[expect(clippy::large_enum_variant, reason = "a snapshot has a few dozen, nearly all of them seen")]
pub enum Sight {
    Seen(Fact),
    Unseen(Unseen),
}

/// The result of one look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observed {
    /// What was there, or why nothing was seen.
    pub sight: Sight,
    /// Who answered: "kernel (netlink)", "/etc/wireguard/wg0.conf".
    pub source: String,
    /// How long the look took, in microseconds.
    pub took_us: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_read_back_as_they_are_written() {
        for text in [
            "wg",
            "wg-again",
            "wg-conf",
            "wg-keys",
            "links",
            "route server",
            "route client",
            "route public",
            "routes",
            "listeners",
            "ufw",
            "netfilter",
            "redis-conf",
            "postgres-conf",
            "postgres-hba",
            "postgres-state",
            "redis-state",
            "unit wireguard",
            "unit redis",
            "unit postgres",
            "unit ssh.service",
            "file /etc/wireguard/wg0.conf",
            "env",
            "names",
            "ping server",
            "ping client",
            "tcp redis",
            "tcp postgres@public",
            "tcp redis@tunnel",
            "tcp 10.8.0.1:22",
            "redis",
            "postgres",
            "celery",
            "workers",
            "api",
            "delivery",
        ] {
            assert_eq!(text.parse::<FactKey>().expect(text).to_string(), text);
        }
        for text in
            ["", "nonsense", "route nowhere", "tcp redis@moon", "tcp nowhere", "file relative", "unit x", "wg x"]
        {
            assert!(text.parse::<FactKey>().is_err(), "{text}");
        }
    }
}
