//! An encoding that whoever reads a file of variables does not understand.

use serde::{Deserialize, Serialize};

/// How editors of Windows write text, other than as UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    /// UTF-16, as the `>` of PowerShell 5 writes it.
    #[serde(rename = "utf-16")]
    Utf16,
    /// UTF-8 that begins with U+FEFF, which becomes a part of the first line's name.
    ByteOrderMark,
}

impl Encoding {
    /// What becomes of the file where it is read.
    pub fn words(self) -> &'static str {
        match self {
            Self::Utf16 => "is UTF-16, which neither a shell nor systemd reads as text",
            Self::ByteOrderMark => "begins with a byte order mark, which is taken for a part of the first name",
        }
    }

    /// What of it is lost that way.
    pub fn lost(self) -> &'static str {
        match self {
            Self::Utf16 => "what it sets",
            Self::ByteOrderMark => "what its first line sets",
        }
    }
}
