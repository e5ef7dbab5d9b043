//! Which program makes the tunnel's interface, where it is not wg-quick.

use serde::{Deserialize, Serialize};

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
    /// `NetworkManager`'s name of the connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<String>,
    /// Whether the program leaves the connection alone until somebody asks for it, and the line that says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_hand: Option<u32>,
}

/// A program that makes WireGuard interfaces from files of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Program {
    /// systemd-networkd, from a `.netdev` and a `.network` file.
    Networkd,
    /// `NetworkManager`, from a connection profile.
    NetworkManager,
}

impl Program {
    /// As it calls itself.
    pub fn name(self) -> &'static str {
        match self {
            Self::Networkd => "systemd-networkd",
            Self::NetworkManager => "NetworkManager",
        }
    }

    /// Its systemd unit.
    pub fn unit(self) -> &'static str {
        match self {
            Self::Networkd => "systemd-networkd.service",
            Self::NetworkManager => "NetworkManager.service",
        }
    }
}
