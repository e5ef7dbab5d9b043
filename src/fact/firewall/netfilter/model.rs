//! The ordered model: tables, chains, rules, what a rule asks and what it does.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::rc::Rc;

use super::Tool;
use crate::fact::firewall::walk::Step;

/// Every table of the kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    /// In the order listed.
    pub tables: Vec<Table>,
    /// As in [`Netfilter::missing`].
    pub missing: Vec<String>,
}

/// For which packets a table is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the families of nft(8)")]
pub enum Family {
    Ip,
    Ip6,
    Inet,
    Netdev,
}

/// A table: chains that may jump to each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Whose it is.
    pub tool: Tool,
    /// As its tool wants it: `filter`, or `inet filter` for nft.
    pub name: String,
    /// Its family.
    pub family: Family,
    /// Its chains by name.
    pub chains: BTreeMap<String, Chain>,
}

impl Table {
    /// Whether nothing in it could stop or turn a packet.
    pub fn is_idle(&self) -> bool {
        self.chains.values().all(|chain| chain.rules.is_empty() && chain.base.as_ref().is_none_or(|base| !base.drops))
    }

    /// The chains that a chain leads to.
    pub fn reached(&self, from: &str) -> BTreeSet<&str> {
        let mut found: BTreeSet<&str> = BTreeSet::new();
        let mut open = vec![from];
        while let Some(name) = open.pop() {
            for rule in self.chains.get(name).map(|chain| chain.rules.as_slice()).unwrap_or_default() {
                if let Act::Jump(to) | Act::Goto(to) = &rule.act
                    && self.chains.contains_key(to)
                    && found.insert(to)
                {
                    open.push(to);
                }
            }
        }
        found
    }
}

impl Model {
    /// The ports, each named alone, whose packets some rule sends on to another place.
    pub fn sent_ports(&self) -> BTreeSet<u16> {
        let chains = self.tables.iter().flat_map(|table| table.chains.values());
        let sending = chains.flat_map(|chain| &chain.rules).filter(|rule| matches!(rule.act, Act::Dnat(..)));
        let ports = sending.flat_map(|rule| &rule.tests).filter_map(|test| match test {
            Test::Number(Field::Port, ranges) => Some(ranges),
            _ => None,
        });
        ports.flatten().filter(|(first, last)| first == last).filter_map(|(port, _)| (*port).try_into().ok()).collect()
    }

    /// Whether packets that come in meet a rule; false if those that go out do, none if both may or nobody does.
    pub fn arriving(&self, step: &Step) -> Option<bool> {
        let table = self.tables.iter().find(|table| table.tool == step.tool && table.name == step.table)?;
        let leads = |name: &String| *name == step.chain || table.reached(name).contains(step.chain.as_str());
        let bases = table.chains.iter().filter(|(name, _)| leads(name)).filter_map(|(_, chain)| chain.base.as_ref());
        let mut ways = bases.map(|base| matches!(base.hook, Hook::Ingress | Hook::Prerouting | Hook::Input));
        let first = ways.next()?;
        ways.all(|way| way == first).then_some(first)
    }
}

/// Where in a packet's way a base chain stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the hooks of netfilter")]
pub enum Hook {
    Ingress,
    Prerouting,
    Input,
    Forward,
    Postrouting,
    /// Only for what this host sends.
    Output,
}

/// What makes a chain a base chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    /// Where.
    pub hook: Hook,
    /// The lower first.
    pub priority: i32,
    /// A chain that translates addresses: a connection that was translated once does not meet another.
    pub nat: bool,
    /// Its policy.
    pub drops: bool,
    /// Devices of an ingress chain.
    pub devices: Vec<String>,
}

/// A list of rules.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chain {
    /// None for a chain that is only jumped to.
    pub base: Option<Base>,
    /// In order.
    pub rules: Vec<Rule>,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Its place in the chain, from 1.
    pub number: u32,
    /// nft's handle.
    pub handle: Option<u64>,
    /// As its tool writes it. The rules that are made of one of nft's share it.
    pub text: Rc<str>,
    /// What a packet must be, all of it.
    pub tests: Vec<Test>,
    /// What then happens to it.
    pub act: Act,
}

/// What is done with a packet.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the targets of iptables(8) and the statements of nft(8)")]
pub enum Act {
    Accept,
    Drop,
    Reject,
    Return,
    /// It is counted, logged or otherwise left as it is.
    Continue,
    Jump(String),
    Goto(String),
    /// Sent on to another address, or port, or both.
    Dnat(Option<IpAddr>, Option<u16>),
    /// Its mark is changed.
    Mark,
    /// Its connection is not tracked.
    Untrack,
    /// Not understood: it may do anything.
    Unsupported,
}

/// A number of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "they are what they say")]
pub enum Field {
    /// 4 or 6.
    Version,
    Protocol,
    SourcePort,
    Port,
    /// Bits of the connection's state: [`NEW`] and its like.
    State,
    /// Bits: [`TRANSLATED`].
    Status,
    /// [`ORIGINAL`] or [`REPLY`].
    Direction,
    /// 0 for unicast.
    PacketType,
}

/// The direction in which a connection was begun (nft(8), `ct direction`).
pub const ORIGINAL: u32 = 0;

/// The other direction.
pub const REPLY: u32 = 1;

/// A new connection's state.
pub const NEW: u32 = 8;
/// The state of an untracked packet.
pub const UNTRACKED: u32 = 64;
/// The state, and the status, of a connection whose destination was changed.
pub const TRANSLATED: u32 = 128;
/// The state of a packet that is not yet, or cannot be, part of a connection.
pub const INVALID: u32 = 1;
/// The state of every later packet of a connection.
pub const ESTABLISHED: u32 = 2;
/// The state of the first packet of a connection that belongs to another.
pub const RELATED: u32 = 4;

/// Which end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "they are what they say")]
pub enum End {
    From,
    To,
}

/// What a packet must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test {
    /// It came in (or goes out, if `End::To`) by one of these interfaces; `*` at the end stands for anything.
    Interface(End, Vec<String>),
    /// Its address is in one of these ranges.
    Address(End, Vec<(IpAddr, IpAddr)>),
    /// A number of it is in one of these ranges.
    Number(Field, Vec<(u32, u32)>),
    /// Of the flags under the first mask, just those of the second are set.
    TcpFlags(u8, u8),
    /// The address is the host's own (`local`), or, if true, the interface's own; or an ordinary one (`unicast`).
    Kind(End, Vec<String>, bool),
    /// The same as iptables asks it, which for IPv6 wants every kind it names, and calls the host's own unicast too.
    Addrtype(End, Vec<String>, bool),
    /// Its mark under the mask is this.
    Mark(u32, u32),
    /// All of one of these lists.
    Any(Vec<Vec<Test>>),
    /// The opposite.
    Not(Box<Test>),
    /// Never.
    Never,
    /// Under a rate: true for the first, which is enough to be let in and not enough to be kept out.
    Rate,
    /// Not understood.
    Unsupported,
}

impl Test {
    /// The opposite, if `not`.
    #[must_use]
    pub fn negate(self, not: bool) -> Self {
        match (not, self) {
            (false, test) => test,
            (true, Self::Unsupported) => Self::Unsupported,
            (true, test) => Self::Not(Box::new(test)),
        }
    }
}
