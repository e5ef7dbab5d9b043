//! Who is let in.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::case::Seat;
use crate::check::cause::{FirewallAdmitsWireguard, FirewallAdmitsWorker, TcpAdmitted};
use crate::check::{Finding, Judged, broken, holds, not_applicable};
use crate::fact::dial::{Dial, Echo, TcpOutcome};
use crate::fact::firewall::netfilter::Tool;
use crate::fact::firewall::walk::{Disposition, PacketTrace, Step};
use crate::fact::firewall::{NewFlow, Protocol};
use crate::fact::wireguard::{WgInterface, WgPeer};
use crate::fact::{Place, Service, Unseen, Vantage};
use crate::judge::tunnel::relay;
use crate::read::iptables;

mod half;
mod narrow;
mod out;
mod sent;
mod stale;
mod stored;
mod ufw;
mod unit;

pub(crate) use narrow::wg_port_narrow;
pub(crate) use out::firewall_lets_out;
pub(super) use out::sent_elsewhere;
pub(crate) use stored::firewall_after_boot;
pub(super) use ufw::{defeated, let_past};
pub(crate) use ufw::{ufw_admits_wireguard, ufw_admits_worker, ufw_loaded};

/// A source that stands for any host outside: TEST-NET-3 of RFC 5737, nobody's address.
pub(super) const STRANGER: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 1));

/// The same for IPv6 (RFC 3849).
const STRANGER_SIX: IpAddr = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1));

/// A stranger who can speak to this address.
pub(super) fn stranger(to: IpAddr) -> IpAddr {
    if to.is_ipv4() { STRANGER } else { STRANGER_SIX }
}

/// An interface that stands for any but the tunnel; no rule can name it.
pub(super) const ANY_INTERFACE: &str = "";

pub(super) fn flow<'a>(seat: &Seat<'a>, port: u16) -> NewFlow<'a> {
    let addresses = seat.addresses();
    let service = [Service::Redis, Service::Postgres].into_iter().find(|it| addresses.of(*it).port() == port);
    NewFlow {
        interface: &addresses.interface.value,
        from: addresses.client.value,
        to: service.map_or(addresses.server.value, |it| addresses.of(it).ip()),
        protocol: Protocol::Tcp,
        port,
    }
}

/// Connections are answered, by yes or no. Silence while the tunnel is alive is a firewall's.
pub(crate) fn tcp_admitted(seat: &Seat<'_>) -> Judged<TcpAdmitted> {
    // Where the worker does not go there, what becomes of the way is nothing to it.
    let here = |service| seat.elsewhere(service).is_none() && seat.leads_here(service);
    let used = |service| matches!(service, Service::Redis) || seat.uses_database();
    let goes = |service| used(service) && here(service) && seat.goes_beside(service).is_none();
    let (redis, postgres) = match (goes(Service::Redis), goes(Service::Postgres)) {
        (true, true) => (seat.tcp(Service::Redis)?, seat.tcp(Service::Postgres)?),
        (true, false) => (seat.tcp(Service::Redis)?, seat.tcp(Service::Redis)?),
        (false, true) => (seat.tcp(Service::Postgres)?, seat.tcp(Service::Postgres)?),
        (false, false) => return Ok(not_applicable("the worker's URLs lead neither to Redis nor to PostgreSQL there")),
    };
    let swallowed = |outcome: &TcpOutcome| matches!(outcome.how, Dial::Timeout | Dial::HostUnreachable);
    if let Some(finding) = [redis, postgres].into_iter().find_map(|tcp| stopped_here(seat, tcp)) {
        return Ok(finding.into());
    }
    if redis.how == Dial::NoRoute && postgres.how == Dial::NoRoute {
        return Ok(broken(TcpAdmitted::NoRoute).into());
    }
    let finding = match (swallowed(redis), swallowed(postgres)) {
        (false, false) if redis.how == Dial::Open && postgres.how == Dial::Open => return Ok(holds()),
        (false, false) => {
            return Ok(not_applicable("a port refuses the connection, which a rule that rejects does too"));
        }
        (true, false) => super::ports::one_dropped(seat, redis, postgres),
        (false, true) => super::ports::one_dropped(seat, postgres, redis),
        (true, true) if damaged(redis) && damaged(postgres) => {
            broken(TcpAdmitted::Damaged).with("count", redis.dropped.values().sum::<u64>())
        }
        (true, true) if tunnel_is_alive(seat) => broken(TcpAdmitted::AllDropped),
        (true, true) => broken(TcpAdmitted::NoAnswer),
    };
    Ok(super::ports::tried(finding, &redis.endpoint, &postgres.endpoint).into())
}

