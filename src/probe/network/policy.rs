//! The rules of the routing policy, which the kernel tells to anybody.

use std::net::IpAddr;

use ipnet::IpNet;
use netlink_packet_route::AddressFamily;
use netlink_packet_route::rule::{RuleAction, RuleAttribute, RuleFlags, RuleMessage};

use super::netlink::{failed, within};
use super::routing_socket::{Question, Told};
use crate::fact::Unseen;
use crate::fact::network::policy::PolicyRule;
use crate::fact::order::InOrder;

/// All of them beside the usual three, of both families, in the order in which they are asked.
pub(super) async fn rules() -> Result<Vec<PolicyRule>, Unseen> {
    let questions = [Question::Rules(AddressFamily::Inet), Question::Rules(AddressFamily::Inet6)];
    let answers = within(questions).await?.map_err(|failure| failed(&failure))?;
    let told = answers.iter().filter_map(|told| if let Told::Rule(message) = told { rule(message) } else { None });
    let mut rules: Vec<PolicyRule> = told.filter(|rule| !rule.is_usual()).collect();
    rules.in_order();
    Ok(rules)
}

fn rule(message: &RuleMessage) -> Option<PolicyRule> {
    let header = &message.header;
    let action = header.action;
    let invert = header.flags.contains(RuleFlags::Invert);
    let any: IpAddr = if header.family == AddressFamily::Inet6 { [0; 16].into() } else { [0; 4].into() };
    let net = |address: IpAddr, length: u8| IpNet::new(address, length).ok().map(|net| net.trunc());
    let (mut from, mut to) = (None, None);
    let (mut priority, mut table) = (0, u32::from(header.table));
    let mut asks_more = invert || header.tos != 0;
    let mut asks = if asks_more { vec![None] } else { Vec::new() };
    for attribute in &message.attributes {
        if let RuleAttribute::Source(address) = attribute {
            from = Some(net(*address, header.src_len)?);
        } else if let RuleAttribute::Destination(address) = attribute {
            to = Some(net(*address, header.dst_len)?);
        } else if let RuleAttribute::Priority(value) = attribute {
            priority = *value;
        } else if let RuleAttribute::Table(value) = attribute {
            table = *value;
        } else if let RuleAttribute::Iifname(name) = attribute {
            asks.push(Some(format!("iif {name}")));
        } else if let RuleAttribute::FwMark(mark) = attribute {
            asks.push(Some(format!("fwmark {mark:#x}")));
        } else if !says_nothing(attribute) {
            asks.push(None);
        }
    }
    asks_more |= !asks.is_empty();
    let asks = if let [Some(only)] = asks.as_slice() { only.clone() } else { String::new() };
    // `from all` of one family says nothing of the other.
    if (header.src_len > 0 && from.is_none()) || (header.dst_len > 0 && to.is_none()) {
        return None;
    }
    if any.is_ipv6() && from.is_none() && to.is_none() {
        to = net(any, 0).filter(|_| !(priority == 0 || priority >= 32766));
    }
    Some(PolicyRule {
        priority,
        from,
        to,
        asks_more,
        asks,
        table: (action == RuleAction::ToTable).then_some(table),
        bars: matches!(action, RuleAction::Blackhole | RuleAction::Unreachable | RuleAction::Prohibit),
    })
}

/// Who made it says nothing of what it does, and a length or group of -1 is none.
fn says_nothing(attribute: &RuleAttribute) -> bool {
    matches!(
        attribute,
        RuleAttribute::Protocol(_)
            | RuleAttribute::FwMask(_)
            | RuleAttribute::SuppressPrefixLen(u32::MAX)
            | RuleAttribute::SuppressIfGroup(u32::MAX)
    )
}
