//! What ufw has stored: who is let in by it, and whether the kernel does the same.

use super::half::half_loaded;
use super::{ANY_INTERFACE, STRANGER, STRANGER_SIX, flow, holds_rule, stale, stranger, trace, wireguard_traces};
use crate::case::Seat;
use crate::check::cause::{UfwAdmitsWireguard, UfwAdmitsWorker, UfwLoaded};
use crate::check::{Finding, Judged, broken, holds, not_applicable};
use crate::fact::firewall::netfilter::{Netfilter, Rule, Table, Tool};
use crate::fact::firewall::walk::{Disposition, Step};
use crate::fact::firewall::{Action, NewFlow, Protocol, Ufw, UfwRule};
use crate::fact::{Service, Unseen};
use crate::judge::tunnel::relay;
use crate::judge::{external_addresses, port_of_worker, ports_of_worker};
use crate::profile::Origin;
use crate::read::iptables;

/// WireGuard's UDP port is let in.
pub(crate) fn ufw_admits_wireguard(seat: &Seat<'_>) -> Judged<UfwAdmitsWireguard> {
    let ufw = seat.ufw()?;
    if !ufw.enabled {
        return Ok(not_applicable("ufw is not active"));
    }
    if relay::only_dials(seat) {
        return Ok(not_applicable(relay::DIALS));
    }
    let port = seat.addresses().wireguard_port.value;
    let flow_from = |from, protocol| NewFlow { interface: ANY_INTERFACE, from, to: from, protocol, port };
    let flow = |protocol| flow_from(STRANGER, protocol);
    // A rule for certain sources or interfaces only is what the guide's section 7 advises.
    let narrow = ufw.rules.iter().any(|rule| {
        rule.action.admits()
            && matches!(rule.protocol, Protocol::Udp | Protocol::Any)
            && (rule.ports.is_empty() || rule.ports.iter().any(|(low, high)| (*low..=*high).contains(&port)))
            && (rule.from.is_some() || rule.to.is_some() || rule.interface.is_some())
            && rule.interface.as_deref() != Some(&seat.addresses().interface.value)
    });
    // Where IPv6 leads to the outside, clients may come that way alone.
    let six = seat.links().is_ok_and(|links| {
        external_addresses(links, &seat.addresses().interface.value).any(|(_, net)| net.addr().is_ipv6())
    });
    let by_six = six && ufw.admits(&flow_from(STRANGER_SIX, Protocol::Udp));
    if ufw.admits(&flow(Protocol::Udp)) || by_six || narrow {
        return Ok(holds());
    }
    // Whatever ufw has stored: a rule of another hand may stand before its own.
    if wireguard_traces(seat).is_ok_and(|all| all.iter().any(|trace| trace.disposition == Disposition::Accepted)) {
        return Ok(holds());
    }
    Ok(match ufw.first_match(&flow(Protocol::Udp)) {
        Some(rule) => broken(UfwAdmitsWireguard::Denied)
            .with("number", rule.number)
            .marks(rule.action.word())
            .at(&ufw.path_of(rule), rule.line),
        None => match ufw.first_match(&flow(Protocol::Tcp)).filter(|rule| rule.action.admits()) {
            Some(rule) => broken(UfwAdmitsWireguard::TcpOnly)
                .with("number", rule.number)
                .marks("tcp")
                .at(&ufw.path_of(rule), rule.line),
            None => broken(UfwAdmitsWireguard::NotAllowed),
        },
    }
    .into())
}

