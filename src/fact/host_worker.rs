//! The worker as the client's own system runs it, without a container: its process, its systemd unit, its folder.

use serde::{Deserialize, Serialize};

use crate::fact::docker::words::LastWords;
use crate::fact::docker::{Docker, State};
use crate::fact::service::at_boot::AtBoot;
use crate::fact::service::sandbox::Sandbox;
use crate::fact::words::words;

/// So many restarts by systemd are no accident.
const OFTEN: u32 = 2;

/// What there is of a worker outside of containers.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct HostWorker {
    /// The Celery worker that runs, if one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<Process>,
    /// The systemd unit that starts it, if one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<Unit>,
    /// The unit of a user's own service manager that it runs in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_unit: Option<UserUnit>,
    /// The folder of its code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
}

/// A Celery worker's process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// When it was started, in seconds since the epoch.
    pub started_at: u64,
    /// Whether it is in another network namespace than the rest of this machine (ip-netns(8), `NetworkNamespacePath=`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub own_network: bool,
}

/// A unit of `systemctl --user`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserUnit {
    /// Its full name.
    pub name: String,
    /// The user's name.
    pub user: String,
    /// Whether the user's service manager is started at boot (loginctl(1), `enable-linger`).
    pub lingers: bool,
    /// Whether a target of that manager wants it, as its folder of units has it.
    pub enabled: bool,
}

/// A systemd unit, as `systemctl show` tells of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit {
    /// Its full name.
    pub name: String,
    /// `ActiveState`.
    pub active: String,
    /// `UnitFileState`: enabled, disabled, masked … or empty.
    pub enabled: String,
    /// What starts it at the next boot.
    #[serde(default, skip_serializing_if = "AtBoot::is_plain")]
    pub at_boot: AtBoot,
    /// `Result` of the last run: success, exit-code, signal …
    pub result: String,
    /// The exit status of the last run.
    pub status: i64,
    /// How often systemd started it again by itself.
    pub restarts: u32,
    /// What its journal says of that in the last minutes, where the worker runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lately: Option<Ended>,
    /// Units that it is ordered after, in alphabetic order.
    pub after: Vec<String>,
    /// Its file, where it is a file of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Whether its file was changed, and systemd has not read it again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stale: bool,
    /// What its settings keep its processes from.
    #[serde(default, skip_serializing_if = "Sandbox::is_empty")]
    pub sandbox: Sandbox,
    /// Where it does not run: which of the known sentences its last run printed last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_words: Option<LastWords>,
    /// The last line that reports an error, where nothing in it can be a secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<String>,
    /// The setting of its own files that keeps a path from it which its last words name, and which is there: its name, its
    /// file and line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hides: Option<(String, String, u32)>,
    /// The condition of its own for which systemd did not start it when it was last to be started: its file and line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unmet: Option<(String, u32)>,
    /// Where its files put it into another network: `NetworkNamespacePath=` or `JoinsNamespaceOf=`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<(String, u32)>,
}

/// A unit that ended, and that systemd started again, in the last minutes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// How often.
    pub times: u32,
    /// Why it ended last, in systemd's own words.
    pub why: String,
    /// How many seconds lay between two starts on the average.
    #[serde(default)]
    pub apart: u64,
}

impl HostWorker {
    words! {
        pub(crate) fn label(&self) of (&self.process, &self.unit) => {
                (Some(_), _) => "running",
                (None, Some(unit)) if unit.active == "failed" => "failed",
                (None, Some(unit)) if unit.active == "activating" => "activating",
                (None, Some(_)) => "inactive",
                (None, None) if self.folder.is_some() => "not-running",
                (None, None) => "none",
        }
    }

    /// Whether this is the worker, and no container is: what runs goes before what does not.
    pub fn is_the_worker(&self, docker: Option<&Docker>) -> bool {
        let containers = docker.map(|docker| docker.workers.as_slice()).unwrap_or_default();
        self.goes_before(!containers.is_empty(), containers.iter().any(|it| it.state == State::Running))
    }

    /// The same, by whether there is a worker's container, and whether one runs.
    pub fn goes_before(&self, contained: bool, runs: bool) -> bool {
        match (&self.process, &self.unit) {
            _ if runs => false,
            (Some(_), _) => true,
            (None, Some(unit)) => !contained || unit.is_wanted(),
            (None, None) => !contained && self.folder.is_some(),
        }
    }

    pub(crate) fn summary(&self) -> Vec<String> {
        let process = self.process.as_ref().map(Process::summary);
        let mut lines: Vec<String> = process.into_iter().chain(self.unit.as_ref().map(Unit::summary)).collect();
        lines.extend(self.user_unit.as_ref().map(|unit| {
            let linger = if unit.lingers { "lingers" } else { "does not linger" };
            format!("it runs in {} of the service manager of {}, which {linger}", unit.name, unit.user)
        }));
        lines.extend(self.folder.as_ref().map(|folder| format!("its folder is {folder}")));
        if lines.is_empty() {
            lines.push("no Celery worker runs outside of containers".to_owned());
        }
        lines
    }
}

