//! Celery workers among the processes of this machine, as their command lines tell. A command line may hold the broker's
//! URL with its password, and nothing of that is kept.

use serde::{Deserialize, Serialize};

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
        format!("Celery worker, pid {}, {queues}, for {} s", self.pid, self.age)
    }

    /// Whether it takes from a queue.
    pub fn takes(&self, queue: &str) -> bool {
        self.queues.as_ref().is_none_or(|all| all.iter().any(|it| it == queue))
    }
}

/// What a command line tells of a worker: its queues and its name. None if it is no worker's.
pub fn told(arguments: &[&str]) -> Option<(Option<Vec<String>>, Option<String>)> {
    let celery = arguments.iter().take(3).any(|it| it.rsplit('/').next() == Some("celery"));
    if !celery || !arguments.contains(&"worker") {
        return None;
    }
    // Click takes `-Q a,b`, `-Qa,b`, `--queues a,b` and `--queues=a,b`; of several the last counts.
    let option = |short: &str, long: &str| {
        let mut found = None;
        for (index, argument) in arguments.iter().enumerate() {
            let value = if *argument == short || *argument == long {
                arguments.get(index + 1).copied()
            } else if let Some(rest) = argument.strip_prefix(long) {
                rest.strip_prefix('=')
            } else {
                argument.strip_prefix(short).filter(|rest| !rest.is_empty())
            };
            found = value.or(found);
        }
        found
    };
    let plain =
        |text: &str| text.len() <= 64 && text.chars().all(|c| c.is_ascii_alphanumeric() || "_.-@%$".contains(c));
    let queues = option("-Q", "--queues").map(|all| {
        all.split(',').map(str::trim).filter(|it| !it.is_empty() && plain(it)).map(str::to_owned).collect::<Vec<_>>()
    });
    let name = option("-n", "--hostname").filter(|name| plain(name)).map(str::to_owned);
    Some((queues.filter(|all| !all.is_empty()), name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_lines_are_read() {
        let words = |line: &'static str| line.split(' ').collect::<Vec<_>>();
        let (queues, name) = told(&words(
            "/usr/bin/python3 /usr/local/bin/celery --broker=redis://:pw@10.8.0.1/0 -A app worker -Q gpu,celery -n a@%h",
        ))
        .expect("a worker");
        assert_eq!(queues.as_deref(), Some(&["gpu".to_owned(), "celery".to_owned()][..]));
        assert_eq!(name.as_deref(), Some("a@%h"));
        for (line, queues) in [
            ("celery worker -Qgpu", Some(vec!["gpu".to_owned()])),
            ("python3 -m celery -A app worker --queues=cpu -c 1", Some(vec!["cpu".to_owned()])),
            ("celery -A app worker --queues gpu", Some(vec!["gpu".to_owned()])),
            ("celery -A app worker", None),
        ] {
            assert_eq!(told(&words(line)).expect(line).0, queues, "{line}");
        }
        for line in ["celery -A app beat", "celery -A app inspect ping", "python3 worker.py", "vi celery.py"] {
            assert!(told(&words(line)).is_none(), "{line}");
        }
    }
}
