//! What a judge says.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use crate::case::Seat;
use crate::fact::Unseen;

/// What a judge found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict<C = &'static str> {
    /// The claim holds.
    Holds,
    /// It does not, and this is the cause.
    Broken(Finding<C>),
    /// There is nothing here to judge; holds why.
    NotApplicable(Cow<'static, str>),
}

/// A line of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// The file.
    pub file: String,
    /// From 1.
    pub line: u32,
    /// From 1; none where the whole line is meant.
    pub column: Option<u32>,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)?;
        self.column.map_or(Ok(()), |column| write!(f, ":{column}"))
    }
}

/// A cause, and the words that fill its sentences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding<C = &'static str> {
    /// One `[cause.…]` of the check: in a judge by its type, elsewhere by its name.
    pub cause: C,
    /// Values for `{name}` in `says` and `fix`.
    pub words: BTreeMap<&'static str, String>,
    /// The line at fault.
    pub place: Option<Position>,
    /// What is wrong in that line, as it stands there; none where that is not one word.
    pub marked: Option<String>,
    /// It works as long as nobody restarts it: a warning, whatever the cause is otherwise.
    pub later: bool,
}

/// A verdict, or why there is none.
pub type Judged<C = &'static str> = Result<Verdict<C>, Unseen>;

/// A pure function from a seat to a verdict.
pub type Judge = fn(&Seat<'_>) -> Judged;

/// The claim holds.
pub fn holds<C>() -> Verdict<C> {
    Verdict::Holds
}

/// The claim is broken by this cause.
pub fn broken<C>(cause: C) -> Finding<C> {
    Finding { cause, words: BTreeMap::new(), place: None, marked: None, later: false }
}

/// There is nothing here to judge.
pub fn not_applicable<C>(why: &'static str) -> Verdict<C> {
    Verdict::NotApplicable(why.into())
}

impl<C> Verdict<C> {
    /// The same by another name or type of its cause.
    pub fn map<D>(self, cause: impl FnOnce(C) -> D) -> Verdict<D> {
        match self {
            Self::Holds => Verdict::Holds,
            Self::Broken(finding) => Verdict::Broken(finding.map(cause)),
            Self::NotApplicable(why) => Verdict::NotApplicable(why),
        }
    }
}

impl<C> Finding<C> {
    /// The same by another name or type of its cause.
    pub fn map<D>(self, cause: impl FnOnce(C) -> D) -> Finding<D> {
        Finding {
            cause: cause(self.cause),
            words: self.words,
            place: self.place,
            marked: self.marked,
            later: self.later,
        }
    }

    /// Fills `{name}` with a value.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.words.insert(name, value.to_string());
        self
    }

    /// Says what is wrong in the line at fault, as it stands there: it is marked where the line is shown.
    #[must_use]
    pub fn marks(mut self, words: impl fmt::Display) -> Self {
        self.marked = Some(words.to_string());
        self
    }

    /// Names the file and line at fault; also fills `{place}`.
    #[must_use]
    pub fn at(self, file: &str, line: u32) -> Self {
        self.at_position(Position { file: file.to_owned(), line, column: None })
    }

    fn at_position(mut self, place: Position) -> Self {
        self.words.insert("place", place.to_string());
        self.words.insert("file", place.file.clone());
        self.words.insert("line", place.line.to_string());
        self.place = Some(place);
        self
    }

    /// Names the file, the line and the column at fault.
    #[must_use]
    pub fn at_column(self, file: &str, line: u32, column: u32) -> Self {
        self.at_position(Position { file: file.to_owned(), line, column: Some(column) })
    }

    /// It works as long as nobody restarts it.
    #[must_use]
    pub fn for_later(mut self) -> Self {
        self.later = true;
        self
    }
}

impl<C> From<Finding<C>> for Verdict<C> {
    fn from(finding: Finding<C>) -> Self {
        Self::Broken(finding)
    }
}
