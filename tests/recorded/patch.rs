//! Differences between two JSON values, as lines that a person can read and write: a JSON pointer (RFC 6901; in a file
//! shorter, see `pointer.rs`), and what stands there.
//!
//! - `"/facts/tcp redis/observation/seen/tcp/how": "timeout"` puts that there;
//! - `{"gone": true}` takes away what is there;
//! - `".../lines/97..98": ["a", "b"]` puts these in place of a part of a list, `97..97` between two of its entries, both
//!   counted from 0 in the healthy recording;
//! - `{"ago": 5}` is the time five seconds before the snapshot was taken; of `/taken_at` itself, before that of the
//!   healthy one.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{escape, unescape};

/// Puts every line in its place.
pub fn apply(target: &mut Value, lines: &Map<String, Value>) -> Result<(), String> {
    let mut parts: BTreeMap<&str, Vec<(usize, usize, &Value, &str)>> = BTreeMap::new();
    for (pointer, value) in lines {
        let (parent, last) = pointer.rsplit_once('/').ok_or_else(|| format!("`{pointer}` is no JSON pointer"))?;
        if let Some((from, to)) = range(last) {
            parts.entry(parent).or_default().push((from, to, value, pointer));
            continue;
        }
        let nothing = || format!("{pointer}: there is nothing to put it into");
        match target.pointer_mut(parent).ok_or_else(nothing)? {
            Value::Object(fields) if is_gone(value) => {
                fields.remove(&unescape(last)).ok_or_else(|| format!("{pointer}: nothing is there to take away"))?;
            }
            Value::Object(fields) => {
                fields.insert(unescape(last), value.clone());
            }
            Value::Array(items) => {
                let item = last.parse().ok().and_then(|index: usize| items.get_mut(index));
                *item.ok_or_else(|| format!("{pointer}: the list has no such entry"))? = value.clone();
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return Err(nothing()),
        }
    }
    for (parent, mut parts) in parts {
        let list = target.pointer_mut(parent).and_then(Value::as_array_mut);
        let list = list.ok_or_else(|| format!("{parent}: there is no list"))?;
        // From the end, so that what comes before keeps its number.
        parts.sort_by_key(|(from, to, ..)| std::cmp::Reverse((*from, *to)));
        for (from, to, value, pointer) in parts {
            let new = value.as_array().ok_or_else(|| format!("{pointer}: a part of a list is a list"))?;
            if from > to || to > list.len() {
                return Err(format!("{pointer}: the list has {} entries", list.len()));
            }
            list.splice(from..to, new.iter().cloned());
        }
    }
    Ok(())
}

fn range(text: &str) -> Option<(usize, usize)> {
    let (from, to) = text.split_once("..")?;
    Some((from.parse().ok()?, to.parse().ok()?))
}

fn is_gone(value: &Value) -> bool {
    value.as_object().is_some_and(|it| it.len() == 1 && it.get("gone") == Some(&Value::Bool(true)))
}

fn ago(value: &Value) -> Option<i64> {
    let fields = value.as_object().filter(|fields| fields.len() == 1)?;
    fields.get("ago")?.as_i64()
}

/// The snapshot's own time as a number, when it is said by how long it lies before that of the healthy one.
pub fn settle_taken_at(snapshot: &mut Value, healthy: u64) -> Result<u64, String> {
    if let Some(ago) = ago(&snapshot["taken_at"]) {
        snapshot["taken_at"] = healthy.saturating_add_signed(-ago).into();
    }
    snapshot["taken_at"].as_u64().ok_or_else(|| "/taken_at: neither a number nor {\"ago\": SECONDS}".to_owned())
}

/// Each `{"ago": 5}` as the number of seconds that it stands for.
pub fn with_times(value: Value, taken_at: u64) -> Value {
    if let Some(ago) = ago(&value) {
        return taken_at.saturating_add_signed(-ago).into();
    }
    match value {
        Value::Object(fields) => fields.into_iter().map(|(name, it)| (name, with_times(it, taken_at))).collect(),
        Value::Array(items) => items.into_iter().map(|it| with_times(it, taken_at)).collect(),
        other => other,
    }
}

/// A number of seconds since the epoch that is near the look: three years at most, as no counter is.
pub fn is_time(value: &Value, taken_at: u64) -> bool {
    value.as_u64().is_some_and(|number| number > 1_000_000_000 && number.abs_diff(taken_at) < 100_000_000)
}

/// The other way round: every time by how long ago it is, the snapshot's own excepted.
pub fn without_times(value: Value, taken_at: u64) -> Value {
    match value {
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, it)| {
                let it = if name == "taken_at" { it } else { without_times(it, taken_at) };
                (name, it)
            })
            .collect(),
        Value::Array(items) => items.into_iter().map(|it| without_times(it, taken_at)).collect(),
        number if is_time(&number, taken_at) => {
            let at = number.as_u64().unwrap_or_default();
            json!({ "ago": i64::try_from(taken_at).unwrap_or_default() - i64::try_from(at).unwrap_or_default() })
        }
        other => other,
    }
}

