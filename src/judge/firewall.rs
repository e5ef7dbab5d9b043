//! Who is let in.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::case::Seat;
use crate::check::{Judged, broken, holds, not_applicable};
use crate::fact::dial::{Dial, Echo, TcpOutcome};
use crate::fact::firewall::netfilter::{Netfilter, Rule, Table, Tool};
use crate::fact::firewall::walk::{Fate, Passage, Step};
use crate::fact::firewall::{Knock, Protocol, Ufw, iptables};
use crate::fact::{Place, Service, Unseen};

mod stored;

pub use stored::firewall_after_boot;

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

/// WireGuard's UDP port is let in.
pub fn ufw_admits_wireguard(seat: &Seat<'_>) -> Judged {
    let ufw = seat.ufw()?;
    if !ufw.enabled {
        return Ok(not_applicable("ufw is not active"));
    }
    let port = seat.addresses().wireguard_port.value;
    let knock_from = |from, protocol| Knock { interface: ANY_INTERFACE, from, to: from, protocol, port };
    let knock = |protocol| knock_from(STRANGER, protocol);
    // A rule for certain sources or interfaces only is what the guide's section 7 advises.
    let narrow = ufw.rules.iter().any(|rule| {
        rule.action.admits()
            && matches!(rule.protocol, Protocol::Udp | Protocol::Any)
            && (rule.ports.is_empty() || rule.ports.iter().any(|(low, high)| (*low..=*high).contains(&port)))
            && (rule.from.is_some() || rule.to.is_some() || rule.interface.is_some())
            && rule.interface.as_deref() != Some(&seat.addresses().interface.value)
    });
    // Where IPv6 leads to the outside, clients may come that way alone.
    let six = seat
        .links()
        .is_ok_and(|links| super::gates(links, &seat.addresses().interface.value).any(|(_, net)| net.addr().is_ipv6()));
    let by_six = six && ufw.admits(&knock_from(STRANGER_SIX, Protocol::Udp));
    if ufw.admits(&knock(Protocol::Udp)) || by_six || narrow {
        return Ok(holds());
    }
    Ok(match ufw.first_match(&knock(Protocol::Udp)) {
        Some(rule) => broken("denied").with("number", rule.number).at(&ufw.path_of(rule), rule.line),
        None => match ufw.first_match(&knock(Protocol::Tcp)).filter(|rule| rule.action.admits()) {
            Some(rule) => broken("tcp-only").with("number", rule.number).at(&ufw.path_of(rule), rule.line),
            None => broken("not-allowed"),
        },
    }
    .into())
}

/// The client is let in to Redis and PostgreSQL over the tunnel: no deny rule stands above the allow rule.
pub fn ufw_admits_worker(seat: &Seat<'_>) -> Judged {
    let ufw = seat.ufw()?;
    if !ufw.enabled {
        return Ok(not_applicable("ufw is not active"));
    }
    let addresses = seat.addresses();
    let redis = addresses.redis_port.value;
    let postgres = addresses.postgres_port.value;
    let blocked = |port: u16| !ufw.admits(&knock(seat, port)) && !let_past(seat, port);
    let words = |port: u16| if blocked(port) { port.to_string() } else { String::new() };
    let ports: Vec<u16> = [redis, postgres].into_iter().filter(|port| blocked(*port)).collect();
    let Some(first) = ports.first() else { return Ok(holds()) };
    let list = ports.iter().map(|port| format!("port {port}")).collect::<Vec<_>>().join(" and ");
    let finding = match defeated(ufw, &knock(seat, *first)) {
        Some((deny, allow)) => broken("deny-first")
            .with("deny", deny.number)
            .with("allow", allow.number)
            .with("deny_words", deny.words())
            .with("allow_words", allow.words())
            .at(&ufw.path_of(deny), deny.line),
        None => match ufw.first_match(&knock(seat, *first)) {
            Some(rule) => broken("denied")
                .with("deny", rule.number)
                .with("deny_words", rule.words())
                .at(&ufw.path_of(rule), rule.line),
            None => broken("not-allowed"),
        },
    };
    Ok(finding.with("ports", list).with("redis_blocked", words(redis)).with("postgres_blocked", words(postgres)).into())
}

pub(super) fn knock<'a>(seat: &Seat<'a>, port: u16) -> Knock<'a> {
    let addresses = seat.addresses();
    Knock {
        interface: &addresses.interface.value,
        from: addresses.client.value,
        to: addresses.server.value,
        protocol: Protocol::Tcp,
        port,
    }
}

/// Whether the kernel lets the worker in, whatever ufw has stored.
pub(super) fn let_past(seat: &Seat<'_>, port: u16) -> bool {
    let netfilter = seat.netfilter().ok();
    netfilter.is_some_and(|it| it.model().passage(&knock(seat, port), seat.links().ok()).fate == Fate::Accepted)
}

