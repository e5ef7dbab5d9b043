//! What to do about words that programs say themselves: `checks/advice.toml`.

use std::sync::LazyLock;

use serde::Deserialize;

use super::words::CORRECT;
use crate::check::Fix;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct All {
    advice: Vec<Advice>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advice {
    /// Any of these words.
    of: Vec<String>,
    say: String,
    #[serde(default)]
    run: Vec<String>,
}

static ALL: LazyLock<All> =
    LazyLock::new(|| toml::from_str(include_str!("../../checks/advice.toml")).unwrap_or_default());

/// A fix with the advice about the words that a sentence quotes.
pub(super) fn added(fix: Fix, sentence: &str) -> Fix {
    let about = |it: &&Advice| it.of.iter().any(|words| sentence.contains(words.as_str()));
    let Some(advice) = ALL.advice.iter().find(about) else { return fix };
    let say = match fix.say.contains(CORRECT) {
        true => fix.say.replace(CORRECT, &advice.say),
        false => format!("{} {}", advice.say, fix.say),
    };
    Fix { say, run: advice.run.iter().cloned().chain(fix.run).collect(), ..fix }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_advice_can_be_read_and_has_words_of_its_own() {
        assert!(ALL.advice.len() > 10);
        for (place, advice) in ALL.advice.iter().enumerate() {
            assert!(!advice.of.is_empty() && advice.say.ends_with('.'), "{}", advice.say);
            for words in &advice.of {
                let first = ALL.advice.iter().position(|it| it.of.iter().any(|other| words.contains(other.as_str())));
                assert_eq!(first, Some(place), "{words}");
            }
        }
    }

    #[test]
    fn it_takes_the_place_of_the_general_word() {
        let fix = Fix {
            on: None,
            say: "{correct} Then start it.".to_owned(),
            run: vec!["true".to_owned()],
            variable: None,
            know: String::new(),
        };
        let full = added(fix.clone(), "`FATAL: could not write: No space left on device`");
        assert_eq!(full.say, "The disk is full: make room first. Then start it.");
        assert_eq!(full.run, ["df -h", "true"]);
        assert_eq!(added(fix.clone(), "`FATAL: other`").say, fix.say);
    }
}
