//! What is left out of a program's words, since it may be a secret: what stands between quotation marks, unless it is a
//! file or one of the words that a setting can have; log-ins of URLs; what is set to a name like `password`; and long words
//! that look drawn by lot.

use std::borrow::Cow;
use std::net::IpAddr;

/// In place of what is left out.
const GONE: &str = "…";

/// What a password is set to.
const SECRET: [&str; 7] = ["pass", "secret", "token", "apikey", "privatekey", "presharedkey", "credential"];

/// Words that settings can have, which programs name where they want another one.
const SETTINGS: [&str; 8] = ["yes", "no", "on", "off", "try", "minimal", "replica", "logical"];

/// What a program names that is no data of its user's: where its words end like this, what comes next between quotation
/// marks is shown if it has no other signs than letters, digits and these.
const NAMED: [(&str, &str); 30] = [
    ("file", "/._+@$-"),
    ("directory", "/._+@$-"),
    ("library", "/._+@$-"),
    ("socket", "/._+@$-"),
    // PostgreSQL. Of a database that is not there the name may be the rest of a password in a URL.
    ("value for parameter", "_."),
    ("encoding", "_.-"),
    ("locale", "_.-"),
    ("relation", "_.-"),
    ("table", "_.-"),
    ("schema", "_.-"),
    ("constraint", "_.-"),
    ("extension", "_.-"),
    ("sequence", "_.-"),
    ("in database", "_.-"),
    ("invalid database", "_.-"),
    // Redis.
    ("user named", "_.-"),
    // Python, Celery and gunicorn.
    ("module named", "_."),
    ("task of type", "_."),
    ("has no attribute", "_"),
    ("cannot import name", "_"),
    ("find attribute", "_"),
    ("keyword argument", "_"),
    ("module", "_."),
    ("name", "_"),
    // wg.
    ("IP address:", "./"),
    // Docker.
    ("device driver", "_.-"),
    ("runtime", "_.-"),
    ("network", "_.-"),
    ("volume", "_.-"),
    ("exec:", "/._+-"),
];

/// What follows on such a name.
const FOLLOWS: [(&str, &str); 3] =
    [(" object has no attribute ", "_."), (" is not defined", "_"), (" of relation ", "_.-")];

/// The longest unit that follows on a number, and the longest of both.
const UNIT: usize = 4;
const NUMBER: usize = 10;

/// As long as a key.
const KEY: usize = 20;

/// As long as the shortest hash.
const HASH: usize = 32;

/// The text without what may be a secret, but for words that are known to be none.
pub(super) fn hidden(text: &str, known: &[&str]) -> String {
    assigned(&outside_quotes(text, known))
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
        let said = out.get(..out.len() - mark.len_utf8()).unwrap_or_default().trim_end();
        let shown = known.contains(&inside) || is_harmless(inside, said, rest.get(end + 1..).unwrap_or_default());
        out.push_str(if shown { inside } else { GONE });
        let mut closing = rest.get(end..).unwrap_or_default().chars();
        out.extend(closing.next());
        rest = closing.as_str();
    }
    out.push_str(rest);
    out
}

fn is_harmless(inside: &str, before: &str, after: &str) -> bool {
    let of = |more: &str| inside.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c));
    // "server name" and "database name" end like Python's words for a name of its own.
    let named = NAMED.iter().any(|(word, more)| before.strip_suffix(word).is_some_and(|it| ends(it, word)) && of(more));
    // Elsewhere what is called a column may be a value between the wrong marks.
    let follows = FOLLOWS.iter().any(|(begin, more)| after.starts_with(begin) && of(more));
    // The rule of a password begins with another sign: `>`, `<`, `#`, `!`.
    let acl = before.ends_with("ACL rule") && inside.starts_with(['+', '-', '~', '%', '&']);
    (inside.starts_with('/') && of("/._+@-"))
        || inside.parse::<IpAddr>().is_ok()
        || SETTINGS.contains(&inside)
        || named
        || follows
        || acl
        || is_value(inside, before)
}

/// Whether a word of [`NAMED`] is one here: Python's `name` and `module` stand alone or at the begin.
fn ends(before: &str, word: &str) -> bool {
    let before = before.trim_end();
    match word {
        "name" => before.ends_with("NameError:"),
        "module" => before.is_empty() || before.ends_with(':') || before.ends_with(" from"),
        _ => true,
    }
}

/// Whether it is the value of one of PostgreSQL's own parameters: of a locale's, or a number with its unit. Whatever else
/// stands there may be a password that was written into the wrong line.
fn is_value(inside: &str, before: &str) -> bool {
    let parameter = before.strip_suffix("\":").and_then(|it| it.rsplit_once("value for parameter \""));
    let Some((_, name)) = parameter else { return false };
    let number = inside.trim_start_matches(|c: char| c.is_ascii_digit());
    let unit = number.len() < inside.len() && number.len() <= UNIT && number.chars().all(|c| c.is_ascii_alphabetic());
    let locale = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    (unit && inside.len() <= NUMBER) || (name.starts_with("lc_") && inside.len() <= KEY && inside.chars().all(locale))
}

/// The text without what is said to be a secret or looks like one, with all that stands between quotation marks. Each word
/// may tell what the next one is.
pub(super) fn assigned(text: &str) -> String {
    let mut out: Vec<Cow<'_, str>> = Vec::new();
    let (mut hides, mut before) = (false, "");
    for word in text.split(' ') {
        let sign = matches!(word, "" | "=" | ":");
        out.push(if hides && !sign { GONE.into() } else { self::word(word) });
        hides = match word {
            "" => hides,
            "=" | ":" => hides || names_secret(before),
            _ => announces(word, before),
        };
        before = word;
    }
    out.join(" ")
}

