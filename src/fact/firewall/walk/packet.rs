//! The packet that is followed, and what a rule can ask of it.

use std::cell::RefCell;
use std::net::{IpAddr, SocketAddr};

use crate::fact::firewall::netfilter::{
    ESTABLISHED, End, Field, INVALID, NEW, ORIGINAL, REPLY, TRANSLATED, Test, UNTRACKED,
};
use crate::fact::firewall::{NewFlow, Protocol};
use crate::fact::limits::Budget;
use crate::fact::network::Links;

const SYN: u8 = 0x02;
const ACK: u8 = 0x10;

/// A three-valued answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Truth {
    No,
    Alternative,
    Yes,
}

impl Truth {
    pub(super) fn of(yes: bool) -> Self {
        if yes { Self::Yes } else { Self::No }
    }

    fn doubted(self) -> Self {
        if self == Self::Yes { Self::Alternative } else { self }
    }

    fn not(self) -> Self {
        match self {
            Self::No => Self::Yes,
            Self::Alternative => Self::Alternative,
            Self::Yes => Self::No,
        }
    }

    fn all(truths: impl Iterator<Item = Self>) -> Self {
        truths.fold(Self::Yes, |one, other| {
            if one == Self::No || other == Self::No {
                Self::No
            } else if one == Self::Alternative || other == Self::Alternative {
                Self::Alternative
            } else {
                Self::Yes
            }
        })
    }
}

#[expect(clippy::struct_excessive_bools, reason = "each is a thing of its own that a rule may ask")]
pub(super) struct Packet<'a> {
    pub(super) flow: &'a NewFlow<'a>,
    pub(super) links: Option<&'a Links>,
    pub(super) to: IpAddr,
    pub(super) port: u16,
    /// Its destination was changed.
    pub(super) translated: bool,
    /// Its mark; none where that is not known, as once a rule has changed it.
    pub(super) mark: Option<u32>,
    /// Where the first packet of its connection was sent on to.
    pub(super) to_be: Option<SocketAddr>,
    /// It is not the first of its connection.
    pub(super) later: bool,
    /// Connections are not yet looked up: what comes before has no state.
    pub(super) early: bool,
    pub(super) tracked: Truth,
    /// By which it goes on; none if that is not known, empty if it stays.
    pub(super) leaves: Option<String>,
    /// This host sends it.
    pub(super) sent: bool,
    /// It was sent to this host.
    pub(super) for_us: bool,
    /// The port that it is sent from, where that is no program's free choice.
    pub(super) own_port: Option<u16>,
    /// How much more may be asked of it: chains that jump to each other twice have more ways than anybody can go.
    pub(super) budget: RefCell<Budget>,
}

impl<'a> Packet<'a> {
    /// The first one of a connection that comes in.
    pub(super) fn first(flow: &'a NewFlow<'a>, links: Option<&'a Links>) -> Self {
        Self {
            flow,
            links,
            to: flow.to,
            port: flow.port,
            translated: false,
            mark: Some(0),
            to_be: None,
            later: false,
            early: true,
            tracked: Truth::Yes,
            leaves: Some(String::new()),
            sent: false,
            for_us: false,
            own_port: None,
            budget: RefCell::default(),
        }
    }
}

