//! `known_hosts` as ssh reads it (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT): which lines speak of one host and port.

use serde::{Deserialize, Serialize};

/// The lines that matter for one host, and how many there are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownHosts {
    /// Lines that hold a key.
    pub lines: u32,
    /// Those that name the host, by this or another port, in order.
    pub host: Vec<KnownLine>,
}

/// One line that names the host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownLine {
    /// From 1.
    pub line: u32,
    /// How it names the host.
    pub names: Names,
    /// What stands before the names.
    pub marker: Option<Marker>,
    /// `ssh-ed25519`, `ssh-rsa` and the like.
    pub kind: String,
    /// As `ssh-keygen -l` prints it.
    pub fingerprint: String,
}

/// How a line names the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Names {
    /// As ssh looks for it: `host`, with another port than 22 `[host]:port`.
    Asked,
    /// Without the port, which is another than 22: ssh takes such a line too, if its key is the right one.
    WithoutPort,
    /// With another port, which is this one.
    OtherPort(u16),
}

/// What stands before the names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Marker {
    /// `@revoked`: the key is refused.
    Revoked,
    /// `@cert-authority`: the key signs host keys.
    Authority,
}

impl KnownHosts {
    /// The types of the keys that ssh finds for the host, which it then asks for first.
    pub fn kinds(&self) -> impl Iterator<Item = &str> {
        self.host
            .iter()
            .filter(|line| line.names == Names::Asked && line.marker.is_none())
            .map(|line| line.kind.as_str())
    }

    pub(super) fn summary(&self) -> String {
        let line = |it: &KnownLine| {
            let marker = match it.marker {
                Some(Marker::Revoked) => "@revoked ",
                Some(Marker::Authority) => "@cert-authority ",
                None => "",
            };
            let names = match it.names {
                Names::Asked => String::new(),
                Names::WithoutPort => " without the port".to_owned(),
                Names::OtherPort(port) => format!(" with port {port}"),
            };
            format!("line {} lists the host{names}: {marker}{} {}", it.line, it.kind, it.fingerprint)
        };
        let host = if self.host.is_empty() {
            vec!["no line lists the host".to_owned()]
        } else {
            self.host.iter().map(line).collect()
        };
        format!("{} keys; {}", self.lines, host.join("; "))
    }
}
