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
    /// Where it has tried again and again to connect: in how many seconds it does so next.
    pub tries_in: Option<u64>,
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
    /// Whether it had failed to connect again and again, and its next try was still to come or had just begun.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unconnected: bool,
}

impl WorkerLog {
    words! {
        pub(crate) fn label(&self) of (self.said.is_some(), self.discards, self.unconnected) => {
                (false, _, _) => "quiet",
                (true, true, _) => "discards",
                (true, false, true) => "unconnected",
                (true, false, false) => "error",
        }
    }

    pub(crate) fn summary(&self) -> Vec<String> {
        match &self.said {
            Some(said) => vec![said.summary()],
            None => vec!["no error in the worker's log of the last ten minutes".to_owned()],
        }
    }
}