/// The rule of this machine's own that counted the connections which were tried once more.
fn stopped_here(seat: &Seat<'_>, tcp: &TcpOutcome) -> Option<Finding<TcpAdmitted>> {
    let counters = if seat.vantage() == Vantage::Client { seat.counters().ok()? } else { return None };
    let [step, ..] = counters.risen(&tcp.endpoint) else { return None };
    let arrives = seat.rules().ok().and_then(|rules| rules.arriving(step));
    let interface =
        |way: bool| if arrives == Some(way) { seat.addresses().interface.value.clone() } else { String::new() };
    let finding = exempt(broken(TcpAdmitted::StoppedHere), step).with("endpoint", &tcp.endpoint);
    let finding = finding.with("arrives_by", interface(true)).with("leaves_by", interface(false));
    Some(finding.with("by", step.tool.command()))
}

/// While it was waited for, TCP packets came in whose checksum was wrong.
fn damaged(outcome: &TcpOutcome) -> bool {
    outcome.dropped.contains_key("TcpInCsumErrors")
}

/// An echo came back. A handshake says nothing here: for three minutes after the tunnel's other end is gone it still
/// looks fresh, and the silence would be blamed on a firewall.
fn tunnel_is_alive(seat: &Seat<'_>) -> bool {
    seat.ping(Place::Server).is_ok_and(|ping| matches!(ping.how, Echo::Reply(_)))
}

/// What becomes of a new connection to this host.
pub(super) fn trace(seat: &Seat<'_>, flow: &NewFlow<'_>) -> Result<PacketTrace, Unseen> {
    Ok(seat.rules()?.trace(flow, seat.links().ok()))
}

/// The rule that is not understood in the worker's way: at what its machine sends, or at what the server lets in.
pub(super) fn in_doubt(seat: &Seat<'_>) -> Option<Unseen> {
    if seat.vantage() == Vantage::Client {
        return out::in_doubt(seat);
    }
    let mut traces = super::ports_of_worker(seat).into_iter().filter_map(|port| trace(seat, &flow(seat, port)).ok());
    traces.find(|trace| trace.disposition == Disposition::Unknown).map(|trace| undecided(&trace))
}

fn holds_rule(stored: &[String], rule: &str) -> bool {
    let Some((chain, rule)) = iptables::rule(rule) else { return false };
    stored.iter().filter_map(|line| iptables::rule(line)).any(|(at, it)| at == chain && iptables::same(&it, &rule))
}

