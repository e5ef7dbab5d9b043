//! Where the client looks for the server.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

use super::valid::{bracketed, public_endpoint};
use super::{relay, running};
use crate::case::Seat;
use crate::check::cause::WgEndpoint;
use crate::check::{Finding, Judged, broken, holds, not_applicable};
use crate::fact::Vantage;
use crate::fact::dial::NameAnswer;
use crate::fact::network::{Link, is_link_local};
use crate::fact::wireguard::{WgConfPeer, WgPeer};
use crate::read::wg_quick::value::literal;

/// The client knows where the server is. While handshakes go through, wherever they go is right.
pub(crate) fn wg_endpoint(seat: &Seat<'_>) -> Judged<WgEndpoint> {
    let Some(interface) = running(seat, seat.wg()?) else { return Ok(not_applicable("the interface is not running")) };
    // Windows keeps the file encrypted; what runs is seen, and there is no line to name.
    let conf = if seat.on_windows() { None } else { Some(seat.wg_conf()?) };
    // The server's port and addresses say nothing about a relay's.
    let server = seat.at(Vantage::Server).ok().filter(|_| relay::between(seat).is_none());
    let there = server.as_ref().and_then(|server| running(server, server.wg().ok()?));
    let by_key = |peer: &&WgPeer| there.is_some_and(|there| there.public_key.as_ref() == Some(&peer.public_key));
    let covers = |peer: &&WgPeer| super::covers(peer, seat.addresses().server.value);
    let peer = interface.peers.iter().find(by_key).or_else(|| interface.peers.iter().find(covers));
    let Some(peer) = peer.or(interface.peers.first()) else { return Ok(not_applicable("the interface has no peers")) };
    if peer.has_session(seat.wg()?.read_at) {
        return Ok(holds());
    }
    let written = conf.and_then(|conf| conf.peers.iter().find(|it| it.public_key.as_ref() == Some(&peer.public_key)));
    let line = written.map_or(1, |it| it.endpoint.as_ref().map_or(it.at, |(_, at)| *at).line);
    let at = |finding: Finding<_>| match conf {
        Some(conf) => finding.at(&conf.path, line),
        None => finding,
    };
    let Some(runs) = peer.endpoint else {
        let right = public_endpoint(seat);
        let finding = broken(WgEndpoint::Missing).with("key", &peer.public_key).with("right", right);
        return Ok(at(finding).into());
    };
    if let Some(port) = there.and_then(|there| there.listen_port)
        && port != runs.port()
    {
        return Ok(at(broken(WgEndpoint::OtherPort).with("asked", runs).with("port", port)).into());
    }
    if let Some((name, six, four)) = by_six(seat, written, runs) {
        let finding =
            broken(WgEndpoint::OverIpv6).with("name", name).with("asked", runs).with("six", six).with("four", four);
        return Ok(at(finding).into());
    }
    if let Some(name) =
        written.and_then(|it| it.endpoint.as_ref()).map(|(written, _)| written.host.to_ascii_lowercase())
        && literal(&name).is_none()
        && let Some(look) = seat.names()?.names.iter().find(|look| look.name == name)
        && let NameAnswer::Addresses(now) = &look.libc
        && !now.contains(&runs.ip().to_canonical())
    {
        let list = now.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        return Ok(at(broken(WgEndpoint::Moved).with("name", name).with("now", list).with("asked", runs)).into());
    }
    if let Some(server) = &server
        && let Some((name, line, right)) = by_hosts_file(seat, server, written, runs)
    {
        let finding = broken(WgEndpoint::HostsLine)
            .with("name", name)
            .with("asked", runs.ip())
            .with("right", right)
            .marks(runs.ip());
        return Ok(finding.at("/etc/hosts", line).into());
    }
    if server.as_ref().is_some_and(|server| is_elsewhere(seat, server, runs)) {
        let right = public_of(seat, server.as_ref());
        return Ok(at(broken(WgEndpoint::Elsewhere).with("asked", runs).with("right", right)).into());
    }
    Ok(holds())
}

