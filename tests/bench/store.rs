//! Writes the files of `fixtures/recorded/`, and only what somebody could name a difference in.

use std::collections::BTreeMap;
use std::sync::Mutex;

use clipcheck::check::Check;
use clipcheck::fact::Vantage;
use clipcheck::snapshot::Snapshot;
use serde_json::{Map, Value, json};

use super::canon::{Kept, canonical};
use super::judged::Snapshots;
use crate::recorded::patch::{between, without_durations, without_times};
use crate::recorded::pointer::short;
use crate::recorded::pretty::pretty;
use crate::recorded::{Differences, FOLDERS, HEALTHY, differences, file, healthy, read, root, states, taken_at};

/// Keeps what was seen of a state, if it is not what is kept; says whether it was written.
pub fn keep(state: &str, seen: &Snapshots, checks: &[Check]) -> Result<bool, String> {
    static ONE_BY_ONE: Mutex<()> = Mutex::new(());
    let _one = ONE_BY_ONE.lock().map_err(|_| "another recording was not written".to_owned())?;
    let folder = states()?.get(state).copied().unwrap_or(FOLDERS[0]);
    let path = file(folder, state);
    if state == HEALTHY {
        return keep_healthy(seen, checks);
    }
    let mut states = differences(&path)?;
    let new = if states.contains_key(state) {
        canonical(seen, &read(state)?, Kept::AsMeant, checks)?
    } else {
        canonical(seen, &healthy()?.snapshots, Kept::AsSaid, checks)?
    };
    let lines = lines(&new, &healthy()?.values)?;
    if states.get(state) == Some(&lines) {
        return Ok(false);
    }
    states.insert(state.to_owned(), lines);
    write(&path, &json!(states))?;
    Ok(true)
}

/// All others are kept by what differs from the healthy lab: where that changes, their lines are made again, in canonical
/// form, and say the same as before.
fn keep_healthy(seen: &Snapshots, checks: &[Check]) -> Result<bool, String> {
    let old = healthy()?;
    let new = canonical(seen, &old.snapshots, Kept::AsMeant, checks)?;
    if new == old.snapshots {
        return Ok(false);
    }
    let values = new.iter().map(|(&vantage, it)| Ok((vantage, written(it)?))).collect::<Result<_, String>>()?;
    let mut files: BTreeMap<String, Differences> = BTreeMap::new();
    for (state, folder) in states()?.into_iter().filter(|(state, _)| state != HEALTHY) {
        let old = read(&state)?;
        let as_said = canonical(&old, &new, Kept::AsSaid, checks).unwrap_or(old);
        files.entry(file(folder, &state)).or_default().insert(state, lines(&as_said, &values)?);
    }
    write_healthy(&values)?;
    for (path, states) in files {
        write(&path, &json!(states))?;
    }
    Ok(true)
}

pub fn write_healthy(values: &BTreeMap<Vantage, Value>) -> Result<(), String> {
    write(&file(FOLDERS[0], HEALTHY), &json!({ HEALTHY: values }))
}

fn write(path: &str, value: &Value) -> Result<(), String> {
    std::fs::write(root().join(path), pretty(value)).map_err(|error| format!("{path}: {}", error.kind()))
}

/// A snapshot as it stands in the file of the healthy lab.
pub fn written(snapshot: &Snapshot) -> Result<Value, String> {
    let value = serde_json::to_value(snapshot).map_err(|error| error.to_string())?;
    Ok(without_durations(without_times(value, snapshot.taken_at)))
}

/// What differs from the healthy lab, by vantage.
pub fn lines(
    snapshots: &Snapshots,
    healthy: &BTreeMap<Vantage, Value>,
) -> Result<BTreeMap<Vantage, Map<String, Value>>, String> {
    let mut found = BTreeMap::new();
    for (&vantage, snapshot) in snapshots {
        let base = healthy.get(&vantage).ok_or_else(|| format!("the healthy lab has no {vantage}"))?;
        let mut new = written(snapshot)?;
        let ago = i64::try_from(taken_at(base)).unwrap_or(0) - i64::try_from(snapshot.taken_at).unwrap_or(0);
        new["taken_at"] = if ago == 0 { base["taken_at"].clone() } else { json!({ "ago": ago }) };
        found.insert(vantage, short(between(base, &new), base));
    }
    Ok(found)
}

/// The files of recordings that do not stand as they would be written here, each difference with its shortest name and none
/// that is no difference: so nobody's hand or merge makes a later recording look like a change. `UPDATE=1` writes them.
pub fn not_as_written() -> Result<Vec<String>, String> {
    let healthy = &healthy()?.values;
    let mut files: BTreeMap<String, Differences> = BTreeMap::new();
    for (state, folder) in states()?.into_iter().filter(|(state, _)| state != HEALTHY) {
        let lines = lines(&read(&state)?, healthy)?;
        files.entry(file(folder, &state)).or_default().insert(state, lines);
    }
    let others = files.into_iter().map(|(path, states)| (path, json!(states)));
    let mut wrong = Vec::new();
    for (path, value) in others.chain([(file(FOLDERS[0], HEALTHY), json!({ HEALTHY: healthy }))]) {
        let text = std::fs::read_to_string(root().join(&path)).map_err(|error| format!("{path}: {}", error.kind()))?;
        if text == pretty(&value) {
            continue;
        }
        if std::env::var_os("UPDATE").is_some() {
            write(&path, &value)?;
        } else {
            wrong.push(format!(
                "{path}: `UPDATE=1 cargo test --test faults recordings-stand` writes it in the form of the others"
            ));
        }
    }
    Ok(wrong)
}
