//! The key files that a set-up leaves behind: who may read them, and to which public key the private ones belong.
//! No content goes on.

use serde::{Deserialize, Serialize};

use super::{KeyShape, short_key};
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
