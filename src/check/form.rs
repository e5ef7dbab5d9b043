//! The text of a check file → a check, or what is wrong with it and where.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use toml::Spanned;

use super::mistake::{Spot, in_arguments};
use super::near::{did_you_mean, near};
use super::{Category, Cause, Check, CheckId, Judge, Mistake, Needs, Rule, UNEXPECTED};
use crate::fact::order::InOrder;
use crate::fact::{FactKey, PluginOf, Vantage};

mod mistakes;
mod plugin;

pub use plugin::PLUGIN_CAUSES;

use mistakes::Wrong;
use plugin::Plugin;

/// The file's form. In a text each word has its place.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, bound(deserialize = "Word: Deserialize<'de> + Ord"))]
struct Form<Word> {
    title: String,
    guide: String,
    #[serde(default)]
    needs: Needs,
    #[serde(default)]
    needs_at: BTreeMap<Vantage, Needs>,
    #[serde(default)]
    proves: Needs,
    #[serde(default)]
    plugin: Option<Plugin>,
    #[serde(default)]
    looks: BTreeMap<Vantage, Vec<FactKey>>,
    #[serde(default)]
    with: BTreeMap<Vantage, Vec<FactKey>>,
    #[serde(default)]
    essential: Vec<Vantage>,
    #[serde(default)]
    expect: Vec<Word>,
    #[serde(default)]
    later: Option<String>,
    #[serde(default)]
    not_on_windows: Option<String>,
    #[serde(default)]
    clippyfront_only: Option<String>,
    #[serde(default)]
    cause: BTreeMap<Word, Cause>,
}

impl Form<Spanned<String>> {
    /// What is wrong although each key by itself is right, but for what was put in place of a mistake.
    fn rules(&self, plain: bool, text: &str, mended: &impl Fn(&str) -> bool) -> Vec<Wrong> {
        let mut wrong = Vec::new();
        let mut rule = |key: &str, is_wrong: bool, says: &str| {
            if is_wrong && !mended(key) {
                wrong.push(Wrong { at: mistakes::place(text, key), says: says.to_owned(), key: None });
            }
        };
        if let Some(plugin) = self.plugin.as_ref().filter(|_| plain) {
            rule(
                "looks",
                !self.looks.is_empty(),
                "a check with a plug-in looks at nothing else; `at` says where it is run",
            );
            rule("expect", !self.expect.is_empty(), "of a plug-in 0 is OK, and no `expect` is needed");
            rule("with", !self.with.is_empty(), "a plug-in's exit code counts, and nothing `with` it");
            let of_code = |name: &&Spanned<String>| PLUGIN_CAUSES.contains(&name.get_ref().as_str());
            for name in self.cause.keys().filter(|name| !of_code(name)) {
                let says =
                    format!("a plug-in has the causes `warning` (exit code 1) and `critical` (2), and no `{name}`");
                wrong.push(Wrong { at: name.span(), says, key: None });
            }
            wrong.extend(plugin.rules());
            return wrong;
        }
        rule("plugin", self.plugin.is_some(), "a thinking check runs no plug-in");
        rule("expect", !plain && !self.expect.is_empty(), "a thinking check has no `expect`");
        rule("expect", plain && self.expect.is_empty(), "a plain check needs `expect`, the words that are OK");
        let several = self.looks.values().any(|keys| keys.len() != 1);
        rule("looks", plain && several, "a plain check looks at exactly one thing at each vantage");
        rule("with", plain && !self.with.is_empty(), "a plain check reads one thing, and nothing `with` it");
        rule(
            "looks",
            self.looks.is_empty(),
            "a check needs `looks` or `[plugin]`: one that looks at nothing cannot fail",
        );
        let run = self.looks.values().flatten().any(|key| matches!(key, FactKey::Plugin(_)));
        rule("looks", run, "a plug-in is run by the check whose file has `[plugin]`");
        if plain && !several && !mended("looks") {
            wrong.extend(self.words_never_brought());
        }
        wrong
    }

    /// What it needs and there is not.
    fn needs_missing(&self, text: &str, known: &[&str]) -> Vec<Wrong> {
        let lists = self.needs_at.values().chain(self.cause.values().map(|cause| &cause.needs));
        let all = lists.chain([&self.needs, &self.proves]).flatten();
        let missing: BTreeSet<&str> = all.map(|need| need.check.0.as_str()).filter(|it| !known.contains(it)).collect();
        let told = |check: &str| {
            let at = mistakes::place_of_value(text, |it| it.split('@').next() == Some(check));
            let hint = did_you_mean(check, known.iter().copied());
            Wrong { at, says: format!("needs `{check}`, but there is no such check; {hint}"), key: None }
        };
        missing.into_iter().map(told).collect()
    }

