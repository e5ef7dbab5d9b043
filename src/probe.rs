//! From a [`FactKey`] to the code that looks. The only part of the program that touches the machine; it observes
//! and never judges.
//!
//! A probe returns the most precise thing it saw, or why it saw nothing. It never logs, never prints, never
//! writes, never keeps a secret in a fact, and ends by itself within its deadline.

use std::collections::BTreeMap;
use std::time::Duration;

use secrecy::SecretString;

use crate::fact::environment::EnvUrl;
use crate::fact::touch::Touch;
use crate::fact::{Fact, FactKey, Observation, Observed, Unseen, Vantage};
use crate::profile::{Addresses, Profile};
pub use docker::Inspected;
pub use plugin::Plugins;
pub use service::Units;

mod api;
pub mod application;
#[cfg(target_os = "linux")]
mod as_user;
mod bounded;
mod carried;
mod containers;
mod delivery;
mod dial;
mod docker;
mod environment;
mod firewall;
pub mod host;
mod host_worker;
pub mod inside;
#[cfg(target_os = "linux")]
mod kernel_dump;
mod libraries;
mod names;
mod network;
mod pace;
mod payload_probe;
mod ping;
mod plugin;
mod postgres;
pub mod recipe;
mod redis;
mod service;
pub mod ssh;
mod starters;
mod tls;
pub mod vantage;
mod web_app;
#[cfg(windows)]
mod windows;
mod wireguard;
mod worker_log;
#[cfg(target_os = "linux")]
mod worker_network;
#[cfg(not(target_os = "linux"))]
#[path = "probe/worker_network_elsewhere.rs"]
mod worker_network;
mod workers;

/// How long one dial may take. Longer than the 3.09 s after which Linux reports a missing neighbour as "no route
/// to host" (three ARP requests a second apart), so that this is not mistaken for a dropped packet.
pub const DIAL: Duration = Duration::from_millis(3200);

/// What a log says that is older tells nothing about the looks of now, in seconds.
const RECENT: u64 = 600;

/// How long a local program (systemctl, docker, wg) may take.
pub const PROGRAM: Duration = Duration::from_secs(4);

/// A log-in that a URL holds.
#[derive(Debug, Clone)]
pub struct Login {
    /// The variable that it stands in.
    pub variable: String,
    /// The URL as it stands there.
    pub text: SecretString,
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
    /// From the effective CELERY_RESULT_BACKEND.
    pub results: Option<Login>,
    /// From the effective DATABASE_URL.
    pub postgres: Option<Login>,
    /// WORKER_API_KEY.
    pub api: Option<SecretString>,
    /// REQUESTS_CA_BUNDLE, else CURL_CA_BUNDLE: the certificates that the app's HTTP library trusts instead of its own.
    pub bundle: Option<String>,
}

/// What a probe may know.
#[derive(Debug)]
pub struct ProbeContext {
    /// Where we stand.
    pub vantage: Vantage,
    /// What the user said.
    pub profile: Profile,
    /// The settled addresses; none while the looks that settle them are still going on.
    pub addresses: Option<Addresses>,
    /// What has been seen so far.
    pub seen: BTreeMap<FactKey, Box<Observed>>,
    /// The log-ins found so far.
    pub keyring: Keyring,
    /// The units that are looked at.
    pub units: Units,
    /// What Docker tells of all containers.
    pub inspected: Inspected,
    /// The programs that check files name.
    pub plugins: Plugins,
    /// Whether an answer is enough: what else could be asked of who answers is left out.
    pub brief: bool,
}

impl ProbeContext {
    /// Before anything was looked at.
    pub fn bare(vantage: Vantage, profile: Profile) -> Self {
        Self {
            vantage,
            profile,
            addresses: None,
            seen: BTreeMap::new(),
            keyring: Keyring::default(),
            units: Units::default(),
            inspected: Inspected::default(),
            plugins: Plugins::new(),
            brief: false,
        }
    }

    /// What an earlier look saw.
    fn fact(&self, key: &FactKey) -> Result<&Fact, Unseen> {
        match self.seen.get(key).map(|observed| &observed.observation) {
            Some(Observation::Seen(fact)) => Ok(fact),
            Some(Observation::Unseen(why)) => Err(why.clone()),
            None => Err(Unseen::NotAsked(key.clone())),
        }
    }

    /// Everything that earlier looks saw.
    fn all(&self) -> impl Iterator<Item = (&FactKey, &Fact)> {
        self.seen.iter().filter_map(|(key, observed)| match &observed.observation {
            Observation::Seen(fact) => Some((key, fact)),
            Observation::Unseen(_) => None,
        })
    }

    fn addresses(&self) -> Result<&Addresses, Unseen> {
        self.addresses.as_ref().ok_or_else(|| Unseen::NotKnown("the deployment's addresses are not settled".to_owned()))
    }
}

/// What one look brought.
pub struct ProbeResult {
    /// What was there, or why nothing was seen.
    pub observation: Observation,
    /// Who answered.
    pub source: String,
    /// Log-ins that came to light; only the look at the environment has any.
    pub keyring: Option<Keyring>,
}