/// The server's address in a network in which this machine is too, so that no NAT stands between them.
fn neighbour(seat: &Seat<'_>, server: &Seat<'_>) -> Option<IpAddr> {
    let (own, its) = (seat.links().ok()?, server.links().ok()?);
    let tunnel = |link: &Link, seat: &Seat<'_>| link.name == seat.addresses().interface.value || link.name == "lo";
    let nets: Vec<&IpNet> =
        own.links.iter().filter(|link| !tunnel(link, seat)).flat_map(|link| &link.addresses).collect();
    let mut addresses = its.links.iter().filter(|link| !tunnel(link, server)).flat_map(|link| &link.addresses);
    let near = |net: &&IpNet| {
        !is_link_local(net.addr()) && nets.iter().any(|own| own.trunc() == net.trunc() && own.addr() != net.addr())
    };
    addresses.find(near).map(IpNet::addr)
}

/// The client sends to an address that the server does not have, though the two are in one network.
pub(super) fn is_elsewhere(seat: &Seat<'_>, server: &Seat<'_>, runs: SocketAddr) -> bool {
    let held = server.links().map_or(true, |links| links.holder(runs.ip().to_canonical()).is_some());
    // A bridge of Docker's has the same network on every machine.
    let near = neighbour(seat, server).filter(|near| near.is_ipv4() == runs.ip().is_ipv4());
    let same_net = seat.links().is_ok_and(|links| {
        let nets = links.links.iter().flat_map(|link| &link.addresses);
        nets.clone().any(|net| near.is_some_and(|near| net.contains(&near)) && net.contains(&runs.ip()))
    });
    !held && same_net
}

pub(super) fn public_of(seat: &Seat<'_>, server: Option<&Seat<'_>>) -> String {
    server.and_then(|server| neighbour(seat, server)).map_or_else(String::new, |ip| bracketed(&ip.to_string()))
}

/// /etc/hosts has another address for the Endpoint's name than its name servers, whose is one of the server's.
fn by_hosts_file<'a>(
    seat: &Seat<'a>,
    server: &Seat<'_>,
    written: Option<&WgConfPeer>,
    runs: SocketAddr,
) -> Option<(&'a str, u32, IpAddr)> {
    let look = seat.names().ok()?.of(&written?.endpoint.as_ref()?.0.host)?;
    let its = server.links().ok()?;
    let told = look.servers.iter().filter_map(|(_, answer)| match answer {
        NameAnswer::Addresses(found) => Some(found),
        NameAnswer::NoSuchName | NameAnswer::Silent | NameAnswer::Refused | NameAnswer::Failed => None,
    });
    let right = *told.flatten().find(|address| its.has(**address))?;
    let asked = runs.ip().to_canonical();
    let (_, line) = look.hosts.iter().find(|(address, _)| *address == asked)?;
    (!its.has(asked)).then_some((&look.name, *line, right))
}

/// The name, and its addresses of both kinds, where the tunnel sends to the one over IPv6.
fn by_six(seat: &Seat<'_>, written: Option<&WgConfPeer>, runs: SocketAddr) -> Option<(String, IpAddr, IpAddr)> {
    let name = written?.endpoint.as_ref()?.0.host.to_ascii_lowercase();
    let names = seat.names().ok()?;
    let NameAnswer::Addresses(now) = &names.names.iter().find(|look| look.name == name)?.libc else { return None };
    let six = runs.ip().to_canonical();
    let four = now.iter().find(|ip| ip.is_ipv4())?;
    (six.is_ipv6() && now.contains(&six)).then_some((name, six, *four))
}

/// A name in an Endpoint.
pub(super) struct Named<'a> {
    pub(super) name: &'a str,
    pub(super) path: &'a str,
    pub(super) line: u32,
    /// Whether it, and every other Endpoint's name, resolves now.
    pub(super) resolves: bool,
}

/// The first name in an Endpoint. None where every Endpoint is an address.
pub(super) fn name_of_endpoint<'a>(seat: &Seat<'a>) -> Option<Named<'a>> {
    let conf = seat.wg_conf().ok()?;
    let written = conf.peers.iter().filter_map(|peer| peer.endpoint.as_ref());
    let named: Vec<_> = written.filter(|(written, _)| literal(&written.host).is_none()).collect();
    let (first, at) = named.first()?;
    let looks = seat.names().ok()?;
    let known = |host: &str| {
        let look = looks.names.iter().find(|look| look.name.eq_ignore_ascii_case(host));
        look.is_some_and(|look| matches!(look.libc, NameAnswer::Addresses(_)))
    };
    let resolves = named.iter().all(|(written, _)| known(&written.host));
    Some(Named { name: &first.host, path: &conf.path, line: at.line, resolves })
}
