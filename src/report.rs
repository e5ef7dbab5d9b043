//! All that a renderer may know: every sentence filled in, every attribution decided, everything in order.

use std::collections::BTreeMap;

use crate::blame::{Attribution, Blamed, Seated};
use crate::case::Case;
use crate::check::{Category, Check};
use crate::fact::{Fact, FactKey, Observation, Observed, Vantage};
use crate::profile::Addresses;
use crate::read::Says;
use crate::snapshot::{Rights, Snapshot};

mod command;
mod diagnosis;
mod doubt;
pub mod provenance;
mod since;
mod words;

pub use command::command;
use diagnosis::diagnosis;
pub use diagnosis::{Candidate, Diagnosis, Shell};
pub use since::{Before, Change, Now, since};
pub use words::{Words, common_words};

/// The version of the JSON form in which a report is printed, and read again.
pub const SCHEMA: u32 = 2;

/// A judged case.
#[derive(Debug, Clone)]
pub struct Report {
    /// The hosts that were looked at, upstream first.
    pub hosts: Vec<Host>,
    /// Every check at every vantage, in the order of the catalogue.
    pub outcomes: Vec<Outcome>,
    /// How many of each.
    pub counts: Counts,
    /// Whether a check that is essential at its vantage could not be seen.
    pub essential_unseen: bool,
    /// What to keep in mind when the snapshots are read together.
    pub notes: Vec<String>,
    /// What became of the roots of an earlier report, if one was given.
    pub since: Vec<Change>,
}

/// A host that was looked at.
#[derive(Debug, Clone)]
pub struct Host {
    /// Its part in the deployment.
    pub vantage: Vantage,
    /// How that was known.
    pub vantage_by: String,
    /// Its name.
    pub name: String,
    /// `linux` or `windows`.
    pub platform: String,
    /// The public key of its end of the tunnel, where that was seen.
    pub public_key: Option<String>,
    /// Seconds since the epoch.
    pub taken_at: u64,
    /// Who looked.
    pub rights: Rights,
    /// The deployment's addresses as settled there.
    pub addresses: Addresses,
    /// How long all looks took together, in microseconds.
    pub took_us: u64,
    /// The slowest single look.
    pub slowest: Option<(FactKey, u64)>,
}

/// One check at one vantage.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The check's id.
    pub check: String,
    /// Its category.
    pub category: Category,
    /// What holds, if it holds.
    pub title: String,
    /// Where it was judged.
    pub vantage: Vantage,
    /// That host's name.
    pub host: String,
    /// The answer.
    pub answer: Answer,
    /// The step of the guide.
    pub guide: String,
    /// What was read to judge it.
    pub evidence: Vec<Evidence>,
}

/// One of the six answers; a broken one is a root or explained.
#[derive(Debug, Clone)]
pub enum Answer {
    /// It holds.
    Holds,
    /// It holds although these are broken.
    Despite(Vec<String>),
    /// It is broken by itself.
    Root {
        /// The cause.
        diagnosis: Diagnosis,
        /// The checks explained by it, as `id (vantage)`.
        explains: Vec<String>,
        /// What it needs and could not be seen.
        open: Vec<String>,
    },
    /// It works, and will not for long.
    Warns(Diagnosis),
    /// It works, and could be stricter.
    Notes(Diagnosis),
    /// It is broken because these are.
    Explained {
        /// The cause, as it looks from here.
        diagnosis: Diagnosis,
        /// The roots, as `id (vantage)`.
        by: Vec<String>,
    },
    /// It could not be judged; holds why, and what would make it visible.
    Unseen(String),
    /// There is nothing here to judge; holds why.
    NotApplicable(String),
}

impl Answer {
    /// The word used in every format.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Holds | Self::Despite(_) => "ok",
            Self::Root { .. } | Self::Explained { .. } => "failed",
            Self::Warns(_) => "warning",
            Self::Notes(_) => "note",
            Self::Unseen(_) => "not-seen",
            Self::NotApplicable(_) => "not-applicable",
        }
    }
}

/// A line that says so.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// The line, without secrets.
    pub line: String,
    /// Where it was seen.
    pub vantage: Vantage,
    /// Who answered.
    pub source: String,
}

/// How many of each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the answers of `Answer`")]
pub struct Counts {
    pub holds: usize,
    pub roots: usize,
    pub explained: usize,
    pub warns: usize,
    pub notes: usize,
    pub unseen: usize,
    pub not_applicable: usize,
}

