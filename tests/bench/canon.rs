//! The canonical form of what was seen: what happens to be otherwise at every look, and is no difference that anybody
//! could name, is taken from an earlier recording (`like`): that of the same state, or of the healthy lab.
//!
//! - durations are left out;
//! - names that a machine makes up (keys, ids, ports, interfaces) are numbered by order of appearance;
//! - counters and times are those of `like`, as long as every sentence stays as it is and, of times, what came before
//!   what.

use std::collections::{BTreeMap, BTreeSet};

use clipcheck::check::Check;
use clipcheck::fact::Vantage;
use clipcheck::snapshot::Snapshot;
use serde_json::Value;

use super::judged::{Snapshots, diagnosis, judged, report_of};
use crate::recorded::escape;
use crate::recorded::patch::{is_time, with_durations};

mod names;

/// Numbers that are never twice the same. What they say beside being there or not, a sentence says.
const COUNTED: [&str; 14] = [
    "age",
    "ahead_ms",
    "clients",
    "joined",
    "pid",
    "quiet",
    "received",
    "reply",
    "round_trip_us",
    "sent",
    "uptime",
    "used",
    "used_memory",
    "whole",
];

/// The same, each with a name of its own.
const COUNTED_BY_NAME: [&str; 1] = ["dropped"];

/// Lists of what somebody happened to see, or to try meanwhile; what they say, a sentence says.
const LOOKED: [&str; 3] = ["beats", "refused", "samples"];

/// Of these it matters whether anything was counted.
const NONE_OR_SOME: [&str; 2] = ["received", "sent"];

/// The clocks of two machines in one lab are one clock: what is less apart than this is the time between two looks.
const SAME_CLOCK: u64 = 10;
const SAME_CLOCK_MS: i64 = 100;

/// Two things that happened within so many seconds may change places.
const TOGETHER: u64 = 2;

/// How near the new recording must be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// Another state: each number that is said stays, and what came before what.
    AsSaid,
    /// The same state, seen again: the same is said, with whatever numbers.
    AsMeant,
}

type Values = BTreeMap<Vantage, Value>;

/// The canonical form. An error if it changes what is said.
pub fn canonical(seen: &Snapshots, like: &Snapshots, kept: Kept, checks: &[Check]) -> Result<Snapshots, String> {
    let like = values(like)?;
    let mut new = values(seen)?;
    links_in_order(&mut new, &like);
    names::rename(&mut new, &like);
    move_clock(&mut new, &like);
    let named = snapshots(&new)?;
    let (was, is) = (said(seen, checks, Kept::AsMeant)?, said(&named, checks, Kept::AsMeant)?);
    if codes(&was) != codes(&is) {
        return Err("other names and another clock change what is said".to_owned());
    }
    let wanted = said(&named, checks, kept)?;
    let mut changes = changes(&new, &like, kept);
    if kept == Kept::AsSaid {
        changes = in_order(&new, &changes);
    }
    let all = with(&new, &changes);
    let whole = snapshots(&all)?;
    if said(&whole, checks, kept)? == wanted {
        return Ok(whole);
    }
    // How long something has been up decides what can be seen of it, on a busy machine: where nothing else differs, and the
    // same is named, nothing has changed.
    if kept == Kept::AsMeant && all == like {
        let named =
            |snapshots| judged(snapshots, checks).map(|it| (it.roots.clone(), it.warns.clone(), it.notes.clone()));
        if named(&whole)? == named(&snapshots(&new)?)? {
            return Ok(whole);
        }
    }
    // Something that is counted matters here: fact by fact, what can be as it was.
    let facts: BTreeSet<(Vantage, String)> = changes.iter().map(|it| (it.vantage, it.fact())).collect();
    let mut best = new;
    for fact in facts {
        let of_fact: Vec<Change> = changes.iter().filter(|it| (it.vantage, it.fact()) == fact).cloned().collect();
        let tried = with(&best, &of_fact);
        if said(&snapshots(&tried)?, checks, kept)? == wanted {
            best = tried;
        }
    }
    snapshots(&best)
}

/// Interfaces are listed as they were made, and which of two came first is chance.
fn links_in_order(new: &mut Values, like: &Values) {
    const LINKS: &str = "/facts/links/observation/seen/links/links";
    let kind = |link: &Value| {
        link["name"].as_str().map(|name| name.trim_end_matches(|c: char| c.is_ascii_hexdigit())).map(str::to_owned)
    };
    for (vantage, value) in new {
        let known = like.get(vantage).and_then(|like| like.pointer(LINKS)).and_then(Value::as_array);
        let links = value.pointer_mut(LINKS).and_then(Value::as_array_mut);
        if let (Some(known), Some(links)) = (known, links) {
            links.sort_by_key(|link| known.iter().position(|other| kind(other) == kind(link)).unwrap_or(known.len()));
        }
    }
}

