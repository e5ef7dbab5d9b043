//! A plan → a page, or JSON.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Serialize;

use super::clean::{Clean, Texts, texts};
use crate::fact::touch::Touch;
use crate::report::dry_run::{DryRun, Part, Planned};

texts!(DryRun { parts, names });
texts!(Part { title, looks; id });
texts!(Planned { look, says, touches });
texts!(Touch { what; act, only });

/// The version of the JSON form.
const SCHEMA: u32 = 1;

pub(super) fn text(plan: &Clean<DryRun>) -> String {
    let mut out = "Nothing was done. This is what would be, only where it says so under a condition.\n".to_owned();
    for part in &plan.parts {
        let _ = writeln!(out, "\n{}", part.title);
        for look in &part.looks {
            if !look.look.is_empty() {
                let _ = writeln!(out, "  {} - {}", look.look, look.says);
            }
            for touch in &look.touches {
                let only = if touch.only.is_empty() { String::new() } else { format!("  ({})", touch.only) };
                let _ = writeln!(out, "    {:<8} {}{only}", touch.act.word(), touch.what);
            }
        }
    }
    if !plan.names.is_empty() {
        let _ = writeln!(out, "\nWhat the names stand for; `*` is any part of a name, `**` whatever follows");
        for (name, says) in &plan.names {
            let _ = writeln!(out, "    {{{name}}}: {says}");
        }
    }
    out
}

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    tool: &'static str,
    version: &'static str,
    parts: Vec<PartV1<'a>>,
    names: &'a BTreeMap<String, String>,
}

#[derive(Serialize)]
struct PartV1<'a> {
    part: &'static str,
    looks: Vec<LookV1<'a>>,
}

#[derive(Serialize)]
struct LookV1<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    look: &'a str,
    touches: Vec<TouchV1<'a>>,
}

#[derive(Serialize)]
struct TouchV1<'a> {
    does: &'static str,
    what: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    only: &'static str,
}

pub(super) fn json(plan: &DryRun) -> String {
    let parts = plan.parts.iter().map(|part| PartV1 {
        part: part.id,
        looks: part
            .looks
            .iter()
            .map(|look| LookV1 {
                look: &look.look,
                touches: look
                    .touches
                    .iter()
                    .map(|it| TouchV1 { does: it.act.word(), what: &it.what, only: it.only })
                    .collect(),
            })
            .collect(),
    });
    let document = Document {
        schema: SCHEMA,
        tool: "clipcheck",
        version: env!("CARGO_PKG_VERSION"),
        parts: parts.collect(),
        names: &plan.names,
    };
    serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"
}