/// The rule that refuses a connection, and one behind it that would have let it in.
pub(super) fn defeated<'a>(
    ufw: &'a Ufw,
    knock: &Knock<'_>,
) -> Option<(&'a crate::fact::firewall::UfwRule, &'a crate::fact::firewall::UfwRule)> {
    let mut matching = ufw.rules.iter().filter(|rule| rule.matches(knock));
    let deny = matching.next()?;
    let allow = matching.find(|rule| rule.action.admits())?;
    Some((deny, allow))
}

/// Connections are answered, by yes or no. Silence while the tunnel is alive is a firewall's.
pub fn tcp_admitted(seat: &Seat<'_>) -> Judged {
    let redis = seat.tcp(Service::Redis)?;
    let postgres = seat.tcp(Service::Postgres)?;
    let swallowed = |outcome: &TcpOutcome| matches!(outcome.how, Dial::Timeout | Dial::HostUnreachable);
    if redis.how == Dial::NoRoute && postgres.how == Dial::NoRoute {
        return Ok(broken("no-route").into());
    }
    let finding = match (swallowed(redis), swallowed(postgres)) {
        (false, false) => return Ok(holds()),
        (true, false) => broken("one-dropped").with("port", redis.endpoint.port).with("other", postgres.endpoint.port),
        (false, true) => broken("one-dropped").with("port", postgres.endpoint.port).with("other", redis.endpoint.port),
        (true, true) if tunnel_is_alive(seat) => broken("all-dropped"),
        (true, true) => broken("no-answer"),
    };
    Ok(finding.into())
}

/// An echo came back. A handshake says nothing here: for three minutes after the tunnel's other end is gone it still
/// looks fresh, and the silence would be blamed on a firewall.
fn tunnel_is_alive(seat: &Seat<'_>) -> bool {
    seat.ping(Place::Server).is_ok_and(|ping| matches!(ping.how, Echo::Reply(_)))
}

/// What ufw has stored is what the kernel does.
pub fn ufw_loaded(seat: &Seat<'_>) -> Judged {
    let ufw = seat.ufw()?;
    if !ufw.enabled {
        return Ok(not_applicable("ufw is not active"));
    }
    let netfilter = seat.netfilter()?;
    let model = netfilter.model();
    // The version of IP that the tunnel speaks.
    let six = seat.addresses().server.value.is_ipv6();
    let (path, chain) = (ufw.path_for(six), if six { "ufw6-user-input" } else { "ufw-user-input" });
    let filter = |table: &&Table| table.name == "filter" && table.tool != Tool::Nft && table.tool.is_six() == six;
    let loaded = model.tables.iter().filter(filter).find(|table| table.reached("INPUT").contains(&chain));
    let Some(loaded) = loaded else { return Ok(broken("not-loaded").into()) };
    let addresses = seat.addresses();
    let both = [addresses.redis_port.value, addresses.postgres_port.value];
    let passes = |port: u16| model.passage(&knock(seat, port), seat.links().ok());
    if let Some((stored, active)) = difference(netfilter, &path, chain, loaded) {
        let hurts = both.iter().any(|port| ufw.admits(&knock(seat, *port)) && passes(*port).fate == Fate::Dropped);
        let finding = broken(if hurts { "not-reloaded" } else { "differs" });
        return Ok(finding.with("stored", stored).with("active", active).with("path", &path).into());
    }
    let past = both.into_iter().filter(|port| !ufw.admits(&knock(seat, *port)));
    for (port, passage) in past.map(|port| (port, passes(port))) {
        if let (Fate::Accepted, Some(step)) = (passage.fate, passage.trail.first()) {
            let rule = step.rule.clone().unwrap_or_default();
            if !netfilter.stored.iter().any(|stored| holds_rule(&stored.rules, &rule)) {
                return Ok(broken("passed-by").with("port", port).with("rule", rule).into());
            }
        }
    }
    Ok(holds())
}

fn holds_rule(stored: &[String], rule: &str) -> bool {
    let Some((chain, rule)) = iptables::rule(rule) else { return false };
    stored.iter().filter_map(|line| iptables::rule(line)).any(|(at, it)| at == chain && iptables::same(&it, &rule))
}

