//! Whether WireGuard's port is open wider than it must be. Nothing of this is wrong: WireGuard answers nobody whose key
//! it does not know.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::case::Seat;
use crate::check::{Judged, broken, holds, not_applicable};
use crate::fact::firewall::walk::{Fate, Step};
use crate::fact::firewall::{Knock, Protocol};
use crate::judge::gates;

/// Strangers are let in to WireGuard's UDP port and to nothing beside it, and only where a client's address changes.
pub fn wg_port_narrow(seat: &Seat<'_>) -> Judged {
    let (model, links) = (seat.netfilter()?.model(), seat.links()?);
    let port = seat.addresses().wireguard_port.value;
    for (interface, net) in gates(links, &seat.addresses().interface.value) {
        let to = net.addr();
        let from = super::stranger(to);
        let admitted = |protocol, port| {
            let knock = Knock { interface, from, to, protocol, port };
            let passage = model.passage(&knock, Some(links));
            let by = passage.by().filter(|step| passage.fate == Fate::Accepted && step.rule.is_some()).cloned();
            by.map(|step| (step, knock))
        };
        let Some((step, knock)) = admitted(Protocol::Udp, port) else { continue };
        let same = |other: Option<(Step, Knock<'_>)>| other.is_some_and(|(other, _)| other == step);
        // The ports on both sides, and the ends of the range, stand for all others.
        let others = [port.wrapping_sub(1), port.wrapping_add(1), 1, u16::MAX];
        let other_ports = others.into_iter().any(|other| other != port && same(admitted(Protocol::Udp, other)));
        let more = match (same(admitted(Protocol::Tcp, port)), other_ports) {
            (true, true) => "TCP and other ports",
            (true, false) => "TCP",
            (false, true) => "other ports",
            (false, false) => "",
        };
        let heard = heard(seat)?;
        let finding = match (more.is_empty(), heard.is_empty()) {
            (false, _) => broken("more-than-udp").with("more", more),
            (true, false) => broken("from-anywhere").with("heard", list(&heard, ", ")).with("each", list(&heard, " ")),
            (true, true) => {
                return Ok(not_applicable("not every client was heard of yet: from where they come is not known"));
            }
        };
        let ufw = seat.ufw().ok().filter(|ufw| ufw.enabled && step.chain.starts_with("ufw"));
        let stored = ufw.and_then(|ufw| Some((ufw, ufw.first_match(&knock)?)));
        return Ok(match stored {
            Some((ufw, rule)) => finding
                .with("rule", rule.words())
                .with("ufw_rule", rule.words())
                .at(&ufw.path_of(rule), rule.line)
                .into(),
            None => finding.with("rule", super::rule(&step)).with("ufw_rule", "").into(),
        });
    }
    let open = gates(links, &seat.addresses().interface.value).any(|(interface, net)| {
        let to = net.addr();
        let knock = Knock { interface, from: super::stranger(to), to, protocol: Protocol::Udp, port };
        model.passage(&knock, Some(links)).by().is_none_or(|step| step.rule.is_none())
    });
    Ok(if open { not_applicable("no rule speaks of WireGuard's port") } else { holds() })
}

/// Where the peers were last heard; nothing unless every one was: the address of another is not known.
fn heard(seat: &Seat<'_>) -> Result<BTreeSet<IpAddr>, crate::fact::Unseen> {
    let peers = seat.wg()?.interfaces.iter().flat_map(|interface| &interface.peers);
    let all: Option<BTreeSet<IpAddr>> = peers.map(|peer| peer.endpoint.map(|endpoint| endpoint.ip())).collect();
    Ok(all.unwrap_or_default())
}

fn list(addresses: &BTreeSet<IpAddr>, between: &str) -> String {
    addresses.iter().map(IpAddr::to_string).collect::<Vec<_>>().join(between)
}
