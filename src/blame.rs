//! From verdicts to attributions: which broken check is the root, and which are explained by it.

use std::collections::{BTreeMap, BTreeSet};

use crate::check::{Alternative, Check, CheckId, Finding, Need, Severity, UNEXPECTED, Verdict};
use crate::fact::{Unseen, Vantage};
use crate::judge::Answer;

mod alternatives;

use alternatives::{Answers, alternatives};

/// A check at a vantage.
pub type Seated = (CheckId, Vantage);

/// One check's answer in the light of the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attribution {
    /// It holds.
    Holds,
    /// It holds although something is broken that its holding speaks for: worth reading.
    Despite(Vec<Seated>),
    /// It is broken and nothing it needs is. `open` lists what it needs and could not be seen.
    Root {
        /// Needed and unseen.
        open: Vec<Seated>,
    },
    /// It works, and will not for long; nothing it needs is broken.
    Warns,
    /// It works, and could be stricter; nothing it needs is broken.
    Notes,
    /// It is broken, and so is what it needs: these roots.
    Explained(Vec<Seated>),
    /// It could not be judged.
    Unseen(Unseen),
    /// There is nothing here to judge.
    NotApplicable(String),
}

/// An answer with its attribution.
#[derive(Debug, Clone)]
pub struct Blamed {
    /// The answer.
    pub answer: Answer,
    /// Its attribution.
    pub attribution: Attribution,
    /// What else may be behind it, if it is a root or warns.
    pub alternatives: Vec<Alternative>,
}

impl Blamed {
    /// What was found, if it is broken, warns or notes.
    pub fn finding(&self) -> Option<&Finding> {
        match &self.answer.judged {
            Ok(Verdict::Broken(finding)) => Some(finding),
            Ok(Verdict::Holds | Verdict::NotApplicable(_)) | Err(_) => None,
        }
    }
}

/// Gives every answer its attribution.
pub fn blame(checks: &[Check], answers: Vec<Answer>) -> Vec<Blamed> {
    let graph = Graph::of(checks, &answers);
    let by_seat: Answers<'_> = answers.iter().map(|answer| (seated(answer), answer)).collect();
    let judged: Vec<(Attribution, Vec<Alternative>)> = answers
        .iter()
        .map(|answer| {
            let check = checks.iter().find(|check| check.id == answer.check);
            let attribution = graph.attribution(answer, check);
            let left = match (&answer.judged, &attribution, check) {
                (Ok(Verdict::Broken(finding)), Attribution::Root { .. } | Attribution::Warns, Some(check)) => {
                    alternatives(checks, check, finding.cause, answer.vantage, &by_seat)
                }
                _ => Vec::new(),
            };
            (attribution, left)
        })
        .collect();
    answers
        .into_iter()
        .zip(judged)
        .map(|(answer, (attribution, alternatives))| Blamed { answer, attribution, alternatives })
        .collect()
}

struct Graph {
    /// What each needs directly.
    needs: BTreeMap<Seated, Vec<Seated>>,
    broken: BTreeSet<Seated>,
    unseen: BTreeSet<Seated>,
    warns: BTreeSet<Seated>,
    notes: BTreeSet<Seated>,
    holds: BTreeSet<Seated>,
}

impl Graph {
    fn of(checks: &[Check], answers: &[Answer]) -> Self {
        let judged: BTreeSet<Seated> = answers.iter().map(seated).collect();
        let mut graph = Self {
            needs: BTreeMap::new(),
            broken: BTreeSet::new(),
            unseen: BTreeSet::new(),
            warns: BTreeSet::new(),
            notes: BTreeSet::new(),
            holds: BTreeSet::new(),
        };
        for answer in answers {
            let Some(check) = checks.iter().find(|check| check.id == answer.check) else { continue };
            match &answer.judged {
                Ok(Verdict::Broken(finding)) => {
                    let found = match severity(check, finding) {
                        Severity::Failed => &mut graph.broken,
                        Severity::Warning => &mut graph.warns,
                        Severity::Note => &mut graph.notes,
                    };
                    found.insert(seated(answer));
                }
                Err(_) => {
                    graph.unseen.insert(seated(answer));
                }
                Ok(Verdict::Holds) => {
                    graph.holds.insert(seated(answer));
                }
                Ok(Verdict::NotApplicable(_)) => {}
            }
            let mut needs = needed(check, answer.vantage, &judged);
            if let Ok(Verdict::Broken(finding)) = &answer.judged {
                let own = check.causes.get(finding.cause).into_iter().flat_map(|cause| &cause.needs);
                needs.extend(own.flat_map(|need| places(need, answer.vantage, &judged)));
            }
            graph.needs.insert(seated(answer), needs);
        }
        graph
    }

