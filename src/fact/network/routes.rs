//! All routes of this machine, in the tables that the kernel asks.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::ipsec::Ipsec;
use super::policy::PolicyRule;

/// The table that is asked where no rule says otherwise (`RT_TABLE_MAIN`).
pub const MAIN: u32 = 254;

/// One route to a network.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Route {
    /// The network; a prefix length of 0 is everything else.
    pub net: IpNet,
    /// By which interface; empty where the route only bars the way.
    pub device: String,
    /// The interface's kind, as in [`Link::kind`](super::Link::kind).
    pub kind: Option<String>,
    /// The next route; none where the network is on the link itself.
    pub gateway: Option<IpAddr>,
    /// Of two routes to one network the lower is taken.
    pub metric: u32,
    /// The routing table.
    pub table: u32,
}

impl Route {
    /// As `ip route` writes it.
    pub fn words(&self) -> String {
        let via = self.gateway.map_or_else(String::new, |gateway| format!(" via {gateway}"));
        let metric = if self.metric == 0 { String::new() } else { format!(" metric {}", self.metric) };
        let table = if self.table == MAIN { String::new() } else { format!(" table {}", self.table) };
        let device = if self.device.is_empty() { "barred".to_owned() } else { format!("dev {}", self.device) };
        format!("{}{via} {device}{metric}{table}", self.net)
    }
}

/// The routes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Routes {
    /// In the order of networks. Routes to this machine's own addresses and to groups are left out.
    pub entries: Vec<Route>,
    /// Whether IPv4 packets of others are sent on (`net.ipv4.ip_forward`); none where that cannot be seen.
    pub forwards: Option<bool>,
    /// Interfaces from which they are not, although it is on (`net.ipv4.conf.INTERFACE.forwarding`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept_back: Vec<String>,
    /// The rules that say which table is asked, beside the three that every machine has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policy: Vec<PolicyRule>,
    /// The policies of IPsec, where the kernel has dropped packets for one; none where it has not, or they cannot be seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ipsec: Option<Ipsec>,
}

impl Routes {
    pub(crate) fn summary(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.entries.iter().map(|route| format!("route {}", route.words())).collect();
        lines.extend(self.policy.iter().map(|rule| format!("rule {}", rule.words())));
        lines.extend(self.kept_back.iter().map(|name| format!("net.ipv4.conf.{name}.forwarding is 0")));
        lines.extend(self.ipsec.iter().flat_map(Ipsec::summary));
        if let Some(forwards) = self.forwards {
            lines.push(format!(
                "packets of others are {}forwarded (net.ipv4.ip_forward)",
                if forwards { "" } else { "not " }
            ));
        }
        lines
    }
}
