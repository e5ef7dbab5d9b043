//! That recording an unchanged state again changes nothing, without a lab: a recording as the lab would show it an hour later,
//! when everything that a machine makes up is called otherwise.

use clipcheck::check::Check;
use serde_json::Value;

use super::canon::{Kept, canonical};
use super::judged::{Snapshots, checks};
use super::store::written;
use crate::recorded::patch::{between, is_time};
use crate::recorded::read;

/// A worker in a container, one without Docker, PostgreSQL in a container, a tunnel without a handshake.
const STATES: [&str; 4] = ["healthy", "native-utf-sixteen", "healthy-container-postgres", "wg-not-enabled"];

const LATER: u64 = 3_611;

/// What is wrong with the canonical form: something that it calls changed, or does not.
pub fn seen_again() -> Result<Vec<String>, String> {
    let checks = checks()?;
    let mut wrong = Vec::new();
    for state in STATES {
        let known = read(state)?;
        let others = others(&changed(&known, &mut later)?, &known, checks)?;
        wrong.extend(others.into_iter().map(|where_| format!("{state}, seen an hour later, differs in {where_}")));
    }
    let known = read(STATES[0])?;
    let refused = changed(&known, &mut |at, value| match value {
        Value::String(how) if at.ends_with("/tcp redis/observation/seen/tcp/how") => "refused".clone_into(how),
        _ => {}
    })?;
    if others(&refused, &known, checks)?.is_empty() {
        wrong.push("a refused connection is the recording of an open one".to_owned());
    }
    Ok(wrong)
}

/// Where what was seen is not what is known of this state.
fn others(seen: &Snapshots, known: &Snapshots, checks: &[Check]) -> Result<Vec<String>, String> {
    let new = canonical(seen, known, Kept::AsMeant, checks)?;
    let mut found = Vec::new();
    for (vantage, known) in known {
        let Some(new) = new.get(vantage).filter(|new| *new != known) else { continue };
        let lines = between(&written(known)?, &written(new)?);
        found.extend(lines.iter().map(|(at, value)| format!("{vantage} {at}: {value}")));
    }
    Ok(found)
}

fn changed(known: &Snapshots, change: &mut impl FnMut(&str, &mut Value)) -> Result<Snapshots, String> {
    let mut new = Snapshots::new();
    for (&vantage, snapshot) in known {
        let mut value = serde_json::to_value(snapshot).map_err(|error| error.to_string())?;
        each("", &mut value, change);
        new.insert(vantage, serde_json::from_value(value).map_err(|error| format!("{vantage}: {error}"))?);
    }
    Ok(new)
}

fn each(at: &str, value: &mut Value, change: &mut impl FnMut(&str, &mut Value)) {
    change(at, value);
    match value {
        Value::Object(fields) => fields.iter_mut().for_each(|(name, it)| each(&format!("{at}/{name}"), it, change)),
        Value::Array(items) => items.iter_mut().for_each(|it| each(at, it, change)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Another time, other ids, keys, interfaces and processes, other durations and counters, and nobody who spoke meanwhile.
fn later(at: &str, value: &mut Value) {
    let name = at.rsplit('/').next().unwrap_or_default();
    match value {
        Value::Number(number) => {
            let Some(was) = number.as_u64() else { return };
            if is_time(&Value::from(was), was) {
                *value = (was + LATER).into();
            } else if ["took_us", "round_trip_us", "uptime", "used_memory", "whole", "pid"].contains(&name) {
                *value = (was + 7).into();
            } else if ["sent", "received"].contains(&name) && was > 0 {
                *value = (was + 4_096).into();
            }
        }
        Value::Array(_) | Value::Null if name == "beats" => *value = Value::Null,
        Value::String(text) => {
            // The numbers of the canonical form, as a machine would have drawn them.
            for (from, to) in [
                ("key1A", "Kq97B"),
                ("key2A", "Kq98B"),
                ("0000000000", "a7c3e9b2d4"),
                ("veth00000", "veth4fa1b"),
                ("process 4", "process 71"),
            ] {
                *text = text.replace(from, to);
            }
        }
        _ => {}
    }
}
