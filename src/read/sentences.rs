//! Sentences that other programs say, and what each means. They are data: a file for each program in `sentences/`, with a
//! list for each occasion, in the order in which they are tried:
//!
//! ```toml
//! { from = "who says it", says = 'a regular expression', means = "a word of the fact" }
//! { from = "…", says = '… "(?<file>/[a-z/]+)" line (?<line>[0-9]+)', means.conf-line = ["<file>", "<line>"] }
//! ```
//!
//! `means` is the fact as a snapshot writes it. Of a text nothing is kept but what has a name in `says`, which fits no
//! secret. `<line>` is a number, and `<NAME>` is `<name>` in capitals.

use std::collections::BTreeMap;

use regex_lite::{Captures, Regex};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use toml::Value;

pub(super) const LIBC: &str = include_str!("sentences/libc.toml");
pub(super) const POSTGRESQL: &str = include_str!("sentences/postgresql.toml");
pub(super) const REDIS: &str = include_str!("sentences/redis.toml");
pub(super) const SSH: &str = include_str!("sentences/ssh.toml");
pub(super) const WIREGUARD: &str = include_str!("sentences/wireguard.toml");
pub(super) const WORKER: &str = include_str!("sentences/worker.toml");

/// No sentence is found further behind.
const LONGEST: usize = 2000;

/// The sentences of one occasion.
pub(super) struct Sentences(Vec<(Regex, Value)>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sentence {
    /// Whose it is, for who reads the file.
    #[serde(rename = "from")]
    _from: String,
    says: String,
    means: Value,
}

impl Sentences {
    /// Those of the programs' files, one after the other.
    pub(super) fn of(occasion: &str, files: &[&str]) -> Self {
        let mut all = Vec::new();
        for file in files {
            let mut lists: BTreeMap<String, Vec<Sentence>> = toml::from_str(file).expect("a list for each occasion");
            let list = lists.remove(occasion).expect("the occasion's list");
            all.extend(list.into_iter().map(|it| (Regex::new(&it.says).expect("an expression"), it.means)));
        }
        Self(all)
    }

    /// What the first one means that fits.
    pub(super) fn meaning<T: DeserializeOwned>(&self, said: &str) -> Option<T> {
        let said = said.char_indices().nth(LONGEST).and_then(|(end, _)| said.get(..end)).unwrap_or(said);
        self.0.iter().find_map(|(says, means)| {
            let captures = says.captures(said)?;
            filled(means, &captures)?.try_into().ok()
        })
    }
}

/// With what the names stand for in their places.
fn filled(means: &Value, captures: &Captures<'_>) -> Option<Value> {
    Some(match means {
        Value::String(text) => match text.strip_prefix('<').and_then(|name| name.strip_suffix('>')) {
            None => means.clone(),
            Some(name) => {
                let found = captures.name(&name.to_ascii_lowercase())?.as_str();
                match name {
                    "line" => Value::Integer(found.parse().ok()?),
                    "NAME" => Value::String(found.to_ascii_uppercase()),
                    _ => Value::String(found.to_owned()),
                }
            }
        },
        Value::Array(all) => Value::Array(all.iter().map(|it| filled(it, captures)).collect::<Option<_>>()?),
        Value::Table(all) => {
            let pairs = all.iter().map(|(key, value)| Some((key.clone(), filled(value, captures)?)));
            Value::Table(pairs.collect::<Option<_>>()?)
        }
        Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) => means.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::docker::words::LastWords;
    use crate::fact::postgres::PgSaid;
    use crate::fact::redis::RedisSaid;
    use crate::fact::service::FailReason;
    use crate::read::ssh_error::SshSaid;

    fn means_something<T: DeserializeOwned>(occasion: &str, files: &[&str]) {
        // Each name stands for what fits it: a path, a number, a word.
        let example = Regex::new("(?<file>/a)(?<line>1)(?<name>b)").expect("an expression");
        let captures = example.captures("/a1b").expect("fits");
        for (says, means) in Sentences::of(occasion, files).0 {
            let meaning = filled(&means, &captures).and_then(|it| it.try_into::<T>().ok());
            assert!(meaning.is_some(), "{says}: {means}");
        }
    }

    #[test]
    fn every_sentence_means_something() {
        means_something::<FailReason>("start", &[WIREGUARD, LIBC, POSTGRESQL, REDIS]);
        means_something::<PgSaid>("refusal", &[POSTGRESQL]);
        means_something::<RedisSaid>("reply", &[REDIS]);
        means_something::<LastWords>("last", &[WORKER]);
        means_something::<SshSaid>("login", &[SSH]);
    }
}
