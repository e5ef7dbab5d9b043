//! The kernel's policies for IPsec, which take packets that every route and firewall rule lets pass.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

/// The policies, and the packets that were dropped for one. They are looked at only where some were.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ipsec {
    /// The counters of `/proc/net/xfrm_stat` that are not 0.
    pub dropped: BTreeMap<String, u64>,
    /// As `ip xfrm policy` lists them, those of single sockets left out.
    pub policies: Vec<IpsecPolicy>,
}

/// For which packets a policy is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the words of ip-xfrm(8)")]
#[strum(serialize_all = "kebab-case")]
pub enum Direction {
    In,
    Out,
    Fwd,
}

impl Direction {
    /// The word of ip-xfrm(8).
    pub fn word(self) -> &'static str {
        self.into()
    }
}

/// A policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IpsecPolicy {
    /// Source.
    pub from: IpNet,
    /// Destination.
    pub to: IpNet,
    /// What else it asks (`proto tcp dport 6379`), empty for nothing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub more: String,
    /// For which packets.
    pub direction: Direction,
    /// `action block`.
    pub blocks: bool,
    /// It wants packets protected (`tmpl`).
    pub protects: bool,
    /// There is a state (a key that was agreed on) between the ends that it wants.
    pub has_state: bool,
}

impl IpsecPolicy {
    /// What `ip xfrm policy delete` wants.
    pub fn selector(&self) -> String {
        let more = if self.more.is_empty() { String::new() } else { format!(" {}", self.more) };
        format!("src {} dst {}{more} dir {}", self.from, self.to, self.direction.word())
    }

    /// Whether packets that it is for are dropped.
    pub fn stops(&self) -> bool {
        self.blocks || (self.protects && !self.has_state)
    }

    /// Whether it may be for packets of that protocol from or to one of the ports: what it does not ask it takes.
    pub fn takes(&self, protocol: &str, ports: &[u16]) -> bool {
        let words: Vec<&str> = self.more.split_whitespace().collect();
        words.windows(2).all(|pair| match *pair {
            ["proto", asked] => asked == protocol,
            ["sport" | "dport", port] => port.parse().is_ok_and(|port| ports.contains(&port)),
            _ => true,
        })
    }

    /// Whether it is for such packets.
    pub fn meets(&self, from: IpAddr, to: IpAddr) -> bool {
        self.from.contains(&from) && self.to.contains(&to)
    }
}

impl Ipsec {
    /// The counter that tells of such drops, with its number.
    pub fn counted(&self, policy: &IpsecPolicy) -> Option<(&str, u64)> {
        let names: &[&str] = match (policy.direction, policy.blocks) {
            (Direction::Out, true) => &["XfrmOutPolBlock"],
            (Direction::Out, false) => &["XfrmOutNoStates", "XfrmOutBundleGenError", "XfrmOutBundleCheckError"],
            (Direction::In | Direction::Fwd, true) => &["XfrmInPolBlock"],
            (Direction::In | Direction::Fwd, false) => &["XfrmInTmplMismatch", "XfrmInNoPols"],
        };
        names.iter().find_map(|name| self.dropped.get_key_value(*name)).map(|(name, count)| (name.as_str(), *count))
    }

    pub(super) fn summary(&self) -> Vec<String> {
        let state = |policy: &IpsecPolicy| match (policy.blocks, policy.protects, policy.has_state) {
            (true, ..) => ", action block",
            (_, true, false) => ", IPsec, no state",
            (_, true, true) => ", IPsec, with a state",
            _ => "",
        };
        let policies = self.policies.iter().map(|it| format!("ip xfrm policy: {}{}", it.selector(), state(it)));
        policies
            .chain(self.dropped.iter().map(|(name, count)| format!("/proc/net/xfrm_stat: {name} {count}")))
            .collect()
    }
}
