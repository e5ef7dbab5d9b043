//! What a NAT rule of the server sends on to a place where nobody answers for Redis or PostgreSQL.

use std::net::SocketAddr;

use super::{holds_rule, rule};
use crate::case::Seat;
use crate::check::cause::FirewallAdmitsWorker;
use crate::check::{Finding, broken};
use crate::fact::dial::Dial;
use crate::fact::firewall::netfilter::Tool;
use crate::fact::firewall::walk::{Disposition, PacketTrace, Step};
use crate::fact::network::Link;
use crate::fact::network::policy::PolicyRule;
use crate::fact::postgres::PgSaid;
use crate::fact::redis::RedisSaid;
use crate::fact::wireguard::WgInterface;
use crate::fact::{Service, Unseen, Vantage};
use crate::judge::tunnel;

/// The rule that sends the worker's packets for a port elsewhere: whatever else is opened, nobody would answer there.
pub(super) fn to_nobody(seat: &Seat<'_>, trace: &PacketTrace, port: u16) -> Option<Finding<FirewallAdmitsWorker>> {
    let (to, by) = (trace.sent_on?, trace.sent_by.as_ref()?);
    let why = why(seat, trace, to, by, port)?;
    let nft = by.tool == Tool::Nft;
    let word = |shown: bool, word: String| if shown { word } else { String::new() };
    let finding = broken(FirewallAdmitsWorker::SentToNobody).with("port", port).with("to", to).with("rule", rule(by));
    let finding = finding.with("tool", word(!nft, by.tool.command().to_owned())).with("number", by.number);
    let handle = word(nft, by.handle.map_or_else(String::new, |handle| handle.to_string()));
    let finding = finding.with("table", &by.table).with("chain", &by.chain).with("handle", handle);
    Some(finding.with("why", why).with("stored", stored(seat, by)))
}

/// Why nobody answers there; none where somebody may.
fn why(seat: &Seat<'_>, trace: &PacketTrace, to: SocketAddr, by: &Step, port: u16) -> Option<String> {
    let (addresses, links) = (seat.addresses(), seat.links().ok()?);
    let decided = trace.disposition != Disposition::Unknown;
    let unanswered = is_unanswered(seat, port);
    if to.ip().is_loopback() {
        let device = &addresses.interface.value;
        let sysctl = format!("net.ipv4.conf.{device}.route_localnet");
        let why = format!("and the kernel drops what comes from outside for such an address (unless `{sysctl}` is 1)");
        return unanswered.then_some(why);
    }
    if to.ip() == addresses.server.value || links.holder(to.ip()).is_some() {
        let listeners = seat.listeners().ok()?;
        if !listeners.answers(to.ip(), to.port()) {
            return decided.then(|| "where nothing listens".to_owned());
        }
        let other = listeners.on(to.port()).find(|it| listeners.is_met(it, to.ip()))?.program.as_ref()?;
        return (to.port() != port && another_answers(seat, port)).then(|| format!("where {other} listens"));
    }
    // Docker's own rules lead to its containers.
    let stopped = matches!(trace.disposition, Disposition::Dropped | Disposition::Rejected);
    if by.chain == "DOCKER" || !(stopped || unanswered) {
        return None;
    }
    let near = |link: &&Link| link.addresses.iter().any(|net| net.contains(&to.ip()));
    let Some(link) = links.links.iter().find(near) else {
        return Some("an address in no network of this server's interfaces".to_owned());
    };
    if link.name == addresses.interface.value {
        let peers = |device: &&WgInterface| device.name == link.name;
        let state = seat.wg().ok()?;
        let known = state.interfaces.iter().find(peers)?.peers.iter().any(|peer| tunnel::covers(peer, to.ip()));
        return (!known).then(|| "which no peer of the tunnel has".to_owned());
    }
    // Behind a bridge or a pair of virtual interfaces may be what the rule is for.
    let own = seat.listeners().ok()?.answers(addresses.server.value, port) && link.kind.is_none();
    own.then(|| format!("while port {port} of {} itself is open", addresses.server.value))
}

fn service(seat: &Seat<'_>, port: u16) -> Service {
    if port == seat.addresses().redis_port.value { Service::Redis } else { Service::Postgres }
}

/// The client got no connection there.
fn is_unanswered(seat: &Seat<'_>, port: u16) -> bool {
    let Ok(client) = seat.at(Vantage::Client) else { return false };
    client.tcp(service(seat, port)).is_ok_and(|it| it.endpoint.port == port && it.how != Dial::Open)
}

/// What answered the client there is not the service.
fn another_answers(seat: &Seat<'_>, port: u16) -> bool {
    let Ok(client) = seat.at(Vantage::Client) else { return false };
    match service(seat, port) {
        Service::Redis => client.redis().is_ok_and(|it| matches!(it.said, RedisSaid::NotRedis | RedisSaid::Silent)),
        Service::Postgres => client.postgres().is_ok_and(|it| matches!(it.said, PgSaid::NotPostgres | PgSaid::Silent)),
    }
}

/// A rule of the server's routing policy that bars packets with a mark, where the client gets no answer: whether the answers
/// bear that mark, no listing tells.
pub(super) fn by_mark(seat: &Seat<'_>) -> Option<Unseen> {
    let (own, client) = (seat.addresses().server.value, seat.addresses().client.value);
    let silent = crate::judge::ports_of_worker(seat).into_iter().any(|port| is_unanswered(seat, port));
    let marks = |rule: &&PolicyRule| rule.bars_early() && rule.asks.starts_with("fwmark") && rule.meets(own, client);
    let rule = seat.routes().ok()?.policy.iter().find(marks).filter(|_| silent)?;
    Some(Unseen::Undecided(format!(
        "`ip rule` has `{}`, and whether a firewall rule gives the answers that mark is not known",
        rule.words()
    )))
}

/// The file from which the rule comes back, where one is known.
fn stored(seat: &Seat<'_>, by: &Step) -> String {
    let text = by.rule.as_deref().unwrap_or_default();
    let files = seat.netfilter().ok().map(|netfilter| netfilter.stored.as_slice()).unwrap_or_default();
    let file = files.iter().find(|it| {
        holds_rule(&it.rules, text) || (by.tool == Tool::Nft && it.rules.iter().any(|line| line.trim() == text))
    });
    file.map_or_else(String::new, |file| format!("; it comes from {}", file.path))
}