impl ProbeResult {
    fn new(source: impl Into<String>, observation: Result<Fact, Unseen>) -> Self {
        let observation = match observation {
            Ok(fact) => Observation::Seen(fact),
            Err(why) => Observation::Unseen(why),
        };
        Self { observation, source: source.into(), keyring: None }
    }
}

/// Looks at one thing, on a thread of its own. What a look ran short of itself leaves it unseen, whatever it took it for.
pub async fn look(key: &FactKey, context: &ProbeContext) -> ProbeResult {
    let looked = at(key, context).await;
    match host::limits::take() {
        Some(why) => ProbeResult { keyring: None, ..ProbeResult::new(looked.source, Err(why)) },
        None => looked,
    }
}

async fn at(key: &FactKey, context: &ProbeContext) -> ProbeResult {
    match key {
        FactKey::Wg => wireguard::state().await,
        FactKey::WgAgain => wireguard::again(context).await,
        FactKey::WgConf => wireguard::conf(context).await,
        FactKey::WgKeys => wireguard::keys(),
        FactKey::Links => network::links().await,
        FactKey::Route(to) => network::route(*to, context).await,
        FactKey::Routes => network::routes().await,
        FactKey::Listeners => network::listeners(),
        FactKey::Ufw => firewall::ufw(),
        FactKey::Netfilter => firewall::netfilter().await,
        FactKey::Counters => firewall::counters(context).await,
        FactKey::RedisConf => redis::conf(context),
        FactKey::RedisConfInside => redis::conf_inside(context).await,
        FactKey::PgConf => postgres::conf(context),
        FactKey::PgHba => postgres::hba(context),
        FactKey::PgState => postgres::state(context).await,
        FactKey::PgHbaInside => postgres::hba_inside(context).await,
        FactKey::PgStateInside => postgres::state_inside(context).await,
        FactKey::Unit(unit) => service::unit(unit, context).await,
        FactKey::File(path) => service::file(path),
        FactKey::Env => environment::look(context).await,
        FactKey::Docker => docker::look(context).await,
        FactKey::WorkerNetwork => worker_network::look(context).await,
        FactKey::Containers => containers::look(context).await,
        FactKey::HostWorker => host_worker::look(context).await,
        FactKey::Names => names::look(context).await,
        FactKey::Ping(to) => ping::look(*to, context).await,
        FactKey::Tcp(target) => dial::tcp(target, context).await,
        FactKey::Redis => redis::look(context).await,
        FactKey::RedisState => redis::state(context).await,
        FactKey::Postgres => postgres::look(context).await,
        FactKey::Celery => redis::celery(context).await,
        FactKey::Libraries => libraries::look(context).await,
        FactKey::Api => api::look(context).await,
        FactKey::Delivery => delivery::look().await,
        FactKey::Workers => workers::look(),
        FactKey::WorkerLog => worker_log::look(context).await,
        FactKey::WebApp => web_app::look(context).await,
        FactKey::Plugin(check) => plugin::look(&check.0, context).await,
    }
}

/// What a look does to the machine and the network: what `--dry-run` prints.
pub fn touches(key: &FactKey, vantage: Vantage, plugins: &Plugins) -> Vec<Touch> {
    match key {
        FactKey::Wg => wireguard::touches(false),
        FactKey::WgAgain => wireguard::touches(true),
        FactKey::WgConf => wireguard::conf_touches(),
        FactKey::WgKeys => wireguard::keys_touches(),
        FactKey::Links | FactKey::Route(_) => network::touches(),
        FactKey::Routes => network::routes_touches(),
        FactKey::Listeners => network::listeners_touches(),
        FactKey::Ufw => firewall::ufw_touches(),
        FactKey::Netfilter => firewall::netfilter_touches(),
        FactKey::Counters => firewall::counters_touches(),
        FactKey::RedisConf => redis::conf_touches(),
        FactKey::RedisConfInside => redis::conf_inside_touches(),
        FactKey::PgConf => postgres::conf_touches(),
        FactKey::PgHba => postgres::hba_touches(),
        FactKey::PgState => postgres::state_touches(),
        FactKey::PgHbaInside => postgres::hba_inside_touches(),
        FactKey::PgStateInside => postgres::state_inside_touches(),
        FactKey::Unit(unit) => service::touches(unit),
        FactKey::File(path) => service::file_touches(path),
        FactKey::Env => environment::touches(vantage),
        FactKey::Docker => docker::look_touches(),
        FactKey::WorkerNetwork => worker_network::touches(),
        FactKey::Containers => containers::touches(),
        FactKey::HostWorker => host_worker::touches(),
        FactKey::Names => names::touches(),
        FactKey::Ping(to) => ping::touches(*to),
        FactKey::Tcp(target) => dial::touches(target),
        FactKey::Redis => redis::touches(),
        FactKey::RedisState | FactKey::Celery => redis::state_touches(vantage),
        FactKey::Postgres => postgres::touches(vantage),
        FactKey::Libraries => libraries::touches(),
        FactKey::Api => api::touches(),
        FactKey::Delivery => delivery::touches(),
        FactKey::Workers => workers::touches(),
        FactKey::WorkerLog => worker_log::touches(),
        FactKey::WebApp => web_app::touches(),
        FactKey::Plugin(check) => plugin::touches(plugins.get(&check.0)),
    }
}
