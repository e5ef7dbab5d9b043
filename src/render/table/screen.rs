//! Report → one screen of a terminal: the answer last, since that is what stays in sight.

use anstream::adapter::strip_str;
use textwrap::core::display_width;

use super::{Group, closing, despite, groups, since, wrapped};
use crate::report::{Answer, Outcome, Report};

mod above;
mod block;

use block::{Detail, block};

/// So many lines stay in sight on the smallest usual terminal, with a prompt below them.
const LAST: usize = 20;

/// How many roots the summary names; all stand above it.
const NAMED: usize = 7;

/// All that a reader needs first; `-v` has the rest.
pub(super) fn render(report: &Report, width: usize) -> String {
    let mut out = String::new();
    above::header(&mut out, report, width);
    since(&mut out, report, width);
    above::categories(&mut out, report, width);
    above::ways(&mut out, report, width);
    let found = groups(&report.outcomes);
    let of = |wanted: fn(&Answer) -> bool| found.iter().filter(move |group| group.is(wanted));
    for group in of(|answer| matches!(answer, Answer::Notes(_))) {
        out.push_str(&blocks(group, report, Detail::Bare, width));
    }
    despite(&mut out, report, width);
    above::unseen(&mut out, report, width);
    for group in of(|answer| matches!(answer, Answer::Warns(_))) {
        out.push_str(&blocks(group, report, Detail::Short, width));
    }
    let roots: Vec<&Group<'_>> = first_the_old(report, of(|answer| matches!(answer, Answer::Root { .. })).collect());
    let mut last = String::from("\n");
    closing(&mut last, report, width);
    above::next(&mut last, report, &roots, width);
    let set = |detail: Detail| roots.iter().map(|group| blocks(group, report, detail, width)).collect::<String>();
    let room = LAST.saturating_sub(rows(&last, width));
    let fits = |text: &String| rows(text, width) <= room;
    if let Some(text) = Detail::ALL.into_iter().map(set).find(fits) {
        out.push_str(&text);
    } else {
        out.push_str(&set(Detail::Full));
        out.push_str(&block::summary(&roots, NAMED, room, width));
    }
    out.push_str(&last);
    out
}

/// What was a root before comes first: that is what the reader wants to know.
fn first_the_old<'a>(report: &Report, roots: Vec<&'a Group<'a>>) -> Vec<&'a Group<'a>> {
    let was = |outcome: &&Outcome| {
        report.since.iter().any(|change| change.check == outcome.check && change.seat == outcome.seat)
    };
    let (first, rest): (Vec<_>, Vec<_>) = roots.into_iter().partition(|group| group.outcomes.iter().any(was));
    first.into_iter().chain(rest).collect()
}

/// Those of a group that are shown one by one, and how many more there are.
fn blocks(group: &Group<'_>, report: &Report, detail: Detail, width: usize) -> String {
    let mut out = String::new();
    for outcome in group.shown() {
        out.push_str(&block(outcome, report, detail, width));
    }
    if let Some(rest) = group.rest() {
        wrapped(&mut out, &rest, "  … and ", "        ", width);
    }
    out
}

/// How many rows of the terminal a text takes. Commands are not wrapped here, but there.
fn rows(text: &str, width: usize) -> usize {
    let row = |line: &str| display_width(&strip_str(line).to_string()).div_ceil(width).max(1);
    text.lines().map(row).sum()
}

/// The first row of a text that may be longer.
fn one_row(text: &str, indent: &str, width: usize) -> String {
    let room = width.saturating_sub(display_width(indent));
    if display_width(text) <= room {
        return format!("{indent}{text}\n");
    }
    let mut cut = String::new();
    for c in text.chars() {
        if display_width(&cut) + 4 > room {
            break;
        }
        cut.push(c);
    }
    format!("{indent}{}…\n", cut.trim_end())
}
