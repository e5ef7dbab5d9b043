//! Values as `wg` and `ip` take them: what glibc's getaddrinfo, inet_aton and inet_pton accept, and nothing else.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use crate::fact::wireguard::{Table, WrittenEndpoint};

/// A port, and whether it lost its upper bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::read) struct Port {
    pub(in crate::read) number: u16,
    pub(in crate::read) wrapped: bool,
}

/// The text of /etc/services, and the UDP ports of the names in it once somebody asks.
pub(in crate::read) struct Services<'a> {
    text: &'a str,
    ports: OnceCell<BTreeMap<&'a str, u16>>,
}

impl<'a> Services<'a> {
    pub(in crate::read) fn new(text: &'a str) -> Self {
        Self { text, ports: OnceCell::new() }
    }

    fn port(&self, name: &str) -> Option<u16> {
        self.ports.get_or_init(|| Self::ports(self.text)).get(name).copied()
    }

    /// The first line that has a name counts.
    fn ports(text: &'a str) -> BTreeMap<&'a str, u16> {
        let mut found = BTreeMap::new();
        for line in text.lines() {
            let mut words = line.split('#').next().unwrap_or_default().split_ascii_whitespace();
            let (Some(official), Some(port)) = (words.next(), words.next()) else { continue };
            let Some(port) = port.strip_suffix("/udp").and_then(|port| port.parse().ok()) else { continue };
            for name in std::iter::once(official).chain(words) {
                found.entry(name).or_insert(port);
            }
        }
        found
    }
}

/// As getaddrinfo reads a service: a number of any size of which the lower 16 bits count, or a name in
/// /etc/services.
pub(in crate::read) fn port(written: &str, services: &Services<'_>) -> Option<Port> {
    let (minus, digits) = match written.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, written.strip_prefix('+').unwrap_or(written)),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return services.port(written).map(|number| Port { number, wrapped: false });
    }
    let value = digits.parse::<u64>().map_or(u64::MAX, |value| if minus { value.wrapping_neg() } else { value });
    let [low, high, _, sign, ..] = value.to_le_bytes();
    // A negative C int is "no number", and there is no service of that name.
    (sign < 0x80).then(|| Port { number: u16::from_le_bytes([low, high]), wrapped: value > u64::from(u16::MAX) })
}

/// What `Endpoint =` comes to.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::read) enum Endpoint {
    /// An address, or a name that the resolver will be asked for, and a port that may have lost bits.
    Good(WrittenEndpoint, bool),
    /// No port, or nothing behind the colon. Holds what stands there.
    NoPort(WrittenEndpoint),
    /// Refused.
    Bad,
}

pub(in crate::read) fn endpoint(written: &str, services: &Services<'_>) -> Endpoint {
    let whole = |host: &str, port| WrittenEndpoint { host: host.to_owned(), port };
    let split = match written.strip_prefix('[') {
        Some(rest) => {
            let Some((host, after)) = rest.split_once(']') else { return Endpoint::Bad };
            (host, after.strip_prefix(':'))
        }
        None => written.rsplit_once(':').map_or((written, None), |(host, port)| (host, Some(port))),
    };
    let (host, Some(service)) = split else { return Endpoint::NoPort(whole(split.0, None)) };
    if service.is_empty() {
        return Endpoint::NoPort(whole(host, None));
    }
    // No name of a host has one, and wg asks the resolver for it all the same.
    if host.contains('/') {
        return Endpoint::Bad;
    }
    match port(service, services) {
        Some(port) if !host.is_empty() => Endpoint::Good(whole(host, Some(port.number)), port.wrapped),
        Some(_) | None => Endpoint::Bad,
    }
}

/// An address as getaddrinfo takes it without asking anybody: also `10.8.1`, `0x0a.8.1` and the like.
pub fn literal(host: &str) -> Option<IpAddr> {
    host.parse::<Ipv6Addr>().map(IpAddr::from).ok().or_else(|| aton(host).map(IpAddr::from))
}

