//! What is wrong in a check file, and where.

use std::fmt;
use std::ops::Range;

/// One thing that is wrong in a check file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The file.
    pub file: String,
    /// What stands there, and what was expected.
    pub says: String,
    /// Where; none where the file itself is meant.
    pub at: Option<Spot>,
}

/// A place in a file, with the line as it stands there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// What stands before the words at fault.
    pub before: String,
    /// The words at fault; empty where something is missing.
    pub words: String,
    /// What stands after them.
    pub after: String,
}

impl Spot {
    /// A range of bytes of a text, up to the end of its first line.
    pub(super) fn of(text: &str, range: Range<usize>) -> Self {
        let ahead = text.get(..range.start).unwrap_or(text);
        let line = ahead.matches('\n').count() + 1;
        let before = ahead.rsplit('\n').next().unwrap_or_default();
        let rest = |from: usize| text.get(from..).and_then(|rest| rest.lines().next()).unwrap_or_default();
        let words = text.get(range.clone()).and_then(|words| words.lines().next()).unwrap_or_default();
        let after = rest(range.start).strip_prefix(words).unwrap_or_default();
        let column = before.chars().count() + 1;
        Self { line, column, before: before.to_owned(), words: words.to_owned(), after: after.to_owned() }
    }
}

impl Mistake {
    /// Of a whole file.
    pub fn of_file(file: &str, says: String) -> Self {
        Self { file: file.to_owned(), says, at: None }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.at {
            Some(Spot { line, column, .. }) => write!(f, "{}:{line}:{column}: {}", self.file, self.says),
            None => write!(f, "{}: {}", self.file, self.says),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spot_is_one_line_and_counts_characters() {
        let text = "title = \"ü\"\nlooks = { ä = [\n\"x\"] }\n";
        let at = text.find('ä').expect("there");
        let spot = Spot::of(text, at..text.len());
        assert_eq!((spot.line, spot.column), (2, 11));
        assert_eq!((spot.before.as_str(), spot.words.as_str(), spot.after.as_str()), ("looks = { ", "ä = [", ""));
        let spot = Spot::of(text, 0..5);
        assert_eq!((spot.before.as_str(), spot.words.as_str(), spot.after.as_str()), ("", "title", " = \"ü\""));
        let beyond = Spot::of(text, 999..1000);
        assert_eq!((beyond.line, beyond.words.as_str()), (4, ""));
    }
}
