//! What a judge says.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use crate::case::Seat;
use crate::fact::Unseen;

/// What a judge found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The claim holds.
    Holds,
    /// It does not, and this is the cause.
    Broken(Finding),
    /// There is nothing here to judge; holds why.
    NotApplicable(Cow<'static, str>),
}

/// A cause by name, and the words that fill its sentences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The name of a `[cause.…]` of the check.
    pub cause: &'static str,
    /// Values for `{name}` in `says` and `fix`.
    pub words: BTreeMap<&'static str, String>,
    /// The file and line at fault, as `/etc/…:12` or `/etc/…:12:5`.
    pub place: Option<String>,
    /// It works as long as nobody restarts it: a warning, whatever the cause is otherwise.
    pub later: bool,
}

/// A verdict, or why there is none.
pub type Judged = Result<Verdict, Unseen>;

/// A pure function from a seat to a verdict.
pub type Judge = fn(&Seat<'_>) -> Judged;

/// The claim holds.
pub fn holds() -> Verdict {
    Verdict::Holds
}

/// The claim is broken by this cause.
pub fn broken(cause: &'static str) -> Finding {
    Finding { cause, words: BTreeMap::new(), place: None, later: false }
}

/// There is nothing here to judge.
pub fn not_applicable(why: &'static str) -> Verdict {
    Verdict::NotApplicable(why.into())
}

impl Finding {
    /// Fills `{name}` with a value.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.words.insert(name, value.to_string());
        self
    }

    /// Names the file and line at fault; also fills `{place}`.
    #[must_use]
    pub fn at(mut self, path: &str, line: u32) -> Self {
        let place = format!("{path}:{line}");
        self.words.insert("place", place.clone());
        self.words.insert("file", path.to_owned());
        self.words.insert("line", line.to_string());
        self.place = Some(place);
        self
    }

    /// Names the file, the line and the column at fault.
    #[must_use]
    pub fn at_column(self, path: &str, line: u32, column: u32) -> Self {
        let mut found = self.at(path, line);
        let place = format!("{path}:{line}:{column}");
        found.words.insert("place", place.clone());
        found.place = Some(place);
        found
    }

    /// It works as long as nobody restarts it.
    #[must_use]
    pub fn for_later(mut self) -> Self {
        self.later = true;
        self
    }
}

impl From<Finding> for Verdict {
    fn from(finding: Finding) -> Self {
        Self::Broken(finding)
    }
}
