//! A service that answers while systemd still waits for its word that it is ready: it is ended when its time is over.

use crate::case::Seat;
use crate::check::cause::{PostgresListens, RedisListens, causes_of};
use crate::check::{Judged, broken, holds};
use crate::fact::Unseen;
use crate::fact::service::UnitState;

/// What can be wrong with it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Unready {
    NeverReady,
}

causes_of!(Unready as RedisListens: NeverReady);
causes_of!(Unready as PostgresListens: NeverReady);

/// A service that answers has told systemd so long before, in seconds.
const SOON: u64 = 10;

/// `answers`: whether it does what it is started for; what still loads its data is rightly waited for. `file`: where the
/// service could be told to send its message.
pub(super) fn ready(seat: &Seat<'_>, unit: &UnitState, answers: bool, file: &str) -> Judged<Unready> {
    let Some(starting) = unit.starting.as_ref().filter(|_| answers) else { return Ok(holds()) };
    // Who is waited for without an end is not ended.
    let Some(limit) = starting.limit else { return Ok(holds()) };
    let (waits, file) = match starting.kind.as_str() {
        "notify" | "notify-reload" => ("the message that it is ready", file),
        "forking" => ("its first process to end and its PID file", ""),
        _ => return Ok(holds()),
    };
    let seconds = seat.taken_at().saturating_sub(starting.since);
    if seconds < SOON {
        return Err(Unseen::Undecided(format!(
            "systemd started {} {seconds} s ago and still waits for {waits}; run clipcheck again",
            unit.name
        )));
    }
    let finding = broken(Unready::NeverReady).with("unit", &unit.name).with("kind", &starting.kind);
    Ok(finding.with("waits", waits).with("file", file).with("seconds", seconds).with("limit", limit).into())
}
