//! A check: a claim that something holds, as its file in `checks/` states it.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::fact::{FactKey, Vantage};

pub(crate) mod cause;

mod finding;

pub use finding::{Finding, Judge, Judged, Verdict, broken, holds, not_applicable};

mod suspect;

pub use suspect::Suspect;

mod form;

/// A check's name: kebab-case, the stem of its file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CheckId(pub String);

impl fmt::Display for CheckId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// What a check is about: the folder its file lies in, and the judge file that thinks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names of the folders in checks/")]
pub enum Category {
    Tunnel,
    Firewall,
    Redis,
    Postgres,
    Worker,
    Queue,
    Api,
    Delivery,
    /// The user's own (`--checks DIR`).
    Custom,
}

impl Category {
    /// In the order shown.
    pub const ALL: [Self; 9] = [
        Self::Tunnel,
        Self::Firewall,
        Self::Redis,
        Self::Postgres,
        Self::Worker,
        Self::Queue,
        Self::Api,
        Self::Delivery,
        Self::Custom,
    ];

    /// The folder's name.
    pub fn word(self) -> &'static str {
        match self {
            Self::Tunnel => "tunnel",
            Self::Firewall => "firewall",
            Self::Redis => "redis",
            Self::Postgres => "postgres",
            Self::Worker => "worker",
            Self::Queue => "queue",
            Self::Api => "api",
            Self::Delivery => "delivery",
            Self::Custom => "custom",
        }
    }
}

/// How bad a cause is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// The deployment does not work, or is open to strangers.
    #[default]
    Broken,
    /// It works, and will not for long, or not for everybody.
    Warn,
    /// It works and will go on; it could be stricter. Never counts against anybody.
    Note,
}

/// How to mend a cause.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fix {
    /// The host on which to type; none where it depends on the deployment.
    #[serde(default)]
    pub on: Option<Vantage>,
    /// What to do, in a sentence.
    pub say: String,
    /// The commands, as they can be typed.
    #[serde(default)]
    pub run: Vec<String>,
    /// How to know that it worked.
    pub know: String,
}

/// One way in which a check can fail to hold.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cause {
    /// How bad it is.
    #[serde(default)]
    pub severity: Severity,
    /// What is seen.
    pub says: String,
    /// Why it is so, and where the guide errs if it does: shown by `explain`.
    #[serde(default)]
    pub why: Option<String>,
    /// What else looks exactly like this from a vantage by itself, likeliest first.
    #[serde(default)]
    pub may_be: BTreeMap<Vantage, Vec<Suspect>>,
    /// What must hold besides for this cause to be one of its own.
    #[serde(default)]
    pub needs: Vec<Need>,
    /// How to tell them apart by hand.
    #[serde(default)]
    pub tell: Option<String>,
    /// How to mend it.
    pub fix: Fix,
    /// The same in the words of Windows, where the host to mend is one.
    #[serde(default)]
    pub windows: Option<OnWindows>,
}

/// A cause in the words of Windows.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OnWindows {
    /// What is seen, where it was seen there; none where the cause's own words hold.
    #[serde(default)]
    pub says: Option<String>,
    /// How to mend it. Its host is the cause's.
    pub fix: Fix,
}

/// A check that must hold for another to mean anything: `redis-port-open`, or at one vantage
/// `redis-answers@server`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// Which check.
    pub check: CheckId,
    /// At which vantage; none for this one, or, if it is not judged here, wherever it is.
    pub at: Option<Vantage>,
}

impl Need {
    /// Whether a check at a vantage is what is meant; without a vantage, it is at any.
    pub fn is(&self, (check, vantage): &(CheckId, Vantage)) -> bool {
        self.check == *check && self.at.is_none_or(|at| at == *vantage)
    }
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at {
            Some(at) => write!(f, "{} ({at})", self.check),
            None => self.check.fmt(f),
        }
    }
}

impl FromStr for Need {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (check, at) = text.split_once('@').map_or((text, None), |(check, at)| (check, Some(at)));
        Ok(Self { check: CheckId(check.to_owned()), at: at.map(str::parse).transpose()? })
    }
}

impl<'de> Deserialize<'de> for Need {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// How a check comes to its verdict.
#[derive(Debug, Clone)]
pub enum Rule {
    /// One look, and the words that hold. Any other word is the cause of that name, or, where no cause has it,
    /// an unexpected one.
    Expect(Vec<String>),
    /// A judge that thinks.
    Judge(Judge),
}

/// A check.
#[derive(Debug, Clone)]
pub struct Check {
    /// Its name.
    pub id: CheckId,
    /// What it is about.
    pub category: Category,
    /// What holds, in the present tense.
    pub title: String,
    /// The step of the guide it stands for, as in fixtures/guide-steps.toml, or `beyond`.
    pub guide: String,
    /// What must hold for it to mean anything.
    pub needs: Vec<Need>,
    /// What must hold besides where the look goes through the tunnel: at the client and in the container. (A server
    /// that dials itself passes neither the tunnel nor its own firewall.)
    pub way: Vec<Need>,
    /// What must hold besides in the container, which dials where the worker's URLs lead.
    pub inside: Vec<Need>,
    /// Of these, what works if it holds: where one is broken all the same, the report says so. What merely is
    /// (a setting, a file) speaks for nothing.
    pub proves: Vec<Need>,
    /// At which vantages it is judged, and what is looked at there.
    pub looks: BTreeMap<Vantage, Vec<FactKey>>,
    /// What it also reads from other vantages, when their snapshots are at hand.
    pub with: BTreeMap<Vantage, Vec<FactKey>>,
    /// The vantages whose job cannot be called done while this is unseen.
    pub essential: Vec<Vantage>,
    /// What is added to a cause that only the next start will bring out.
    pub later: Option<String>,
    /// The ways in which it can fail to hold.
    pub causes: BTreeMap<String, Cause>,
    /// Why there is nothing to judge at a Windows machine, if so.
    pub not_on_windows: Option<String>,
    /// How it is judged.
    pub rule: Rule,
}

impl Check {
    /// What must hold for it to mean anything at a vantage.
    pub fn needs_at(&self, vantage: Vantage) -> impl Iterator<Item = &Need> {
        let far = matches!(vantage, Vantage::Client | Vantage::Container);
        let inside = vantage == Vantage::Container;
        self.needs.iter().chain(self.way.iter().filter(move |_| far)).chain(self.inside.iter().filter(move |_| inside))
    }

    /// The same wherever it is judged, and what each of the causes needs.
    pub fn all_needs(&self) -> impl Iterator<Item = &Need> {
        self.needs
            .iter()
            .chain(&self.way)
            .chain(&self.inside)
            .chain(&self.proves)
            .chain(self.causes.values().flat_map(|cause| &cause.needs))
    }

    /// Whether it thinks or is plain: the word used in lists.
    pub fn kind(&self) -> &'static str {
        match self.rule {
            Rule::Expect(_) => "plain",
            Rule::Judge(_) => "thinking",
        }
    }
}
