//! What happened when something was dialled: TCP, ICMP echo, names.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::fact::words::words;

pub mod payload_probe;

/// How a TCP connection attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr, strum::VariantNames)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Dial {
    /// The connection was accepted.
    Open,
    /// RST to the SYN: the host is reached, nothing listens there (`ECONNREFUSED`).
    Refused,
    /// No answer at all within the deadline, or `ETIMEDOUT`.
    Timeout,
    /// `ECONNRESET` during the handshake.
    Reset,
    /// `EHOSTUNREACH`: no such neighbour, or an ICMP answer from a firewall or router.
    HostUnreachable,
    /// `ENETUNREACH`: this machine has no route there.
    NoRoute,
    /// `EACCES` or `EPERM`: this machine's own rules forbid it.
    Forbidden,
    /// The name does not exist, or has no address.
    NoSuchName,
    /// The name could not be resolved: no name server answered.
    ResolverFailed,
    /// Any other error; holds the errno.
    #[strum(serialize = "failed")]
    Other(i32),
}

impl Dial {
    words! {
        /// The one word for it.
        pub fn label(self) by name => self
    }
}

impl Dial {
    /// The one word for it, with what the kernel said where that is all there is. Its numbers are another system's elsewhere.
    pub fn said(self) -> String {
        match self {
            Self::Other(errno) if errno != 0 && cfg!(target_os = "linux") => {
                format!("{} ({})", self.label(), std::io::Error::from_raw_os_error(errno))
            }
            Self::Other(_)
            | Self::Open
            | Self::Refused
            | Self::Timeout
            | Self::Reset
            | Self::HostUnreachable
            | Self::NoRoute
            | Self::Forbidden
            | Self::NoSuchName
            | Self::ResolverFailed => self.label().to_owned(),
        }
    }
}

/// A host (name or address) and a port.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Endpoint {
    /// A name or an address, without brackets.
    pub host: String,
    /// The TCP port.
    pub port: u16,
}

impl std::fmt::Display for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// One TCP connection attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TcpOutcome {
    /// What was dialled.
    pub endpoint: Endpoint,
    /// How it ended.
    pub how: Dial,
    /// The address the kernel chose to speak from, when connected.
    pub from: Option<IpAddr>,
    /// Which of the kernel's counters of dropped packets moved while this waited in vain, and by how much. What else came
    /// in at that time is in them too.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub dropped: BTreeMap<String, u64>,
}

impl TcpOutcome {
    pub(crate) fn summary(&self) -> Vec<String> {
        let from = self.from.map_or_else(String::new, |from| format!(", from {from}"));
        let mut lines = vec![format!("TCP {}: {}{from}", self.endpoint, self.how.said())];
        if !self.dropped.is_empty() {
            let moved: Vec<String> = self.dropped.iter().map(|(name, by)| format!("{name} +{by}")).collect();
            lines.push(format!("meanwhile this machine's kernel counted: {}", moved.join(", ")));
        }
        lines
    }
}

/// How an ICMP echo ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr, strum::VariantNames)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Echo {
    /// A reply came; holds the round trip in microseconds.
    Reply(u64),
    /// Nothing came back in time.
    NoReply,
    /// `ENETUNREACH`: this machine has no route there.
    NoRoute,
    /// `EHOSTUNREACH`, or an ICMP "destination unreachable" came back.
    Unreachable,
    /// `ENOKEY` (126): no WireGuard peer's AllowedIPs cover the address (the kernel's WireGuard only).
    NoPeer,
    /// `EDESTADDRREQ` (89): the WireGuard peer has no endpoint yet (the kernel's WireGuard only).
    NoEndpoint,
    /// `EACCES` or `EPERM`: this machine's own rules forbid it.
    Forbidden,
    /// Any other error; holds the errno.
    #[strum(serialize = "failed")]
    Other(i32),
}

impl Echo {
    words! {
        /// The one word for it.
        pub fn label(self) by name => self
    }
}

