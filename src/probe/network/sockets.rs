//! Listening sockets and whose they are. The sockets are told to anybody, the programs behind them only to their owner.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use procfs::process::{FDTarget, Process, all_processes};

use super::listening::{self, Socket};
use crate::fact::Unseen;
use crate::fact::network::{Listener, Relay};
use crate::probe::host;

/// A busy host has many open files; what is not found by then stays without a name.
const SEARCH: Duration = Duration::from_millis(500);

/// All TCP sockets in LISTEN, by port and address.
pub(super) fn listening() -> Result<Vec<Listener>, Unseen> {
    let sockets = listening::here()?;
    let programs = programs(sockets.iter().map(|it| it.inode).collect());
    let found: BTreeSet<(u16, IpAddr, Option<Program>)> =
        sockets.iter().map(|it| (it.address.port(), it.address.ip(), programs.get(&it.inode).cloned())).collect();
    let listener = |(port, ip, program): (u16, IpAddr, Option<Program>)| Listener {
        address: SocketAddr::new(ip, port),
        stopped: program.as_ref().filter(|it| it.stopped).map(|it| it.pid.unsigned_abs()),
        program: program.map(|it| it.name),
    };
    // A server of several processes has its socket in each: their numbers make no other listener.
    let mut found: Vec<Listener> = found.into_iter().map(listener).collect();
    found.dedup();
    Ok(found)
}

/// Programs that pass connections on, and are connected to a service that listens on loopback alone.
pub(super) fn relays(listeners: &[Listener]) -> Vec<Relay> {
    let served = |it: &&Listener| it.program.as_deref().is_some_and(|name| Relay::SERVERS.contains(&name));
    let (near, far): (Vec<&Listener>, Vec<&Listener>) =
        listeners.iter().filter(served).partition(|it| it.address.ip().is_loopback());
    let far: BTreeSet<u16> = far.iter().map(|it| it.address.port()).collect();
    let ports: BTreeSet<u16> = near.iter().map(|it| it.address.port()).filter(|port| !far.contains(port)).collect();
    if ports.is_empty() {
        return Vec::new();
    }
    let sockets = listening::connected_to(&ports);
    let programs = programs(sockets.iter().map(|it| it.inode).collect());
    let mut found: Vec<Relay> = sockets
        .iter()
        .filter_map(|it| Some(Relay { program: programs.get(&it.inode)?.name.clone(), port: it.address.port() }))
        .filter(|it| Relay::PROGRAMS.contains(&it.program.as_str()))
        .collect();
    found.sort();
    found.dedup();
    found
}

/// Who has a UDP port of this machine, as far as that is seen; none where nobody has it.
pub(in crate::probe) fn udp_of(port: u16) -> Option<(Option<i32>, Option<String>)> {
    let mut entries = procfs::net::udp().ok()?;
    entries.extend(procfs::net::udp6().unwrap_or_default());
    let inodes: BTreeSet<u64> =
        entries.iter().filter(|it| it.local_address.port() == port).map(|it| it.inode).collect();
    let first = (!inodes.is_empty()).then(|| programs(inodes))?.into_values().next();
    Some(first.map_or((None, None), |it| (Some(it.pid), Some(it.name))))
}

/// What listens in the network of a process; none where that may not be seen.
pub(in crate::probe) fn listening_in(process: u32) -> Option<Vec<SocketAddr>> {
    let process = Process::new(i32::try_from(process).ok()?).ok()?;
    Some(addresses(listening_beside(&process)?.iter()))
}

/// The sockets in LISTEN of a process' network; none where they may not be seen.
fn listening_beside(process: &Process) -> Option<Vec<Socket>> {
    Some(listening::of(process.tcp().ok()?, process.tcp6().unwrap_or_default()))
}

fn addresses<'a>(sockets: impl Iterator<Item = &'a Socket>) -> Vec<SocketAddr> {
    sockets.map(|it| it.address).collect::<BTreeSet<_>>().into_iter().collect()
}

/// Where a process itself listens.
pub(in crate::probe) fn listening_of(process: &Process) -> Vec<SocketAddr> {
    let all = if is_of_our_network(process) { listening::here().ok() } else { listening_beside(process) };
    let all = all.unwrap_or_default();
    let own = sockets(process, &all.iter().map(|it| it.inode).collect());
    addresses(all.iter().filter(|it| own.contains(&it.inode)))
}

/// Whether a process is in the network that we are in, as far as that may be seen.
fn is_of_our_network(process: &Process) -> bool {
    let network = |of: &str| std::fs::read_link(format!("/proc/{of}/ns/net")).ok();
    network("self").is_some_and(|own| network(&process.pid.to_string()) == Some(own))
}

/// Whose a socket is.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Program {
    name: String,
    pid: i32,
    stopped: bool,
}

/// The processes that have these sockets.
fn programs(mut wanted: BTreeSet<u64>) -> BTreeMap<u64, Program> {
    wanted.remove(&0);
    let mut found = BTreeMap::new();
    let begun = host::clock();
    for process in all_processes().into_iter().flatten().flatten() {
        if wanted.is_empty() || begun.elapsed() > SEARCH {
            break;
        }
        let sockets = sockets(&process, &wanted);
        if sockets.is_empty() {
            continue;
        }
        let Ok(stat) = process.stat() else { continue };
        for inode in sockets {
            wanted.remove(&inode);
            let stopped = matches!(stat.state, 'T' | 't');
            found.insert(inode, Program { name: stat.comm.clone(), pid: stat.pid, stopped });
        }
    }
    found
}

fn sockets(process: &Process, wanted: &BTreeSet<u64>) -> Vec<u64> {
    process
        .fd()
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|file| if let FDTarget::Socket(inode) = file.target { Some(inode) } else { None })
        .filter(|inode| wanted.contains(inode))
        .collect()
}
