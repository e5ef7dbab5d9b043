//! The key files that a set-up leaves behind: who may read them, and to which public key the private ones belong.
//! No content goes on.

use serde::{Deserialize, Serialize};

use super::{KeyShape, key, short_key};
use crate::fact::words::words;

/// The key files that were found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WgKeys {
    /// In the order of their paths.
    pub files: Vec<KeyFile>,
}

/// A file that is named like a private key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyFile {
    /// Its full path.
    pub path: String,
    /// Permission bits.
    pub mode: u32,
    /// The owner's user id.
    pub owner: u32,
    /// Whether other users can come to it: each folder above it lets them pass.
    pub reachable: bool,
    /// What it holds.
    pub shape: KeyShape,
    /// The public key that belongs to it, in base64.
    pub public_key: Option<String>,
}

impl KeyFile {
    /// What a file holds, by its text.
    pub fn read(path: String, (mode, owner): (u32, u32), reachable: bool, text: &str) -> Self {
        let written: String = text.split_whitespace().collect();
        let public_key = key::from_base64(&written).map(|private| key::public_of(&private));
        Self { path, mode, owner, reachable, shape: key::shape(&written, ""), public_key }
    }
}

/// Whether a file's name says that it holds a private key.
pub fn is_private(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let other = ["pub", "psk", "preshared", ".conf", ".pem"].iter().any(|word| name.contains(word));
    (name.contains("private") || name.rsplit('.').next() == Some("key")) && !other
}

impl WgKeys {
    words! {
        pub(crate) fn label(&self) of self.files.as_slice() => {
            [] => "none",
            [..] => "there",
        }
    }

    pub(crate) fn summary(&self) -> Vec<String> {
        let line = |file: &KeyFile| {
            let public =
                file.public_key.as_deref().map_or_else(|| "no key".to_owned(), |key| format!("of {}", short_key(key)));
            format!("{}: mode {:04o}, owner {}, {public}", file.path, file.mode, file.owner)
        };
        self.files.iter().map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_key_file_is_known_by_its_public_half_alone() {
        let file = KeyFile::read("/x".to_owned(), (0o600, 0), false, "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=\n");
        assert_eq!(file.public_key.as_deref(), Some("B6N8vBQgk8i3VdwbEOhstCY3StFqqFPtC9/AsrhtHHw="));
        assert!(!serde_json::to_string(&file).unwrap().contains("AQIDBAUG"));
    }

    #[test]
    fn names_of_private_keys() {
        assert!(["server_private.key", "client_private.key", "privatekey", "wg0.key"].into_iter().all(is_private));
        assert!(!["server_public.key", "publickey", "wg0.conf", "psk.key", "notes"].into_iter().any(is_private));
    }
}
