//! One finding, in as many lines as there is room for.

use std::fmt::Write;
use std::ops::Range;

use anstyle::Style;
use textwrap::core::display_width;

use super::super::{BOLD, DIM, Group, RED, YELLOW, few, place, wrapped};
use super::one_row;
use crate::report::{Answer, Candidate, Diagnosis, Evidence, Outcome, Report, Shell, bearing, pointed_at};

/// How many lines of evidence stand below a fix; `-v` has them all.
const EVIDENCE: usize = 3;

/// How many causes that look the same are named; `-v` names more.
const CANDIDATES: usize = 3;

/// So many columns at the end of a row may be lost where the line goes on.
const CUT: usize = 4;

/// How much of a finding is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Detail {
    /// What was seen.
    Bare,
    /// And its fix.
    Fix,
    /// And how to know that it worked.
    Short,
    /// And the line that proves it.
    Proof,
    /// And more lines, and what it explains.
    Full,
}

impl Detail {
    /// Those of a root, the longest first: it always has its fix.
    pub(super) const ALL: [Self; 4] = [Self::Full, Self::Proof, Self::Short, Self::Fix];

    fn evidence(self) -> usize {
        match self {
            Self::Bare | Self::Fix | Self::Short => 0,
            Self::Proof => 1,
            Self::Full => EVIDENCE,
        }
    }
}

pub(super) fn block(outcome: &Outcome, report: &Report, detail: Detail, width: usize) -> String {
    let mut out = String::new();
    let (diagnosis, explains, open): (_, &[String], &[String]) = match &outcome.answer {
        Answer::Root { diagnosis, explains, open } => (diagnosis, explains, open),
        Answer::Warns(diagnosis) | Answer::Notes(diagnosis) => (diagnosis, &[], &[]),
        Answer::Holds
        | Answer::Despite(_)
        | Answer::Explained { .. }
        | Answer::Unseen(_)
        | Answer::NotApplicable(_) => return out,
    };
    out.push('\n');
    headline(&mut out, outcome, diagnosis, width);
    wrapped(&mut out, &diagnosis.says, "  ", "  ", width);
    if detail == Detail::Bare {
        return out;
    }
    let unsure = doubt(diagnosis);
    if !unsure.is_empty() {
        wrapped(&mut out, &unsure, "  or   ", "       ", width);
    }
    if !open.is_empty() {
        let deeper = format!("{} could not be seen and may be the deeper cause", few(open));
        wrapped(&mut out, &deeper, "  but  ", "       ", width);
    }
    let on = diagnosis.fix.on.map_or_else(String::new, |on| format!("on the {on}: "));
    wrapped(&mut out, &format!("{on}{}", diagnosis.fix.say), "  fix  ", "       ", width);
    for command in &diagnosis.fix.run {
        out.push_str(&typed(diagnosis, command));
    }
    if detail >= Detail::Short {
        wrapped(&mut out, &diagnosis.fix.know, "  then ", "       ", width);
    }
    let chosen = bearing(outcome, diagnosis, detail.evidence());
    // Marked once, where it was read first.
    let marked = chosen.iter().position(|evidence| pointed_at(evidence.line.trim_start(), diagnosis).is_some());
    for (number, evidence) in chosen.into_iter().enumerate() {
        let diagnosis: Option<&Diagnosis> = (marked == Some(number)).then_some(diagnosis);
        seen(&mut out, evidence, outcome, diagnosis, report, width);
    }
    if detail == Detail::Full && !explains.is_empty() {
        let others = if explains.len() == 1 { "other" } else { "others" };
        let also = format!("explains {} {others}: {}", explains.len(), few(explains));
        out.push_str(&one_row(&also, "  ", width));
    }
    out
}

fn mark(outcome: &Outcome) -> (&'static str, Style) {
    match &outcome.answer {
        Answer::Warns(_) => ("!", YELLOW),
        Answer::Notes(_) => ("i", Style::new()),
        Answer::Root { .. }
        | Answer::Holds
        | Answer::Despite(_)
        | Answer::Explained { .. }
        | Answer::Unseen(_)
        | Answer::NotApplicable(_) => ("✗", RED),
    }
}

fn headline(out: &mut String, outcome: &Outcome, diagnosis: &Diagnosis, width: usize) {
    let (mark, style) = mark(outcome);
    let at = diagnosis.place.as_ref().map_or_else(String::new, |place| format!(", {place}"));
    let line = format!("{} on {}{at}", diagnosis.code, place(outcome));
    let mut text = String::new();
    wrapped(&mut text, &line, "  ", "  ", width);
    // The code is what stands out, and it is what is searched for.
    let rest = text.trim_start().strip_prefix(diagnosis.code.as_str());
    match rest {
        Some(rest) => _ = write!(out, "{style}{mark} {}{style:#}{rest}", diagnosis.code),
        None => _ = write!(out, "{style}{mark}{style:#} {}", text.trim_start()),
    }
}

/// Never wrapped: it is there to be copied.
fn typed(diagnosis: &Diagnosis, command: &str) -> String {
    let prompt = match diagnosis.shell {
        Shell::Sh => '$',
        Shell::PowerShell => '>',
    };
    format!("       {BOLD}{prompt} {command}{BOLD:#}\n")
}

/// What looks the same from here; never picked from in silence.
fn doubt(diagnosis: &Diagnosis) -> String {
    let name = |it: &Candidate| format!("{} ({})", it.code, it.on);
    let named: Vec<String> = diagnosis.alternatives.iter().take(CANDIDATES).map(name).collect();
    let more = diagnosis.alternatives.len().saturating_sub(CANDIDATES);
    match (named.len(), more) {
        (0, _) => String::new(),
        (_, 0) => format!("another cause that looks the same from here: {}", named.join(", ")),
        (_, more) => {
            format!("another cause that looks the same from here: {} and {more} more (`-v`)", named.join(", "))
        }
    }
}

