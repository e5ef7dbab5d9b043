//! Listening sockets, from /proc. The sockets are told to anybody, the programs behind them only to their owner.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use procfs::net::{TcpNetEntry, TcpState};
use procfs::process::{FDTarget, Process, all_processes};

use crate::fact::Unseen;
use crate::fact::network::Listener;
use crate::probe::host;

/// A busy host has many open files; what is not found by then stays without a name.
const SEARCH: Duration = Duration::from_millis(500);

/// All TCP sockets in LISTEN, by port and address.
pub(super) fn listening() -> Result<Vec<Listener>, Unseen> {
    let mut entries = procfs::net::tcp().map_err(|_| Unseen::NoTool("/proc/net/tcp cannot be read".to_owned()))?;
    // Without IPv6 in the kernel there is no such file.
    entries.extend(procfs::net::tcp6().unwrap_or_default());
    entries.retain(|entry| entry.state == TcpState::Listen);
    let programs = programs(&entries);
    let found: BTreeSet<(u16, IpAddr, Option<String>)> = entries
        .iter()
        .map(|entry| {
            let address = entry.local_address;
            // `::ffff:10.8.0.1` listens for IPv4 only.
            (address.port(), address.ip().to_canonical(), programs.get(&entry.inode).cloned())
        })
        .collect();
    Ok(found.into_iter().map(|(port, ip, program)| Listener { address: SocketAddr::new(ip, port), program }).collect())
}

/// What listens in the network of a process; none where that may not be seen.
pub(in crate::probe) fn listening_in(process: u32) -> Option<Vec<SocketAddr>> {
    let process = Process::new(i32::try_from(process).ok()?).ok()?;
    Some(addresses(listening_beside(&process)?.iter()))
}

/// The sockets in LISTEN of a process' network; none where they may not be seen.
fn listening_beside(process: &Process) -> Option<Vec<TcpNetEntry>> {
    let mut entries = process.tcp().ok()?;
    entries.extend(process.tcp6().unwrap_or_default());
    entries.retain(|entry| entry.state == TcpState::Listen);
    Some(entries)
}

fn addresses<'a>(entries: impl Iterator<Item = &'a TcpNetEntry>) -> Vec<SocketAddr> {
    let address =
        |entry: &TcpNetEntry| SocketAddr::new(entry.local_address.ip().to_canonical(), entry.local_address.port());
    entries.map(address).collect::<BTreeSet<_>>().into_iter().collect()
}

/// Where a process itself listens.
pub(in crate::probe) fn listening_of(process: &Process) -> Vec<SocketAddr> {
    let entries = listening_beside(process).unwrap_or_default();
    let own = sockets(process, &entries.iter().map(|entry| entry.inode).collect());
    addresses(entries.iter().filter(|entry| own.contains(&entry.inode)))
}

fn programs(entries: &[TcpNetEntry]) -> BTreeMap<u64, String> {
    let mut wanted: BTreeSet<u64> = entries.iter().map(|entry| entry.inode).filter(|inode| *inode != 0).collect();
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
            found.insert(inode, stat.comm.clone());
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