/// Without durations.
fn values(snapshots: &Snapshots) -> Result<Values, String> {
    let value = |snapshot: &Snapshot| -> Result<Value, String> {
        let value = serde_json::to_value(snapshot).map_err(|error| error.to_string())?;
        Ok(with_durations(value))
    };
    snapshots.iter().map(|(&vantage, snapshot)| Ok((vantage, value(snapshot)?))).collect()
}

fn snapshots(values: &Values) -> Result<Snapshots, String> {
    let read = |value: &Value| serde_json::from_value::<Snapshot>(value.clone()).map_err(|error| error.to_string());
    values.iter().map(|(&vantage, value)| Ok((vantage, read(value)?))).collect()
}

/// Moves all snapshots to the time of the other recording, and each whose clock only seems to be another one.
fn move_clock(new: &mut Values, like: &Values) {
    let at = |value: &Value| value["taken_at"].as_u64().unwrap_or_default();
    let first = new.iter().find_map(|(vantage, value)| Some((at(value), at(like.get(vantage)?))));
    let Some((from, to)) = first else { return };
    for (vantage, value) in new {
        let taken_at = at(value);
        let moved = (taken_at + to).saturating_sub(from);
        let settled = like.get(vantage).map(at).filter(|at| at.abs_diff(moved) <= SAME_CLOCK).unwrap_or(moved);
        shift(value, taken_at, settled);
    }
}

