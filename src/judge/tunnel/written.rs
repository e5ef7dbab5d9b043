//! The tunnel's file against what runs of it, and against the other end's.

use ipnet::IpNet;
use std::collections::{BTreeMap, BTreeSet};

use super::valid::bracketed;
use super::{networks, odd, relay, running};
use crate::case::Seat;
use crate::check::cause::{WgAddresses, WgAllowedIpsDistinct, WgListenPortFixed, WgPeersPersisted, WgRunningAsWritten};
use crate::check::{Finding, Judged, Verdict, broken, holds, not_applicable};
use crate::fact::Vantage;
use crate::fact::network::is_link_local;
use crate::fact::wireguard::{At, Program, WgConf, WgConfPeer, WgInterface, WgPeer, short_key};
use crate::read::wg_quick::value::literal;

/// What a judge says where the file is refused: that is a matter of `wg-config-valid`.
const REFUSED: &str = "the tunnel's file has errors";

/// Where a start sets more than the file has (`PostUp = wg addconf …`): no command is kept.
const BY_COMMAND: &str =
    "the tunnel's file runs a command that may set peers, and does not tell alone what a start makes";

/// Every running peer is also in the file, and the reverse.
pub(crate) fn wg_peers_persisted(seat: &Seat<'_>) -> Judged<WgPeersPersisted> {
    let Some(interface) = running(seat, seat.wg()?) else { return Ok(not_applicable("the interface is not running")) };
    let conf = seat.wg_conf()?;
    if conf.refused().is_some() {
        return Ok(not_applicable(REFUSED));
    }
    Ok(seat.once("persisted", || persisted(conf, interface)))
}

fn persisted(conf: &WgConf, interface: &WgInterface) -> Verdict<WgPeersPersisted> {
    let written: BTreeSet<&str> = conf.peers.iter().filter_map(|peer| peer.public_key.as_deref()).collect();
    let runs: BTreeSet<&str> = interface.peers.iter().map(|peer| peer.public_key.as_str()).collect();
    // A peer with this machine's own key never runs: that is for `wg-peers-known`.
    let may_run = |key: &str| interface.public_key.as_deref() != Some(key);
    let lost = |key: &str| !runs.contains(key) && may_run(key);
    if let Some(peer) = conf.peers.iter().find(|peer| peer.public_key.as_deref().is_some_and(lost)) {
        let key = peer.public_key.clone().unwrap_or_default();
        return broken(WgPeersPersisted::OnlyWritten).with("key", short_key(&key)).at(&conf.path, peer.at.line).into();
    }
    if conf.save_config {
        return holds();
    }
    if conf.sets.is_some() {
        return not_applicable(BY_COMMAND);
    }
    match interface.peers.iter().find(|peer| !written.contains(peer.public_key.as_str())) {
        None => holds(),
        Some(peer) => broken(WgPeersPersisted::OnlyRunning)
            .with("key", &peer.public_key)
            .with("allowed", networks(peer))
            .with("file", &conf.path)
            .into(),
    }
}

/// What runs is what a restart would make of the file.
pub(crate) fn wg_running_as_written(seat: &Seat<'_>) -> Judged<WgRunningAsWritten> {
    let Some(interface) = running(seat, seat.wg()?) else { return Ok(not_applicable("the interface is not running")) };
    let conf = seat.wg_conf()?;
    if conf.refused().is_some() {
        return Ok(not_applicable(REFUSED));
    }
    let differs = seat.once("differs", || own_differs(conf, interface).or_else(|| peer_differs(conf, interface)));
    let Some(finding) = differs else { return Ok(holds()) };
    if conf.sets.is_some() && finding.cause == WgRunningAsWritten::Peer {
        return Ok(not_applicable(BY_COMMAND));
    }
    // Stopping the tunnel would write what runs over the file.
    Ok(match (conf.save_config, finding.words.get("name")) {
        (true, name) => {
            let place = finding.place.as_ref().map_or_else(String::new, ToString::to_string);
            broken(WgRunningAsWritten::Overwritten)
                .with("name", name.cloned().unwrap_or_default())
                .with("changed", place)
                .into()
        }
        (false, _) => finding.into(),
    })
}

