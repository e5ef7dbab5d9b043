//! What became of the roots of an earlier report.

use super::{GREEN, RED, YELLOW, few, wrapped};
use crate::render::clean::Clean;
use crate::report::{Change, Now, Report};

/// What became of the roots of before.
pub(super) fn since(out: &mut String, report: &Report, width: usize) {
    if report.since.is_empty() {
        return;
    }
    out.push_str("\nChanges since the previous report:\n");
    for change in &report.since {
        out.push_str(&line(change, width));
    }
}

/// What became of one root.
pub(in crate::render) fn became(change: &Clean<Change>, width: usize) -> String {
    line(change, width)
}

fn line(change: &Change, width: usize) -> String {
    let mut out = String::new();
    let (style, mark) = match change.now {
        Now::Fixed => (GREEN, "✓"),
        Now::Still | Now::Otherwise(_) | Now::Explained(_) | Now::New(_) => (RED, "✗"),
        Now::Unseen(_) => (YELLOW, "?"),
    };
    let more = match &change.now {
        Now::Fixed | Now::Still => String::new(),
        Now::Otherwise(code) => format!(": now {code}"),
        Now::Explained(by) => format!(": now explained by {}", few(by)),
        Now::Unseen(why) | Now::New(why) => format!(": {why}"),
    };
    let line = format!("{} ({}) {}{more}", change.code, change.seat, change.now.word());
    wrapped(&mut out, &line, &format!("{style}{mark}{style:#} "), "  ", width);
    out
}
