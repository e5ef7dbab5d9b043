//! One finding: what was seen, what it may be, how to mend it.

use std::fmt::Write;

use anstyle::Style;

use super::super::ALIKE;
use super::{BOLD, RED, YELLOW, few, place, wrapped};
use crate::report::{Answer, Candidate, Diagnosis, Evidence, Outcome, Shell};

fn finding(out: &mut String, outcome: &Outcome, diagnosis: &Diagnosis, mark: &str, style: Style, width: usize) {
    let at = diagnosis.place.as_ref().map_or_else(String::new, |place| format!(", {place}"));
    let _ = writeln!(out, "\n{style}{mark} {}{style:#} on {}{at}", diagnosis.code, place(outcome));
    wrapped(out, &diagnosis.says, "  ", "  ", width);
    for Evidence { line, seat, source } in outcome.evidence.iter() {
        let from = if source.is_empty() { seat.to_owned() } else { format!("{seat}, {source}") };
        wrapped(out, &format!("{line}  [{from}]"), "  seen   ", "           ", width);
    }
    doubt(out, diagnosis, width);
    let on = diagnosis.fix.on.map_or_else(String::new, |on| format!("on the {on}: "));
    wrapped(out, &format!("{on}{}", diagnosis.fix.say), "  fix    ", "         ", width);
    let prompt = match diagnosis.shell {
        Shell::Sh => '$',
        Shell::PowerShell => '>',
    };
    for command in &diagnosis.fix.run {
        // Never wrapped: it is there to be copied.
        let _ = writeln!(out, "         {BOLD}{prompt} {command}{BOLD:#}");
    }
    wrapped(out, &diagnosis.fix.know, "  then   ", "         ", width);
    if outcome.guide != "beyond" {
        let _ = writeln!(out, "  guide  {}", outcome.guide);
    }
}

/// What looks the same from here; never picked from in silence.
fn doubt(out: &mut String, diagnosis: &Diagnosis, width: usize) {
    if diagnosis.alternatives.is_empty() {
        return;
    }
    wrapped(out, &format!("causes that {ALIKE}:"), "  ", "  ", width);
    let mut told = "";
    for Candidate { on, code, title } in &diagnosis.alternatives {
        // Several causes of one check stand beside each other: its title is said once.
        let words = if told == title { format!("{code} ({on})") } else { format!("{code} ({on}): {title}") };
        wrapped(out, &words, "         - ", "           ", width);
        told = title;
    }
    for (number, way) in diagnosis.tell.iter().enumerate() {
        wrapped(out, way, if number == 0 { "  decide " } else { "  or     " }, "         ", width);
    }
}

fn relations(out: &mut String, explains: &[String], open: &[String], width: usize) {
    if !explains.is_empty() {
        wrapped(out, &format!("{} more: {}", explains.len(), few(explains)), "  explains ", "         ", width);
    }
    if !open.is_empty() {
        wrapped(
            out,
            &format!("{} could not be seen and may be the deeper cause", few(open)),
            "  but    ",
            "         ",
            width,
        );
    }
}

/// Whether it is shown below the table.
pub(super) fn is_found(outcome: &Outcome) -> bool {
    matches!(outcome.answer, Answer::Root { .. } | Answer::Warns(_) | Answer::Notes(_))
}

pub(super) fn found(out: &mut String, outcome: &Outcome, width: usize) {
    match &outcome.answer {
        Answer::Root { diagnosis, explains, open } => {
            finding(out, outcome, diagnosis, "✗", RED, width);
            relations(out, explains, open, width);
        }
        Answer::Warns(diagnosis) => finding(out, outcome, diagnosis, "!", YELLOW, width),
        Answer::Notes(diagnosis) => finding(out, outcome, diagnosis, "i", Style::new(), width),
        Answer::Holds
        | Answer::Despite(_)
        | Answer::Explained { .. }
        | Answer::Unseen(_)
        | Answer::NotApplicable(_) => {}
    }
}
