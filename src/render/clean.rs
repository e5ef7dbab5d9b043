//! Text on its way in and out. What a terminal would obey in place of showing it, a control character or one that turns
//! or hides what stands beside it, is written out: once, where text enters a renderer.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Deref;

use crate::check::{Alternative, Cause, Check, CheckId, Fix, Need, Needs, Otherwise, Position, Rule};
use crate::fact::plugin::Program;
use crate::fact::{FactKey, Vantage};
use crate::profile::{Addresses, Known};
use crate::report::provenance::{Provenance, Source};
use crate::report::{
    Answer, Assigned, Candidate, Change, Correction, Diagnosis, FixScript, Host, How, Now, Outcome, Recreation, Step,
    Told, Typed,
};

mod shared;

/// Control characters, marks of direction, what has no width, and blanks that look like a space and are none to a program
/// (a no-break space comes with text from a web page).
fn steers(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_control();
    }
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || (c.is_whitespace() && c != ' ' && !c.is_ascii())
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Text that a terminal shows and does not obey, on one line: ESC becomes `\u{1b}`, a line break `\n`.
pub fn clean(text: &str) -> Cow<'_, str> {
    // Nearly all text is plain ASCII, and a report on a thousand clients has much of it.
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) || !text.contains(steers) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if steers(c) { out.extend(c.escape_default()) } else { out.push(c) }
    }
    Cow::Owned(out)
}

/// What a renderer made, and the only thing that can be printed.
#[derive(Debug, Default)]
pub struct Page(String);

impl Page {
    /// Lines made of cleaned text.
    pub(super) fn of(lines: String) -> Self {
        Self(lines)
    }

