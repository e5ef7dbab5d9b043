//! What this machine itself sends: WireGuard's packets, what its own programs send into the tunnel, and what Redis and
//! PostgreSQL answer there.

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;

use ipnet::IpNet;

use super::{at, exempt, undecided};
use crate::case::Seat;
use crate::check::cause::FirewallLetsOut;
use crate::check::{Finding, Judged, broken, holds, not_applicable};
use crate::fact::dial::Dial;
use crate::fact::docker::{State, Worker};
use crate::fact::firewall::netfilter::{Model, Tool};
use crate::fact::firewall::walk::{Departure, Disposition, PacketTrace, Sent, Step};
use crate::fact::firewall::{NewFlow, Protocol};
use crate::fact::network::{Links, Way};
use crate::fact::postgres::PgSaid;
use crate::fact::redis::RedisSaid;
use crate::fact::{Place, Service, Unseen, Vantage};
use crate::judge::{external_addresses, worker};

/// The kernel lets out what the deployment needs to send. (What a container sends is forwarded, and meets other rules.)
pub(crate) fn firewall_lets_out(seat: &Seat<'_>) -> Judged<FirewallLetsOut> {
    let (model, links) = (seat.rules()?, seat.links()?);
    if links.named(&seat.addresses().interface.value).is_none() {
        return Ok(not_applicable("no tunnel is up here"));
    }
    let outer = wireguard(seat, model, links)?;
    let inner = into_tunnel(seat, model, links);
    if let Some(finding) = redirected(seat) {
        return Ok(finding.into());
    }
    if let Some(finding) = inner.iter().find_map(|(port, trace)| renamed(seat, *port, trace)) {
        return Ok(finding.into());
    }
    let first = outer.iter().chain(&inner).find(|(_, trace)| stopped(trace));
    let Some(first) = first.or_else(|| inner.iter().find(|(_, trace)| counted(seat, trace))) else {
        let unsupported = outer.iter().chain(&inner).find(|(_, trace)| trace.disposition == Disposition::Unknown);
        return unsupported.map_or(Ok(holds()), |(_, trace)| Err(undecided(trace)));
    };
    let Some(step) = first.1.by() else { return Ok(holds()) };
    let here = |(_, trace): &&(u16, PacketTrace)| trace.by() == Some(step);
    let ports =
        |of: &[(u16, PacketTrace)]| of.iter().filter(here).map(|(port, _)| port.to_string()).collect::<Vec<_>>();
    let (udp, tcp) = (ports(&outer).first().cloned().unwrap_or_default(), ports(&inner));
    let server = seat.vantage() == Vantage::Server;
    let spoken = tcp.join(" and ");
    let what = match (udp.is_empty(), tcp.is_empty(), server) {
        (false, true, _) => "WireGuard's own packets".to_owned(),
        (false, false, true) => format!("WireGuard's own packets, and answers from port {spoken} into the tunnel,"),
        (false, false, false) => format!("WireGuard's own packets, and connections to port {spoken} in the tunnel,"),
        (true, _, true) => format!("answers from port {spoken} into the tunnel"),
        (true, _, false) => format!("connections to port {spoken} in the tunnel"),
    };
    let finding = broken(match (step.tool == Tool::Nft, is_ufws(model, step)) {
        (true, _) => FirewallLetsOut::DroppedByNft,
        (false, true) => FirewallLetsOut::DroppedByUfw,
        (false, false) => FirewallLetsOut::Dropped,
    });
    let interface = if tcp.is_empty() { "" } else { &seat.addresses().interface.value };
    let finding = at(finding, step).with("what", what).with("udp_blocked", udp).with("tunnel_blocked", interface);
    Ok(finding.with("end", if server { "sport" } else { "dport" }).into())
}

/// A rule that is not understood, and whose counter rose when connections that got no answer were tried again.
fn counted(seat: &Seat<'_>, trace: &PacketTrace) -> bool {
    let counters = if seat.vantage() == Vantage::Client { seat.counters().ok() } else { None };
    let mut risen = counters.iter().flat_map(|counters| &counters.tried).flat_map(|tried| &tried.risen);
    trace.disposition == Disposition::Unknown && trace.by().is_some_and(|by| risen.any(|step| step == by))
}

fn stopped(trace: &PacketTrace) -> bool {
    matches!(trace.disposition, Disposition::Dropped | Disposition::Rejected)
}

