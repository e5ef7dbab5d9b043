//! From nft's two listings (JSON to be read, text to be shown) to the lines that are kept.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// A table's family, its name and a rule's handle.
type At = (String, String, u64);

/// The devices of an ingress chain by family, table and name: nft's JSON leaves them out before version 1.0.8.
type Devices = BTreeMap<(String, String, String), Vec<String>>;

/// The objects of `nft -j list ruleset` in one line each, without counters and without the tables that `skip` names
/// (family, name); every rule with its text out of `nft -a list ruleset`. None if it is no JSON.
pub fn tidy(json: &str, listing: &str, skip: &[(String, String)]) -> Option<Vec<String>> {
    let mut whole: Value = serde_json::from_str(json).ok()?;
    let (mut texts, mut devices) = texts(listing);
    let skip = skip.iter().collect();
    let objects = whole.get_mut("nftables")?.as_array_mut()?;
    Some(objects.iter_mut().filter_map(|object| tidied(object, &mut texts, &mut devices, &skip)).collect())
}

fn tidied(
    object: &mut Value,
    texts: &mut BTreeMap<At, String>,
    devices: &mut Devices,
    skip: &BTreeSet<&(String, String)>,
) -> Option<String> {
    let (kind, inner) = object.as_object_mut()?.iter_mut().next()?;
    let word = |key: &str| inner.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let at = match kind.as_str() {
        "table" => (word("family"), word("name")),
        "chain" | "rule" | "set" | "map" => (word("family"), word("table")),
        _ => return None,
    };
    if skip.contains(&at) {
        return None;
    }
    let is_rule = kind == "rule";
    // Each chain and each handle is there once.
    let chain = (at.0.clone(), at.1.clone(), word("name"));
    let named = if kind == "chain" { devices.remove(&chain) } else { None };
    calm(inner);
    let inner = inner.as_object_mut()?;
    if is_rule {
        let handle = inner.get("handle").and_then(Value::as_u64).unwrap_or(0);
        if let Some(text) = texts.remove(&(at.0, at.1, handle)) {
            inner.insert("text".to_owned(), Value::String(text));
        }
    } else {
        inner.remove("handle");
    }
    if let Some(named) = named {
        inner.insert("dev".to_owned(), named.into_iter().map(Value::String).collect());
    }
    Some(object.to_string())
}

/// Takes out what changes from second to second.
fn calm(value: &mut Value) {
    match value {
        Value::Object(object) => {
            if let Some(counter) = object.get_mut("counter").filter(|counter| counter.is_object()) {
                *counter = Value::Null;
            }
            object.remove("expires");
            object.values_mut().for_each(calm);
        }
        Value::Array(all) => all.iter_mut().for_each(calm),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The rules of `nft -a list ruleset` in nft's own words, and the devices of its ingress chains.
fn texts(listing: &str) -> (BTreeMap<At, String>, Devices) {
    let (mut found, mut devices) = (BTreeMap::new(), Devices::new());
    let (mut family, mut table, mut chain) = (String::new(), String::new(), String::new());
    for line in listing.lines() {
        if let Some((_, rest)) = line.split_once(" hook ingress device") {
            let all = rest.split(" priority").next().unwrap_or_default().split('"').skip(1).step_by(2);
            devices.insert((family.clone(), table.clone(), chain.clone()), all.map(str::to_owned).collect());
        }
        let Some((text, handle)) = line.rsplit_once(" # handle ") else { continue };
        let words: Vec<&str> = text.split_whitespace().collect();
        match words.as_slice() {
            ["table", its_family, its_name, "{"] => {
                (family, table) = ((*its_family).to_owned(), (*its_name).to_owned());
            }
            ["chain", name, "{"] => (*name).clone_into(&mut chain),
            _ if text.ends_with('{') => {}
            _ => {
                if let Ok(handle) = handle.trim().parse() {
                    found.insert((family.clone(), table.clone(), handle), uncounted(&words));
                }
            }
        }
    }
    (found, devices)
}

/// `counter packets 3 bytes 180` is `counter`.
fn uncounted(words: &[&str]) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        kept.push(word);
        if *word == "counter" && words.as_slice().first() == Some(&"packets") {
            words.nth(3);
        }
    }
    kept.join(" ")
}
