//! Follows a new connection's first packet through the kernel's rules: is it accepted, and by which rule?
//!
//! A rule that is not understood both matches and does not, and both ways are followed. Only if they end differently
//! is there no answer. The packet is a plain SYN (or datagram) of an untouched connection: no mark, no limit reached,
//! and it comes by the interface by which an answer to its source would go. Then the next packet of the same
//! connection is followed, for who lets in the first only lets in nobody.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::NewFlow;
use super::netfilter::{Base, Chain, Family, Hook, Model, Table, Tool};
use crate::fact::network::Links;
use crate::fact::order::InOrder;

mod chain;
mod departure;
mod packet;

use chain::{Exit, leave};
pub use departure::{Departure, Sent};
use packet::{Packet, Truth};

/// Where a packet's disposition was decided, or on the way there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Step {
    /// Whose table.
    pub tool: Tool,
    /// As its tool wants it.
    pub table: String,
    /// The chain.
    pub chain: String,
    /// The rule's number, from 1; for a policy, one more than there are rules.
    pub number: u32,
    /// nft's handle of it.
    pub handle: Option<u64>,
    /// The rule; none for the chain's policy.
    pub rule: Option<String>,
}

/// What becomes of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "they are what they say")]
pub enum Disposition {
    Accepted,
    Dropped,
    Rejected,
    /// A rule that could decide it is not understood.
    Unknown,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PacketTrace {
    /// What becomes of it.
    pub disposition: Disposition,
    /// The rule that decides (or is not understood) comes last, the rules that lead to it before. Empty where the
    /// kernel has none.
    pub trail: Vec<Step>,
    /// Where it is sent on to, if its destination is changed.
    pub sent_on: Option<SocketAddr>,
    /// By which rule.
    pub sent_by: Option<Step>,
    /// The rule of `nat` behind the routing that decided on its source.
    pub renamed_by: Option<Step>,
    /// The first packet is let in, and this is the disposition of the next.
    pub later: bool,
}

impl PacketTrace {
    /// The rule or policy that decides.
    pub fn by(&self) -> Option<&Step> {
        self.trail.last()
    }
}

/// The priority at which the kernel finds the connection that a packet belongs to.
const CONNTRACK: i32 = -200;

/// The priority at which destinations are translated.
const TRANSLATION: i32 = -100;

type Found<'a> = (&'a Table, &'a str, &'a Chain, &'a Base);

fn rivals(bases: &[Found<'_>], base: &Base) -> bool {
    let rival = |other: &Base, chain: &Chain| other.nat && other.priority == base.priority && !chain.rules.is_empty();
    bases.iter().filter(|(_, _, chain, other)| rival(other, chain)).count() > 1
}

/// The journey through all hooks.
#[derive(Default)]
struct Journey {
    /// An earlier place at which the packet may have been stopped, or something else may have been done to it.
    doubt: Option<Vec<Step>>,
    /// By what it was let through last: a rule, or else a policy.
    accepted: Vec<Step>,
    /// The rule that changed its destination.
    sent_by: Option<Step>,
    /// The rule that decided on its source.
    renamed_by: Option<Step>,
}

impl Packet<'_> {
    /// A later packet goes where the first one went, unless its connection is not tracked.
    fn translate(&mut self, journey: &mut Journey) {
        if let Some(to) = self.to_be.take() {
            (self.to, self.port, self.translated) = (to.ip(), to.port(), true);
            if self.tracked != Truth::Yes {
                journey.doubt.get_or_insert_default();
            }
        }
    }
}

impl Model {
    /// What becomes of a new connection to this host.
    pub fn trace(&self, flow: &NewFlow<'_>, links: Option<&Links>) -> PacketTrace {
        self.follow(flow, links, true)
    }

    /// What becomes of a new connection that this host forwards, as it does for its containers.
    pub fn forwarded(&self, flow: &NewFlow<'_>, links: &Links) -> PacketTrace {
        self.follow(flow, Some(links), false)
    }

    /// What becomes of the answers to such a connection, which come back by this interface.
    pub fn forwarded_answer(&self, flow: &NewFlow<'_>, by: &str, links: &Links) -> PacketTrace {
        let back = NewFlow { interface: by, from: flow.to, to: flow.from, port: 0, ..*flow };
        let mut packet = Packet {
            later: true,
            early: false,
            leaves: Some(flow.interface.to_owned()),
            own_port: Some(flow.port),
            ..Packet::first(&back, Some(links))
        };
        let mut journey = Journey::default();
        let stopped = self.pass(Hook::Forward, &mut packet, &mut journey);
        let stopped = stopped.or_else(|| self.pass(Hook::Postrouting, &mut packet, &mut journey));
        let (disposition, trail) = self.end(stopped, journey);
        PacketTrace { disposition, trail, sent_on: None, sent_by: None, renamed_by: None, later: true }
    }

    fn follow(&self, flow: &NewFlow<'_>, links: Option<&Links>, for_us: bool) -> PacketTrace {
        let (first, tracked) = self.packet(flow, links, for_us, None);
        if first.disposition != Disposition::Accepted {
            return first;
        }
        let (next, still) = self.packet(flow, links, for_us, Some(&first));
        if next.disposition == Disposition::Accepted && tracked != still {
            // The kernel meets the connection in its middle, and takes it for another.
            return PacketTrace { disposition: Disposition::Unknown, ..next };
        }
        if next.disposition == Disposition::Accepted { first } else { PacketTrace { sent_by: first.sent_by, ..next } }
    }

