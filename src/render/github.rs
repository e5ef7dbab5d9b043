//! Report → the workflow commands of GitHub Actions: an annotation for each finding, and the verdict.

use std::fmt::Write;

use super::clean::Clean;
use crate::exit::Exit;
use crate::report::{Answer, Outcome, Report};

pub(super) fn render(report: &Clean<Report>) -> String {
    let mut out = String::new();
    for outcome in &report.outcomes {
        let Some(diagnosis) = outcome.found() else { continue };
        let kind = match outcome.answer {
            Answer::Root { .. } => "error",
            Answer::Warns(_) => "warning",
            Answer::Notes(_)
            | Answer::Holds
            | Answer::Despite(_)
            | Answer::Explained { .. }
            | Answer::Unseen(_)
            | Answer::NotApplicable(_) => "notice",
        };
        let mut properties = Vec::new();
        if let Some(place) = &diagnosis.place {
            properties.push(format!("file={}", property(&place.file)));
            properties.push(format!("line={}", place.line));
            properties.extend(place.column.map(|column| format!("col={column}")));
        }
        properties.push(format!("title={}", property(&format!("{} on {}", diagnosis.code, outcome.place()))));
        let mut lines = vec![diagnosis.says.clone(), format!("Fix: {}", diagnosis.fix_says())];
        lines.extend(diagnosis.fix.run.iter().map(|command| format!("$ {command}")));
        let _ = writeln!(out, "::{kind} {}::{}", properties.join(","), data(&lines.join("\n")));
    }
    let required =
        |outcome: &&Outcome| matches!(outcome.answer, Answer::Unseen(_)) && Exit::is_because_of(outcome, &[]);
    for outcome in report.outcomes.iter().filter(required) {
        let title = property(&format!("{} on {} was not seen", outcome.check, outcome.place()));
        let _ = writeln!(out, "::warning title={title}::{}", data(&outcome.says()));
    }
    let _ = writeln!(out, "clipcheck: {}", report.closing());
    out
}

/// What stands behind the second `::`.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A value before it.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
