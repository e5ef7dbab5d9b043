//! A Unix socket that a URL names in place of a host.

use serde::{Deserialize, Serialize};

/// What is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocalSocket {
    /// The variable whose URL names it.
    pub variable: String,
    /// Its path.
    pub path: String,
    /// How it is.
    pub state: SocketState,
}

/// What became of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SocketState {
    /// Somebody listens.
    Open,
    /// There is nothing of that name.
    Missing,
    /// It is no socket.
    Other,
    /// It is there, and not for the web app's process, which has a /tmp of its own (systemd.exec(5), `PrivateTmp=`).
    Hidden,
    /// It is left over: nobody listens.
    Refused,
    /// Somebody listens, and the web app's own user may not write to it; holds its owner's name or number, and its mode.
    Forbidden {
        /// The user that the web app runs as.
        user: String,
        /// The socket's owner and group.
        owner: String,
        /// Its permission bits.
        mode: u32,
    },
}

impl LocalSocket {
    pub(super) fn summary(&self) -> String {
        let state = match &self.state {
            SocketState::Open => "accepts connections".to_owned(),
            SocketState::Missing => "does not exist".to_owned(),
            SocketState::Other => "is no socket".to_owned(),
            SocketState::Hidden => "is not in the web app's own /tmp".to_owned(),
            SocketState::Refused => "refuses connections".to_owned(),
            SocketState::Forbidden { user, owner, mode } => {
                format!("belongs to {owner} with mode {mode:o}: {user} may not write to it")
            }
        };
        format!("{}: the socket {} {state}", self.variable, self.path)
    }
}
