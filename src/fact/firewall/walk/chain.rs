//! One base chain, and all the ways in which a packet may leave it.

use std::net::IpAddr;

use super::Step;
use super::packet::{Packet, Truth};
use crate::fact::firewall::netfilter::{Act, Base, Chain, Rule, Table, Test};

/// How a packet can leave a base chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    Accept,
    Drop,
    Reject,
    Dnat(Option<IpAddr>, Option<u16>),
    Unsupported,
}

/// All the ways in which it can leave a chain, each with the first trail there.
#[derive(Default)]
pub(super) struct Exits {
    pub(super) found: Vec<(Exit, Vec<Step>)>,
    /// The first step at which more than one way was open.
    pub(super) doubt: Option<Vec<Step>>,
    /// It may come to the chain's end.
    falls: bool,
}

impl Exits {
    pub(super) fn add(&mut self, exit: Exit, trail: &[Step]) {
        if self.found.len() < TOLD && !self.found.iter().any(|(known, _)| *known == exit) {
            self.found.push((exit, trail.to_vec()));
        }
    }

    fn doubt(&mut self, trail: &[Step]) {
        self.doubt.get_or_insert_with(|| trail.to_vec());
    }
}

/// With so many different ways out (all but three of them to other addresses) there is no answer, whatever else there is.
const TOLD: usize = 8;

/// Deeper than the kernel's own limit of 16 jumps.
const DEPTH: usize = 64;

fn step(table: &Table, chain: &str, rule: &Rule) -> Step {
    Step {
        tool: table.tool,
        table: table.name.clone(),
        chain: chain.to_owned(),
        number: rule.number,
        handle: rule.handle,
        rule: Some(rule.text.to_string()),
    }
}

fn follow(table: &Table, name: &str, packet: &mut Packet<'_>, trail: &mut Vec<Step>, exits: &mut Exits) -> bool {
    let Some(chain) = table.chains.get(name).filter(|_| trail.len() < DEPTH) else {
        exits.add(Exit::Unsupported, trail);
        exits.doubt(trail);
        return true;
    };
    for rule in &chain.rules {
        let mut truth = packet.meets_all(&rule.tests);
        if truth != Truth::No && packet.is_spent(1 + rule.text.len()) {
            exits.add(Exit::Unsupported, trail);
            exits.doubt(trail);
            return true;
        }
        // Who is under a rate is let in; whether all are, or are kept out, is not known.
        if truth == Truth::Yes && rule.tests.contains(&Test::Rate) && matches!(rule.act, Act::Drop | Act::Reject) {
            truth = Truth::Alternative;
        }
        if truth == Truth::No {
            continue;
        }
        trail.push(step(table, name, rule));
        if truth == Truth::Alternative && rule.act != Act::Continue {
            exits.doubt(trail);
        }
        let goes_on = act(&rule.act, table, packet, trail, exits, truth);
        trail.pop();
        match goes_on {
            Next::Rule => {}
            Next::Caller if truth == Truth::Yes => return true,
            Next::Nowhere if truth == Truth::Yes => return false,
            Next::Caller => exits.falls = true,
            Next::Nowhere => {}
        }
    }
    true
}

enum Next {
    Rule,
    Caller,
    Nowhere,
}

fn act(
    act: &Act,
    table: &Table,
    packet: &mut Packet<'_>,
    trail: &mut Vec<Step>,
    exits: &mut Exits,
    truth: Truth,
) -> Next {
    let exit = match act {
        Act::Accept => Exit::Accept,
        Act::Drop => Exit::Drop,
        Act::Reject => Exit::Reject,
        Act::Dnat(to, port) => Exit::Dnat(*to, *port),
        Act::Return => return Next::Caller,
        Act::Continue => return Next::Rule,
        Act::Mark => {
            packet.mark = None;
            return Next::Rule;
        }
        Act::Untrack => {
            packet.tracked = if truth == Truth::Yes { Truth::No } else { Truth::Alternative };
            return Next::Rule;
        }
        Act::Unsupported => {
            exits.add(Exit::Unsupported, trail);
            exits.doubt(trail);
            return Next::Rule;
        }
        Act::Jump(to) => {
            // What falls out of a chain that was jumped to goes on behind the jump.
            let outer = std::mem::replace(&mut exits.falls, false);
            let falls = follow(table, to, packet, trail, exits) || exits.falls;
            exits.falls = outer;
            return if falls { Next::Rule } else { Next::Nowhere };
        }
        Act::Goto(to) => {
            let outer = std::mem::replace(&mut exits.falls, false);
            let falls = follow(table, to, packet, trail, exits) || exits.falls;
            exits.falls = outer;
            return if falls { Next::Caller } else { Next::Nowhere };
        }
    };
    exits.add(exit, trail);
    Next::Nowhere
}

pub(super) fn leave(table: &Table, name: &str, chain: &Chain, base: &Base, packet: &mut Packet<'_>) -> Exits {
    let mut exits = Exits::default();
    let falls = follow(table, name, packet, &mut Vec::new(), &mut exits);
    if falls || exits.falls {
        let policy = Step {
            tool: table.tool,
            table: table.name.clone(),
            chain: name.to_owned(),
            number: u32::try_from(chain.rules.len()).unwrap_or(u32::MAX).saturating_add(1),
            handle: None,
            rule: None,
        };
        exits.add(if base.drops { Exit::Drop } else { Exit::Accept }, &[policy]);
    }
    exits
}