    /// Everything that `of` needs, directly or not. What holds ends the way up: where the port is open, no firewall
    /// rule explains what Redis says there.
    fn above(&self, of: &Seated) -> BTreeSet<Seated> {
        let mut found = BTreeSet::new();
        let mut open: Vec<&Seated> = self.needs.get(of).into_iter().flatten().collect();
        while let Some(next) = open.pop() {
            if next != of && found.insert(next.clone()) && !self.holds.contains(next) {
                open.extend(self.needs.get(next).into_iter().flatten());
            }
        }
        found
    }

    fn attribution(&self, answer: &Answer, check: Option<&Check>) -> Attribution {
        let here = seated(answer);
        let verdict = match &answer.judged {
            Err(why) => return Attribution::Unseen(why.clone()),
            Ok(verdict) => verdict,
        };
        let above = self.above(&here);
        let broken: Vec<Seated> = above.iter().filter(|it| self.broken.contains(*it)).cloned().collect();
        // A root is broken with nothing broken above it.
        let roots: Vec<Seated> = broken.iter().filter(|it| self.above(it).is_disjoint(&self.broken)).cloned().collect();
        match verdict {
            Verdict::NotApplicable(why) => Attribution::NotApplicable(why.clone().into_owned()),
            Verdict::Holds => {
                let proven = |it: &Seated| check.is_some_and(|check| check.proves.iter().any(|need| need.is(it)));
                let doubtful: Vec<Seated> = broken.into_iter().filter(proven).collect();
                if doubtful.is_empty() { Attribution::Holds } else { Attribution::Despite(doubtful) }
            }
            Verdict::Broken(_) if !broken.is_empty() => Attribution::Explained(roots),
            Verdict::Broken(_) if self.warns.contains(&here) => Attribution::Warns,
            Verdict::Broken(_) if self.notes.contains(&here) => Attribution::Notes,
            Verdict::Broken(_) => {
                Attribution::Root { open: above.into_iter().filter(|it| self.unseen.contains(it)).collect() }
            }
        }
    }
}

fn seated(answer: &Answer) -> Seated {
    (answer.check.clone(), answer.vantage)
}

/// How bad a finding is. A word that a plain check's file does not know is broken: there is no silent pass.
pub fn severity(check: &Check, finding: &Finding) -> Severity {
    if finding.cause == UNEXPECTED {
        return Severity::Failed;
    }
    if finding.later {
        return Severity::Warning;
    }
    check.causes.get(finding.cause).map_or(Severity::Failed, |cause| cause.severity)
}

/// The seats at which a check's needs were judged: the vantage that is named, else this one, else wherever. It may need
/// itself at another vantage; here it is this very answer.
fn needed(check: &Check, here: Vantage, judged: &BTreeSet<Seated>) -> Vec<Seated> {
    let found = check.needed_at(here).flat_map(|need| places(need, here, judged));
    found.filter(|it| *it != (check.id.clone(), here)).collect()
}

fn places(need: &Need, here: Vantage, judged: &BTreeSet<Seated>) -> Vec<Seated> {
    let places: Vec<Vantage> = match need.at {
        Some(at) => vec![at],
        None if judged.contains(&(need.check.clone(), here)) => vec![here],
        None => Vantage::ALL.to_vec(),
    };
    places.into_iter().map(|at| (need.check.clone(), at)).filter(|it| judged.contains(it)).collect()
}
