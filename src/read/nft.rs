//! What `nft -j list ruleset` lists, apart from iptables' own tables: nft prints those without half of their words
//! (a Docker port is `{"xt": {"type": "target", "name": "DNAT"}}`), and iptables-save prints them in full.
//!
//! Read value by value: one object of a newer kernel makes one rule unsupported, not the whole listing.

use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::Value;

use crate::fact::firewall::netfilter::{Act, Base, Chain, Family, Field, Hook, Rule, Table, Test, Tool};

mod expr;
mod operand;
mod text;

use expr::Sets;
pub use text::tidy;

/// The lines of a file in nft's language, without comments.
pub fn stored(text: &str) -> Vec<String> {
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    lines.filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// The model of a listing.
pub fn read(lines: &[String]) -> Vec<Table> {
    let objects: Vec<Value> = lines.iter().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let of = |kind: &'static str| objects.iter().filter_map(move |object| object.get(kind));
    let mut tables: Vec<Table> = of("table").filter(|table| !is_dormant(table)).filter_map(table).collect();
    let sets = Sets::new(
        of("set")
            .chain(of("map"))
            .map(|set| ((owner(set), word(set, "name")), set.get("elem").and_then(Value::as_array)))
            .collect(),
    );
    // The first of several counts.
    let places: BTreeMap<String, usize> =
        tables.iter().enumerate().rev().map(|(place, table)| (table.name.clone(), place)).collect();
    for chain in of("chain") {
        if let Some(table) = places.get(&owner(chain)).and_then(|place| tables.get_mut(*place)) {
            table.chains.insert(word(chain, "name").to_owned(), Chain { base: base(chain), rules: Vec::new() });
        }
    }
    let mut numbers: BTreeMap<(String, String), u32> = BTreeMap::new();
    for rule in of("rule") {
        let (table, chain) = (owner(rule), word(rule, "chain"));
        let place = places.get(&table).and_then(|place| tables.get_mut(*place));
        let Some(found) = place.and_then(|it| it.chains.get_mut(chain)) else { continue };
        let number = numbers.entry((table.clone(), chain.to_owned())).or_default();
        *number += 1;
        found.rules.extend(parts(rule, &table, &sets, *number));
    }
    tables
}

fn word<'a>(object: &'a Value, key: &str) -> &'a str {
    object.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// `inet filter`: the table that something belongs to.
fn owner(object: &Value) -> String {
    format!("{} {}", word(object, "family"), word(object, "table"))
}

fn is_dormant(table: &Value) -> bool {
    let says = |flag: &Value| flag.as_str() == Some("dormant");
    table.get("flags").is_some_and(|flags| says(flags) || flags.as_array().is_some_and(|all| all.iter().any(says)))
}

/// None for the families of which no packet comes here: arp, bridge.
fn table(object: &Value) -> Option<Table> {
    let family = match word(object, "family") {
        "ip" => Family::Ip,
        "ip6" => Family::Ip6,
        "inet" => Family::Inet,
        "netdev" => Family::Netdev,
        _ => return None,
    };
    let name = format!("{} {}", word(object, "family"), word(object, "name"));
    Some(Table { tool: Tool::Nft, name, family, chains: BTreeMap::new() })
}

fn base(chain: &Value) -> Option<Base> {
    let hook = match word(chain, "hook") {
        "" => return None,
        "ingress" => Hook::Ingress,
        "prerouting" => Hook::Prerouting,
        "input" => Hook::Input,
        "forward" => Hook::Forward,
        "postrouting" => Hook::Postrouting,
        _ => Hook::Output,
    };
    let devices = match chain.get("dev") {
        Some(Value::String(device)) => vec![device.clone()],
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    };
    let priority = chain.get("prio").and_then(Value::as_i64).and_then(|prio| i32::try_from(prio).ok()).unwrap_or(0);
    Some(Base { hook, priority, nat: word(chain, "type") == "nat", drops: word(chain, "policy") == "drop", devices })
}

