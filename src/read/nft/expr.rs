//! nft's expressions: what a rule compares, and with what.

use std::cell::RefCell;
use std::collections::BTreeMap;

use serde_json::Value;

use super::operand::{addresses, flags, numbers};
use crate::fact::firewall::netfilter::{End, Field, Test};
use crate::fact::limits::Budget;
use crate::read::iptables;

/// The elements of named sets and maps, by table and name; and how much may still be made of them, since a set of many
/// elements may be used by many rules.
pub(super) struct Sets<'a> {
    named: Named<'a>,
    budget: RefCell<Budget>,
}

type Named<'a> = BTreeMap<(String, &'a str), Option<&'a Vec<Value>>>;

/// What an element or a test counts, in the bytes of the budget.
const COST: usize = 8;

impl<'a> Sets<'a> {
    pub(super) fn new(named: Named<'a>) -> Self {
        Self { named, budget: RefCell::default() }
    }

    /// Whether so many elements or tests may be there once more.
    pub(super) fn allow(&self, count: usize) -> bool {
        self.budget.borrow_mut().expand(count.saturating_mul(COST)).is_some()
    }
}

/// What is compared.
enum Key {
    Interface(End),
    Address(End),
    Number(Field),
    Mark(u32),
    /// Under a mask, if it is given.
    Flags(Option<u8>),
    /// Of the address, among those of the interface only.
    Kind(End, bool),
    /// Whether there is a way back to the source: there always is to one that is asked about here.
    WayBack,
    All(Vec<Key>),
    Unsupported,
}

/// `{"match": {"op", "left", "right"}}`.
pub(super) fn test<'a>(value: &'a Value, table: &str, sets: &Sets<'a>) -> Vec<Test> {
    let (Some(op), Some(left), Some(right)) =
        (value.get("op").and_then(Value::as_str), value.get("left"), value.get("right"))
    else {
        return vec![Test::Unsupported];
    };
    let (key, mut tests) = key(left);
    tests.push(match op {
        "in" if matches!(key, Key::Flags(None)) => {
            flags(right).map_or(Test::Unsupported, |bits| Test::TcpFlags(bits, 0).negate(true))
        }
        "==" | "in" => is(&key, right, table, sets),
        "!=" => is(&key, right, table, sets).negate(true),
        _ => match (&key, right.as_u64().and_then(|number| u32::try_from(number).ok())) {
            (Key::Number(field), Some(number)) => {
                let span = match op {
                    "<" => number.checked_sub(1).map(|high| (0, high)),
                    "<=" => Some((0, number)),
                    ">" => number.checked_add(1).map(|low| (low, u32::MAX)),
                    ">=" => Some((number, u32::MAX)),
                    _ => return vec![Test::Unsupported],
                };
                span.map_or(Test::Never, |span| Test::Number(*field, vec![span]))
            }
            _ => Test::Unsupported,
        },
    });
    tests
}

/// `{"vmap": {"key", "data"}}`: what each verdict asks for.
pub(super) fn map<'a>(value: &'a Value, table: &str, sets: &Sets<'a>) -> Option<Vec<(Vec<Test>, &'a Value)>> {
    let (key, guards) = key(value.get("key")?);
    let elements = elements(value.get("data")?, table, sets)?;
    let mut ways = Vec::new();
    let mut rest = None;
    for element in elements {
        let [at, way] = element.as_array()?.as_slice() else { return None };
        if bare(at).as_str() == Some("*") && !matches!(key, Key::Interface(_)) {
            rest = Some(way);
            continue;
        }
        let mut tests = guards.clone();
        tests.push(is(&key, at, table, sets));
        ways.push((tests, way));
    }
    // The catch-all is asked last, wherever it is written.
    if let Some(way) = rest {
        let others = ways.iter().map(|(tests, _)| tests.clone()).collect();
        let mut tests = guards;
        tests.push(Test::Any(others).negate(true));
        ways.push((tests, way));
    }
    Some(ways)
}

