//! Which renderer; colour, width and symbols decided once. Renderers know only the report and return text.

use std::time::Duration;

use crate::check::{Check, Mistake};
use crate::cli::{FailOn, Format, ListFormat, SchemaOf, Showing};
use crate::exit::Exit;
use crate::report::dry_run::DryRun;
use crate::report::provenance::Provenance;
use crate::report::{Answer, Change, FixScript, Recreation, Report};

mod clean;
mod dry_run;
mod explain;
mod fix_script;
mod github;
mod habits;
mod html;
mod json;
mod junit;
mod lines;
mod list;
mod markdown;
mod mistake;
pub mod progress;
mod prometheus;
mod provenance;
mod recreation;
mod table;

use clean::Clean;
pub use clean::{Page, clean};
pub use habits::Screen;

/// Above a list of causes: behind each stands its check's title, which is what would not hold.
const ALIKE: &str = "look the same from here, most likely first; behind each what does not hold then";

/// A report in a format.
pub fn report(report: Report, format: Format, showing: &Showing, exit: Exit, on: Screen) -> Page {
    match format {
        Format::Table => Page::of(on.set(table(&Clean::of(report), showing, on.width))),
        Format::Json => Page::json(json::render(&report, exit, showing.verbose)),
        Format::Junit => Page::of(junit::render(&Clean::of(report), &showing.fail_on, exit)),
        Format::Github => Page::of(github::render(&Clean::of(report))),
        Format::Markdown => Page::of(markdown::render(&Clean::of(report), showing.verbose)),
        Format::Prometheus => Page::of(prometheus::render(&Clean::of(report), exit)),
        Format::Html => Page::of(html::render(&Clean::of(report))),
    }
}

/// Because of what a run does not end well.
pub fn reasons(report: &Report, fail_on: &[FailOn]) -> String {
    lines::reasons(&Clean::of(report.clone()), fail_on)
}

/// What is waited for, and for how long.
pub fn waiting(reasons: &str, left: Duration) -> Page {
    Page::of(lines::waiting(&Clean::of(reasons.to_owned()), left))
}

/// The verdict of a first report, or what changed since the one before.
pub fn watched(report: &Report, changes: Option<&[Change]>) -> Page {
    let changes = changes.map(|changes| Clean::of(changes.to_vec()));
    Page::of(lines::watched(&Clean::of(report.clone()), changes.as_ref()))
}

/// How a container is, in a line.
pub fn health(report: &Report, healthy: bool) -> Page {
    Page::of(lines::health(&Clean::of(report.clone()), healthy))
}

/// The schema of what is printed as JSON.
pub fn schema(of: SchemaOf) -> Page {
    match of {
        SchemaOf::Report => Page::json(json::REPORT.to_owned()),
        SchemaOf::List => Page::json(list::SCHEMA.to_owned()),
    }
}

fn table(report: &Clean<Report>, showing: &Showing, width: usize) -> String {
    if showing.quiet {
        table::verdict(report, width)
    } else if showing.verbose {
        table::whole(report, width)
    } else {
        table::screen(report, width)
    }
}

/// What became of roots of an earlier report, a line each.
pub fn changes<'a>(changes: impl Iterator<Item = &'a Change>, on: Screen) -> Page {
    Page::of(on.set(changes.map(|change| table::became(&Clean::of(change.clone()), on.width)).collect()))
}

/// The list of checks.
pub fn list(checks: &[Check], format: ListFormat, on: Screen) -> Page {
    let cleaned = || Clean::of(checks.to_vec());
    match format {
        ListFormat::Text => Page::of(on.set(list::text(&cleaned(), on.width))),
        ListFormat::Markdown => Page::of(list::markdown(&cleaned())),
        ListFormat::Json => Page::json(list::json(checks)),
    }
}

/// A check's page, or one cause's.
pub fn explain(checks: &[Check], id: &str, on: Screen) -> Result<Page, String> {
    explain::page(&Clean::of(checks.to_vec()), id, on.width).map(|page| Page::of(on.set(page)))
}

/// What a command would do.
pub fn dry_run(plan: &DryRun) -> Page {
    Page::of(dry_run::text(&Clean::of(plan.clone())))
}

/// The same for programs.
pub fn dry_run_json(plan: &DryRun) -> Page {
    Page::json(dry_run::json(plan))
}

/// The line of a check file in which something is wrong, marked.
pub fn mistake(mistake: &Mistake, on: Screen) -> Page {
    Page::of(on.set(mistake::source(&Clean::of(mistake.clone()), on.width)))
}

/// Where a variable comes from.
pub fn provenances(provenances: &[Provenance], on: Screen) -> Page {
    Page::of(on.set(provenance::page(&Clean::of(provenances.to_vec()))))
}

/// A script that mends one host.
pub fn fix_script(script: &FixScript) -> Page {
    Page::of(fix_script::script(&Clean::of(script.clone())))
}

/// A script that starts the worker again.
pub fn recreation(how: &Recreation) -> Page {
    Page::of(recreation::script(&Clean::of(how.clone())))
}

/// What was made of the program's own words: completions, a man page.
pub fn generated(text: &[u8]) -> Page {
    Page::of(String::from_utf8_lossy(text).into_owned())
}

/// What Prometheus is to alert on.
pub fn alert_rules() -> Page {
    Page::of(prometheus::RULES.to_owned())
}

/// JSON that was made elsewhere: a snapshot.
pub fn json(text: String) -> Page {
    Page::json(text)
}

/// An answer's sign.
fn mark(answer: &Answer) -> &'static str {
    match answer {
        Answer::Holds => "✓",
        Answer::Root { .. } => "✗",
        Answer::Explained { .. } => "·",
        Answer::Warns(_) | Answer::Despite(_) => "!",
        Answer::Notes(_) => "i",
        Answer::Unseen(_) => "?",
        Answer::NotApplicable(_) => "–",
    }
}
