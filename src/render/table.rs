//! Report → the screen. Meaning survives without colour.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Table, Width, presets};

use super::clean::Clean;
use crate::report::{Answer, Outcome, Report};

mod changes;
mod finding;
mod groups;
mod hosts;
mod screen;

pub(super) use changes::became;
use changes::since;
use finding::{found, is_found};
use groups::{Group, groups};
use hosts::{HOSTS, ends, header, who};

/// Ids and dates have hyphens; they stay in one piece.
const NO_SPLIT: textwrap::WordSplitter = textwrap::WordSplitter::NoHyphenation;

const GREEN: Style = AnsiColor::Green.on_default();
const RED: Style = AnsiColor::Red.on_default().bold();
const YELLOW: Style = AnsiColor::Yellow.on_default();
const BOLD: Style = Style::new().bold();
/// Also legible on a light ground, where grey may not be.
const DIM: Style = Style::new().dimmed();

/// The verdict alone.
pub(super) fn verdict(report: &Clean<Report>, width: usize) -> String {
    let mut out = String::new();
    closing(&mut out, report, width);
    out
}

/// What fits a screen: the answer last.
pub(super) fn screen(report: &Clean<Report>, width: usize) -> String {
    screen::render(report, width)
}

/// The whole list: every check, every finding with all its evidence.
pub(super) fn whole(report: &Clean<Report>, width: usize) -> String {
    let mut out = String::new();
    header(&mut out, report, width);
    out.push('\n');
    out.push_str(&table(report, width));
    since(&mut out, report, width);
    // What was a root before comes first: that is what the reader wants to know.
    let was = |outcome: &&Outcome| {
        report.since.iter().any(|change| change.check == outcome.check && change.seat == outcome.seat)
    };
    let groups = groups(&report.outcomes);
    let (first, rest): (Vec<&Group<'_>>, Vec<&Group<'_>>) =
        groups.iter().partition(|group| group.outcomes.iter().any(was));
    for group in first.into_iter().chain(rest) {
        for outcome in group.shown() {
            found(&mut out, outcome, width);
        }
        if let (true, Some(rest)) = (group.outcomes.iter().any(|it| is_found(it)), group.rest()) {
            wrapped(&mut out, &rest, "  … and ", "        ", width);
        }
    }
    despite(&mut out, report, width);
    unseen(&mut out, report, width);
    out.push('\n');
    closing(&mut out, report, width);
    out
}

fn table(report: &Report, width: usize) -> String {
    let several = report.hosts.len() > 1;
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(u16::try_from(width).unwrap_or(100));
    let mut category = None;
    for group in groups(&report.outcomes) {
        let one_line = if group.is_many() { group.outcomes.get(..1).unwrap_or_default() } else { &group.outcomes };
        for outcome in one_line {
            if category != Some(outcome.category) {
                category = Some(outcome.category);
                table.add_row(["", outcome.category.word(), ""]);
            }
            let mut name = outcome.check.clone();
            let seat = if group.is_many() { group.count() } else { outcome.seat.clone() };
            if several {
                let _ = write!(name, " ({seat})");
            }
            table.add_row([mark(&outcome.answer), &name, &gist(outcome)]);
        }
    }
    let names = report.outcomes.iter().map(|outcome| outcome.check.len()).max().unwrap_or(0);
    let seats = report.hosts.iter().map(|host| host.seat.len() + " ()".len()).max().unwrap_or(0);
    let names = names + if several { seats } else { 0 };
    if let Some(column) = table.column_mut(0) {
        column.set_constraint(ColumnConstraint::ContentWidth).set_cell_alignment(CellAlignment::Right);
    }
    // On a narrow terminal the names wrap as well.
    if let Some(column) = table.column_mut(1) {
        let most = u16::try_from(names.min(width / 2)).unwrap_or(40) + 2;
        column.set_constraint(ColumnConstraint::UpperBoundary(Width::Fixed(most)));
    }
    let mut text: String =
        table.lines().map(|line| paint(line.trim_end())).fold(String::new(), |text, line| text + &line + "\n");
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

/// The table is as narrow as it can be, and shows a plain hyphen where nothing applies.
fn mark(answer: &Answer) -> &'static str {
    if matches!(answer, Answer::NotApplicable(_)) { "-" } else { super::mark(answer) }
}

/// A line of the table by its mark.
fn paint(line: &str) -> String {
    let Some(mark) = line.trim_start().chars().next() else { return line.to_owned() };
    let style = match mark {
        '✓' => GREEN,
        '✗' => RED,
        '!' | '?' => YELLOW,
        _ => return line.to_owned(),
    };
    let Some((before, after)) = line.split_once(mark) else { return line.to_owned() };
    format!("{before}{style}{mark}{style:#}{after}")
}

/// How many clients a line names; JSON names all.
const CLIENTS: usize = 3;

