//! The reports of several cases of one deployment as one: what is the same for many clients is told once.

use crate::fact::order::InOrder;
use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::mem::Discriminant;

use super::{Answer, Counts, Outcome, Report};

/// What makes two outcomes one: the check, the seat, the kind of answer and what is said.
type Same = (String, String, Discriminant<Answer>, String);

/// The client that each report is about, where the deployment has several, and the report.
pub fn merged(reports: impl Iterator<Item = (Option<String>, Report)>) -> Report {
    let mut clients = BTreeSet::new();
    let mut all: Option<Report> = None;
    let mut places: HashMap<Same, usize> = HashMap::new();
    let mut order: HashMap<String, usize> = HashMap::new();
    let mut seats = BTreeSet::new();
    for (client, report) in reports {
        clients.extend(client.clone());
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
            order.entry(outcome.check.clone()).or_insert(next);
            outcome.clients = client.iter().cloned().collect();
            match places.entry(same(&outcome)) {
                Entry::Occupied(place) => join(&mut merged.outcomes[*place.get()], outcome),
                Entry::Vacant(place) => {
                    place.insert(merged.outcomes.len());
                    merged.outcomes.push(outcome);
                }
            }
        }
    }
    let mut merged = all.unwrap_or_else(Report::empty);
    merged.hosts.in_order_of(|host| host.vantage);
    merged.outcomes.in_order_of(|outcome| (order.get(&outcome.check).copied(), outcome.vantage));
    for outcome in &mut merged.outcomes {
        // Of a client's own seat the name tells whose it is.
        if outcome.clients.len() == clients.len() || outcome.seat != outcome.vantage.word() {
            outcome.clients.clear();
        }
    }
    merged.counts = Counts::of(&merged.outcomes);
    merged
}

fn same(outcome: &Outcome) -> Same {
    let said = match &outcome.answer {
        Answer::Holds | Answer::Despite(_) => String::new(),
        Answer::Root { diagnosis, .. }
        | Answer::Warns(diagnosis)
        | Answer::Notes(diagnosis)
        | Answer::Explained { diagnosis, .. } => format!("{} {}", diagnosis.code, diagnosis.says),
        Answer::Unseen(why) | Answer::NotApplicable(why) => why.clone(),
    };
    (outcome.check.clone(), outcome.seat.clone(), std::mem::discriminant(&outcome.answer), said)
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