    /// One packet: the first, or one after it.
    fn packet(
        &self,
        flow: &NewFlow<'_>,
        links: Option<&Links>,
        for_us: bool,
        first: Option<&PacketTrace>,
    ) -> (PacketTrace, Truth) {
        let mut packet = Packet {
            later: first.is_some(),
            to_be: first.and_then(|first| first.sent_on),
            for_us,
            ..Packet::first(flow, links)
        };
        let mut journey = Journey::default();
        let mut stopped = self.pass(Hook::Ingress, &mut packet, &mut journey);
        stopped = stopped.or_else(|| self.pass(Hook::Prerouting, &mut packet, &mut journey));
        packet.translate(&mut journey);
        stopped = stopped.or_else(|| {
            if packet.is_here() {
                return self.pass(Hook::Input, &mut packet, &mut journey);
            }
            packet.leaves = links.and_then(|links| {
                let on = links.links.iter().find(|link| link.addresses.iter().any(|net| net.contains(&packet.to)));
                on.map(|link| link.name.clone())
            });
            let forward = self.pass(Hook::Forward, &mut packet, &mut journey);
            forward.or_else(|| self.pass(Hook::Postrouting, &mut packet, &mut journey))
        });
        let sent_on = packet.translated.then(|| SocketAddr::new(packet.to, packet.port));
        let (sent_by, renamed_by) = (journey.sent_by.take(), journey.renamed_by.take());
        let (disposition, trail) = self.end(stopped, journey);
        (PacketTrace { disposition, trail, sent_on, sent_by, renamed_by, later: first.is_some() }, packet.tracked)
    }

    /// How a journey ended.
    fn end(&self, stopped: Option<(Disposition, Vec<Step>)>, journey: Journey) -> (Disposition, Vec<Step>) {
        match (stopped, journey.doubt) {
            (Some(stopped), _) => stopped,
            (None, Some(trail)) => (Disposition::Unknown, trail),
            (None, None) if !self.missing.is_empty() => (Disposition::Unknown, Vec::new()),
            (None, None) => (Disposition::Accepted, journey.accepted),
        }
    }

    /// The base chains of a hook that this packet meets, in their order.
    fn bases(&self, hook: Hook, packet: &Packet<'_>) -> Vec<Found<'_>> {
        let meets = |family: Family| match family {
            Family::Ip => !packet.is_six(),
            Family::Ip6 => packet.is_six(),
            Family::Inet | Family::Netdev => true,
        };
        let mut found: Vec<_> = self
            .tables
            .iter()
            .filter(|table| meets(table.family))
            .flat_map(|table| table.chains.iter().map(move |(name, chain)| (table, name.as_str(), chain)))
            .filter_map(|(table, name, chain)| Some((table, name, chain, chain.base.as_ref()?)))
            .filter(|(_, _, _, base)| base.hook == hook)
            .filter(|(_, _, _, base)| {
                let here = base.devices.is_empty() || base.devices.iter().any(|it| it == packet.flow.interface);
                hook != Hook::Ingress || here
            })
            .collect();
        found.in_order_of(|(_, _, _, base)| base.priority);
        found
    }

    /// None if it comes through.
    fn pass(&self, hook: Hook, packet: &mut Packet<'_>, journey: &mut Journey) -> Option<(Disposition, Vec<Step>)> {
        let bases = self.bases(hook, packet);
        for (table, name, chain, base) in &bases {
            // A later packet is translated as the first one was.
            if hook == Hook::Prerouting && base.priority > TRANSLATION {
                packet.translate(journey);
            }
            if base.nat && (packet.translated || packet.later || packet.tracked == Truth::No) {
                continue;
            }
            packet.early =
                hook == Hook::Ingress || (matches!(hook, Hook::Prerouting | Hook::Output) && base.priority < CONNTRACK);
            let mut exits = leave(table, name, chain, base, packet);
            if hook == Hook::Ingress && base.devices.is_empty() {
                // Whether it is this packet's chain is not known.
                exits.add(Exit::Unsupported, &[]);
            }
            let doubt = exits.doubt.take().unwrap_or_default();
            let blocks = exits.found.iter().all(|(exit, _)| matches!(exit, Exit::Drop | Exit::Reject));
            match exits.found.as_mut_slice() {
                [(Exit::Accept, trail)] if base.nat && hook == Hook::Postrouting => journey.renamed_by = trail.pop(),
                [(Exit::Accept, trail)] => {
                    let by_rule = trail.last().is_some_and(|step| step.rule.is_some());
                    if (by_rule || journey.accepted.last().is_none_or(|step| step.rule.is_none())) && !base.nat {
                        journey.accepted = std::mem::take(trail);
                    }
                }
                [(Exit::Drop, trail)] => return Some((Disposition::Dropped, std::mem::take(trail))),
                [(Exit::Reject, trail)] => return Some((Disposition::Rejected, std::mem::take(trail))),
                // Of two at the same place, the kernel asks the one that was loaded later; no listing tells which.
                [(Exit::Dnat(..), trail)] if packet.tracked == Truth::Alternative || rivals(&bases, base) => {
                    return Some((Disposition::Unknown, std::mem::take(trail)));
                }
                [(Exit::Dnat(to, port), trail)] => {
                    journey.sent_by = trail.pop();
                    packet.translated = true;
                    packet.to = to.unwrap_or(packet.to);
                    packet.port = port.unwrap_or(packet.port);
                    // The kernel drops what is sent to 127.0.0.1 from outside, unless it is told not to.
                    if packet.to.is_loopback() {
                        journey.doubt.get_or_insert(doubt);
                    }
                }
                [(_, trail), ..] if blocks => return Some((Disposition::Dropped, std::mem::take(trail))),
                _ if base.nat => return Some((Disposition::Unknown, doubt)),
                _ => {
                    journey.doubt.get_or_insert(doubt);
                }
            }
        }
        None
    }
}
