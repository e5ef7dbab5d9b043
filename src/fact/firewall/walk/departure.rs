//! What becomes of what this host sends: the hooks `output` and `postrouting`.

use std::cell::RefCell;
use std::net::IpAddr;

use super::packet::{Packet, Truth};
use super::{Disposition, Journey, PacketTrace};
use crate::fact::firewall::netfilter::{Hook, Model};
use crate::fact::firewall::{NewFlow, Protocol};
use crate::fact::network::Links;

/// What is sent.
#[derive(Debug, Clone)]
pub struct Departure<'a> {
    /// The interface it leaves by; none if that is not known.
    pub interface: Option<&'a str>,
    /// Its source, one of this host's addresses.
    pub from: IpAddr,
    /// Its destination.
    pub to: IpAddr,
    /// Tcp or Udp.
    pub protocol: Protocol,
    /// What it is.
    pub what: Sent,
}

/// Which packet of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// The first, to this port of the other end, from this one, or else from any that a program chose.
    First(u16, Option<u16>),
    /// An answer to a connection that the other end began, from this port.
    Answer(u16),
}

impl Model {
    /// What becomes of it. A packet with a mark of its own meets rules that ask for marks in a way that is not known.
    pub fn departure(&self, sent: &Departure<'_>, marked: bool, links: Option<&Links>) -> PacketTrace {
        let (port, own_port) = match sent.what {
            Sent::First(port, own) => (port, own),
            Sent::Answer(own) => (0, Some(own)),
        };
        let flow = NewFlow { interface: "", from: sent.from, to: sent.to, protocol: sent.protocol, port };
        let mut packet = Packet {
            flow: &flow,
            links,
            to: sent.to,
            port,
            translated: false,
            marked,
            later: matches!(sent.what, Sent::Answer(_)),
            to_be: None,
            early: false,
            tracked: Truth::Yes,
            leaves: sent.interface.map(str::to_owned),
            sent: true,
            own_port,
            budget: RefCell::default(),
        };
        let mut journey = Journey { doubt: None, accepted: Vec::new(), sent_by: None };
        let stopped = self.pass(Hook::Output, &mut packet, &mut journey);
        let stopped = stopped.or_else(|| self.pass(Hook::Postrouting, &mut packet, &mut journey));
        // A destination that is changed here is routed again, by what is not followed.
        let (disposition, trail) = if packet.translated {
            (Disposition::Unknown, journey.doubt.unwrap_or_else(|| journey.sent_by.into_iter().collect()))
        } else {
            self.end(stopped, journey)
        };
        PacketTrace { disposition, trail, sent_on: None, sent_by: None, later: packet.later }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::firewall::iptables;
    use crate::fact::firewall::netfilter::{Listing, Netfilter, Tool};

    fn model(rules: &str) -> Model {
        let text = format!("*filter\n:OUTPUT ACCEPT [0:0]\n{rules}\nCOMMIT\n");
        let listings = vec![Listing { tool: Tool::Iptables, lines: iptables::tidy(&text) }];
        Netfilter { listings, stored: Vec::new(), missing: Vec::new() }.model()
    }

    fn disposition(rules: &str, what: Sent, protocol: Protocol) -> Disposition {
        let (interface, from, to) = match protocol {
            Protocol::Udp => ("eth0", "192.168.1.10", "203.0.113.1"),
            Protocol::Tcp | Protocol::Any | Protocol::Other => ("wg0", "10.8.0.1", "10.8.0.2"),
        };
        let (from, to) = (from.parse().expect("an address"), to.parse().expect("an address"));
        let packet = Departure { interface: Some(interface), from, to, protocol, what };
        model(rules).departure(&packet, protocol == Protocol::Udp, None).disposition
    }

    #[test]
    fn what_is_sent_meets_the_rules_for_what_goes_out() {
        let first = Sent::First(51820, Some(51820));
        let udp = |rules| disposition(rules, first, Protocol::Udp);
        assert_eq!(udp("-A OUTPUT -p udp -m udp --dport 51820 -j DROP"), Disposition::Dropped);
        assert_eq!(udp("-A OUTPUT -p udp -m udp --dport 51821 -j DROP"), Disposition::Accepted);
        assert_eq!(udp("-A OUTPUT -o wg0 -j REJECT --reject-with icmp-port-unreachable"), Disposition::Accepted);
        assert_eq!(udp("-A OUTPUT -o eth+ -j REJECT --reject-with icmp-port-unreachable"), Disposition::Rejected);
        assert_eq!(udp("-A OUTPUT -p udp -m udp --sport 51820 -j DROP"), Disposition::Dropped);
        assert_eq!(udp("-A OUTPUT -m addrtype ! --dst-type LOCAL -j DROP"), Disposition::Dropped);
        // Its own mark is not known.
        assert_eq!(udp("-A OUTPUT -m mark ! --mark 0xca6c -j DROP"), Disposition::Unknown);
    }

    #[test]
    fn an_answer_is_told_from_a_first_packet() {
        let known = "-A OUTPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n";
        let answer = |rules: &str| disposition(rules, Sent::Answer(6379), Protocol::Tcp);
        let drops = "-A OUTPUT -o wg0 -p tcp -m tcp --sport 6379 -j DROP";
        assert_eq!(answer(drops), Disposition::Dropped);
        assert_eq!(answer(&format!("{known}{drops}")), Disposition::Accepted);
        let first = disposition(&format!("{known}-A OUTPUT -j DROP"), Sent::First(6379, None), Protocol::Tcp);
        assert_eq!(first, Disposition::Dropped);
        assert_eq!(answer("-A OUTPUT -p tcp -m tcp --dport 443 -j DROP"), Disposition::Accepted);
        assert_eq!(answer("-A OUTPUT -p tcp -m tcp --dport 40000 -j DROP"), Disposition::Unknown);
    }
}
