//! How workers come to a service that does not listen on the server's address in the tunnel: by the packet filter, by a program
//! that passes connections on, or at another address.

use std::net::IpAddr;

use super::firewall;
use crate::case::Seat;
use crate::fact::dial::Dial;
use crate::fact::environment::EnvUrl;
use crate::fact::firewall::walk::{Disposition, PacketTrace};
use crate::fact::network::{Listener, Relay};
use crate::fact::{Service, Vantage};

/// Why it is nothing to the worker that a service does not listen on the server's address in the tunnel.
pub(super) fn otherwise(id: &str, seat: &Seat<'_>, service: Service, name: &str) -> Option<String> {
    if seat.vantage() != Vantage::Server
        && id.ends_with("-port-open")
        && let Some(host) = seat.goes_beside(service)
    {
        return Some(format!("the worker's URL leads to its own machine, {host}"));
    }
    if let (Vantage::Client, Some(url)) = (seat.vantage(), seat.workers_url(service)) {
        // What refuses this machine's own connection is not where the worker goes.
        let far = url.host.parse::<IpAddr>().is_ok_and(|host| host != seat.addresses().of(service).ip());
        let shut = || seat.tcp(service).is_ok_and(|tcp| tcp.how != Dial::Open);
        return (id.ends_with("-port-open") && far && shut()).then(|| format!("the worker's URL names {}", url.host));
    }
    if seat.vantage() != Vantage::Server {
        return None;
    }
    if let Some(port) = passed_on(seat, service) {
        return Some(format!("the packet filter passes the tunnel's connections to port {port} on to {name}"));
    }
    if let Some(program) = passing(seat, service) {
        return Some(format!("{program} here may pass the workers' connections on to {name}"));
    }
    if let Some(host) = seat.met_beside_tunnel(service) {
        return Some(format!("the web app meets {name} at {host}; whether the workers do so too, a client tells"));
    }
    if seat.is_relayed(service) {
        return Some(format!("the worker meets {name} by a relay on its own machine"));
    }
    // A worker's URL has another address of this host, which it reaches through the tunnel.
    let (met, at) = (seat.workers_url(service)?.host.parse().ok()?, seat.addresses().of(service));
    let own = met != at.ip() && seat.links().ok()?.holder(met).is_some();
    // That it listens there by way of the tunnel, is said as ever.
    let asked = id.ends_with("-port-open") || !seat.is_met_by_tunnel(met);
    (own && asked && seat.listeners().ok()?.answers(met, at.port()))
        .then(|| format!("the worker's URL names {met}, where {name} listens"))
}

/// Who may bring the workers' connections to a service that does not listen on the tunnel itself. Where a worker's URL names that
/// very place, nobody does.
pub(super) fn passing<'a>(seat: &Seat<'a>, service: Service) -> Option<&'a str> {
    let (listeners, at) = (seat.listeners().ok()?, seat.addresses().of(service));
    let direct = |url: &EnvUrl| url.port_or_default() == at.port() && url.host.parse() == Ok(at.ip());
    if seat.vantage() != Vantage::Server
        || listeners.answers(at.ip(), at.port())
        || seat.workers_url(service).as_ref().is_some_and(direct)
    {
        return None;
    }
    let pooler = || {
        // What has the worker's own port of the tunnel's address is not the service itself.
        let (url, port) = (seat.workers_url(service)?, at.port());
        let there = url.host.parse().ok().filter(|it| seat.is_met_by_tunnel(*it) && url.port_or_default() != port)?;
        let mut met = listeners.on(url.port_or_default()).filter(|it| listeners.is_met(it, there));
        met.next()?.program.as_deref()
    };
    // From the server alone: another program has the service's usual port of the tunnel's address, or is a pooler that has any.
    let alone = || {
        let usual = if service == Service::Redis { 6379 } else { 5432 };
        let untold = seat.workers_url(service).is_none() || seat.goes_beside(service).is_some();
        let own = |it: &&Listener| it.address.ip() == at.ip() && untold;
        let mut others =
            listeners.tcp.iter().filter(own).filter_map(|it| Some((it.address.port(), it.program.as_deref()?)));
        let is_relay = |(port, name): &(u16, &str)| {
            (*port == usual && !Relay::SERVERS.contains(name)) || Relay::POOLERS.contains(name)
        };
        others.find(is_relay).map(|(_, program)| program)
    };
    listeners.relay_to(at.port()).or_else(pooler).or_else(alone)
}

/// The port of the server at which a rule of its packet filter takes the worker's connections and passes them on to a socket of
/// the service, which itself does not listen on the tunnel.
fn passed_on(seat: &Seat<'_>, service: Service) -> Option<u16> {
    let (listeners, own) = (seat.listeners().ok()?, seat.addresses().of(service).port());
    if listeners.answers(seat.addresses().of(service).ip(), own) {
        return None;
    }
    let model = seat.rules().ok()?;
    model.sent_ports().into_iter().find(|port| {
        let trace = firewall::trace(seat, &firewall::flow(seat, *port)).ok();
        // Whether the kernel lets loopback be reached so, no rule tells.
        let stopped = |it: &PacketTrace| matches!(it.disposition, Disposition::Dropped | Disposition::Rejected);
        let to = trace.filter(|it| !stopped(it)).and_then(|it| it.sent_on);
        to.is_some_and(|to| to.port() == own && listeners.answers(to.ip(), own))
    })
}