/// Whether a statement changes a mark: `{"mangle": {"key", "value"}}`.
pub(super) fn is_mark(mangle: &Value) -> bool {
    mangle.get("key").is_none_or(|left| matches!(key(left).0, Key::Mark(_) | Key::Unsupported))
}

/// The key, and what else must be so for the comparison to be made at all.
fn key(left: &Value) -> (Key, Vec<Test>) {
    let one = |field, number| Test::Number(field, vec![(number, number)]);
    let Some((kind, value)) = left.as_object().and_then(|object| object.iter().next()) else {
        return (Key::Unsupported, Vec::new());
    };
    let name = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default();
    match kind.as_str() {
        "meta" => (meta(name("key")), Vec::new()),
        "ct" => (tracked(value), Vec::new()),
        "fib" => (route(value), Vec::new()),
        "payload" => {
            let mut guards = Vec::new();
            match name("protocol") {
                "ip" => guards.push(one(Field::Version, 4)),
                "ip6" => guards.push(one(Field::Version, 6)),
                "ether" | "th" => {}
                protocol => guards.push(
                    iptables::protocol(protocol).map_or(Test::Unsupported, |number| one(Field::Protocol, number)),
                ),
            }
            (payload(name("protocol"), name("field")), guards)
        }
        // A field of an extension header, which no connection that is opened has: without it the rule does not match
        // (nft(8), EXTENSION HEADER EXPRESSIONS). Whether there is one (`exists`) has no field.
        "exthdr" if value.get("field").is_some() => (Key::Unsupported, vec![Test::Never]),
        "concat" => {
            let (keys, guards): (Vec<Key>, Vec<Vec<Test>>) = value.as_array().into_iter().flatten().map(key).unzip();
            (Key::All(keys), guards.concat())
        }
        "&" => match value.as_array().map(Vec::as_slice) {
            Some([left, mask]) => match (key(left), mask) {
                ((Key::Mark(_), guards), mask) => {
                    let mask = mask.as_u64().and_then(|mask| u32::try_from(mask).ok());
                    (mask.map_or(Key::Unsupported, Key::Mark), guards)
                }
                ((Key::Flags(None), guards), mask) => {
                    (flags(mask).map_or(Key::Unsupported, |mask| Key::Flags(Some(mask))), guards)
                }
                ((_, guards), _) => (Key::Unsupported, guards),
            },
            _ => (Key::Unsupported, Vec::new()),
        },
        _ => (Key::Unsupported, Vec::new()),
    }
}

fn meta(name: &str) -> Key {
    match name {
        "iifname" | "iif" => Key::Interface(End::From),
        "oifname" | "oif" => Key::Interface(End::To),
        "l4proto" => Key::Number(Field::Protocol),
        "nfproto" | "protocol" => Key::Number(Field::Version),
        "mark" => Key::Mark(u32::MAX),
        "pkttype" => Key::Number(Field::PacketType),
        _ => Key::Unsupported,
    }
}

fn tracked(value: &Value) -> Key {
    match value.get("key").and_then(Value::as_str).unwrap_or_default() {
        _ if value.get("dir").is_some() => Key::Unsupported,
        "state" => Key::Number(Field::State),
        "status" => Key::Number(Field::Status),
        "direction" => Key::Number(Field::Direction),
        "mark" => Key::Mark(u32::MAX),
        _ => Key::Unsupported,
    }
}

fn route(value: &Value) -> Key {
    let flag = |name: &str| {
        value.get("flags").and_then(Value::as_array).is_some_and(|all| all.iter().any(|it| it.as_str() == Some(name)))
    };
    match value.get("result").and_then(Value::as_str).unwrap_or_default() {
        "type" if flag("oif") || flag("mark") => Key::Unsupported,
        "type" if flag("daddr") => Key::Kind(End::To, flag("iif")),
        "type" if flag("saddr") => Key::Kind(End::From, flag("iif")),
        "oif" | "oifname" if flag("saddr") => Key::WayBack,
        _ => Key::Unsupported,
    }
}

