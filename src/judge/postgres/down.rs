//! Why PostgreSQL does not run: by its unit, by what it said last, by what starts it.

use crate::case::Seat;
use crate::check::cause::{PostgresAnswers, PostgresListens};
use crate::check::{Finding, broken};
use crate::fact::postgres::PgOutcome;
use crate::fact::service::{FailReason, UnitState};
use crate::fact::{UnitTarget, Unseen};
use crate::judge::{boot, said};

/// The cluster's unit, or the one that starts all clusters at boot, where nothing can start it.
pub(super) fn masked<'a>(seat: &Seat<'a>) -> Option<&'a UnitState> {
    let shell = seat.unit(UnitTarget::Named("postgresql.service".to_owned())).ok();
    seat.postgres_unit().ok().into_iter().chain(shell).find(|unit| unit.is_masked())
}

/// Where Debian's start.conf says that a cluster is not started with the machine; none of another cluster's unit.
pub(super) fn by_hand<'a>(seat: &Seat<'a>, unit: &UnitState) -> Option<(&'a str, u32)> {
    let conf = seat.pg_conf().ok()?;
    let (path, line) = conf.by_hand.as_ref()?;
    (unit.name == format!("postgresql@{}.service", conf.cluster.replace('/', "-"))).then_some((path.as_str(), *line))
}

/// The cluster's unit, or the one that starts all clusters, where it is down and the boot does not start it.
fn not_at_boot(seat: &Seat<'_>, unit: &UnitState) -> Option<Finding<PostgresListens>> {
    let shell = seat.unit(UnitTarget::Named("postgresql.service".to_owned())).ok();
    let shell = shell.filter(|shell| shell.known && unit.name.starts_with("postgresql@"));
    let (down, why) = std::iter::once(unit)
        .chain(shell.filter(|_| unit.at_boot.untried))
        .find_map(|unit| Some((unit, boot::not_at_boot(unit)?)))?;
    Some(match by_hand(seat, down) {
        Some((path, line)) => broken(PostgresListens::ByHand).at(path, line),
        None => broken(PostgresListens::NotStarted).with("enable", &down.name).with("why", why),
    })
}

/// What a locale's value needs.
const LOCALE: &str = " A locale has to be generated first (`locale -a` lists those that are there).";

/// By what it said itself when it last tried to start, where that is known.
pub(super) fn not_running(seat: &Seat<'_>, unit: Option<&UnitState>) -> Finding<PostgresListens> {
    match unit.and_then(|unit| unit.reason.as_ref()) {
        Some(FailReason::ConfLine(path, line)) => broken(PostgresListens::ConfigLine).at(path, *line),
        Some(FailReason::BadValue(name)) => {
            let said = unit.and_then(|unit| unit.said.as_ref());
            let words = said.map_or_else(String::new, |said| format!(": {}", said.told()));
            let locale = if name.starts_with("lc_") { LOCALE } else { "" };
            let finding =
                broken(PostgresListens::BadValue).with("name", name).with("words", words).with("locale", locale);
            match said.and_then(|said| said.named.as_ref()) {
                Some((path, line)) => finding.at(path, *line).with("where", format!("at {path}:{line}")),
                None => finding.with("file", "").with("line", "").with("where", "in the file that its words name"),
            }
        }
        Some(FailReason::NoAccess(path)) => broken(PostgresListens::NoAccess).with("path", path),
        Some(FailReason::FolderMode(path)) => broken(PostgresListens::FolderMode).with("path", path),
        Some(FailReason::KeyMode(path)) => broken(PostgresListens::KeyMode).with("path", path),
        Some(FailReason::NoMemory) => broken(PostgresListens::NoMemory),
        Some(_) | None => match unit {
            // What it said itself names the place better than any list of causes could.
            Some(UnitState { said: Some(said), .. }) => said::said(broken(PostgresListens::EndedItself), said),
            Some(unit) if let Some(finding) = not_at_boot(seat, unit) => finding,
            Some(_) | None => broken(PostgresListens::NotRunning)
                .with("since", unit.map(|unit| boot::since(seat, unit)).unwrap_or_default()),
        }
        .with("state", unit.map_or("not known", UnitState::label)),
    }
    .with("unit", unit.map_or("postgresql", |unit| &unit.name))
}

/// A start or a recovery takes longer than this only where there is much to do, or something holds it up, in seconds.
const LONG: u64 = 60;

/// More than one process that was killed is no accident.
const OFTEN: u32 = 2;

/// It starts up or recovers: that passes, unless its processes are killed again and again, or it takes long.
pub(super) fn recovering(seat: &Seat<'_>, outcome: &PgOutcome) -> Result<Finding<PostgresAnswers>, Unseen> {
    let soon =
        || Unseen::Undecided("PostgreSQL is starting up or recovering; run clipcheck again in a moment".to_owned());
    let log = outcome.recovering.as_ref().ok_or_else(soon)?;
    // Since when a unit runs says nothing of a recovery within it.
    let starting = seat.postgres_unit().ok().and_then(|unit| unit.starting.as_ref());
    let since = log.since.or(starting.map(|starting| starting.since));
    let seconds = since.map_or(0, |since| seat.taken_at().saturating_sub(since));
    let finding = match log.killed {
        OFTEN.. => broken(PostgresAnswers::Killed).with("killed", log.killed),
        _ if seconds > LONG => broken(PostgresAnswers::Recovers).with("seconds", seconds),
        _ => return Err(soon()),
    };
    Ok(finding.with("quote", &log.said.text).with("source", &log.said.source))
}
