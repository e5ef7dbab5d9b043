//! Who looked, at which deployment.

use std::fmt::Write;
use std::net::IpAddr;

use super::wrapped;
use crate::fact::Vantage;
use crate::profile::{Known, Origin};
use crate::report::{Host, Report};

/// How many hosts the head of the report names.
pub(super) const HOSTS: usize = 6;

/// Each with how its part in the deployment was known.
pub(super) fn header(out: &mut String, report: &Report, width: usize) {
    for host in report.hosts.iter().take(HOSTS) {
        let line =
            format!("clipcheck {} on {} ({}); {}", env!("CARGO_PKG_VERSION"), who(host), host.vantage_by, ends(host));
        wrapped(out, &line, "", "  ", width);
    }
    let more = report.hosts.len().saturating_sub(HOSTS);
    if more > 0 {
        let _ = writeln!(out, "… and {more} more; `--format json` names all");
    }
    for note in &report.notes {
        wrapped(out, &format!("note: {note}"), "", "  ", width);
    }
}

/// Who looked, and when.
pub(super) fn who(host: &Host) -> String {
    let rights = host.rights_in_words();
    let at = jiff::Timestamp::from_second(i64::try_from(host.taken_at).unwrap_or(0)).unwrap_or_default();
    let name = if host.name == host.seat { String::new() } else { format!(" {}", host.name) };
    format!("{}{name}, {rights}, {at}", host.seat)
}

/// At which deployment.
pub(super) fn ends(host: &Host) -> String {
    let addresses = &host.addresses;
    let guide = |origin: Origin| if origin == Origin::Assumed { " (the guide's)" } else { "" };
    if host.vantage == Vantage::Outside {
        return addresses.public.map_or_else(String::new, |public| format!("server at {public}"));
    }
    let end = |known: &Known<IpAddr>| format!("{}{}", known.value, guide(known.origin));
    let client =
        if host.several_clients { "several clients".to_owned() } else { format!("client {}", end(&addresses.client)) };
    format!("server {}, {client}", end(&addresses.server))
}
