//! An earlier report or snapshot, and what is told of it while the looks go on.

use std::path::Path;

use super::terminal::terminal;
use super::{judged, read};
use crate::check::Check;
use crate::deployment::Deployment;
use crate::render;
use crate::report::{Before, Now, since};
use crate::snapshot::Snapshot;

/// An earlier report, or a snapshot, which is judged now.
pub(super) fn before(path: &Path, checks: &[Check]) -> Result<Before, String> {
    let text = read(path)?;
    let shown = path.display().to_string();
    match Snapshot::parse(&text, &shown) {
        Ok(snapshot) => Ok(Before::from(&judged(Deployment::new(vec![snapshot])?, checks))),
        // What has facts was meant as a snapshot.
        Err(why) if text.contains("\"facts\"") => Err(why),
        Err(_) => text.parse().map_err(|why| format!("{shown}: {why}")),
    }
}

/// What became of the roots of before, by what was seen until now.
pub(super) fn first_words(seen: &Snapshot, others: &[Snapshot], again: &[Check], before: &Before) -> String {
    let vantage = seen.vantage;
    let all: Vec<Snapshot> = others.iter().chain([seen]).cloned().collect();
    let changes = Deployment::new(all).map(|all| since(&judged(all, again), before, again)).unwrap_or_default();
    let told = changes
        .iter()
        .filter(|change| change.seat.split(' ').next() == Some(vantage.word()) && !matches!(change.now, Now::New(_)));
    render::changes(told, terminal()).text().to_owned()
}