/// One row: who saw it only where it was not here, the file only where the line does not name it. Below it the words at
/// fault are marked.
fn seen(
    out: &mut String,
    evidence: Evidence<'_>,
    outcome: &Outcome,
    marked: Option<&Diagnosis>,
    report: &Report,
    width: usize,
) {
    let Evidence { line, seat, source } = evidence;
    let away = report.hosts.len() > 1 && *seat != *outcome.seat;
    let told = source.is_empty() || line.contains(source);
    let from: Vec<&str> =
        [(away, seat), (!told, source)].into_iter().filter_map(|(shown, it)| shown.then_some(it)).collect();
    let from = if from.is_empty() { String::new() } else { format!("  [{}]", from.join(", ")) };
    let indent = "  seen ";
    let line = line.trim_start();
    let range = marked.and_then(|diagnosis| pointed_at(line, diagnosis));
    let marked = range.and_then(|range| Marked::of(line, range, width - indent.len()));
    let Some(Marked { line, ahead, words }) = marked else {
        return out.push_str(&one_row(&format!("{line}{from}"), indent, width));
    };
    out.push_str(&one_row(&format!("{line}{from}"), indent, width));
    let _ = writeln!(out, "{}{RED}{}{RED:#}", " ".repeat(indent.len() + ahead), "^".repeat(words));
}

/// A line in which words at fault can be marked below it: as much of it as there is room for, with all of them.
#[derive(Debug, PartialEq, Eq)]
struct Marked {
    line: String,
    /// In columns.
    ahead: usize,
    words: usize,
}

impl Marked {
    /// Of a range in characters. What stands between the place and the words is cut where there is too much of it; none
    /// where the words alone are too long.
    fn of(line: &str, range: Range<usize>, room: usize) -> Option<Self> {
        let part = |from: usize, to: usize| line.chars().take(to).skip(from).collect::<String>();
        let (before, words, after) = (part(0, range.start), part(range.start, range.end), part(range.end, usize::MAX));
        let room = room.checked_sub(display_width(&words) + CUT)?;
        let before = if display_width(&before) <= room { before } else { cut(&before, room)? };
        Some(Self {
            ahead: display_width(&before),
            words: display_width(&words),
            line: format!("{before}{words}{after}"),
        })
    }
}

/// The place at the beginning and the last characters, with a mark for what is left out between them.
fn cut(before: &str, room: usize) -> Option<String> {
    let place = before.split_inclusive(": ").next().filter(|place| place.ends_with(": ")).unwrap_or_default();
    let mut room = room.checked_sub(display_width(place) + 1)?;
    let rest = before.strip_prefix(place)?;
    let mut kept: Vec<char> = Vec::new();
    for c in rest.chars().rev() {
        room = match room.checked_sub(display_width(&c.to_string())) {
            Some(room) => room,
            None => break,
        };
        kept.push(c);
    }
    Some(format!("{place}…{}", kept.iter().rev().collect::<String>()))
}

/// Each root with the first of what to type, where the blocks are more than a screen.
pub(super) fn summary(roots: &[&Group<'_>], most: usize, room: usize, width: usize) -> String {
    let mut out = format!("\n{DIM}In short, each with its first command:{DIM:#}\n");
    let all: Vec<&Outcome> = roots.iter().flat_map(|group| group.shown().iter().copied()).collect();
    // Two lines each, below the line above and with one for the rest.
    let most = most.min(room.saturating_sub(3) / 2).max(1);
    for outcome in all.iter().take(most) {
        let Answer::Root { diagnosis, .. } = &outcome.answer else { continue };
        let at = diagnosis.place.as_ref().map_or_else(String::new, |place| format!(", {place}"));
        let line = format!("{} on {}{at}", diagnosis.code, place(outcome));
        let _ = write!(out, "{RED}✗{RED:#} {}", one_row(&line, "", width.saturating_sub(2)));
        match diagnosis.fix.run.first() {
            Some(command) => out.push_str(&typed(diagnosis, command)),
            None => out.push_str(&one_row(&diagnosis.fix.say, "       ", width)),
        }
    }
    let more = all.len().saturating_sub(most);
    if more > 0 {
        let _ = writeln!(out, "  … and {more} more above");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The row and the marks below it.
    fn marked(line: &str, words: &str, room: usize) -> Option<(String, String)> {
        let start = line.split_once(words).expect("there").0.chars().count();
        let marked = Marked::of(line, start..start + words.chars().count(), room)?;
        let row = one_row(&marked.line, "", room);
        assert!(row.contains(words), "{row}");
        Some((row.trim_end().to_owned(), format!("{}{}", " ".repeat(marked.ahead), "^".repeat(marked.words))))
    }

    #[test]
    fn a_long_line_is_cut_between_its_place_and_the_words_at_fault() {
        let of = |row: &str, marks: &str| Some((row.to_owned(), marks.to_owned()));
        assert_eq!(marked("/a:1: bind x", "x", 20), of("/a:1: bind x", "           ^"));
        let long = "/a:1: bind 127.0.0.1 10.8.0.2 10.8.0.3 and on";
        assert_eq!(marked(long, "10.8.0.3", 27), of("/a:1: …0.8.0.2 10.8.0.3…", "               ^^^^^^^^"));
        assert_eq!(marked(long, "10.8.0.3", 60), of(long, "                              ^^^^^^^^"));
        assert_eq!(marked(long, "10.8.0.3", 16), None, "there is no room for the place");
        // What is as wide as two columns counts as two.
        let wide = Marked::of("/a:1: 名 x", 8..9, 20).expect("room");
        assert_eq!((wide.ahead, wide.words), (9, 1));
    }
}
