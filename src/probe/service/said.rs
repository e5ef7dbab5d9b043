//! What a service said last itself: in its unit's journal, else in the log of its own, wherever its settings put that.

use super::REDIS_LOG;
use crate::fact::UnitTarget;
use crate::fact::service::quote::Quote;
use crate::probe::{ProbeContext, host, postgres, redis};
use crate::read::{last_words, named_line};

/// The last words of the last start, which began at this time, and where its settings hold what they name.
pub(super) fn last_words(
    (target, context): (&UnitTarget, &ProbeContext),
    unit: &str,
    journal: &str,
    begun: Option<u64>,
    ended: Option<u64>,
    files: Vec<(String, String)>,
) -> Option<Quote> {
    let mut quote = written((target, context), unit, journal, begun, ended)?;
    let mut all = match target {
        UnitTarget::Redis => redis::texts(context),
        UnitTarget::Postgres => cluster(unit).map(|(version, name)| postgres::texts(version, name)).unwrap_or_default(),
        UnitTarget::WireGuard | UnitTarget::Named(_) => Vec::new(),
    };
    all.extend(files);
    quote.named = named_line::find(&quote.text, &all);
    Some(quote)
}

fn written(
    (target, context): (&UnitTarget, &ProbeContext),
    unit: &str,
    journal: &str,
    begun: Option<u64>,
    ended: Option<u64>,
) -> Option<Quote> {
    let in_journal = |text| Quote { text, source: format!("journalctl -u {}", short(unit)), at: ended, named: None };
    if *target == UnitTarget::WireGuard {
        let interface = short(unit).split_once('@').map_or("", |(_, interface)| interface);
        return last_words::of_tunnel(journal, interface).map(in_journal);
    }
    if let Some(text) = last_words::read(journal) {
        return Some(in_journal(text));
    }
    for path in logs(target, unit, context) {
        let Some(stat) = host::stat(&path).ok().flatten().filter(|stat| stat.is_file) else { continue };
        // Unless the last start wrote to it, it speaks of another one.
        if begun.is_none_or(|begun| stat.changed_at < begun) {
            continue;
        }
        let end = host::end(&path, 60).ok()?;
        if let Some(text) = last_words::read(&end) {
            return Some(Quote { text, source: path, at: Some(stat.changed_at), named: None });
        }
    }
    None
}

/// As it is typed.
pub(in crate::probe) fn short(unit: &str) -> &str {
    unit.strip_suffix(".service").unwrap_or(unit)
}

/// Where the service writes itself; the youngest of PostgreSQL's own is the one that it wrote to last.
fn logs(target: &UnitTarget, unit: &str, context: &ProbeContext) -> Vec<String> {
    match target {
        UnitTarget::Redis => vec![redis::log_file(context).unwrap_or_else(|| REDIS_LOG.to_owned())],
        UnitTarget::Postgres => cluster(unit).map(|(version, name)| postgres::logs(version, name)).unwrap_or_default(),
        UnitTarget::WireGuard | UnitTarget::Named(_) => Vec::new(),
    }
}

/// The version and the name of the cluster that Debian's unit runs.
fn cluster(unit: &str) -> Option<(&str, &str)> {
    short(unit).strip_prefix("postgresql@")?.split_once('-')
}
