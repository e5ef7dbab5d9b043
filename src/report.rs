//! All that a renderer may know: every sentence filled in, every attribution decided, everything in order.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;

use crate::blame::{Attribution, Blamed, Seated};
use crate::case::Case;
use crate::check::{Category, Check, CheckId};
use crate::fact::{FactKey, Unseen, Vantage};
use crate::snapshot::Rights;

mod advice;
mod bearing;
mod by_hand;
mod command;
mod contained;
mod correction;
mod counts;
mod diagnosis;
mod doubt;
pub mod dry_run;
mod evidence;
mod fix_script;
mod host;
mod instance;
mod maker;
mod merge;
pub mod provenance;
mod recreation;
mod since;
mod told;
mod way;
mod words;

pub use bearing::{bearing, pointed_at};
pub use command::command;
pub use contained::translated as translated_for_container;
pub use correction::Correction;
pub use counts::Counts;
use diagnosis::diagnosis;
pub use diagnosis::{Candidate, Diagnosis, Shell};
pub(crate) use evidence::Seen;
pub use evidence::{Evidence, Lines};
pub use fix_script::{FixScript, Told, fix_script};
pub use host::Host;
use host::host;
pub use merge::{About, merged};
pub use recreation::{Assigned, How, Recreation, Step, Typed, recreation};
pub use since::{Before, Change, Now, since};
pub use way::{Hop, State, Way, named as on_ways, ways};
pub use words::{Words, common_words, usually};

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
    /// The same as the report calls it.
    pub seat: String,
    /// That host's name.
    pub host: String,
    /// The clients that it is about, where the server says something else of others.
    pub clients: Vec<String>,
    /// The answer.
    pub answer: Answer,
    /// Whether the job of its vantage cannot be called done while it is unseen.
    pub essential: bool,
    /// The step of the guide.
    pub guide: String,
    /// What was read to judge it.
    pub evidence: Lines,
    /// Whether it was not seen because who looked may not.
    pub rights: bool,
}

