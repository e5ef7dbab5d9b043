//! Celery as it is seen in Redis: who waits for tasks in which database, what waits for whom, and whose heart beats.
//!
//! Everything is read as kombu's Redis transport writes it: a queue is a list of its name, a consumer is a client in
//! `BRPOP`, what was delivered and not yet acknowledged is the hash `unacked`, a heartbeat is a message on the channel
//! `/DATABASE.celeryev/worker.heartbeat` every two seconds (kombu/transport/redis.py, celery/worker/heartbeat.py).

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::app::App;
use super::dial::Endpoint;

pub mod process;

/// The queues that ClippyFront declares (app/tasks/celery_app.py).
const QUEUES: [&str; 3] = ["gpu", "cpu", "celery"];

/// The queues of an app: without one, ClippyFront's.
pub fn queues(app: Option<&App>) -> Vec<&str> {
    app.map_or_else(|| QUEUES.to_vec(), |app| app.queues.iter().map(String::as_str).collect())
}

/// A client that waits for tasks, or did so last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consumer {
    /// Where it comes from, as Redis sees it.
    pub from: IpAddr,
    /// The database that it has selected.
    pub database: u32,
    /// Whether it waits in `BRPOP` this moment: then every queue that it takes from is empty.
    pub waits: bool,
    /// For how many seconds nothing came from that address, on any of its connections. A worker says something every
    /// two seconds.
    pub quiet: u64,
}

/// What Redis held at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Sample {
    /// Tasks that wait, by queue, all priorities together; a queue without tasks is not in it.
    pub waiting: BTreeMap<String, u64>,
    /// Delivered and not acknowledged.
    pub unacked: u64,
    /// For how many seconds the first of those has been with its worker (`unacked_index`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<u64>,
    /// Who takes tasks, in any database; none where the URL's user may not list the clients.
    pub consumers: Option<Vec<Consumer>>,
    /// For how many seconds the newest of the workers has been connected, as far as the clients could be listed.
    #[serde(default)]
    pub joined: Option<u64>,
    /// For how many seconds Redis has let a client wait with a command that never waits by itself: it holds its writes
    /// back (`CLIENT PAUSE`).
    #[serde(default)]
    pub held_back: Option<u64>,
}

/// One worker, as its heartbeat tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beat {
    /// Its name: `celery@4f2c…`.
    pub name: String,
    /// Its process, in its own container.
    pub pid: u32,
    /// Celery's version.
    pub version: String,
    /// Tasks that it works on.
    pub active: u32,
}

/// The task that waits longest in a queue. Its arguments are not read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Oldest {
    /// The task's name.
    pub task: String,
    /// Who sent it: `gen12@web`.
    pub origin: String,
}

/// What Celery keeps in Redis.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Celery {
    /// Who was asked.
    pub endpoint: Endpoint,
    /// The database that the URL names.
    pub database: u32,
    /// One moment, or some more with a short time between where the first left something open.
    pub samples: Vec<Sample>,
    /// The oldest waiting task of each queue.
    pub oldest: BTreeMap<String, Oldest>,
    /// Queues whose oldest or newest entry is no message of Celery's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub strange: Vec<String>,
    /// Whose heartbeat was heard in that database; none where nobody listened, or the URL's user may not.
    pub beats: Option<Vec<Beat>>,
    /// For how many seconds Redis has been running.
    pub uptime: u64,
    /// What has one of Celery's names and is of another type; then nothing more could be seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub foreign: Option<Foreign>,
    /// Queues with something before their names (kombu's `global_keyprefix`), as far as the first 10,000 keys show.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prefixed: Vec<Prefixed>,
}

/// Celery's keys under a `global_keyprefix` (kombu/transport/redis.py).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prefixed {
    /// What stands before each name.
    pub prefix: String,
    /// Tasks that wait in the app's queues there.
    pub waiting: u64,
    /// The task that waits longest there, where one waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// Whether a worker has been there: it binds a mailbox of its own (`celery.pidbox`), and senders do not.
    pub listens: bool,
}

/// A value that has the name of a queue, or of what Celery keeps beside the queues, and is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Foreign {
    /// The key.
    pub queue: String,
    /// What Redis' `TYPE` says of it: `string`, `hash`.
    pub kind: String,
    /// What it would be if it were Celery's (kombu/transport/redis.py).
    #[serde(default = "list", skip_serializing_if = "is_list")]
    pub wanted: String,
}

fn list() -> String {
    "list".to_owned()
}

fn is_list(wanted: &str) -> bool {
    wanted == "list"
}

/// After so many seconds without a word a worker is gone: it would have beaten four times.
pub const SILENT: u64 = 9;

/// A switch to another server holds writes back for less than that.
const MOMENT: u64 = 2;

impl Celery {
    /// The last moment.
    pub fn now(&self) -> Option<&Sample> {
        self.samples.last()
    }

