//! What an SSH server shows before anybody logs in: its name, and its host key.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::fact::dial::{Dial, Endpoint};

/// SSH's port (RFC 4253, section 4.1), and INGEST_PORT's default.
pub const PORT: u16 = 22;

/// One look at an SSH server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SshOutcome {
    /// What was dialled.
    pub endpoint: Endpoint,
    /// The address behind the name; none where it does not resolve.
    pub address: Option<IpAddr>,
    /// What came back.
    pub said: SshSaid,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SshSaid {
    /// No connection came about.
    Unreached(Dial),
    /// The connection was accepted, and no word came.
    Silent,
    /// The connection was accepted and closed, without a word or with one that says so.
    Closed,
    /// Another program answered.
    NotSsh,
    /// An SSH server answered.
    Speaks {
        /// Its software, as it names itself.
        software: String,
        /// Its host key.
        key: HostKey,
    },
}

/// The host key that a server shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HostKey {
    /// It.
    Shown {
        /// `ssh-ed25519`, `ssh-rsa` and the like.
        kind: String,
        /// As `ssh-keygen -l` prints it.
        fingerprint: String,
    },
    /// Both sides know no common way to agree on a key.
    NothingInCommon,
    /// The connection ended before, or what came could not be read.
    Lost,
}

impl SshOutcome {
    pub(super) fn summary(&self) -> String {
        let said = match &self.said {
            SshSaid::Unreached(dial) => dial.label().to_owned(),
            SshSaid::Silent => "accepts the connection but sends no answer".to_owned(),
            SshSaid::Closed => "accepts the connection and closes it at once".to_owned(),
            SshSaid::NotSsh => "answers, but is not an SSH server".to_owned(),
            SshSaid::Speaks { software, key: HostKey::Shown { kind, fingerprint } } => {
                format!("{software}, host key {kind} {fingerprint}")
            }
            SshSaid::Speaks { software, key: HostKey::NothingInCommon } => {
                format!("{software}, no common key exchange")
            }
            SshSaid::Speaks { software, key: HostKey::Lost } => format!("{software}, no host key received"),
        };
        let address = self.address.filter(|address| address.to_string() != self.endpoint.host);
        let address = address.map_or_else(String::new, |address| format!(" ({address})"));
        format!("SSH at {}{address}: {said}", self.endpoint)
    }
}

/// Whether a name means the machine itself, which in a container is the container.
pub fn is_local(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}
