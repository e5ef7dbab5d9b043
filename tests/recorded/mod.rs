//! The recordings of `fixtures/`: for each state of the lab what differs from the healthy one, put together again to
//! whole snapshots. Every test that needs a recording gets it from here.
//!
//! `fixtures/recorded/healthy.json` has the four snapshots of the healthy lab in full. Every other file there has, for
//! each vantage, where its snapshot differs (`pointer.rs`) and what stands there instead (`patch.rs`). A fault that nobody
//! has recorded yet may have the same lines in its own table, as `made-up` (`written.rs`).
#![allow(dead_code, unreachable_pub, reason = "each test program uses a part of it")]
#![allow(clippy::disallowed_methods, reason = "reads the recordings")]
#![allow(clippy::wildcard_enum_match_arm, reason = "what is no list and no object of JSON is all one here")]
#![allow(clippy::case_sensitive_file_extension_comparisons, reason = "these files are ours")]
#![allow(clippy::zero_sized_map_values, clippy::type_complexity, reason = "JSON is read as it is nested")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use clipcheck::fact::{FactKey, Observed, Vantage};
use clipcheck::snapshot::Snapshot;
use serde_json::{Map, Value};

pub mod patch;
pub mod pointer;
pub mod pretty;
pub mod written;

/// Snapshots by vantage.
pub type Snapshots = BTreeMap<Vantage, Snapshot>;

/// What differs from the healthy lab: by state, by vantage, by pointer.
pub type Differences = BTreeMap<String, BTreeMap<Vantage, Map<String, Value>>>;

/// The folders with recordings, below the top.
pub const FOLDERS: [&str; 2] = ["fixtures/recorded", "fixtures/held-out/recorded"];

/// The state that all others are compared with.
pub const HEALTHY: &str = "healthy";

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The file of a state: a near miss stands in its fault's.
pub fn file(folder: &str, state: &str) -> String {
    format!("{folder}/{}.json", state.strip_suffix(".near").unwrap_or(state))
}

/// The healthy lab, in full.
pub struct Healthy {
    /// As they stand in the file: no durations, times by how long ago they are.
    pub values: BTreeMap<Vantage, Value>,
    pub snapshots: Snapshots,
}

static BASE: LazyLock<Result<Healthy, String>> = LazyLock::new(read_healthy);

pub fn healthy() -> Result<&'static Healthy, String> {
    BASE.as_ref().map_err(Clone::clone)
}

fn read_healthy() -> Result<Healthy, String> {
    let path = file(FOLDERS[0], HEALTHY);
    let values: BTreeMap<String, BTreeMap<Vantage, Value>> = json(&path)?;
    let values = values.into_iter().find(|(state, _)| state == HEALTHY).ok_or(format!("{path}: no `{HEALTHY}`"))?.1;
    let mut snapshots = Snapshots::new();
    for (&vantage, value) in &values {
        let whole = patch::with_durations(patch::with_times(value.clone(), taken_at(value)));
        let whole = serde_json::from_value(whole).map_err(|error| format!("{path}: {vantage}: {error}"))?;
        snapshots.insert(vantage, whole);
    }
    Ok(Healthy { values, snapshots })
}

fn json<T: serde::de::DeserializeOwned>(path: &str) -> Result<T, String> {
    let text = std::fs::read_to_string(root().join(path)).map_err(|error| format!("{path}: {}", error.kind()))?;
    serde_json::from_str(&text).map_err(|error| format!("{path}:{}:{}: {error}", error.line(), error.column()))
}

pub fn taken_at(snapshot: &Value) -> u64 {
    snapshot["taken_at"].as_u64().unwrap_or_default()
}

/// What a file of recordings holds; nothing where there is none.
pub fn differences(path: &str) -> Result<Differences, String> {
    if root().join(path).exists() { json(path) } else { Ok(Differences::new()) }
}

/// Every state that a file in these folders records, by its folder.
pub fn states() -> Result<BTreeMap<String, &'static str>, String> {
    let mut states = BTreeMap::new();
    for folder in FOLDERS {
        let entries = std::fs::read_dir(root().join(folder)).map_err(|error| format!("{folder}: {}", error.kind()))?;
        for entry in entries.filter_map(Result::ok) {
            let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
            let states_of: BTreeMap<String, serde::de::IgnoredAny> = json(&path)?;
            states.extend(states_of.into_keys().map(|state| (state, folder)));
        }
    }
    Ok(states)
}

/// By vantage and pointer, as a fault makes it up.
type MadeUp = BTreeMap<Vantage, Map<String, Value>>;

/// What a fault and its near miss make up.
#[derive(serde::Deserialize)]
struct Unrecorded {
    #[serde(rename = "made-up")]
    broken: Option<MadeUp>,
    #[serde(rename = "made-up-near", default)]
    near: MadeUp,
}

/// The faults that nobody has recorded.
static MADE_UP: LazyLock<Result<BTreeMap<String, (MadeUp, MadeUp)>, String>> = LazyLock::new(|| {
    let faults = written::all::<Unrecorded>(written::FAULTS)?.into_iter();
    Ok(faults.filter_map(|it| Some((it.id, (it.state.broken?, it.state.near)))).collect())
});

