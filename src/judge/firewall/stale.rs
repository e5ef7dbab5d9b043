//! Rules for an address that nobody in the tunnel has: the worker's of once, or another network's.

use std::net::IpAddr;

use ipnet::IpNet;

use super::{flow, rule, trace};
use crate::case::Seat;
use crate::check::Finding;
use crate::check::cause::UfwAdmitsWorker;
use crate::fact::Vantage;
use crate::fact::firewall::netfilter::{Act, End, Rule, Test};
use crate::fact::firewall::walk::{Disposition, Step};
use crate::fact::firewall::{NewFlow, Ufw, UfwRule};

/// Whether a peer of the running tunnel may have an address of that network; none where its peers were not seen.
fn is_a_peers(seat: &Seat<'_>, net: IpNet) -> Option<bool> {
    let name = &seat.addresses().interface.value;
    let state = if seat.vantage() == Vantage::Server { seat.wg().ok()? } else { return None };
    let interface = state.interfaces.iter().find(|interface| interface.name == *name)?;
    let mut nets = interface.peers.iter().flat_map(|peer| &peer.allowed_ips);
    Some(nets.any(|own| own.contains(&net) || net.contains(own)))
}

/// Whether a rule for that source is one for the tunnel, and nobody there has such an address.
fn is_nobodys(seat: &Seat<'_>, from: IpNet, by: Option<&str>) -> bool {
    let addresses = seat.addresses();
    let meant = by == Some(addresses.interface.value.as_str()) || addresses.subnet.value.contains(&from);
    let single = from.prefix_len() == from.max_prefix_len();
    meant && single && is_a_peers(seat, from) == Some(false)
}

/// ufw's rule that would let the connection in, if it came from an address that nobody has.
pub(super) fn ufws<'a>(seat: &Seat<'_>, ufw: &'a Ufw, flow: &NewFlow<'_>) -> Option<&'a UfwRule> {
    let would = |rule: &&UfwRule| {
        let Some(from) = rule.from else { return false };
        let old = NewFlow { from: from.addr(), ..flow.clone() };
        rule.action.admits()
            && !from.contains(&flow.from)
            && rule.matches(&old)
            && ufw.admits(&old)
            && is_nobodys(seat, from, rule.interface.as_deref())
    };
    ufw.rules.iter().find(would)
}

/// The words of a fix that puts rules for the worker's address in the place of these; those of the higher number first,
/// since a rule that is put in or taken away moves the ones behind it.
pub(super) fn replaced(
    seat: &Seat<'_>,
    ufw: &Ufw,
    mut rules: Vec<&UfwRule>,
    finding: Finding<UfwAdmitsWorker>,
) -> Finding<UfwAdmitsWorker> {
    rules.sort_by_key(|rule| std::cmp::Reverse(rule.number));
    rules.dedup_by_key(|rule| rule.number);
    let client = seat.addresses().client.value;
    let new = |rule: &&UfwRule| UfwRule { from: Some(IpNet::from(client)), ..(*rule).clone() }.words();
    let mut words = rules.iter().map(|rule| (rule.number.to_string(), (rule.number + 1).to_string(), new(rule)));
    let empty = || (String::new(), String::new(), String::new());
    let (first, second) = (words.next().unwrap_or_else(empty), words.next().unwrap_or_else(empty));
    let last = rules.last().copied();
    let finding = finding.with("first", first.0).with("first_old", first.1).with("ufw_rule", first.2);
    let finding = finding.with("second", second.0).with("second_old", second.1).with("ufw_second", second.2);
    let numbers: Vec<String> = rules.iter().rev().map(|rule| rule.number.to_string()).collect();
    let finding = finding
        .with("numbers", format!("{} {}", if numbers.len() == 1 { "rule" } else { "rules" }, numbers.join(" and ")));
    let from = last.and_then(|rule| rule.from).map_or_else(String::new, |net| net.addr().to_string());
    let finding = finding.with("old", from).with("rule_words", last.map_or_else(String::new, UfwRule::words));
    match last {
        Some(rule) => finding.at(&ufw.path_of(rule), rule.line),
        None => finding,
    }
}

/// The kernel's rule that would let the connection in before it is stopped, if it came from an address that nobody has.
pub(super) fn kernels(seat: &Seat<'_>, stopped: &Step, port: u16) -> Option<(IpAddr, String)> {
    let model = seat.rules().ok()?;
    let table = model.tables.iter().find(|table| table.tool == stopped.tool && table.name == stopped.table)?;
    let rules = table.chains.values().flat_map(|chain| &chain.rules).filter(|rule| rule.act == Act::Accept);
    let single = |test: &Test| {
        let Test::Address(End::From, ranges) = test else { return None };
        if let [(low, high)] = ranges.as_slice() { (low == high).then_some(*low) } else { None }
    };
    let is_single = |it: &Rule| it.tests.iter().find_map(single);
    rules.into_iter().find_map(|it| {
        let from = is_single(it)?;
        let by = it.tests.iter().find_map(arrives);
        let trace = is_nobodys(seat, IpNet::from(from), by.map(String::as_str))
            .then(|| trace(seat, &NewFlow { from, ..flow(seat, port) }))?
            .ok()?;
        let lets_in =
            trace.disposition == Disposition::Accepted && trace.by().is_some_and(|step| rule(step) == *it.text);
        lets_in.then(|| (from, it.text.to_string()))
    })
}

/// The first interface that a test of a rule wants a packet to come in by.
fn arrives(test: &Test) -> Option<&String> {
    if let Test::Interface(End::From, names) = test { names.first() } else { None }
}
