//! WireGuard as it runs and as it is written. Private and preshared keys are dropped where they are read.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use secrecy::zeroize::Zeroize;

use super::{DIAL, ProbeContext, ProbeResult, host, network};
use crate::fact::network::Way;
use crate::fact::order::InOrder;
use crate::fact::touch::{Touch, asks, only, reads, reads_in, runs, sends};
use crate::fact::wireguard::keys::WgKeys;
use crate::fact::wireguard::{WgConf, WgInterface, WgPeer, WgState};
use crate::fact::{Fact, FactKey, Unseen};
use crate::read::wg_key;
#[cfg(target_os = "linux")]
use capture::Capture;
#[cfg(windows)]
use elsewhere::{Capture, running};
use files::FOLDER;
#[cfg(target_os = "linux")]
use running::running;

mod adopted;
#[cfg(target_os = "linux")]
mod capture;
mod contained;
#[cfg(windows)]
mod elsewhere;
mod files;
#[cfg(target_os = "linux")]
mod kernel;
#[cfg(target_os = "linux")]
mod running;
#[cfg(target_os = "linux")]
mod userspace;

/// Time for a handshake to be tried, answered and shown, also by way of a satellite: as long as a dial.
const HANDSHAKE: Duration = DIAL;
const STEP: Duration = Duration::from_millis(100);

pub(super) async fn state() -> ProbeResult {
    looked(running().await)
}

fn looked((source, state): (String, Result<WgState, Unseen>)) -> ProbeResult {
    ProbeResult::new(source, state.map(Fact::Wg))
}

fn as_state(mut interfaces: Vec<WgInterface>) -> WgState {
    interfaces.in_order_by(|a, b| a.name.cmp(&b.name));
    WgState { interfaces, read_at: host::now(), nudged: Vec::new(), handshakes: None }
}

/// The state once more, after a packet was sent to each peer that looked idle: an idle tunnel has no handshake, and
/// looks just like a broken one. Where no peer has a session, handshake packets are watched for meanwhile.
pub(super) async fn again(context: &ProbeContext) -> ProbeResult {
    let first = match context.fact(&FactKey::Wg) {
        Ok(Fact::Wg(first)) => first,
        Ok(_) => return ProbeResult::new("", Err(Unseen::NotAsked(FactKey::Wg))),
        Err(why) => return ProbeResult::new("", Err(why)),
    };
    let silent: Vec<(&WgInterface, &WgPeer)> =
        peers(first).filter(|(_, peer)| !peer.has_session(first.read_at)).collect();
    let mut capture = match silent.len() {
        0 => None,
        silent if silent < peers(first).count() => None,
        _ => Capture::begin(own_addresses(context)),
    };
    let mut nudged = Vec::new();
    for (interface, peer) in silent.into_iter().filter(|(_, peer)| peer.endpoint.is_some()).take(PEERS) {
        if let Some(to) = inside(peer, context)
            && nudge(&interface.name, to).await
        {
            nudged.push(peer.public_key.clone());
        }
    }
    if nudged.is_empty() && capture.is_none() {
        return ProbeResult::new("the first check; no peer needed a packet", Ok(Fact::Wg(first.clone())));
    }
    let begun = host::clock();
    loop {
        tokio::time::sleep(STEP).await;
        let (source, state) = running().await;
        let Ok(state) = state else { return looked((source, state)) };
        let live = |peer: &WgPeer| peer.has_session(state.read_at);
        let settled = peers(&state).all(|(_, peer)| live(peer) || !nudged.contains(&peer.public_key))
            && peers(&state).any(|(_, peer)| live(peer));
        if settled {
            return looked((source, Ok(WgState { nudged, ..state })));
        }
        if let Some(capture) = &mut capture {
            capture.drain(&state.interfaces);
        }
        let enough = capture.as_ref().is_none_or(Capture::is_over);
        if begun.elapsed() >= HANDSHAKE && enough {
            let handshakes = capture.and_then(Capture::seen);
            return looked((source, Ok(WgState { nudged, handshakes, ..state })));
        }
    }
}

fn peers(state: &WgState) -> impl Iterator<Item = (&WgInterface, &WgPeer)> {
    state.interfaces.iter().flat_map(|interface| interface.peers.iter().map(move |peer| (interface, peer)))
}

