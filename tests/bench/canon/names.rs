//! Names that a machine makes up, numbered by order of appearance. What stands where the other recording has such a name
//! too is called as it is called there.

use std::collections::{BTreeMap, BTreeSet};

use clipcheck::fact::Vantage;
use serde_json::Value;

use super::Values;

/// What is made up afresh: a container, an image, a start of Redis, a tunnel, an interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// 32 bytes in base64: a WireGuard key.
    Key,
    /// 40 hexadecimal digits: a run of Redis.
    Run,
    /// Twelve of them: a container, an image, a network of Docker.
    Id,
    /// `veth` and seven of them.
    Veth,
    /// A link-local address.
    Local,
    /// A port that the kernel has chosen.
    Port,
    /// 19 digits: a cluster of PostgreSQL.
    Cluster,
    /// A process, where a sentence names it.
    Process,
}

const KINDS: [Kind; 8] =
    [Kind::Key, Kind::Run, Kind::Id, Kind::Veth, Kind::Local, Kind::Port, Kind::Cluster, Kind::Process];

/// What stands before the number of a process.
const PROCESS: [&str; 2] = ["process ", "pid "];

/// The ports that Linux chooses from, without those that the lab's tunnels are told to have.
const CHOSEN: std::ops::RangeInclusive<u32> = 32768..=60999;
const TOLD: [u32; 3] = [51820, 51821, 51830];

/// Numbers that are such ports, by the name of their field.
const PORTS: [&str; 2] = ["listen_port", "wireguard_port"];

impl Kind {
    fn name(self, number: usize) -> String {
        match self {
            // Valid base64 of 32 bytes.
            Self::Key => format!("{:A<42}A=", format!("key{number}")),
            Self::Run => format!("{number:040}"),
            Self::Id => format!("{number:012}"),
            Self::Veth => format!("veth{number:07}"),
            Self::Local => format!("fe80::{number}"),
            Self::Port => (40000 + number).to_string(),
            Self::Cluster => (7_000_000_000_000_000_000 + number).to_string(),
            Self::Process => (500 + number).to_string(),
        }
    }

    /// Every name of this kind in a text, by its place.
    fn find(self, text: &str) -> Vec<std::ops::Range<usize>> {
        let hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
        let runs = |of: fn(char) -> bool| {
            let mut found: Vec<std::ops::Range<usize>> = Vec::new();
            for (at, c) in text.char_indices().filter(|(_, c)| of(*c)) {
                match found.last_mut() {
                    Some(run) if run.end == at => run.end = at + c.len_utf8(),
                    _ => found.push(at..at + c.len_utf8()),
                }
            }
            found
        };
        let words = || runs(|c| c.is_ascii_alphanumeric());
        let of_hex = |length: usize| -> Vec<std::ops::Range<usize>> {
            words().into_iter().filter(|it| it.len() == length && text[it.clone()].chars().all(hex)).collect()
        };
        match self {
            Self::Key => runs(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '='))
                .into_iter()
                .filter(|it| it.len() == 44 && text[it.clone()].find('=') == Some(43))
                .collect(),
            Self::Run => of_hex(40),
            Self::Id => of_hex(12),
            Self::Veth => words()
                .into_iter()
                .filter(|it| it.len() == 11 && text[it.clone()].starts_with("veth"))
                .filter(|it| text[it.start + 4..it.end].chars().all(hex))
                .collect(),
            Self::Local => runs(|c| c.is_ascii_hexdigit() || c == ':')
                .into_iter()
                .filter(|it| text[it.clone()].starts_with("fe80::") && it.len() > 6)
                .collect(),
            Self::Cluster => runs(|c| c.is_ascii_digit()).into_iter().filter(|it| it.len() == 19).collect(),
            Self::Process => runs(|c| c.is_ascii_digit())
                .into_iter()
                .filter(|it| PROCESS.iter().any(|word| text[..it.start].ends_with(word)))
                .collect(),
            Self::Port => words()
                .into_iter()
                .filter(|it| text[..it.start].ends_with(':') && text[it.clone()].parse().is_ok_and(chosen))
                .collect(),
        }
    }
}