/// inet_aton: one to four numbers, decimal, octal or hexadecimal, the last of which fills the rest.
fn aton(host: &str) -> Option<Ipv4Addr> {
    let parts: Vec<u32> = host.split('.').map(number).collect::<Option<_>>()?;
    let (last, first) = parts.split_last()?;
    if first.len() > 3 || first.iter().any(|part| *part > 255) {
        return None;
    }
    let room = 32 - 8 * u32::try_from(first.len()).ok()?;
    if u64::from(*last) >> room != 0 {
        return None;
    }
    let head = first.iter().zip([24, 16, 8]).fold(0, |sum, (part, shift)| sum | (part << shift));
    Some(Ipv4Addr::from(head | last))
}

fn number(text: &str) -> Option<u32> {
    let (digits, radix) = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hex) => (hex, 16),
        None => text.strip_prefix('0').filter(|octal| !octal.is_empty()).map_or((text, 10), |octal| (octal, 8)),
    };
    (!digits.starts_with('+')).then(|| u32::from_str_radix(digits, radix).ok()).flatten()
}

/// One of `AllowedIPs`. Newer versions of `wg` (1.0.20250521 on) also take a sign before it, and then it changes a
/// list that a file does not have.
pub(in crate::read) fn allowed(written: &str) -> Option<IpNet> {
    let (address, length) =
        written.split_once('/').map_or((written, None), |(address, length)| (address, Some(length)));
    let address: IpAddr = address.parse().ok()?;
    let full = IpNet::from(address).max_prefix_len();
    match length {
        None => IpNet::new(address, full).ok(),
        Some(digits) if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) => digits
            .parse::<u64>()
            .ok()
            .and_then(|length| u8::try_from(length).ok())
            .and_then(|length| IpNet::new(address, length).ok()),
        Some(_) => None,
    }
}

/// `FwMark =`: off, or 32 bits in decimal, or in hexadecimal behind a small `0x`.
pub(super) fn is_mark(written: &str) -> bool {
    let (digits, radix) = match written.strip_prefix("0x") {
        Some(hex) if !hex.is_empty() => (hex, 16),
        _ => (written, 10),
    };
    // strtoul takes a second `0x`, and signs behind the first.
    written.eq_ignore_ascii_case("off")
        || (written.starts_with(|c: char| c.is_ascii_digit())
            && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
            && u32::from_str_radix(digits, radix).is_ok())
}

/// `PersistentKeepalive =`: seconds, 0 for off. None for what is refused.
pub(in crate::read) fn keepalive(written: &str) -> Option<u16> {
    if written.eq_ignore_ascii_case("off") {
        return Some(0);
    }
    let digits = !written.is_empty() && written.bytes().all(|byte| byte.is_ascii_digit());
    written.parse::<u16>().ok().filter(|_| digits)
}

/// A number as `ip` takes it: with a sign, if it likes.
fn unsigned(text: &str) -> Option<u32> {
    number(text.strip_prefix('+').unwrap_or(text))
}

/// `MTU =`, as `ip link set mtu` takes it; no IP packet is longer.
pub(super) fn is_size(written: &str) -> bool {
    unsigned(written).is_some_and(|size| (68..=65535).contains(&size))
}

/// One of `Address =`, as `ip address add` takes it: the length may be a netmask, and an IPv4 address may end early.
pub(super) fn address(written: &str) -> Option<IpNet> {
    let (address, length) =
        written.split_once('/').map_or((written, None), |(address, length)| (address, Some(length)));
    let address: IpAddr = if written.contains(':') {
        // The kernel gives no interface these.
        let barred = |ip: &Ipv6Addr| ip.is_unspecified() || ip.is_loopback() || ip.is_multicast();
        IpAddr::V6(address.parse().ok().filter(|ip| !barred(ip))?)
    } else {
        let parts: Vec<u8> = address.split('.').map(|part| unsigned(part)?.try_into().ok()).collect::<Option<_>>()?;
        let mut bytes = [0; 4];
        bytes.get_mut(..parts.len())?.copy_from_slice(&parts);
        IpAddr::V4(Ipv4Addr::from(bytes))
    };
    let Some(length) = length else { return Some(IpNet::from(address)) };
    let bits = unsigned(length).or_else(|| {
        let mask = u32::from(length.parse::<Ipv4Addr>().ok()?);
        (address.is_ipv4() && mask.leading_ones() + mask.trailing_zeros() >= 32).then(|| mask.leading_ones())
    })?;
    IpNet::new(address, u8::try_from(bits).ok()?).ok()
}

