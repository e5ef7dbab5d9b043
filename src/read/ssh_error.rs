//! Why OpenSSH's client did not log in.

use std::sync::LazyLock;

use serde::Deserialize;

use super::sentences::{SSH, Sentences};

static LOGIN: LazyLock<Sentences> = LazyLock::new(|| Sentences::of("login", &[SSH]));

/// What it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SshSaid {
    /// known_hosts has no key of that host.
    UnknownHostKey,
    /// known_hosts has another one.
    ChangedHostKey,
    /// No key that needs no question is accepted there.
    NotLetIn,
    /// The name is not known.
    NoName,
    /// Refused, timed out, no route, or closed before the log-in.
    NotReached,
    /// Its own files.
    BadConfig,
}

/// Reads its standard error; none where that is something else.
pub fn read(said: &str) -> Option<SshSaid> {
    LOGIN.meaning(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_key_is_no_unknown_one() {
        let changed = "@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\nHost key verification failed.\n";
        assert_eq!(read(changed), Some(SshSaid::ChangedHostKey));
        let unknown = "No ED25519 host key is known for srv and you have requested strict checking.\r\nHost key verification failed.\r\n";
        assert_eq!(read(unknown), Some(SshSaid::UnknownHostKey));
        assert_eq!(read("me@srv: Permission denied (publickey).\r\n"), Some(SshSaid::NotLetIn));
        assert_eq!(read("ssh: connect to host srv port 22: Connection refused\r\n"), Some(SshSaid::NotReached));
        assert_eq!(read("bash: line 1: clipcheck: command not found\n"), None);
    }
}
