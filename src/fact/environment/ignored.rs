//! A line that is meant to set a variable, and why it does not.

use serde::{Deserialize, Serialize};

/// Why a line that is meant to set a variable does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ignored {
    /// A unit's `%` that begins no specifier.
    Specifier,
    /// `export` in a file that systemd reads.
    Export,
    /// systemd does not have it, for whatever reason.
    BySystemd,
    /// The shell sets it in a process of its own.
    Background,
    /// The shell sets it for what it takes for a command.
    Command,
}

impl Ignored {
    /// What the program that reads the line does, in a few words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Specifier => "systemd ignores it, as a unit's `%` is written `%%`",
            Self::Export => "systemd ignores it, as EnvironmentFile= has no `export`",
            Self::BySystemd => "systemd ignores it, and its journal says why",
            Self::Background => "the shell sets what an unquoted `&` or `|` ends in a process apart",
            Self::Command => "the shell takes what follows an unquoted blank for a command",
        }
    }
}
