//! A check: a claim that something holds, as its file in `checks/` states it.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::fact::plugin::Program;
use crate::fact::{FactKey, Service, Vantage};

pub(crate) mod cause;

mod finding;

pub use finding::{Finding, Judge, Judged, Position, Verdict, broken, holds, not_applicable};

mod needs;

pub use needs::{Need, Needs};

mod alternative;

pub use alternative::Alternative;

mod form;

pub use form::PLUGIN_CAUSES;

mod mistake;
mod near;

pub use mistake::{Mistake, Spot};
pub use near::did_you_mean;

/// A check's name: kebab-case, the stem of its file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CheckId(pub String);

impl fmt::Display for CheckId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// What a check is about: the folder its file lies in, and the judge file that thinks for it.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names of the folders in checks/")]
#[strum(serialize_all = "kebab-case")]
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
    pub const ALL: &'static [Self] = <Self as strum::VariantArray>::VARIANTS;

    /// The service that it is about, where it is about one.
    pub fn service(self) -> Option<Service> {
        match self {
            Self::Redis => Some(Service::Redis),
            Self::Postgres => Some(Service::Postgres),
            Self::Tunnel | Self::Firewall | Self::Worker | Self::Queue | Self::Api | Self::Delivery | Self::Custom => {
                None
            }
        }
    }

    /// The folder's name.
    pub fn word(self) -> &'static str {
        self.into()
    }
}

/// How bad a cause is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// The deployment does not work, or is open to strangers.
    #[default]
    Failed,
    /// It works, and will not for long, or not for everybody.
    Warning,
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
    /// The worker's or the web app's variable to correct, where no command can: only a person knows the value.
    #[serde(default)]
    pub variable: Option<String>,
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
    pub alternatives: BTreeMap<Vantage, Vec<Alternative>>,
    /// What must hold besides for this cause to be one of its own.
    #[serde(default)]
    pub needs: Needs,
    /// How to tell them apart by hand.
    #[serde(default)]
    pub tell: Option<String>,
    /// How to mend it.
    pub fix: Fix,
    /// The same in the words of Windows, where the host to mend is one.
    #[serde(default)]
    pub windows: Option<Otherwise>,
    /// The same for a worker that the client runs without Docker.
    #[serde(default)]
    pub native: Option<Otherwise>,
    /// The same for a Redis or PostgreSQL in a container, where `checks/contained.toml` is not enough.
    #[serde(default)]
    pub contained: Option<Otherwise>,
    /// The same for another application than ClippyFront, with Docker or without it.
    #[serde(default)]
    pub other_app: Option<Otherwise>,
}

/// A cause in other words: where the host to mend, or the way in which the worker runs, wants others.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Otherwise {
    /// What is seen; none where the cause's own words hold.
    #[serde(default)]
    pub says: Option<String>,
    /// How to mend it. Its host is the cause's.
    pub fix: Fix,
}

/// The cause of a plain check whose look brought a word that the file does not know.
pub const UNEXPECTED: &str = "unexpected";

/// How a check comes to its verdict.
#[derive(Debug, Clone)]
pub enum Rule {
    /// One look, and the words that hold. Any other word is the cause of that name, or, where no cause has it,
    /// an unexpected one.
    Expect(Vec<String>),
    /// A judge that thinks.
    Judge(Judge),
    /// A program of the user's, by the convention of monitoring plug-ins.
    Plugin(Program),
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
    pub needs: Needs,
    /// What must hold besides at one vantage. (A server that dials itself passes neither the tunnel nor its own
    /// firewall.)
    pub needs_at: BTreeMap<Vantage, Needs>,
    /// Of these, what works if it holds: where one is broken all the same, the report says so. What merely is
    /// (a setting, a file) speaks for nothing.
    pub proves: Needs,
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
    /// Why there is nothing to judge of another application than ClippyFront, if so.
    pub clippyfront_only: Option<String>,
    /// How it is judged.
    pub rule: Rule,
}

impl Check {
    /// What must hold for it to mean anything at a vantage.
    pub fn needed_at(&self, vantage: Vantage) -> impl Iterator<Item = &Need> {
        self.needs.iter().chain(self.needs_at.get(&vantage).into_iter().flatten())
    }

    /// The same wherever it is judged, and what each of the causes needs.
    pub fn all_needs(&self) -> impl Iterator<Item = &Need> {
        let here = self.needs_at.values().chain(self.causes.values().map(|cause| &cause.needs));
        self.needs.iter().chain(here.flatten()).chain(&self.proves)
    }

    /// Whether it thinks, is plain or is a plug-in: the word used in lists.
    pub fn kind(&self) -> &'static str {
        match self.rule {
            Rule::Expect(_) => "plain",
            Rule::Judge(_) => "thinking",
            Rule::Plugin(_) => "plug-in",
        }
    }
}
