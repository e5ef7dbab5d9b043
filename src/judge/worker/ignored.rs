//! A line that is meant to set a variable, and that the program which reads it ignores.

use super::provenance;
use crate::case::Seat;
use crate::check::Finding;
use crate::fact::environment::{Ignored, Source};

/// Adds which line it is and why, where there is one.
pub(in crate::judge) fn ignored<C>(seat: &Seat<'_>, finding: Finding<C>, variable: &str) -> Option<Finding<C>> {
    let provenance = provenance(seat)?;
    let (source, why) = provenance.ignored(variable)?;
    let (path, line) = source.line()?;
    let uses = match seat.env().ok()?.winner(variable) {
        Some(layer) => format!("has {}", layer.setting),
        None => "does not have the variable".to_owned(),
    };
    // Each has its own command; a word that is empty leaves a command out.
    let quotes = matches!(why, Ignored::Background | Ignored::Command);
    let line_of = |mends: bool| if mends { line.to_string() } else { String::new() };
    let path_of = |mends: bool| if mends { path } else { "" };
    let (percent, export) = (why == Ignored::Specifier, why == Ignored::Export);
    let finding = finding.at(path, line).with("variable", variable).with("reason", why.words()).with("uses", uses);
    let finding = finding.with("percent_file", path_of(percent)).with("percent_line", line_of(percent));
    // One `export` is seldom alone.
    let exported = provenance.sources.iter().filter(|(_, sources)| {
        let here =
            |it: &Source| it.ignored == Some(Ignored::Export) && it.line().is_some_and(|(other, _)| other == path);
        export && sources.iter().any(here)
    });
    let exported = exported.map(|(name, _)| name.as_str()).collect::<Vec<_>>().join("|");
    let finding = finding.with("export_file", path_of(export)).with("choice", exported);
    let finding = finding.with("quote_file", path_of(quotes)).with("quote_line", line_of(quotes));
    let finding = finding.with("recreate", provenance.recreate().unwrap_or_default());
    Some(finding)
}
