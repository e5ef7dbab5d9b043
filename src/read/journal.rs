//! Why a unit failed, by the last lines of its journal. Of their text nothing is kept: wg-quick prints private keys.

use super::wg_quick::plain_name;
use crate::fact::service::FailReason;

pub mod condition;
mod refusal;
pub mod step;

/// Finds the last reason that is known, among the lines of the last start.
pub fn reason(journal: &str) -> Option<FailReason> {
    let lines: Vec<&str> = journal.lines().collect();
    // systemd's word, and Redis' own in its log.
    let begins = |line: &&str| line.starts_with("Starting ") || line.contains("Redis is starting");
    let start = lines.iter().rposition(begins).unwrap_or(0);
    // A missing kernel module is no failure where wg-quick goes on with a userspace implementation.
    let userspace = lines[start..].iter().any(|line| line.contains("Falling back to slow userspace"))
        && !lines[start..].iter().any(|line| line.contains("wireguard-go: command not found"));
    lines[start..]
        .iter()
        .rev()
        .find_map(|line| line_reason(line).filter(|reason| !(userspace && *reason == FailReason::NoWireGuard)))
}

fn line_reason(line: &str) -> Option<FailReason> {
    let has = |words: &str| line.contains(words);
    if has("resolvconf: command not found") {
        Some(FailReason::NoResolvconf)
    } else if has("Key is not the correct length or format") {
        Some(FailReason::KeyMalformed)
    } else if let Some((_, text)) = line.split_once("Line unrecognized: ") {
        let text = text.trim_matches(['`', '\'', '"']);
        // A well-known name may stand before an empty value.
        let name = text.strip_suffix('=').filter(|name| KNOWN.iter().any(|known| known.eq_ignore_ascii_case(name)));
        Some(FailReason::LineUnrecognized(name.map(str::to_owned).or_else(|| plain_name(text)).unwrap_or_default()))
    } else if has("Name or service not known") || has("Temporary failure in name resolution") {
        Some(FailReason::NameNotKnown)
    } else if has("Unable to find port of endpoint") {
        Some(FailReason::EndpointWithoutPort)
    } else if has("Unknown device type") || has("Protocol not supported") || has("wireguard-go: command not found") {
        Some(FailReason::NoWireGuard)
    } else if has("annot assign requested address") {
        Some(FailReason::AddressNotThere)
    } else if has("ddress already in use") {
        Some(FailReason::AddressInUse)
    } else if has("wg-quick: ") && has("already exists") {
        Some(FailReason::InterfaceExists)
    } else {
        refusal::reason(line)
    }
}

/// The names that `wg` itself knows.
const KNOWN: [&str; 8] = [
    "PrivateKey",
    "PublicKey",
    "PresharedKey",
    "ListenPort",
    "FwMark",
    "AllowedIPs",
    "Endpoint",
    "PersistentKeepalive",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_wg_and_wg_quick_are_known() {
        for (line, expected) in [
            ("/usr/bin/wg-quick: line 32: resolvconf: command not found", FailReason::NoResolvconf),
            ("Key is not the correct length or format: `AQIDBAUGBwgJCgsM'", FailReason::KeyMalformed),
            ("Line unrecognized: `BindAddress=0.0.0.0'", FailReason::LineUnrecognized("BindAddress".to_owned())),
            ("Line unrecognized: `PrivateKey='", FailReason::LineUnrecognized("PrivateKey".to_owned())),
            ("Line unrecognized: `AQIDBAUGBwgJCgsM='", FailReason::LineUnrecognized(String::new())),
            ("Line unrecognized: `\u{feff}[Interface]'", FailReason::LineUnrecognized(String::new())),
            ("Name or service not known: `vpn.example.test:51820'", FailReason::NameNotKnown),
            ("Temporary failure in name resolution: `vpn:51820'", FailReason::NameNotKnown),
            ("Unable to find port of endpoint: `vpn.example.test'", FailReason::EndpointWithoutPort),
            ("RTNETLINK answers: Operation not supported; Error: Unknown device type.", FailReason::NoWireGuard),
            ("wg-quick: `wg0' already exists", FailReason::InterfaceExists),
            ("bind: Cannot assign requested address", FailReason::AddressNotThere),
            ("RTNETLINK answers: Address already in use", FailReason::AddressInUse),
        ] {
            assert_eq!(reason(line), Some(expected), "{line}");
        }
        assert_eq!(reason("Started WireGuard via wg-quick(8) for wg0.\n"), None);
    }

    #[test]
    fn the_last_start_counts_and_a_fallback_is_no_failure() {
        assert_eq!(
            reason(
                "Starting wg-quick@wg0\nwg-quick: `wg0' already exists\nStarting wg-quick@wg0\nConfiguration parsing error\n"
            ),
            None
        );
        let log = "1:C 1 Jan 2026 * oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo\n1:M # Fatal error loading the DB: \
            Permission denied. Exiting.\n2:C 2 Jan 2026 * oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo\n";
        assert_eq!(reason(log), None);
        let fallback = "Starting wg-quick@wg0\nError: Unknown device type.\n\
            [!] Missing WireGuard kernel module. Falling back to slow userspace implementation.\n";
        assert_eq!(reason(fallback), None);
        assert_eq!(
            reason(&format!("{fallback}/usr/bin/wg-quick: line 32: wireguard-go: command not found\n")),
            Some(FailReason::NoWireGuard)
        );
    }
}