/// What keeps systemd from running a unit's command at all, by the status that it then gives itself (systemd.exec(5), "Process
/// Exit Codes").
fn before(status: i64) -> Option<(&'static str, &'static str)> {
    Some(match status {
        200 => ("CHDIR", "it cannot change to the directory of WorkingDirectory="),
        203 => ("EXEC", "the program of ExecStart= cannot be executed"),
        209 => ("STDOUT", "where StandardOutput= leads cannot be opened"),
        216 => ("GROUP", "it cannot become the group of Group="),
        217 => ("USER", "it cannot become the user of User="),
        218 => ("CAPABILITIES", "it cannot set its capabilities"),
        226 => ("NAMESPACE", "it cannot set up its own view of the files"),
        238 => ("STATE_DIRECTORY", "it cannot set up the directory of StateDirectory="),
        _ => return None,
    })
}

impl Process {
    fn summary(&self) -> String {
        let network = if self.own_network { ", in a network namespace of its own" } else { "" };
        format!("a Celery worker runs outside of containers, pid {}{network}", self.pid)
    }
}

impl Unit {
    /// Whether somebody wants it to run: it starts at boot, or it was started.
    fn is_wanted(&self) -> bool {
        self.enabled.starts_with("enabled") || matches!(self.active.as_str(), "failed" | "activating")
    }

    /// Whether systemd starts it again and again: a look can meet it in a moment in which it runs.
    pub fn restarts_often(&self) -> bool {
        self.active == "active" && self.restarts >= OFTEN
    }

    /// How its last run ended, in a few words.
    pub fn reason(&self) -> String {
        let end = match self.result.as_str() {
            _ if self.unmet.is_some() => {
                "systemd did not start it, since a condition of the unit is not met".to_owned()
            }
            _ if self.restarts_often() => {
                format!("systemd has restarted it {} times, as it ends by itself", self.restarts)
            }
            // Of a unit that nobody wants systemd forgets that it ran.
            _ if self.at_boot.untried && !self.at_boot.starts(&self.enabled) => {
                let why = self.at_boot.why_not().unwrap_or_else(|| "it is not enabled".to_owned());
                format!("it does not start at boot: {why}")
            }
            _ if self.at_boot.untried => "it was not started since the boot".to_owned(),
            "success" | "" if self.active == "inactive" => "it was stopped, or ended by itself".to_owned(),
            "exit-code" => match before(self.status) {
                Some((name, what)) => {
                    format!("it ended with status {}; systemd's own {name} means that {what}", self.status)
                }
                // The first process had not been started, or ended well: it was another command of the unit.
                None if self.status == 0 => "a command of the unit failed (ExecStartPre= or another)".to_owned(),
                None => format!("it exited with status {}", self.status),
            },
            "oom-kill" => "it was killed because it ran out of memory".to_owned(),
            other => format!("systemd says: result {other}"),
        };
        match (&self.said, &self.last_words) {
            (Some(said), _) => format!("{end}; its journal says `{said}`"),
            (None, Some(LastWords::Module(name))) => {
                format!("{end}; its journal says that Python finds no module {name}")
            }
            // Of an image, or with what to do to one.
            (None, None | Some(LastWords::NotInImage | LastWords::KombuTooNew)) => end,
            (None, Some(words)) => format!("{end}; its journal says that {}", words.words()),
        }
    }

    fn summary(&self) -> String {
        let enabled = if self.enabled.is_empty() { "not enabled" } else { &self.enabled };
        let reason = if self.active == "active" { String::new() } else { format!(": {}", self.reason()) };
        let sandbox = self.sandbox.summary();
        format!("unit {}: {}, {enabled}, restarted {} times{sandbox}{reason}", self.name, self.active, self.restarts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(active: &str, enabled: &str) -> Unit {
        Unit {
            name: "clippy-worker.service".to_owned(),
            active: active.to_owned(),
            enabled: enabled.to_owned(),
            at_boot: AtBoot::default(),
            result: "success".to_owned(),
            status: 0,
            restarts: 0,
            lately: None,
            after: Vec::new(),
            path: None,
            stale: false,
            sandbox: Sandbox::default(),
            last_words: None,
            said: None,
            hides: None,
            unmet: None,
            namespace: None,
        }
    }

    #[test]
    fn what_runs_goes_before_what_does_not() {
        let process = Some(Process { pid: 7, started_at: 0, own_network: false });
        let runs = HostWorker { process, ..HostWorker::default() };
        assert!(runs.goes_before(true, false) && !runs.goes_before(true, true));
        let left_over = HostWorker { unit: Some(unit("inactive", "disabled")), ..HostWorker::default() };
        assert!(left_over.goes_before(false, false) && !left_over.goes_before(true, false));
        let failed = HostWorker { unit: Some(unit("failed", "disabled")), ..HostWorker::default() };
        assert!(failed.goes_before(true, false));
        assert!(!HostWorker::default().goes_before(false, false));
    }
}
