//! What a worker's Python library said, as it may be shown: on one line, bounded, and without a piece of a URL's secrets,
//! which an error of a library may repeat in any form.

use crate::fact::libraries::LibrarySaid;
use crate::read::url::decode;

/// So many characters of a message are kept.
const LONGEST: usize = 240;

/// So many of a library's name and version.
const NAME: usize = 60;

/// A piece of a secret shorter than this cannot be taken out of a text without tearing it.
const PIECE: usize = 4;

/// Reads what the script printed: `connected`, `silent`, or an error. `secrets` are passwords, and URLs as they stand.
pub fn read(said: &str, secrets: &[&str]) -> LibrarySaid {
    match said {
        "connected" => LibrarySaid::Connected,
        "silent" => LibrarySaid::Silent,
        error => LibrarySaid::Refused(cleaned(error, secrets)),
    }
}

/// A library's name and version.
pub fn name(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_graphic() || *c == ' ').take(NAME).collect()
}

/// An error on one line, bounded, and without a piece of the secrets.
pub fn cleaned(error: &str, secrets: &[&str]) -> String {
    let mut text = error.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ");
    let mut hidden: Vec<String> = secrets.iter().flat_map(|secret| pieces(secret)).collect();
    hidden.sort_by_key(|piece| std::cmp::Reverse(piece.len()));
    for piece in &hidden {
        if !text.contains(piece.as_str()) {
            continue;
        }
        if piece.chars().count() < PIECE {
            let kind = error.split(':').next().unwrap_or_default();
            return format!("{}: (the message is not shown: it may repeat the password)", name(kind));
        }
        text = text.replace(piece.as_str(), "***");
    }
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST).collect()
}

/// What must not be shown of a secret: a password whole; of a URL what stands before its last `@`, and each part of that
/// between the characters at which a reader may have cut it.
fn pieces(secret: &str) -> Vec<String> {
    let Some((_, rest)) = secret.split_once("://") else {
        return forms(secret);
    };
    let Some((login, _)) = rest.rsplit_once('@') else { return Vec::new() };
    let parts = login.split(['@', ':', '/', '?', '#', '[', ']']).skip(1).flat_map(forms);
    forms(login).into_iter().chain(parts).collect()
}

/// As it stands, and as it reads when decoded.
fn forms(text: &str) -> Vec<String> {
    let decoded = decode(text).filter(|decoded| decoded != text);
    [Some(text.to_owned()), decoded].into_iter().flatten().filter(|form| !form.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_quoted_on_one_line() {
        let said =
            "OperationalError: connection to server at \"10.8.0.1\", port 5432 failed: FATAL:  no entry\n\n  again\n";
        let LibrarySaid::Refused(said) = read(said, &["postgresql://u:s3cret@10.8.0.1/d", "s3cret"]) else { panic!() };
        assert_eq!(
            said,
            "OperationalError: connection to server at \"10.8.0.1\", port 5432 failed: FATAL:  no entry; again"
        );
        assert_eq!(read("connected", &[]), LibrarySaid::Connected);
    }

    #[test]
    fn no_piece_of_a_secret_is_quoted() {
        for (said, secret) in [
            ("ValueError: Could not parse 'postgresql://u:p%40ssw0rd@h/d'", "postgresql://u:p%40ssw0rd@h/d"),
            ("ValueError: invalid literal for int() with base 10: 'p@ssw0rd'", "postgresql://u:p%40ssw0rd@h/d"),
            ("ValueError: invalid port: 'w0rd@h'", "redis://:p@ss/w0rd@h:6379/0"),
            ("OperationalError: password ab is wrong", "redis://:ab@h/0"),
        ] {
            let LibrarySaid::Refused(said) = read(said, &[secret]) else { panic!() };
            for piece in ["p%40ss", "ssw0rd", "w0rd", "p@ss", "word ab"] {
                assert!(!said.contains(piece), "{piece} in {said}");
            }
        }
    }
}