/// The kernel lets the client in to Redis and PostgreSQL over the tunnel.
pub(crate) fn firewall_admits_worker(seat: &Seat<'_>) -> Judged<FirewallAdmitsWorker> {
    let addresses = seat.addresses();
    let mut blocked: Vec<(u16, PacketTrace)> = Vec::new();
    let mut unsupported = None;
    for port in super::ports_of_worker(seat) {
        let trace = trace(seat, &flow(seat, port))?;
        if let Some(nobody) = sent::to_nobody(seat, &trace, port) {
            return Ok(nobody.into());
        }
        match trace.disposition {
            Disposition::Accepted => {}
            Disposition::Dropped | Disposition::Rejected => blocked.push((port, trace)),
            Disposition::Unknown => unsupported = Some(undecided(&trace)),
        }
    }
    let Some((_, first)) = blocked.first() else {
        let unsupported = unsupported.or_else(|| sent::by_mark(seat));
        return unit::denied(seat).map_or_else(|| unsupported.map_or(Ok(holds()), Err), |finding| Ok(finding.into()));
    };
    let Some(step) = first.by() else { return Ok(holds()) };
    // One rule is named at a time; when it is mended, the other will be.
    let here = |port: u16| blocked.iter().any(|(at, trace)| *at == port && trace.by() == Some(step));
    let word = |port: u16| if here(port) { port.to_string() } else { String::new() };
    let (redis, postgres) = (word(addresses.redis_port.value), word(addresses.postgres_port.value));
    let ports = [&redis, &postgres].into_iter().filter(|port| !port.is_empty()).cloned().collect::<Vec<_>>();
    let finding = match (first.sent_on, step.tool) {
        (Some(to), _) => broken(FirewallAdmitsWorker::DroppedOnTheWay).with("to", to),
        (None, Tool::Nft) => broken(FirewallAdmitsWorker::DroppedByNft),
        (None, _) => broken(FirewallAdmitsWorker::Dropped),
    };
    let old =
        ports.first().and_then(|_| blocked.iter().find_map(|(port, trace)| stale::kernels(seat, trace.by()?, *port)));
    let finding = let_in(seat, at(finding, step), step, old.as_ref()).with("ports", ports.join(" and "));
    Ok(finding.with("redis_blocked", redis).with("postgres_blocked", postgres).into())
}

/// What becomes of packets to WireGuard's UDP port, by every way that is not the tunnel.
fn wireguard_traces(seat: &Seat<'_>) -> Result<Vec<PacketTrace>, Unseen> {
    let model = seat.rules()?;
    let links = seat.links()?;
    let port = seat.addresses().wireguard_port.value;
    // The client's own address, where it was ever heard of: a rule may be for it alone.
    let peers = seat.wg().ok();
    let peers = peers.iter().flat_map(|state| &state.interfaces).flat_map(|interface| of_case(seat, interface));
    let mut sources: Vec<IpAddr> = peers.filter_map(|peer| peer.endpoint).map(|endpoint| endpoint.ip()).collect();
    if sources.is_empty() {
        sources.push(STRANGER);
    }
    let mut traces = Vec::new();
    for (interface, net) in super::external_addresses(links, &seat.addresses().interface.value) {
        for from in sources.iter().filter(|from| from.is_ipv4() == net.addr().is_ipv4()) {
            let flow = NewFlow { interface, from: *from, to: net.addr(), protocol: Protocol::Udp, port };
            traces.push(model.trace(&flow, Some(links)));
        }
    }
    Ok(traces)
}

/// The peer that the case is about, where the server has several and knows it; else all.
fn of_case<'a>(seat: &Seat<'_>, interface: &'a WgInterface) -> Vec<&'a WgPeer> {
    let own = seat.one_of_several().filter(|_| seat.vantage() == Vantage::Server);
    let owns = |peer: &&WgPeer| own.is_some_and(|own| peer.allowed_ips.iter().any(|net| net.contains(&own)));
    let found: Vec<&WgPeer> = interface.peers.iter().filter(owns).collect();
    if found.is_empty() { interface.peers.iter().collect() } else { found }
}

