//! What became of the roots of an earlier report.

use std::str::FromStr;

use serde::Deserialize;

use super::{Answer, Report, SCHEMA};
use crate::check::Check;
use crate::fact::Vantage;

/// What an earlier report said of each check at each vantage.
#[derive(Debug, Clone)]
pub struct Before {
    rows: Vec<Row>,
    hosts: Vec<Host>,
}

/// Who looked.
#[derive(Debug, Clone, Deserialize)]
struct Host {
    #[serde(rename = "vantage")]
    seat: String,
    name: String,
}

impl Host {
    /// `client` of `client 10.8.0.3`.
    fn is(&self, vantage: Vantage) -> bool {
        role(&self.seat) == vantage.word()
    }
}

fn role(seat: &str) -> &str {
    seat.split_once(' ').map_or(seat, |(role, _)| role)
}

/// One of its checks.
#[derive(Debug, Clone, Deserialize)]
struct Row {
    id: String,
    // The names of schema 1 are read as well.
    #[serde(alias = "vantage")]
    seat: String,
    status: String,
    root: bool,
    #[serde(default, alias = "trouble")]
    diagnosis: Option<Code>,
    #[serde(default)]
    explained_by: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
struct Code {
    code: String,
}

impl Before {
    /// The checks that were broken at a vantage by themselves.
    pub fn roots(&self, vantage: Vantage) -> Vec<&str> {
        let rows = self.rows.iter().filter(|row| row.root && role(&row.seat) == vantage.word());
        rows.map(|row| row.id.as_str()).collect()
    }

    /// What to keep in mind, where another machine looked from the same vantage.
    pub fn notes(&self, report: &Report) -> Vec<String> {
        let moved = |host: &Host| {
            let now = report.hosts.iter().find(|now| now.seat == host.seat && now.name != host.name)?;
            // A container has another name whenever it is recreated.
            (!host.is(Vantage::Container)).then(|| {
                format!("the earlier report is from the {} {}, but this one is from {}", host.seat, host.name, now.name)
            })
        };
        self.hosts.iter().filter_map(moved).collect()
    }
}

impl FromStr for Before {
    type Err = String;

    /// Reads what `--format json` printed.
    fn from_str(text: &str) -> Result<Self, String> {
        /// The parts that are needed; the rest may grow.
        #[derive(Deserialize)]
        struct Document {
            tool: String,
            #[serde(default)]
            schema: u32,
            #[serde(default)]
            seats: Vec<Seat>,
            /// Schema 1 had these in place of seats.
            #[serde(default)]
            hosts: Vec<Host>,
            checks: Vec<Row>,
        }
        #[derive(Deserialize)]
        struct Seat {
            id: String,
            host: Name,
        }
        #[derive(Deserialize)]
        struct Name {
            name: String,
        }
        match serde_json::from_str::<Document>(text) {
            Ok(document) if document.tool == "clipcheck" && document.schema > SCHEMA => Err(format!(
                "the report has schema {}, this clipcheck reads up to {SCHEMA}; use the clipcheck that made it, or a newer one",
                document.schema
            )),
            Ok(document) if document.tool == "clipcheck" => {
                let seats = document.seats.into_iter().map(|seat| Host { seat: seat.id, name: seat.host.name });
                Ok(Self { rows: document.checks, hosts: document.hosts.into_iter().chain(seats).collect() })
            }
            Ok(_) => Err("a report from another program".to_owned()),
            Err(error) => Err(format!("neither a report of `--format json` nor a snapshot: {error}")),
        }
    }
}

impl From<&Report> for Before {
    fn from(report: &Report) -> Self {
        let row = |outcome: &super::Outcome| {
            let (diagnosis, explained_by) = match &outcome.answer {
                Answer::Root { diagnosis, .. } | Answer::Warns(diagnosis) => (Some(diagnosis), Vec::new()),
                Answer::Explained { diagnosis, by } => (Some(diagnosis), by.clone()),
                Answer::Notes(_)
                | Answer::Holds
                | Answer::Despite(_)
                | Answer::Unseen(_)
                | Answer::NotApplicable(_) => (None, Vec::new()),
            };
            Row {
                id: outcome.check.clone(),
                seat: outcome.seat.clone(),
                status: outcome.answer.word().to_owned(),
                root: matches!(outcome.answer, Answer::Root { .. }),
                diagnosis: diagnosis.map(|diagnosis| Code { code: diagnosis.code.clone() }),
                explained_by,
            }
        };
        let host = |host: &super::Host| Host { seat: host.seat.clone(), name: host.name.clone() };
        Self { rows: report.outcomes.iter().map(row).collect(), hosts: report.hosts.iter().map(host).collect() }
    }
}

/// What a root of before is now, or what is new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Now {
    /// The check holds.
    Fixed,
    /// The same cause.
    Still,
    /// The same check, another cause: holds its code.
    Otherwise(String),
    /// The same check is broken, and something else explains it now: these.
    Explained(Vec<String>),
    /// It was not seen this time; holds why.
    Unseen(String),
    /// A root that was none before; holds what the check was then.
    New(String),
}

