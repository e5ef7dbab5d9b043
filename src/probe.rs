//! From a [`FactKey`] to the code that looks.

use std::collections::BTreeMap;
use std::time::Duration;

use secrecy::SecretString;

use crate::fact::environment::EnvUrl;
use crate::fact::touch::Touch;
use crate::fact::{Fact, FactKey, Observation, Observed, Unseen, Vantage};
use crate::profile::{Addresses, Profile};

#[allow(clippy::wildcard_imports, reason = "the modules that the table of looks names")]
use super::*;

/// How long one dial may take. Longer than the 3.09 s after which Linux reports a missing neighbour as "no route
/// to host" (three ARP requests a second apart), so that this is not mistaken for a dropped packet.
pub const DIAL: Duration = Duration::from_millis(3200);

/// What a log says that is older tells nothing about the looks of now, in seconds.
pub(super) const RECENT: u64 = 600;

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
    /// What PostgreSQL's session begins with, if something says so: `-c search_path=app`.
    pub options: Option<String>,
}

impl Login {
    /// What nobody may be told: the URL, which tells its own password in all its forms, and one from elsewhere.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &SecretString> {
        let other = self.password.as_ref().filter(|_| !self.url.password.is_present());
        [Some(&self.text), other].into_iter().flatten()
    }

    /// Why nobody can log in with it from here: libpq's user has a part of it from a file that was not read.
    pub(crate) fn unread(&self) -> Option<Unseen> {
        let from = if self.url.service {
            "takes its log-in from a service file of libpq's, which cannot be read from here"
        } else if self.url.passfile {
            "has no password: libpq has it from a password file, or needs none (`peer`), and that cannot be tried from here"
        } else {
            return None;
        };
        Some(Unseen::NotKnown(format!("{} {from}", self.variable)))
    }
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
    pub(super) fn fact(&self, key: &FactKey) -> Result<&Fact, Unseen> {
        match self.seen.get(key).map(|observed| &observed.observation) {
            Some(Observation::Seen(fact)) => Ok(fact),
            Some(Observation::Unseen(why)) => Err(why.clone()),
            None => Err(Unseen::NotAsked(key.clone())),
        }
    }

    /// Everything that earlier looks saw.
    pub(super) fn all(&self) -> impl Iterator<Item = (&FactKey, &Fact)> {
        self.seen.iter().filter_map(|(key, observed)| match &observed.observation {
            Observation::Seen(fact) => Some((key, fact)),
            Observation::Unseen(_) => None,
        })
    }

    pub(super) fn addresses(&self) -> Result<&Addresses, Unseen> {
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
    pub(super) fn new(source: impl Into<String>, observation: Result<Fact, Unseen>) -> Self {
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

/// What decides what a look touches, besides its key.
struct Asked<'a> {
    vantage: Vantage,
    plugins: &'a Plugins,
}

/// From a key to its probe, by the table of looks.
macro_rules! probes {
    ($(
        #[doc = $says:literal]
        $key:ident $(($arg:ident: $target:ty))? = $text:literal =>
            $get:ident: $(#[$again:meta])? $fact:ident($($type:ident)::+), words $words:tt, $phase:expr,
            by |$context:ident, $asked:ident| ($look:expr, $touches:expr);
    )*) => {
        async fn at(key: &FactKey, context: &ProbeContext) -> ProbeResult {
            match key {
                $(FactKey::$key $(($arg))? => {
                    let $context = context;
                    let _ = $context;
                    $look
                })*
            }
        }

        /// What a look does to the machine and the network: what `--dry-run` prints.
        pub fn touches(key: &FactKey, vantage: Vantage, plugins: &Plugins) -> Vec<Touch> {
            match key {
                $(FactKey::$key $(($arg))? => {
                    $(let _ = $arg;)?
                    let $asked = Asked { vantage, plugins };
                    let _ = &$asked;
                    $touches
                })*
            }
        }
    };
}

looks!(probes);
