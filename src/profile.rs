//! What the deployment is said to be, and what it turns out to be.
//!
//! A [`Profile`] is what the user says: flags, then a file. [`settle`] completes it from what was seen on this
//! machine and, last, from the guide. Every address remembers where it comes from, so that no judge mistakes a
//! default for knowledge.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::fact::app::App;
use crate::fact::{FactKey, Observed, Service, Vantage};

mod application;
pub mod draft;
mod evidence;

use evidence::Evidence;

/// How the worker gets its jobs and reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum, strum::IntoStaticStr)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Topology {
    /// From and to PostgreSQL, as up to version 0.11.
    Database,
    /// By FLASK_APP_URL, as from version 0.12 on.
    Api,
}

impl Topology {
    /// The word used on the command line and in profiles.
    pub fn word(self) -> &'static str {
        self.into()
    }
}

/// What the user says about the deployment. Everything may be left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// The server's address in the tunnel.
    pub server: Option<IpAddr>,
    /// The client's address in the tunnel.
    pub client: Option<IpAddr>,
    /// The tunnel's subnet.
    pub subnet: Option<IpNet>,
    /// The server's address outside the tunnel, for the exposure looks.
    pub public: Option<IpAddr>,
    /// The WireGuard interface's name.
    pub interface: Option<String>,
    /// WireGuard's UDP port on the server.
    pub wireguard_port: Option<u16>,
    /// Redis' port.
    pub redis_port: Option<u16>,
    /// PostgreSQL's port.
    pub postgres_port: Option<u16>,
    /// The worker container's name.
    pub container: Option<String>,
    /// The web app's environment file on the server.
    pub web_env: Option<String>,
    /// How the worker reports; found out from its variables if left away.
    pub topology: Option<Topology>,
    /// The file that all this was read from.
    #[serde(skip)]
    pub path: Option<String>,
    /// The application, where it is not ClippyFront.
    pub app: Option<String>,
    /// Its variable with the broker's URL.
    pub broker: Option<String>,
    /// Its variable with the result backend's URL.
    pub results: Option<String>,
    /// Its variable with the database's URL.
    pub database: Option<String>,
    /// Its database's name in PostgreSQL.
    pub database_name: Option<String>,
    /// The queues that the worker is for; Celery's own default is `celery`.
    pub queues: Option<Vec<String>>,
    /// The systemd unit that runs the worker.
    pub unit: Option<String>,
    /// The files of variables that the worker's own code reads.
    pub env_files: Option<Vec<String>>,
    /// Whether the worker reports by HTTP; only ClippyFront's interface for that is known.
    pub api: Option<bool>,
}

impl Profile {
    /// Reads a profile from the text of a TOML file. The error holds line and column.
    pub fn parse(text: &str, path: &Path) -> Result<Self, String> {
        let profile: Self = toml::from_str(text).map_err(|error| {
            let at = error.span().map_or_else(String::new, |span| {
                let before = text.get(..span.start).unwrap_or(text);
                let line = before.matches('\n').count() + 1;
                let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
                format!(":{line}:{column}")
            });
            format!("{}{at}: {}", path.display(), error.message())
        })?;
        let line = |key: &str| {
            let is_of =
                |line: &str| line.trim_start().strip_prefix(key).is_some_and(|it| it.trim_start().starts_with('='));
            text.lines().position(is_of).map_or(1, |at| at + 1)
        };
        match profile.mistake() {
            None => Ok(Self { path: Some(path.display().to_string()), ..profile }),
            Some((key, says)) => Err(format!("{}:{}: {says}", path.display(), line(key))),
        }
    }

    /// What `self` leaves open is taken from `other`.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            server: self.server.or(other.server),
            client: self.client.or(other.client),
            subnet: self.subnet.or(other.subnet),
            public: self.public.or(other.public),
            interface: self.interface.or(other.interface),
            wireguard_port: self.wireguard_port.or(other.wireguard_port),
            redis_port: self.redis_port.or(other.redis_port),
            postgres_port: self.postgres_port.or(other.postgres_port),
            container: self.container.or(other.container),
            web_env: self.web_env.or(other.web_env),
            topology: self.topology.or(other.topology),
            path: self.path.or(other.path),
            app: self.app.or(other.app),
            broker: self.broker.or(other.broker),
            results: self.results.or(other.results),
            database: self.database.or(other.database),
            database_name: self.database_name.or(other.database_name),
            queues: self.queues.or(other.queues),
            unit: self.unit.or(other.unit),
            env_files: self.env_files.or(other.env_files),
            api: self.api.or(other.api),
        }
    }
}

impl Profile {
    /// The same as flags, for this program in a container: all but what only the hosts have.
    pub fn flags(&self) -> Vec<String> {
        let values = [
            ("--server", self.server.map(|it| it.to_string())),
            ("--client", self.client.map(|it| it.to_string())),
            ("--subnet", self.subnet.map(|it| it.to_string())),
            ("--public", self.public.map(|it| it.to_string())),
            ("--interface", self.interface.clone()),
            ("--wireguard-port", self.wireguard_port.map(|it| it.to_string())),
            ("--redis-port", self.redis_port.map(|it| it.to_string())),
            ("--postgres-port", self.postgres_port.map(|it| it.to_string())),
            ("--topology", self.topology.map(|it| it.word().to_owned())),
            ("--application", self.app().and_then(|app| serde_json::to_string(&App { profile: None, ..app }).ok())),
        ];
        values.into_iter().filter_map(|(flag, value)| Some(format!("{flag}={}", value?))).collect()
    }
}

