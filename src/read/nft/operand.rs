//! What nft compares with: addresses, numbers by their names, flags.

use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::Value;

use crate::fact::firewall::netfilter::{
    ESTABLISHED, Field, INVALID, NEW, ORIGINAL, RELATED, REPLY, TRANSLATED, UNTRACKED,
};
use crate::read::iptables;

pub(super) fn addresses(value: &Value) -> Option<(IpAddr, IpAddr)> {
    if let Some(prefix) = value.get("prefix") {
        let address = prefix.get("addr")?.as_str()?.parse().ok()?;
        let net = IpNet::new(address, u8::try_from(prefix.get("len")?.as_u64()?).ok()?).ok()?;
        return Some((net.network(), net.broadcast()));
    }
    if let Some([low, high]) = value.get("range").and_then(Value::as_array).map(Vec::as_slice) {
        return Some((low.as_str()?.parse().ok()?, high.as_str()?.parse().ok()?));
    }
    let address = value.as_str()?.parse().ok()?;
    Some((address, address))
}

pub(super) fn numbers(field: Field, value: &Value) -> Option<(u32, u32)> {
    if let Some([low, high]) = value.get("range").and_then(Value::as_array).map(Vec::as_slice) {
        return Some((number(field, low)?, number(field, high)?));
    }
    number(field, value).map(|number| (number, number))
}

fn number(field: Field, value: &Value) -> Option<u32> {
    if let Some(number) = value.as_u64() {
        return u32::try_from(number).ok().filter(|_| field != Field::State && field != Field::Status);
    }
    let word = value.as_str()?;
    match field {
        Field::Version => match word {
            "ipv4" | "ip" => Some(4),
            "ipv6" | "ip6" => Some(6),
            // ARP and its like.
            _ => Some(0),
        },
        Field::Protocol => iptables::protocol(word),
        Field::State => match word {
            "new" => Some(NEW),
            "untracked" => Some(UNTRACKED),
            "invalid" => Some(INVALID),
            "established" => Some(ESTABLISHED),
            "related" => Some(RELATED),
            _ => None,
        },
        Field::Status => (word == "dnat").then_some(TRANSLATED),
        Field::Direction => match word {
            "original" => Some(ORIGINAL),
            "reply" => Some(REPLY),
            _ => None,
        },
        Field::PacketType => match word {
            "unicast" | "host" => Some(0),
            _ => Some(1),
        },
        Field::SourcePort | Field::Port => None,
    }
}

/// `"syn"`, `["fin", "syn"]`, `{"|": ["fin", "syn"]}` or a number.
pub(super) fn flags(value: &Value) -> Option<u8> {
    match value {
        Value::String(name) => iptables::flag_bit(name),
        Value::Number(number) => number.as_u64().and_then(|number| u8::try_from(number).ok()),
        Value::Array(all) => all.iter().try_fold(0, |bits, one| Some(bits | flags(one)?)),
        Value::Object(object) => object.get("|").and_then(flags),
        Value::Null | Value::Bool(_) => None,
    }
}
