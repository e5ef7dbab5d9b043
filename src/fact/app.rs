//! The application whose worker is looked at, by the names that its profile gives. Where there is none of these it is
//! ClippyFront, the built-in one, whose code is known too: its defaults, its versions, its interface for workers.

use serde::{Deserialize, Serialize};

/// Another Celery application than ClippyFront.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct App {
    /// What people call it.
    pub name: String,
    /// The file that says all this, where it was read on this very machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// The variable with the broker's URL.
    pub broker: String,
    /// The variable with the result backend's URL; none where the app keeps no results.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub results: Option<String>,
    /// The variable with the database's URL; none where the worker goes to no database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    /// The database's name in PostgreSQL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database_name: Option<String>,
    /// The queues that the worker is for.
    pub queues: Vec<String>,
    /// The systemd unit that runs the worker, where it runs without Docker.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// The files of variables that the worker's own code reads, the stronger first; none where that was not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub env_files: Option<Vec<String>>,
}

impl App {
    /// The variables that hold its URLs, in the order in which they are shown.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        [self.database.as_deref(), Some(self.broker.as_str()), self.results.as_deref()].into_iter().flatten()
    }

    /// What it calls a variable that Celery's command sets by an option.
    pub fn own_name<'a>(&'a self, celerys: &'a str) -> Option<&'a str> {
        match celerys {
            BROKER => Some(&self.broker),
            RESULTS => self.results.as_deref(),
            _ => Some(celerys),
        }
    }
}

/// What Celery itself calls the broker's variable, and ClippyFront too.
pub const BROKER: &str = "CELERY_BROKER_URL";

/// The same of the result backend's.
pub const RESULTS: &str = "CELERY_RESULT_BACKEND";

/// ClippyFront's variable of the database.
pub const DATABASE: &str = "DATABASE_URL";
