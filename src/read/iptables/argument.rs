//! What stands behind an option: addresses, ports, states, flags.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::fact::firewall::netfilter::{ESTABLISHED, End, Field, INVALID, NEW, RELATED, TRANSLATED, Test, UNTRACKED};

pub(super) fn one(field: Field, number: u32) -> Test {
    Test::Number(field, vec![(number, number)])
}

pub(super) fn wildcard(name: &str) -> String {
    name.strip_suffix('+').map_or_else(|| name.to_owned(), |start| format!("{start}*"))
}

/// A protocol's number; those that are not here have no ports.
pub(in crate::read) fn protocol(name: &str) -> Option<u32> {
    Some(match name {
        "icmp" => 1,
        "igmp" => 2,
        "tcp" => 6,
        "udp" => 17,
        "dccp" => 33,
        "gre" => 47,
        "esp" => 50,
        "ah" => 51,
        "icmpv6" | "ipv6-icmp" => 58,
        "vrrp" => 112,
        "sctp" => 132,
        "udplite" => 136,
        number => number.parse().ok()?,
    })
}

pub(super) fn addresses(end: End, list: &str) -> Test {
    let ranges: Option<Vec<_>> = list.split(',').map(net).collect();
    ranges.map_or(Test::Unsupported, |ranges| Test::Address(end, ranges))
}

/// `10.8.0.0/24`, `10.8.0.0/255.255.255.0` or an address.
pub(super) fn net(text: &str) -> Option<(IpAddr, IpAddr)> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some((address, address));
    }
    let net = text.parse::<IpNet>().ok().or_else(|| {
        let (address, mask) = text.split_once('/')?;
        IpNet::with_netmask(address.parse().ok()?, mask.parse().ok()?).ok()
    })?;
    Some((net.network(), net.broadcast()))
}

pub(super) fn range(end: End, text: &str) -> Test {
    let (low, high) = text.split_once('-').unwrap_or((text, text));
    match (low.parse(), high.parse()) {
        (Ok(low), Ok(high)) => Test::Address(end, vec![(low, high)]),
        _ => Test::Unsupported,
    }
}

pub(super) fn ports(field: Field, list: &str) -> Test {
    let span = |part: &str| -> Option<(u32, u32)> {
        let (low, high) = part.split_once(':').unwrap_or((part, part));
        let low = if low.is_empty() { 0 } else { low.parse().ok()? };
        let high = if high.is_empty() { 65535 } else { high.parse().ok()? };
        Some((low, high))
    };
    let spans: Option<Vec<_>> = list.split(',').map(span).collect();
    spans.map_or(Test::Unsupported, |spans| Test::Number(field, spans))
}

pub(super) fn states(list: &str) -> Test {
    let bits = list.split(',').map(|state| match state {
        "NEW" => NEW,
        "UNTRACKED" => UNTRACKED,
        "DNAT" => TRANSLATED,
        "INVALID" => INVALID,
        "ESTABLISHED" => ESTABLISHED,
        _ => RELATED,
    });
    Test::Number(Field::State, bits.map(|bit| (bit, bit)).collect())
}

pub(super) fn kinds(list: &str) -> Vec<String> {
    list.split(',').map(str::to_ascii_lowercase).collect()
}

pub(super) fn flags(list: &str) -> Option<u8> {
    list.split(',').try_fold(0, |bits, flag| Some(bits | flag_bit(flag)?))
}

/// The bit of a TCP flag, by the names of iptables and nft.
pub(in crate::read) fn flag_bit(flag: &str) -> Option<u8> {
    Some(match flag.to_ascii_uppercase().as_str() {
        "FIN" => 0x01,
        "SYN" => 0x02,
        "RST" => 0x04,
        "PSH" => 0x08,
        "ACK" => 0x10,
        "URG" => 0x20,
        "ECN" | "ECE" => 0x40,
        "CWR" => 0x80,
        "ALL" => 0x3f,
        "NONE" => 0,
        _ => return None,
    })
}

pub(super) fn mark(text: &str) -> Test {
    let number = |text: &str| match text.strip_prefix("0x") {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    };
    let (value, mask) = text.split_once('/').unwrap_or((text, "0xffffffff"));
    match (number(value), number(mask)) {
        (Some(value), Some(mask)) => Test::Mark(value, mask),
        _ => Test::Unsupported,
    }
}

/// `172.17.0.2:6379`, `172.17.0.2` or `[fd00::2]:6379`; a range of addresses or ports is none.
pub(super) fn destination(text: &str) -> Option<(IpAddr, Option<u16>)> {
    if let Ok(address) = text.trim_matches(['[', ']']).parse() {
        return Some((address, None));
    }
    let (address, port) = text.rsplit_once(':')?;
    Some((address.trim_matches(['[', ']']).parse().ok()?, Some(port.parse().ok()?)))
}