/// The kind of socket that carried the echo. A datagram socket never sees ICMP errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EchoSocket {
    /// As ping(8) has one where its group may.
    Datagram,
    /// As ping(8) has one as root.
    Raw,
    /// None: `IcmpSendEcho` of Windows, which sees ICMP errors too.
    Windows,
}

/// One ICMP echo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PingOutcome {
    /// Where it was sent.
    pub to: IpAddr,
    /// How it ended.
    pub how: Echo,
    /// How it was sent.
    pub socket: EchoSocket,
}

impl PingOutcome {
    /// How long the answer took.
    pub fn trip(&self) -> Option<Duration> {
        if let Echo::Reply(us) = self.how { Some(Duration::from_micros(us)) } else { None }
    }

    pub(crate) fn summary(&self) -> String {
        if let Echo::Reply(us) = self.how {
            return format!("ping {}: reply after {}.{} ms", self.to, us / 1000, us % 1000 / 100);
        }
        format!("ping {}: {}", self.to, self.how.label())
    }
}

/// What one resolver said about a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NameAnswer {
    /// The addresses it gave.
    Addresses(Vec<IpAddr>),
    /// The name does not exist, or has no address: an alias that leads nowhere, too.
    NoSuchName,
    /// No answer came in time.
    Silent,
    /// Nothing listens on the name server's port.
    Refused,
    /// It answered with a failure (SERVFAIL, REFUSED), or could not be asked.
    Failed,
}

impl NameAnswer {
    fn summary(&self) -> String {
        match self {
            Self::Addresses(found) => found.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
            Self::NoSuchName => "no address".to_owned(),
            Self::Silent => "no answer".to_owned(),
            Self::Refused => "nothing listens on port 53".to_owned(),
            Self::Failed => "failed".to_owned(),
        }
    }
}

/// One name, as libc answers (what the worker's Python sees) and as each name server answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NameLook {
    /// The name.
    pub name: String,
    /// getaddrinfo(3)'s answer.
    pub libc: NameAnswer,
    /// The answers of the name servers in resolv.conf, in its order.
    pub servers: Vec<(IpAddr, NameAnswer)>,
    /// The addresses that /etc/hosts has for it, each with its line: libc believes them before any name server.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<(IpAddr, u32)>,
}

/// All names that the deployment's addresses use. Empty where all are literal addresses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NameLooks {
    /// One entry per name, in alphabetic order.
    pub names: Vec<NameLook>,
}

impl NameLook {
    /// Where /etc/hosts has a name that does not resolve: libc was told not to ask that file.
    pub fn passed_over(&self) -> Option<u32> {
        let resolves = matches!(self.libc, NameAnswer::Addresses(_));
        self.hosts.first().filter(|_| !resolves).map(|(_, line)| *line)
    }
}

impl NameLooks {
    /// Where libc leads who asks for a name; none where it does not resolve, or nobody asked.
    pub fn leads(&self, name: &str) -> Option<&[IpAddr]> {
        match &self.of(name)?.libc {
            NameAnswer::Addresses(found) => Some(found),
            NameAnswer::NoSuchName | NameAnswer::Silent | NameAnswer::Refused | NameAnswer::Failed => None,
        }
    }

    /// The look at a name.
    pub fn of(&self, name: &str) -> Option<&NameLook> {
        self.names.iter().find(|look| look.name.eq_ignore_ascii_case(name))
    }

    words! {
        pub(crate) fn label(&self) of self.names.as_slice() => {
            [] => "none",
            names if names.iter().all(|look| matches!(look.libc, NameAnswer::Addresses(_))) => "resolved",
            [..] => "unresolved",
        }
    }

    pub(crate) fn summary(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for look in &self.names {
            lines.push(format!("{}: libc says {}", look.name, look.libc.summary()));
            let hosts = look.hosts.iter();
            lines.extend(hosts.map(|(address, line)| format!("/etc/hosts:{line}: {address} {}", look.name)));
            for (server, answer) in &look.servers {
                lines.push(format!("{}: name server {server} says {}", look.name, answer.summary()));
            }
        }
        lines
    }
}
