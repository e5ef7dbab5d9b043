//! Whether WireGuard's port is open wider than it must be. Nothing of this is wrong: WireGuard answers nobody whose key
//! it does not know.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::case::Seat;
use crate::check::cause::WgPortNarrow;
use crate::check::{Judged, broken, holds, not_applicable};
use crate::fact::Unseen;
use crate::fact::firewall::walk::{Disposition, PacketTrace};
use crate::fact::firewall::{NewFlow, Protocol};
use crate::judge::external_addresses;
use crate::judge::tunnel::relay;

/// Strangers are let in to WireGuard's UDP port and to nothing beside it, and only where a client's address changes.
pub(crate) fn wg_port_narrow(seat: &Seat<'_>) -> Judged<WgPortNarrow> {
    if relay::only_dials(seat) {
        return Ok(not_applicable(relay::DIALS));
    }
    let (model, links) = (seat.rules()?, seat.links()?);
    let port = seat.addresses().wireguard_port.value;
    let (mut unguarded, mut unsupported) = (false, None);
    for (interface, net) in external_addresses(links, &seat.addresses().interface.value) {
        let to = net.addr();
        let flow = |protocol, port| NewFlow { interface, from: super::stranger(to), to, protocol, port };
        let trace = |protocol, port| model.trace(&flow(protocol, port), Some(links));
        let stranger = trace(Protocol::Udp, port);
        let step = match stranger.disposition {
            Disposition::Dropped | Disposition::Rejected => continue,
            Disposition::Unknown => {
                unsupported = Some(super::undecided(&stranger));
                continue;
            }
            Disposition::Accepted => stranger.by().filter(|step| step.rule.is_some()),
        };
        let Some(step) = step else {
            unguarded = true;
            continue;
        };
        let same = |other: &PacketTrace| other.disposition == Disposition::Accepted && other.by() == Some(step);
        // The ports on both sides, and the ends of the range, stand for all others.
        let others = [port.wrapping_sub(1), port.wrapping_add(1), 1, u16::MAX];
        let other_ports = others.into_iter().any(|other| other != port && same(&trace(Protocol::Udp, other)));
        let more = match (same(&trace(Protocol::Tcp, port)), other_ports) {
            (true, true) => "TCP and other ports",
            (true, false) => "TCP",
            (false, true) => "other ports",
            (false, false) => "",
        };
        let heard = heard(seat)?;
        let finding = match (more.is_empty(), heard.is_empty()) {
            (false, _) => broken(WgPortNarrow::MoreThanUdp).with("more", more),
            (true, false) => {
                broken(WgPortNarrow::FromAnywhere).with("heard", list(&heard, ", ")).with("each", list(&heard, " "))
            }
            (true, true) => {
                return Ok(not_applicable("not every client has sent something yet, so their addresses are not known"));
            }
        };
        let ufw = seat.ufw().ok().filter(|ufw| ufw.enabled && step.chain.starts_with("ufw"));
        let stored = ufw.and_then(|ufw| Some((ufw, ufw.first_match(&flow(Protocol::Udp, port))?)));
        return Ok(match stored {
            Some((ufw, rule)) => finding
                .with("rule", rule.words())
                .with("ufw_rule", rule.words())
                .at(&ufw.path_of(rule), rule.line)
                .into(),
            None => finding.with("rule", super::rule(step)).with("ufw_rule", "").into(),
        });
    }
    match unsupported {
        Some(unsupported) => Err(unsupported),
        None if unguarded => Ok(not_applicable("no rule mentions WireGuard's port")),
        None => Ok(holds()),
    }
}

/// With more addresses nobody is told to write them into rules.
const MANY: usize = 8;

/// Where the peers were last heard; nothing unless every one was: the address of another is not known.
fn heard(seat: &Seat<'_>) -> Result<BTreeSet<IpAddr>, Unseen> {
    let peers = seat.wg()?.interfaces.iter().flat_map(|interface| &interface.peers);
    let all: Option<BTreeSet<IpAddr>> = peers.map(|peer| peer.endpoint.map(|endpoint| endpoint.ip())).collect();
    // Of many one would not keep a list by hand.
    Ok(all.filter(|all| all.len() <= MANY).unwrap_or_default())
}

fn list(addresses: &BTreeSet<IpAddr>, between: &str) -> String {
    addresses.iter().map(IpAddr::to_string).collect::<Vec<_>>().join(between)
}
