//! The last error in the log of a Python program that goes on running: the exception at the end of its last traceback, or
//! the last line that it wrote as an error.

use jiff::Timestamp;

use super::quoted::{Secrets, quoted};

/// How a traceback begins (Python's `traceback` module).
const TRACEBACK: &str = "Traceback (most recent call last):";

/// How a line tells that it is an error: the level names of Python's `logging`, as they stand in usual formats.
const LEVELS: [&str; 6] = [" ERROR ", "[ERROR]", "ERROR:", " CRITICAL ", "[CRITICAL]", "CRITICAL:"];

/// The error, without secrets, and when it was written, in seconds since the epoch, where the lines are those of
/// `journalctl -o short-unix`.
pub fn last(log: &str, secrets: &Secrets) -> Option<(Option<u64>, String)> {
    let lines: Vec<(Option<u64>, &str)> = log.lines().map(parted).collect();
    let traceback = lines.iter().rposition(|(_, text)| text.contains(TRACEBACK));
    let exception = traceback.and_then(|at| {
        // Its own lines are indented; those of the program's source, too.
        let own = |(_, text): &&(Option<u64>, &str)| !text.trim().is_empty() && !text.starts_with([' ', '\t']);
        lines.iter().skip(at + 1).find(own)
    });
    let written = || lines.iter().rfind(|(_, text)| LEVELS.iter().any(|level| text.contains(level)));
    let (at, text) = exception.or_else(written)?;
    Some((*at, quoted(text, secrets, &[])))
}

/// `1764280000.123456 host program[123]: text`, or `2026-11-28T07:31:16.756789012Z text` as `docker logs --timestamps` has it:
/// the time and the text. Another line is all text.
pub(super) fn parted(line: &str) -> (Option<u64>, &str) {
    let journal = || {
        let (stamp, rest) = line.split_once(' ')?;
        let (seconds, parts) = stamp.split_once('.')?;
        let is_stamp = parts.len() == 6 && parts.bytes().all(|byte| byte.is_ascii_digit());
        let (_, text) = rest.split_once("]: ").or_else(|| rest.split_once("]:"))?;
        Some((seconds.parse().ok().filter(|_| is_stamp)?, text))
    };
    let docker = || {
        let (stamp, text) = line.split_once(' ').unwrap_or((line, ""));
        let at: Timestamp = stamp.parse().ok().filter(|_| stamp.ends_with('Z'))?;
        Some((at.as_second().try_into().ok()?, text))
    };
    journal().or_else(docker).map_or((None, line), |(at, text)| (Some(at), text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exception_at_the_end_of_the_last_traceback_counts() {
        let log = "\
1764280000.000001 s python3[9]: [2026-11-27] ERROR in app: Exception on /api/worker/jobs/1 [GET]
1764280000.000002 s python3[9]: Traceback (most recent call last):
1764280000.000003 s python3[9]:   File \"/opt/app.py\", line 1, in job
1764280000.000004 s python3[9]: psycopg2.errors.UndefinedColumn: column jobs.kind does not exist
1764280000.000005 s python3[9]: LINE 1: SELECT jobs.kind
1764280009.000006 s python3[9]: 10.8.0.2 - - \"GET / HTTP/1.1\" 500 -
";
        let said = "psycopg2.errors.UndefinedColumn: column jobs.kind does not exist";
        assert_eq!(last(log, &Secrets::default()), Some((Some(1_764_280_000), said.to_owned())));
        let docker = "2025-11-27T21:46:40.000000004Z ERROR: gone\n";
        assert_eq!(last(docker, &Secrets::default()), Some((Some(1_764_280_000), "ERROR: gone".to_owned())));
    }

    #[test]
    fn without_a_traceback_it_is_the_last_line_of_that_level_without_secrets() {
        let log = "[2026-11-27 10:00:00] [9] [ERROR] cannot use hunter22\n[2026-11-27 10:00:01] [9] [INFO] Listening\n";
        let (at, text) = last(log, &Secrets::of(["hunter22"])).expect("an error");
        assert!(at.is_none() && text.contains("cannot use ***"), "{text}");
        assert_eq!(last("[INFO] all is well\n", &Secrets::default()), None);
    }
}
