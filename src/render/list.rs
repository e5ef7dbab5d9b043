//! The catalogue → a list.

use std::fmt::Write;

use comfy_table::{ColumnConstraint, ContentArrangement, Table, presets};
use serde::Serialize;

use super::clean::Clean;
use crate::check::Check;

pub(super) fn text(checks: &Clean<Vec<Check>>, width: usize) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(u16::try_from(width).unwrap_or(100));
    for check in checks.iter() {
        table.add_row([check.category.word(), &check.id.0, &vantages(check), &check.title]);
    }
    // Ids are there to be copied: they are never broken.
    for column in [0, 1] {
        if let Some(column) = table.column_mut(column) {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    table.lines().fold(String::new(), |text, line| text + line.trim_end() + "\n")
}

pub(super) fn markdown(checks: &Clean<Vec<Check>>) -> String {
    let mut out = "| check | judged at | what is OK | causes |\n| --- | --- | --- | --- |\n".to_owned();
    for check in checks.iter() {
        let causes = check.causes.keys().map(|cause| format!("`{cause}`")).collect::<Vec<_>>().join(" ");
        let _ = writeln!(out, "| `{}` | {} | {} | {causes} |", check.id, vantages(check), check.title);
    }
    out
}

/// One check in the list of `clipcheck list --format json`.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Entry<'a> {
    id: &'a str,
    category: &'static str,
    #[cfg_attr(test, schemars(extend("enum" = ["plain", "thinking", "plug-in"])))]
    kind: &'static str,
    /// What holds, if it holds.
    title: &'a str,
    guide: &'a str,
    vantages: Vec<&'static str>,
    causes: Vec<&'a str>,
}

/// The schema of the list.
pub(super) const SCHEMA: &str = include_str!("json/list.schema.json");

pub(super) fn json(checks: &[Check]) -> String {
    let entries: Vec<Entry<'_>> = checks
        .iter()
        .map(|check| Entry {
            id: &check.id.0,
            category: check.category.word(),
            kind: check.kind(),
            title: &check.title,
            guide: &check.guide,
            vantages: check.looks.keys().map(|vantage| vantage.word()).collect(),
            causes: check.causes.keys().map(String::as_str).collect(),
        })
        .collect();
    serde_json::to_string_pretty(&entries).unwrap_or_default() + "\n"
}

fn vantages(check: &Check) -> String {
    check.looks.keys().map(|vantage| vantage.word()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::json::agrees;

    #[test]
    fn the_published_schema_is_that_of_the_structs() {
        agrees::<Vec<Entry<'_>>>("list.schema.json", SCHEMA);
    }
}
