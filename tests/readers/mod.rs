//! Every reader of text that others write: how it is called, what it is given in life, and what makes it work hard.
//! `tests/linear.rs` lets the latter grow; `tests/fuzz` begins with the former.

use std::fmt::Debug;

mod container;
mod host;
mod service;
mod tunnel;

/// What a reader keeps.
pub(crate) type Kept = Box<dyn Debug>;

/// One of them.
pub(crate) struct Reader {
    /// As it is asked for.
    pub(crate) name: &'static str,
    /// Reads a text.
    pub(crate) read: fn(&str) -> Kept,
    /// A text as it is in life.
    pub(crate) example: &'static str,
    /// What grows, besides the example itself and what is thrown at all of them.
    pub(crate) shapes: &'static [Shape],
}

/// A text that grows: `open` again and again between `head` and `middle`, and `close` as often before `tail`. In `open`,
/// `<n>` is its own number, and `<m>` that of the one before.
pub(crate) struct Shape {
    pub(crate) head: &'static str,
    pub(crate) open: &'static str,
    pub(crate) middle: &'static str,
    pub(crate) close: &'static str,
    pub(crate) tail: &'static str,
}

/// The same again and again.
pub(crate) const fn many(open: &'static str) -> Shape {
    within("", open, "")
}

/// The same again and again, between a beginning and an end.
pub(crate) const fn within(head: &'static str, open: &'static str, tail: &'static str) -> Shape {
    Shape { head, open, middle: "", close: "", tail }
}

/// One in the other.
pub(crate) const fn nested(head: &'static str, open: &'static str, close: &'static str, tail: &'static str) -> Shape {
    Shape { head, open, middle: "", close, tail }
}

impl Shape {
    /// The text of about so many bytes.
    pub(crate) fn of(&self, bytes: usize) -> String {
        let count = (bytes / (self.open.len() + self.close.len()).max(1)).max(1);
        let mut text = self.head.to_owned();
        if self.open.contains('<') {
            for number in 1..=count {
                let (own, before) = (number.to_string(), (number - 1).to_string());
                text.push_str(&self.open.replace("<n>", &own).replace("<m>", &before));
            }
        } else {
            text.push_str(&self.open.repeat(count));
        }
        text.push_str(self.middle);
        text.push_str(&self.close.repeat(count));
        text + self.tail
    }
}

/// What is thrown at every reader: marks that open something, and long words.
pub(crate) const ANY: [Shape; 9] = [
    many("[{\"a\":"),
    many("'\"`"),
    many("${a:-"),
    many("@"),
    many("- "),
    many("x"),
    many("\n"),
    many("a=b c:d,"),
    many("\u{2013}=\u{feff}\r\n"),
];

/// All readers, in the order of their names.
pub(crate) fn all() -> Vec<Reader> {
    let mut all: Vec<Reader> =
        container::READERS.into_iter().chain(host::READERS).chain(service::READERS).chain(tunnel::READERS).collect();
    all.sort_by_key(|reader| reader.name);
    all
}

/// The lines of a text, as those have them who list them so.
fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}
