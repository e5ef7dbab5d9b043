//! The worker's containers as Docker knows them: which there are, how they do, and what they were made of.

use crate::fact::disk::ShutFolder;
use serde::{Deserialize, Serialize};

use crate::fact::words::words;
use words::LastWords;

pub mod recipe;
pub mod words;

/// The containers on this machine that are workers, the one that is looked at first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Docker {
    /// All of them.
    pub workers: Vec<Worker>,
    /// That the file system of Docker's data takes no data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk: Option<ShutFolder>,
}

/// A container's state in Docker's own words.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    strum::IntoStaticStr,
    strum::EnumString,
    strum::VariantNames,
)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "Docker's own words")]
#[strum(serialize_all = "kebab-case")]
pub enum State {
    Running,
    Restarting,
    Exited,
    Created,
    Paused,
    Dead,
    Removing,
}

impl State {
    words! {
        pub(crate) fn label(self) by name => self
    }

    /// From Docker's word.
    pub fn read(word: &str) -> Option<Self> {
        word.parse().ok()
    }
}

/// With these restart policies Docker starts a container when it starts itself (docker-run(1), `--restart`).
pub const STARTED: [&str; 2] = ["always", "unless-stopped"];

/// One worker's container.
#[expect(clippy::struct_excessive_bools, reason = "each is an answer of its own")]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Worker {
    /// Its name.
    pub name: String,
    /// The host name inside, by which a snapshot from inside is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hostname: Option<String>,
    /// Its state.
    pub state: State,
    /// The exit code of the last run.
    pub exit_code: i64,
    /// Whether the kernel ended the last run for want of memory.
    pub out_of_memory: bool,
    /// Whether Docker itself could not start it.
    pub failed_to_start: bool,
    /// How often Docker started it again by itself.
    pub restarts: u32,
    /// When it was made, in seconds since the epoch.
    pub created_at: u64,
    /// When it was last started; 0 if never.
    pub started_at: u64,
    /// Its image by name.
    pub image: String,
    /// Whether the image of that name is another one by now; none where the name is gone.
    pub image_replaced: Option<bool>,
    /// The first characters of its image's id.
    pub image_id: String,
    /// The networks it is in.
    pub networks: Vec<String>,
    /// Those of them that lead nowhere else (`docker network create --internal`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub internal: Vec<String>,
    /// Whose network it has, where Docker tells and it is not its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub borrows: Option<Borrowed>,
    /// When Docker starts it by itself (`RestartPolicy`): `no`, `on-failure`, `unless-stopped`, `always`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restart: Option<String>,
    /// Whether Docker removes it when it stops (`docker run --rm`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub temporary: bool,
    /// A file of this machine with a command of Docker's that may start it, where Docker itself does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_by: Option<String>,
    /// Whether the boot comes to that command.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub at_boot: bool,
    /// The ports it publishes.
    pub published: Vec<String>,
    /// Which of Celery's programs its command runs, where it is a known one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
    /// How its log ends, where it does not run.
    pub last_words: Option<LastWords>,
    /// The last line of its log that reports an error, where it does not run and no known sentence is its last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<String>,
}

/// Another container, whose network a worker has (`--network container:NAME`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Borrowed {
    /// Its name, or the beginning of its id where it is gone.
    pub name: String,
    /// Its state; none where it is gone.
    pub state: Option<State>,
    /// When it was last started, in seconds since the epoch.
    pub started_at: u64,
}

impl Docker {
    /// Every word that it can bring: a container's, or that there is none.
    pub const WORDS: &[&str] = &{
        let mut all = ["none"; State::WORDS.len() + 1];
        let mut at = 0;
        while at < State::WORDS.len() {
            all[at] = State::WORDS[at];
            at += 1;
        }
        all
    };

    pub(crate) fn label(&self) -> &'static str {
        self.workers.first().map_or("none", |worker| worker.state.label())
    }

    pub(crate) fn summary(&self) -> Vec<String> {
        if self.workers.is_empty() {
            return vec!["there is no worker container".to_owned()];
        }
        self.workers.iter().map(Worker::summary).collect()
    }
}

impl Worker {
    /// Whether all its networks are internal ones.
    pub fn is_shut_in(&self) -> bool {
        !self.networks.is_empty() && self.networks.iter().all(|network| self.internal.contains(network))
    }

    /// Why it does not run, in a few words.
    pub fn reason(&self) -> String {
        let code = match self.exit_code {
            _ if self.out_of_memory => "it was killed because it ran out of memory".to_owned(),
            // The code is that of the run before.
            _ if self.state == State::Running => "it is running at the moment".to_owned(),
            _ if self.failed_to_start => "Docker could not start it".to_owned(),
            0 => "it exited by itself with exit code 0".to_owned(),
            132 => "the CPU does not support one of its instructions (exit code 132)".to_owned(),
            126 | 127 => format!("its command was not found (exit code {})", self.exit_code),
            137 => "it was killed (exit code 137)".to_owned(),
            143 => "it was stopped (exit code 143)".to_owned(),
            code => format!("it exited with exit code {code}"),
        };
        match (&self.last_words, &self.said) {
            (_, Some(said)) if self.failed_to_start => format!("{code}: `{said}`"),
            (Some(words), Some(said)) if words.leaves_open() => {
                format!("{code}; its log says that {}: {said}", words.words())
            }
            (Some(words), _) => format!("{code}; its log says that {}", words.words()),
            (None, Some(said)) => format!("{code}; its log ends with: {said}"),
            (None, None) => code,
        }
    }

    /// How its log ends, if it ended by an error of its own.
    pub fn died_of(&self) -> Option<&LastWords> {
        self.last_words.as_ref().filter(|_| self.state != State::Exited || !matches!(self.exit_code, 0 | 137 | 143))
    }

    fn summary(&self) -> String {
        let image = match self.image_replaced {
            Some(true) => ", and that name now refers to another image",
            Some(false) | None => "",
        };
        let published =
            if self.published.is_empty() { String::new() } else { format!(", publishes {}", self.published.join(" ")) };
        let internal =
            if self.internal.is_empty() { String::new() } else { format!(" (internal: {})", self.internal.join(" ")) };
        let restarts = if self.restarts == 0 { String::new() } else { format!(", restarted {} times", self.restarts) };
        let reason = if self.state == State::Running { String::new() } else { format!(": {}", self.reason()) };
        format!(
            "container {} is {}{reason}{restarts}; image {} ({}){image}, networks {}{internal}{published}",
            self.name,
            self.state.label(),
            self.image,
            self.image_id,
            self.networks.join(" ")
        )
    }
}
