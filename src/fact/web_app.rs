//! The web app as the server itself runs it, without a container: its process, where that listens, and what its log says.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::service::UnitState;
use super::service::quote::Quote;
use crate::fact::words::words;

/// What there is of the web app outside of containers.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct WebApp {
    /// The process that listens, or one of a web server without a TCP port, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// Where it listens, in the order of port and address.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub listens: Vec<SocketAddr>,
    /// The systemd unit that it belongs to, or that would start it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// What systemd has of the unit that it runs in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runs_in: Option<UnitState>,
    /// Whether systemd starts that unit again by itself after it failed (`Restart=`); none where it was not told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub again: Option<bool>,
    /// `ActiveState` of the unit, where the web app does not run: inactive, failed, activating …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// URLs that its process has otherwise than a file which was changed after its start.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outdated: Vec<Outdated>,
    /// The last error in its log: of the last minutes where it runs, of its last start where it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<Quote>,
}

/// A variable of the running web app to which a newer file gives another value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outdated {
    /// Its name.
    pub variable: String,
    /// The file.
    pub path: String,
    /// From 1.
    pub line: u32,
}

impl WebApp {
    words! {
        pub(crate) fn label(&self) of (self.pid, self.state.as_deref()) => {
                (Some(_), _) => "running",
                (None, Some("failed")) => "failed",
                (None, Some("activating")) => "activating",
                (None, Some(_)) => "inactive",
                (None, None) => "none",
        }
    }

    pub(crate) fn summary(&self) -> Vec<String> {
        let unit = self.unit.as_deref();
        let of = unit.map_or_else(String::new, |unit| format!(" of {unit}"));
        let listens = self.listens.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let first = match (self.pid, &self.state) {
            (Some(pid), _) => format!("the web app is process {pid}{of}, and listens on {listens}"),
            (None, Some(state)) => {
                format!("the web app does not run: its unit {} is {state}", unit.unwrap_or_default())
            }
            (None, None) => "no web app runs outside of containers".to_owned(),
        };
        let outdated = self
            .outdated
            .iter()
            .map(|it| format!("{} of its process differs from {}:{}, which is newer", it.variable, it.path, it.line));
        std::iter::once(first).chain(outdated).chain(self.said.iter().map(Quote::summary)).collect()
    }
}
