//! The keys, the kinds of facts, and why something was not seen.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::look::{aimed, forms_of, keys, word};
use super::target::{Place, PluginOf, Target, TcpTarget, UnitTarget};
#[allow(clippy::wildcard_imports, reason = "the modules that the table of looks names")]
use super::*;

/// Where we stand. In the order in which a connection's conditions arise: what is wrong upstream explains
/// what is wrong downstream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Vantage {
    /// The Linux host with the web app, Redis and PostgreSQL.
    Server,
    /// The GPU machine's own system.
    Client,
    /// Inside the worker's container.
    Container,
    /// A host that is not in the tunnel.
    Outside,
}

impl Vantage {
    /// All four, upstream first.
    pub const ALL: [Self; 4] = [Self::Server, Self::Client, Self::Container, Self::Outside];

    /// The word used on the command line, in check files and in output.
    pub fn word(self) -> &'static str {
        self.into()
    }
}

impl fmt::Display for Vantage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl FromStr for Vantage {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|vantage| vantage.word() == text)
            .ok_or_else(|| format!("`{text}` is not a vantage (server, client, container or outside)"))
    }
}

/// Whether something secret is there. Its value has no room anywhere in a fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Presence {
    /// It is set.
    Present,
    /// It is not set, or empty.
    Absent,
}

impl Presence {
    /// Present if `there`.
    pub fn of(there: bool) -> Self {
        if there { Self::Present } else { Self::Absent }
    }

    /// True if present.
    pub fn is_present(self) -> bool {
        self == Self::Present
    }
}

/// When a look can begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// At once: it needs no address.
    First,
    /// In a container once its variables are known: where a URL has a name, the address is what the name leads to there.
    Named,
    /// Once the addresses are settled.
    Settled,
    /// Once the routes are known, since a password may be sent.
    Routed,
    /// Once the worker's process is known besides.
    Found,
    /// Once all else has answered or had its time.
    Answered,
}

looks!(keys);

/// Keys are text in every file, so that a person can read and write them.
macro_rules! serde_as_text {
    ($type:ty) => {
        impl Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
serde_as_text!(FactKey);

/// Why something was not seen. Never to be confused with what was seen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unseen {
    /// Nobody looked from there.
    #[error("there is no snapshot of the {0}; create one with `clipcheck snapshot` there")]
    NoSnapshot(Vantage),
    /// The snapshot does not hold this fact.
    #[error("`{0}` was not checked")]
    NotAsked(FactKey),
    /// Rights are missing; holds what would give them.
    #[error("no permission: {0}")]
    NeedsRights(String),
    /// There is no such program here.
    #[error("`{0}` is not installed")]
    NotInstalled(String),
    /// A program or kernel feature is missing, or does not answer.
    #[error("{0}")]
    NoTool(String),
    /// This process itself ran short of something; holds of what. Says nothing about the machine.
    #[error("clipcheck could not check it: {0}")]
    OwnLimit(String),
    /// What would be looked at is not known: an address, a file's place.
    #[error("{0}")]
    NotKnown(String),
    /// Looking would have done harm: a password would have left the tunnel.
    #[error("not tried: {0}")]
    Declined(String),
    /// The deadline of the run came first.
    #[error("no answer before the run's deadline (set with `--deadline`)")]
    Deadline,
    /// The deadline came first, since the way is long: to where, a round trip in milliseconds, and a deadline in seconds that
    /// is long enough.
    #[error("a round trip to {0} takes {1} ms, too long for the run's deadline: `--deadline {2}` is long enough")]
    Slow(IpAddr, u64, u64),
    /// Something was read and could not be understood; holds where.
    #[error("could not be read: {0}")]
    Unreadable(String),
    /// What was seen allows no verdict; holds what would.
    #[error("{0}")]
    Undecided(String),
    /// The probe itself failed: a defect of this program.
    #[error("the probe crashed; this is a bug in clipcheck")]
    Crashed,
}

/// A fact, or why there is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the two variants say it")]
#[expect(clippy::large_enum_variant, reason = "a snapshot has a few dozen, nearly all of them seen")]
pub enum Observation {
    Seen(Fact),
    Unseen(Unseen),
}

/// The result of one look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observed {
    /// What was there, or why nothing was seen.
    pub observation: Observation,
    /// Who answered: "kernel (netlink)", "/etc/wireguard/wg0.conf".
    pub source: String,
    /// How long the look took, in microseconds.
    pub took_us: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_read_back_as_they_are_written() {
        let table = FactKey::table().into_iter().flat_map(|(forms, ..)| forms);
        for text in table.chain(["tcp postgres@public", "file /etc/wireguard/wg0.conf"].map(str::to_owned)) {
            assert_eq!(text.parse::<FactKey>().expect(&text).to_string(), text);
        }
        for text in
            ["", "nonsense", "route nowhere", "tcp redis@moon", "tcp nowhere", "file relative", "unit x", "wg x"]
        {
            assert!(text.parse::<FactKey>().is_err(), "{text}");
        }
    }
}
