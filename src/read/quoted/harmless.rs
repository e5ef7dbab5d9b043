//! What stands between quotation marks and is no secret: what a program names that is no data of its user's.

use std::net::IpAddr;

use super::hidden::KEY;

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

/// Whether it may be shown, by itself and by the words around it.
pub(super) fn is_harmless(inside: &str, before: &str, after: &str) -> bool {
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
        || is_option(inside, before)
        || is_command(inside, before)
        || (before.ends_with("KeyError:") && inside.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
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

/// Whether it is a command that a program tells its user to run: words and options, with no value in them.
fn is_command(inside: &str, before: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || matches!(c, ' ' | '-');
    ["run", "Run"].iter().any(|word| before.ends_with(word)) && inside.len() < KEY && inside.chars().all(plain)
}

/// Whether it is the name of an option. A letter that others follow on may have its value with it.
fn is_option(inside: &str, before: &str) -> bool {
    let long = |name: &str| name.chars().all(|c| c.is_ascii_lowercase() || c == '-');
    let short = |name: &str| name.chars().count() == 1;
    let name = inside.strip_prefix("--").map(long).or_else(|| inside.strip_prefix('-').map(short));
    ["option", "Option"].iter().any(|word| before.ends_with(word)) && name == Some(true)
}

/// Whether it is the value of one of PostgreSQL's own parameters: of a locale's, a time zone's, or a number with its unit. Whatever else
/// stands there may be a password that was written into the wrong line.
fn is_value(inside: &str, before: &str) -> bool {
    let parameter = before.strip_suffix("\":").and_then(|it| it.rsplit_once("value for parameter \""));
    let Some((_, name)) = parameter else { return false };
    let number = inside.trim_start_matches(|c: char| c.is_ascii_digit());
    let unit = number.len() < inside.len() && number.len() <= UNIT && number.chars().all(|c| c.is_ascii_alphabetic());
    let locale = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let zone = |c: char| c.is_ascii_alphanumeric() || "/_+-".contains(c);
    let of_zone = name.to_ascii_lowercase().ends_with("timezone");
    (of_zone && inside.len() <= 2 * KEY && inside.chars().all(zone))
        || (unit && inside.len() <= NUMBER)
        || (name.starts_with("lc_") && inside.len() <= KEY && inside.chars().all(locale))
}