/// The first of ufw's rules that is in its file or in the kernel only.
fn difference(netfilter: &Netfilter, path: &str, chain: &str, loaded: &Table) -> Option<(String, String)> {
    let stored: Vec<Rule> = netfilter
        .stored_in(path)
        .unwrap_or_default()
        .iter()
        .filter_map(|line| iptables::rule(line))
        .filter_map(|(at, rule)| (at == chain).then_some(rule))
        .collect();
    let active = loaded.chains.get(chain).map(|chain| chain.rules.as_slice()).unwrap_or_default();
    let at = (0..stored.len().max(active.len())).find(|at| match (stored.get(*at), active.get(*at)) {
        (Some(one), Some(other)) => !iptables::same(one, other),
        _ => true,
    })?;
    let text = |rules: &[Rule]| rules.get(at).map_or_else(|| "-".to_owned(), |rule| rule.text.clone());
    Some((text(&stored), text(active)))
}

/// The kernel lets the client in to Redis and PostgreSQL over the tunnel.
pub fn firewall_admits_worker(seat: &Seat<'_>) -> Judged {
    let model = seat.netfilter()?.model();
    let addresses = seat.addresses();
    let mut blocked: Vec<(u16, Passage)> = Vec::new();
    let mut puzzle = None;
    for port in [addresses.redis_port.value, addresses.postgres_port.value] {
        let passage = model.passage(&knock(seat, port), seat.links().ok());
        match passage.fate {
            Fate::Accepted => {}
            Fate::Dropped | Fate::Rejected => blocked.push((port, passage)),
            Fate::Unknown => puzzle = Some(undecided(&passage)),
        }
    }
    let Some((_, first)) = blocked.first() else { return puzzle.map_or(Ok(holds()), Err) };
    let Some(step) = first.by() else { return Ok(holds()) };
    // One rule is named at a time; when it is mended, the other will be.
    let here = |port: u16| blocked.iter().any(|(at, passage)| *at == port && passage.by() == Some(step));
    let word = |port: u16| if here(port) { port.to_string() } else { String::new() };
    let (redis, postgres) = (word(addresses.redis_port.value), word(addresses.postgres_port.value));
    let ports = [&redis, &postgres].into_iter().filter(|port| !port.is_empty()).cloned().collect::<Vec<_>>();
    let finding = match (first.sent_on, step.tool) {
        (Some(to), _) => broken("dropped-on-the-way").with("to", to),
        (None, Tool::Nft) => broken("dropped-by-nft"),
        (None, _) => broken("dropped"),
    };
    let finding = finding.with("ports", ports.join(" and ")).with("rule", rule(step)).with("number", step.number);
    let finding = finding.with("tool", step.tool.command()).with("table", &step.table).with("chain", &step.chain);
    let finding = finding.with("redis_blocked", redis).with("postgres_blocked", postgres).with("add", add(step));
    Ok(finding.into())
}

/// WireGuard's UDP port is let in by the kernel.
pub fn firewall_admits_wireguard(seat: &Seat<'_>) -> Judged {
    let model = seat.netfilter()?.model();
    let links = seat.links()?;
    let port = seat.addresses().wireguard_port.value;
    // The client's own address, where it was ever heard of: a rule may be for it alone.
    let peers = seat.wg().ok();
    let peers = peers.iter().flat_map(|state| &state.interfaces).flat_map(|interface| &interface.peers);
    let mut sources: Vec<IpAddr> = peers.filter_map(|peer| peer.endpoint).map(|endpoint| endpoint.ip()).collect();
    if sources.is_empty() {
        sources.push(STRANGER);
    }
    let mut passages = Vec::new();
    for (interface, net) in super::gates(links, &seat.addresses().interface.value) {
        for from in sources.iter().filter(|from| from.is_ipv4() == net.addr().is_ipv4()) {
            let knock = Knock { interface, from: *from, to: net.addr(), protocol: Protocol::Udp, port };
            passages.push(model.passage(&knock, Some(links)));
        }
    }
    if passages.iter().any(|passage| passage.fate == Fate::Accepted) {
        return Ok(holds());
    }
    if let Some(passage) = passages.iter().find(|passage| passage.fate == Fate::Unknown) {
        return Err(undecided(passage));
    }
    let Some(step) = passages.first().and_then(Passage::by) else {
        return Ok(not_applicable("no interface but the tunnel has an address"));
    };
    let finding = if step.tool == Tool::Nft { broken("dropped-by-nft") } else { broken("dropped") };
    let finding = finding.with("rule", rule(step)).with("number", step.number).with("add", add(step));
    Ok(finding.with("tool", step.tool.command()).with("table", &step.table).with("chain", &step.chain).into())
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

pub(super) fn undecided(passage: &Passage) -> Unseen {
    Unseen::Undecided(match passage.by() {
        Some(step) => format!(
            "rule {} of chain {} ({}, table {}) is not understood here: {}",
            step.number,
            step.chain,
            step.tool.command(),
            step.table,
            rule(step)
        ),
        None => "a program that lists rules is missing (`nft`, `iptables-save`)".to_owned(),
    })
}
