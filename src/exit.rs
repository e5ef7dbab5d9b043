//! The exit codes, the same for every output format.

use std::process::ExitCode;

use crate::cli::FailOn;
use crate::report::{Answer, Counts, Outcome};

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Nothing failed (warnings allowed unless `--fail-on warning`).
    Fine,
    /// Something failed.
    Broken,
    /// The run could not be done: usage, configuration, an unknown check, a snapshot that cannot be read.
    Undone,
    /// Nothing failed, but an essential check of this vantage could not be seen (or, with `--fail-on not-seen`, any).
    Unseen,
}

impl Exit {
    /// Judges the counts of a report.
    pub fn of(counts: Counts, essential_unseen: bool, fail_on: &[FailOn]) -> Self {
        let warned = counts.warns > 0 && fail_on.contains(&FailOn::Warning);
        let blind = essential_unseen || (counts.unseen > 0 && fail_on.contains(&FailOn::NotSeen));
        if counts.roots > 0 || warned {
            Self::Broken
        } else if blind {
            Self::Unseen
        } else {
            Self::Fine
        }
    }

    /// Whether an outcome is one of those because of which a run ends as it does.
    pub fn is_because_of(outcome: &Outcome, fail_on: &[FailOn]) -> bool {
        match &outcome.answer {
            Answer::Root { .. } | Answer::Explained { .. } => true,
            Answer::Warns(_) => fail_on.contains(&FailOn::Warning),
            Answer::Unseen(_) => outcome.essential || fail_on.contains(&FailOn::NotSeen),
            Answer::Holds | Answer::Despite(_) | Answer::Notes(_) | Answer::NotApplicable(_) => false,
        }
    }

    /// The number.
    pub fn number(self) -> u8 {
        match self {
            Self::Fine => 0,
            Self::Broken => 1,
            Self::Undone => 2,
            Self::Unseen => 3,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.number())
    }
}
