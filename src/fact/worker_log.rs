//! What the log of a worker that runs says went wrong.

use serde::{Deserialize, Serialize};

use super::service::quote::Quote;
use crate::fact::words::words;

/// An error in a worker's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reported {
    /// What it says, without secrets, on one line.
    pub text: String,
    /// Whether Celery says that it threw a task away.
    pub discards: bool,
}

/// The last minutes of the log.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct WorkerLog {
    /// The last error, if there is one that still holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<Quote>,
    /// Whether Celery says that it threw a task away.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub discards: bool,
}

impl WorkerLog {
    words! {
        pub(crate) fn label(&self) of (self.said.is_some(), self.discards) => {
                (false, _) => "quiet",
                (true, false) => "error",
                (true, true) => "discards",
        }
    }

    pub(crate) fn summary(&self) -> Vec<String> {
        match &self.said {
            Some(said) => vec![said.summary()],
            None => vec!["no error in the worker's log of the last ten minutes".to_owned()],
        }
    }
}
