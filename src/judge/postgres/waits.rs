//! Does PostgreSQL carry out what the app asks of it: does a statement wait, and what did it refuse?

use crate::case::Seat;
use crate::check::cause::{PostgresStatements, PostgresWaits};
use crate::check::{Judged, broken, holds};

/// No statement waits for a lock that somebody forgot, or for a standby that is not there.
pub(crate) fn postgres_waits(seat: &Seat<'_>) -> Judged<PostgresWaits> {
    let waits = &seat.pg_state()?.waits;
    if let Some(standby) = waits.standby.as_ref().filter(|it| it.connected == 0) {
        let of_system = standby.path.as_deref().is_some_and(|path| path.ends_with("/postgresql.auto.conf"));
        let file = standby.path.as_deref().filter(|_| !of_system).zip(standby.line);
        let finding = broken(PostgresWaits::NoStandby).with("names", &standby.names);
        return Ok(match file {
            Some((path, line)) => finding.at(path, line),
            None => finding.with("place", "ALTER SYSTEM").with("file", "").with("line", ""),
        }
        .with("by_system", if file.is_none() { "SYSTEM" } else { "" })
        .into());
    }
    if let Some(held) = waits.held.first() {
        let finding = broken(PostgresWaits::LockHeld).with("table", &held.table).with("mode", &held.mode);
        return Ok(finding.with("by", held.by.summary()).with("pid", held.by.pid).into());
    }
    let Some(wait) = waits.statements.first() else { return Ok(holds()) };
    let role = wait.role.as_deref().unwrap_or("another role");
    let (by, pid) = match &wait.by {
        Some(by) => (format!("; {} holds it", by.summary()), by.pid.to_string()),
        None => (String::new(), String::new()),
    };
    let finding = broken(PostgresWaits::Waiting).with("role", role).with("seconds", wait.seconds);
    Ok(finding.with("event", &wait.event).with("by", by).with("pid", pid).into())
}

/// PostgreSQL's log of the last minutes has no statement of the app that it refused.
pub(crate) fn postgres_statements(seat: &Seat<'_>) -> Judged<PostgresStatements> {
    let state = seat.pg_state()?;
    let Some(said) = state.errors.last() else { return Ok(holds()) };
    let role = state.role.as_ref().map_or("the app", |role| &role.name);
    Ok(broken(PostgresStatements::Refused)
        .with("role", role)
        .with("quote", &said.text)
        .with("source", &said.source)
        .into())
}
