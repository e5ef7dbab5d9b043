//! What cannot be told apart from here, in words.

use std::collections::BTreeSet;

use super::Candidate;
use crate::case::Case;
use crate::check::{Alternative, Cause, Check};
use crate::fact::Vantage;
use crate::snapshot::Rights;

pub(super) fn alternatives(alternatives: &[Alternative], checks: &[Check]) -> Vec<Candidate> {
    let title = |alternative: &Alternative| {
        let check = checks.iter().find(|check| check.id == alternative.check);
        check.map_or_else(String::new, |check| check.title.clone())
    };
    alternatives.iter().map(|it| Candidate { on: it.on, code: it.code(), title: title(it) }).collect()
}

/// The other ends first: with their snapshots the one is named. Then what the check's file knows to do by hand.
pub(super) fn tell(
    alternatives: &[Alternative],
    case: &Case,
    named: Option<&Cause>,
    fill: impl Fn(&str) -> String,
) -> Vec<String> {
    if alternatives.is_empty() {
        return Vec::new();
    }
    let seats: BTreeSet<Vantage> = alternatives.iter().map(|it| it.on).collect();
    let away: Vec<&str> = seats.iter().filter(|on| case.snapshot(**on).is_none()).map(|on| on.word()).collect();
    let mut said = Vec::new();
    if !away.is_empty() {
        let places = away.join(" and on the ");
        let with = away.join(".json --with ");
        said.push(format!(
            "`clipcheck snapshot` on the {places}, then `clipcheck all --with {with}.json` here shows which one it is"
        ));
    }
    for on in &seats {
        let Some(seen) = case.snapshot(*on).filter(|seen| seen.rights == Rights::User) else { continue };
        let (what, who) = if seen.on_windows() { ("windows.ps1", "Administrator") } else { ("clipcheck", "root") };
        said.push(format!("`{what}` on the {on} as {who}: some of what is needed was not seen there"));
    }
    said.extend(named.and_then(|named| named.tell.as_deref()).map(fill));
    said
}