    /// For how many seconds Redis has been holding writes back, if it does so longer than for a moment.
    pub fn held_back(&self) -> Option<u64> {
        self.now()?.held_back.filter(|seconds| *seconds >= MOMENT)
    }

    /// Everyone who takes tasks from the URL's database and is alive; none where the clients could not be listed.
    ///
    /// Who took tasks and now neither waits for more nor holds any takes none: the connection is left over.
    pub fn alive(&self) -> Option<Vec<&Consumer>> {
        let now = self.now()?;
        let all = now.consumers.as_ref()?;
        let waited = |it: &Consumer| {
            let mut before = self.samples.iter().filter_map(|sample| sample.consumers.as_ref()).flatten();
            before.any(|other| other.waits && other.from == it.from && other.database == it.database)
        };
        let takes =
            |it: &&Consumer| it.database == self.database && it.quiet < SILENT && (waited(it) || now.unacked > 0);
        Some(all.iter().filter(takes).collect())
    }

    /// The moments in which everyone who takes tasks stood idle. A worker with its hands full does not wait in `BRPOP`, and
    /// an idle one, that asks again every second, does so nearly always.
    pub fn idle(&self) -> impl Iterator<Item = &Sample> {
        self.samples.iter().filter(|sample| self.all_here(sample, |it| it.waits))
    }

    /// Whether there were some at a moment who take tasks from the URL's database, and all of them were so.
    fn all_here(&self, sample: &Sample, so: impl Fn(&Consumer) -> bool) -> bool {
        let all = sample.consumers.iter().flatten();
        let mut here = all.filter(|it| it.database == self.database && it.quiet < SILENT).peekable();
        here.peek().is_some() && here.all(so)
    }

    /// Tasks that wait, and did a moment before, while nobody of those who take tasks waited for one: all have their hands
    /// full. With for how long the first of the tasks that they hold has been theirs.
    pub fn behind(&self) -> Option<(u64, Option<u64>)> {
        let busy = |sample: &Sample| sample.unacked > 0 && self.all_here(sample, |it| !it.waits);
        let waiting = |sample: &Sample| sample.waiting.values().sum::<u64>();
        let all = self.samples.len() > 1 && self.samples.iter().all(|sample| busy(sample) && waiting(sample) > 0);
        all.then(|| self.now().map(|now| (waiting(now), now.held)))?
    }

    /// Tasks that wait in a queue and waited a moment before, while everyone who takes tasks stood idle: nobody of them
    /// takes from that queue.
    pub fn left(&self, queue: &str) -> Option<u64> {
        let counts: Vec<u64> = self.idle().map(|sample| sample.waiting.get(queue).copied()).collect::<Option<_>>()?;
        let steady = counts.len() > 1 && counts.windows(2).all(|pair| pair[1] >= pair[0]);
        steady.then(|| counts.last().copied())?
    }

    pub(crate) fn summary(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let at = format!("Redis {}/{}", self.endpoint, self.database);
        lines.extend(self.foreign.as_ref().map(|it| format!("{at}: TYPE {} is {}", it.queue, it.kind)));
        if let Some(now) = self.now() {
            let waiting: Vec<String> = now.waiting.iter().map(|(queue, count)| format!("{queue} {count}")).collect();
            let waiting = if waiting.is_empty() { "nothing".to_owned() } else { waiting.join(", ") };
            let held = now.held.map_or_else(String::new, |age| format!(", the first of them taken {age} s ago"));
            lines.push(format!("{at}: waiting {waiting}; unacknowledged {}{held}", now.unacked));
            lines.extend(now.held_back.map(|it| format!("{at}: a client has been waiting {it} s to write")));
            match &now.consumers {
                None => lines.push(format!("{at}: the URL's user has no permission to list the clients")),
                Some(all) if all.is_empty() => lines.push(format!("{at}: no client waits for tasks in any database")),
                Some(all) => lines.extend(all.iter().map(Consumer::words)),
            }
        }
        lines.extend(self.strange.iter().map(|queue| format!("{at}: {queue} has entries that are no tasks")));
        for (queue, oldest) in &self.oldest {
            lines.push(format!("oldest in {queue}: {} from {}", oldest.task, oldest.origin));
        }
        match &self.beats {
            None => {}
            Some(beats) if beats.is_empty() => lines.push(format!("no heartbeat in database {}", self.database)),
            Some(beats) => lines.extend(beats.iter().map(|it| {
                format!("heartbeat of {}, pid {}, Celery {}, active {}", it.name, it.pid, it.version, it.active)
            })),
        }
        lines
    }
}

impl Consumer {
    fn words(&self) -> String {
        let doing = if self.waits { "waits for tasks" } else { "takes tasks, but is not waiting for one now" };
        format!(
            "a worker from {} in database {}: {doing}, last heard from {} s ago",
            self.from, self.database, self.quiet
        )
    }
}
