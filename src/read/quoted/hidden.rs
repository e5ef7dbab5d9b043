//! What is left out of a program's words, since it may be a secret: what stands between quotation marks, unless it is a
//! file or one of the words that a setting can have; log-ins of URLs; what is set to a name like `password`; and long words
//! that look drawn by lot.

use std::borrow::Cow;

use super::harmless::is_harmless;

/// In place of what is left out.
const GONE: &str = "…";

/// What a password is set to.
const SECRET: [&str; 7] = ["pass", "secret", "token", "apikey", "privatekey", "presharedkey", "credential"];

/// As long as a key.
pub(super) const KEY: usize = 20;

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
    while let Some((before, after)) = rest.split_once(|c| closing(c).is_some()) {
        let mark = rest.get(before.len()..).and_then(|it| it.chars().next()).unwrap_or('"');
        out.push_str(before);
        out.push(mark);
        rest = after;
        if mark == '\'' && out.chars().rev().nth(1).is_some_and(char::is_alphanumeric) {
            continue;
        }
        let Some(end) = rest.find(closing(mark).unwrap_or_default()) else {
            out.push_str(GONE);
            return out;
        };
        let inside = rest.get(..end).unwrap_or_default();
        let said = out.get(..out.len() - mark.len_utf8()).unwrap_or_default().trim_end();
        let mut more = rest.get(end..).unwrap_or_default().chars();
        let close = more.next();
        // French has blanks within its marks.
        let bare = inside.trim();
        let shown = known.contains(&bare) || is_harmless(bare, said, more.as_str());
        out.push_str(if shown { inside } else { GONE });
        out.extend(close);
        rest = more.as_str();
    }
    out.push_str(rest);
    out
}

/// What ends a quotation that begins with this mark: in the programs' English, and where they speak another language.
fn closing(mark: char) -> Option<&'static [char]> {
    Some(match mark {
        '"' => &['"'],
        '\'' => &['\''],
        '`' => &['`', '\''],
        '»' => &['«', '»'],
        '«' => &['»'],
        '„' => &['“', '”'],
        '“' | '”' => &['”'],
        '‚' | '‘' => &['’', '‘'],
        '「' => &['」'],
        '『' => &['』'],
        _ => return None,
    })
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
            (
                "value for parameter \"log_timezone\": \"Europe/Kiev\"",
                "value for parameter \"log_timezone\": \"Europe/Kiev\"",
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
            ("Option '-c' requires an argument.", "Option '-c' requires an argument."),
            ("no such option '--pool-size'", "no such option '--pool-size'"),
            ("invalid option '-ps3cret'", "invalid option '…'"),
            ("KeyError: 'DATABASE_URL'", "KeyError: 'DATABASE_URL'"),
            ("KeyError: 's3cret'", "KeyError: '…'"),
            ("resolvconf: run `resolvconf -u` to update", "resolvconf: run `resolvconf -u` to update"),
            ("run `mysql -ps3cret` again", "run `…` again"),
            ("Wert für Parameter »x«: »s3cret«", "Wert für Parameter »…«: »…«"),
            ("Datenverzeichnis »/var/lib/x« hat", "Datenverzeichnis »/var/lib/x« hat"),
            ("l'utilisateur « s3cret » n'existe pas", "l'utilisateur «…» n'existe pas"),
            ("usuario «s3cret", "usuario «…"),
            ("„s3cret“ und “s3cret” und ‘s3cret’", "„…“ und “…” und ‘…’"),
            ("ユーザー「s3cret」の", "ユーザー「…」の"),
            ("listen tcp4 10.8.0.1:6379: bind", "listen tcp4 10.8.0.1:6379: bind"),
        ] {
            assert_eq!(hidden(text, &[]), kept);
        }
    }
}
