//! What was read to judge a check. Of many clients all have the server's lines, and many checks read the same: they are kept
//! once.

use std::rc::Rc;

/// All lines that were read for one answer, in their order.
#[derive(Debug, Clone, Default)]
pub struct Lines(pub(crate) Vec<Rc<Seen>>);

/// What one look saw.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) seat: Rc<str>,
    pub(crate) source: Rc<str>,
    pub(crate) lines: Rc<[Rc<str>]>,
}

/// A line that says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Evidence<'a> {
    /// The line, without secrets.
    pub line: &'a str,
    /// Where it was seen.
    pub seat: &'a str,
    /// Who answered.
    pub source: &'a str,
}

impl Lines {
    /// One after the other.
    pub fn iter(&self) -> impl Iterator<Item = Evidence<'_>> {
        self.0
            .iter()
            .flat_map(|seen| seen.lines.iter().map(|line| Evidence { line, seat: &seen.seat, source: &seen.source }))
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.0.iter().map(|seen| seen.lines.len()).sum()
    }

    /// Whether nothing was read.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