/// One rule of nft's may do several things one after the other, or one of several by a map: each is a rule here.
fn parts<'a>(rule: &'a Value, table: &str, sets: &Sets<'a>, number: u32) -> Vec<Rule> {
    let handle = rule.get("handle").and_then(Value::as_u64);
    let text: Rc<str> = match rule.get("text").and_then(Value::as_str) {
        Some(text) => text.into(),
        None => rule.get("expr").map(Value::to_string).unwrap_or_default().into(),
    };
    let mut rules = Vec::new();
    let mut tests: Vec<Test> = Vec::new();
    let mut push = |tests: &[Test], act: Act| {
        let (tests, act) = if sets.allow(tests.len()) { (tests.to_vec(), act) } else { (Vec::new(), Act::Unsupported) };
        rules.push(Rule { number, handle, text: Rc::clone(&text), tests, act });
    };
    for statement in rule.get("expr").and_then(Value::as_array).into_iter().flatten() {
        let Some((kind, value)) = statement.as_object().and_then(|object| object.iter().next()) else {
            push(&tests, Act::Unsupported);
            continue;
        };
        match kind.as_str() {
            "match" => tests.extend(expr::test(value, table, sets)),
            "limit" => tests.push(limit(value)),
            "set" | "meter" => tests.extend(
                value
                    .get("stmt")
                    .and_then(Value::as_array)
                    .into_iter()
                    .flatten()
                    .map(|inner| inner.get("limit").map_or(Test::Unsupported, limit)),
            ),
            "vmap" => match expr::map(value, table, sets) {
                Some(ways) => {
                    for (test, way) in ways {
                        let before = tests.len();
                        tests.extend(test);
                        push(&tests, act(way));
                        tests.truncate(before);
                    }
                }
                None => push(&tests, Act::Unsupported),
            },
            "counter" | "log" | "ct helper" | "ct timeout" | "ct expectation" | "flow" | "dup" | "last" => {}
            "mangle" if expr::is_mark(value) => push(&tests, Act::Mark),
            "mangle" | "continue" => {}
            "ct count" | "quota" | "connlimit" => tests.push(Test::Unsupported),
            "xt" if word(value, "type") == "match" => tests.push(Test::Unsupported),
            "reject" => {
                // nft itself adds, and does not show, what its answer is possible for.
                let (field, number) = match word(value, "type") {
                    "tcp reset" => (Field::Protocol, 6),
                    "icmp" => (Field::Version, 4),
                    "icmpv6" => (Field::Version, 6),
                    _ => (Field::Protocol, u32::MAX),
                };
                if number != u32::MAX {
                    tests.push(Test::Number(field, vec![(number, number)]));
                }
                push(&tests, Act::Reject);
            }
            "dnat" => {
                // `dnat ip to …` in a table of both families is for the one.
                let six = value.get("addr").and_then(Value::as_str).is_some_and(|address| address.contains(':'));
                let version = if six { 6 } else { 4 };
                if value.get("addr").is_some() {
                    tests.push(Test::Number(Field::Version, vec![(version, version)]));
                }
                push(&tests, act(statement));
            }
            _ => push(&tests, act(statement)),
        }
    }
    rules
}

/// `over` is true of what exceeds the rate, and the first packet does not.
fn limit(value: &Value) -> Test {
    if value.get("inv").and_then(Value::as_bool) == Some(true) { Test::Never } else { Test::Rate }
}

fn act(statement: &Value) -> Act {
    let Some((kind, value)) = statement.as_object().and_then(|object| object.iter().next()) else {
        return Act::Unsupported;
    };
    match kind.as_str() {
        "accept" | "snat" | "masquerade" => Act::Accept,
        "drop" => Act::Drop,
        "reject" => Act::Reject,
        "return" => Act::Return,
        "continue" => Act::Continue,
        "jump" => Act::Jump(word(value, "target").to_owned()),
        "goto" => Act::Goto(word(value, "target").to_owned()),
        "notrack" => Act::Untrack,
        "dnat" | "redirect" => translation(value),
        _ => Act::Unsupported,
    }
}

fn translation(value: &Value) -> Act {
    let port = match value.get("port") {
        None => None,
        Some(port) => match port.as_u64().and_then(|port| u16::try_from(port).ok()) {
            Some(port) => Some(port),
            None => return Act::Unsupported,
        },
    };
    match value.get("addr") {
        None => Act::Dnat(None, port),
        Some(address) => match address.as_str().and_then(|address| address.parse().ok()) {
            Some(address) => Act::Dnat(Some(address), port),
            None => Act::Unsupported,
        },
    }
}

#[cfg(test)]
#[path = "nft_tests.rs"]
mod tests;
