//! Why Redis does not run: by its unit, by what it said last, by what starts it.

use crate::case::Seat;
use crate::check::cause::RedisListens;
use crate::check::{Finding, broken};
use crate::fact::service::{FailReason, UnitState};
use crate::judge::{boot, said};

/// By what it said itself when it last tried to start, where that is known.
pub(super) fn not_running(seat: &Seat<'_>, unit: Option<&UnitState>, file: &str) -> Finding<RedisListens> {
    match unit.and_then(|unit| unit.reason.as_ref()) {
        Some(FailReason::ConfLine(_, line)) => broken(RedisListens::ConfigLine).with("line", line).with("file", file),
        Some(FailReason::NoAccess(path)) if path.is_empty() => broken(RedisListens::NoDataAccess),
        Some(FailReason::NoAccess(path)) => broken(RedisListens::NoAccess).with("path", path),
        Some(_) | None => match unit {
            Some(unit) if unit.is_masked() => broken(RedisListens::Masked).with("unit", &unit.name),
            // What it said itself names the place better than any list of causes could.
            Some(UnitState { said: Some(said), .. }) => said::said(broken(RedisListens::EndedItself), said),
            // It runs, on whatever it listens.
            Some(unit) if unit.active == "active" => broken(RedisListens::NoPort).with("unit", &unit.name),
            Some(unit) if let Some(why) = boot::not_at_boot(unit) => {
                broken(RedisListens::NotStarted).with("unit", &unit.name).with("why", why)
            }
            Some(_) | None => broken(RedisListens::NotRunning)
                .with("since", unit.map(|unit| boot::since(seat, unit)).unwrap_or_default()),
        }
        .with("state", unit.map_or("not known", UnitState::label)),
    }
}