fn payload(protocol: &str, field: &str) -> Key {
    match (protocol, field) {
        ("ip" | "ip6", "saddr") => Key::Address(End::From),
        ("ip" | "ip6", "daddr") => Key::Address(End::To),
        ("ip", "protocol") | ("ip6", "nexthdr") => Key::Number(Field::Protocol),
        ("ether", "type") => Key::Number(Field::Version),
        ("tcp", "flags") => Key::Flags(None),
        ("tcp" | "udp" | "th" | "sctp" | "dccp", "dport") => Key::Number(Field::Port),
        ("tcp" | "udp" | "th" | "sctp" | "dccp", "sport") => Key::Number(Field::SourcePort),
        _ => Key::Unsupported,
    }
}

/// Without `{"elem": {"val": …, "timeout": …}}` around it.
fn bare(value: &Value) -> &Value {
    value.get("elem").and_then(|elem| elem.get("val")).unwrap_or(value)
}

/// Those of an anonymous set, or of one by name.
fn elements<'a>(value: &'a Value, table: &str, sets: &Sets<'a>) -> Option<&'a [Value]> {
    if let Some(name) = value.as_str().and_then(|name| name.strip_prefix('@')) {
        let found = sets.named.get(&(table.to_owned(), name))?.map_or(&[][..], Vec::as_slice);
        return sets.allow(1 + found.len()).then_some(found);
    }
    let among = value.get("set").unwrap_or(value);
    Some(among.as_array().map_or(std::slice::from_ref(among), Vec::as_slice))
}

/// Whether what is compared is this, or among these.
fn is<'a>(key: &Key, value: &'a Value, table: &str, sets: &Sets<'a>) -> Test {
    let value = bare(value);
    let many = value.get("set").is_some() || value.is_array() || value.as_str().is_some_and(|it| it.starts_with('@'));
    if many && !matches!(key, Key::Flags(_)) {
        // A set's elements are no sets, in life.
        let within = || sets.budget.borrow_mut().enter();
        return match elements(value, table, sets).filter(|_| within().is_some()) {
            Some(all) => {
                let any = all.iter().map(|one| vec![is(key, one, table, sets)]).collect();
                sets.budget.borrow_mut().leave();
                Test::Any(any)
            }
            None => Test::Unsupported,
        };
    }
    if value.as_str() == Some("*") {
        return Test::Any(vec![Vec::new()]);
    }
    match key {
        Key::Interface(end) => match value.as_str() {
            Some(name) => Test::Interface(*end, vec![name.to_owned()]),
            None => Test::Unsupported,
        },
        Key::Address(end) => addresses(value).map_or(Test::Unsupported, |range| Test::Address(*end, vec![range])),
        Key::Number(field) => numbers(*field, value).map_or(Test::Unsupported, |span| Test::Number(*field, vec![span])),
        Key::Mark(mask) => {
            let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
            number.map_or(Test::Unsupported, |number| Test::Mark(number, *mask))
        }
        Key::Flags(mask) => flags(value).map_or(Test::Unsupported, |bits| Test::TcpFlags(mask.unwrap_or(0xff), bits)),
        Key::Kind(end, here) => match value.as_str() {
            Some(kind) => Test::Kind(*end, vec![kind.to_owned()], *here),
            None => Test::Unsupported,
        },
        Key::WayBack => match (value.as_bool(), value.as_u64()) {
            (Some(true), _) => Test::Any(vec![Vec::new()]),
            (Some(false), _) | (_, Some(0)) => Test::Never,
            _ => Test::Unsupported,
        },
        Key::All(keys) => match value.get("concat").and_then(Value::as_array) {
            Some(parts) if parts.len() == keys.len() => {
                let tests = keys.iter().zip(parts).map(|(key, part)| is(key, part, table, sets));
                Test::Any(vec![tests.collect()])
            }
            _ => Test::Unsupported,
        },
        Key::Unsupported => Test::Unsupported,
    }
}
