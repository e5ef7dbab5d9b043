//! What the deployment is said to be, and what it turns out to be.
//!
//! A [`Profile`] is what the user says: flags, then a file. [`settle`] completes it from what was seen on this
//! machine and, last, from the guide. Every address remembers where it comes from, so that no judge mistakes a
//! default for knowledge.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::fact::environment::{EnvUrl, Environment};
use crate::fact::network::{Links, is_link_local};
use crate::fact::wireguard::{WgConf, WgState};
use crate::fact::{Fact, FactKey, Observed, Sight, Vantage};

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
}

impl Profile {
    /// Reads a profile from the text of a TOML file. The error holds line and column.
    pub fn parse(text: &str, path: &Path) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| {
            let at = error.span().map_or_else(String::new, |span| {
                let before = &text[..span.start.min(text.len())];
                let line = before.matches('\n').count() + 1;
                let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
                format!(":{line}:{column}")
            });
            format!("{}{at}: {}", path.display(), error.message())
        })
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
        ];
        values.into_iter().filter_map(|(flag, value)| Some(format!("{flag}={}", value?))).collect()
    }
}

/// Where a value comes from, the stronger first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// The user said so, by flag or profile file.
    Said,
    /// It was seen on this machine.
    Seen,
    /// The guide's value.
    Guide,
}

/// A value and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known<T> {
    /// The value.
    pub value: T,
    /// Where it comes from.
    pub source: Source,
}

