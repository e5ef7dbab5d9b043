//! What clipcheck says of recordings or of a lab, in codes.

use std::collections::{BTreeMap, BTreeSet};

use clipcheck::blame::blame;
use clipcheck::case::Case;
use clipcheck::check::Check;
use clipcheck::fact::Vantage;
use clipcheck::judge::judge;
use clipcheck::report::{Answer, Report, report};
use clipcheck::snapshot::Snapshot;

use super::fault::{Expect, Fault, recorded};

/// Snapshots by vantage, each with its text.
pub type Snapshots = BTreeMap<Vantage, Snapshot>;

/// What was said of a case.
pub struct Said {
    /// As `vantage code`.
    pub roots: BTreeSet<String>,
    pub warns: BTreeSet<String>,
    pub notes: BTreeSet<String>,
    /// Broken, explained by a root.
    pub explained: BTreeSet<String>,
    /// Of the roots, by `vantage code`.
    pub places: BTreeMap<String, String>,
    pub report: Report,
}

pub fn judged(snapshots: &Snapshots, checks: &[Check]) -> Result<Said, String> {
    let case = Case::new(snapshots.values().cloned().collect())?;
    let report = report(&case, checks, &blame(checks, judge(&case, checks)));
    let mut said = Said {
        roots: BTreeSet::new(),
        warns: BTreeSet::new(),
        notes: BTreeSet::new(),
        explained: BTreeSet::new(),
        places: BTreeMap::new(),
        report: report.clone(),
    };
    for outcome in &report.outcomes {
        let seated = |code: &str| format!("{} {code}", outcome.vantage);
        match &outcome.answer {
            Answer::Root { trouble, .. } => {
                said.roots.insert(seated(&trouble.code));
                if let Some(place) = &trouble.place {
                    said.places.insert(seated(&trouble.code), place.clone());
                }
            }
            Answer::Warns(trouble) => {
                said.warns.insert(seated(&trouble.code));
            }
            Answer::Notes(trouble) => {
                said.notes.insert(seated(&trouble.code));
            }
            Answer::Explained { trouble, .. } => {
                said.explained.insert(seated(&trouble.code));
            }
            Answer::Holds | Answer::Despite(_) | Answer::Unseen(_) | Answer::NotApplicable(_) => {}
        }
    }
    Ok(said)
}

/// One vantage by itself; codes without the vantage.
pub fn alone(snapshots: &Snapshots, vantage: Vantage, checks: &[Check]) -> Result<Said, String> {
    let Some(snapshot) = snapshots.get(&vantage) else { return Err(format!("no snapshot of the {vantage}")) };
    judged(&BTreeMap::from([(vantage, snapshot.clone())]), checks)
}

pub fn bare(codes: &BTreeSet<String>) -> BTreeSet<String> {
    codes.iter().filter_map(|code| Some(code.split_once(' ')?.1.to_owned())).collect()
}

/// What is wrong with what each vantage alone says.
pub fn differs_alone(snapshots: &Snapshots, expect: &Expect, checks: &[Check]) -> Result<Vec<String>, String> {
    let mut wrong = Vec::new();
    for &vantage in snapshots.keys() {
        let said = alone(snapshots, vantage, checks)?;
        compare(
            &mut wrong,
            &format!("{vantage} alone"),
            &bare(&said.roots),
            &expect.alone(vantage).iter().cloned().collect(),
        );
    }
    Ok(wrong)
}

/// What is wrong with what all together say.
pub fn differs_joined(snapshots: &Snapshots, expect: &Expect, checks: &[Check]) -> Result<Vec<String>, String> {
    let mut wrong = Vec::new();
    let said = judged(snapshots, checks)?;
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
    Ok(wrong)
}

/// What is wrong with what is said of a healthy deployment: anything red or yellow that is not true of it.
pub fn differs_healthy(snapshots: &Snapshots, warns: &[String], checks: &[Check]) -> Result<Vec<String>, String> {
    let mut wrong = Vec::new();
    let allowed: BTreeSet<String> = warns.iter().cloned().collect();
    let together = judged(snapshots, checks)?;
    compare(&mut wrong, "joined", &together.roots, &BTreeSet::new());
    compare(&mut wrong, "joined, warnings", &together.warns, &allowed);
    for &vantage in snapshots.keys() {
        let said = alone(snapshots, vantage, checks)?;
        compare(&mut wrong, &format!("{vantage} alone"), &said.roots, &BTreeSet::new());
        let extra = said.warns.difference(&allowed).cloned().collect();
        compare(&mut wrong, &format!("{vantage} alone, warnings"), &extra, &BTreeSet::new());
    }
    Ok(wrong)
}

/// The same of a fault's near miss, of which the fault's own notes may not be made either.
pub fn differs_near(snapshots: &Snapshots, fault: &Fault, checks: &[Check]) -> Result<Vec<String>, String> {
    let mut wrong = differs_healthy(snapshots, &fault.near_warns, checks)?;
    let said = judged(snapshots, checks)?.notes;
    let untrue = fault.expect.notes.iter().filter(|code| said.contains(*code));
    wrong.extend(untrue.map(|code| format!("joined, notes: {code} is said and not true")));
    Ok(wrong)
}

fn compare(wrong: &mut Vec<String>, who: &str, found: &BTreeSet<String>, wanted: &BTreeSet<String>) {
    wrong.extend(wanted.difference(found).map(|code| format!("{who}: {code} is missed")));
    wrong.extend(found.difference(wanted).map(|code| format!("{who}: {code} is said and not true")));
}

/// A recording from `fixtures/recorded/`; of the blind there is none.
pub fn read(id: &str, blind: &[Vantage]) -> Result<Snapshots, String> {
    let mut snapshots = BTreeMap::new();
    for vantage in Vantage::ALL.into_iter().filter(|vantage| !blind.contains(vantage)) {
        let path = recorded(id).join(format!("{vantage}.json"));
        let name = format!("fixtures/recorded/{id}/{vantage}.json");
        let text = std::fs::read_to_string(&path).map_err(|_| {
            format!("{name} is not there; `tests/faults --live {} --record` makes it", id.trim_end_matches(".near"))
        })?;
        snapshots.insert(vantage, Snapshot::parse(&text, &name)?);
    }
    Ok(snapshots)
}