impl Now {
    /// The word in JSON.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Fixed => "fixed",
            Self::Still => "same",
            Self::Otherwise(_) | Self::Explained(_) => "other-cause",
            Self::Unseen(_) => "not-seen",
            Self::New(_) => "new",
        }
    }

    /// The words on the screen.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Fixed => "fixed",
            Self::Still => "still failing",
            Self::Otherwise(_) | Self::Explained(_) => "failing for another reason",
            Self::Unseen(_) => "not seen now",
            Self::New(_) => "new",
        }
    }
}

/// One root of before, or a new one.
#[derive(Debug, Clone)]
pub struct Change {
    /// Where, as the report calls it.
    pub seat: String,
    /// The check.
    pub check: String,
    /// Its cause as it was named then, or, for a new one, as it is now.
    pub code: String,
    /// What became of it.
    pub now: Now,
}

/// The roots of before in their order, then the new ones.
pub fn since(report: &Report, before: &Before, checks: &[Check]) -> Vec<Change> {
    // Who looked then and does not now; what a check read there it may have held by.
    let gone = |check: &str| {
        let reads = checks.iter().find(|it| it.id.0 == check).map(|it| &it.with);
        let missing = |vantage: &Vantage| {
            before.hosts.iter().any(|then| then.is(*vantage)) && report.hosts.iter().all(|now| now.vantage != *vantage)
        };
        reads.and_then(|reads| reads.keys().copied().find(missing))
    };
    let mut changes: Vec<Change> = before
        .rows
        .iter()
        .filter(|row| row.root)
        .map(|row| {
            let code = row.diagnosis.as_ref().map_or_else(|| row.id.clone(), |diagnosis| diagnosis.code.clone());
            Change { seat: row.seat.clone(), check: row.id.clone(), now: now(report, row, &code, gone(&row.id)), code }
        })
        .collect();
    for (outcome, diagnosis) in report.roots() {
        let same = |row: &&Row| row.id == outcome.check && row.seat == outcome.seat;
        let was = match before.rows.iter().find(same) {
            Some(row) if row.root => continue,
            Some(row) if !row.explained_by.is_empty() => {
                format!("it was explained by {} before", row.explained_by.join(", "))
            }
            Some(row) => match row.status.as_str() {
                "ok" | "holds" => "it was OK before".to_owned(),
                "not-seen" | "unseen" => "it was not seen before".to_owned(),
                other => format!("it was \u{201c}{other}\u{201d} before"),
            },
            None => "it was not checked before".to_owned(),
        };
        changes.push(Change {
            seat: outcome.seat.clone(),
            check: outcome.check.clone(),
            code: diagnosis.code.clone(),
            now: Now::New(was),
        });
    }
    changes
}

fn now(report: &Report, row: &Row, code: &str, gone: Option<Vantage>) -> Now {
    let Some(outcome) = report.outcomes.iter().find(|it| it.check == row.id && it.seat == row.seat) else {
        let looked = report.hosts.iter().any(|host| host.seat == row.seat);
        return Now::Unseen(if looked {
            "it was not part of this run".to_owned()
        } else {
            format!("the {} was not checked: run clipcheck there, or add its snapshot", row.seat)
        });
    };
    match &outcome.answer {
        Answer::Holds | Answer::Despite(_) | Answer::Notes(_) | Answer::NotApplicable(_) if gone.is_some() => {
            let there = gone.map_or("other end", Vantage::word);
            Now::Unseen(format!("it was judged together with the {there} before: add its snapshot (`--with FILE`)"))
        }
        Answer::Holds | Answer::Despite(_) | Answer::Notes(_) => Now::Fixed,
        Answer::NotApplicable(why) => Now::Unseen(format!("it does not apply now: {why}")),
        Answer::Root { diagnosis, .. } | Answer::Warns(diagnosis) if diagnosis.code == code => Now::Still,
        Answer::Root { diagnosis, .. } | Answer::Warns(diagnosis) => Now::Otherwise(diagnosis.code.clone()),
        Answer::Explained { by, .. } => Now::Explained(by.clone()),
        Answer::Unseen(why) => Now::Unseen(why.clone()),
    }
}
