//! One finding, in as many lines as there is room for.

use std::fmt::Write;

use anstyle::Style;

use super::super::{BOLD, DIM, Group, RED, YELLOW, few, place, wrapped};
use super::one_row;
use crate::report::{Answer, Candidate, Diagnosis, Evidence, Outcome, Report, Shell, bearing, pointed_at};

/// How many lines of evidence stand below a fix; `-v` has them all.
const EVIDENCE: usize = 3;

/// How many causes that look the same are named; `-v` names more.
const CANDIDATES: usize = 3;

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
    for evidence in bearing(outcome, diagnosis, detail.evidence()) {
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
    evidence: &Evidence,
    outcome: &Outcome,
    diagnosis: &Diagnosis,
    report: &Report,
    width: usize,
) {
    let Evidence { line, seat, source } = evidence;
    let away = report.hosts.len() > 1 && **seat != *outcome.seat;
    let told = source.is_empty() || line.contains(&**source);
    let from: Vec<&str> =
        [(away, &**seat), (!told, &**source)].into_iter().filter_map(|(shown, it)| shown.then_some(it)).collect();
    let from = if from.is_empty() { String::new() } else { format!("  [{}]", from.join(", ")) };
    let indent = "  seen ";
    let row = one_row(&format!("{}{from}", line.trim_start()), indent, width);
    out.push_str(&row);
    let Some(range) = pointed_at(line.trim_start(), diagnosis) else { return };
    let room = width.saturating_sub(indent.len() + 1);
    if range.end <= room && row.is_ascii() {
        let carets = "^".repeat(range.len());
        let _ = writeln!(out, "{}{RED}{carets}{RED:#}", " ".repeat(indent.len() + range.start));
    }
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