    /// A word that no look of the check brings would never be compared with anything.
    fn words_never_brought(&self) -> Vec<Wrong> {
        let keys = || self.looks.values().flatten();
        let known: BTreeSet<&str> = keys().flat_map(FactKey::words).copied().collect();
        let words = self.expect.iter().chain(self.cause.keys().filter(|it| it.get_ref() != UNEXPECTED));
        let unknown = words.filter(|word| !known.is_empty() && !known.contains(word.get_ref().as_str()));
        let told = |word: &Spanned<String>| {
            let looks: BTreeSet<String> = keys().map(|key| format!("`{key}`")).collect();
            let verb = if looks.len() == 1 { "brings" } else { "bring" };
            let looks = looks.into_iter().collect::<Vec<_>>().join(" and ");
            let all = || format!("its words are {}", known.iter().copied().collect::<Vec<_>>().join(", "));
            let hint = near(word.get_ref(), known.iter().copied()).unwrap_or_else(all);
            Wrong { at: word.span(), says: format!("{looks} never {verb} `{}`; {hint}", word.get_ref()), key: None }
        };
        unknown.map(told).collect()
    }
}

trait Plain {
    fn plain(self) -> String;
}

impl Plain for String {
    fn plain(self) -> String {
        self
    }
}

impl Plain for Spanned<String> {
    fn plain(self) -> String {
        self.into_inner()
    }
}

impl<Word: Plain> Form<Word> {
    fn check(self, id: &str, category: Category, path: &str, judge: Option<Judge>) -> Check {
        let causes = self.cause.into_iter().map(|(name, cause)| (name.plain(), cause)).collect();
        let (rule, looks, causes) = match (judge, self.plugin) {
            (Some(judge), _) => (Rule::Judge(judge), self.looks, causes),
            (None, None) => (Rule::Expect(self.expect.into_iter().map(Plain::plain).collect()), self.looks, causes),
            (None, Some(plugin)) => {
                let key = FactKey::Plugin(PluginOf(id.to_owned()));
                let looks = plugin.at.get_ref().iter().map(|at| (*at, vec![key.clone()])).collect();
                (Rule::Plugin(plugin.program(path)), looks, plugin::causes(causes))
            }
        };
        Check {
            id: CheckId(id.to_owned()),
            category,
            title: self.title,
            guide: self.guide,
            needs: self.needs,
            needs_at: self.needs_at,
            proves: self.proves,
            looks,
            with: self.with,
            essential: self.essential,
            later: self.later,
            not_on_windows: self.not_on_windows,
            clippyfront_only: self.clippyfront_only,
            causes,
            rule,
        }
    }
}

impl Check {
    /// Reads a check file. `judge` is given for the checks that think, and for a user's file the checks that there are; the
    /// error has every mistake with its place.
    pub fn parse(
        id: &str,
        category: Category,
        text: &str,
        path: &str,
        judge: Option<Judge>,
        known: &[&str],
    ) -> Result<Self, Vec<Mistake>> {
        let (form, mut wrong) = mistakes::read::<Form<Spanned<String>>>(text);
        let mended = |key: &str| wrong.iter().any(|it| it.key.as_deref() == Some(key));
        let more: Vec<Wrong> = form.iter().flat_map(|form| form.rules(judge.is_none(), text, &mended)).collect();
        wrong.extend(more);
        wrong.extend(form.iter().filter(|_| !known.is_empty()).flat_map(|form| form.needs_missing(text, known)));
        wrong.in_order_of(|it| it.at.start);
        let (Some(form), true) = (form, wrong.is_empty()) else {
            let told = |it: Wrong| {
                let secret = in_arguments(text, it.at.start);
                let says =
                    if secret { "`arguments` is a list of texts, as in [\"-w\", \"20%\"]".to_owned() } else { it.says };
                Mistake { file: path.to_owned(), says, at: Some(Spot::of(text, it.at)) }
            };
            return Err(wrong.into_iter().map(told).collect());
        };
        Ok(form.check(id, category, path, judge))
    }

    /// Reads a check of our own, whose file `checks/build.rs` has read: as JSON, and without the places of its words.
    pub fn unpack(
        id: &str,
        category: Category,
        packed: &str,
        path: &str,
        judge: Option<Judge>,
    ) -> Result<Self, String> {
        let form: Form<String> = serde_json::from_str(packed).map_err(|error| format!("{path}: {error}"))?;
        Ok(form.check(id, category, path, judge))
    }
}
