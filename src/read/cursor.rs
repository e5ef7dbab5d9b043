//! A place in somebody else's text, from which it is read on. It moves over whole characters, and counts lines as it goes.

/// The place.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'a> {
    rest: &'a str,
    line: u32,
}

impl<'a> Cursor<'a> {
    /// At the beginning.
    pub(super) fn new(text: &'a str) -> Self {
        Self { rest: text, line: 1 }
    }

    /// What was not read yet.
    pub(super) fn rest(&self) -> &'a str {
        self.rest
    }

    /// The line it stands in, from 1.
    pub(super) fn line(&self) -> u32 {
        self.line
    }

    /// The next character, without moving.
    pub(super) fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    /// Over the next character.
    pub(super) fn next(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let next = chars.next()?;
        self.line = self.line.saturating_add(u32::from(next == '\n'));
        self.rest = chars.as_str();
        Some(next)
    }

    /// Over this character, if it comes next.
    pub(super) fn eat(&mut self, wanted: char) -> bool {
        self.peek() == Some(wanted) && self.next().is_some()
    }

    /// Over all that comes before a character of this kind; without one, over everything.
    pub(super) fn until(&mut self, ends: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(ends).unwrap_or(self.rest.len());
        self.over(end)
    }

    /// Over so many bytes, which end with a character; if they do not, nowhere.
    pub(super) fn over(&mut self, bytes: usize) -> &'a str {
        let Some((taken, rest)) = self.rest.split_at_checked(bytes) else { return "" };
        self.line = self.line.saturating_add(u32::try_from(taken.matches('\n').count()).unwrap_or(u32::MAX));
        self.rest = rest;
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_moves_over_whole_characters_and_counts_lines() {
        let mut cursor = Cursor::new("a\u{2013}b\n\nc");
        assert_eq!((cursor.next(), cursor.over(1), cursor.peek()), (Some('a'), "", Some('\u{2013}')));
        assert_eq!((cursor.until(|c| c == '\n'), cursor.line()), ("\u{2013}b", 1));
        assert!(cursor.eat('\n') && !cursor.eat('c') && cursor.line() == 2);
        assert_eq!((cursor.until(|c| c == 'x'), cursor.rest(), cursor.line(), cursor.next()), ("\nc", "", 3, None));
    }
}