fn own_differs(conf: &WgConf, interface: &WgInterface) -> Option<Finding<WgRunningAsWritten>> {
    if let (Some(written), Some(runs), Some((_, at))) = (&conf.derived_public, &interface.public_key, conf.private_key)
        && written != runs
    {
        let finding =
            broken(WgRunningAsWritten::OwnKey).with("written", short_key(written)).with("runs", short_key(runs));
        return Some(finding.with("name", "PrivateKey").at(&conf.path, at.line));
    }
    let (port, at) = conf.listen_port.filter(|(port, _)| *port != 0)?;
    let runs = interface.listen_port.filter(|runs| *runs != port)?;
    Some(
        broken(WgRunningAsWritten::ListenPort)
            .with("name", "ListenPort")
            .with("written", port)
            .with("runs", runs)
            .at(&conf.path, at.line),
    )
}

/// The first setting of a peer that differs. Peers that are at one side alone are another check's.
fn peer_differs(conf: &WgConf, interface: &WgInterface) -> Option<Finding<WgRunningAsWritten>> {
    let all: BTreeMap<&str, &WgPeer> = interface.peers.iter().map(|peer| (peer.public_key.as_str(), peer)).collect();
    // A later peer that claims the same address has it: that is no difference from the file.
    let nets = conf.peers.iter().flat_map(|peer| peer.allowed_ips.iter().map(|net| (*net, peer.at.line)));
    let claimed: BTreeMap<IpNet, u32> = nets.collect();
    conf.peers.iter().find_map(|peer| {
        let key = peer.public_key.as_ref()?;
        let runs = all.get(key.as_str())?;
        let (name, at, written, is) = setting(&claimed, peer, runs)?;
        let line = at.unwrap_or(peer.at).line;
        let finding = broken(WgRunningAsWritten::Peer).with("key", short_key(key)).with("name", name);
        Some(finding.with("written", written).with("runs", is).at(&conf.path, line))
    })
}

