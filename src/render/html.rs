//! Report → one page for a browser, that needs nothing else: no script, no file, no network.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::clean::Clean;
use super::{ALIKE, mark};
use crate::report::{Answer, Diagnosis, Outcome, Report};

mod picture;

use picture::picture;

const STYLE: &str = include_str!("html/style.css");

/// What a browser may do for this page: nothing but show it.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

pub(super) fn render(report: &Clean<Report>) -> String {
    let title = format!("clipcheck: {}", report.verdict());
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="referrer" content="no-referrer";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { (title) }
                p { (report.closing()) }
                div.top {
                    div { (picture(report)) }
                    div { (changes(report)) (found(report)) (seats(report)) }
                }
                @for (outcome, diagnosis) in report.found() { (finding(outcome, diagnosis)) }
                h2 { "All checks" }
                (checks(report))
            }
        }
    };
    page.into_string() + "\n"
}

fn seats(report: &Report) -> Markup {
    html! {
        ul {
            @for host in &report.hosts { li.dim { (host.says()) } }
            @for note in &report.notes { li { "Note: " (note) } }
        }
    }
}

/// What there is to read below.
fn found(report: &Report) -> Markup {
    html! {
        ul.found {
            @for (outcome, diagnosis) in report.found() {
                li {
                    span.(outcome.answer.word()) { (mark(&outcome.answer)) } " "
                    a href={ "#" (anchor(outcome)) } { code { (diagnosis.code) } } " on " (outcome.place())
                }
            }
        }
    }
}

fn changes(report: &Report) -> Markup {
    html! {
        @if !report.since.is_empty() {
            h2 { "Changes since the previous report" }
            ul { @for change in &report.since { li { (change.says()) } } }
        }
    }
}

fn finding(outcome: &Outcome, diagnosis: &Diagnosis) -> Markup {
    html! {
        section.finding.(outcome.answer.word()) id=(anchor(outcome)) {
            h3 {
                span.(outcome.answer.word()) { (mark(&outcome.answer)) } " " code { (diagnosis.code) } " on " (outcome.place())
                @if let Some(place) = &diagnosis.place { ", " code { (place) } }
            }
            p { (marked(&diagnosis.says)) }
            @if let Answer::Root { explains, open, .. } = &outcome.answer {
                @if !explains.is_empty() { p.dim { "It explains " (explains.join(", ")) } }
                @if !open.is_empty() { p.dim { "Not seen, and maybe the deeper cause: " (open.join(", ")) } }
            }
            @if !diagnosis.alternatives.is_empty() {
                details {
                    summary { "Causes that " (ALIKE) " (" (diagnosis.alternatives.len()) ")" }
                    ul {
                        @for it in &diagnosis.alternatives { li { code { (it.code) } " (" (it.on) "): " (it.title) } }
                    }
                }
                @for way in &diagnosis.tell { p { strong { "To decide: " } (marked(way)) } }
            }
            p { strong { "Fix: " } (marked(&diagnosis.fix_says())) }
            @if !diagnosis.fix.run.is_empty() { pre { code { (diagnosis.fix.run.join("\n")) } } }
            p { strong { "Then: " } (marked(&diagnosis.fix.know)) }
            @if !outcome.evidence.is_empty() {
                details {
                    summary { "Evidence (" (outcome.evidence.len()) ")" }
                    ul {
                        @for it in outcome.evidence.iter() {
                            li { code { (it.line) } " " span.dim { (it.seat) @if !it.source.is_empty() { ", " (it.source) } } }
                        }
                    }
                }
            }
        }
    }
}

fn checks(report: &Report) -> Markup {
    html! {
        table {
            @for outcome in &report.outcomes {
                tr {
                    td.(outcome.answer.word()) { (mark(&outcome.answer)) }
                    td {
                        @if outcome.found().is_some() { a href={ "#" (anchor(outcome)) } { code { (outcome.check) } } }
                        @else { code { (outcome.check) } }
                    }
                    td.dim { (outcome.place()) }
                    td { (marked(&outcome.says())) }
                }
            }
        }
    }
}

/// Where a finding stands in the page.
fn anchor(outcome: &Outcome) -> String {
    let words = [outcome.check.as_str(), &outcome.seat].into_iter().chain(outcome.clients.first().map(String::as_str));
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' || c == '.' { c } else { '-' };
    words.collect::<Vec<_>>().join("--").chars().map(plain).collect()
}

/// Text in which what stands between backticks is code.
fn marked(text: &str) -> Markup {
    let parts: Vec<&str> = text.split('`').collect();
    html! {
        @for (at, part) in parts.iter().enumerate() {
            @if at % 2 == 1 && at + 1 < parts.len() { code { (part) } }
            @else if at % 2 == 1 { "`" (part) }
            @else { (part) }
        }
    }
}
