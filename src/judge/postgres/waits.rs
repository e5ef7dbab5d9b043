//! Does PostgreSQL carry out what the app asks of it: does a statement wait, and what did it refuse?

use super::tables::plain;
use crate::case::Seat;
use crate::check::cause::{PostgresStatements, PostgresWaits};
use crate::check::{Judged, broken, holds};
use crate::fact::postgres::PgSaid;
use crate::fact::postgres::state::{PgDatabaseFound, PgState};
use crate::fact::service::quote::Quote;
use crate::fact::{Unseen, Vantage};

/// No statement waits for a lock that somebody forgot, or for a standby that is not there.
pub(crate) fn postgres_waits(seat: &Seat<'_>) -> Judged<PostgresWaits> {
    let state = seat.pg_state()?;
    let waits = &state.waits;
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
    if let Some(open) = waits.prepared.first() {
        let database = state.database.as_ref().map_or("postgres", |it| &it.name);
        let finding = broken(PostgresWaits::Prepared).with("table", &open.table).with("mode", &open.mode);
        let finding = finding.with("database", database);
        return Ok(finding.with("name", &open.name).with("role", &open.role).with("seconds", open.seconds).into());
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

/// PostgreSQL's log of the last minutes has no statement and no log-in of the app that it refused.
pub(crate) fn postgres_statements(seat: &Seat<'_>) -> Judged<PostgresStatements> {
    let state = seat.pg_state()?;
    let role = state.role.as_ref().map_or("the app", |role| &role.name);
    if let Some(denied) = still_denied(state) {
        let database = state.database.as_ref().map_or("", |it| &it.name);
        let finding = broken(PostgresStatements::NoRights).with("database", database).with("kind", denied.kind);
        let finding = finding.with("grants", denied.grants(role)).with("role", role);
        return Ok(finding.with("quote", &denied.said.text).with("source", &denied.said.source).into());
    }
    let (cause, said) = match (state.errors.last(), state.refused.last()) {
        (Some(said), _) if is_for_good(&said.text) => (PostgresStatements::ForGood, said),
        (Some(_), _) if let Some(said) = still_missing(state) => {
            let finding = broken(PostgresStatements::StillMissing).with("missing", state.not_there.join(", "));
            let finding = finding.with("role", role).with("quote", &said.text);
            return Ok(finding.with("source", &said.source).into());
        }
        (Some(said), _) if is_of_other_tables(&said.text) => (PostgresStatements::OtherTables, said),
        (Some(said), _) => (PostgresStatements::Refused, said),
        // What was refused before its files were read again, or is let in elsewhere by now, may be mended.
        (None, Some(said)) if said.at.is_some_and(|at| at > state.loaded_at) && !is_told_elsewhere(seat) => {
            (PostgresStatements::LogIn, said)
        }
        (None, Some(_) | None) => {
            let unread = state.other_words.as_ref();
            return unread.map_or_else(
                || Ok(holds()),
                |log| {
                    let why =
                        "is not in English (`lc_messages`), and what it says of the app's statements is not known here";
                    Err(Unseen::NotKnown(format!("{log} {why}")))
                },
            );
        }
    };
    Ok(broken(cause).with("role", role).with("quote", &said.text).with("source", &said.source).into())
}

/// A refusal for want of rights that the role still lacks.
struct Denied<'a> {
    said: &'a Quote,
    kind: &'static str,
    name: &'a str,
    found: &'a PgDatabaseFound,
}

impl Denied<'_> {
    /// What gives them: of a table also the numbers of its own sequences. Nothing where a name is more than a plain word.
    fn grants(&self, role: &str) -> String {
        if !plain(role) || !plain(self.name) {
            return String::new();
        }
        let number = |name: &str| format!("GRANT USAGE ON SEQUENCE {name} TO {role}");
        if self.kind == "sequence" {
            return number(self.name);
        }
        let all = format!("GRANT SELECT, INSERT, UPDATE, DELETE ON {} TO {role}", self.name);
        let own = format!("{}_", self.name);
        let sequences = self.found.lacking_sequences.iter().filter(|name| name.starts_with(&own) && plain(name));
        [all].into_iter().chain(sequences.map(|name| number(name))).collect::<Vec<_>>().join("; ")
    }
}

/// The last refusal of that kind, of a table or a sequence on which the role still lacks some rights.
fn still_denied(state: &PgState) -> Option<Denied<'_>> {
    let found = state.database.as_ref()?.found.as_ref()?;
    state.errors.iter().rev().find_map(|said| {
        let (_, rest) = said.text.rsplit_once("permission denied for ")?;
        let (kind, name) = rest.trim().split_once(' ')?;
        let (kind, lacking) = match kind {
            "table" => ("table", &found.lacking),
            "sequence" => ("sequence", &found.lacking_sequences),
            _ => return None,
        };
        lacking.iter().find(|it| *it == name).map(|name| Denied { said, kind, name, found })
    })
}

/// Whether every further statement of the kind is refused until somebody mends it: the transaction ids are used up, or the
/// numbers of a sequence.
fn is_for_good(text: &str) -> bool {
    ["is not accepting commands", "reached maximum value of sequence"].iter().any(|words| text.contains(words))
}

/// Whether it is about a column or a table that is not there.
fn is_of_other_tables(text: &str) -> bool {
    text.contains("does not exist") && ["column", "relation"].iter().any(|kind| text.contains(kind))
}

/// A refusal for want of a table or a column that is not there now either.
fn still_missing(state: &PgState) -> Option<&Quote> {
    state.errors.iter().rfind(|said| !state.not_there.is_empty() && is_of_other_tables(&said.text))
}

/// Whether a worker's machine was let in, or the server's own log-in is refused, too.
fn is_told_elsewhere(seat: &Seat<'_>) -> bool {
    let said = |vantage| seat.at(vantage).ok().and_then(|seat| seat.postgres().ok()).map(|outcome| &outcome.said);
    said(Vantage::Client) == Some(&PgSaid::One) || said(Vantage::Server).is_some_and(|said| *said != PgSaid::One)
}
