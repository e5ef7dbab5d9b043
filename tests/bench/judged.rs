//! What clipcheck says of recordings or of a lab, in codes. Every recording is read and judged once in a run.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;
use std::sync::{Arc, LazyLock, Mutex, OnceLock};

use clipcheck::blame::blame;
use clipcheck::catalog;
use clipcheck::check::Check;
use clipcheck::deployment::Deployment;
use clipcheck::fact::Vantage;
use clipcheck::judge::{Answer as Judgement, judge};
use clipcheck::report::{Answer, Before, Diagnosis, Now, Outcome, Report, merged, report, since};

use super::fault::{Expect, Fault, Set};
use crate::recorded::HEALTHY;
pub use crate::recorded::Snapshots;

/// What was said of a case.
#[derive(Default)]
pub struct Said {
    /// As `vantage code`.
    pub roots: BTreeSet<String>,
    pub warns: BTreeSet<String>,
    pub notes: BTreeSet<String>,
    /// Broken, explained by a root.
    pub explained: BTreeSet<String>,
    /// Of the roots, by `vantage code`.
    pub places: BTreeMap<String, String>,
    /// What is named or left beside it: where, and a code or a whole check.
    pub left: BTreeSet<(Vantage, String)>,
    /// Checks of which something is named, wherever.
    pub checks: BTreeSet<String>,
}

/// The same, with the whole report.
pub struct Judged {
    said: Said,
    pub report: Report,
}

impl Deref for Judged {
    type Target = Said;

    fn deref(&self) -> &Said {
        &self.said
    }
}

/// What is said to be wrong, if anything is, whatever explains it.
pub fn diagnosis(outcome: &Outcome) -> Option<&Diagnosis> {
    match &outcome.answer {
        Answer::Root { diagnosis, .. }
        | Answer::Warns(diagnosis)
        | Answer::Notes(diagnosis)
        | Answer::Explained { diagnosis, .. } => Some(diagnosis),
        Answer::Holds | Answer::Despite(_) | Answer::Unseen(_) | Answer::NotApplicable(_) => None,
    }
}

impl Said {
    fn of(report: &Report) -> Self {
        let mut said = Self::default();
        for outcome in &report.outcomes {
            let Some(diagnosis) = diagnosis(outcome) else { continue };
            let code = format!("{} {}", outcome.vantage, diagnosis.code);
            let codes = match &outcome.answer {
                Answer::Root { .. } => &mut said.roots,
                Answer::Warns(_) => &mut said.warns,
                Answer::Notes(_) => &mut said.notes,
                _ => &mut said.explained,
            };
            codes.insert(code.clone());
            if matches!(outcome.answer, Answer::Explained { .. }) {
                continue;
            }
            if matches!(outcome.answer, Answer::Root { .. })
                && let Some(place) = &diagnosis.place
            {
                said.places.insert(code, place.to_string());
            }
            said.checks.insert(outcome.check.clone());
            said.left.extend(diagnosis.alternatives.iter().map(|it| (it.on, it.code.clone())));
        }
        said
    }
}

/// What is said, in full.
pub fn report_of(snapshots: &Snapshots, checks: &[Check]) -> Result<Report, String> {
    Ok(answered(&deployment(snapshots)?, checks).1)
}

fn deployment(snapshots: &Snapshots) -> Result<Deployment, String> {
    Deployment::new(snapshots.values().cloned().collect())
}

fn answered(deployment: &Deployment, checks: &[Check]) -> (Vec<Judgement>, Report) {
    let mut all = Vec::new();
    let reports = deployment.cases().iter().map(|case| {
        let answers = judge(case, checks);
        all.extend(answers.clone());
        (clipcheck::report::About::of(case), report(case, checks, &blame(checks, answers)))
    });
    let report = merged(reports);
    (all, report)
}

pub fn judged(snapshots: &Snapshots, checks: &[Check]) -> Result<Judged, String> {
    let report = report_of(snapshots, checks)?;
    Ok(Judged { said: Said::of(&report), report })
}

/// From which vantages a case was judged.
pub type Vantages = BTreeSet<Vantage>;

/// A state that was just judged from each vantage alone or from all together, for who asks something of every report.
pub struct Seen<'a> {
    pub state: &'a str,
    from: &'a Vantages,
    all: &'a Vantages,
    pub answers: &'a [Judgement],
    pub report: &'a Report,
    pub checks: &'a [Check],
}

