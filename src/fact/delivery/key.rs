//! A private key's file: of which kind it is, and whether a passphrase locks it. Of its content only the public half goes
//! on, as a fingerprint.

use serde::{Deserialize, Serialize};

/// What a file holds that ought to be a private key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyKind {
    /// OpenSSH's own form (PROTOCOL.key), which ssh-keygen writes.
    Openssh {
        /// Whether a passphrase locks it.
        locked: bool,
        /// Of the public half, as `ssh-keygen -l` prints it.
        fingerprint: String,
    },
    /// PEM: `BEGIN RSA PRIVATE KEY` and the like.
    Pem {
        /// Whether a passphrase locks it.
        locked: bool,
    },
    /// The public half.
    Public,
    /// PuTTY's form, which OpenSSH does not read.
    Putty,
    /// None of these, or cut off.
    Other,
}

impl KeyKind {
    pub(super) fn summary(&self) -> String {
        let lock = |locked: bool| if locked { "protected by a passphrase" } else { "without a passphrase" };
        match self {
            Self::Openssh { locked, fingerprint } => format!("a private key {} ({fingerprint})", lock(*locked)),
            Self::Pem { locked } => format!("a private key {}", lock(*locked)),
            Self::Public => "a public key".to_owned(),
            Self::Putty => "a key in PuTTY's format".to_owned(),
            Self::Other => "not a key".to_owned(),
        }
    }
}
