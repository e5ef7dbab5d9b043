//! The reports of several cases of one deployment as one: what is the same for many clients is told once.

use std::collections::hash_map::{Entry, RandomState};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::{BuildHasher, Hash};

use super::{Answer, Counts, Outcome, Report};
use crate::case::Case;
use crate::fact::Vantage;
use crate::fact::order::InOrder;

/// What a report of one case is about, where the deployment has several.
#[derive(Debug, Clone, Default)]
pub struct About {
    /// The client, where there are several.
    pub client: Option<String>,
    /// The host of the server role, where that is split.
    pub host: Option<String>,
}

impl About {
    /// What a case is about.
    pub fn of(case: &Case) -> Self {
        Self { client: case.client().map(str::to_owned), host: case.host().map(str::to_owned) }
    }
}

/// One report of them all.
pub fn merged(reports: impl Iterator<Item = (About, Report)>) -> Report {
    let mut clients = BTreeSet::new();
    let mut all: Option<Report> = None;
    // By what makes two outcomes one, as a number: a thousand clients have as many names for it.
    let (numbers, mut places) = (RandomState::new(), HashMap::<u64, usize>::new());
    let mut order: HashMap<String, usize> = HashMap::new();
    // With the place of its check.
    let mut outcomes_of_all: Vec<(usize, Outcome)> = Vec::new();
    let mut seats = BTreeSet::new();
    let (mut applies, mut explained) = (HashSet::new(), HashSet::new());
    for (About { client, host }, report) in reports {
        clients.extend(client.clone());
        let split = host.is_some();
        let Report { hosts, outcomes, essential_unseen, notes, .. } = report;
        let merged = all.get_or_insert_with(Report::empty);
        merged.essential_unseen |= essential_unseen;
        for host in hosts {
            if seats.insert(host.seat.clone()) {
                merged.hosts.push(host);
            }
        }
        for note in notes {
            if !merged.notes.contains(&note) {
                merged.notes.push(note);
            }
        }
        for mut outcome in outcomes {
            let next = order.len();
            let rank = match order.get(&outcome.check) {
                Some(rank) => *rank,
                None => *order.entry(outcome.check.clone()).or_insert(next),
            };
            // Of a client's own seat the name tells whose it is.
            let own = matches!(outcome.vantage, Vantage::Client | Vantage::Container)
                && outcome.seat != outcome.vantage.word();
            let far = split && outcome.vantage != Vantage::Server;
            if far && !matches!(outcome.answer, Answer::NotApplicable(_)) {
                applies.insert((outcome.check.clone(), outcome.seat.clone()));
            }
            if far && let Answer::Explained { diagnosis, .. } = &outcome.answer {
                explained.insert((outcome.check.clone(), outcome.seat.clone(), diagnosis.code.clone()));
            }
            outcome.clients = client.iter().filter(|_| !own).cloned().collect();
            let mut number = numbers.hash_one(same(&outcome));
            loop {
                match places.entry(number) {
                    Entry::Occupied(place) => {
                        let known = &mut outcomes_of_all[*place.get()].1;
                        if same(known) == same(&outcome) {
                            join(known, outcome);
                            break;
                        }
                    }
                    Entry::Vacant(place) => {
                        place.insert(outcomes_of_all.len());
                        outcomes_of_all.push((rank, outcome));
                        break;
                    }
                }
                number = number.wrapping_add(1);
            }
        }
    }
    let mut merged = all.unwrap_or_else(Report::empty);
    merged.hosts.in_order_of(|host| host.vantage);
    drop(places);
    outcomes_of_all.in_order_of(|(rank, outcome)| (*rank, outcome.vantage));
    merged.outcomes = outcomes_of_all.into_iter().map(|(_, outcome)| outcome).collect();
    // What is asked of a client about one host of several does not apply to the others, and what one host explains is no root
    // beside another one.
    merged.outcomes.retain(|it| {
        let here = || (it.check.clone(), it.seat.clone());
        match &it.answer {
            Answer::NotApplicable(_) => !applies.contains(&here()),
            Answer::Root { diagnosis, .. } | Answer::Warns(diagnosis) | Answer::Notes(diagnosis) => {
                !explained.contains(&(it.check.clone(), it.seat.clone(), diagnosis.code.clone()))
            }
            Answer::Holds | Answer::Despite(_) | Answer::Explained { .. } | Answer::Unseen(_) => true,
        }
    });
    for outcome in &mut merged.outcomes {
        if outcome.clients.len() == clients.len() {
            outcome.clients.clear();
        }
    }
    merged.counts = Counts::of(&merged.outcomes);
    merged
}

/// What makes two outcomes one: the check, the seat, the kind of answer and what is said.
fn same(outcome: &Outcome) -> impl Hash + PartialEq {
    let (code, said) = match &outcome.answer {
        Answer::Holds | Answer::Despite(_) => ("", ""),
        Answer::Root { diagnosis, .. }
        | Answer::Warns(diagnosis)
        | Answer::Notes(diagnosis)
        | Answer::Explained { diagnosis, .. } => (diagnosis.code.as_str(), diagnosis.says.as_str()),
        Answer::Unseen(why) | Answer::NotApplicable(why) => ("", why.as_str()),
    };
    (outcome.check.as_str(), outcome.seat.as_str(), std::mem::discriminant(&outcome.answer), code, said)
}

/// Adds what another case says besides.
fn join(known: &mut Outcome, other: Outcome) {
    // All of one client comes before the next one.
    let last = known.clients.last().cloned();
    known.clients.extend(other.clients.into_iter().filter(|it| last.as_ref() != Some(it)));
    match (&mut known.answer, other.answer) {
        (Answer::Despite(known), Answer::Despite(other)) => add(known, other),
        (Answer::Root { explains, open, .. }, Answer::Root { explains: more, open: unseen, .. }) => {
            add(explains, more);
            add(open, unseen);
        }
        (Answer::Explained { by, .. }, Answer::Explained { by: more, .. }) => add(by, more),
        (_, _) => {}
    }
}

fn add(known: &mut Vec<String>, other: Vec<String>) {
    for it in other {
        if !known.contains(&it) {
            known.push(it);
        }
    }
}