/// One of the six answers; a broken one is a root or explained. Most hold, and need no room for a diagnosis.
#[derive(Debug, Clone)]
pub enum Answer {
    /// It holds.
    Holds,
    /// It holds although these are broken.
    Despite(Vec<String>),
    /// It is broken by itself.
    Root {
        /// The cause.
        diagnosis: Box<Diagnosis>,
        /// The checks explained by it, as `id (vantage)`.
        explains: Vec<String>,
        /// What it needs and could not be seen.
        open: Vec<String>,
    },
    /// It works, and will not for long.
    Warns(Box<Diagnosis>),
    /// It works, and could be stricter.
    Notes(Box<Diagnosis>),
    /// It is broken because these are.
    Explained {
        /// The cause, as it looks from here.
        diagnosis: Box<Diagnosis>,
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

/// Puts a report together.
pub fn report(case: &Case, checks: &[Check], blamed: &[Blamed]) -> Report {
    let explains = explains(blamed);
    let mut essential_unseen = false;
    let mut outcomes = Vec::with_capacity(blamed.len());
    let mut known = Known::new();
    let by_id: HashMap<&CheckId, &Check> = checks.iter().map(|check| (&check.id, check)).collect();
    // What the worker's own container has seen, its machine need not see by Docker's configuration of it.
    let holds = |it: &&Blamed| matches!(it.attribution, Attribution::Holds | Attribution::Despite(_));
    let inside = |it: &&Blamed| it.answer.vantage == Vantage::Container && holds(it);
    let seen_inside: HashSet<&CheckId> = blamed.iter().filter(inside).map(|it| &it.answer.check).collect();
    for blamed in blamed {
        let Some(check) = by_id.get(&blamed.answer.check).copied() else { continue };
        let Some(snapshot) = case.snapshot(blamed.answer.vantage) else { continue };
        let diagnosis = || Box::new(diagnosis(case, check, blamed, checks));
        let here = (blamed.answer.check.clone(), blamed.answer.vantage);
        let answered_inside = blamed.answer.vantage == Vantage::Client && seen_inside.contains(&check.id);
        let essential = check.essential.contains(&blamed.answer.vantage) && !answered_inside;
        let answer = match &blamed.attribution {
            Attribution::Holds => Answer::Holds,
            Attribution::Despite(broken) => Answer::Despite(names(case, broken)),
            Attribution::Root { open } => Answer::Root {
                diagnosis: diagnosis(),
                explains: names(case, explains.get(&here).map_or(&[], Vec::as_slice)),
                open: names(case, open),
            },
            Attribution::Warns => Answer::Warns(diagnosis()),
            Attribution::Notes => Answer::Notes(diagnosis()),
            Attribution::Explained(by) => Answer::Explained { diagnosis: diagnosis(), by: names(case, by) },
            Attribution::Unseen(_) if answered_inside && check.essential.contains(&Vantage::Container) => {
                Answer::NotApplicable("the worker's container has answered this itself".to_owned())
            }
            Attribution::Unseen(why) => {
                essential_unseen |= essential;
                Answer::Unseen(why.to_string())
            }
            Attribution::NotApplicable(why) => Answer::NotApplicable(why.clone()),
        };
        outcomes.push(Outcome {
            check: check.id.to_string(),
            category: check.category,
            title: check.title.clone(),
            vantage: blamed.answer.vantage,
            seat: case.seat_name(blamed.answer.vantage),
            host: snapshot.host.clone(),
            clients: Vec::new(),
            answer,
            essential,
            guide: check.guide.clone(),
            evidence: evidence(case, &blamed.answer.read, &mut known),
            rights: wants_rights(snapshot.rights, &blamed.attribution),
        });
    }
    let hosts = case.snapshots().filter_map(|it| Some(host(case, it, case.addresses(it.vantage)?))).collect();
    Report { hosts, counts: Counts::of(&outcomes), outcomes, essential_unseen, notes: case.notes(), since: Vec::new() }
}

impl Report {
    fn empty() -> Self {
        Self {
            hosts: Vec::new(),
            outcomes: Vec::new(),
            counts: Counts::default(),
            essential_unseen: false,
            notes: Vec::new(),
            since: Vec::new(),
        }
    }

    /// The roots, in the order of the catalogue.
    pub fn roots(&self) -> impl Iterator<Item = (&Outcome, &Diagnosis)> {
        self.outcomes.iter().filter_map(|outcome| match &outcome.answer {
            Answer::Root { diagnosis, .. } => Some((outcome, &**diagnosis)),
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

/// What the user of a URL may not do, root may not do either with that URL.
fn wants_rights(rights: Rights, attribution: &Attribution) -> bool {
    let Attribution::Unseen(Unseen::NeedsRights(how)) = attribution else { return false };
    rights == Rights::User && !how.starts_with("the URL's user")
}

fn names(case: &Case, seated: &[Seated]) -> Vec<String> {
    seated.iter().map(|(check, vantage)| format!("{check} ({})", case.seat_name(*vantage))).collect()
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

/// What many answers of a case were judged by is kept once.
type Known<'a> = BTreeMap<(Vantage, &'a FactKey), Rc<Seen>>;

fn evidence<'a>(case: &Case, read: &'a [(Vantage, FactKey)], known: &mut Known<'a>) -> Lines {
    let mut seen: Vec<Rc<Seen>> = Vec::with_capacity(read.len());
    for (vantage, key) in read {
        let one = known.entry((*vantage, key)).or_insert_with(|| {
            let (lines, source) = case.lines(*vantage, key);
            Rc::new(Seen { seat: case.seat_name(*vantage).into(), source, lines })
        });
        if !one.lines.is_empty() {
            seen.push(Rc::clone(one));
        }
    }
    Lines(seen)
}