    /// JSON, which has its own way to write such characters: a reader gets what was there.
    pub(super) fn json(text: String) -> Self {
        // A report on a thousand clients is long, and there is nothing to write out in it.
        if !text.contains(|c| c != '\n' && steers(c)) {
            return Self(text);
        }
        let mut out = String::with_capacity(text.len());
        for c in text.chars() {
            if c == '\n' || !steers(c) {
                out.push(c);
            } else {
                out.extend(c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")));
            }
        }
        Self(out)
    }

    /// What is on it.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// Another page below this one.
    pub fn push(&mut self, below: &Self) {
        self.0.push('\n');
        self.0.push_str(&below.0);
    }
}

/// What a renderer may set: all its text was cleaned, by the one function that makes it.
pub(super) struct Clean<T>(T);

impl<T: Texts> Clean<T> {
    pub(super) fn of(mut what: T) -> Self {
        what.clean();
        Self(what)
    }
}

impl<T> Deref for Clean<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

/// All the text in something. Every field is named, so that a new one cannot be forgotten.
pub(super) trait Texts {
    fn clean(&mut self);
}

impl Texts for String {
    fn clean(&mut self) {
        if let Cow::Owned(cleaned) = clean(self) {
            *self = cleaned;
        }
    }
}

impl<T: Texts> Texts for Option<T> {
    fn clean(&mut self) {
        self.iter_mut().for_each(T::clean);
    }
}

impl<T: Texts> Texts for Vec<T> {
    fn clean(&mut self) {
        self.iter_mut().for_each(T::clean);
    }
}

impl<K: Texts + Ord + Clone, V: Texts> Texts for BTreeMap<K, V> {
    fn clean(&mut self) {
        *self = std::mem::take(self)
            .into_iter()
            .map(|(mut key, mut value)| {
                key.clean();
                value.clean();
                (key, value)
            })
            .collect();
    }
}

/// A look is written as text, and read from it.
impl Texts for FactKey {
    fn clean(&mut self) {
        let text = self.to_string();
        if let Cow::Owned(cleaned) = clean(&text)
            && let Ok(key) = cleaned.parse()
        {
            *self = key;
        }
    }
}

/// Only a key of maps here: it has no text.
impl Texts for Vantage {
    fn clean(&mut self) {}
}

/// The fields that have text; then those that have none.
macro_rules! texts {
    ($type:ident { $($text:ident),* $(; $($plain:ident),*)? }) => {
        impl Texts for $type {
            fn clean(&mut self) {
                let Self { $($text,)* $($($plain: _),*)? } = self;
                $($text.clean();)*
            }
        }
    };
}

pub(super) use texts;

texts!(Addresses { interface; server, client, subnet, public, wireguard_port, redis_port, postgres_port, redis_at, postgres_at, topology, app });
texts!(Host { seat, vantage_by, name, platform, public_key, addresses, slowest; vantage, several_clients, taken_at, rights, took_us });
texts!(Outcome { check, title, seat, host, clients, answer, guide, evidence; category, vantage, essential, rights });
texts!(Diagnosis { code, says, fix, correction, place, marked, alternatives, tell; shell });
texts!(Correction { variable, edit });
texts!(FixScript { seat, host, public_key, seen, mended, left, files, edits, actions, reloads, lasting });
texts!(Told { code, says, say });
texts!(Recreation { owner, steps, how });
texts!(Step { code, says, say, place, run, correction });
texts!(Typed {
    id, name, kept, options, networks, image, replaced, arguments, variables, restart, left_out; is_temporary
});
texts!(Assigned { name, whole; is_line });
texts!(Position { file; line, column });
texts!(Candidate { code, title; on });
texts!(Change { seat, check, code, now });
texts!(Provenance { variable, owner, uses, line, sources, unseen });
texts!(Source { place, value, note; used });
texts!(Fix { say, run, variable, know; on });
texts!(Cause { says, why, alternatives, needs, tell, fix, windows, native, contained, other_app; severity });
texts!(Otherwise { says, fix });
texts!(Program { path, user, file; arguments, timeout });
texts!(Alternative { check, cause; on });
texts!(Need { check; at });
texts!(Check {
    id, title, guide, needs, needs_at, proves, looks, with, later, causes, not_on_windows, clippyfront_only, rule; category, essential
});

impl Texts for Needs {
    fn clean(&mut self) {
        self.iter_mut().for_each(Need::clean);
    }
}

impl Texts for CheckId {
    fn clean(&mut self) {
        self.0.clean();
    }
}

impl Texts for Rule {
    fn clean(&mut self) {
        match self {
            Self::Expect(words) => words.clean(),
            Self::Plugin(program) => program.clean(),
            Self::Judge(_) => {}
        }
    }
}

impl Texts for (FactKey, u64) {
    fn clean(&mut self) {
        self.0.clean();
    }
}

impl Texts for Known<String> {
    fn clean(&mut self) {
        self.value.clean();
    }
}

impl Texts for Answer {
    fn clean(&mut self) {
        match self {
            Self::Holds => {}
            Self::Despite(broken) => broken.clean(),
            Self::Root { diagnosis, explains, open } => {
                diagnosis.clean();
                explains.clean();
                open.clean();
            }
            Self::Warns(diagnosis) | Self::Notes(diagnosis) => diagnosis.clean(),
            Self::Explained { diagnosis, by } => {
                diagnosis.clean();
                by.clean();
            }
            Self::Unseen(why) | Self::NotApplicable(why) => why.clean(),
        }
    }
}

impl Texts for How {
    fn clean(&mut self) {
        match self {
            Self::Docker(typed) => typed.clean(),
            Self::Compose { service, place, command } => [service, place, command].into_iter().for_each(String::clean),
            Self::Host { command, pid: _ } => command.clean(),
        }
    }
}

impl Texts for (String, u32) {
    fn clean(&mut self) {
        self.0.clean();
    }
}

impl Texts for Now {
    fn clean(&mut self) {
        match self {
            Self::Fixed | Self::Still => {}
            Self::Otherwise(what) | Self::Unseen(what) | Self::New(what) => what.clean(),
            Self::Explained(by) => by.clean(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_is_written_out_and_the_rest_stays() {
        assert!(matches!(clean("bind 10.8.0.1 – ümlaut “x”"), Cow::Borrowed(_)));
        let hostile = "a\u{1b}[2Jb\r\n\u{9b}1m\u{7f}\u{202e}\u{2028}\u{feff}\u{200b}";
        let said = r"a\u{1b}[2Jb\r\n\u{9b}1m\u{7f}\u{202e}\u{2028}\u{feff}\u{200b}";
        assert_eq!(clean(hostile), said);
        assert_eq!(clean(said), said, "once is enough");
    }

    #[test]
    fn json_reads_back_as_it_was() {
        let hostile = "\u{1b}\u{9b}\u{7f}\n\u{202e}\u{e0041}ü";
        let page = Page::json(serde_json::to_string_pretty(&[hostile]).expect("JSON"));
        assert!(!page.text().contains(|c| c != '\n' && steers(c)), "{}", page.text());
        assert_eq!(serde_json::from_str::<Vec<String>>(page.text()).expect("JSON"), [hostile]);
    }
}
