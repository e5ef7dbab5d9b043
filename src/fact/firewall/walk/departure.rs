//! What becomes of what this host sends: the hooks `output` and `postrouting`.

use std::cell::RefCell;
use std::net::{IpAddr, SocketAddr};

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
    /// What becomes of it, which has this mark; none where that is not known.
    pub fn departure(&self, sent: &Departure<'_>, mark: Option<u32>, links: Option<&Links>) -> PacketTrace {
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
            mark,
            later: matches!(sent.what, Sent::Answer(_)),
            to_be: None,
            early: false,
            tracked: Truth::Yes,
            leaves: sent.interface.map(str::to_owned),
            sent: true,
            for_us: false,
            own_port,
            budget: RefCell::default(),
        };
        let mut journey = Journey::default();
        let stopped = self.pass(Hook::Output, &mut packet, &mut journey);
        let stopped = stopped.or_else(|| self.pass(Hook::Postrouting, &mut packet, &mut journey));
        let sent_on = packet.translated.then(|| SocketAddr::new(packet.to, packet.port));
        let (sent_by, renamed_by) = (journey.sent_by.clone(), journey.renamed_by.take());
        // A destination that is changed here is routed again, by what is not followed.
        let (disposition, trail) = if packet.translated {
            let trail = journey.doubt.unwrap_or_else(|| journey.sent_by.into_iter().collect());
            (Disposition::Unknown, trail)
        } else {
            self.end(stopped, journey)
        };
        PacketTrace { disposition, trail, sent_on, sent_by, renamed_by, later: packet.later }
    }
}
