//! The text of a check file → a check, or what is wrong with it and where.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Category, Cause, Check, CheckId, Judge, Needs, Rule};
use crate::fact::{FactKey, Vantage};

/// The file's form.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    title: String,
    guide: String,
    #[serde(default)]
    needs: Needs,
    #[serde(default)]
    needs_at: BTreeMap<Vantage, Needs>,
    #[serde(default)]
    proves: Needs,
    looks: BTreeMap<Vantage, Vec<FactKey>>,
    #[serde(default)]
    with: BTreeMap<Vantage, Vec<FactKey>>,
    #[serde(default)]
    essential: Vec<Vantage>,
    #[serde(default)]
    expect: Vec<String>,
    #[serde(default)]
    later: Option<String>,
    #[serde(default)]
    not_on_windows: Option<String>,
    #[serde(default)]
    cause: BTreeMap<String, Cause>,
}

impl Check {
    /// Reads a check file. `judge` is given for the checks that think; the error says what is wrong and where.
    pub fn parse(id: &str, category: Category, text: &str, path: &str, judge: Option<Judge>) -> Result<Self, String> {
        let form: Form = toml::from_str(text).map_err(|error| {
            let line =
                error.span().map_or(1, |span| text.bytes().take(span.start).filter(|byte| *byte == b'\n').count() + 1);
            format!("{path}:{line}: {}", error.message())
        })?;
        let rule = match (judge, form.expect.is_empty()) {
            (Some(judge), true) => Rule::Judge(judge),
            (None, false) => Rule::Expect(form.expect),
            (Some(_), false) => return Err(format!("{path}: a thinking check has no `expect`")),
            (None, true) => return Err(format!("{path}: a plain check needs `expect`, the words that are OK")),
        };
        if matches!(rule, Rule::Expect(_)) && form.looks.values().any(|keys| keys.len() != 1) {
            return Err(format!("{path}: a plain check looks at exactly one thing at each vantage"));
        }
        if matches!(rule, Rule::Expect(_)) && !form.with.is_empty() {
            return Err(format!("{path}: a plain check reads one thing, and nothing `with` it"));
        }
        if form.looks.is_empty() {
            return Err(format!("{path}: a check that looks at nothing cannot fail"));
        }
        Ok(Self {
            id: CheckId(id.to_owned()),
            category,
            title: form.title,
            guide: form.guide,
            needs: form.needs,
            needs_at: form.needs_at,
            proves: form.proves,
            looks: form.looks,
            with: form.with,
            essential: form.essential,
            later: form.later,
            not_on_windows: form.not_on_windows,
            causes: form.cause,
            rule,
        })
    }
}
