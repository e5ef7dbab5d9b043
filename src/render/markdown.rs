//! Report → Markdown, as an issue or a job summary takes it: what is long can be unfolded.

use std::fmt::Write;

use super::clean::Clean;
use super::{ALIKE, mark};
use crate::report::{Answer, Change, Diagnosis, Evidence, Outcome, Report, Shell};

pub(super) fn render(report: &Clean<Report>, verbose: bool) -> String {
    let mut out = format!("## clipcheck: {}\n\n", inline(&report.closing()));
    for host in &report.hosts {
        let _ = writeln!(out, "- {}", inline(&host.says()));
    }
    for note in &report.notes {
        let _ = writeln!(out, "- note: {}", inline(note));
    }
    since(&mut out, &report.since);
    for (outcome, diagnosis) in report.found() {
        finding(&mut out, outcome, diagnosis);
    }
    checks(&mut out, report, verbose);
    out
}

fn since(out: &mut String, changes: &[Change]) {
    if changes.is_empty() {
        return;
    }
    out.push_str("\n### Changes since the previous report\n\n");
    for change in changes {
        let _ = writeln!(out, "- {}", inline(&change.says()));
    }
}

fn finding(out: &mut String, outcome: &Outcome, diagnosis: &Diagnosis) {
    let at = diagnosis.place.as_ref().map_or_else(String::new, |place| format!(", {}", code(&place.to_string())));
    let (mark, code) = (mark(&outcome.answer), code(&diagnosis.code));
    let _ = writeln!(out, "\n### {mark} {code} on {}{at}\n\n{}", inline(&outcome.place()), inline(&diagnosis.says));
    if let Answer::Root { explains, open, .. } = &outcome.answer {
        for (names, words) in [(explains, "It explains"), (open, "Not seen, and maybe the deeper cause:")] {
            if !names.is_empty() {
                let _ = writeln!(out, "\n{words} {}", inline(&names.join(", ")));
            }
        }
    }
    if !diagnosis.alternatives.is_empty() {
        let _ = writeln!(out, "\nCauses that {ALIKE}:\n");
        let mut told = "";
        for it in &diagnosis.alternatives {
            let _ = write!(out, "- {} ({})", self::code(&it.code), it.on);
            // Several causes of one check stand beside each other: its title is said once.
            let title = if told == it.title { String::new() } else { format!(": {}", inline(&it.title)) };
            let _ = writeln!(out, "{title}");
            told = &it.title;
        }
        for way in &diagnosis.tell {
            let _ = writeln!(out, "- To decide: {}", inline(way));
        }
    }
    let _ = writeln!(out, "\n**Fix** {}", inline(&diagnosis.fix_says()));
    if !diagnosis.fix.run.is_empty() {
        let language = match diagnosis.shell {
            Shell::Sh => "sh",
            Shell::PowerShell => "powershell",
        };
        out.push('\n');
        fenced(out, language, &diagnosis.fix.run);
    }
    let _ = writeln!(out, "\n**Then** {}", inline(&diagnosis.fix.know));
    if !outcome.evidence.is_empty() {
        let lines = outcome.evidence.iter().map(|Evidence { line, seat, source }| {
            if source.is_empty() { format!("{line}  [{seat}]") } else { format!("{line}  [{seat}, {source}]") }
        });
        let _ = writeln!(out, "\n<details><summary>Evidence ({})</summary>\n", outcome.evidence.len());
        fenced(out, "text", &lines.collect::<Vec<_>>());
        out.push_str("\n</details>\n");
    }
}

fn checks(out: &mut String, report: &Report, verbose: bool) {
    let shown = |outcome: &&Outcome| verbose || !matches!(outcome.answer, Answer::NotApplicable(_));
    let shown: Vec<&Outcome> = report.outcomes.iter().filter(shown).collect();
    let _ = writeln!(out, "\n<details><summary>All checks ({})</summary>\n", shown.len());
    out.push_str("| | check | on | result |\n| --- | --- | --- | --- |\n");
    for outcome in shown {
        let cells = [code(&outcome.check), inline(&outcome.place()), inline(&outcome.says())];
        // In a table a bar ends the cell, also in code.
        let cells = cells.map(|cell| cell.replace('|', "\\|"));
        let _ = writeln!(out, "| {} | {} |", mark(&outcome.answer), cells.join(" | "));
    }
    out.push_str("\n</details>\n");
}

/// Text in a line: what stands between backticks is code, the rest is nothing but text.
fn inline(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    let mut out = String::with_capacity(text.len() + 8);
    for (at, part) in parts.iter().enumerate() {
        let is_code = at % 2 == 1 && at + 1 < parts.len();
        if is_code && !part.trim().is_empty() {
            out.push_str(&code(part));
            continue;
        }
        if is_code || (at % 2 == 1) {
            out.push_str("\\`");
        }
        for c in part.chars() {
            if "\\*_[]<>&#~!$@+-=".contains(c) {
                out.push('\\');
            }
            out.push(c);
        }
        if is_code {
            out.push_str("\\`");
        }
    }
    out
}

/// Text as code, with more backticks around it than there are in it.
fn code(text: &str) -> String {
    let fence = "`".repeat(longest_run(text) + 1);
    let padded = text.starts_with('`') || text.ends_with('`');
    if padded { format!("{fence} {text} {fence}") } else { format!("{fence}{text}{fence}") }
}

fn fenced(out: &mut String, language: &str, lines: &[String]) {
    let longest = lines.iter().map(|line| longest_run(line)).max().unwrap_or(0);
    let fence = "`".repeat((longest + 1).max(3));
    let _ = writeln!(out, "{fence}{language}\n{}\n{fence}", lines.join("\n"));
}

/// The most backticks that stand beside each other.
fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}