impl<T> Known<T> {
    fn first(said: Option<T>, seen: Option<T>, guide: T) -> Self {
        match (said, seen) {
            (Some(value), _) => Self { value, source: Source::Said },
            (None, Some(value)) => Self { value, source: Source::Seen },
            (None, None) => Self { value: guide, source: Source::Guide },
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
pub fn settle(profile: &Profile, vantage: Vantage, seen: &BTreeMap<FactKey, Observed>) -> Addresses {
    let evidence = Evidence::of(vantage, seen);
    let server = Known::first(profile.server, evidence.server, guide::SERVER);
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
        server,
        client,
    }
}

#[derive(Default)]
struct Evidence {
    server: Option<IpAddr>,
    client: Option<IpAddr>,
    subnet: Option<IpNet>,
    public: Option<IpAddr>,
    interface: Option<String>,
    wireguard_port: Option<u16>,
    redis_port: Option<u16>,
    postgres_port: Option<u16>,
}

impl Evidence {
    fn of(vantage: Vantage, seen: &BTreeMap<FactKey, Observed>) -> Self {
        let fact = |key: &FactKey| match seen.get(key).map(|observed| &observed.sight) {
            Some(Sight::Seen(fact)) => Some(fact),
            Some(Sight::Unseen(_)) | None => None,
        };
        let mut evidence = Self::default();
        let conf =
            fact(&FactKey::WgConf).and_then(|fact| if let Fact::WgConf(conf) = fact { Some(conf) } else { None });
        let wg = fact(&FactKey::Wg).and_then(|fact| if let Fact::Wg(wg) = fact { Some(wg) } else { None });
        let links =
            fact(&FactKey::Links).and_then(|fact| if let Fact::Links(links) = fact { Some(links) } else { None });
        let env = fact(&FactKey::Env).and_then(|fact| if let Fact::Env(env) = fact { Some(env) } else { None });
        evidence.tunnel(vantage, conf, wg, links);
        if let Some(env) = env {
            evidence.urls(vantage, env);
        }
        evidence
    }

    /// What the tunnel itself tells: this host's own address, the subnet, the far end's.
    fn tunnel(&mut self, vantage: Vantage, conf: Option<&WgConf>, wg: Option<&WgState>, links: Option<&Links>) {
        let running = wg.and_then(|wg| match wg.interfaces.as_slice() {
            [only] => Some(only),
            _ => None,
        });
        let wireguard_link = links.and_then(|links| {
            let mut of_kind = links.links.iter().filter(|link| link.kind.as_deref() == Some("wireguard"));
            of_kind.next().filter(|_| of_kind.next().is_none())
        });
        self.interface = running
            .map(|interface| interface.name.clone())
            .or_else(|| wireguard_link.map(|link| link.name.clone()))
            .or_else(|| conf.and_then(|conf| Path::new(&conf.path).file_stem()?.to_str().map(str::to_owned)));
        // What runs goes before what is written: the file may not have been loaded yet.
        let on_link = self
            .interface
            .as_deref()
            .and_then(|name| links?.named(name)?.addresses.iter().find(|net| !is_link_local(net.addr())).copied());
        let own = on_link.or_else(|| conf.and_then(|conf| conf.addresses.first().copied()));
        // A /32 or /128 says nothing about the subnet.
        self.subnet = own.filter(|net| net.prefix_len() < net.max_prefix_len()).map(|net| net.trunc());
        match vantage {
            Vantage::Server => {
                self.server = own.map(|net| net.addr());
                self.client = running.and_then(|interface| match interface.peers.as_slice() {
                    [only] => {
                        only.allowed_ips.iter().find(|net| net.prefix_len() == net.max_prefix_len()).map(IpNet::addr)
                    }
                    _ => None,
                });
                let written = conf.and_then(|conf| conf.listen_port).map(|(port, _)| port);
                // A port that nobody wrote down is another one after the next start.
                self.wireguard_port =
                    written.map(|written| running.and_then(|interface| interface.listen_port).unwrap_or(written));
            }
            Vantage::Client => {
                self.client = own.map(|net| net.addr());
                // The guide numbers the server first in its subnet.
                self.server = self.subnet.filter(IpNet::addr_is_v4).and_then(|net| net.hosts().next());
                let peer = conf.and_then(|conf| match conf.peers.as_slice() {
                    [only] => Some(only),
                    _ => None,
                });
                let written = peer.and_then(|peer| peer.endpoint.as_ref()).map(|(endpoint, _)| endpoint);
                self.wireguard_port = written.and_then(|endpoint| endpoint.port);
                self.public = written
                    .and_then(|endpoint| endpoint.host.parse().ok())
                    .or_else(|| running.and_then(|interface| interface.peers.first()?.endpoint).map(|at| at.ip()));
            }
            Vantage::Container | Vantage::Outside => {}
        }
    }

    /// What the URLs tell. A host counts only where it cannot be the mistake itself: inside the tunnel's subnet
    /// as the interface has it, or, in a container, which sees no interface, where all URLs agree on the guide's
    /// own subnet.
    fn urls(&mut self, vantage: Vantage, env: &Environment) {
        let database = env.database();
        let broker = env.redis("CELERY_BROKER_URL");
        let hosts: Vec<IpAddr> =
            [database.url(), broker.url()].into_iter().flatten().filter_map(|url| url.host.parse().ok()).collect();
        let guide_net = IpNet::new(guide::SERVER, guide::PREFIX).map(|net| net.trunc()).ok();
        let trusted = self.subnet.or(guide_net.filter(|_| vantage == Vantage::Container));
        if vantage != Vantage::Server
            && let Some(first) = hosts.first()
            && hosts.iter().all(|host| host == first)
            && trusted.is_some_and(|net| net.contains(first))
        {
            self.server = Some(*first);
        }
        let port = |url: Option<&EnvUrl>| url.and_then(|url| url.port);
        // A URL of another kind (amqp:, sqlite:) says nothing of Redis' or PostgreSQL's port.
        self.redis_port = port(broker.url().filter(|url| url.is_redis()));
        self.postgres_port = port(database.url().filter(|url| url.is_postgres()));
    }
}

/// `IpNet` has no such question of its own.
trait Family {
    fn addr_is_v4(&self) -> bool;
}

impl Family for IpNet {
    fn addr_is_v4(&self) -> bool {
        self.addr().is_ipv4()
    }
}
