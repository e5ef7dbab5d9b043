//! Just enough of Rust's grammar to read our own sources: comments and strings told from code, functions, calls.

use std::collections::{BTreeMap, BTreeSet};

/// A source with its comments blanked out, and either its strings (for paths and calls) or not (for causes).
/// Line breaks stay, so lines can be counted.
pub(super) fn code(text: &str, keep_strings: bool) -> String {
    let bytes: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    let blank = |c: char| if c == '\n' { '\n' } else { ' ' };
    while at < bytes.len() {
        let rest = &bytes[at..];
        let length = if rest.starts_with(&['/', '/']) {
            rest.iter().position(|c| *c == '\n').unwrap_or(rest.len())
        } else if rest.starts_with(&['/', '*']) {
            comment(rest)
        } else if let Some(length) = string(rest, at.checked_sub(1).map(|before| bytes[before])) {
            if keep_strings {
                out.extend(&rest[..length]);
            } else {
                out.extend(rest[..length].iter().map(|c| blank(*c)));
            }
            at += length;
            continue;
        } else {
            out.push(rest[0]);
            at += 1;
            continue;
        };
        out.extend(rest[..length].iter().map(|c| blank(*c)));
        at += length;
    }
    out
}

fn comment(rest: &[char]) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < rest.len() {
        if rest[at..].starts_with(&['/', '*']) {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with(&['*', '/']) {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    rest.len()
}

/// The length of the string or character literal that begins here.
fn string(rest: &[char], before: Option<char>) -> Option<usize> {
    let word = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
    match rest[0] {
        '"' => Some(quoted(rest, 1)),
        'r' if !word => {
            let hashes = rest[1..].iter().take_while(|c| **c == '#').count();
            (rest.get(1 + hashes) == Some(&'"')).then(|| {
                let mut end: Vec<char> = vec!['"'];
                end.extend(std::iter::repeat_n('#', hashes));
                let body = &rest[2 + hashes..];
                let length = body.windows(end.len()).position(|window| window == end).unwrap_or(body.len());
                (2 + hashes + length + end.len()).min(rest.len())
            })
        }
        // A character, not a lifetime: 'x' or '\…'.
        '\'' if rest.get(1) == Some(&'\\') => {
            rest[3.min(rest.len())..].iter().position(|c| *c == '\'').map(|end| end + 4)
        }
        '\'' if rest.get(2) == Some(&'\'') => Some(3),
        _ => None,
    }
}

fn quoted(rest: &[char], from: usize) -> usize {
    let mut at = from;
    while at < rest.len() {
        match rest[at] {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// The string literals in a piece of code.
pub(super) fn literals(code: &str) -> Vec<String> {
    let chars: Vec<char> = code.chars().collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        match string(&chars[at..], at.checked_sub(1).map(|before| chars[before])) {
            Some(length) => {
                if chars[at] == '"' && length >= 2 {
                    found.push(chars[at + 1..at + length - 1].iter().collect());
                }
                at += length;
            }
            None => at += 1,
        }
    }
    found
}

/// What stands between the bracket at `open` and its partner. The code has its strings, so they are stepped over.
pub(super) fn bracketed(code: &str, open: usize) -> &str {
    let (bracket, partner) = match &code[open..=open] {
        "(" => ('(', ')'),
        _ => ('{', '}'),
    };
    let blanked = self::code(&code[open..], false);
    let mut depth = 0;
    // Blanking keeps the number of characters, not of bytes.
    for (count, c) in blanked.chars().enumerate() {
        if c == bracket {
            depth += 1;
        } else if c == partner {
            depth -= 1;
            if depth == 0 {
                let inner = &code[open + 1..];
                let end = inner.char_indices().nth(count - 1).map_or(inner.len(), |(at, _)| at);
                return &inner[..end];
            }
        }
    }
    &code[open + 1..]
}

/// Every place of `word` that is a word of its own.
pub(super) fn places<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    code.match_indices(word).map(|(at, _)| at).filter(move |at| {
        let name = |c: char| c.is_alphanumeric() || c == '_';
        !code[..*at].chars().next_back().is_some_and(name) && !code[at + word.len()..].chars().next().is_some_and(name)
    })
}

/// The functions of a file by name, with their bodies (strings kept, comments blanked).
pub(super) fn functions(text: &str) -> BTreeMap<String, String> {
    let code = self::code(text, true);
    let mut found = BTreeMap::new();
    for at in places(&code, "fn").collect::<Vec<_>>() {
        let name: String =
            code[at + 2..].trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        let Some(open) = code[at..].find('{') else { continue };
        if !name.is_empty() {
            found.insert(name, bracketed(&code, at + open).to_owned());
        }
    }
    found
}

/// The functions that a function reaches, itself included.
pub(super) fn reached(functions: &BTreeMap<String, String>, from: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open = vec![from.to_owned()];
    while let Some(name) = open.pop() {
        let Some(body) = functions.get(&name) else { continue };
        if found.insert(name) {
            let body = code(body, false);
            open.extend(functions.keys().filter(|callee| places(&body, callee).next().is_some()).cloned());
        }
    }
    found
}

#[test]
fn sources_are_read_right() {
    let text = "use crate::a; // crate::b\nlet x = \"crate::c\"; /* crate::d /* */ */ fn f<'a>() { g('\"', r#\"}\"#) }";
    let blanked = code(text, false);
    assert!(blanked.contains("crate::a") && !blanked.contains("crate::b"), "{blanked}");
    assert!(!blanked.contains("crate::c") && !blanked.contains("crate::d"), "{blanked}");
    assert_eq!(blanked.matches('\n').count(), 1);
    assert_eq!(functions(text)["f"].trim(), "g('\"', r#\"}\"#)");
    assert_eq!(literals("broken(if x { \"a\" } else { \"b\\\"\" })"), ["a", "b\\\""]);
}
