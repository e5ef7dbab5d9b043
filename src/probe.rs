//! From a [`FactKey`] to the code that looks. The only part of the program that touches the machine; it observes
//! and never judges.
//!
//! A probe returns the most precise thing it saw, or why it saw nothing. It never logs, never prints, never
//! writes, never keeps a secret in a fact, and ends by itself within its deadline.

use std::collections::BTreeMap;
use std::time::Duration;

use secrecy::SecretString;

use crate::fact::environment::EnvUrl;
use crate::fact::{Fact, FactKey, Observed, Sight, Unseen, Vantage};
use crate::profile::{Addresses, Profile};

mod api;
mod bounded;
mod carry;
mod delivery;
mod dial;
mod docker;
mod environment;
mod firewall;
pub mod host;
pub mod inside;
mod names;
mod network;
mod ping;
mod postgres;
mod redis;
mod service;
mod tls;
pub mod vantage;
mod windows;
mod wireguard;
mod workers;

/// How long one dial may take. Longer than the 3.09 s after which Linux reports a missing neighbour as "no route
/// to host" (three ARP requests a second apart), so that this is not mistaken for a dropped packet.
pub const DIAL: Duration = Duration::from_millis(3200);

/// How long a dial may take where silence is the good answer: a port that nobody should reach.
pub const EXPOSURE: Duration = Duration::from_millis(900);

/// When such a port is dialled a second time, since one SYN may be lost: well before the kernel sends another one (after
/// 1 s, RFC 6298 section 2.1).
pub const AGAIN: Duration = Duration::from_millis(300);

/// How long a local program (systemctl, docker, wg) may take.
pub const PROGRAM: Duration = Duration::from_secs(4);

/// A log-in that a URL holds.
#[derive(Debug, Clone)]
pub struct Login {
    /// The URL without its secrets.
    pub url: EnvUrl,
    /// The user.
    pub user: Option<SecretString>,
    /// The password.
    pub password: Option<SecretString>,
    /// Where libpq is to find the root certificates, if something says so.
    pub root: Option<String>,
}

/// The log-ins found in the app's variables. Kept apart from facts, and gone when the run ends.
#[derive(Debug, Clone, Default)]
pub struct Keyring {
    /// From the effective CELERY_BROKER_URL.
    pub redis: Option<Login>,
    /// From the effective DATABASE_URL.
    pub postgres: Option<Login>,
    /// WORKER_API_KEY.
    pub api: Option<SecretString>,
    /// REQUESTS_CA_BUNDLE, else CURL_CA_BUNDLE: the certificates that the app's HTTP library trusts instead of its own.
    pub bundle: Option<String>,
}

/// What a probe may know.
#[derive(Debug)]
pub struct Scene {
    /// Where we stand.
    pub vantage: Vantage,
    /// What the user said.
    pub profile: Profile,
    /// The settled addresses; none while the looks that settle them are still going on.
    pub addresses: Option<Addresses>,
    /// What has been seen so far.
    pub seen: BTreeMap<FactKey, Observed>,
    /// The log-ins found so far.
    pub keyring: Keyring,
}

impl Scene {
    /// Before anything was looked at.
    pub fn bare(vantage: Vantage, profile: Profile) -> Self {
        Self { vantage, profile, addresses: None, seen: BTreeMap::new(), keyring: Keyring::default() }
    }

    /// What an earlier look saw.
    fn fact(&self, key: &FactKey) -> Result<&Fact, Unseen> {
        match self.seen.get(key).map(|observed| &observed.sight) {
            Some(Sight::Seen(fact)) => Ok(fact),
            Some(Sight::Unseen(why)) => Err(why.clone()),
            None => Err(Unseen::NotAsked(key.clone())),
        }
    }

    fn addresses(&self) -> Result<&Addresses, Unseen> {
        self.addresses.as_ref().ok_or_else(|| Unseen::NotKnown("the deployment's addresses are not settled".to_owned()))
    }
}

/// What one look brought.
pub struct Looked {
    /// What was there, or why nothing was seen.
    pub sight: Sight,
    /// Who answered.
    pub source: String,
    /// Log-ins that came to light; only the look at the environment has any.
    pub keyring: Option<Keyring>,
}

impl Looked {
    fn new(source: impl Into<String>, sight: Result<Fact, Unseen>) -> Self {
        let sight = match sight {
            Ok(fact) => Sight::Seen(fact),
            Err(why) => Sight::Unseen(why),
        };
        Self { sight, source: source.into(), keyring: None }
    }
}

/// Looks at one thing, on a thread of its own. What a look ran short of itself leaves it unseen, whatever it took it for.
pub async fn look(key: &FactKey, scene: &Scene) -> Looked {
    let looked = at(key, scene).await;
    match host::limits::take() {
        Some(why) => Looked { keyring: None, ..Looked::new(looked.source, Err(why)) },
        None => looked,
    }
}

async fn at(key: &FactKey, scene: &Scene) -> Looked {
    match key {
        FactKey::Wg => wireguard::state().await,
        FactKey::WgAgain => wireguard::again(scene).await,
        FactKey::WgConf => wireguard::conf(scene),
        FactKey::WgKeys => wireguard::keys(),
        FactKey::Links => network::links().await,
        FactKey::Route(to) => network::route(*to, scene).await,
        FactKey::Routes => network::routes().await,
        FactKey::Listeners => network::listeners(),
        FactKey::Ufw => firewall::ufw(),
        FactKey::Netfilter => firewall::netfilter().await,
        FactKey::RedisConf => redis::conf(),
        FactKey::PgConf => postgres::conf(scene),
        FactKey::PgHba => postgres::hba(scene),
        FactKey::PgState => postgres::state(scene).await,
        FactKey::Unit(unit) => service::unit(unit, scene).await,
        FactKey::File(path) => service::file(path),
        FactKey::Env => environment::look(scene).await,
        FactKey::Docker => docker::look(scene).await,
        FactKey::Names => names::look(scene).await,
        FactKey::Ping(to) => ping::look(*to, scene).await,
        FactKey::Tcp(target) => dial::tcp(target, scene).await,
        FactKey::Redis => redis::look(scene).await,
        FactKey::RedisState => redis::state(scene).await,
        FactKey::Postgres => postgres::look(scene).await,
        FactKey::Celery => redis::celery(scene).await,
        FactKey::Api => api::look(scene).await,
        FactKey::Delivery => delivery::look().await,
        FactKey::Workers => workers::look(),
    }
}