impl Packet<'_> {
    pub(super) fn is_here(&self) -> bool {
        (self.for_us && self.to == self.flow.to) || self.links.is_some_and(|links| links.holder(self.to).is_some())
    }

    pub(super) fn is_six(&self) -> bool {
        self.flow.from.is_ipv6()
    }

    /// Whether nothing more can be asked.
    pub(super) fn is_spent(&self, cost: usize) -> bool {
        self.budget.borrow_mut().expand(cost).is_none()
    }

    fn meets(&self, test: &Test) -> Truth {
        let cost = match test {
            Test::Address(_, ranges) => ranges.len(),
            Test::Number(_, spans) => spans.len(),
            Test::Interface(_, names) | Test::Kind(_, names, _) | Test::Addrtype(_, names, _) => names.len(),
            Test::Any(lists) => lists.len(),
            Test::TcpFlags(..) | Test::Mark(..) | Test::Not(_) | Test::Never | Test::Rate | Test::Unsupported => 0,
        };
        if self.is_spent(1 + cost) {
            return Truth::Alternative;
        }
        match test {
            Test::Interface(end, names) => {
                let name = match end {
                    End::From => Some(self.flow.interface),
                    End::To => self.leaves.as_deref(),
                };
                name.map_or(Truth::Alternative, |name| Truth::of(names.iter().any(|pattern| is_named(name, pattern))))
            }
            Test::Address(end, ranges) => {
                let address = match end {
                    End::From => self.flow.from,
                    End::To => self.to,
                };
                let inside = |(low, high): &(IpAddr, IpAddr)| {
                    low.is_ipv6() == address.is_ipv6() && (*low..=*high).contains(&address)
                };
                Truth::of(ranges.iter().any(inside))
            }
            Test::Number(field, spans) => self.number(*field, spans),
            Test::TcpFlags(mask, set) => Truth::of(if self.later { ACK } else { SYN } & mask == *set),
            Test::Kind(end, kinds, here) => {
                self.kind(*end, *here).map_or(Truth::Alternative, |kind| Truth::of(kinds.iter().any(|it| it == kind)))
            }
            Test::Addrtype(end, kinds, here) if self.is_six() => {
                let local = self.kind(*end, *here);
                Truth::all(kinds.iter().map(|kind| match kind.as_str() {
                    "unicast" => Truth::Yes,
                    "local" => local.map_or(Truth::Alternative, |kind| Truth::of(kind == "local")),
                    "multicast" | "unspec" | "anycast" => Truth::No,
                    _ => Truth::Alternative,
                }))
            }
            Test::Addrtype(end, kinds, here) => self.meets(&Test::Kind(*end, kinds.clone(), *here)),
            Test::Mark(value, mask) => {
                self.mark.map_or(Truth::Alternative, |mark| Truth::of(mark & mask == value & mask))
            }
            Test::Any(lists) => Truth::all(lists.iter().map(|all| self.meets_all(all).not())).not(),
            Test::Not(test) => self.meets(test).not(),
            Test::Never => Truth::No,
            Test::Rate => Truth::Yes,
            Test::Unsupported => Truth::Alternative,
        }
    }

    pub(super) fn meets_all(&self, tests: &[Test]) -> Truth {
        Truth::all(tests.iter().map(|test| self.meets(test)))
    }

    fn number(&self, field: Field, spans: &[(u32, u32)]) -> Truth {
        let is = |value: u32| spans.iter().any(|(low, high)| (*low..=*high).contains(&value));
        match field {
            Field::Version => Truth::of(is(if self.is_six() { 6 } else { 4 })),
            Field::Protocol => match self.flow.protocol {
                Protocol::Tcp => Truth::of(is(6)),
                Protocol::Udp => Truth::of(is(17)),
                Protocol::Any | Protocol::Other => Truth::Alternative,
            },
            // An answer goes to a port that a program chose.
            Field::Port if self.answers() => chosen(spans),
            Field::Port => Truth::of(is(u32::from(self.port))),
            Field::SourcePort => self.own_port.map_or_else(|| chosen(spans), |port| Truth::of(is(u32::from(port)))),
            Field::State => match self.tracked {
                _ if self.early && self.tracked == Truth::Yes => Truth::of(is(INVALID)),
                Truth::Yes => {
                    Truth::of(is(if self.later { ESTABLISHED } else { NEW }) || (self.translated && is(TRANSLATED)))
                }
                Truth::No => Truth::of(is(UNTRACKED)),
                Truth::Alternative if [NEW, ESTABLISHED, INVALID].iter().all(|state| is(*state) == is(UNTRACKED)) => {
                    Truth::of(is(UNTRACKED))
                }
                Truth::Alternative => Truth::Alternative,
            },
            Field::Direction => match self.tracked {
                Truth::Yes if !self.early => Truth::of(is(if self.answers() { REPLY } else { ORIGINAL })),
                Truth::Alternative => Truth::Alternative,
                Truth::Yes | Truth::No => Truth::No,
            },
            Field::Status => Truth::of(self.translated && is(TRANSLATED)),
            Field::PacketType => Truth::of(is(0)),
        }
    }

    /// It goes back to who began the connection.
    fn answers(&self) -> bool {
        self.own_port.is_some() && self.later
    }

    fn kind(&self, end: End, here: bool) -> Option<&'static str> {
        match end {
            End::From => Some(if self.sent { "local" } else { "unicast" }),
            End::To if !self.is_here() => Some("unicast"),
            End::To if !here => Some("local"),
            End::To => {
                let link = self.links?.named(self.flow.interface)?;
                Some(if link.addresses.iter().any(|net| net.addr() == self.to) { "local" } else { "unicast" })
            }
        }
    }
}

/// A port that is any program's own choice: one of the upper ports.
fn chosen(spans: &[(u32, u32)]) -> Truth {
    if spans.iter().any(|(low, high)| *low <= 1024 && *high >= 65535) {
        return Truth::Yes;
    }
    Truth::of(spans.iter().any(|(_, high)| *high >= 1024)).doubted()
}

fn is_named(name: &str, pattern: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == name, |start| name.starts_with(start))
}