impl Seen<'_> {
    /// Whether something is broken in it: no near miss, no healthy deployment, and recorded in the lab.
    pub fn is_broken(&self) -> bool {
        !self.state.ends_with(".near") && !self.state.starts_with(HEALTHY) && !self.state.ends_with(".json")
    }

    pub fn is_together(&self) -> bool {
        self.from == self.all
    }

    pub fn is_alone(&self, vantage: Vantage) -> bool {
        self.from.len() == 1 && self.from.contains(&vantage)
    }

    /// For people.
    pub fn name(&self) -> String {
        let from: Vec<&str> = self.from.iter().map(|vantage| vantage.word()).collect();
        if self.is_together() {
            self.state.to_owned()
        } else {
            format!("{} from the {}", self.state, from.join(" and "))
        }
    }
}

/// Who asks something of every report. Only the replay has any: nothing is rendered for a table or in the lab.
pub static LOOKS: OnceLock<&[fn(&Seen<'_>)]> = OnceLock::new();

/// What was said of a state: by each vantage alone, by all together, and by some of them.
pub struct Verdicts {
    by: BTreeMap<Vantages, Said>,
    all: Vantages,
    /// The roots that one vantage alone calls fixed, compared with what all together said.
    pub called_fixed: Vec<String>,
}

impl Verdicts {
    /// Judges a state from each vantage alone, from all together, and from these.
    pub fn of(state: &str, snapshots: &Snapshots, more: &[&[Vantage]], checks: &[Check]) -> Result<Self, String> {
        let all: Vantages = snapshots.keys().copied().collect();
        let mut verdicts = Self { by: BTreeMap::new(), all: all.clone(), called_fixed: Vec::new() };
        let mut reports = BTreeMap::new();
        let deployment = deployment(snapshots)?;
        let from = |some: &Vantages| deployment.seen_from(&some.iter().copied().collect::<Vec<_>>());
        for some in all.iter().map(|vantage| Vantages::from([*vantage])).chain([all.clone()]) {
            if verdicts.by.contains_key(&some) {
                continue;
            }
            let (answers, report) = answered(&from(&some)?, checks);
            let seen = Seen { state, from: &some, all: &all, answers: &answers, report: &report, checks };
            LOOKS.get().into_iter().flat_map(|looks| *looks).for_each(|look| look(&seen));
            verdicts.by.insert(some.clone(), Said::of(&report));
            reports.insert(some, report);
        }
        for some in more {
            let some: Vantages = some.iter().copied().filter(|vantage| all.contains(vantage)).collect();
            if !some.is_empty() && !verdicts.by.contains_key(&some) {
                let said = Said::of(&answered(&from(&some)?, checks).1);
                verdicts.by.insert(some, said);
            }
        }
        if let Some(together) = reports.get(&all) {
            let before = Before::from(together);
            for (from, report) in reports.iter().filter(|(from, _)| from.len() == 1) {
                let from = from.iter().map(|vantage| vantage.word()).collect::<String>();
                let fixed = since(report, &before, checks).into_iter().filter(|change| change.now == Now::Fixed);
                verdicts.called_fixed.extend(
                    fixed.map(|change| {
                        format!("{} ({}) is called fixed from the {from} alone", change.code, change.seat)
                    }),
                );
            }
        }
        Ok(verdicts)
    }

    pub fn vantages(&self) -> impl Iterator<Item = Vantage> {
        self.all.iter().copied()
    }

    pub fn alone(&self, vantage: Vantage) -> &Said {
        self.from(&[vantage])
    }

    pub fn together(&self) -> &Said {
        self.from(&Vantage::ALL)
    }

    /// What those of these vantages say that were judged.
    pub fn from(&self, some: &[Vantage]) -> &Said {
        static NOTHING: LazyLock<Said> = LazyLock::new(Said::default);
        let some: Vantages = some.iter().copied().filter(|vantage| self.all.contains(vantage)).collect();
        self.by.get(&some).unwrap_or(&NOTHING)
    }
}

/// The built-in checks, read once.
pub fn checks() -> Result<&'static [Check], String> {
    static CHECKS: LazyLock<Result<Vec<Check>, String>> = LazyLock::new(catalog::built_in);
    CHECKS.as_deref().map_err(Clone::clone)
}

type Once = OnceLock<Result<Arc<Verdicts>, String>>;

/// What is said of a recorded state, with the checks of this program; of the blind there is no recording. Judged by
/// whoever asks first.
pub fn verdicts(state: &str, blind: &[Vantage]) -> Result<Arc<Verdicts>, String> {
    static JUDGED: LazyLock<Mutex<BTreeMap<String, Arc<Once>>>> = LazyLock::new(Mutex::default);
    let once = {
        let mut judged = JUDGED.lock().map_err(|_| "a judge panicked".to_owned())?;
        Arc::clone(judged.entry(state.to_owned()).or_default())
    };
    let judge = || {
        // What a fault may be mistaken for is asked of every set of vantages that people have.
        let plain = state.ends_with(".near") || state.contains('+') || state.starts_with("healthy");
        let more = if plain { &[] } else { super::ambiguity::SETS };
        Verdicts::of(state, &read(state, blind)?, more, checks()?).map(Arc::new)
    };
    once.get_or_init(judge).clone()
}

/// Judges everything that was not judged yet.
pub fn all(set: &Set) -> Result<(), String> {
    set.states().iter().try_for_each(|(state, blind)| verdicts(state, blind).map(drop))
}

/// What was seen of a recorded state; an error if anybody but the blind is missing.
pub fn read(state: &str, blind: &[Vantage]) -> Result<Snapshots, String> {
    let mut snapshots = crate::recorded::read(state)?;
    snapshots.retain(|vantage, _| !blind.contains(vantage));
    match Vantage::ALL.iter().find(|vantage| !blind.contains(vantage) && !snapshots.contains_key(vantage)) {
        Some(vantage) => Err(format!("{state}: the {vantage} is not recorded, and is not `blind`")),
        None => Ok(snapshots),
    }
}

pub fn bare(codes: &BTreeSet<String>) -> BTreeSet<String> {
    codes.iter().filter_map(|code| Some(code.split_once(' ')?.1.to_owned())).collect()
}

/// What is wrong with what each vantage alone says.
pub fn differs_alone(verdicts: &Verdicts, expect: &Expect) -> Vec<String> {
    let mut wrong = Vec::new();
    for vantage in verdicts.vantages() {
        compare(
            &mut wrong,
            &format!("{vantage} alone"),
            &bare(&verdicts.alone(vantage).roots),
            &expect.alone(vantage).iter().cloned().collect(),
        );
    }
    wrong
}

/// What is wrong with what all together say.
pub fn differs_joined(said: &Said, expect: &Expect) -> Vec<String> {
    let mut wrong = Vec::new();
    compare(&mut wrong, "joined", &said.roots, &expect.joined.iter().cloned().collect());
    compare(&mut wrong, "joined, warnings", &said.warns, &expect.warns.iter().cloned().collect());
    // A note that is true of every deployment by the guide is no surprise in this one.
    let missed = expect.notes.iter().filter(|code| !said.notes.contains(*code));
    wrong.extend(missed.map(|code| format!("joined, notes: {code} is missed")));
    if let Some(place) = &expect.place
        && !said.places.values().any(|named| named.split(':').next() == Some(place.file.as_str()))
    {
        wrong.push(format!("joined: no root names a line of {}", place.file));
    }
    wrong
}

/// What is wrong with what is said of a healthy deployment: anything red or yellow that is not true of it.
pub fn differs_healthy(verdicts: &Verdicts, warns: &[String]) -> Vec<String> {
    let mut wrong = Vec::new();
    let allowed: BTreeSet<String> = warns.iter().cloned().collect();
    let together = verdicts.together();
    compare(&mut wrong, "joined", &together.roots, &BTreeSet::new());
    compare(&mut wrong, "joined, warnings", &together.warns, &allowed);
    for vantage in verdicts.vantages() {
        let said = verdicts.alone(vantage);
        compare(&mut wrong, &format!("{vantage} alone"), &said.roots, &BTreeSet::new());
        let extra = said.warns.difference(&allowed).cloned().collect();
        compare(&mut wrong, &format!("{vantage} alone, warnings"), &extra, &BTreeSet::new());
    }
    wrong
}

/// The same of a fault's near miss, of which the fault's own notes may not be made either.
pub fn differs_near(verdicts: &Verdicts, fault: &Fault) -> Vec<String> {
    let mut wrong = differs_healthy(verdicts, &fault.near_warns);
    let said = &verdicts.together().notes;
    let untrue = fault.expect.notes.iter().filter(|code| said.contains(*code));
    wrong.extend(untrue.map(|code| format!("joined, notes: {code} is said and not true")));
    wrong
}

fn compare(wrong: &mut Vec<String>, who: &str, found: &BTreeSet<String>, wanted: &BTreeSet<String>) {
    wrong.extend(wanted.difference(found).map(|code| format!("{who}: {code} is missed")));
    wrong.extend(found.difference(wanted).map(|code| format!("{who}: {code} is said and not true")));
}
