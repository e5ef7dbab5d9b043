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
            Self::Specifier => {
                "systemd ignores this assignment: in a unit `%` begins a specifier, and `%%` is a percent sign"
            }
            Self::Export => "systemd ignores this line: a file of EnvironmentFile= has no `export`",
            Self::BySystemd => "systemd ignores this assignment, and its journal says why",
            Self::Background => {
                "the shell ends a value at an `&` or `|` without quotation marks, and sets it in a process of its own, which then ends"
            }
            Self::Command => {
                "the shell ends a value at a blank without quotation marks, takes what follows for a command, and sets the variable for that alone"
            }
        }
    }
}
