//! ufw as it is stored: its switch, its default, and its rules in the order in which it tries them.

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::fact::words::words;

pub mod counters;
pub mod netfilter;
pub mod walk;

/// What a rule or a default does with a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the words of ufw(8)")]
#[strum(serialize_all = "kebab-case")]
pub enum Action {
    Allow,
    Deny,
    Reject,
    Limit,
}

impl Action {
    /// Whether a new connection passes.
    pub fn admits(self) -> bool {
        matches!(self, Self::Allow | Self::Limit)
    }

    /// The word of ufw(8).
    pub fn word(self) -> &'static str {
        self.into()
    }
}

/// A transport protocol in a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the words of ufw(8)")]
pub enum Protocol {
    Tcp,
    Udp,
    Any,
    /// Another one (esp, ah, gre …).
    Other,
}

/// One incoming rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UfwRule {
    /// Its number as `ufw status numbered` prints it.
    pub number: u32,
    /// Its line in the file.
    pub line: u32,
    /// For IPv6, and from the file for that.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub six: bool,
    /// What it does.
    pub action: Action,
    /// For which protocol.
    pub protocol: Protocol,
    /// Destination ports as inclusive ranges; empty for any.
    pub ports: Vec<(u16, u16)>,
    /// Source; none for any.
    pub from: Option<IpNet>,
    /// Destination; none for any.
    pub to: Option<IpNet>,
    /// The interface it came in by; none for any.
    pub interface: Option<String>,
}

/// A new connection, as a firewall sees it.
#[derive(Debug, Clone)]
pub struct NewFlow<'a> {
    /// The interface it comes in by.
    pub interface: &'a str,
    /// Its source.
    pub from: std::net::IpAddr,
    /// Its destination.
    pub to: std::net::IpAddr,
    /// Tcp or Udp.
    pub protocol: Protocol,
    /// The destination port.
    pub port: u16,
}

impl UfwRule {
    /// Whether it is what `ufw allow in on INTERFACE from NET to any port PORT proto tcp` makes.
    pub fn is_allow_of(&self, interface: &str, net: IpNet, port: u16) -> bool {
        self.action == Action::Allow
            && self.interface.as_deref() == Some(interface)
            && (self.from, self.to) == (Some(net), None)
            && self.ports == [(port, port)]
    }

    /// Whether the rule speaks of this connection.
    pub fn matches(&self, flow: &NewFlow<'_>) -> bool {
        self.six == flow.to.is_ipv6()
            && (self.protocol == Protocol::Any || self.protocol == flow.protocol)
            && (self.ports.is_empty() || self.ports.iter().any(|(low, high)| (*low..=*high).contains(&flow.port)))
            && self.from.is_none_or(|net| net.contains(&flow.from))
            && self.to.is_none_or(|net| net.contains(&flow.to))
            && self.interface.as_deref().is_none_or(|name| match name.strip_suffix('+') {
                // The wildcard of iptables: `wg+` is every interface whose name begins with wg.
                Some(start) => flow.interface.starts_with(start),
                None => name == flow.interface,
            })
    }

    /// The rule in the words of the ufw command.
    pub fn words(&self) -> String {
        let ports = self
            .ports
            .iter()
            .map(|(low, high)| if low == high { low.to_string() } else { format!("{low}:{high}") })
            .collect::<Vec<_>>()
            .join(",");
        let on = self.interface.as_ref().map_or_else(String::new, |name| format!(" in on {name}"));
        let from = self.from.map_or_else(|| "any".to_owned(), |net| net.to_string());
        let to = self.to.map_or_else(|| "any".to_owned(), |net| net.to_string());
        let port = if ports.is_empty() { String::new() } else { format!(" port {ports}") };
        let protocol = match self.protocol {
            Protocol::Tcp => " proto tcp",
            Protocol::Udp => " proto udp",
            Protocol::Any | Protocol::Other => "",
        };
        format!("{}{on} from {from} to {to}{port}{protocol}", self.action.word())
    }
}

/// ufw as stored on disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ufw {
    /// `ENABLED=` in ufw.conf; false too where ufw is not installed.
    pub enabled: bool,
    /// Whether ufw is installed.
    pub installed: bool,
    /// `DEFAULT_INPUT_POLICY`.
    pub default_input: Action,
    /// The file the rules for IPv4 are from.
    pub path: String,
    /// Incoming rules, first match wins. A rule for one source port is not among them.
    pub rules: Vec<UfwRule>,
    /// `IPV6=yes`: else ufw drops all IPv6 but loopback's.
    #[serde(default)]
    pub ipv6: bool,
    /// A unit or a script that restores rules of the kernel, where ufw is switched off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restored_by: Option<String>,
}

impl Ufw {
    words! {
        pub(crate) fn label(&self) of (self.installed, self.enabled) => {
                (false, _) => "not-installed",
                (true, false) => "inactive",
                (true, true) => "active",
        }
    }

    /// The first rule that speaks of a connection.
    pub fn first_match(&self, flow: &NewFlow<'_>) -> Option<&UfwRule> {
        self.rules.iter().find(|rule| rule.matches(flow))
    }

    /// Whether a new connection is let in, by the stored rules.
    pub fn admits(&self, flow: &NewFlow<'_>) -> bool {
        let default = if flow.to.is_ipv6() && !self.ipv6 { Action::Deny } else { self.default_input };
        !self.enabled || self.first_match(flow).map_or(default, |rule| rule.action).admits()
    }

    /// The file of a rule.
    pub fn path_of(&self, rule: &UfwRule) -> String {
        self.path_for(rule.six)
    }

    /// The file of the rules for one version of IP.
    pub fn path_for(&self, six: bool) -> String {
        if six { self.path.replace("user.rules", "user6.rules") } else { self.path.clone() }
    }

    pub(crate) fn summary(&self) -> Vec<String> {
        let switch = match (self.installed, self.enabled) {
            (false, _) => "ufw is not installed",
            (true, false) => "ufw.conf has ENABLED=no",
            (true, true) => "ufw.conf has ENABLED=yes",
        };
        let mut lines = vec![format!("{switch}, default {} (incoming)", self.default_input.word())];
        lines.extend(
            self.rules
                .iter()
                .map(|rule| format!("{}:{}: [{}] {}", self.path_of(rule), rule.line, rule.number, rule.words())),
        );
        lines
    }
}
