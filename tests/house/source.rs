//! Enough to search our own sources: what is no comment, and words of their own.

/// A source without its comments, line by line as it was. (A `//` in a string ends its line too.)
pub(super) fn code(text: &str) -> String {
    let lines = text.lines().map(|line| line.split_once("//").map_or(line, |(code, _)| code));
    lines.flat_map(|line| [line, "\n"]).collect()
}

/// Every place of `word` that is a word of its own.
pub(super) fn places<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    code.match_indices(word).map(|(at, _)| at).filter(move |at| {
        let name = |c: char| c.is_alphanumeric() || c == '_';
        !code[..*at].chars().next_back().is_some_and(name) && !code[at + word.len()..].chars().next().is_some_and(name)
    })
}

/// What stands between the bracket with which a text begins and its partner.
pub(super) fn bracketed(text: &str) -> &str {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return &text[1..at];
        }
    }
    text
}
