//! What PostgreSQL's log says while the server starts up or recovers.

use super::log_line::stderr_line;
use super::refused::time;
use crate::read::quoted::{Secrets, quoted};

/// How it begins to tell of a start (`src/backend/postmaster/postmaster.c`).
const START: &str = "starting PostgreSQL";

/// What it says of one of its processes that it did not end itself (`LogChildExit`).
const KILLED: &str = " was terminated by ";

/// A start or a recovery, as the log tells it.
#[derive(Debug, PartialEq, Eq)]
pub struct Recovery {
    /// The last words or, where one of its processes was killed, the last time of that.
    pub text: String,
    /// How often one of its processes was killed since the start.
    pub killed: u32,
    /// When the server was started, in seconds since the epoch, where the log has UTC.
    pub since: Option<u64>,
}

/// By the lines of the last start; none where there are none. What belongs to a session has its user's name before it.
pub fn recovery(log: &str) -> Option<Recovery> {
    let own = |line: &&str| line.split_once(":  ").is_some_and(|(head, _)| !head.contains('@'));
    let lines = log.lines().filter(own).filter_map(|line| Some((line, stderr_line(line)?)));
    let said: Vec<(&str, &str)> =
        lines.filter(|(_, (kind, _))| *kind == "LOG").map(|(line, (_, it))| (line, it)).collect();
    let start = said.iter().rposition(|(_, it)| it.starts_with(START));
    let since = said.get(start.unwrap_or(0)..)?;
    let killed: Vec<&str> = since.iter().map(|(_, it)| *it).filter(|it| it.contains(KILLED)).collect();
    let last = killed.last().copied().or_else(|| since.last().map(|(_, it)| *it))?;
    Some(Recovery {
        text: quoted(&format!("LOG: {last}"), &Secrets::default(), &[]),
        killed: u32::try_from(killed.len()).unwrap_or(u32::MAX),
        since: start.and_then(|at| time(said.get(at)?.0)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_words_and_what_was_killed_since_the_last_start() {
        let start = "1970-01-01 00:00:05 UTC [1] LOG:  starting PostgreSQL 15.14 (Debian)\n";
        let killed = "1970-01-01 00:00:06 UTC [1] LOG:  WAL writer process (PID 7) was terminated by signal 9: Killed\n\
            1970-01-01 00:00:06 UTC [1] DETAIL:  Failed process was running: select 's3cret'\n\
            1970-01-01 00:00:06 UTC [1] LOG:  all server processes terminated; reinitializing\n";
        let waits = "1970-01-01 00:00:07 UTC [4] LOG:  starting archive recovery\n\
            1970-01-01 00:00:07 UTC [5] clippy@front LOG:  could not send data to client\n";
        let found = |log: &str| recovery(log).map(|it| (it.text, it.killed, it.since));
        let last = "LOG: starting archive recovery".to_owned();
        assert_eq!(found(&format!("{killed}{start}{waits}")), Some((last, 0, Some(5))));
        let last = "LOG: WAL writer process (PID 7) was terminated by signal 9: Killed".to_owned();
        assert_eq!(found(&format!("{start}{killed}{killed}")), Some((last, 2, Some(5))));
        assert_eq!(found("nothing of PostgreSQL's\n"), None);
    }
}