/// Packets to each peer whose address is known: the client begins, the server answers. With the port by which a rule
/// can tell them.
fn wireguard(seat: &Seat<'_>, model: &Model, links: &Links) -> Result<Vec<(u16, PacketTrace)>, Unseen> {
    let tunnel = &seat.addresses().interface.value;
    let state = seat.wg()?;
    let Some(interface) = state.interfaces.iter().find(|interface| interface.name == *tunnel) else {
        return Ok(Vec::new());
    };
    let Some(own) = interface.listen_port else { return Ok(Vec::new()) };
    let server = seat.vantage() == Vantage::Server;
    let mut found = Vec::new();
    for to in super::of_case(seat, interface).into_iter().filter_map(|peer| peer.endpoint) {
        let Some((device, from)) = leaves(seat, links, to.ip()) else { continue };
        let (port, what) =
            if server { (own, Sent::Answer(own)) } else { (to.port(), Sent::First(to.port(), Some(own))) };
        let packet = Departure { interface: Some(device), from, to: to.ip(), protocol: Protocol::Udp, what };
        found.push((port, model.departure(&packet, interface.mark.map(NonZeroU32::get), Some(links))));
    }
    Ok(found)
}

/// The interface by which an address is reached, and the address from which it is spoken to: as the kernel says, or
/// where there is only one.
fn leaves<'a>(seat: &Seat<'a>, links: &'a Links, to: IpAddr) -> Option<(&'a str, IpAddr)> {
    if seat.vantage() == Vantage::Client
        && let Ok(route) = seat.route(Place::Public)
        && route.to == to
        && let Way::Device { device, source: Some(source), .. } = &route.way
    {
        return Some((device, *source));
    }
    let all: Vec<_> = external_addresses(links, &seat.addresses().interface.value).collect();
    let same: Vec<_> = all.into_iter().filter(|(_, net)| net.addr().is_ipv4() == to.is_ipv4()).collect();
    let only = if let [one] = same.as_slice() { Some(one) } else { None };
    let (device, net) = same.iter().find(|(_, net)| net.contains(&to)).or(only)?;
    Some((*device, net.addr()))
}

/// TCP of Redis and PostgreSQL into the tunnel: the client's own connections, or the server's answers.
fn into_tunnel(seat: &Seat<'_>, model: &Model, links: &Links) -> Vec<(u16, PacketTrace)> {
    let addresses = seat.addresses();
    let server = seat.vantage() == Vantage::Server;
    let (mut own, mut other) = (addresses.client.value, addresses.server.value);
    if server {
        std::mem::swap(&mut own, &mut other);
    }
    let tunnel = addresses.interface.value.as_str();
    if links.holder(own).is_none_or(|link| link.name != tunnel) {
        return Vec::new();
    }
    let trace = |port: u16| {
        let what = if server { Sent::Answer(port) } else { Sent::First(port, None) };
        let packet = Departure { interface: Some(tunnel), from: own, to: other, protocol: Protocol::Tcp, what };
        (port, model.departure(&packet, Some(0), Some(links)))
    };
    // What was seen to come through needs no rules read, unless the worker, who is another user, does not come through.
    let client = seat.at(Vantage::Client).ok().filter(|client| !worker::is_unreached(client));
    let open = |service| client.as_ref().is_some_and(|client| client.tcp(service).is_ok_and(|it| it.how == Dial::Open));
    let services = [(Service::Redis, addresses.redis_port.value), (Service::Postgres, addresses.postgres_port.value)];
    services.into_iter().filter(|(service, _)| !open(*service)).map(|(_, port)| trace(port)).collect()
}

/// A rule of this machine sends its own connections elsewhere, and they do not get an answer of the service.
fn redirected(seat: &Seat<'_>) -> Option<Finding<FirewallLetsOut>> {
    let addresses = seat.addresses();
    let to = addresses.server.value;
    [addresses.redis_port.value, addresses.postgres_port.value].into_iter().find_map(|port| {
        let (other, step) = sent_elsewhere(seat, to, port)
            .filter(|_| !answers(seat) && !spares_the_worker(seat, to, port, |trace| trace.sent_on.is_none()))?;
        let finding = exempt(broken(FirewallLetsOut::Redirected), &step).with("to", other);
        Some(finding.with("what", format!("connections to {to}:{port}")))
    })
}