/// The client is let in to Redis and PostgreSQL over the tunnel: no deny rule stands above the allow rule.
pub(crate) fn ufw_admits_worker(seat: &Seat<'_>) -> Judged<UfwAdmitsWorker> {
    let ufw = seat.ufw()?;
    if !ufw.enabled {
        return Ok(not_applicable("ufw is not active"));
    }
    let addresses = seat.addresses();
    let redis = port_of_worker(seat, Service::Redis);
    let postgres = port_of_worker(seat, Service::Postgres);
    let blocked = |port: u16| !ufw.admits(&flow(seat, port)) && !let_past(seat, port);
    let ports: Vec<u16> = ports_of_worker(seat).into_iter().filter(|port| blocked(*port)).collect();
    let Some(first) = ports.first() else { return Ok(limited(seat, ufw).map_or_else(holds, Into::into)) };
    let words = |port: u16| if ports.contains(&port) { port.to_string() } else { String::new() };
    let list = ports.iter().map(|port| format!("port {port}")).collect::<Vec<_>>().join(" and ");
    let old: Vec<&UfwRule> = ports.iter().filter_map(|port| stale::ufws(seat, ufw, &flow(seat, *port))).collect();
    if !old.is_empty() {
        let finding = stale::replaced(seat, ufw, old, broken(UfwAdmitsWorker::OldAddress));
        return Ok(finding.with("ports", list).into());
    }
    let finding = match defeated(ufw, &flow(seat, *first)) {
        Some((deny, allow)) => broken(UfwAdmitsWorker::DenyFirst)
            .with("deny", deny.number)
            .with("allow", allow.number)
            .with("deny_words", deny.words())
            .with("allow_words", allow.words())
            .at(&ufw.path_of(deny), deny.line),
        None => match ufw.first_match(&flow(seat, *first)) {
            Some(rule) => broken(UfwAdmitsWorker::Denied)
                .with("deny", rule.number)
                .with("deny_words", rule.words())
                .at(&ufw.path_of(rule), rule.line),
            None => broken(UfwAdmitsWorker::NotAllowed),
        },
    };
    // ufw does not move a rule that it has already: one for this client alone is another.
    let has = |port: u16| {
        ufw.rules.iter().any(|rule| rule.is_allow_of(&addresses.interface.value, addresses.subnet.value, port))
    };
    let known = addresses.client.origin != Origin::Assumed;
    let source = if ports.iter().any(|port| has(*port)) && known {
        addresses.client.value.to_string()
    } else {
        addresses.subnet.value.to_string()
    };
    let finding = finding.with("source", source);
    Ok(finding.with("ports", list).with("redis_blocked", words(redis)).with("postgres_blocked", words(postgres)).into())
}

/// The worker is let in to Redis only so many times. It must come to ufw's own chain for that: a rule of another hand may
/// let it in before.
fn limited(seat: &Seat<'_>, ufw: &Ufw) -> Option<Finding<UfwAdmitsWorker>> {
    let port = seat.addresses().redis_port.value;
    let rule = ufw.first_match(&flow(seat, port)).filter(|rule| rule.action == Action::Limit)?;
    let counted = |step: &Step| step.rule.as_ref().is_some_and(|rule| rule.contains("-limit-accept"));
    let trace = trace(seat, &flow(seat, port)).ok()?;
    // A rule that is for other ports too (ssh!) must stay.
    let own = rule.ports == [(port, port)];
    let finding = broken(UfwAdmitsWorker::Limited).with("number", rule.number).with("rule_words", rule.words());
    let finding = finding.with("gone", if own { rule.number.to_string() } else { String::new() });
    trace.trail.iter().any(counted).then(|| finding.at(&ufw.path_of(rule), rule.line))
}

/// Whether the kernel lets the worker in, whatever ufw has stored.
pub(in crate::judge) fn let_past(seat: &Seat<'_>, port: u16) -> bool {
    trace(seat, &flow(seat, port)).is_ok_and(|trace| trace.disposition == Disposition::Accepted)
}

/// The rule that refuses a connection, and one behind it that would have let it in.
pub(in crate::judge) fn defeated<'a>(ufw: &'a Ufw, flow: &NewFlow<'_>) -> Option<(&'a UfwRule, &'a UfwRule)> {
    let mut matching = ufw.rules.iter().filter(|rule| rule.matches(flow));
    let deny = matching.next()?;
    let allow = matching.find(|rule| rule.action.admits())?;
    Some((deny, allow))
}

