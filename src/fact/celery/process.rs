//! Celery workers among the processes of this machine, as their command lines tell. A command line may hold the broker's
//! URL with its password, and nothing of that is kept.

use serde::{Deserialize, Serialize};

use crate::fact::app::App;
use crate::fact::celery::queues;
use crate::fact::words::words;

/// A worker that runs here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Worker {
    /// Its process.
    pub pid: u32,
    /// For how many seconds it has been running.
    pub age: u64,
    /// The queues that it was told to take from (`-Q`); none where it was not told, which means all that the app
    /// declares.
    pub queues: Option<Vec<String>>,
    /// Its name (`-n`), where it was given one.
    pub name: Option<String>,
    /// The package of its app (`-A shop`), where its folder has no code of ClippyFront's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub foreign: Option<String>,
    /// Its processes that the kernel does not let run, if there are any: its own, or those that do its tasks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub halted: Option<Halted>,
}

/// Processes that do not run, and keep all that they have: memory, files, connections.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Halted {
    /// By what.
    pub by: HaltedBy,
    /// Their numbers.
    pub pids: Vec<u32>,
}

/// What keeps a process from running.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HaltedBy {
    /// A signal: SIGSTOP, SIGTSTP, or a debugger (proc(5), state `T` or `t`).
    Signal,
    /// Its control group is frozen, as by `systemctl freeze` or `docker pause`.
    Freezer,
}

impl Halted {
    /// Their numbers, as `kill` takes them.
    pub fn numbers(&self) -> String {
        self.pids.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    }
}

/// The workers that run here.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Workers {
    /// Each once, without the processes that it forks.
    pub workers: Vec<Worker>,
}

impl Workers {
    words! {
        /// The one word for it.
        pub fn label(&self) of self.workers.as_slice() => {
            [] => "none",
            [..] => "running",
        }
    }

    pub(crate) fn summary(&self) -> Vec<String> {
        if self.workers.is_empty() {
            return vec!["no Celery worker runs here".to_owned()];
        }
        self.workers.iter().map(Worker::words).collect()
    }
}

impl Worker {
    fn words(&self) -> String {
        let queues = self.queues.as_ref().map_or("all queues".to_owned(), |all| format!("-Q {}", all.join(",")));
        let foreign = self.foreign.as_ref().map_or_else(String::new, |package| format!(" of the app `{package}`"));
        let halted = match &self.halted {
            Some(halted) if halted.by == HaltedBy::Signal => format!(", stopped by a signal: {}", halted.numbers()),
            Some(halted) => format!(", frozen: {}", halted.numbers()),
            None => String::new(),
        };
        format!("Celery worker{foreign}, pid {}, {queues}, for {} s{halted}", self.pid, self.age)
    }

    /// Whether it is a worker of the kind that is looked at: it takes from one of the app's queues; of ClippyFront, from
    /// `gpu`.
    pub fn is_for(&self, app: Option<&App>) -> bool {
        match app {
            None => self.takes("gpu"),
            Some(_) => queues(app).into_iter().any(|queue| self.takes(queue)),
        }
    }

    /// The same of another app's: where it was not told, it takes from `celery`, unless its app declares others.
    pub fn takes_by_default(&self, queue: &str) -> bool {
        self.takes(queue) && (self.queues.is_some() || queue == "celery")
    }

    /// Whether it takes from a queue.
    pub fn takes(&self, queue: &str) -> bool {
        self.queues.as_ref().is_none_or(|all| all.iter().any(|it| it == queue))
    }
}