/// The clients that it is about, where it is not so for all.
fn about(outcome: &Outcome) -> Option<String> {
    let named = outcome.clients.iter().take(CLIENTS).map(String::as_str).collect::<Vec<_>>().join(", ");
    match outcome.clients.len() {
        0 => None,
        1..=CLIENTS => Some(format!("for {named}")),
        more => Some(format!("for {more} clients ({named}, …)")),
    }
}

fn gist(outcome: &Outcome) -> String {
    let said = said(outcome);
    about(outcome).map_or_else(|| said.clone(), |clients| format!("{clients}: {said}"))
}

fn said(outcome: &Outcome) -> String {
    match &outcome.answer {
        Answer::Holds => outcome.title.clone(),
        Answer::Despite(broken) => format!("{}, although {} failed", outcome.title, few(broken)),
        Answer::Root { diagnosis, .. } | Answer::Warns(diagnosis) | Answer::Notes(diagnosis) => diagnosis.says.clone(),
        Answer::Explained { by, .. } => format!("explained by {}", few(by)),
        Answer::Unseen(why) => format!("not seen: {why}"),
        Answer::NotApplicable(why) => format!("does not apply: {why}"),
    }
}

fn despite(out: &mut String, report: &Report, width: usize) {
    for group in groups(&report.outcomes) {
        for outcome in group.shown() {
            let Answer::Despite(broken) = &outcome.answer else { continue };
            let line = format!(
                "{} on {} is OK although {} failed: it is reached some other way, works for now, or what was seen here is older than that",
                outcome.check,
                place(outcome),
                few(broken)
            );
            out.push('\n');
            wrapped(out, &line, &format!("{YELLOW}!{YELLOW:#} "), "  ", width);
        }
        if let (Some(Answer::Despite(_)), Some(rest)) = (group.outcomes.first().map(|it| &it.answer), group.rest()) {
            wrapped(out, &rest, "  … and ", "  ", width);
        }
    }
}

fn unseen(out: &mut String, report: &Report, width: usize) {
    let mut first = true;
    for group in groups(&report.outcomes) {
        for outcome in group.shown() {
            let Answer::Unseen(why) = &outcome.answer else { continue };
            if first {
                out.push_str("\nNot seen (neither OK nor failed):\n");
                first = false;
            }
            wrapped(out, &format!("{} on {}: {why}", outcome.check, place(outcome)), "  ? ", "    ", width);
        }
        if let (Some(Answer::Unseen(_)), Some(rest)) = (group.outcomes.first().map(|it| &it.answer), group.rest()) {
            wrapped(out, &rest, "    … and ", "    ", width);
        }
    }
}

fn place(outcome: &Outcome) -> String {
    let host = if outcome.host == outcome.seat { String::new() } else { format!(" ({})", outcome.host) };
    let about = about(outcome).map_or_else(String::new, |clients| format!(", {clients}"));
    format!("the {}{host}{about}", outcome.seat)
}

/// The last word: what failed, and how many of each.
fn closing(out: &mut String, report: &Report, width: usize) {
    let counts = report.counts;
    let (style, verdict) = if counts.roots > 0 {
        (RED, if counts.roots == 1 { "1 root cause".to_owned() } else { format!("{} root causes", counts.roots) })
    } else if report.essential_unseen {
        (YELLOW, "Nothing that was seen failed, but not everything required was seen".to_owned())
    } else {
        (GREEN, "Nothing failed".to_owned())
    };
    let mut parts = vec![format!("{style}{verdict}{style:#}")];
    for (count, what) in [
        (counts.explained, "explained"),
        (counts.warns, if counts.warns == 1 { "warning" } else { "warnings" }),
        (counts.notes, if counts.notes == 1 { "note" } else { "notes" }),
        (counts.unseen, "not seen"),
        (counts.holds, "OK"),
    ] {
        if count > 0 {
            parts.push(format!("{count} {what}"));
        }
    }
    wrapped(out, &format!("{}.", parts.join(", ")), "", "  ", width);
}

/// How many names a list shows; JSON has all.
const NAMES: usize = 12;

fn few(names: &[String]) -> String {
    let shown = names.iter().take(NAMES).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = names.len().saturating_sub(NAMES);
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}

fn wrapped(out: &mut String, text: &str, first: &str, rest: &str, width: usize) {
    // Styled prefixes count no columns, so only plain ones are handed to the wrapping.
    let options = textwrap::Options::new(width).subsequent_indent(rest).break_words(false).word_splitter(NO_SPLIT);
    let plain = if first.contains('\x1b') { "  " } else { first };
    let lines = textwrap::wrap(text, options.initial_indent(plain));
    for (number, line) in lines.iter().enumerate() {
        if number == 0 && plain != first {
            out.push_str(first);
            out.push_str(line.strip_prefix(plain).unwrap_or(line));
        } else {
            out.push_str(line);
        }
        out.push('\n');
    }
}
