//! Report → single lines: what is waited for, what changed, how a container is.

use std::fmt::Write;
use std::time::Duration;

use super::clean::Clean;
use crate::cli::FailOn;
use crate::exit::Exit;
use crate::report::{Answer, Change, Now, Outcome, Report};

/// How many names a line shows.
const NAMES: usize = 4;

/// Because of what a run does not end well, the first few by name.
pub(super) fn reasons(report: &Clean<Report>, fail_on: &[FailOn]) -> String {
    let is_reason = |outcome: &&Outcome| {
        Exit::is_because_of(outcome, fail_on) && !matches!(outcome.answer, Answer::Explained { .. })
    };
    let mut names: Vec<String> = report.outcomes.iter().filter(is_reason).map(name).collect();
    // An essential check that was not seen may stand in a note alone.
    if names.is_empty() {
        names.extend(report.notes.iter().cloned());
    }
    let more = names.len().saturating_sub(NAMES);
    names.truncate(NAMES);
    let names = names.join(", ");
    if more > 0 { format!("{names} and {more} more") } else { names }
}

fn name(outcome: &Outcome) -> String {
    match outcome.found() {
        Some(diagnosis) => format!("{} ({})", diagnosis.code, outcome.seat),
        None => format!("{} ({}, not seen)", outcome.check, outcome.seat),
    }
}

pub(super) fn waiting(reasons: &Clean<String>, left: Duration) -> String {
    format!("clipcheck: waiting for {}; {} s left\n", **reasons, left.as_secs_f64().ceil())
}

/// The verdict; or a line for each change.
pub(super) fn watched(report: &Clean<Report>, changes: Option<&Clean<Vec<Change>>>) -> String {
    let at = report.hosts.iter().max_by_key(|host| host.taken_at).map_or_else(String::new, crate::report::Host::at);
    let mut out = String::new();
    match changes {
        None => {
            let names = reasons(report, &[]);
            let colon = if names.is_empty() { "" } else { ": " };
            let mark = if report.counts.roots > 0 {
                '✗'
            } else if report.essential_unseen {
                '?'
            } else {
                '✓'
            };
            let _ = writeln!(out, "{at} {mark} {}{colon}{names}", report.verdict());
        }
        Some(changes) => {
            for change in changes.iter().filter(|change| change.now != Now::Still) {
                let mark = match change.now {
                    Now::Fixed => '✓',
                    Now::Still | Now::Otherwise(_) | Now::Explained(_) | Now::New(_) => '✗',
                    Now::Unseen(_) => '?',
                };
                let _ = writeln!(out, "{at} {mark} {}", change.says());
            }
        }
    }
    out
}

/// Docker keeps the first 4096 bytes.
pub(super) fn health(report: &Clean<Report>, healthy: bool) -> String {
    let held = report.outcomes.iter().filter(|it| matches!(it.answer, Answer::Holds) && it.check.ends_with("-answers"));
    if healthy {
        let held: Vec<&str> = held.map(|outcome| outcome.check.as_str()).collect();
        return format!("healthy: {}\n", held.join(", "));
    }
    let bad = report
        .outcomes
        .iter()
        .filter(|outcome| Exit::is_because_of(outcome, &[]) && !matches!(outcome.answer, Answer::Explained { .. }));
    let mut bad: Vec<String> = bad.map(|outcome| format!("{}: {}", name(outcome), outcome.says())).collect();
    if bad.is_empty() {
        bad.push("no service was seen to answer".to_owned());
    }
    format!("unhealthy: {}\n", bad.join("; "))
}
