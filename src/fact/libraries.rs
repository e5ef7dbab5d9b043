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

/// What a connection that did not come about is called by the system (strerror(3)).
const UNREACHED: [&str; 6] = [
    "Connection refused",
    "Connection timed out",
    "No route to host",
    "Network is unreachable",
    "Operation not permitted",
    "Permission denied",
];

impl LibrarySaid {
    /// Whether it is PostgreSQL's word that it starts up, shuts down or recovers (57P03, in English).
    pub fn is_starting_up(&self) -> bool {
        matches!(self, Self::Refused(message) if message.contains("the database system is "))
    }

    /// Whether no connection came about.
    pub fn is_unreached(&self) -> bool {
        let Self::Refused(message) = self else { return false };
        // redis-py: `Error 111 connecting to HOST:PORT. Connection refused.`; libpq: `connection to server at "HOST", port
        // PORT failed: Connection refused`. Other errors have the same words of files, or of a connection that was open.
        let by_redis = message.contains(" connecting to ") && UNREACHED.iter().any(|it| message.contains(it));
        let by_libpq =
            UNREACHED.iter().chain(&["timeout expired"]).any(|it| message.contains(&format!(" failed: {it}")));
        by_redis || by_libpq || message.contains("Timeout connecting to server")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_connection_that_did_not_come_about_is_unreached() {
        let unreached = |message: &str| LibrarySaid::Refused(message.to_owned()).is_unreached();
        for message in [
            "ConnectionError: Error 111 connecting to 10.8.0.1:6379. Connection refused.",
            "TimeoutError: Timeout connecting to server",
            "OperationalError: connection to server at \"10.8.0.1\", port 5432 failed: timeout expired",
        ] {
            assert!(unreached(message), "{message}");
        }
        for message in [
            "ConnectionError: Error -2 connecting to redis:6379. Name or service not known.",
            "ConnectionError: Error while reading from 10.8.0.1:6379 : (104, 'Connection reset by peer')",
            "OperationalError: connection to server at \"10.8.0.1\", port 5432 failed: could not open certificate file \"/c\": Permission denied",
        ] {
            assert!(!unreached(message), "{message}");
        }
    }
}
