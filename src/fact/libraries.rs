//! What the worker's own Python libraries say when they are given the worker's own URLs: the exact client that the app
//! uses, with all that it takes from a URL and from its environment.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::fact::words::words;

/// What became of one URL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LibrarySaid {
    /// It connected and got an answer.
    Connected,
    /// It raised an error; holds the message, without secrets, on one line.
    Refused(String),
    /// It had neither connected nor failed when the time was over.
    Silent,
    /// It was not asked: a variable of libpq's (`PGHOSTADDR`) leads it to this address, whatever host the URL has.
    Led(IpAddr),
}

/// What the system's errors of a connection are in Python's words (`os.strerror`), and what libraries say when one takes too
/// long. Who could connect says other things.
const UNREACHED: [&str; 9] = [
    "Connection refused",
    "Connection timed out",
    "Connection reset by peer",
    "No route to host",
    "Network is unreachable",
    "Operation not permitted",
    "Permission denied",
    "timeout expired",
    "Timeout connecting to server",
];

impl LibrarySaid {
    /// Whether no connection came about.
    pub fn is_unreached(&self) -> bool {
        matches!(self, Self::Refused(message) if UNREACHED.iter().any(|it| message.contains(it)))
    }
}

/// One URL, and the library that was given it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LibraryAnswer {
    /// The variable that holds the URL: `DATABASE_URL`.
    pub variable: String,
    /// The library and its version: `psycopg2 2.9.9`.
    pub library: String,
    /// What it said.
    pub said: LibrarySaid,
}

/// All URLs that a library was found for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Libraries {
    /// By the order of the URLs: database, broker, results, web app.
    pub answers: Vec<LibraryAnswer>,
}

impl Libraries {
    words! {
        /// The one word for it.
        pub fn label(&self) of self.worst() => {
            None => "connected",
            Some(LibrarySaid::Refused(_) | LibrarySaid::Led(_)) => "refused",
            Some(LibrarySaid::Silent | LibrarySaid::Connected) => "silent",
        }
    }

    fn worst(&self) -> Option<&LibrarySaid> {
        self.answers.iter().map(|answer| &answer.said).find(|said| **said != LibrarySaid::Connected)
    }

    /// What was said of a variable's URL.
    pub fn of(&self, variable: &str) -> Option<&LibraryAnswer> {
        self.answers.iter().find(|answer| answer.variable == variable)
    }

    pub(crate) fn summary(&self) -> Vec<String> {
        let words = |answer: &LibraryAnswer| match &answer.said {
            LibrarySaid::Connected => "connected".to_owned(),
            LibrarySaid::Refused(message) => message.clone(),
            LibrarySaid::Silent => "no answer in time".to_owned(),
            LibrarySaid::Led(to) => format!("not asked, since PGHOSTADDR leads it to {to}"),
        };
        // What failed comes first: only the first lines are shown.
        let failed = |answer: &&LibraryAnswer| answer.said != LibrarySaid::Connected;
        let connected = |answer: &&LibraryAnswer| answer.said == LibrarySaid::Connected;
        let all = self.answers.iter().filter(failed).chain(self.answers.iter().filter(connected));
        all.map(|answer| format!("{} with {}: {}", answer.library, answer.variable, words(answer))).collect()
    }
}