/// Whether the next word is a secret: `requirepass X`, `--token X`, `password: X`, `Authorization: Bearer X`.
fn announces(word: &str, before: &str) -> bool {
    let bare = word.to_ascii_lowercase();
    let name = bare.trim_end_matches([':', '=']);
    let ends = name.len() < bare.len();
    matches!(name, "bearer" | "requirepass" | "masterauth")
        || (name == "basic" && before.to_ascii_lowercase().ends_with("authorization:"))
        || ((ends || name.starts_with("--")) && !name.contains(['=', '/']) && names_secret(name))
}

/// Whether something of this name is a secret.
pub(super) fn names_secret(name: &str) -> bool {
    let name: String = name.chars().filter(|c| !"_-".contains(*c)).flat_map(char::to_lowercase).collect();
    SECRET.iter().any(|it| name.contains(it))
}

fn word(word: &str) -> Cow<'_, str> {
    if let Some((scheme, rest)) = word.split_once("://")
        && let Some((_, host)) = rest.rsplit_once('@')
    {
        return format!("{scheme}://{GONE}@{host}").into();
    }
    if let Some((name, value)) = word.split_once('=')
        && !value.is_empty()
        && names_secret(name)
    {
        return format!("{name}={GONE}").into();
    }
    let of_key = |c: char| c.is_ascii_alphanumeric() || "+/=_-".contains(c);
    if word.starts_with('/') || !word.split(|c| !of_key(c)).any(is_drawn) {
        return word.into();
    }
    let (mut out, mut run) = (String::new(), String::new());
    for c in word.chars().chain(['\0']) {
        if of_key(c) {
            run.push(c);
            continue;
        }
        out.push_str(if is_drawn(&run) { GONE } else { &run });
        run.clear();
        out.extend(Some(c).filter(|c| *c != '\0'));
    }
    out.into()
}

/// As long as a key, and of all kinds of letters, or of hexadecimal digits alone.
fn is_drawn(run: &str) -> bool {
    let kinds = [char::is_uppercase, char::is_lowercase, char::is_numeric];
    (run.len() >= KEY && !run.starts_with('/') && kinds.iter().all(|kind| run.contains(*kind)))
        || (run.len() >= HASH && run.chars().all(|c| c.is_ascii_hexdigit()))
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
            ("value for parameter \"work_mem\": \"64QB\"", "value for parameter \"work_mem\": \"64QB\""),
            ("value for parameter \"work_mem\": \"s3cret\"", "value for parameter \"work_mem\": \"…\""),
            (
                "value for parameter \"lc_numeric\": \"de_DE.UTF-8\"",
                "value for parameter \"lc_numeric\": \"de_DE.UTF-8\"",
            ),
            ("value for parameter \"my.key\": \"s3cret\"", "value for parameter \"my.key\": \"…\""),
            ("value for parameter \"primary_conninfo\": \"s3cret\"", "value for parameter \"primary_conninfo\": \"…\""),
            (
                "AttributeError: 'NoneType' object has no attribute 'Redis'",
                "AttributeError: 'NoneType' object has no attribute 'Redis'",
            ),
            ("NameError: name 'conf' is not defined", "NameError: name 'conf' is not defined"),
            ("FATAL: database \"s3cret\" does not exist", "FATAL: database \"…\" does not exist"),
            ("role name \"s3cret\" is", "role name \"…\" is"),
            ("in database \"clippy_front\"", "in database \"clippy_front\""),
            ("Unable to parse IP address: `10.8.0.300/32'", "Unable to parse IP address: `10.8.0.300/32'"),
            (
                "unrecognized configuration parameter \"s3cret\" in file \"/a\"",
                "unrecognized configuration parameter \"…\" in file \"/a\"",
            ),
            ("Key is not right: `qK7z+Xw9'", "Key is not right: `…'"),
            ("argument must be 'yes' or 'no'", "argument must be 'yes' or 'no'"),
            (
                "could not access file \"$libdir/timescaledb-2.11.0\": No",
                "could not access file \"$libdir/timescaledb-2.11.0\": No",
            ),
            ("no equivalent in encoding \"LATIN1\"", "no equivalent in encoding \"LATIN1\""),
            (
                "ACL rule '+client|setinfo' for the user named 'clippy'",
                "ACL rule '+client|setinfo' for the user named 'clippy'",
            ),
            ("ACL rule '>s3cret' for the user", "ACL rule '…' for the user"),
            ("column \"s3cret\" does not exist", "column \"…\" does not exist"),
            ("near token \"s3cret", "near token \"…"),
            ("log in to postgres://u:s3cret@h/d fails", "log in to postgres://…@h/d fails"),
            ("with password=s3cret", "with password=…"),
            ("key aGVsbG8gd29ybGQ5aGVsbG8gd29ybGQ5 bad", "key … bad"),
            ("(id=aGVsbG8gd29ybGQ5aGVsbG8gd29ybGQ5) bad", "(…) bad"),
            ("hash 0123456789abcdef0123456789abcdef.", "hash …."),
            ("requirepass hunter2 is short", "requirepass … is short"),
            ("Authorization: Bearer hunter2, WORKER_API_KEY=hunter2", "Authorization: Bearer … WORKER_API_KEY=…"),
            ("Proxy-Authorization: Basic dTpw ends", "Proxy-Authorization: Basic … ends"),
            ("password = hunter2 private_key: hunter2", "password = … private_key: …"),
            ("celery --token hunter2 worker", "celery --token … worker"),
            ("Basic authentication is the password's", "Basic authentication is the password's"),
            ("listen tcp4 10.8.0.1:6379: bind", "listen tcp4 10.8.0.1:6379: bind"),
        ] {
            assert_eq!(hidden(text, &[]), kept);
        }
    }
}
