//! The tunnel's file: whether it is taken, whether it is what runs, and whether the two ends' files fit.

use ipnet::IpNet;

use super::{far, is_fresh, networks, running};
use crate::case::Seat;
use crate::check::{Finding, Judged, broken, holds, not_applicable};
use crate::fact::Vantage;
use crate::fact::dial::NameAnswer;
use crate::fact::wireguard::keys::KeyFile;
use crate::fact::wireguard::value::literal;
use crate::fact::wireguard::{
    At, KeyShape, Refusal, Taken, Trouble, WgConf, WgConfPeer, WgInterface, WgPeer, conf::names, short_key,
};

/// What a judge says where the file is refused: that is a matter of `wg-config-valid`.
pub(super) const REFUSED: &str = "the tunnel's file is not taken as it is";

/// wg-quick, wg and ip take the file.
pub fn wg_config_valid(seat: &Seat<'_>) -> Judged {
    let conf = seat.wg_conf()?;
    let interface = seat.wg().ok().and_then(|state| running(seat, state));
    if let Some(trouble) = conf.refused() {
        let finding = refused(seat, conf, trouble, interface).at_column(&conf.path, trouble.at.line, trouble.at.column);
        let up = seat.links().is_ok_and(|links| links.named(&seat.addresses().interface.value).is_some());
        return Ok(if up { finding.for_later() } else { finding }.into());
    }
    if let Some((written, at)) = stand_in(conf) {
        return Ok(broken("endpoint-placeholder")
            .with("endpoint", written)
            .with("right", public_endpoint(seat))
            .at_column(&conf.path, at.line, at.column)
            .into());
    }
    if conf.private_key.is_none() {
        let at = conf.interface_at.unwrap_or(At { line: 1, column: 1 });
        let finding = broken("no-private-key")
            .with("maker", private_maker(seat, interface))
            .at_column(&conf.path, at.line, at.column);
        let keyed = interface.is_some_and(|interface| interface.public_key.is_some());
        return Ok(if keyed { finding.for_later() } else { finding }.into());
    }
    if let Some(slip) = conf.slips.iter().find(|slip| slip.how == Taken::Wrapped) {
        let taken = match slip.name.as_str() {
            "ListenPort" => conf.listen_port.map(|(port, _)| port),
            _ => conf.peers.iter().find_map(|peer| peer.endpoint.as_ref()?.0.port),
        };
        return Ok(broken("port-too-large")
            .with("name", &slip.name)
            .with("taken", taken.unwrap_or_default())
            .with("right", port_meant(seat))
            .at_column(&conf.path, slip.at.line, slip.at.column)
            .into());
    }
    Ok(holds())
}

/// The port that was meant: what the other end has, and on the server else the guide's.
fn port_meant(seat: &Seat<'_>) -> String {
    let on_server = seat.vantage() == Vantage::Server;
    let there = seat.at(far(seat).0).ok();
    let interface = there.as_ref().and_then(|there| running(there, there.wg().ok()?));
    let port = match on_server {
        true => interface.and_then(|it| it.peers.iter().find_map(|peer| peer.endpoint)).map(|at| at.port()),
        false => interface.and_then(|it| it.listen_port),
    };
    port.or(on_server.then_some(51820)).map_or_else(String::new, |port| port.to_string())
}

