//! Why a unit failed, by the last lines of its journal. Of their text nothing is kept: wg-quick prints private keys.

use std::sync::LazyLock;

use super::sentences::{LIBC, POSTGRESQL, REDIS, Sentences, WIREGUARD};
use crate::fact::service::FailReason;

pub mod condition;
pub mod step;

/// Why a service does not start.
static START: LazyLock<Sentences> = LazyLock::new(|| Sentences::of("start", &[WIREGUARD, LIBC, POSTGRESQL, REDIS]));

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
        .find_map(|line| START.meaning(line).filter(|reason| !(userspace && *reason == FailReason::NoWireGuard)))
}

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

    #[test]
    fn the_words_of_postgresql_and_redis_are_known() {
        let file = || "/etc/postgresql/15/main/x".to_owned();
        for (line, expected) in [
            (
                "LOG:  syntax error in file \"/etc/postgresql/15/main/x\" line 60, near token \"s3cret\"",
                FailReason::ConfLine(file(), 60),
            ),
            (
                "LOG:  unrecognized configuration parameter \"s3cret\" in file \"/etc/postgresql/15/main/x\" line 7",
                FailReason::ConfLine(file(), 7),
            ),
            ("Reading the configuration file, at line 87", FailReason::ConfLine(String::new(), 87)),
            ("LOG:  invalid value for parameter \"work_mem\": \"8megs\"", FailReason::BadValue("work_mem".to_owned())),
            (
                "FATAL:  invalid list syntax in parameter \"listen_addresses\"",
                FailReason::BadValue("listen_addresses".to_owned()),
            ),
            (
                "FATAL:  private key file \"/etc/postgresql/15/main/x\" has group or world access",
                FailReason::KeyMode(file()),
            ),
            (
                "FATAL:  data directory \"/etc/postgresql/15/main/x\" has invalid permissions",
                FailReason::FolderMode(file()),
            ),
            (
                "LOG:  could not open configuration file \"/etc/postgresql/15/main/x\": Permission denied",
                FailReason::NoAccess(file()),
            ),
            (
                "123:M 1 Jan 2026 00:00:00.000 # Fatal error: can't open the RDB file dump.rdb for reading: Permission denied",
                FailReason::NoAccess(String::new()),
            ),
            (
                "234:M 23 Nov 2026 # Fatal error loading the DB: Permission denied. Exiting.",
                FailReason::NoAccess(String::new()),
            ),
            (
                "Error: invalid line 60 in /etc/postgresql/15/main/x: password = 's3cret",
                FailReason::ConfLine(file(), 60),
            ),
            ("FATAL:  could not map anonymous shared memory: Cannot allocate memory", FailReason::NoMemory),
        ] {
            assert_eq!(reason(line), Some(expected), "{line}");
        }
    }

    #[test]
    fn what_is_quoted_is_not_kept() {
        for line in [
            ">>> 'requirepass s3cret more'",
            "LOG:  invalid value for parameter \"a s3cret\": \"x\"",
            "LOG:  syntax error in file \"s3cret\" line 3, near token \"x\"",
            "DETAIL:  Permissions should be u=rwx (0700) or u=rwx,g=rx (0750).",
        ] {
            assert_eq!(reason(line), None, "{line}");
        }
    }
}