fn chosen(port: u32) -> bool {
    CHOSEN.contains(&port) && !TOLD.contains(&port)
}

/// Where a name stands: the vantage, the pointer, and which of this kind it is there.
type Spot = (Kind, Vantage, String, usize);

fn spots(values: &Values) -> Vec<(Spot, String)> {
    let told = told(values);
    let mut found = Vec::new();
    for (&vantage, value) in values {
        walk(value, "", &mut |at, text| {
            for kind in KINDS {
                for (index, range) in kind.find(text).into_iter().enumerate() {
                    if kind == Kind::Port && text[range.clone()].parse().is_ok_and(|port: u64| told.contains(&port)) {
                        continue;
                    }
                    found.push(((kind, vantage, at.to_owned(), index), text[range].to_owned()));
                }
            }
        });
    }
    found
}

/// The ports that somebody has written into the tunnel's file, as WireGuard understands them: the lowest 16 bits.
fn told(values: &Values) -> BTreeSet<u64> {
    let mut told = BTreeSet::new();
    for value in values.values() {
        let conf = value.pointer("/facts/wg-conf").map(ToString::to_string).unwrap_or_default();
        let numbers = conf.split(|c: char| !c.is_ascii_digit()).filter_map(|word| word.parse::<u64>().ok());
        told.extend(numbers.map(|number| number & 0xffff));
    }
    told
}

fn walk(value: &Value, at: &str, told: &mut impl FnMut(&str, &str)) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, it)| walk(it, &format!("{at}/{name}"), told)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, it)| walk(it, &format!("{at}/{index}"), told));
        }
        Value::String(text) => told(at, text),
        // As if it stood behind an address.
        Value::Number(number) if is_port(at) => told(at, &format!(":{number}")),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn is_port(at: &str) -> bool {
    at.rsplit('/').take(2).any(|name| PORTS.contains(&name))
}

/// Calls everything in `new` as in `like`, or by the next free number.
pub(super) fn rename(new: &mut Values, like: &Values) {
    let known: BTreeMap<Spot, String> = spots(like).into_iter().collect();
    let taken: BTreeSet<(Kind, String)> = known.iter().map(|((kind, ..), name)| (*kind, name.clone())).collect();
    let found = spots(new);
    let mut names: BTreeMap<(Kind, String), String> = BTreeMap::new();
    let mut used: BTreeSet<(Kind, String)> = BTreeSet::new();
    // Docker's networks and the image have numbers of their own kind, and their own place.
    for (spot, old) in &found {
        if let Some(name) = known.get(spot)
            && !names.contains_key(&(spot.0, old.clone()))
            && used.insert((spot.0, name.clone()))
        {
            names.insert((spot.0, old.clone()), name.clone());
        }
    }
    let mut next: BTreeMap<Kind, usize> = BTreeMap::new();
    for (spot, old) in &found {
        let kind = spot.0;
        if names.contains_key(&(kind, old.clone())) {
            continue;
        }
        let number = next.entry(kind).or_default();
        let name = loop {
            *number += 1;
            let name = kind.name(*number);
            if !used.contains(&(kind, name.clone())) && !taken.contains(&(kind, name.clone())) {
                break name;
            }
        };
        used.insert((kind, name.clone()));
        names.insert((kind, old.clone()), name);
    }
    for value in new.values_mut() {
        put(value, "", &names);
    }
}

fn put(value: &mut Value, at: &str, names: &BTreeMap<(Kind, String), String>) {
    match value {
        Value::Object(fields) => fields.iter_mut().for_each(|(name, it)| put(it, &format!("{at}/{name}"), names)),
        Value::Array(items) => {
            items.iter_mut().enumerate().for_each(|(index, it)| put(it, &format!("{at}/{index}"), names));
        }
        Value::String(text) => {
            for kind in KINDS {
                for range in kind.find(text).into_iter().rev() {
                    if let Some(name) = names.get(&(kind, text[range.clone()].to_owned())) {
                        text.replace_range(range, name);
                    }
                }
            }
        }
        Value::Number(number) if is_port(at) => {
            let name = names.get(&(Kind::Port, number.to_string())).and_then(|name| name.parse::<u64>().ok());
            if let Some(name) = name {
                *value = name.into();
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
