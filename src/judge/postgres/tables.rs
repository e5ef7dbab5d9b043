//! What the app's role finds in its database, and may do there.

use crate::case::Seat;
use crate::check::cause::PostgresTables;
use crate::check::{Finding, Judged, broken, holds, not_applicable};
use crate::fact::postgres::PgSaid;
use crate::fact::postgres::tables::{Missing, PgTables};
use crate::fact::{Unseen, Vantage};

/// A statement of the app may take so long at least, in milliseconds.
const SHORT: u64 = 1000;

/// The app's role finds its tables, and may use them.
pub(crate) fn postgres_tables(seat: &Seat<'_>) -> Judged<PostgresTables> {
    let outcome = seat.postgres()?;
    let Some(tables) = &outcome.tables else {
        if outcome.said != PgSaid::One {
            return Ok(not_applicable("there was no log-in"));
        }
        return Err(Unseen::NotKnown("PostgreSQL did not tell which tables the role finds".to_owned()));
    };
    let role = outcome.role.as_deref().unwrap_or("<role>");
    let database = super::database(seat, outcome);
    let finding = match tables.elsewhere.as_slice() {
        _ if let Some(words) = &tables.refused => broken(PostgresTables::Cancelled).with("words", words),
        [] if tables.visible == 0 => return Ok(not_applicable("the database has no tables yet")),
        [schema, ..] if tables.visible == 0 && schema.usable => {
            broken(PostgresTables::NotInPath).with("schema", &schema.name)
        }
        [schema, ..] if tables.visible == 0 => broken(PostgresTables::SchemaClosed).with("schema", &schema.name),
        _ if !tables.lacks.is_empty() => {
            let finding = broken(PostgresTables::NotPermitted).with("lacks", lacks(tables));
            let finding = finding.with("grants", grants(tables, role));
            if may_be_meant(&tables.lacks) && !was_said(seat, "permission denied") {
                finding.for_later()
            } else {
                finding
            }
        }
        _ if !tables.guarded.is_empty() => {
            let first = tables.guarded.first().filter(|name| plain(name)).cloned().unwrap_or_default();
            broken(PostgresTables::RowSecurity).with("tables", tables.guarded.join(", ")).with("table", first)
        }
        _ if let Some(column) = tables.unnumbered.first() => {
            unnumbered(column, was_said(seat, "violates not-null constraint"))
        }
        _ if (1..SHORT).contains(&tables.statement_timeout) => {
            broken(PostgresTables::Timeout).with("timeout", tables.statement_timeout)
        }
        _ => return Ok(holds()),
    };
    let path = if tables.search_path.is_empty() { "nothing" } else { &tables.search_path };
    Ok(finding.with("path", path).with("role", role).with("database", database).into())
}

/// Who may read all and not write or delete some of it may have been given just what it needs.
fn may_be_meant(lacks: &[String]) -> bool {
    !lacks.iter().any(|lack| lack.starts_with("SELECT ") || lack.starts_with("USAGE "))
}

/// Whether PostgreSQL's log of the last minutes has a refusal with these words.
fn was_said(seat: &Seat<'_>, words: &str) -> bool {
    let state = seat.at(Vantage::Server).ok().and_then(|server| server.pg_state().ok());
    state.is_some_and(|state| state.errors.iter().any(|said| said.text.contains(words)))
}

/// A column that its sequence gives no numbers. A program may number its rows itself: then nothing is refused.
fn unnumbered(column: &str, refused: bool) -> Finding<PostgresTables> {
    let (full, sequence) = column.split_once(' ').unwrap_or((column, ""));
    let (table, name) = full.split_once('.').unwrap_or((full, ""));
    let finding = broken(PostgresTables::Unnumbered).with("column", full).with("sequence", sequence);
    let finding = finding.with("table", table).with("name", name);
    if refused { finding } else { finding.for_later() }
}

/// More than a word may be taken otherwise by a shell, and PostgreSQL makes capital letters small: it may have another of that
/// name.
pub(super) fn plain(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

fn lacks(tables: &PgTables) -> String {
    tables.missing().map(|it| it.words()).collect::<Vec<_>>().join("; ")
}

/// The statements that give what is missing; none where a name is more than a word.
fn grants(tables: &PgTables, role: &str) -> String {
    let grant = |missing: Missing<'_>| {
        let kind = if missing.rights == ["USAGE"] { "SEQUENCE " } else { "" };
        let right = |word: &str| word.chars().all(|c| c.is_ascii_uppercase());
        let rights = missing.rights.iter().all(|word| right(word));
        let known = rights && plain(role) && missing.on.iter().all(|it| plain(it));
        known.then(|| format!("GRANT {} ON {kind}{} TO {role}", missing.rights.join(", "), missing.on.join(", ")))
    };
    tables.missing().map(grant).collect::<Option<Vec<_>>>().map_or_else(String::new, |all| all.join("; "))
}
