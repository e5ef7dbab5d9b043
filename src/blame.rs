//! From verdicts to attributions: which broken check is the root, and which are explained by it.

use std::collections::HashMap;

use crate::check::{Alternative, Check, CheckId, Finding, Need, Severity, UNEXPECTED, Verdict};
use crate::fact::order::InOrder;
use crate::fact::{Unseen, Vantage};
use crate::judge::Answer;

mod alternatives;

use alternatives::alternatives;

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
    let places = Places::of(checks, &answers);
    let graph = Graph::of(&places, &answers);
    let judged: Vec<(Attribution, Vec<Alternative>)> = answers
        .iter()
        .enumerate()
        .map(|(number, answer)| {
            let check = places.check_of(answer);
            let attribution = graph.attribution(number, &answers, check);
            let left = match (&answer.judged, &attribution, check) {
                (Ok(Verdict::Broken(finding)), Attribution::Root { .. } | Attribution::Warns, Some(check)) => {
                    alternatives(&places, check, finding.cause, answer.vantage, &answers)
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

/// Which answer was given where. A deployment has as many cases as clients: answers are found by number, not by name.
struct Places<'a> {
    /// Each check, and the numbers of its answers by vantage.
    by_check: HashMap<&'a CheckId, (&'a Check, [Option<usize>; Vantage::ALL.len()])>,
    /// Whether anything was answered at a vantage.
    judged: [bool; Vantage::ALL.len()],
}

impl<'a> Places<'a> {
    fn of(checks: &'a [Check], answers: &[Answer]) -> Self {
        let nowhere = [None; Vantage::ALL.len()];
        let by_check = checks.iter().map(|check| (&check.id, (check, nowhere))).collect();
        let mut places = Self { by_check, judged: [false; Vantage::ALL.len()] };
        for (number, answer) in answers.iter().enumerate() {
            places.judged[answer.vantage as usize] = true;
            if let Some((_, at)) = places.by_check.get_mut(&answer.check) {
                at[answer.vantage as usize] = Some(number);
            }
        }
        places
    }

    fn check_of(&self, answer: &Answer) -> Option<&'a Check> {
        self.by_check.get(&answer.check).map(|(check, _)| *check)
    }

    fn at(&self, check: &CheckId, vantage: Vantage) -> Option<usize> {
        self.by_check.get(check).and_then(|(_, at)| at[vantage as usize])
    }

    /// The answers that are needed: at the vantage that is named, else at this one, else wherever.
    fn meant(&self, need: &Need, here: Vantage) -> impl Iterator<Item = usize> {
        let at = self.by_check.get(&need.check).map(|(_, at)| *at).unwrap_or_default();
        let one = need.at.or_else(|| at[here as usize].map(|_| here));
        Vantage::ALL
            .into_iter()
            .filter(move |it| one.is_none_or(|one| one == *it))
            .filter_map(move |it| at[it as usize])
    }
}

/// What an answer is for those that need it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Broken,
    Warns,
    Notes,
    Unseen,
    Holds,
    NotApplicable,
}

/// By the answers' numbers.
struct Graph {
    /// What each needs directly.
    needs: Vec<Vec<usize>>,
    kinds: Vec<Kind>,
}

impl Graph {
    fn of(places: &Places<'_>, answers: &[Answer]) -> Self {
        let kinds = answers.iter().map(|answer| match &answer.judged {
            Ok(Verdict::Broken(finding)) => match places.check_of(answer).map(|check| severity(check, finding)) {
                Some(Severity::Failed) => Kind::Broken,
                Some(Severity::Warning) => Kind::Warns,
                Some(Severity::Note) => Kind::Notes,
                None => Kind::NotApplicable,
            },
            Err(_) => Kind::Unseen,
            Ok(Verdict::Holds) => Kind::Holds,
            Ok(Verdict::NotApplicable(_)) => Kind::NotApplicable,
        });
        let needs = answers.iter().enumerate().map(|(number, answer)| {
            let Some(check) = places.check_of(answer) else { return Vec::new() };
            let own = check.needed_at(answer.vantage).flat_map(|need| places.meant(need, answer.vantage));
            // It may need itself at another vantage; here it is this very answer.
            let mut needs: Vec<usize> = own.filter(|it| *it != number).collect();
            if let Ok(Verdict::Broken(finding)) = &answer.judged {
                let of_cause = check.causes.get(finding.cause).into_iter().flat_map(|cause| &cause.needs);
                needs.extend(of_cause.flat_map(|need| places.meant(need, answer.vantage)));
            }
            needs
        });
        Self { kinds: kinds.collect(), needs: needs.collect() }
    }

    /// Everything that `of` needs, directly or not. What holds ends the way up: where the port is open, no firewall
    /// rule explains what Redis says there.
    fn above(&self, of: usize) -> Vec<usize> {
        let (mut found, mut known) = (Vec::new(), vec![false; self.needs.len()]);
        let mut open = self.needs[of].clone();
        while let Some(next) = open.pop() {
            if next != of && !std::mem::replace(&mut known[next], true) {
                found.push(next);
                if self.kinds[next] != Kind::Holds {
                    open.extend(&self.needs[next]);
                }
            }
        }
        found
    }

    fn attribution(&self, number: usize, answers: &[Answer], check: Option<&Check>) -> Attribution {
        let verdict = match &answers[number].judged {
            Err(why) => return Attribution::Unseen(why.clone()),
            Ok(verdict) => verdict,
        };
        let named = |numbers: Vec<usize>| {
            let mut seated: Vec<Seated> = numbers.into_iter().map(|number| seated(&answers[number])).collect();
            seated.in_order();
            seated
        };
        let is_broken = |it: &usize| self.kinds[*it] == Kind::Broken;
        let above = self.above(number);
        let broken: Vec<usize> = above.iter().copied().filter(is_broken).collect();
        match verdict {
            Verdict::NotApplicable(why) => Attribution::NotApplicable(why.clone().into_owned()),
            Verdict::Holds => {
                let proven = |it: &Seated| check.is_some_and(|check| check.proves.iter().any(|need| need.is(it)));
                let mut doubtful = named(broken);
                doubtful.retain(proven);
                if doubtful.is_empty() { Attribution::Holds } else { Attribution::Despite(doubtful) }
            }
            // A root is broken with nothing broken above it.
            Verdict::Broken(_) if !broken.is_empty() => {
                let root = |it: &usize| !self.above(*it).iter().any(is_broken);
                Attribution::Explained(named(broken.into_iter().filter(root).collect()))
            }
            Verdict::Broken(_) if self.kinds[number] == Kind::Warns => Attribution::Warns,
            Verdict::Broken(_) if self.kinds[number] == Kind::Notes => Attribution::Notes,
            Verdict::Broken(_) => {
                let unseen = |it: &usize| self.kinds[*it] == Kind::Unseen;
                Attribution::Root { open: named(above.into_iter().filter(unseen).collect()) }
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
