//! What is left out of a program's words, since it may be a secret: what stands between quotation marks, unless it is a
//! file or one of the words that a setting can have; log-ins of URLs; what is set to a name like `password`; and long words
//! that look drawn by lot.

use std::borrow::Cow;
use std::net::IpAddr;

/// In place of what is left out.
const GONE: &str = "…";

/// What a password is set to.
const SECRET: [&str; 4] = ["pass", "secret", "token", "apikey"];

/// Words that settings can have, which programs name where they want another one.
const SETTINGS: [&str; 8] = ["yes", "no", "on", "off", "try", "minimal", "replica", "logical"];

/// As long as a key.
const KEY: usize = 20;

/// The text without what may be a secret.
pub fn hidden(text: &str) -> String {
    hidden_but(text, &[])
}

/// The same, but for words that are known to be none.
pub fn hidden_but(text: &str, known: &[&str]) -> String {
    let bare = outside_quotes(text, known);
    let words: Vec<Cow<'_, str>> = bare.split(' ').map(word).collect();
    words.join(" ")
}

/// With what stands between quotation marks only where it is harmless. A mark within a word is an apostrophe; one that is
/// not closed hides the rest.
fn outside_quotes(text: &str, known: &[&str]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(['"', '\'', '`']) {
        let mark = rest.get(before.len()..).and_then(|it| it.chars().next()).unwrap_or('"');
        out.push_str(before);
        out.push(mark);
        rest = after;
        if mark == '\'' && out.chars().rev().nth(1).is_some_and(char::is_alphanumeric) {
            continue;
        }
        let ends: &[char] = if mark == '`' { &['`', '\''] } else { &['"', '\''] };
        let Some(end) = rest.find(|c| if mark == '`' { ends.contains(&c) } else { c == mark }) else {
            out.push_str(GONE);
            return out;
        };
        let inside = rest.get(..end).unwrap_or_default();
        out.push_str(if known.contains(&inside) || is_harmless(inside, before) { inside } else { GONE });
        let mut closing = rest.get(end..).unwrap_or_default().chars();
        out.extend(closing.next());
        rest = closing.as_str();
    }
    out.push_str(rest);
    out
}

fn is_harmless(inside: &str, before: &str) -> bool {
    let of = |more: &str| inside.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c));
    let switch = SETTINGS.contains(&inside);
    let before = before.trim_end();
    let named = ["file", "directory", "library", "socket"].iter().any(|it| before.ends_with(it));
    let setting = before.ends_with("value for parameter");
    (inside.starts_with('/') && of("/._+@-"))
        || inside.parse::<IpAddr>().is_ok()
        || switch
        || (named && of("/._+@$-"))
        || (setting && of("_."))
}

fn word(word: &str) -> Cow<'_, str> {
    if let Some((scheme, rest)) = word.split_once("://")
        && let Some((_, host)) = rest.rsplit_once('@')
    {
        return format!("{scheme}://{GONE}@{host}").into();
    }
    if let Some((name, _)) = word.split_once('=')
        && SECRET.iter().any(|it| name.to_ascii_lowercase().contains(it))
    {
        return format!("{name}={GONE}").into();
    }
    let drawn = word.len() >= KEY
        && !word.starts_with('/')
        && word.chars().all(|c| c.is_ascii_alphanumeric() || "+/=_-".contains(c))
        && [char::is_uppercase, char::is_lowercase, char::is_numeric].iter().all(|kind| word.contains(*kind));
    if drawn { GONE.into() } else { word.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_apostrophes_stay_and_the_rest_between_quotes_does_not() {
        for (text, kept) in [
            ("could not open file \"/a/b.conf\": No", "could not open file \"/a/b.conf\": No"),
            ("could not access file \"pg_x\": No", "could not access file \"pg_x\": No"),
            ("Can't handle RDB format, the users' data", "Can't handle RDB format, the users' data"),
            ("invalid value for parameter \"work_mem\": \"s3cret\"", "invalid value for parameter \"work_mem\": \"…\""),
            (
                "unrecognized configuration parameter \"s3cret\" in file \"/a\"",
                "unrecognized configuration parameter \"…\" in file \"/a\"",
            ),
            ("Key is not right: `qK7z+Xw9'", "Key is not right: `…'"),
            ("argument must be 'yes' or 'no'", "argument must be 'yes' or 'no'"),
            ("near token \"s3cret", "near token \"…"),
            ("log in to postgres://u:s3cret@h/d fails", "log in to postgres://…@h/d fails"),
            ("with password=s3cret", "with password=…"),
            ("key aGVsbG8gd29ybGQ5aGVsbG8gd29ybGQ5 bad", "key … bad"),
            ("listen tcp4 10.8.0.1:6379: bind", "listen tcp4 10.8.0.1:6379: bind"),
        ] {
            assert_eq!(hidden(text), kept);
        }
    }
}