/// The cause of what is refused, with the words of its fix.
fn refused(seat: &Seat<'_>, conf: &WgConf, trouble: &Trouble, interface: Option<&WgInterface>) -> Finding {
    let name = trouble.name.as_str();
    let key = |finding: Finding| finding.with("name", name).with("maker", maker(seat, conf, trouble, interface));
    match trouble.what {
        Refusal::Mark => broken("byte-order-mark"),
        Refusal::Wide => broken("utf-sixteen"),
        Refusal::Section => broken("unknown-section"),
        Refusal::NoSection => broken("no-section").with("name", name),
        Refusal::Unknown => match meant(name) {
            Some(meant) => broken("misspelt").with("name", name).with("meant", meant),
            None => broken("unknown-name").with("name", name).with("shown", shown(name)),
        },
        Refusal::Elsewhere => elsewhere(conf, trouble),
        Refusal::Key(KeyShape::Empty) => key(broken("key-empty")),
        Refusal::Key(KeyShape::Placeholder) => key(broken("key-placeholder")),
        Refusal::Key(KeyShape::Quoted) => broken("key-quoted").with("name", name),
        Refusal::Key(KeyShape::Unpadded) => broken("key-unpadded").with("name", name),
        Refusal::Key(KeyShape::Wrapped) => broken("key-wrapped").with("name", name),
        Refusal::Key(KeyShape::Truncated) => key(broken("key-truncated")),
        Refusal::Key(KeyShape::Malformed | KeyShape::Good) => key(broken("key-malformed")),
        Refusal::NoPublicKey => broken("no-public-key").with("key", far_key(seat).unwrap_or_default()),
        Refusal::NoPort => {
            let host = conf.peers.iter().find_map(|peer| {
                peer.endpoint.as_ref().filter(|(_, at)| *at == trouble.at).map(|(written, _)| bracketed(&written.host))
            });
            broken("endpoint-no-port").with("host", host.unwrap_or_default()).with("port", far_port(seat))
        }
        Refusal::Empty => broken("no-value").with("name", name).with("right", right(seat, conf, trouble, interface)),
        Refusal::Value | Refusal::NotBoolean | Refusal::Setting => {
            broken("bad-value").with("name", name).with("right", right(seat, conf, trouble, interface))
        }
    }
}

fn shown(name: &str) -> String {
    if name.is_empty() { "the line".to_owned() } else { format!("`{name}`") }
}

/// A line of the other section: where that one begins, if there is just one.
fn elsewhere(conf: &WgConf, trouble: &Trouble) -> Finding {
    let of_peer = ["Endpoint", "PublicKey", "AllowedIPs", "PersistentKeepalive", "PresharedKey"];
    let (section, header) = if of_peer.contains(&trouble.name.as_str()) {
        let only = conf.peers.first().filter(|_| conf.peers.len() == 1);
        ("[Peer]", only.map(|peer| peer.at.line))
    } else {
        ("[Interface]", conf.interface_at.map(|at| at.line))
    };
    let header = header.map_or_else(String::new, |line| line.to_string());
    broken("wrong-section").with("name", &trouble.name).with("section", section).with("header", header)
}

/// The name that was meant: one that is at most two letters away.
fn meant(name: &str) -> Option<&'static str> {
    let near = names().map(|known| (distance(&known.to_ascii_lowercase(), &name.to_ascii_lowercase()), known)).min()?;
    (name.len() > 3 && near.0 <= 2).then_some(near.1)
}

