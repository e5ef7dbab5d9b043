//! How many of each answer a report has.

use super::{Answer, Outcome};

/// How many of each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the answers of `Answer`")]
pub struct Counts {
    pub holds: usize,
    pub roots: usize,
    pub explained: usize,
    pub warns: usize,
    pub notes: usize,
    pub unseen: usize,
    pub not_applicable: usize,
}

impl Counts {
    /// Of these answers.
    pub fn of<'a>(outcomes: impl IntoIterator<Item = &'a Outcome>) -> Self {
        let mut counts = Self::default();
        for outcome in outcomes {
            let count = match &outcome.answer {
                Answer::Holds | Answer::Despite(_) => &mut counts.holds,
                Answer::Root { .. } => &mut counts.roots,
                Answer::Explained { .. } => &mut counts.explained,
                Answer::Warns(_) => &mut counts.warns,
                Answer::Notes(_) => &mut counts.notes,
                Answer::Unseen(_) => &mut counts.unseen,
                Answer::NotApplicable(_) => &mut counts.not_applicable,
            };
            *count += 1;
        }
        counts
    }
}