/// WireGuard's UDP port is let in by the kernel.
pub(crate) fn firewall_admits_wireguard(seat: &Seat<'_>) -> Judged<FirewallAdmitsWireguard> {
    if relay::only_dials(seat) {
        return Ok(not_applicable(relay::DIALS));
    }
    let traces = wireguard_traces(seat)?;
    if traces.iter().any(|trace| trace.disposition == Disposition::Accepted && trace.sent_on.is_none()) {
        return Ok(holds());
    }
    if let Some((to, by)) = traces.iter().find_map(|trace| Some((trace.sent_on?, trace.sent_by.as_ref()?))) {
        let port = seat.addresses().wireguard_port.value;
        let runs = seat.wg()?.interfaces.iter().any(|interface| interface.listen_port == Some(port));
        if !runs {
            return Ok(not_applicable(
                "the port is sent on to another machine or container, and no WireGuard runs here",
            ));
        }
        return Ok(exempt(broken(FirewallAdmitsWireguard::SentOn), by).with("to", to).into());
    }
    if let Some(trace) = traces.iter().find(|trace| trace.disposition == Disposition::Unknown) {
        return Err(undecided(trace));
    }
    let Some(step) = traces.first().and_then(PacketTrace::by) else {
        return Ok(not_applicable("only the tunnel's interface has an address"));
    };
    let nft = step.tool == Tool::Nft;
    let cause = if nft { FirewallAdmitsWireguard::DroppedByNft } else { FirewallAdmitsWireguard::Dropped };
    Ok(at(broken(cause), step).into())
}

/// Where packets end: the rule, and what its tool wants to put another one before it.
fn at<C>(finding: Finding<C>, step: &Step) -> Finding<C> {
    let finding = finding.with("rule", rule(step)).with("number", step.number).with("add", add(step));
    finding.with("tool", step.tool.command()).with("table", &step.table).with("chain", &step.chain)
}

/// Who is to be let in: the tunnel, or this worker alone where the rule chooses by address, as an administrator's list does.
fn let_in<C>(seat: &Seat<'_>, finding: Finding<C>, step: &Step, old: Option<&(IpAddr, String)>) -> Finding<C> {
    let addresses = seat.addresses();
    let rule = step.rule.as_deref().unwrap_or_default();
    let beside = old.map_or_else(String::new, |(from, text)| {
        format!(
            "; `{text}` lets in {from}, which no peer of the tunnel has: the worker's address is {}",
            addresses.client.value
        )
    });
    let finding = finding.with("beside", beside);
    if old.is_some() || ["saddr", "-s ", "--match-set", "--src-range"].iter().any(|it| rule.contains(it)) {
        return finding.with("source", addresses.client.value).with("whom", addresses.client.value);
    }
    finding.with("source", addresses.subnet.value).with("whom", "the tunnel")
}

/// A rule that sends packets elsewhere, and what its tool wants to put an exception before it.
pub(super) fn exempt<C>(finding: Finding<C>, step: &Step) -> Finding<C> {
    let nft = step.tool == Tool::Nft;
    let finding = finding.with("rule", rule(step)).with("number", step.number);
    let finding = finding.with("tool", if nft { "" } else { step.tool.command() });
    let finding = finding.with("add", if nft { add(step) } else { String::new() });
    finding.with("table", &step.table).with("chain", &step.chain)
}

/// The rule as its tool writes it; for a chain's end, its policy.
pub(super) fn rule(step: &Step) -> String {
    step.rule.clone().unwrap_or_else(|| "policy drop".to_owned())
}

/// How nft puts a rule in front of this one.
pub(super) fn add(step: &Step) -> String {
    match step.handle {
        Some(handle) => format!("insert rule {} {} handle {handle}", step.table, step.chain),
        None => format!("add rule {} {}", step.table, step.chain),
    }
}

pub(super) fn undecided(trace: &PacketTrace) -> Unseen {
    Unseen::Undecided(match trace.by() {
        Some(step) => format!(
            "rule {} of chain {} ({}, table {}) is not supported by clipcheck: {}",
            step.number,
            step.chain,
            step.tool.command(),
            step.table,
            rule(step)
        ),
        None => match (trace.sent_on, &trace.sent_by) {
            (Some(to), Some(by)) => {
                format!("`{}` sends packets to {to}, and what the kernel does with them there is not known", rule(by))
            }
            _ => "a program that lists rules is missing (`nft`, `iptables-save`)".to_owned(),
        },
    })
}