/// A snapshot without what it took.
pub fn without_durations(mut snapshot: Value) -> Value {
    each_duration(&mut snapshot, |fields| {
        fields.remove(TOOK);
    });
    snapshot
}

/// A snapshot that took no time.
pub fn with_durations(mut snapshot: Value) -> Value {
    each_duration(&mut snapshot, |fields| {
        fields.insert(TOOK.to_owned(), 0.into());
    });
    snapshot
}

const TOOK: &str = "took_us";

fn each_duration(snapshot: &mut Value, change: impl Fn(&mut Map<String, Value>)) {
    if let Some(facts) = snapshot.get_mut("facts").and_then(Value::as_object_mut) {
        facts.values_mut().filter_map(Value::as_object_mut).for_each(&change);
    }
    if let Some(fields) = snapshot.as_object_mut() {
        change(fields);
    }
}

/// The lines that make `new` of `old`.
pub fn between(old: &Value, new: &Value) -> Map<String, Value> {
    let mut lines = Map::new();
    differ(old, new, "", &mut lines);
    lines
}

fn differ(old: &Value, new: &Value, at: &str, lines: &mut Map<String, Value>) {
    if old == new {
        return;
    }
    let mut finer = Map::new();
    match (old, new) {
        (Value::Object(old), Value::Object(new)) if new.keys().any(|name| old.contains_key(name)) => {
            for name in old.keys().filter(|name| !new.contains_key(*name)) {
                finer.insert(format!("{at}/{}", escape(name)), json!({ "gone": true }));
            }
            for (name, new) in new {
                let at = format!("{at}/{}", escape(name));
                match old.get(name) {
                    Some(old) => differ(old, new, &at, &mut finer),
                    None => {
                        finer.insert(at, new.clone());
                    }
                }
            }
        }
        (Value::Array(old), Value::Array(new)) => finer = of_lists(old, new, at),
        _ => {
            lines.insert(at.to_owned(), new.clone());
            return;
        }
    }
    // Whatever is shorter to read; the whole snapshot has no name to put it under.
    let whole = Map::from_iter([(at.to_owned(), new.clone())]);
    lines.extend(if at.is_empty() || size(&finer) <= size(&whole) { finer } else { whole });
}

fn size(lines: &Map<String, Value>) -> usize {
    lines.iter().map(|(at, value)| at.len() + value.to_string().len() + 8).sum()
}

fn of_lists(old: &[Value], new: &[Value], at: &str) -> Map<String, Value> {
    let parts: Map<String, Value> = parts(old, new)
        .into_iter()
        .map(|(from, to, new)| (format!("{at}/{from}..{to}"), Value::Array(new.to_vec())))
        .collect();
    if old.len() != new.len() {
        return parts;
    }
    let mut each = Map::new();
    for (index, (old, new)) in old.iter().zip(new).enumerate() {
        differ(old, new, &format!("{at}/{index}"), &mut each);
    }
    if size(&each) <= size(&parts) { each } else { parts }
}

/// Which parts of the old list are others in the new one: a longest common subsequence is what stays.
fn parts<'a>(old: &[Value], new: &'a [Value]) -> Vec<(usize, usize, &'a [Value])> {
    let head = old.iter().zip(new).take_while(|(old, new)| old == new).count();
    let tail = old[head..].iter().rev().zip(new[head..].iter().rev()).take_while(|(old, new)| old == new).count();
    let (a, b) = (&old[head..old.len() - tail], &new[head..new.len() - tail]);
    let mut longest = vec![vec![0_usize; b.len() + 1]; a.len() + 1];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            longest[i][j] =
                if a[i] == b[j] { longest[i + 1][j + 1] + 1 } else { longest[i + 1][j].max(longest[i][j + 1]) };
        }
    }
    let mut found = Vec::new();
    let (mut i, mut j) = (0, 0);
    while i < a.len() || j < b.len() {
        let (from_i, from_j) = (i, j);
        while i < a.len() || j < b.len() {
            match (a.get(i), b.get(j)) {
                (Some(one), Some(other)) if one == other => break,
                (Some(_), Some(_)) if longest[i + 1][j] >= longest[i][j + 1] => i += 1,
                (Some(_), None) => i += 1,
                _ => j += 1,
            }
        }
        if (i, j) != (from_i, from_j) {
            found.push((head + from_i, head + i, &new[head + from_j..head + j]));
        }
        while i < a.len() && j < b.len() && a[i] == b[j] {
            i += 1;
            j += 1;
        }
    }
    found
}