/// Puts a report together.
pub fn report(case: &Case, checks: &[Check], blamed: &[Blamed]) -> Report {
    let explains = explains(blamed);
    let mut counts = Counts::default();
    let mut essential_unseen = false;
    let mut outcomes = Vec::new();
    for blamed in blamed {
        let Some(check) = checks.iter().find(|check| check.id == blamed.answer.check) else { continue };
        let Some(snapshot) = case.snapshot(blamed.answer.vantage) else { continue };
        let diagnosis = || diagnosis(case, check, blamed, checks);
        let here = (blamed.answer.check.clone(), blamed.answer.vantage);
        let (count, answer) = match &blamed.attribution {
            Attribution::Holds => (&mut counts.holds, Answer::Holds),
            Attribution::Despite(broken) => (&mut counts.holds, Answer::Despite(names(broken))),
            Attribution::Root { open } => (
                &mut counts.roots,
                Answer::Root {
                    diagnosis: diagnosis(),
                    explains: names(explains.get(&here).map_or(&[], Vec::as_slice)),
                    open: names(open),
                },
            ),
            Attribution::Warns => (&mut counts.warns, Answer::Warns(diagnosis())),
            Attribution::Notes => (&mut counts.notes, Answer::Notes(diagnosis())),
            Attribution::Explained(by) => {
                (&mut counts.explained, Answer::Explained { diagnosis: diagnosis(), by: names(by) })
            }
            Attribution::Unseen(why) => {
                essential_unseen |= check.essential.contains(&blamed.answer.vantage);
                (&mut counts.unseen, Answer::Unseen(why.to_string()))
            }
            Attribution::NotApplicable(why) => (&mut counts.not_applicable, Answer::NotApplicable(why.clone())),
        };
        *count += 1;
        outcomes.push(Outcome {
            check: check.id.to_string(),
            category: check.category,
            title: check.title.clone(),
            vantage: blamed.answer.vantage,
            host: snapshot.host.clone(),
            answer,
            guide: check.guide.clone(),
            evidence: evidence(case, &blamed.answer.read),
        });
    }
    let hosts = case.snapshots().map(host).collect();
    Report { hosts, outcomes, counts, essential_unseen, notes: case.notes(), since: Vec::new() }
}

impl Report {
    /// The roots, in the order of the catalogue.
    pub fn roots(&self) -> impl Iterator<Item = (&Outcome, &Diagnosis)> {
        self.outcomes.iter().filter_map(|outcome| match &outcome.answer {
            Answer::Root { diagnosis, .. } => Some((outcome, diagnosis)),
            Answer::Holds
            | Answer::Despite(_)
            | Answer::Warns(_)
            | Answer::Notes(_)
            | Answer::Explained { .. }
            | Answer::Unseen(_)
            | Answer::NotApplicable(_) => None,
        })
    }
}

fn host(snapshot: &Snapshot) -> Host {
    Host {
        vantage: snapshot.vantage,
        vantage_by: snapshot.vantage_by.clone(),
        name: snapshot.host.clone(),
        platform: snapshot.platform.clone(),
        public_key: public_key(snapshot),
        taken_at: snapshot.taken_at,
        rights: snapshot.rights,
        addresses: snapshot.addresses.clone(),
        took_us: snapshot.took_us,
        slowest: snapshot
            .facts
            .iter()
            .map(|(key, observed)| (key.clone(), observed.took_us))
            .max_by_key(|(_, took)| *took),
    }
}

/// What the interface that runs has, else what its file would give it.
fn public_key(snapshot: &Snapshot) -> Option<String> {
    let fact = |key: &FactKey| match &snapshot.facts.get(key)?.observation {
        Observation::Seen(fact) => Some(fact),
        Observation::Unseen(_) => None,
    };
    if let Some(Fact::Wg(state)) = fact(&FactKey::Wg)
        && let Some(interface) = state.interfaces.iter().find(|it| it.name == snapshot.addresses.interface.value)
    {
        return interface.public_key.clone();
    }
    let Some(Fact::WgConf(conf)) = fact(&FactKey::WgConf) else { return None };
    conf.derived_public.clone()
}

fn names(seated: &[Seated]) -> Vec<String> {
    seated.iter().map(|(check, vantage)| format!("{check} ({vantage})")).collect()
}

/// Root → what it explains, in the order of the catalogue.
fn explains(blamed: &[Blamed]) -> BTreeMap<Seated, Vec<Seated>> {
    let mut explains: BTreeMap<Seated, Vec<Seated>> = BTreeMap::new();
    for it in blamed {
        if let Attribution::Explained(roots) = &it.attribution {
            for root in roots {
                explains.entry(root.clone()).or_default().push((it.answer.check.clone(), it.answer.vantage));
            }
        }
    }
    explains
}

fn evidence(case: &Case, read: &[(Vantage, FactKey)]) -> Vec<Evidence> {
    let mut found = Vec::new();
    for (vantage, key) in read {
        let observed = case.snapshot(*vantage).and_then(|snapshot| snapshot.facts.get(key));
        if let Some(Observed { observation: Observation::Seen(fact), source, .. }) = observed {
            found.extend(fact.summary().into_iter().map(|line| Evidence {
                line,
                vantage: *vantage,
                source: source.clone(),
            }));
        }
    }
    found
}