fn shift(value: &mut Value, from: u64, to: u64) {
    match value {
        Value::Object(fields) => fields.values_mut().for_each(|it| shift(it, from, to)),
        Value::Array(items) => items.iter_mut().for_each(|it| shift(it, from, to)),
        number if is_time(number, from) => {
            *number = (number.as_u64().unwrap_or_default() + to).saturating_sub(from).into();
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// One number that may be the other recording's.
#[derive(Clone)]
struct Change {
    vantage: Vantage,
    pointer: String,
    to: Value,
}

impl Change {
    fn fact(&self) -> String {
        self.pointer.split('/').nth(2).unwrap_or_default().to_owned()
    }
}

fn changes(new: &Values, like: &Values, kept: Kept) -> Vec<Change> {
    let mut found = Vec::new();
    for (&vantage, value) in new {
        if let Some(like) = like.get(&vantage) {
            let taken_at = value["taken_at"].as_u64().unwrap_or_default();
            collect(value, like, "", (taken_at, kept), &mut |pointer, to| {
                found.push(Change { vantage, pointer, to });
            });
        }
    }
    found
}

fn collect(new: &Value, like: &Value, at: &str, (taken_at, kept): (u64, Kept), found: &mut impl FnMut(String, Value)) {
    match (new, like) {
        (Value::Object(new), Value::Object(like)) => {
            for (name, new) in new.iter().filter(|(name, _)| *name != "taken_at") {
                if let Some(like) = like.get(name) {
                    collect(new, like, &format!("{at}/{}", escape(name)), (taken_at, kept), found);
                }
            }
        }
        // A list, or none where nobody spoke meanwhile.
        _ if kept == Kept::AsMeant && looked(at) && new != like => found(at.to_owned(), like.clone()),
        (Value::Array(new), Value::Array(like)) => {
            for (index, (new, like)) in new.iter().zip(like).enumerate() {
                collect(new, like, &format!("{at}/{index}"), (taken_at, kept), found);
            }
        }
        (Value::String(_), Value::String(_)) if at == "/kernel" && new != like => found(at.to_owned(), like.clone()),
        (Value::Number(_), Value::Number(_)) if new != like => {
            let mut names = at.rsplit('/').filter(|part| part.parse::<usize>().is_err());
            let (name, of) = (names.next().unwrap_or_default(), names.next().unwrap_or_default());
            let by_name = COUNTED_BY_NAME.contains(&of);
            let number = |value: &Value| value.as_i64().unwrap_or_default();
            let none_or_some = by_name || NONE_OR_SOME.contains(&name);
            let counted = (by_name || COUNTED.contains(&name))
                && (!none_or_some || (number(new) == 0) == (number(like) == 0))
                && (name != "ahead_ms" || (number(new) - number(like)).abs() < SAME_CLOCK_MS);
            if counted || (is_time(new, taken_at) && is_time(like, taken_at)) {
                found(at.to_owned(), like.clone());
            }
        }
        _ => {}
    }
}

fn looked(at: &str) -> bool {
    LOOKED.iter().any(|name| at.rsplit('/').next() == Some(*name))
}

fn with(values: &Values, changes: &[Change]) -> Values {
    let mut values = values.clone();
    for change in changes {
        if let Some(place) = values.get_mut(&change.vantage).and_then(|value| value.pointer_mut(&change.pointer)) {
            *place = change.to.clone();
        }
    }
    values
}

/// Without those that would let one thing come before another that it came after.
fn in_order(new: &Values, changes: &[Change]) -> Vec<Change> {
    let mut left = Vec::new();
    for (&vantage, value) in new {
        let taken_at = value["taken_at"].as_u64().unwrap_or_default();
        let (mut times, others): (Vec<Change>, Vec<Change>) = changes
            .iter()
            .filter(|it| it.vantage == vantage)
            .cloned()
            .partition(|it| value.pointer(&it.pointer).is_some_and(|was| is_time(was, taken_at)));
        left.extend(others);
        let mut all = Vec::new();
        all_times(value, "", taken_at, &mut all);
        loop {
            let to: BTreeMap<&str, u64> =
                times.iter().filter_map(|it| Some((it.pointer.as_str(), it.to.as_u64()?))).collect();
            let after = |pointer: &String, was: u64| to.get(pointer.as_str()).copied().unwrap_or(was);
            let mut wrong: BTreeMap<&str, usize> = BTreeMap::new();
            for (index, (one, one_was)) in all.iter().enumerate() {
                for (other, other_was) in &all[index + 1..] {
                    let apart = one_was.abs_diff(*other_was) > TOGETHER;
                    if apart && one_was.cmp(other_was) != after(one, *one_was).cmp(&after(other, *other_was)) {
                        *wrong.entry(one).or_default() += 1;
                        *wrong.entry(other).or_default() += 1;
                    }
                }
            }
            let worst = wrong.into_iter().filter(|(pointer, _)| to.contains_key(pointer)).max_by_key(|(_, many)| *many);
            let Some(worst) = worst.map(|(pointer, _)| pointer.to_owned()) else { break };
            times.retain(|it| it.pointer != worst);
        }
        left.extend(times);
    }
    left
}

fn all_times(value: &Value, at: &str, taken_at: u64, found: &mut Vec<(String, u64)>) {
    match value {
        Value::Object(fields) => {
            for (name, it) in fields {
                all_times(it, &format!("{at}/{}", escape(name)), taken_at, found);
            }
        }
        Value::Array(items) => {
            for (index, it) in items.iter().enumerate() {
                all_times(it, &format!("{at}/{index}"), taken_at, found);
            }
        }
        number if is_time(number, taken_at) => found.push((at.to_owned(), number.as_u64().unwrap_or_default())),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// One answer: whose, in a word and a code, in full, and what it rests on.
#[derive(PartialEq, Eq)]
struct Line {
    seat: String,
    code: String,
    answer: String,
    evidence: String,
}

/// What each vantage alone and all together say.
fn said(snapshots: &Snapshots, checks: &[Check], kept: Kept) -> Result<Vec<Line>, String> {
    let mut lines = Vec::new();
    let alone = snapshots.iter().map(|(vantage, it)| Snapshots::from([(*vantage, it.clone())]));
    for some in alone.chain([snapshots.clone()]) {
        let report = report_of(&some, checks)?;
        for outcome in &report.outcomes {
            let answer = format!("{:?}", outcome.answer);
            lines.push(Line {
                seat: format!("{} {}", outcome.vantage, outcome.check),
                code: format!("{} {}", outcome.answer.word(), diagnosis(outcome).map_or("", |it| it.code.as_str())),
                answer: if kept == Kept::AsSaid { answer } else { without_digits(&answer) },
                evidence: without_digits(&format!("{:?}", outcome.evidence)),
            });
        }
        let notes = without_digits(&report.notes.join("\n"));
        lines.push(Line { seat: "notes".to_owned(), code: String::new(), answer: notes, evidence: String::new() });
    }
    Ok(lines)
}

fn codes(said: &[Line]) -> Vec<(&str, &str)> {
    said.iter().map(|line| (line.seat.as_str(), line.code.as_str())).collect()
}

/// Every number as 0, whether it is below it or not.
pub fn without_digits(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if !c.is_ascii_digit() {
            out.push(c);
        } else if !out.ends_with('0') {
            if out.ends_with(" -") {
                out.pop();
            }
            out.push('0');
        }
    }
    out
}
