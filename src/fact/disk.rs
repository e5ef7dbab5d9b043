//! A file system that takes no more data.

use serde::{Deserialize, Serialize};

/// Less than this is no room, in bytes: what a program may write to the end and still fail over its next file.
pub const ROOM: u64 = 1024 * 1024;

/// What keeps a file system from taking data, by statvfs(3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shut {
    /// So many bytes are left for others than root (`f_bavail`), less than [`ROOM`].
    NoSpace(u64),
    /// No further file can be made (`f_favail`).
    NoFiles,
    /// It is mounted read-only (`ST_RDONLY`).
    ReadOnly,
}

/// A folder that a service writes to, and what keeps it from that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShutFolder {
    /// The folder.
    pub path: String,
    /// Its file system's state.
    pub shut: Shut,
}

impl ShutFolder {
    /// For a sentence.
    pub fn words(&self) -> String {
        match self.shut {
            Shut::NoSpace(left) => format!("has no space left ({left} bytes)"),
            Shut::NoFiles => "has no free inodes left: no file can be created".to_owned(),
            Shut::ReadOnly => "is mounted read-only".to_owned(),
        }
    }

    pub(crate) fn summary(&self) -> String {
        format!("the file system of {} {}", self.path, self.words())
    }
}
