//! The last error in the log of a worker that runs, in the format that Celery's `worker_log_format` has by default:
//! `[2026-11-28 02:00:00,123: ERROR/MainProcess] text`, with a traceback below it where there is one.

use super::quoted::{Secrets, quoted};
use super::raised;
use crate::fact::worker_log::Reported;

/// How a line begins that is an error.
const LEVELS: [&str; 2] = [": ERROR/", ": CRITICAL/"];

/// What Celery says when it throws a message away (celery/worker/consumer/consumer.py, kombu/exceptions.py).
const DISCARDS: [&str; 4] = [
    "Received unregistered task",
    "Can't decode message body",
    "Received and deleted unknown message",
    "ContentDisallowed",
];

/// What it says when it has lost Redis; it tries again by itself.
const LOST: [&str; 3] = ["Cannot connect to", "Connection to broker lost", "Trying again"];

/// With the third try in a row it is no moment of Redis' restart any more: the first two are made within six seconds.
const OFTEN: u32 = 3;

/// What it says when it has it back.
const BACK: [&str; 2] = ["Connected to ", " ready."];

/// The error, without `secrets`, and when it was written where the lines are those of `journalctl -o short-unix`.
pub fn last(log: &str, secrets: &Secrets) -> Option<(Option<u64>, Reported)> {
    let lines: Vec<(Option<u64>, &str)> = log.lines().map(raised::parted).collect();
    let is_error = |text: &str| LEVELS.iter().any(|level| text.contains(level));
    let at = lines.iter().rposition(|(_, text)| is_error(text))?;
    let (when, line) = *lines.get(at)?;
    let text = line.split_once("] ").map_or(line, |(_, text)| text);
    let below = lines.get(at + 1..).unwrap_or_default();
    let says = |any: &[&str], text: &str| any.iter().any(|it| text.contains(it));
    if says(&LOST, text) && below.iter().any(|(_, text)| says(&BACK, text)) {
        return None;
    }
    // Its own lines are indented; the next line of the log begins with its time.
    let own =
        |text: &str| !text.trim().is_empty() && !text.starts_with([' ', '\t', '[']) && !text.contains("Traceback");
    let end = below.iter().position(|(_, text)| text.starts_with('[')).unwrap_or(below.len());
    let mut raised = below.iter().take(end).map(|(_, text)| *text);
    let traced = raised.clone().any(|text| text.contains("Traceback"));
    let raised = raised.rfind(|text| own(text)).filter(|_| traced);
    let raised = raised.map_or_else(String::new, |raised| format!("; {raised}"));
    let discards = says(&DISCARDS, text) || says(&DISCARDS, &raised);
    let tries_in = [text].into_iter().chain(below.iter().map(|(_, text)| *text)).find_map(next_try);
    let tries_in = tries_in.filter(|_| says(&LOST, text));
    Some((when, Reported { text: quoted(&format!("{text}{raised}"), secrets, &[]), discards, tries_in }))
}

/// `Trying again in 4.00 seconds... (3/100)`: after how many, from the third on.
fn next_try(line: &str) -> Option<u64> {
    let (seconds, rest) = line.split_once("Trying again in ")?.1.split_once('.')?;
    let number: u32 = rest.rsplit_once('(')?.1.split_once('/')?.0.parse().ok()?;
    seconds.parse().ok().filter(|_| number >= OFTEN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(log: &str) -> Option<(String, bool)> {
        last(log, &Secrets::of(["s3cret77"])).map(|(_, it)| (it.text, it.discards))
    }

    #[test]
    fn the_last_error_counts_with_what_was_raised() {
        let log = "\
[2026-11-28 02:00:00,123: CRITICAL/MainProcess] Can't decode message body: ContentDisallowed('Refusing s3cret77')
Traceback (most recent call last):
  File \"/app/a.py\", line 1, in loads
kombu.exceptions.ContentDisallowed: Refusing to deserialize untrusted content of type pickle
[2026-11-28 02:00:01,000: INFO/MainProcess] Task a.b succeeded
";
        let text = "Can't decode message body: ContentDisallowed('…'); kombu.exceptions.ContentDisallowed: Refusing to \
                    deserialize untrusted content of type pickle";
        assert_eq!(said(log), Some((text.to_owned(), true)));
        let task = "[2026-11-28 02:00:00,123: ERROR/MainProcess] Received unregistered task of type 'app.tasks.a'.\n";
        assert_eq!(said(task), Some(("Received unregistered task of type 'app.tasks.a'.".to_owned(), true)));
    }

    #[test]
    fn a_connection_that_came_back_is_no_error() {
        let lost = "[2026-11-28 02:00:00,1: ERROR/MainProcess] consumer: Cannot connect to redis://:**@h:6379/0: Error 111. \
                    Trying again in 2.00 seconds... (1/100)\n";
        assert!(said(lost).is_some_and(|(_, discards)| !discards));
        let tries_in = |log: &str| last(log, &Secrets::default()).and_then(|(_, it)| it.tries_in);
        assert_eq!(
            (tries_in(lost), tries_in(&lost.replace("2.00 seconds... (1/", "6.00 seconds... (3/"))),
            (None, Some(6))
        );
        assert_eq!(
            said(&format!("{lost}[2026-11-28 02:00:02,1: INFO/MainProcess] Connected to redis://:**@h//\n")),
            None
        );
        assert_eq!(said("[2026-11-28 02:00:02,1: INFO/MainProcess] celery@w ready.\n"), None);
    }
}