fn own_addresses(context: &ProbeContext) -> Vec<IpAddr> {
    let Ok(Fact::Links(links)) = context.fact(&FactKey::Links) else { return Vec::new() };
    links.links.iter().flat_map(|link| link.addresses.iter().map(ipnet::IpNet::addr)).collect()
}

/// An address behind the peer: its own where the prefix is one host's, else the server's, else the first.
fn inside(peer: &WgPeer, context: &ProbeContext) -> Option<IpAddr> {
    let server = context.addresses().ok().map(|addresses| addresses.server.value);
    peer.own_address()
        .or_else(|| server.filter(|server| peer.allowed_ips.iter().any(|net| net.contains(server))))
        .or_else(|| peer.allowed_ips.first()?.hosts().next())
}

/// Sends one byte to the discard port, if that goes through this interface and nowhere else.
#[expect(clippy::disallowed_methods, reason = "the packet that brings about a handshake")]
async fn nudge(interface: &str, to: IpAddr) -> bool {
    let through = network::way(to, None).await;
    if !matches!(through, Ok(Way::Device { device, .. }) if device == interface) {
        return false;
    }
    let own = SocketAddr::new(if to.is_ipv4() { [0; 4].into() } else { [0; 16].into() }, 0);
    let Ok(socket) = tokio::net::UdpSocket::bind(own).await else { return false };
    matches!(tokio::time::timeout(STEP, socket.send_to(&[0], (to, 9))).await, Ok(Ok(_)))
}

/// How many idle peers are sent a packet; with more, the rest keeps its age.
const PEERS: usize = 64;

/// The tunnels that files of this machine are for.
pub(super) fn tunnels() -> Result<Vec<WgConf>, Unseen> {
    files::all()
}

pub(super) async fn conf(context: &ProbeContext) -> ProbeResult {
    files::look(context).await
}

/// Where the guide has keys made: beside the tunnel's file, or at home.
pub(super) fn keys() -> ProbeResult {
    let homes = host::list("/home").map(Option::unwrap_or_default);
    let found = homes.and_then(|homes| {
        let homes = homes.into_iter().map(|name| format!("/home/{name}"));
        let folders: Vec<String> = [FOLDER.to_owned(), "/root".to_owned()].into_iter().chain(homes).collect();
        key_files(&folders)
    });
    ProbeResult::new(format!("{FOLDER}, /root, /home"), found.map(Fact::WgKeys))
}

fn key_files(folders: &[String]) -> Result<WgKeys, Unseen> {
    let mut files = Vec::new();
    for folder in folders {
        let Some(mode) = host::stat(folder)?.map(|stat| stat.mode) else { continue };
        let names = host::list(folder)?.unwrap_or_default();
        for name in names.into_iter().filter(|name| wg_key::is_private(name)) {
            let path = format!("{folder}/{name}");
            let Some(stat) = host::stat(&path)?.filter(|stat| stat.is_file) else { continue };
            let mut text = host::read_or_unseen(&path)?;
            files.push(wg_key::file(path, (stat.mode, stat.owner), mode & 0o011 != 0, &text));
            text.zeroize();
        }
    }
    files.in_order_by(|a, b| a.path.cmp(&b.path));
    Ok(WgKeys { files })
}

/// What [`state`] and [`again`] do.
pub(super) fn touches(again: bool) -> Vec<Touch> {
    let sent = [
        only("to peers without a session", sends(&["udp {peer}:9"])),
        only("where no peer has a session", asks(&["packet socket"])),
    ];
    let sent = if again { sent.concat() } else { Vec::new() };
    let kernel = only("where the kernel itself has a WireGuard interface", asks(&["netlink generic"]));
    let program = only("where the kernel does not let us ask", runs(&["wg show all dump"]));
    #[cfg(unix)]
    let userspace = userspace::touches();
    #[cfg(not(unix))]
    let userspace = Vec::new();
    [asks(&["netlink route"]), kernel, userspace, program, sent].concat()
}

/// What [`tunnels`] does.
pub(super) fn tunnels_touches() -> Vec<Touch> {
    files::touches()
}

/// What [`conf`] does.
pub(super) fn conf_touches() -> Vec<Touch> {
    [files::touches(), contained::touches()].concat()
}

/// What [`keys`] does.
pub(super) fn keys_touches() -> Vec<Touch> {
    [reads_in(&[FOLDER, "/root", "/home/*"], &["{key-file}"]), reads(&["/home"])].concat()
}