/// How many letters must be changed, added or left out.
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (index, letter) in one.bytes().enumerate() {
        let mut before = std::mem::replace(&mut row[0], index + 1);
        for (at, theirs) in other.bytes().enumerate() {
            let changed = before + usize::from(letter != theirs);
            before = row[at + 1];
            row[at + 1] = changed.min(row[at] + 1).min(before + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}

/// The far end's public key, if its snapshot is at hand.
fn far_key(seat: &Seat<'_>) -> Option<String> {
    let there = seat.at(far(seat).0).ok()?;
    running(&there, there.wg().ok()?)?.public_key.clone()
}

/// A command that prints the key that should stand there; empty where only the user has it.
fn maker(seat: &Seat<'_>, conf: &WgConf, trouble: &Trouble, interface: Option<&WgInterface>) -> String {
    match trouble.name.as_str() {
        "PrivateKey" => private_maker(seat, interface),
        "PublicKey" => {
            let only =
                interface.filter(|_| conf.peers.len() == 1).and_then(|interface| match interface.peers.as_slice() {
                    [only] => Some(only.public_key.clone()),
                    _ => None,
                });
            far_key(seat).or(only).map_or_else(String::new, |key| format!("echo {key}"))
        }
        _ => String::new(),
    }
}

/// The key that runs; else the one that the other end knows, in a file; else the file that is named like it; else a
/// new one, which the other end must then learn.
fn private_maker(seat: &Seat<'_>, interface: Option<&WgInterface>) -> String {
    let name = &seat.addresses().interface.value;
    if interface.is_some_and(|interface| interface.public_key.is_some()) {
        return format!("wg show {name} private-key");
    }
    let files: Vec<&KeyFile> = seat.wg_keys().map(|keys| keys.files.iter().collect()).unwrap_or_default();
    let good = || files.iter().filter(|file| file.public_key.is_some());
    let known: Vec<String> = seat
        .at(far(seat).0)
        .ok()
        .and_then(|there| {
            Some(running(&there, there.wg().ok()?)?.peers.iter().map(|peer| peer.public_key.clone()).collect())
        })
        .unwrap_or_default();
    let chosen = good()
        .find(|file| file.public_key.as_ref().is_some_and(|key| known.contains(key)))
        .or_else(|| good().find(|file| file.path.contains(seat.vantage().word())))
        .or_else(|| good().next().filter(|_| good().count() == 1));
    chosen.map_or_else(|| "wg genkey".to_owned(), |file| format!("cat {}", file.path))
}

/// A value that would do, as the guide has it; empty where only the user knows one.
fn right(seat: &Seat<'_>, conf: &WgConf, trouble: &Trouble, interface: Option<&WgInterface>) -> String {
    let addresses = seat.addresses();
    let on_server = seat.vantage() == Vantage::Server;
    match trouble.name.as_str() {
        "ListenPort" => addresses.wireguard_port.value.to_string(),
        "FwMark" => "off".to_owned(),
        "PersistentKeepalive" => "25".to_owned(),
        "MTU" => "1420".to_owned(),
        "SaveConfig" => "false".to_owned(),
        "Endpoint" => public_endpoint(seat),
        "Address" => {
            let own = if on_server { addresses.server.value } else { addresses.client.value };
            format!("{own}/{}", addresses.subnet.value.prefix_len())
        }
        "AllowedIPs" => {
            // As it runs, where it does; else the guide's form.
            let section = conf.peers.iter().rfind(|peer| peer.at.line < trouble.at.line);
            let runs = section.and_then(|peer| {
                interface?.peers.iter().find(|it| peer.public_key.as_ref() == Some(&it.public_key)).map(networks)
            });
            runs.unwrap_or_else(|| match (on_server, conf.peers.len()) {
                (true, 1) => IpNet::from(addresses.client.value).to_string(),
                (true, _) => String::new(),
                (false, _) => addresses.subnet.value.to_string(),
            })
        }
        _ => String::new(),
    }
}

/// What an Endpoint on the client should be, where the server's address outside is known.
fn public_endpoint(seat: &Seat<'_>) -> String {
    match (seat.vantage(), seat.addresses().public) {
        (Vantage::Client, Some(public)) => format!("{}:{}", bracketed(&public.to_string()), far_port(seat)),
        _ => String::new(),
    }
}

/// The port on which the server listens, by its own snapshot if that is at hand.
fn far_port(seat: &Seat<'_>) -> u16 {
    let there = seat.at(Vantage::Server).ok();
    let runs = there.and_then(|there| running(&there, there.wg().ok()?)?.listen_port);
    runs.unwrap_or(seat.addresses().wireguard_port.value)
}

fn bracketed(host: &str) -> String {
    if host.contains(':') { format!("[{host}]") } else { host.to_owned() }
}

/// An Endpoint that still is the guide's placeholder.
fn stand_in(conf: &WgConf) -> Option<(String, At)> {
    let words = ["replace", "your", "server_public", "linux_", "example_", "ddns"];
    conf.peers.iter().filter_map(|peer| peer.endpoint.as_ref()).find_map(|(written, at)| {
        let host = written.host.to_ascii_lowercase();
        let named = host.contains(['<', '>', '{', '}', '$', '_']) && words.iter().any(|word| host.contains(word));
        (named || host.contains(['<', '>', '{', '}'])).then(|| (written.host.clone(), *at))
    })
}

/// What runs is what a restart would make of the file.
pub fn wg_running_as_written(seat: &Seat<'_>) -> Judged {
    let Some(interface) = running(seat, seat.wg()?) else { return Ok(not_applicable("the interface does not run")) };
    let conf = seat.wg_conf()?;
    if conf.refused().is_some() {
        return Ok(not_applicable(REFUSED));
    }
    let differs = own_differs(conf, interface).or_else(|| peer_differs(conf, interface));
    let Some(finding) = differs else { return Ok(holds()) };
    // Stopping the tunnel would write what runs over the file.
    Ok(match (conf.save_config, finding.words.get("name")) {
        (true, name) => {
            let place = finding.place.clone().unwrap_or_default();
            broken("overwritten").with("name", name.cloned().unwrap_or_default()).with("changed", place).into()
        }
        (false, _) => finding.into(),
    })
}

fn own_differs(conf: &WgConf, interface: &WgInterface) -> Option<Finding> {
    if let (Some(written), Some(runs), Some((_, at))) = (&conf.derived_public, &interface.public_key, conf.private_key)
        && written != runs
    {
        let finding = broken("own-key").with("written", short_key(written)).with("runs", short_key(runs));
        return Some(finding.with("name", "PrivateKey").at(&conf.path, at.line));
    }
    let (port, at) = conf.listen_port.filter(|(port, _)| *port != 0)?;
    let runs = interface.listen_port.filter(|runs| *runs != port)?;
    Some(
        broken("listen-port")
            .with("name", "ListenPort")
            .with("written", port)
            .with("runs", runs)
            .at(&conf.path, at.line),
    )
}

/// The first setting of a peer that differs. Peers that are at one side alone are another check's.
fn peer_differs(conf: &WgConf, interface: &WgInterface) -> Option<Finding> {
    conf.peers.iter().find_map(|peer| {
        let key = peer.public_key.as_ref()?;
        let runs = interface.peers.iter().find(|runs| runs.public_key == *key)?;
        let (name, at, written, is) = setting(conf, peer, runs)?;
        let line = at.unwrap_or(peer.at).line;
        let finding = broken("peer").with("key", short_key(key)).with("name", name);
        Some(finding.with("written", written).with("runs", is).at(&conf.path, line))
    })
}

/// A setting's name, its place, and what it is in the file and in what runs.
type Setting = (&'static str, Option<At>, String, String);

fn setting(conf: &WgConf, peer: &WgConfPeer, runs: &WgPeer) -> Option<Setting> {
    // A later peer that claims the same address has it: that is no difference from the file.
    let later =
        |net: &IpNet| conf.peers.iter().any(|other| other.at.line > peer.at.line && other.allowed_ips.contains(net));
    let mut written: Vec<IpNet> = peer.allowed_ips.iter().copied().filter(|net| !later(net)).collect();
    let mut is = runs.allowed_ips.clone();
    (written.sort(), is.sort());
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
pub fn wg_allowed_ips_distinct(seat: &Seat<'_>) -> Judged {
    let conf = seat.wg_conf()?;
    if conf.refused().is_some() {
        return Ok(not_applicable(REFUSED));
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
    for (index, (one, net, at)) in claims.iter().enumerate() {
        if let Some((_, _, later)) = claims[index + 1..].iter().find(|(other, same, _)| other != one && same == net) {
            return Ok(broken("claimed-twice")
                .with("net", net)
                .with("first", format!("{}:{}", conf.path, at.line))
                .at(&conf.path, later.line)
                .into());
        }
    }
    // On the server a whole network is one client's, and the others have what is more exactly theirs.
    if seat.vantage() == Vantage::Server {
        let inside = |one: usize, net: &IpNet| {
            claims.iter().find(|(other, smaller, _)| *other != one && net.contains(smaller) && net != smaller)
        };
        for (one, net, at) in &claims {
            if let Some((_, smaller, other)) = inside(*one, net) {
                return Ok(broken("contains-another")
                    .with("net", net)
                    .with("smaller", smaller)
                    .with("other", format!("{}:{}", conf.path, other.line))
                    .at(&conf.path, at.line)
                    .into());
            }
        }
    }
    Ok(holds())
}

/// The server listens on the same port after every start.
pub fn wg_listen_port_fixed(seat: &Seat<'_>) -> Judged {
    let conf = seat.wg_conf()?;
    if conf.refused().is_some() {
        return Ok(not_applicable(REFUSED));
    }
    if conf.listen_port.is_some_and(|(port, _)| port != 0) {
        return Ok(holds());
    }
    let at = conf.interface_at.unwrap_or(At { line: 1, column: 1 });
    let runs = seat.wg().ok().and_then(|state| running(seat, state)?.listen_port);
    let client = seat.at(Vantage::Client).ok();
    let asked =
        client.and_then(|client| running(&client, client.wg().ok()?)?.peers.iter().find_map(|peer| peer.endpoint));
    let shown = |port: Option<u16>| port.map_or_else(|| "none".to_owned(), |port| port.to_string());
    let finding = match asked.map(|asked| asked.port()) {
        Some(asked) if runs.is_some_and(|runs| runs != asked) => {
            broken("random").with("asked", asked).with("port", asked)
        }
        _ => broken("not-set").with("port", seat.addresses().wireguard_port.value),
    };
    Ok(finding.with("runs", shown(runs)).at(&conf.path, at.line).into())
}

/// The client knows where the server is. While handshakes go through, wherever they go is right.
pub fn wg_endpoint(seat: &Seat<'_>) -> Judged {
    let Some(interface) = running(seat, seat.wg()?) else { return Ok(not_applicable("the interface does not run")) };
    let conf = seat.wg_conf()?;
    let server = seat.at(Vantage::Server).ok();
    let there = server.as_ref().and_then(|server| running(server, server.wg().ok()?));
    let by_key = |peer: &&WgPeer| there.is_some_and(|there| there.public_key.as_ref() == Some(&peer.public_key));
    let covers = |peer: &&WgPeer| super::covers(peer, seat.addresses().server.value);
    let peer = interface.peers.iter().find(by_key).or_else(|| interface.peers.iter().find(covers));
    let Some(peer) = peer.or(interface.peers.first()) else { return Ok(not_applicable("it has no peers")) };
    if is_fresh(peer, seat.wg()?.read_at) {
        return Ok(holds());
    }
    let written = conf.peers.iter().find(|it| it.public_key.as_ref() == Some(&peer.public_key));
    let line = written.map_or(1, |it| it.endpoint.as_ref().map_or(it.at, |(_, at)| *at).line);
    let Some(runs) = peer.endpoint else {
        let right = public_endpoint(seat);
        let finding = broken("missing").with("key", &peer.public_key).with("right", right);
        return Ok(finding.at(&conf.path, line).into());
    };
    if let Some(port) = there.and_then(|there| there.listen_port)
        && port != runs.port()
    {
        return Ok(broken("other-port").with("asked", runs).with("port", port).at(&conf.path, line).into());
    }
    if let Some(name) =
        written.and_then(|it| it.endpoint.as_ref()).map(|(written, _)| written.host.to_ascii_lowercase())
        && literal(&name).is_none()
        && let Some(look) = seat.names()?.names.iter().find(|look| look.name == name)
        && let NameAnswer::Addresses(now) = &look.libc
        && !now.contains(&runs.ip().to_canonical())
    {
        let list = now.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        return Ok(broken("moved")
            .with("name", name)
            .with("now", list)
            .with("asked", runs)
            .at(&conf.path, line)
            .into());
    }
    Ok(holds())
}

/// The interface has the addresses that the file gives it.
pub fn wg_addresses(seat: &Seat<'_>) -> Judged {
    let conf = seat.wg_conf()?;
    if conf.refused().is_some() {
        return Ok(not_applicable(REFUSED));
    }
    let Some(link) = seat.links()?.named(&seat.addresses().interface.value) else {
        return Ok(not_applicable("the interface does not run"));
    };
    let own = match seat.vantage() {
        Vantage::Server => seat.addresses().server.value,
        Vantage::Client | Vantage::Container | Vantage::Outside => seat.addresses().client.value,
    };
    if conf.addresses.is_empty() && link.addresses.is_empty() {
        let at = conf.interface_at.unwrap_or(At { line: 1, column: 1 });
        let right = format!("{own}/{}", seat.addresses().subnet.value.prefix_len());
        return Ok(broken("not-set").with("right", right).at(&conf.path, at.line).into());
    }
    let Some(missing) = conf.addresses.iter().find(|net| !link.addresses.contains(net)) else { return Ok(holds()) };
    let line = conf.address_at.map_or(1, |at| at.line);
    let is = link.addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let same = link.addresses.iter().any(|net| net.addr().is_ipv4() == missing.addr().is_ipv4());
    Ok(match same {
        false => broken("gone").with("written", missing).at(&conf.path, line),
        true => broken("differs").with("written", missing).with("runs", is).at(&conf.path, line),
    }
    .into())
}

/// Either both ends have a preshared key for the other, or neither has.
pub fn wg_preshared_agrees(seat: &Seat<'_>) -> Judged {
    let Some(here) = running(seat, seat.wg()?) else { return Ok(not_applicable("the interface does not run")) };
    let client = seat.at(Vantage::Client)?;
    let Some(there) = running(&client, client.wg()?) else {
        return Ok(not_applicable("the client's interface does not run"));
    };
    let of = |interface: &WgInterface, key: &Option<String>| {
        interface.peers.iter().find(|peer| Some(&peer.public_key) == key.as_ref()).cloned()
    };
    let (Some(theirs), Some(ours)) = (of(here, &there.public_key), of(there, &here.public_key)) else {
        return Ok(not_applicable("the two ends do not know each other"));
    };
    let on_server = theirs.preshared.is_present();
    if on_server == ours.preshared.is_present() {
        return Ok(holds());
    }
    let line = |seat: &Seat<'_>, key: &str| {
        let conf = seat.wg_conf().ok()?;
        let peer = conf.peers.iter().find(|peer| peer.public_key.as_deref() == Some(key))?;
        Some((conf.path.clone(), peer.preshared_at?.line))
    };
    let (finding, written) = if on_server {
        (broken("server-only").with("key", &theirs.public_key), line(seat, &theirs.public_key))
    } else {
        (broken("client-only").with("key", &ours.public_key), line(&client, &ours.public_key))
    };
    let written = written.map_or_else(String::new, |(path, line)| format!("sed -i {line}d {path}"));
    Ok(finding.with("unwrite", written).into())
}

/// Nobody but root can read the key files that the set-up left behind.
pub fn wg_key_files_private(seat: &Seat<'_>) -> Judged {
    let keys = seat.wg_keys()?;
    if keys.files.iter().all(|file| file.public_key.is_none()) {
        return Ok(not_applicable("there are no key files"));
    }
    let open = |file: &&KeyFile| file.public_key.is_some() && file.reachable && file.mode & 0o077 != 0;
    Ok(match keys.files.iter().find(open) {
        None => holds(),
        Some(file) => broken("readable").with("path", &file.path).with("mode", format!("{:04o}", file.mode)).into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_pen_is_told_from_an_unknown_name() {
        assert_eq!(meant("PrivteKey"), Some("PrivateKey"));
        assert_eq!(meant("AllowedIP"), Some("AllowedIPs"));
        assert_eq!(meant("Listenport_"), Some("ListenPort"));
        assert_eq!((meant("BindAddress"), meant("Name"), meant("")), (None, None, None));
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