/// What ufw has stored is what the kernel does.
pub(crate) fn ufw_loaded(seat: &Seat<'_>) -> Judged<UfwLoaded> {
    let ufw = seat.ufw()?;
    // A reload that fails leaves ufw switched off, and its chains behind.
    if let Some(finding) = ufw.installed.then(|| half_loaded(seat, ufw.enabled)).flatten() {
        return match &ufw.restored_by {
            Some(path) if finding.cause == UfwLoaded::NotNext => Err(Unseen::Undecided(format!(
                "ufw is switched off, and {path} has a command that restores rules; whether the boot comes to it, and which rules these are, is not known"
            ))),
            Some(_) | None => Ok(finding.into()),
        };
    }
    if !ufw.enabled {
        return Ok(not_applicable("ufw is not active"));
    }
    let (netfilter, model) = (seat.netfilter()?, seat.rules()?);
    // The version of IP that the tunnel speaks.
    let six = seat.addresses().server.value.is_ipv6();
    let (path, chain) = (ufw.path_for(six), if six { "ufw6-user-input" } else { "ufw-user-input" });
    let filter = |table: &&Table| table.name == "filter" && table.tool != Tool::Nft && table.tool.is_six() == six;
    let loaded = model.tables.iter().filter(filter).find(|table| table.reached("INPUT").contains(&chain));
    let Some(loaded) = loaded else { return Ok(broken(UfwLoaded::NotLoaded).into()) };
    let addresses = seat.addresses();
    let both = [addresses.redis_port.value, addresses.postgres_port.value];
    let passes = |port: u16| model.trace(&flow(seat, port), seat.links().ok());
    if let Some((stored, active)) = difference(netfilter, &path, chain, loaded) {
        let hurts =
            both.iter().any(|port| ufw.admits(&flow(seat, *port)) && passes(*port).disposition == Disposition::Dropped);
        let finding = broken(if hurts { UfwLoaded::NotReloaded } else { UfwLoaded::Differs });
        return Ok(finding.with("stored", stored).with("active", active).with("path", &path).into());
    }
    // What comes in against ufw's will, by the first rule that leads there; it may be another firewall's, and stored.
    // The jumps to ufw's own chains are made by ufw at boot and stand in no file.
    let ufws = |step: &&Step| step.rule.as_ref().is_some_and(|rule| rule.contains(" -j ufw"));
    // The engine makes the rules for a published port again, at each of its starts: no file has them.
    let engines = |step: &Step| ["DOCKER", "NETAVARK"].iter().any(|name| step.chain.starts_with(name));
    let past = |flow: &NewFlow<'_>| {
        let trace = (!ufw.admits(flow)).then(|| model.trace(flow, seat.links().ok()))?;
        if trace.by().is_some_and(engines) {
            return None;
        }
        let step = trace.trail.iter().find(|step| trace.disposition == Disposition::Accepted && !ufws(step))?;
        let rule = step.rule.clone().unwrap_or_default();
        (!netfilter.stored.iter().any(|stored| holds_rule(&stored.rules, &rule))).then_some(rule)
    };
    for port in both {
        if let Some(rule) = past(&flow(seat, port)) {
            return Ok(broken(UfwLoaded::PassedBy).with("port", port).with("rule", rule).into());
        }
    }
    let port = addresses.wireguard_port.value;
    for (interface, net) in external_addresses(seat.links()?, &addresses.interface.value) {
        let (to, protocol) = (net.addr(), Protocol::Udp);
        if let Some(rule) = past(&NewFlow { interface, from: stranger(to), to, protocol, port }) {
            return Ok(broken(UfwLoaded::WireguardPassedBy).with("rule", rule).into());
        }
    }
    Ok(holds())
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
    let text = |rules: &[Rule]| rules.get(at).map_or_else(|| "-".to_owned(), |rule| rule.text.to_string());
    Some((text(&stored), text(active)))
}
