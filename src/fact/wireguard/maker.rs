//! Which program makes the tunnel's interface, where it is not wg-quick.

use serde::{Deserialize, Serialize};

use super::written::At;

/// Who makes the interface of a tunnel's file, and what of it lies elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Maker {
    /// The program.
    pub program: Program,
    /// The interface that the file is for.
    pub interface: String,
    /// The file with the interface's addresses: of networkd the `.network` file, if one is for this interface.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<String>,
    /// The file of which netplan generates this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub netplan: Option<String>,
    /// Its name of the tunnel: of `NetworkManager`'s connection, or of the container.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether it leaves the tunnel alone until somebody asks for it: what says so, and the line if that is in the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_hand: Option<ByHand>,
    /// Whether the interface is in the container's own network, and so not on this machine.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub apart: bool,
}

/// A file of systemd-networkd's that takes an interface which it is not meant for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adopted {
    /// The `.network` file, as networkd's own state names it.
    pub path: String,
    /// What its `Name=` says.
    pub pattern: String,
    /// Where.
    pub at: At,
    /// The file with the tunnel's addresses, which is read after it and so never used; none where another program made the
    /// interface.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hidden: Option<String>,
}

/// Why a tunnel does not come back by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ByHand {
    /// `autoconnect=false`, in this line of the connection's file.
    Line(u32),
    /// The container's restart policy.
    RestartPolicy,
}

impl Maker {
    /// A program that makes an interface.
    pub(crate) fn new(program: Program, interface: &str) -> Self {
        let interface = interface.to_owned();
        Self { program, interface, network: None, netplan: None, name: None, by_hand: None, apart: false }
    }
}

/// A program that makes WireGuard interfaces from files of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Program {
    /// systemd-networkd, from a `.netdev` and a `.network` file.
    Networkd,
    /// `NetworkManager`, from a connection profile.
    NetworkManager,
    /// wg-quick in a container of Docker's.
    Container,
}

impl Program {
    /// As it calls itself.
    pub fn name(self) -> &'static str {
        match self {
            Self::Networkd => "systemd-networkd",
            Self::NetworkManager => "NetworkManager",
            Self::Container => "a container",
        }
    }

    /// Its systemd unit.
    pub fn unit(self) -> &'static str {
        match self {
            Self::Networkd => "systemd-networkd.service",
            Self::NetworkManager => "NetworkManager.service",
            Self::Container => "docker.service",
        }
    }
}
