//! Looks for secrets in a text, in every form in which a program may write them: as they are, encoded, escaped, hashed,
//! and in pieces.

use std::fmt::Write as _;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, AhoCorasickKind};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use ring::digest;

/// A piece of so many characters is a find.
const PIECE: usize = 8;

/// All forms of many secrets.
pub(crate) struct Search {
    forms: AhoCorasick,
    /// For each form, whose it is and what.
    names: Vec<(String, &'static str)>,
}

impl Search {
    /// For secrets by name.
    pub(crate) fn new(secrets: impl IntoIterator<Item = (String, String)>) -> Self {
        let (mut all, mut names) = (Vec::new(), Vec::new());
        for (name, secret) in secrets {
            for (form, text, piece) in forms(&secret) {
                let characters: Vec<char> = text.chars().collect();
                let pieces = characters.windows(piece.min(characters.len()).max(1));
                for found in pieces.map(|window| window.iter().collect::<String>()) {
                    all.push(found);
                    names.push((name.clone(), form));
                }
            }
        }
        let mut forms = AhoCorasickBuilder::new();
        forms.ascii_case_insensitive(true).kind(Some(AhoCorasickKind::ContiguousNFA));
        Self { forms: forms.build(all).expect("not too many forms"), names }
    }

    /// The secrets that a text holds. A text that was broken into lines is looked at as a whole, too.
    pub(crate) fn found(&self, text: &str) -> Vec<String> {
        let joined: String = text.split_whitespace().collect();
        let mut found: Vec<String> = Vec::new();
        for text in [text, &joined] {
            for hit in self.forms.find_iter(text) {
                let (name, form) = &self.names[hit.pattern().as_usize()];
                found.push(format!("{name} ({form})"));
            }
        }
        found.sort();
        found.dedup();
        found
    }
}

/// How a secret may be written, and how long a piece of that is.
fn forms(secret: &str) -> Vec<(&'static str, String, usize)> {
    let written = |each: &dyn Fn(u8) -> String| secret.bytes().map(each).collect::<String>();
    let mut all = vec![
        ("as it is", secret.to_owned(), PIECE),
        ("hexadecimal", written(&|byte| format!("{byte:02x}")), 2 * PIECE),
        ("each byte by %", written(&|byte| format!("%{byte:02x}")), 3 * PIECE),
        ("each byte by \\u", written(&|byte| format!("\\u{byte:04x}")), 6 * PIECE),
        ("each byte by \\x", written(&|byte| format!("\\x{byte:02x}")), 4 * PIECE),
        ("by %", by_percent(secret), PIECE),
        ("decoded", decoded(secret), PIECE),
        ("without spaces", secret.split_whitespace().collect(), PIECE),
        ("as HTML", secret.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"), PIECE),
    ];
    // Wherever it begins in what is encoded.
    for before in 0..3 {
        let bytes = [&[0_u8; 3][..before], secret.as_bytes()].concat();
        // What its neighbours have a part in is left out.
        let own = |text: String| {
            let own: Vec<char> = text.chars().skip([0, 2, 3][before]).collect();
            own[..own.len().saturating_sub(1)].iter().collect::<String>()
        };
        all.push(("base64", own(STANDARD_NO_PAD.encode(&bytes)), PIECE));
        all.push(("base64 of URLs", own(URL_SAFE_NO_PAD.encode(&bytes)), PIECE));
    }
    // By a hash a weak password could be guessed.
    for (name, kind) in [("SHA-1", &digest::SHA1_FOR_LEGACY_USE_ONLY), ("SHA-256", &digest::SHA256)] {
        let hash = digest::digest(kind, secret.as_bytes());
        let hex = hash.as_ref().iter().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        });
        all.push((name, hex, PIECE));
        all.push((name, STANDARD_NO_PAD.encode(hash.as_ref()), PIECE));
    }
    all.retain(|(_, text, _)| text.chars().count() >= PIECE);
    all
}

fn by_percent(secret: &str) -> String {
    let kept = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    secret.bytes().map(|byte| if kept(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

fn decoded(secret: &str) -> String {
    let (mut out, mut rest) = (String::new(), secret);
    while let Some((before, behind)) = rest.split_once('%') {
        out.push_str(before);
        let (hex, after) = behind.split_at_checked(2).unwrap_or(("", behind));
        out.push(u8::from_str_radix(hex, 16).map_or('%', char::from));
        rest = after;
    }
    out + rest
}

#[test]
fn every_form_is_found() {
    let secret = "pl%40ver+anvil/quartz";
    let search = Search::new([("it".to_owned(), secret.to_owned())]);
    let hash = digest::digest(&digest::SHA256, secret.as_bytes());
    for text in [
        secret.to_owned(),
        secret.to_uppercase(),
        secret.chars().skip(3).take(8).collect(),
        "pl@ver+anvil".to_owned(),
        "pl%2540ver%2Banvil".to_owned(),
        format!("pl%40ver\n  +anvil/{}", "quartz"),
        STANDARD_NO_PAD.encode(secret),
        STANDARD_NO_PAD.encode(format!("u:{secret}")),
        STANDARD_NO_PAD.encode(format!("u{secret}@h")),
        URL_SAFE_NO_PAD.encode(format!("{secret}?")),
        secret.bytes().fold(String::new(), |text, byte| text + &format!("{byte:02x}")),
        secret.bytes().fold(String::new(), |text, byte| text + &format!("\\u{byte:04x}")),
        hash.as_ref().iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}")),
    ] {
        assert!(!search.found(&format!("before {text} behind")).is_empty(), "{text}");
    }
    assert!(search.found("plover anvil quartz, pl%40ve").is_empty());
}
