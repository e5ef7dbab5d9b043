//! The log-ins and the statements that PostgreSQL refused, by its log on standard error.

use super::log_line::{is_severity, stderr_line};
use crate::read::quoted::{Secrets, quoted};

/// So many of them are kept, the last ones.
const MOST: usize = 3;

/// What it says to who may not log in.
const BEGINS: [&str; 12] = [
    "password authentication failed",
    "no pg_hba.conf entry",
    "pg_hba.conf rejects",
    "role ",
    "database ",
    "permission denied for database",
    "remaining connection slots",
    "sorry, too many clients",
    "too many connections for",
    "Peer authentication failed",
    "Ident authentication failed",
    "connection requires a valid client certificate",
];

/// The last different ones that name one of the known words (a role, a database) or the client's address, with what is
/// added to them, and when that was, where the log has UTC.
pub fn refusals(log: &str, known: &[&str], client: &str) -> Vec<(Option<u64>, String)> {
    let mut found: Vec<(Option<u64>, String)> = Vec::new();
    let mut lines = log.lines().peekable();
    while let Some(line) = lines.next() {
        let Some(("FATAL", said)) = stderr_line(line) else { continue };
        let of_it =
            known.iter().any(|word| said.contains(&format!("\"{word}\""))) || said.contains(&format!("\"{client}\""));
        if !of_it || !BEGINS.iter().any(|begin| said.starts_with(begin)) {
            continue;
        }
        let mut text = format!("FATAL: {said}");
        if let Some(("DETAIL", more)) = lines.peek().and_then(|line| stderr_line(line)) {
            text.push_str(super::STROKE);
            text.push_str("DETAIL: ");
            text.push_str(more);
        }
        let text = quoted(&text, &Secrets::default(), known);
        found.retain(|(_, other)| *other != text);
        found.push((time(line), text));
        if found.len() > MOST {
            found.remove(0);
        }
    }
    found
}

/// What an app meets in its daily work, and what is said of somebody who types SQL.
const DAILY: [&str; 8] = [
    "duplicate key value",
    "current transaction is aborted",
    "canceling statement due to user request",
    "deadlock detected",
    "could not serialize access",
    "syntax error",
    "invalid input syntax",
    "terminating connection due to administrator command",
];

/// The last different statements of a role in its database that failed for another reason than an app's daily ones, and when
/// that was, where the log has UTC. Who it was only a `log_line_prefix` with `%u@%d` tells, as Debian sets it.
pub fn statements(log: &str, role: &str, database: &str) -> Vec<(Option<u64>, String)> {
    let mut found: Vec<(Option<u64>, String)> = Vec::new();
    let whose = format!(" {role}@{database} ERROR:  ");
    for line in log.lines() {
        let Some((_, said)) = line.split_once(&whose) else { continue };
        if DAILY.iter().any(|begin| said.starts_with(begin)) {
            continue;
        }
        let text = quoted(&format!("ERROR: {said}"), &Secrets::default(), &[role, database]);
        found.retain(|(_, other)| *other != text);
        found.push((time(line), text));
        if found.len() > MOST {
            found.remove(0);
        }
    }
    found
}

/// Whether such a role's lines have another language's words for how grave they are (`lc_messages`): none of what they say is
/// known here.
pub fn is_in_other_words(log: &str, role: &str, database: &str) -> bool {
    let whose = format!(" {role}@{database} ");
    log.lines().filter_map(|line| line.split_once(&whose)?.1.split_once(":  ")).any(|(severity, _)| {
        let word = severity.trim_end();
        !word.is_empty() && word.chars().all(char::is_alphabetic) && !is_severity(word)
    })
}

/// `2026-11-27 11:42:27.558 UTC …`.
pub(super) fn time(line: &str) -> Option<u64> {
    let mut words = line.split(' ');
    let (day, clock, zone) = (words.next()?, words.next()?, words.next()?);
    if !matches!(zone, "UTC" | "GMT") {
        return None;
    }
    u64::try_from(format!("{day}T{clock}Z").parse::<jiff::Timestamp>().ok()?.as_second()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_refusals_of_the_worker_are_kept() {
        let log = "1970-01-01 00:00:05.5 UTC [1] a@b FATAL:  password authentication failed for user \"clippy\"\n\
            1970-01-01 00:00:05.5 UTC [1] a@b DETAIL:  Role \"clippy\" does not exist.\n\
            \tConnection matched pg_hba.conf line 97: \"host all all 10.8.0.0/24 ldap ldapbindpasswd=s3cret\"\n\
            1970-01-01 00:00:06 UTC [2] FATAL:  password authentication failed for user \"other\"\n\
            1970-01-01 00:00:07 CET [3] FATAL:  no pg_hba.conf entry for host \"10.8.0.2\", user \"x\", database \"y\", no encryption\n";
        let found = refusals(log, &["clippy"], "10.8.0.2");
        let first =
            "FATAL: password authentication failed for user \"clippy\" / DETAIL: Role \"clippy\" does not exist.";
        let second = "FATAL: no pg_hba.conf entry for host \"10.8.0.2\", user \"…\", database \"…\", no encryption";
        assert_eq!(found, [(Some(5), first.to_owned()), (None, second.to_owned())]);
    }

    #[test]
    fn statements_are_the_roles_own_and_no_daily_ones() {
        let log = "1970-01-01 00:00:05.5 UTC [1] clippy@front ERROR:  duplicate key value violates unique constraint \"a\"\n\
            1970-01-01 00:00:06 UTC [1] clippy@front ERROR:  permission denied for table jobs\n\
            1970-01-01 00:00:06 UTC [1] clippy@front STATEMENT:  insert into jobs values ('s3cret')\n\
            1970-01-01 00:00:07 UTC [2] postgres@front ERROR:  relation \"x\" does not exist\n";
        let denied = (Some(6), "ERROR: permission denied for table jobs".to_owned());
        assert_eq!(statements(log, "clippy", "front"), [denied]);
        assert!(!is_in_other_words(log, "clippy", "front"));
        let german = "1970-01-01 00:00:06 UTC [1] clippy@front FEHLER:  Spalte »x« existiert nicht\n";
        assert!(is_in_other_words(german, "clippy", "front") && !is_in_other_words(german, "other", "front"));
        assert!(is_in_other_words("[1] clippy@front ERREUR\u{a0}:  x\n", "clippy", "front"));
    }
}