/// A rule of this machine gives what goes into the tunnel a source that is none of this client's own there.
fn renamed(seat: &Seat<'_>, port: u16, trace: &PacketTrace) -> Option<Finding<FirewallLetsOut>> {
    let step = trace.renamed_by.as_ref().filter(|_| seat.vantage() == Vantage::Client)?;
    let from = source_in(step.rule.as_deref()?)?;
    let own = seat.links().ok()?.holder(from).is_some_and(|link| link.name == seat.addresses().interface.value);
    let (to, nft) = (seat.addresses().server.value, step.tool == Tool::Nft);
    // Docker's own rule may come first for what a container sends.
    if spares_the_worker(seat, to, port, |trace| trace.renamed_by.as_ref() != Some(step)) {
        return None;
    }
    let finding = exempt(broken(FirewallLetsOut::Renamed), step).with("from", from).with("server", to);
    let handle = step.handle.filter(|_| nft).map_or_else(String::new, |handle| handle.to_string());
    (!own).then(|| finding.with("what", format!("connections to {to}:{port}")).with("handle", handle))
}

/// The source that a rule gives: `--to-source ADDRESS` (iptables-extensions(8)), `snat to ADDRESS` (nft(8)).
fn source_in(rule: &str) -> Option<IpAddr> {
    let words = ["--to-source ", "snat to ", "snat ip to ", "snat ip6 to "];
    let behind = words.iter().find_map(|word| rule.split_once(word))?.1.split_whitespace().next()?;
    behind.parse().or_else(|_| behind.rsplit_once(':').map_or(behind, |(address, _)| address).parse()).ok()
}

/// Redis and PostgreSQL themselves answered, whatever is on the way.
fn answers(seat: &Seat<'_>) -> bool {
    let redis = seat.redis().is_ok_and(|it| it.said == RedisSaid::Pong);
    let postgres = seat.postgres().is_ok_and(|it| it.said == PgSaid::One);
    redis && postgres
}

/// The worker is in a container, and what that sends meets no such rule: it passes `PREROUTING`, and not `OUTPUT`.
fn spares_the_worker(seat: &Seat<'_>, to: IpAddr, port: u16, spares: impl Fn(&PacketTrace) -> bool) -> bool {
    let own_network = |it: &Worker| it.state == State::Running && !it.networks.iter().any(|network| network == "host");
    let (Ok(docker), Ok(model), Ok(links)) = (seat.docker(), seat.rules(), seat.links()) else { return false };
    if !docker.workers.first().is_some_and(own_network) {
        return false;
    }
    let mut bridges = links.links.iter().filter(|link| link.kind.as_deref() == Some("bridge"));
    bridges.all(|bridge| {
        let nets = bridge.addresses.iter().filter(|net| net.addr().is_ipv4() == to.is_ipv4());
        let others = nets.filter_map(|net| net.hosts().find(|it| *it != net.addr()));
        let flow = |from| NewFlow { interface: &bridge.name, from, to, protocol: Protocol::Tcp, port };
        others.map(flow).all(|flow| spares(&model.forwarded(&flow, links)))
    })
}

/// The rule that is not understood in the way of what this machine's programs send into the tunnel.
pub(super) fn in_doubt(seat: &Seat<'_>) -> Option<Unseen> {
    let traces = into_tunnel(seat, seat.rules().ok()?, seat.links().ok()?);
    traces.iter().find(|(_, trace)| trace.disposition == Disposition::Unknown).map(|(_, trace)| undecided(trace))
}

/// Where a rule of this machine sends its own connections to an address, if one does.
pub(in crate::judge) fn sent_elsewhere(seat: &Seat<'_>, to: IpAddr, port: u16) -> Option<(SocketAddr, Step)> {
    if seat.vantage() != Vantage::Client {
        return None;
    }
    let (model, links) = (seat.rules().ok()?, seat.links().ok()?);
    let tunnel = seat.addresses().interface.value.as_str();
    let leaves =
        if to == seat.addresses().server.value { Some(tunnel) } else { leaves(seat, links, to).map(|it| it.0) };
    let own = |net: &IpNet| net.addr().is_ipv4() == to.is_ipv4();
    let from = links.named(leaves?)?.addresses.iter().find(|net| own(net))?.addr();
    let packet = Departure { interface: leaves, from, to, protocol: Protocol::Tcp, what: Sent::First(port, None) };
    let trace = model.departure(&packet, Some(0), Some(links));
    trace.sent_on.zip(trace.sent_by)
}

/// Whether ufw made the chain: its own, or a built-in one that leads to its own.
fn is_ufws(model: &Model, step: &Step) -> bool {
    let table = model.tables.iter().find(|table| table.tool == step.tool && table.name == step.table);
    let led = table.is_some_and(|table| table.reached(&step.chain).contains(&"ufw-user-output"));
    step.chain.starts_with("ufw-") || (led && step.rule.is_none())
}
