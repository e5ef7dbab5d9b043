//! The handshake packets that came and went while the tunnel's interfaces were watched.

use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

/// What was seen of handshakes, by a packet socket: before the packet filter on the way in, and after it on the way out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handshakes {
    /// For at most how many seconds; it ends when an answer had its time.
    pub seconds: u64,
    /// One for each other end.
    pub exchanges: Vec<Exchange>,
}

/// What one interface and one other end sent each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    /// The interface of this machine.
    pub interface: String,
    /// The other end, as it was seen here.
    pub with: SocketAddr,
    /// This machine sent the first packet of a handshake.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub begun: bool,
    /// The other end answered it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub answered: bool,
    /// What somebody on the way, or the other end, answered in ICMP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<Unreachable>,
    /// The other end sent the first packet of a handshake.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<MadeFor>,
    /// This machine answered it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub replied: bool,
}

/// For whose public key a handshake's first packet is made: its field mac1 (section 5.4.4 of the WireGuard paper) is keyed
/// by the public key of the one who shall answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "they are what they say")]
pub enum MadeFor {
    ThisKey,
    AnotherKey,
}

/// An ICMP message "destination unreachable" for a handshake's first packet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unreachable {
    /// Who says so.
    pub by: IpAddr,
    /// Its reason, in the words of ICMP's standards (RFC 792, RFC 1812, RFC 4443).
    pub reason: String,
}

impl Handshakes {
    /// What an interface and others sent each other.
    pub fn of<'a>(&'a self, interface: &'a str) -> impl Iterator<Item = &'a Exchange> {
        self.exchanges.iter().filter(move |exchange| exchange.interface == interface)
    }

    pub(super) fn summary(&self) -> Vec<String> {
        if self.exchanges.is_empty() {
            return vec![format!("no handshake packet came or went in {} s", self.seconds)];
        }
        self.exchanges.iter().flat_map(Exchange::summary).collect()
    }
}

impl Exchange {
    fn summary(&self) -> Vec<String> {
        let Self { interface, with, .. } = self;
        let mut lines = Vec::new();
        if self.begun || self.answered || self.refused.is_some() {
            let back = match &self.refused {
                _ if self.answered => "an answer came".to_owned(),
                Some(Unreachable { by, reason }) => format!("{by} said: {reason} (ICMP)"),
                None => "no answer came".to_owned(),
            };
            lines.push(format!("{interface}: a handshake packet went to {with}, and {back}"));
        }
        if let Some(made) = self.asked {
            let key = match made {
                MadeFor::ThisKey => "for this machine's public key",
                MadeFor::AnotherKey => "for another public key than this machine's",
            };
            let out = if self.replied { "an answer went out" } else { "no answer went out" };
            lines.push(format!("{interface}: a handshake packet came from {with}, made {key}, and {out}"));
        }
        lines
    }
}
