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
    /// The words at fault; empty where something is missing, or where the line may hold a secret.
    pub words: String,
    /// What stands after them.
    pub after: String,
}

/// The keys of check files whose values are shown. A plug-in's arguments are none of them; and what stands in a file of
/// variables that came into the folder is not a check's.
const SHOWN: [&str; 38] = [
    "title",
    "guide",
    "needs",
    "needs_at",
    "proves",
    "looks",
    "with",
    "essential",
    "expect",
    "later",
    "not_on_windows",
    "clippyfront_only",
    "cause",
    "at",
    "program",
    "timeout",
    "severity",
    "says",
    "why",
    "alternatives",
    "tell",
    "fix",
    "on",
    "say",
    "run",
    "know",
    "variable",
    "windows",
    "native",
    "contained",
    "other_app",
    "server",
    "client",
    "container",
    "outside",
    "warning",
    "critical",
    "unexpected",
];

/// What is not to be repeated of a check file.
const ARGUMENTS: &str = "arguments";

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
        let spot = Self { line, column, before: before.to_owned(), words: words.to_owned(), after: after.to_owned() };
        spot.without_secrets(text, range.start)
    }

    /// Without values that may be secret: those of keys that no check file has, and a plug-in's arguments.
    fn without_secrets(self, text: &str, at: usize) -> Self {
        let Some((key_line, here)) = key_line(text, at) else { return self };
        let key = key_line.split('=').next().unwrap_or_default();
        let name = key.rsplit('.').next().unwrap_or_default().trim();
        let is_head = key_line.starts_with('[') && here;
        if is_head || (SHOWN.contains(&name) && !key_line.contains(ARGUMENTS)) {
            return self;
        }
        // The key itself is told.
        if here && !self.before.contains('=') && !self.words.contains('=') {
            let ahead = self.after.split_once('=').map_or("", |(ahead, _)| ahead);
            return Self { after: format!("{ahead}= …"), ..self };
        }
        Self { before: String::new(), words: String::new(), after: String::new(), ..self }
    }
}

/// Whether a place is in a plug-in's arguments, also where the file cannot be read whole.
pub(super) fn in_arguments(text: &str, at: usize) -> bool {
    key_line(text, at).is_some_and(|(line, here)| {
        let before = text.get(..at).and_then(|ahead| ahead.rsplit('\n').next()).unwrap_or_default();
        line.contains(ARGUMENTS) && (!here || before.contains('='))
    })
}

/// The line of the key to which a place belongs, or the head of its table; and whether the place is in that line.
fn key_line(text: &str, at: usize) -> Option<(&str, bool)> {
    let end = text.get(at..).and_then(|rest| rest.find('\n')).map_or(text.len(), |length| at + length);
    // An item of a list begins with a quotation mark.
    let is_key = |line: &str| line.trim_start_matches('[').starts_with(|c: char| c.is_alphanumeric() || c == '_');
    let mut lines = text.get(..end).unwrap_or(text).lines().rev().map(str::trim).enumerate();
    lines.find(|(_, line)| is_key(line)).map(|(above, line)| (line, above == 0))
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
        let shown = |text: &str, at: &str| {
            let start = text.find(at).expect("there");
            let spot = Spot::of(text, start..start + at.len());
            (spot.line, format!("{}[{}]{}", spot.before, spot.words, spot.after))
        };
        let plugin = "[plugin]\nprogram = 'x'\narguments = [\n'a',\n'hunter2',\n]\ntimeout = 1\n";
        assert_eq!(shown(plugin, "'hunter2'"), (5, "[]".to_owned()));
        assert_eq!(shown(plugin, "program"), (2, "[program] = 'x'".to_owned()));
        assert_eq!(shown(plugin, "[plugin]"), (1, "[[plugin]]".to_owned()));
        assert!(in_arguments(plugin, plugin.find("hunter2").expect("there")));
        assert!(!in_arguments(plugin, plugin.find("timeout").expect("there")));
        let foreign = "SECRET_KEY = 'hunter2'\nexport TOKEN=hunter2\n";
        assert_eq!(shown(foreign, "SECRET_KEY"), (1, "[SECRET_KEY] = …".to_owned()));
        assert_eq!(shown(foreign, "hunter2\n"), (2, "[]".to_owned()));
        let beyond = Spot::of(text, 999..1000);
        assert_eq!((beyond.line, beyond.words.as_str()), (4, ""));
    }
}
