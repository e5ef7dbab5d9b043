//! What cannot be told apart from one vantage: what the check files claim (`alternatives`), and what the recordings show.

use std::collections::{BTreeMap, BTreeSet};

use clipcheck::check::{Alternative, Check};
use clipcheck::fact::Vantage;

use super::fault::{Fault, Set};
use super::judged::{Said, Verdicts, verdicts};

/// `vantage code` as it is named from this vantage alone → what was truly broken, as `vantage code` → in which faults.
pub type Truths = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

/// What is truly wrong in a single fault; none where several things are.
pub fn truth(fault: &Fault) -> Option<&str> {
    let expect = &fault.expect;
    let all = if expect.joined.is_empty() { &expect.warns } else { &expect.joined };
    match all.as_slice() {
        [one] if !fault.several => Some(one),
        _ => None,
    }
}

/// What is named: the roots, and where there is none, the warnings.
fn named(said: &Said) -> &BTreeSet<String> {
    if said.roots.is_empty() { &said.warns } else { &said.roots }
}

/// What the recordings show.
pub fn truths(set: &Set) -> Result<Truths, String> {
    let mut truths = Truths::new();
    for fault in &set.faults {
        let Some(truth) = truth(fault) else { continue };
        let verdicts = verdicts(&fault.id, &fault.blind)?;
        for vantage in verdicts.vantages() {
            for said in named(verdicts.alone(vantage)) {
                let faults = truths.entry(said.clone()).or_default().entry(truth.to_owned()).or_default();
                faults.insert(fault.id.clone());
            }
        }
    }
    Ok(truths)
}

/// `vantage check/cause`
fn parts(seated: &str) -> Option<(Vantage, &str, &str)> {
    let (vantage, code) = seated.split_once(' ')?;
    let (check, cause) = code.split_once('/')?;
    Some((vantage.parse().ok()?, check, cause))
}

fn covers(alternative: &Alternative, seated: &str) -> bool {
    parts(seated).is_some_and(|(on, check, cause)| alternative.covers(on, check, cause))
}

/// One set of causes that look alike: where and as what they are named, what is claimed, and what is so.
pub struct Alike {
    pub said: String,
    pub claimed: Vec<Alternative>,
    pub truths: BTreeMap<String, BTreeSet<String>>,
    /// What is so where the same check is named from the same vantage, by whatever cause: which of them it is can depend
    /// on the moment, as Redis lists a dead worker for a while.
    pub of_check: BTreeSet<String>,
}

impl Alike {
    /// What is wrong with the claim, each with the line to change.
    pub fn wrong(&self, checks: &[Check]) -> Vec<String> {
        let Some((vantage, id, cause)) = parts(&self.said) else { return vec![format!("`{}` is no code", self.said)] };
        let category = checks.iter().find(|check| check.id.0 == id).map_or("custom", |check| check.category.word());
        let place = format!("`alternatives.{vantage}` of [cause.{cause}] in checks/{category}/{id}.toml");
        let mut wrong = Vec::new();
        for (truth, faults) in &self.truths {
            if !self.claimed.iter().any(|it| covers(it, truth)) {
                let faults = faults.iter().cloned().collect::<Vec<_>>().join(", ");
                wrong.push(format!(
                    "{} also looks so when it is `{truth}` ({faults}): add \"{truth}\" to {place}",
                    self.said
                ));
            }
        }
        for claim in &self.claimed {
            // A claim of a whole check says that it may be anything of that kind; one of a cause must have been seen.
            if claim.cause.is_some() && !self.of_check.iter().any(|truth| covers(claim, truth)) {
                wrong.push(format!(
                    "no recording looks like {} or another cause of its check and is `{claim}`: take it out of {place}",
                    self.said
                ));
            }
        }
        wrong
    }
}

/// All that looks alike from one vantage by itself. What is named at another vantage by the same check is certain:
/// the cause is the same, only nearer.
pub fn alike(set: &Set, checks: &[Check]) -> Result<Vec<Alike>, String> {
    let mut truths = truths(set)?;
    for check in checks {
        for (cause, text) in &check.causes {
            for vantage in text.alternatives.keys() {
                truths.entry(format!("{vantage} {}/{cause}", check.id)).or_default();
            }
        }
    }
    let mut of_checks: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (said, truths) in &truths {
        let check = said.split('/').next().unwrap_or_default();
        of_checks.entry(check.to_owned()).or_default().extend(truths.keys().cloned());
    }
    let mut found = Vec::new();
    for (said, truths) in truths {
        let Some((vantage, id, cause)) = parts(&said) else { continue };
        let text = checks.iter().find(|check| check.id.0 == id).and_then(|check| check.causes.get(cause));
        let claimed = text.and_then(|text| text.alternatives.get(&vantage)).cloned().unwrap_or_default();
        let certain = truths.keys().all(|truth| parts(truth).is_some_and(|(_, check, _)| check == id));
        if !certain || !claimed.is_empty() {
            let of_check = said.split('/').next().and_then(|check| of_checks.get(check)).cloned().unwrap_or_default();
            found.push(Alike { said, claimed, truths, of_check });
        }
    }
    Ok(found)
}

/// Every set of vantages that people have: each alone, two ends, the three of the deployment, all.
pub const SETS: &[&[Vantage]] = &[
    &[Vantage::Server],
    &[Vantage::Client],
    &[Vantage::Container],
    &[Vantage::Server, Vantage::Client],
    &[Vantage::Server, Vantage::Container],
    &[Vantage::Client, Vantage::Container],
    &[Vantage::Server, Vantage::Client, Vantage::Container],
    &Vantage::ALL,
];

/// How often the true cause is among those that are named or left, of how many times anything is named; and where not.
pub fn kept(fault: &Fault, verdicts: &Verdicts) -> (usize, Vec<String>) {
    let Some(truth) = truth(fault) else { return (0, Vec::new()) };
    let (mut sets, mut lost) = (0, Vec::new());
    for vantages in SETS {
        let said = verdicts.from(vantages);
        if named(said).is_empty() {
            continue;
        }
        sets += 1;
        if !has(said, truth) {
            let from = vantages.iter().map(|vantage| vantage.word()).collect::<Vec<_>>().join(" and ");
            let roots = named(said).iter().cloned().collect::<Vec<_>>().join(", ");
            lost.push(format!("from {from}, {roots} is named, and what is left beside it leaves out {truth}"));
        }
    }
    (sets, lost)
}

fn has(said: &Said, truth: &str) -> bool {
    let Some((on, id, cause)) = parts(truth) else { return false };
    let left = |code: &str| code == id || code.split_once('/').is_some_and(|parts| parts == (id, cause));
    said.checks.contains(id) || said.left.iter().any(|(at, code)| *at == on && left(code))
}

/// All sets, for people.
pub fn show(alike: &[Alike]) -> String {
    let mut lines = Vec::new();
    for it in alike {
        lines.push(format!("{} ({} claimed, {} true)", it.said, it.claimed.len(), it.truths.len()));
        lines.extend(it.claimed.iter().map(|claim| {
            let truths: Vec<&str> = it.truths.keys().filter(|truth| covers(claim, truth)).map(String::as_str).collect();
            format!("    {claim}: {}", truths.join(", "))
        }));
    }
    lines.join("\n")
}