/// A state that nobody has recorded, as its fault makes it up: `[FAULT.made-up.VANTAGE]`, and `[FAULT.made-up-near.VANTAGE]`
/// for the near miss.
fn made_up(state: &str) -> Result<Option<MadeUp>, String> {
    let all = MADE_UP.as_ref().map_err(Clone::clone)?;
    let Some((broken, near)) = all.get(state.strip_suffix(".near").unwrap_or(state)) else { return Ok(None) };
    let lines = if state.ends_with(".near") { near } else { broken };
    // Nothing of the other vantages is said: they see what they see of the healthy lab.
    let of = |vantage| (vantage, lines.get(&vantage).cloned().unwrap_or_default());
    Ok(Some(Vantage::ALL.into_iter().map(of).collect()))
}

/// What every vantage saw in this state.
pub fn read(state: &str) -> Result<Snapshots, String> {
    if state == HEALTHY {
        return Ok(healthy()?.snapshots.clone());
    }
    for folder in FOLDERS {
        let path = file(folder, state);
        if let Some(vantages) = differences(&path)?.remove(state) {
            return together(&vantages).map_err(|why| format!("{path}: {state}: {why}"));
        }
    }
    match made_up(state)? {
        Some(vantages) => together(&vantages).map_err(|why| format!("[made-up] of {state}: {why}")),
        None => Err(format!(
            "{} does not have {state}; `tests/faults --live {} --record` makes it",
            file(FOLDERS[0], state),
            state.trim_end_matches(".near")
        )),
    }
}

fn together(vantages: &BTreeMap<Vantage, Map<String, Value>>) -> Result<Snapshots, String> {
    vantages
        .iter()
        .map(|(&vantage, lines)| Ok((vantage, whole(vantage, lines).map_err(|why| format!("{vantage}: {why}"))?)))
        .collect()
}

/// A whole snapshot. What does not differ is taken from the healthy one as it was read, since most of it does not.
pub fn whole(vantage: Vantage, lines: &Map<String, Value>) -> Result<Snapshot, String> {
    let base = healthy()?;
    let (value, snapshot) = base
        .values
        .get(&vantage)
        .zip(base.snapshots.get(&vantage))
        .ok_or_else(|| format!("the healthy lab has no {vantage}"))?;
    let lines = &pointer::long(lines, value)?;
    let of_fact = |pointer: &str| pointer.strip_prefix("/facts/").and_then(|rest| rest.split('/').next()).map(unescape);
    let changed: BTreeSet<String> = lines.keys().filter_map(|pointer| of_fact(pointer)).collect();
    let moved = lines.contains_key("/taken_at");
    let mut head = value.clone();
    let mut facts = Map::new();
    if let Some(of_base) = value["facts"].as_object() {
        let needed = of_base.iter().filter(|(key, _)| moved || changed.contains(*key));
        facts.extend(needed.map(|(key, fact)| (key.clone(), fact.clone())));
    }
    head["facts"] = Value::Object(facts);
    patch::apply(&mut head, lines)?;
    let taken_at = patch::settle_taken_at(&mut head, taken_at(value))?;
    let head = patch::with_durations(patch::with_times(head, taken_at));
    let facts = head["facts"].clone();
    let mut new = snapshot.clone();
    if lines.keys().any(|pointer| !pointer.starts_with("/facts/")) {
        let mut head = head;
        head["facts"] = Value::Object(Map::new());
        new = Snapshot {
            facts: snapshot.facts.clone(),
            ..serde_json::from_value(head).map_err(|error| error.to_string())?
        };
    }
    new.facts.retain(|key, _| {
        let key = key.to_string();
        !moved && !changed.contains(&key)
    });
    for (key, fact) in facts.as_object().cloned().unwrap_or_default() {
        let observed: Observed = serde_json::from_value(fact).map_err(|error| format!("/facts/{key}: {error}"))?;
        new.facts.insert(key.parse::<FactKey>().map_err(|error| format!("/facts/{key}: {error}"))?, Box::new(observed));
    }
    Ok(new)
}

pub fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

pub fn unescape(name: &str) -> String {
    name.replace("~1", "/").replace("~0", "~")
}

/// The whole snapshot of one vantage, as JSON.
pub fn value(state: &str, vantage: Vantage) -> Value {
    let snapshots = read(state).unwrap_or_else(|error| panic!("{error}"));
    let snapshot = snapshots.get(&vantage).unwrap_or_else(|| panic!("{state} has no {vantage}"));
    serde_json::to_value(snapshot).expect("a snapshot is JSON")
}

/// Writes the whole snapshots of a state into a folder, as `clipcheck judge` reads them: `STATE/VANTAGE.json`.
pub fn export(state: &str, folder: &Path) -> Result<Vec<PathBuf>, String> {
    let folder = folder.join(state);
    let failed = |path: &Path, error: &std::io::Error| format!("{}: {}", path.display(), error.kind());
    std::fs::create_dir_all(&folder).map_err(|error| failed(&folder, &error))?;
    let mut written = Vec::new();
    for (vantage, snapshot) in &read(state)? {
        let path = folder.join(format!("{vantage}.json"));
        // Two tests may ask for it at once: it is there whole or not at all.
        let own = folder.join(format!(".{vantage}-{}-{:?}", std::process::id(), std::thread::current().id()));
        std::fs::write(&own, snapshot.to_json()).map_err(|error| failed(&own, &error))?;
        std::fs::rename(&own, &path).map_err(|error| failed(&path, &error))?;
        written.push(path);
    }
    Ok(written)
}

/// The path of a whole snapshot, written out for a test that hands it to the program.
pub fn path(state: &str, vantage: &str) -> String {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("recorded");
    let path = folder.join(state).join(format!("{vantage}.json"));
    let written = export(state, &folder).unwrap_or_else(|error| panic!("{error}"));
    assert!(written.contains(&path), "{state} has no {vantage}");
    path.display().to_string()
}
