//! The exit codes, the same for every output format.

use std::process::ExitCode;

use crate::cli::FailOn;
use crate::report::Counts;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Nothing is broken (warnings allowed unless `--fail-on warn`).
    Fine,
    /// Something is broken.
    Broken,
    /// The run could not be done: usage, configuration, an unknown check, a snapshot that cannot be read.
    Undone,
    /// Nothing is broken, but an essential check of this vantage could not be seen (or, with `--fail-on
    /// unseen`, any).
    Unseen,
}

impl Exit {
    /// Judges the counts of a report.
    pub fn of(counts: Counts, essential_unseen: bool, fail_on: &[FailOn]) -> Self {
        let warned = counts.warns > 0 && fail_on.contains(&FailOn::Warn);
        let blind = essential_unseen || (counts.unseen > 0 && fail_on.contains(&FailOn::Unseen));
        if counts.roots > 0 || warned {
            Self::Broken
        } else if blind {
            Self::Unseen
        } else {
            Self::Fine
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
