//! The text of a check file → a check, or what is wrong with it and where.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Category, Cause, Check, CheckId, Judge, Needs, Rule};
use crate::fact::{FactKey, Vantage};

mod mistakes;

use mistakes::Mistake;

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
    clippyfront_only: Option<String>,
    #[serde(default)]
    cause: BTreeMap<String, Cause>,
}

impl Check {
    /// Reads a check file. `judge` is given for the checks that think; the error has every mistake with its place.
    pub fn parse(
        id: &str,
        category: Category,
        text: &str,
        path: &str,
        judge: Option<Judge>,
    ) -> Result<Self, Vec<String>> {
        let at = |mistake: Mistake| {
            let line = text.bytes().take(mistake.at).filter(|byte| *byte == b'\n').count() + 1;
            format!("{path}:{line}: {}", mistake.says)
        };
        let (form, mut mistakes) = mistakes::read::<Form>(text);
        let place = |key: &str| mistakes::place(text, key);
        let mended = |key: &str| mistakes.iter().any(|mistake| mistake.key.as_deref() == Some(key));
        let mut wrong = Vec::new();
        if let Some(form) = &form {
            let mut rule = |key: &str, is_wrong: bool, says: &str| {
                if is_wrong && !mended(key) {
                    wrong.push(Mistake { at: place(key), says: says.to_owned(), key: None });
                }
            };
            let plain = judge.is_none();
            rule("expect", !plain && !form.expect.is_empty(), "a thinking check has no `expect`");
            rule("expect", plain && form.expect.is_empty(), "a plain check needs `expect`, the words that are OK");
            let several = form.looks.values().any(|keys| keys.len() != 1);
            rule("looks", plain && several, "a plain check looks at exactly one thing at each vantage");
            let with = plain && !form.with.is_empty();
            rule("with", with, "a plain check reads one thing, and nothing `with` it");
            rule("looks", form.looks.is_empty(), "a check that looks at nothing cannot fail");
        }
        mistakes.extend(wrong);
        mistakes.sort_by_key(|mistake| mistake.at);
        let (Some(form), true) = (form, mistakes.is_empty()) else {
            return Err(mistakes.into_iter().map(at).collect());
        };
        let rule = judge.map_or_else(|| Rule::Expect(form.expect), Rule::Judge);
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
            clippyfront_only: form.clippyfront_only,
            causes: form.cause,
            rule,
        })
    }
}