/// A setting's name, its place, and what it is in the file and in what runs.
type Setting = (&'static str, Option<At>, String, String);

/// `claimed` has the line of the last peer that claims a network.
fn setting(claimed: &BTreeMap<IpNet, u32>, peer: &WgConfPeer, runs: &WgPeer) -> Option<Setting> {
    let later = |net: &IpNet| claimed.get(net).is_some_and(|line| *line > peer.at.line);
    let mut written: Vec<IpNet> = peer.allowed_ips.iter().copied().filter(|net| !later(net)).collect();
    let mut is = runs.allowed_ips.clone();
    written.sort();
    is.sort();
    written.dedup();
    let list = |nets: &[IpNet]| match nets {
        [] => "none".to_owned(),
        nets => nets.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    };
    if written != is {
        return Some(("AllowedIPs", peer.allowed_at.first().copied(), list(&written), list(&is)));
    }
    let seconds = |keepalive: Option<u16>| keepalive.map_or_else(|| "off".to_owned(), |seconds| seconds.to_string());
    if peer.keepalive != runs.keepalive {
        return Some(("PersistentKeepalive", peer.keepalive_at, seconds(peer.keepalive), seconds(runs.keepalive)));
    }
    let key = |there: bool| if there { "a key" } else { "none" }.to_owned();
    if peer.preshared_at.is_some() != runs.preshared.is_present() {
        return Some((
            "PresharedKey",
            peer.preshared_at,
            key(peer.preshared_at.is_some()),
            key(runs.preshared.is_present()),
        ));
    }
    let (endpoint, at) = peer.endpoint.as_ref()?;
    let (ip, port) = (literal(&endpoint.host)?, endpoint.port?);
    let is = runs.endpoint.filter(|is| (is.ip().to_canonical(), is.port()) != (ip.to_canonical(), port))?;
    Some(("Endpoint", Some(*at), format!("{}:{port}", bracketed(&endpoint.host)), is.to_string()))
}

/// No two peers of the file claim one address.
pub(crate) fn wg_allowed_ips_distinct(seat: &Seat<'_>) -> Judged<WgAllowedIpsDistinct> {
    let conf = seat.wg_conf()?;
    if conf.refused().is_some() {
        return Ok(not_applicable(REFUSED));
    }
    Ok(seat.once("distinct", || distinct(conf, seat.vantage())))
}

fn distinct(conf: &WgConf, vantage: Vantage) -> Verdict<WgAllowedIpsDistinct> {
    let mut keys: BTreeMap<&str, (At, &[IpNet])> = BTreeMap::new();
    for peer in &conf.peers {
        let Some(key) = &peer.public_key else { continue };
        // The last one has it all: where it covers what the first one had, nothing is lost.
        let lost = |nets: &[IpNet]| nets.iter().any(|net| !peer.allowed_ips.iter().any(|last| last.contains(net)));
        if let Some((first, _)) = keys.insert(key, (peer.at, &peer.allowed_ips)).filter(|(_, nets)| lost(nets)) {
            let finding = broken(WgAllowedIpsDistinct::KeyTwice).with("key", short_key(key));
            let first = format!("{}:{}", conf.path, first.line);
            return finding.with("first", first).at(&conf.path, peer.at.line).into();
        }
    }
    let claims: Vec<(usize, IpNet, At)> = conf
        .peers
        .iter()
        .enumerate()
        .flat_map(|(index, peer)| {
            let places = peer.allowed_at.iter().copied().chain(std::iter::repeat(peer.at));
            peer.allowed_ips.iter().zip(places).map(move |(net, at)| (index, *net, at))
        })
        .collect();
    let mut first: BTreeMap<IpNet, (usize, At)> = BTreeMap::new();
    for (one, net, later) in &claims {
        let (other, at) = *first.entry(*net).or_insert((*one, *later));
        if other != *one {
            return broken(WgAllowedIpsDistinct::ClaimedTwice)
                .with("net", net)
                .with("first", format!("{}:{}", conf.path, at.line))
                .at(&conf.path, later.line)
                .into();
        }
    }
    // On the server a whole network is one client's, and the others have what is more exactly theirs.
    if vantage == Vantage::Server {
        let inside = |one: usize, net: &IpNet| {
            claims.iter().find(|(other, smaller, _)| *other != one && net.contains(smaller) && net != smaller)
        };
        let wide = claims.iter().filter(|(_, net, _)| net.prefix_len() < net.max_prefix_len());
        for (one, net, at) in wide {
            if let Some((_, smaller, other)) = inside(*one, net) {
                return broken(WgAllowedIpsDistinct::ContainsAnother)
                    .with("net", net)
                    .with("smaller", smaller)
                    .with("other", format!("{}:{}", conf.path, other.line))
                    .at(&conf.path, at.line)
                    .into();
            }
        }
    }
    holds()
}

/// The server listens on the same port after every start.
pub(crate) fn wg_listen_port_fixed(seat: &Seat<'_>) -> Judged<WgListenPortFixed> {
    let conf = seat.wg_conf()?;
    if conf.refused().is_some() {
        return Ok(not_applicable(REFUSED));
    }
    if conf.listen_port.is_some_and(|(port, _)| port != 0) {
        return Ok(holds());
    }
    if relay::only_dials(seat) {
        return Ok(not_applicable(relay::DIALS));
    }
    let at = conf.interface_at.unwrap_or(At { line: 1, column: 1 });
    let runs = seat.wg().ok().and_then(|state| running(seat, state)?.listen_port);
    let client = seat.at(Vantage::Client).ok();
    let asked =
        client.and_then(|client| running(&client, client.wg().ok()?)?.peers.iter().find_map(|peer| peer.endpoint));
    let shown = |port: Option<u16>| port.map_or_else(|| "none".to_owned(), |port| port.to_string());
    let finding = match asked.map(|asked| asked.port()) {
        Some(asked) if runs.is_some_and(|runs| runs != asked) => {
            broken(WgListenPortFixed::Random).with("asked", asked).with("port", asked)
        }
        _ => broken(WgListenPortFixed::NotSet).with("port", seat.addresses().wireguard_port.value),
    };
    Ok(finding.with("runs", shown(runs)).at(&conf.path, at.line).into())
}

/// The interface has the addresses that the file gives it.
pub(crate) fn wg_addresses(seat: &Seat<'_>) -> Judged<WgAddresses> {
    let conf = seat.wg_conf()?;
    if conf.refused().is_some() {
        return Ok(not_applicable(REFUSED));
    }
    let Some(link) = seat.links()?.named(&seat.addresses().interface.value) else {
        return Ok(not_applicable("the interface is not running"));
    };
    let own = match seat.vantage() {
        Vantage::Server => seat.addresses().server.value,
        Vantage::Client | Vantage::Container | Vantage::Outside => seat.addresses().client.value,
    };
    // The kernel gives every interface an address of its own for the link.
    let given: Vec<&IpNet> = link.addresses.iter().filter(|net| !is_link_local(net.addr())).collect();
    let lost = conf.addresses.is_empty() || !conf.addresses.iter().all(|net| link.addresses.contains(net));
    if let Some(taken) = conf.adopted.as_ref().filter(|_| lost && given.is_empty()) {
        let (own, hidden) = match &taken.hidden {
            Some(hidden) => (String::new(), hidden.clone()),
            None => (format!("/etc/systemd/network/05-{}.network", link.name), String::new()),
        };
        let finding = broken(WgAddresses::Taken).with("pattern", &taken.pattern).with("own_file", own);
        let also = if hidden.is_empty() { String::new() } else { format!(", and so it never reads {hidden}") };
        let unit = if hidden.is_empty() { format!("wg-quick@{}", link.name) } else { String::new() };
        let finding = finding.with("tunnel_unit", unit);
        return Ok(finding.with("hidden", hidden).with("also", also).at(&taken.path, taken.at.line).into());
    }
    if conf.addresses.is_empty() && given.is_empty() && without_network(conf).is_none() {
        let at = conf.interface_at.unwrap_or(At { line: 1, column: 1 });
        let right = format!("{own}/{}", seat.addresses().subnet.value.prefix_len());
        return Ok(broken(WgAddresses::NotSet).with("right", right).at(conf.addresses_in(), at.line).into());
    }
    if let (Some(file), []) = (without_network(conf), given.as_slice()) {
        return Ok(broken(WgAddresses::NoNetwork).with("file", file).into());
    }
    let Some(missing) = conf.addresses.iter().find(|net| !link.addresses.contains(net)) else {
        return Ok(odd::unused(seat, &given, conf).map_or_else(holds, Into::into));
    };
    let at = conf.address_at.map_or(1, |at| at.line);
    let is = given.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let same = given.iter().any(|net| net.addr().is_ipv4() == missing.addr().is_ipv4());
    let finding = if same { broken(WgAddresses::Differs).with("runs", is) } else { broken(WgAddresses::Gone) };
    Ok(finding.with("written", missing).at(conf.addresses_in(), at).into())
}

/// networkd's file for the interface, where it has none for the interface's addresses.
pub(super) fn without_network(conf: &WgConf) -> Option<&str> {
    let maker = conf.made_by.as_ref()?;
    (maker.program == Program::Networkd && maker.network.is_none()).then_some(conf.path.as_str())
}
