//! Containers that publish a port of this machine, or are in its own network: what runs in them is no package's service.

use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use super::docker::State;
use super::redis::Directive;
use super::service::quote::Quote;

/// Those that there are, running or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Containers {
    /// In the order of their names.
    pub all: Vec<Publisher>,
}

/// One container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Publisher {
    /// Its name.
    pub name: String,
    /// Its state.
    pub state: State,
    /// The exit code of the last run.
    pub exit_code: i64,
    /// The ports that it was made to publish, whether it runs or not.
    pub ports: Vec<Published>,
    /// The name of its first process, where it is in this machine's own network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_program: Option<String>,
    /// What listens inside; none where that is not seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inside: Option<Vec<SocketAddr>>,
    /// `bind` of the configuration file that its command names, by that file's path on this machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bind: Option<Directive>,
    /// The database's superuser in PostgreSQL's own image (`POSTGRES_USER`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub superuser: Option<String>,
    /// When Docker starts it by itself (`RestartPolicy`): `no`, `on-failure`, `unless-stopped`, `always`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restart: Option<String>,
    /// What it has mounted from this machine.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mounts: Vec<Mounted>,
    /// What Docker said when it could not start it, else what it said last itself; where it does not run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<Quote>,
}

/// A folder or a file of this machine that stands in a container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mounted {
    /// There.
    pub inside: String,
    /// Here.
    pub outside: String,
}

/// A port of this machine that leads into a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Published {
    /// Of this machine; unspecified for all of them.
    pub address: IpAddr,
    /// Of this machine.
    pub port: u16,
    /// Of the container.
    pub inner: u16,
}

impl Containers {
    pub(crate) fn summary(&self) -> Vec<String> {
        self.all.iter().flat_map(Publisher::summary).collect()
    }
}

impl Publisher {
    /// What it publishes on a port of this machine.
    pub fn on(&self, port: u16) -> impl Iterator<Item = &Published> {
        self.ports.iter().filter(move |it| it.port == port)
    }

    /// Whether it runs.
    pub fn runs(&self) -> bool {
        self.state == State::Running
    }

    /// Where on this machine a file lies that is called so (as `docker cp` has it), or what it is called inside; none if it
    /// is no file of this container.
    pub fn place(&self, file: &str) -> Option<Result<String, String>> {
        let path = file.strip_prefix(self.name.as_str())?.strip_prefix(':')?;
        let under = |it: &&Mounted| {
            path.strip_prefix(it.inside.trim_end_matches('/'))
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let mount = self.mounts.iter().filter(under).max_by_key(|it| it.inside.len());
        Some(match mount {
            Some(it) => {
                let rest = path.strip_prefix(it.inside.trim_end_matches('/')).unwrap_or_default();
                Ok(format!("{}{rest}", it.outside))
            }
            None => Err(path.to_owned()),
        })
    }

    fn summary(&self) -> Vec<String> {
        let ports: Vec<String> =
            self.ports.iter().map(|it| format!("{}->{}", SocketAddr::new(it.address, it.port), it.inner)).collect();
        let ports = match &self.host_program {
            Some(program) => format!("in this machine's own network, runs {program}"),
            None => format!("publishes {}", ports.join(" ")),
        };
        let inside = self.inside.as_ref().filter(|_| self.host_program.is_none()).map_or_else(String::new, |all| {
            let all: Vec<String> = all.iter().map(ToString::to_string).collect();
            format!("; inside listens {}", if all.is_empty() { "nothing".to_owned() } else { all.join(" ") })
        });
        let code = if self.runs() { String::new() } else { format!(" ({})", self.exit_code) };
        let restart = self.restart.as_ref().map_or_else(String::new, |policy| format!("; restart policy {policy}"));
        let state = format!("container {} is {}{code}, {ports}{inside}{restart}", self.name, self.state.label());
        std::iter::once(state).chain(self.said.iter().map(Quote::summary)).collect()
    }
}
