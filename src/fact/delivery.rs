//! The delivery sidecar (version 0.10 to 0.12.0): a second container on the GPU machine that copies finished videos to the
//! ingest host with rsync over SSH. Its settings, its two secrets, and how the ingest host's SSH answers.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::docker::State;
use super::environment::ContainerProvenance;
use crate::fact::words::words;

pub mod key;
pub mod known_hosts;
pub mod ssh;

use key::KeyKind;
use known_hosts::KnownHosts;
use ssh::SshOutcome;

/// What the sidecar's scripts read (scripts/worker/clippy-push.sh), as far as it says where to and with which files.
pub const VARIABLES: [&str; 7] =
    ["WORKER_ID", "INGEST_HOST", "INGEST_PORT", "INGEST_USER", "INGEST_PATH", "RSYNC_KEY_FILE", "KNOWN_HOSTS_FILE"];

/// Without these the script ends with 1, `Missing INGEST_HOST/INGEST_USER/INGEST_PATH`.
pub const REQUIRED: [&str; 3] = ["INGEST_HOST", "INGEST_USER", "INGEST_PATH"];

/// The sidecar, if there is one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// None on most machines.
    pub sidecar: Option<Box<Sidecar>>,
}

/// A variable's value. None of the sidecar's is a secret; what has another form than theirs is not kept all the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Value {
    /// Set, to nothing.
    Empty,
    /// Set.
    Text(String),
    /// Set, to something that is neither a name, a number, an address nor a path.
    Odd,
}

/// The sidecar's container, what it was given, and what it meets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sidecar {
    /// The container's name.
    pub name: String,
    /// Its state.
    pub state: State,
    /// Whether it has the machine's own network, so that `localhost` is the machine.
    pub host_network: bool,
    /// What it was given, by name; what nothing sets is not in it.
    pub values: BTreeMap<String, Value>,
    /// How it was made.
    pub provenance: ContainerProvenance,
    /// Its private key.
    pub key: SecretFile<KeyKind>,
    /// The host keys that it trusts.
    pub known_hosts: SecretFile<KnownHosts>,
    /// The ingest host's answer; none where no host is set.
    pub ssh: Option<SshOutcome>,
}

/// A file that is handed to the container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretFile<T> {
    /// Where the sidecar looks for it.
    pub inside: String,
    /// Where it lies on this machine; none where nothing is mounted there.
    pub outside: Option<String>,
    /// What is there.
    pub found: Found<T>,
}

/// What is at a file's place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Found<T> {
    /// Nothing.
    Missing,
    /// A folder without a file in it: Docker makes one where what it was told to mount is not there.
    Folder,
    /// A file of no bytes.
    Empty,
    /// A file.
    File {
        /// Permission bits.
        mode: u32,
        /// The owner's user id.
        owner: u32,
        /// What stands in it.
        holds: T,
    },
    /// Not looked at; holds why.
    Hidden(String),
}

impl<T> SecretFile<T> {
    /// The path to type on this machine.
    pub fn path(&self) -> &str {
        self.outside.as_deref().unwrap_or(&self.inside)
    }

    fn summary(&self, what: &str, holds: impl Fn(&T) -> String) -> String {
        let at = match &self.outside {
            Some(outside) => format!("{} ({outside} here)", self.inside),
            None => self.inside.clone(),
        };
        let found = match &self.found {
            Found::Missing => "missing".to_owned(),
            Found::Folder => "a directory without a file in it".to_owned(),
            Found::Empty => "empty".to_owned(),
            Found::File { mode, owner, holds: it } => format!("mode {mode:04o}, owner {owner}, {}", holds(it)),
            Found::Hidden(why) => format!("not seen: {why}"),
        };
        format!("{what} {at}: {found}")
    }
}

impl Sidecar {
    /// A variable's value, where it has one.
    pub fn text(&self, variable: &str) -> Option<&str> {
        match self.values.get(variable) {
            Some(Value::Text(text)) => Some(text),
            Some(Value::Empty | Value::Odd) | None => None,
        }
    }

    /// INGEST_PORT, by default 22; none where it is no port.
    pub fn port(&self) -> Option<u16> {
        match self.values.get("INGEST_PORT") {
            None | Some(Value::Empty) => Some(ssh::PORT),
            Some(Value::Text(text)) => text.trim().parse().ok().filter(|port| *port > 0),
            Some(Value::Odd) => None,
        }
    }
}

impl Delivery {
    words! {
        pub(crate) fn label(&self) of self.sidecar => {
            Some(_) => "there",
            None => "none",
        }
    }

    pub(crate) fn summary(&self) -> Vec<String> {
        let Some(sidecar) = &self.sidecar else {
            return vec!["Docker has no container of a delivery sidecar".to_owned()];
        };
        let mut lines = vec![format!("container {} is {}", sidecar.name, sidecar.state.label())];
        lines.extend(VARIABLES.iter().filter_map(|name| Some(format!("{name}={}", sidecar.values.get(*name)?))));
        lines.push(sidecar.key.summary("private key", KeyKind::summary));
        lines.push(sidecar.known_hosts.summary("known hosts", KnownHosts::summary));
        lines.extend(sidecar.ssh.as_ref().map(SshOutcome::summary));
        lines
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("(empty)"),
            Self::Text(text) => f.write_str(text),
            Self::Odd => f.write_str("(not shown)"),
        }
    }
}
