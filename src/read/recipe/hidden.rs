//! Which words of a container's settings are shown: those that have nothing of a secret.

use secrecy::ExposeSecret;

use super::super::quoted::hides;
use super::super::url;
use crate::fact::docker::recipe::Word;

/// A value that is shorter is a word (`true`, `gpu`), and no secret.
const SECRET: usize = 6;

/// In an option's name, what its value is then.
const NAMES: [&str; 4] = ["pass", "secret", "token", "key"];

/// What the container's variables hold. Lives for the length of one reading.
pub(super) struct Secrets(Vec<String>);

impl Secrets {
    pub(super) fn of<'a>(values: impl Iterator<Item = &'a str>) -> Self {
        let mut found = Vec::new();
        for value in values.filter(|value| value.len() >= SECRET && !is_path(value)) {
            found.push(value.to_owned());
            let password = url::read(value).ok().and_then(|read| read.password);
            found.extend(password.map(|password| password.expose_secret().to_owned()).filter(|it| !it.is_empty()));
        }
        Self(found)
    }

    /// Whether a text may be shown: it has nothing of a variable's value, does not look like a secret, and a
    /// terminal shows all of it.
    pub(super) fn shows(&self, text: &str) -> bool {
        let pieces = || text.split(['=', ',', ' ']).chain([text]);
        text.chars().all(|c| c == ' ' || c.is_alphanumeric() || c.is_ascii_graphic())
            && !self.0.iter().any(|secret| text.contains(secret))
            && !pieces().any(has_log_in)
            && !text.split([',', ' ', '"']).any(sets_secret)
            && !pieces().any(hides)
    }

    /// The word, or where the container has it.
    pub(super) fn word(&self, text: &str, template: String) -> Word {
        if self.shows(text) { Word::Shown(text.to_owned()) } else { Word::Taken(template) }
    }

    /// The words of an array that the container has at `place`: one behind an option for a secret is none to show.
    pub(super) fn words(&self, texts: &[&str], place: &str, from: usize) -> Vec<Word> {
        let before = [""].iter().chain(texts);
        let word = |(index, (text, before)): (usize, (&&str, &&str))| {
            let template = format!("{{{{index {place} {}}}}}", from + index);
            let named = before.starts_with('-') && is_named(before);
            let short = matches!(*before, "-a" | "-p");
            if named || short { Word::Taken(template) } else { self.word(text, template) }
        };
        texts.iter().zip(before).enumerate().map(word).collect()
    }
}

/// `…password=…`, at whatever depth: `volume-opt=o=password=…`.
fn sets_secret(text: &str) -> bool {
    text.rsplit('=').skip(1).any(is_named)
}

fn is_named(option: &str) -> bool {
    NAMES.iter().any(|it| option.to_ascii_lowercase().contains(it))
}

/// `scheme://…@…`
fn has_log_in(text: &str) -> bool {
    text.split_once("://").is_some_and(|(_, rest)| rest.contains('@'))
}

fn is_path(value: &str) -> bool {
    value.starts_with('/') && value.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c))
}
