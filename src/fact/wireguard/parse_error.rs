//! What in the tunnel's file is refused, or taken otherwise than it is written.

use serde::{Deserialize, Serialize};

use super::endpoint_flaw::EndpointFlaw;
use super::written::{At, KeyShape};

/// A line that is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParseError {
    /// What is wrong with it.
    pub what: Refusal,
    /// The name before its `=`. Empty where that is no plain word: a key that was broken in two must not end up
    /// here.
    pub name: String,
    /// Where.
    pub at: At,
    /// What stands in an Endpoint that does not belong there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flaw: Option<EndpointFlaw>,
}

/// Why a line is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Refusal {
    /// wg-quick: neither true nor false.
    NotBoolean,
    /// wg: a byte order mark before the first line.
    Mark,
    /// wg: the whole file is UTF-16, as PowerShell's `>` writes it.
    Wide,
    /// wg: a section that is neither `[Interface]` nor `[Peer]`.
    Section,
    /// wg: no such name.
    Unknown,
    /// wg: a name of the other section, or of wg-quick outside `[Interface]`.
    Elsewhere,
    /// wg: a known name before any section.
    NoSection,
    /// wg: nothing behind the `=`, or no `=`.
    Empty,
    /// wg: a key that is none.
    Key(KeyShape),
    /// wg: an endpoint without a port.
    NoPort,
    /// wg: any other value.
    Value,
    /// wg, at the end of the file: a peer without a public key. The place is its section's.
    NoPublicKey,
    /// ip: an address or a packet size that it does not take.
    Setting,
    /// networkd: a section or a setting that it leaves out.
    Ignored,
}

/// Something that is taken otherwise than it is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slip {
    /// How it is taken.
    pub how: Taken,
    /// The name before the `=`.
    pub name: String,
    /// Where.
    pub at: At,
}

/// How something is taken otherwise than it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Taken {
    /// A port above 65535 loses its upper bits: 51820 and 65536 + 51820 are one.
    Wrapped,
    /// An address inside a network stands for the network.
    HostBits,
    /// The name stood before in this section, and this one counts.
    Again,
}

impl ParseError {
    /// What is refused, without its value.
    pub(super) fn words(&self) -> String {
        let what = match self.what {
            Refusal::NotBoolean => "is neither true nor false",
            Refusal::Mark => "a byte order mark",
            Refusal::Wide => "UTF-16",
            Refusal::Section => "unknown section",
            Refusal::Unknown => "unknown name",
            Refusal::Elsewhere => "belongs in the other section",
            Refusal::NoSection => "is in no section",
            Refusal::Empty | Refusal::Key(KeyShape::Empty) => "has no value",
            Refusal::Key(KeyShape::Placeholder) => "is a placeholder",
            Refusal::Key(KeyShape::Quoted) => "is in quotes",
            Refusal::Key(KeyShape::Wrapped) => "continues on the next line",
            Refusal::Key(KeyShape::Truncated | KeyShape::Unpadded) => "is too short",
            Refusal::Key(KeyShape::Malformed | KeyShape::Good) => "is not a key",
            Refusal::NoPort => "has no port",
            Refusal::Value | Refusal::Setting => "has a value that is not accepted",
            Refusal::NoPublicKey => "is missing",
            Refusal::Ignored => "is ignored",
        };
        if self.name.is_empty() { what.to_owned() } else { format!("{} {what}", self.name) }
    }
}

impl Refusal {
    /// When wg-quick comes to it.
    pub(super) fn turn(self) -> u8 {
        match self {
            Self::NotBoolean => 0,
            Self::Mark
            | Self::Wide
            | Self::Section
            | Self::Unknown
            | Self::Elsewhere
            | Self::NoSection
            | Self::Empty
            | Self::Key(_)
            | Self::NoPort
            | Self::Value
            | Self::Ignored => 1,
            Self::NoPublicKey => 2,
            Self::Setting => 3,
        }
    }
}
