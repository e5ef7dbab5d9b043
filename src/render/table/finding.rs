//! One finding: what was seen, what it may be, how to mend it.

use std::fmt::Write;

use anstyle::Style;

use super::{BOLD, place, wrapped};
use crate::report::{Answer, Evidence, Maybe, Outcome, Shell, Trouble};

/// How many lines of evidence a finding shows; JSON has them all.
const EVIDENCE: usize = 6;

/// How many of the causes that look alike a finding shows.
const MAY_BE: usize = 6;

pub(super) fn finding(out: &mut String, outcome: &Outcome, trouble: &Trouble, mark: &str, style: Style, width: usize) {
    let at = trouble.place.as_ref().map_or_else(String::new, |place| format!(", {place}"));
    let _ = writeln!(out, "\n{style}{mark} {}{style:#} on {}{at}", trouble.code, place(outcome));
    wrapped(out, &trouble.says, "  ", "  ", width);
    // A note needs no proof on the screen.
    let shown = if matches!(outcome.answer, Answer::Notes(_)) { 0 } else { EVIDENCE };
    for Evidence { line, vantage, source } in outcome.evidence.iter().take(shown) {
        let from = if source.is_empty() { vantage.to_string() } else { format!("{vantage}, {source}") };
        wrapped(out, &format!("{line}  [{from}]"), "  saw    ", "           ", width);
    }
    let more = outcome.evidence.len().saturating_sub(shown);
    if more > 0 && shown > 0 {
        let _ = writeln!(out, "         … and {more} more; `--format json` shows all");
    }
    doubt(out, trouble, width);
    let on = trouble.fix.on.map_or_else(String::new, |on| format!("on the {on}: "));
    wrapped(out, &format!("{on}{}", trouble.fix.say), "  fix    ", "         ", width);
    let prompt = match trouble.shell {
        Shell::Sh => '$',
        Shell::PowerShell => '>',
    };
    for command in &trouble.fix.run {
        // Never wrapped: it is there to be copied.
        let _ = writeln!(out, "         {BOLD}{prompt} {command}{BOLD:#}");
    }
    wrapped(out, &trouble.fix.know, "  then   ", "         ", width);
    if outcome.guide != "beyond" {
        let _ = writeln!(out, "  guide  {}", outcome.guide);
    }
}

/// What looks the same from here; never picked from in silence.
fn doubt(out: &mut String, trouble: &Trouble, width: usize) {
    if trouble.may_be.is_empty() {
        return;
    }
    out.push_str("  may be these do not hold, which look alike from here; likeliest first:\n");
    let mut told = "";
    for Maybe { on, code, title } in trouble.may_be.iter().take(MAY_BE) {
        // Several causes of one check stand beside each other: its title is said once.
        let words = if told == title { format!("{code} ({on})") } else { format!("{code} ({on}): {title}") };
        wrapped(out, &words, "         - ", "           ", width);
        told = title;
    }
    let more = trouble.may_be.len().saturating_sub(MAY_BE);
    if more > 0 {
        let _ = writeln!(out, "         … and {more} more; `clipcheck explain {}` lists them", trouble.code);
    }
    for (number, way) in trouble.tell.iter().enumerate() {
        wrapped(out, way, if number == 0 { "  tell   " } else { "  or     " }, "         ", width);
    }
}

pub(super) fn relations(out: &mut String, explains: &[String], open: &[String], width: usize) {
    if !explains.is_empty() {
        wrapped(out, &format!("{} more: {}", explains.len(), explains.join(", ")), "  explains ", "         ", width);
    }
    if !open.is_empty() {
        wrapped(
            out,
            &format!("{} could not be seen and may be the deeper cause", open.join(", ")),
            "  but    ",
            "         ",
            width,
        );
    }
}
