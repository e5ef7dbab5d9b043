//! What PostgreSQL's log says while the server starts up or recovers.

use super::log_line::stderr_line;
use super::refused::time;
use crate::read::quoted::{Secrets, quoted};

/// How it begins to tell of a start (`src/backend/postmaster/postmaster.c`).
const START: &str = "starting PostgreSQL";

/// What it says of one of its processes that it did not end itself (`LogChildExit`).
const KILLED: &str = " was terminated by ";

/// What it says when it is over (`process_pm_pmsignal`), and how a crash begins (`PostmasterStateMachine`).
const READY: &str = "database system is ready to accept";
const AGAIN: &str = "reinitializing";

/// A start or a recovery that is not over, as the log tells it.
#[derive(Debug, PartialEq, Eq)]
pub struct Recovery {
    /// The last words or, where it began with a process that was killed, what was said of that.
    pub text: String,
    /// When that was written, in seconds since the epoch, where the log has UTC.
    pub at: Option<u64>,
    /// How often one of its processes was killed since the start, as far as this end of the log goes, where it recovers from that.
    pub killed: u32,
    /// When the start or the recovery began, in seconds since the epoch, where the log has UTC and tells.
    pub since: Option<u64>,
}

/// By the lines since it was ready last; none where there are none. What belongs to a session has its user's name before it.
pub fn recovery(log: &str) -> Option<Recovery> {
    let own = |line: &&str| line.split_once(":  ").is_some_and(|(head, _)| !head.contains('@'));
    let lines = log.lines().filter(own).filter_map(|line| Some((line, stderr_line(line)?)));
    let said: Vec<(&str, &str)> =
        lines.filter(|(_, (kind, _))| *kind == "LOG").map(|(line, (_, it))| (line, it)).collect();
    let start = said.iter().rposition(|(_, it)| it.starts_with(START)).unwrap_or(0);
    let ready = said.iter().rposition(|(_, it)| it.contains(READY)).map_or(0, |at| at + 1);
    let now = said.get(ready.max(start)..)?;
    let killed = |(_, it): &&(&str, &str)| it.contains(KILLED);
    let (line, last) = now.iter().rfind(killed).or(now.last())?;
    let begin = now.iter().find(|(_, it)| it.starts_with(START) || it.contains(AGAIN));
    let count = if now.iter().any(|it| killed(&it)) { said.iter().skip(start).filter(killed).count() } else { 0 };
    Some(Recovery {
        text: quoted(&format!("LOG: {last}"), &Secrets::default(), &[]),
        at: time(line),
        killed: u32::try_from(count).unwrap_or(u32::MAX),
        since: begin.and_then(|(line, _)| time(line)),
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
        // Ready since: what was killed then is over, and when what goes on now began is not told.
        let ready = "1970-01-01 00:00:08 UTC [1] LOG:  database system is ready to accept connections\n";
        let stops = "1970-01-01 00:00:09 UTC [1] LOG:  received smart shutdown request\n";
        let last = "LOG: received smart shutdown request".to_owned();
        assert_eq!(found(&format!("{start}{killed}{killed}{ready}{stops}")), Some((last, 0, None)));
        assert_eq!(found(&format!("{start}{ready}")), None);
        // The third time: it has recovered twice.
        let last = "LOG: WAL writer process (PID 7) was terminated by signal 9: Killed".to_owned();
        let third = format!("{start}{ready}{killed}{ready}{killed}{ready}{killed}");
        assert_eq!(found(&third), Some((last, 3, Some(6))));
    }
}