/// Where a value comes from, the stronger first. No judge takes an assumed one for knowledge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Origin {
    /// The user said so, by flag or profile file.
    Told,
    /// It was seen: a file, an interface, a peer, a URL.
    Seen,
    /// Nobody said it and nothing shows it: the guide's value.
    Assumed,
}

/// A value and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known<T> {
    /// The value.
    pub value: T,
    /// Where it comes from.
    pub origin: Origin,
}

impl<T> Known<T> {
    fn first(said: Option<T>, seen: Option<T>, guide: T) -> Self {
        match (said, seen) {
            (Some(value), _) => Self { value, origin: Origin::Told },
            (None, Some(value)) => Self { value, origin: Origin::Seen },
            (None, None) => Self { value: guide, origin: Origin::Assumed },
        }
    }
}

/// The deployment's addresses as settled for one vantage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Addresses {
    /// The server in the tunnel.
    pub server: Known<IpAddr>,
    /// The client in the tunnel.
    pub client: Known<IpAddr>,
    /// The tunnel's subnet.
    pub subnet: Known<IpNet>,
    /// The server outside the tunnel.
    pub public: Option<IpAddr>,
    /// The WireGuard interface on this machine.
    pub interface: Known<String>,
    /// WireGuard's UDP port on the server.
    pub wireguard_port: Known<u16>,
    /// Redis' port.
    pub redis_port: Known<u16>,
    /// PostgreSQL's port.
    pub postgres_port: Known<u16>,
    /// Where Redis is met in the tunnel, where that is another one of the server's addresses there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redis_at: Option<IpAddr>,
    /// The same for PostgreSQL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postgres_at: Option<IpAddr>,
    /// How the worker reports, where the user said it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topology: Option<Topology>,
    /// The application, where it is not ClippyFront.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<App>,
}

impl Addresses {
    /// Where a service is met in the tunnel.
    pub fn of(&self, service: Service) -> SocketAddr {
        let at = match service {
            Service::Redis => self.redis_at,
            Service::Postgres => self.postgres_at,
        };
        SocketAddr::new(at.unwrap_or(self.server.value), self.port(service).value)
    }

    /// Its port.
    pub fn port(&self, service: Service) -> &Known<u16> {
        match service {
            Service::Redis => &self.redis_port,
            Service::Postgres => &self.postgres_port,
        }
    }
}

/// The guide's addresses (its section "Topology") and the programs' own default ports.
mod guide {
    use std::net::{IpAddr, Ipv4Addr};

    pub(super) const SERVER: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 8, 0, 1));
    pub(super) const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 8, 0, 2));
    pub(super) const PREFIX: u8 = 24;
    pub(super) const INTERFACE: &str = "wg0";
    pub(super) const WIREGUARD_PORT: u16 = 51820;
    pub(super) const REDIS_PORT: u16 = 6379;
    pub(super) const POSTGRES_PORT: u16 = 5432;
}

/// The keys that [`settle`] reads: they are looked at first.
pub const SETTLING: [FactKey; 4] = [FactKey::Wg, FactKey::WgConf, FactKey::Links, FactKey::Env];

/// Completes a profile from what was seen.
pub fn settle(profile: &Profile, vantage: Vantage, seen: &BTreeMap<FactKey, Box<Observed>>) -> Addresses {
    let evidence = Evidence::of(vantage, seen);
    let server = Known::first(profile.server, evidence.server, evidence.first.unwrap_or(guide::SERVER));
    let client = Known::first(profile.client, evidence.client, guide::CLIENT);
    let around = IpNet::new(server.value, if server.value.is_ipv4() { guide::PREFIX } else { 64 })
        .map_or_else(|_| IpNet::from(server.value), |net| net.trunc());
    Addresses {
        subnet: Known::first(profile.subnet, evidence.subnet, around),
        public: profile.public.or(evidence.public),
        interface: Known::first(profile.interface.clone(), evidence.interface, guide::INTERFACE.to_owned()),
        wireguard_port: Known::first(profile.wireguard_port, evidence.wireguard_port, guide::WIREGUARD_PORT),
        redis_port: Known::first(profile.redis_port, evidence.redis_port, guide::REDIS_PORT),
        postgres_port: Known::first(profile.postgres_port, evidence.postgres_port, guide::POSTGRES_PORT),
        redis_at: evidence.redis_at.filter(|at| *at != server.value),
        postgres_at: evidence.postgres_at.filter(|at| *at != server.value),
        topology: if profile.api == Some(false) { Some(Topology::Database) } else { profile.topology },
        app: profile.app(),
        server,
        client,
    }
}

#[cfg(test)]
mod tests;
