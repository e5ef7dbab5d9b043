//! Which renderer; colour, width and symbols decided once. Renderers know only the report and return text.

use crate::check::Check;
use crate::cli::{Format, ListFormat, Showing};
use crate::exit::Exit;
use crate::report::provenance::Provenance;
use crate::report::{Change, Report};

mod clean;
mod explain;
mod habits;
mod json;
mod list;
pub mod progress;
mod provenance;
mod table;

use clean::Clean;
pub use clean::{Page, clean};
pub use habits::Screen;

/// A report in the asked-for format.
pub fn report(report: &Report, showing: &Showing, exit: Exit, on: Screen) -> Page {
    match showing.format {
        Format::Table => Page::of(on.set(table(&Clean::of(report.clone()), showing, on.width))),
        Format::Json => Page::json(&json::render(report, exit)),
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
        ListFormat::Json => Page::json(&list::json(checks)),
    }
}

/// A check's page, or one cause's.
pub fn explain(checks: &[Check], id: &str, on: Screen) -> Result<Page, String> {
    explain::page(&Clean::of(checks.to_vec()), id, on.width).map(|page| Page::of(on.set(page)))
}

/// Where a variable comes from.
pub fn provenances(provenances: &[Provenance], on: Screen) -> Page {
    Page::of(on.set(provenance::page(&Clean::of(provenances.to_vec()))))
}

/// JSON that was made elsewhere: a snapshot.
pub fn json(text: &str) -> Page {
    Page::json(text)
}
