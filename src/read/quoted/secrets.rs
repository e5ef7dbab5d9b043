//! What is known to be a secret, and the text without it: a program may repeat it in any form, and cut it anywhere.

use std::collections::HashSet;

use super::hidden::names_secret;
use crate::fact::order::InOrder;
use crate::read::url::decode;

/// In place of it.
const GONE: &str = "***";

/// A piece of a secret shorter than this cannot be taken out of a text without tearing it.
const PIECE: usize = 4;

/// So many characters in a row are a part of a secret, and no accident.
const RUN: usize = 6;

/// A value that is shorter is a word (`true`, `gpu`), and no secret.
const VALUE: usize = 6;

/// What is known to be one. It has no `Debug`.
#[derive(Default)]
pub struct Secrets {
    /// Not to be told whole.
    whole: Vec<String>,
    /// Not to be told in part either.
    parts: Vec<String>,
}

impl Secrets {
    /// Passwords, and URLs as they stand.
    pub fn of<'a>(all: impl IntoIterator<Item = &'a str>) -> Self {
        let mut secrets = Self::default();
        all.into_iter().for_each(|secret| secrets.add(secret));
        secrets
    }

    /// Everything that something is set to: of what is no secret by its name or its form, the whole value is not told.
    pub fn of_settings<'a>(all: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut secrets = Self::default();
        for (name, value) in all {
            if value.contains("://") || (names_secret(name) && value.len() >= PIECE) {
                secrets.add(value);
            } else if value.len() >= VALUE {
                secrets.whole.push(value.to_owned());
            }
        }
        secrets
    }

    /// The words of a command line: a log-in in a URL, and what is given for a password.
    #[must_use]
    pub fn and_command<'a>(mut self, words: impl IntoIterator<Item = &'a str>) -> Self {
        let mut named = false;
        for word in words {
            let (name, value) = word.split_once('=').unwrap_or((word, ""));
            if (named && !word.starts_with('/')) || word.contains("://") {
                self.add(word);
            } else if names_secret(name) && !value.is_empty() {
                self.add(value);
            }
            named = value.is_empty() && (names_secret(name) || matches!(name, "-a" | "--masterauth"));
            // `--user w on >password` of Redis.
            word.strip_prefix('>').into_iter().for_each(|it| self.add(it));
        }
        self
    }

    fn add(&mut self, secret: &str) {
        let Some((_, rest)) = secret.split_once("://") else {
            return self.parts.extend(forms(secret));
        };
        // redis-py and libpq take one from the query as well.
        if let Some((_, password)) = rest.split_once("password=") {
            self.add_password(password);
        }
        let Some((login, _)) = rest.rsplit_once('@') else { return };
        self.whole.extend(forms(login));
        self.add_password(login.split_once(':').map_or(login, |(_, password)| password));
    }

    fn add_password(&mut self, password: &str) {
        self.parts.extend(forms(password));
        // A reader may have cut it at any of these. A short piece is everybody's.
        let cut = password.split(['@', ':', '/', '?', '#', '[', ']', '&']).flat_map(forms);
        self.parts.extend(cut.filter(|piece| piece.chars().count() >= PIECE));
    }

    /// The text without them; none where that would tear it.
    pub(super) fn out_of(&self, text: &str) -> Option<String> {
        let mut all: Vec<&String> = self.whole.iter().chain(&self.parts).collect();
        all.in_order_of(|secret| std::cmp::Reverse(secret.len()));
        let mut text = text.to_owned();
        for secret in all {
            if !text.contains(secret.as_str()) {
                continue;
            }
            if secret.chars().count() < PIECE {
                return None;
            }
            text = text.replace(secret.as_str(), GONE);
        }
        Some(self.without_runs(&text))
    }

    /// Without what stands in one of them, too.
    fn without_runs(&self, text: &str) -> String {
        let windows = |text: &str| -> Vec<String> {
            text.chars().collect::<Vec<_>>().windows(RUN).map(|run| run.iter().collect()).collect()
        };
        let known: HashSet<String> = self.parts.iter().flat_map(|part| windows(part)).collect();
        let mut gone = 0;
        let mut found = windows(text).into_iter();
        let mut out = String::with_capacity(text.len());
        for c in text.chars() {
            if found.next().is_some_and(|run| known.contains(&run)) {
                if gone == 0 {
                    out.push_str(GONE);
                }
                gone = RUN;
            }
            if gone == 0 {
                out.push(c);
            } else {
                gone -= 1;
            }
        }
        out
    }
}

/// As it stands, and as it reads when decoded.
fn forms(text: &str) -> impl Iterator<Item = String> {
    let decoded = decode(text).filter(|decoded| decoded != text);
    [Some(text.to_owned()), decoded].into_iter().flatten().filter(|form| !form.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_piece_of_a_secret_is_left() {
        for (said, secret) in [
            ("Could not parse 'postgresql://u:p%40ssw0rd@h/d'", "postgresql://u:p%40ssw0rd@h/d"),
            ("invalid literal for int() with base 10: 'p@ssw0rd'", "postgresql://u:p%40ssw0rd@h/d"),
            ("refused p%40ssw0rd p@ssw0rd", "redis://h:6379/0?password=p%40ssw0rd"),
            ("invalid port: 'w0rd@h'", "redis://:p@ss/w0rd@h:6379/0"),
            ("near \"ub@dssw0\": bad", "redis://:grub%40dssw0rt@h/0"),
        ] {
            let said = Secrets::of([secret]).out_of(said).expect("it is long enough");
            for piece in ["p%40ss", "ssw0", "w0rd", "p@ss", "ub@d"] {
                assert!(!said.contains(piece), "{piece} in {said}");
            }
        }
        assert_eq!(Secrets::of(["redis://:ab@h/0"]).out_of("password ab is wrong"), None);
        assert_eq!(Secrets::of(["redis://h/0"]).out_of("at h/0").as_deref(), Some("at h/0"));
    }

    #[test]
    fn a_command_line_tells_its_secrets() {
        let words =
            ["--broker", "redis://:swordfish@h/0", "--requirepass", "bluefish", "--user", "w", "on", ">goldfish"];
        let secrets = Secrets::default().and_command(words);
        assert_eq!(secrets.out_of("swordfish bluefish goldfish on").as_deref(), Some("*** *** *** on"));
        let settings = Secrets::of_settings([("API_KEY", "swordfish"), ("PATH", "/usr/bin:/bin"), ("A", "gpu")]);
        assert_eq!(settings.out_of("wordfish in /usr/bin of gpu").as_deref(), Some("*** in /usr/bin of gpu"));
    }
}
