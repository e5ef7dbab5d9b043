//! Which renderer; colour, width and symbols decided once. Renderers know only the report and return text.

use crate::check::Check;
use crate::cli::{Format, ListFormat, Showing};
use crate::exit::Exit;
use crate::report::chain::Chain;
use crate::report::{Change, Report};

mod chain;
mod explain;
mod json;
mod list;
pub mod progress;
mod table;

/// The widest a report is set: longer lines are hard to read.
const WIDEST: usize = 120;

/// A report in the asked-for format.
pub fn report(report: &Report, showing: &Showing, exit: Exit) -> String {
    match showing.format {
        Format::Table => table::render(report, width(), showing.verbose),
        Format::Json => json::render(report, exit),
    }
}

/// What became of roots of an earlier report, a line each.
pub fn changes<'a>(changes: impl Iterator<Item = &'a Change>) -> String {
    changes.map(|change| table::became(change, width())).collect()
}

/// The list of checks.
pub fn list(checks: &[Check], format: ListFormat) -> String {
    match format {
        ListFormat::Text => list::text(checks, width()),
        ListFormat::Markdown => list::markdown(checks),
        ListFormat::Json => list::json(checks),
    }
}

/// A check's page, or one cause's.
pub fn explain(checks: &[Check], id: &str) -> Result<String, String> {
    explain::page(checks, id, width())
}

/// Where a variable comes from.
pub fn chains(chains: &[Chain]) -> String {
    chain::page(chains)
}

/// The terminal's columns; 100 where there is no terminal, so that logs are alike everywhere.
fn width() -> usize {
    terminal_size::terminal_size().map_or(100, |(columns, _)| usize::from(columns.0)).clamp(40, WIDEST)
}