/// `Table =` as wg-quick reads it: in this case, and nothing around it.
pub(super) fn table(value: &str) -> Table {
    match value {
        "off" => Table::Off,
        "auto" | "" => Table::Auto,
        number => number.parse().map_or(Table::Named, Table::Numbered),
    }
}

/// Whether a command of wg-quick's may change WireGuard itself: `wg` does, and a script can.
pub(super) fn may_set(command: &str) -> bool {
    let words = || command.split([' ', '\t', ';', '&', '|', '(', ')']).filter(|word| !word.is_empty());
    let program = |word: &str| word.rsplit('/').next().unwrap_or_default().to_owned();
    let of_system = |path: &str| ["/bin/", "/sbin/", "/usr/bin/", "/usr/sbin/"].iter().any(|it| path.starts_with(it));
    let is_script = |word: &str| {
        let shell = ["sh", "bash", "dash", "python3"].contains(&program(word).as_str());
        shell || word.ends_with(".sh")
    };
    words().any(|word| program(word) == "wg" || is_script(word))
        || words().next().is_some_and(|first| first.contains('/') && !of_system(first))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVICES: &str = "# comment\nhttp\t80/tcp www\ndomain 53/tcp\ndomain 53/udp # dns\nopenvpn\t\t1194/udp vpn\n";

    #[test]
    fn ports_are_what_getaddrinfo_makes_of_them() {
        for (written, expected) in [
            ("51820", Some((51820, false))),
            ("65536", Some((0, true))),
            ("99999", Some((34463, true))),
            ("+5", Some((5, false))),
            ("007", Some((7, false))),
            ("4294967296", Some((0, true))),
            ("vpn", Some((1194, false))),
            ("domain", Some((53, false))),
            ("http", None),
            ("-1", None),
            ("99999999999999999999", None),
            ("0x10", None),
            ("51820/udp", None),
            ("", None),
        ] {
            let read = port(written, &Services::new(SERVICES)).map(|port| (port.number, port.wrapped));
            assert_eq!(read, expected, "{written}");
        }
    }

    #[test]
    fn addresses_that_ask_nobody() {
        for (written, expected) in [
            ("198.51.100.1", Some("198.51.100.1")),
            ("1.2.3", Some("1.2.0.3")),
            ("2130706433", Some("127.0.0.1")),
            ("0x7f.1", Some("127.0.0.1")),
            ("010.8.0.1", Some("8.8.0.1")),
            ("256.1.1.1", None),
            ("1.2.3.4.5", None),
            ("1.2.3.", None),
            ("vpn.example.test", None),
            ("::ffff:1.2.3.4", Some("::ffff:1.2.3.4")),
        ] {
            assert_eq!(literal(written).map(|ip| ip.to_string()).as_deref(), expected, "{written}");
        }
    }

    #[test]
    fn marks_keepalives_and_networks() {
        assert!(["off", "OFF", "0", "0x10", "4294967295", "010"].into_iter().all(is_mark));
        assert!(!["", "0x", "0X10", "4294967296", "-1", "abc", "1a"].into_iter().any(is_mark));
        assert_eq!((keepalive("OFF"), keepalive("0"), keepalive("25")), (Some(0), Some(0), Some(25)));
        assert!(["", "65536", "-1", "+25", "25s", "on"].into_iter().all(|written| keepalive(written).is_none()));
        assert_eq!(allowed("1.2.3.4/032"), "1.2.3.4/32".parse().ok());
        assert!(
            ["", "all", "1.2.3", "1.2.3.4/33", "1.2.3.4/", "+1.2.3.4", "::1/129"]
                .into_iter()
                .all(|it| allowed(it).is_none())
        );
        assert_eq!(address("10.8.0.1/255.255.255.0"), "10.8.0.1/24".parse().ok());
        assert_eq!(address("10.8"), "10.8.0.0/32".parse().ok());
        assert!(
            ["", "10.8.0.1/33", "vpn", "10.8.0.1/255.0.255.0", "1.2.3.4.5"].into_iter().all(|it| address(it).is_none())
        );
    }
}
