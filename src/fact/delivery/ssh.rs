//! What an SSH server shows before anybody logs in: its name, and its host key.

use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use ring::digest::{SHA256, digest};
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

/// A public key's fingerprint as OpenSSH prints it.
pub fn fingerprint(key: &[u8]) -> String {
    format!("SHA256:{}", STANDARD_NO_PAD.encode(digest(&SHA256, key)))
}

/// Reads SSH's binary form (RFC 4251, section 5).
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// From its beginning.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// So many bytes.
    pub fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(head)
    }

    /// A `uint32`.
    pub fn number(&mut self) -> Option<u32> {
        self.take(4)?.try_into().ok().map(u32::from_be_bytes)
    }

    /// A `string`.
    pub fn string(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        self.take(length)
    }

    /// A `name-list`.
    pub fn names(&mut self) -> Option<Vec<&'a str>> {
        Some(std::str::from_utf8(self.string()?).ok()?.split(',').collect())
    }
}

/// The type of a public key in SSH's form: its first string.
pub fn kind_of(key: &[u8]) -> Option<String> {
    let kind = std::str::from_utf8(Reader::new(key).string()?).ok()?;
    let plain = !kind.is_empty() && kind.len() <= 64 && kind.chars().all(|c| c.is_ascii_graphic());
    plain.then(|| kind.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_off_is_not_read() {
        let text = [0, 0, 0, 3, b'a', b',', b'b', 0, 0, 0, 9, b'x'];
        let mut reader = Reader::new(&text);
        assert_eq!(reader.names(), Some(vec!["a", "b"]));
        assert_eq!(reader.string(), None);
        assert_eq!(kind_of(&[0, 0, 0, 2, b'\n', b'x']), None);
    }
}
