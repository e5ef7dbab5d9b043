//! The TCP sockets that listen in our network. The kernel lists them alone where it can be asked; its tables in /proc have every
//! connection, and it walks through places for half a million of them to print those few.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

use miniz_oxide::inflate::decompress_to_vec_with_limit;
use procfs::net::{TcpNetEntry, TcpState};

use crate::fact::Unseen;
use crate::fact::touch::{Touch, asks, only, reads};
use crate::probe::host;
use crate::probe::kernel_dump::{self, number};

/// One of them.
pub(super) struct Socket {
    pub(super) address: SocketAddr,
    pub(super) inode: u64,
}

/// All of them.
pub(super) fn here() -> Result<Vec<Socket>, Unseen> {
    if let Some(found) = asked() {
        return Ok(found);
    }
    let entries = procfs::net::tcp().map_err(|_| Unseen::NoTool("/proc/net/tcp cannot be read".to_owned()))?;
    // Without IPv6 in the kernel there is no such file.
    Ok(of(entries, procfs::net::tcp6().unwrap_or_default()))
}

/// Those of /proc's two tables.
pub(super) fn of(four: Vec<TcpNetEntry>, six: Vec<TcpNetEntry>) -> Vec<Socket> {
    let listens = four.into_iter().chain(six).filter(|it| it.state == TcpState::Listen);
    listens.map(|it| Socket { address: canonical(it.local_address), inode: it.inode }).collect()
}

/// `::ffff:10.8.0.1` listens for IPv4 only.
fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

/// `SOCK_DIAG_BY_FAMILY`, linux/sock_diag.h.
const BY_FAMILY: u16 = 20;
const INET: u8 = 2;
const INET6: u8 = 10;
const TCP: u8 = 6;
/// `TCP_LISTEN`, as one bit of the states.
const LISTEN: u32 = 1 << 10;

/// `TCP_ESTABLISHED`, as the other.
const ESTABLISHED: u32 = 1 << 1;

fn asked() -> Option<Vec<Socket>> {
    dump(LISTEN)?.iter().map(|message| socket(message)).collect()
}

/// What the kernel tells of the sockets in a state.
fn dump(state: u32) -> Option<Vec<Vec<u8>>> {
    if !answers() {
        return None;
    }
    let mut found = Vec::new();
    for family in [INET, INET6] {
        // `struct inet_diag_req_v2`: family, protocol, what else is wanted, nothing, states; then of which socket: any.
        let question = [&[family, TCP, 0, 0][..], &state.to_ne_bytes(), &[0; 48]].concat();
        found.extend(kernel_dump::ask(kernel_dump::SOCK_DIAG, BY_FAMILY, &question).ok()?);
    }
    Some(found)
}

/// The sockets that are connected to one of these ports of loopback, by what they are connected to.
pub(super) fn connected_to(ports: &BTreeSet<u16>) -> Vec<Socket> {
    let meant = |it: &Socket| it.address.ip().is_loopback() && ports.contains(&it.address.port());
    if let Some(told) = dump(ESTABLISHED) {
        return told.iter().filter_map(|message| other_end(message)).filter(meant).collect();
    }
    let mut entries = procfs::net::tcp().unwrap_or_default();
    entries.extend(procfs::net::tcp6().unwrap_or_default());
    let up = entries.into_iter().filter(|it| it.state == TcpState::Established);
    up.map(|it| Socket { address: canonical(it.remote_address), inode: it.inode }).filter(meant).collect()
}

/// The same of a message, with the address and port of the other end, which come after ours.
fn other_end(message: &[u8]) -> Option<Socket> {
    let ours = socket(message)?;
    let port = u16::from_be_bytes(*message.get(6..)?.first_chunk()?);
    let ip: IpAddr = match *message.first()? {
        INET => Ipv4Addr::from(*message.get(24..)?.first_chunk::<4>()?).into(),
        _ => Ipv6Addr::from(*message.get(24..)?.first_chunk::<16>()?).into(),
    };
    Some(Socket { address: canonical(SocketAddr::new(ip, port)), ..ours })
}

/// `struct inet_diag_msg`: family, state, timer, tries; the ports and addresses, ours first, in the network's order; and at the
/// end the socket's number.
fn socket(message: &[u8]) -> Option<Socket> {
    let port = u16::from_be_bytes(*message.get(4..)?.first_chunk()?);
    let ip: IpAddr = match *message.first()? {
        INET => Ipv4Addr::from(*message.get(8..)?.first_chunk::<4>()?).into(),
        INET6 => Ipv6Addr::from(*message.get(8..)?.first_chunk::<16>()?).into(),
        _ => return None,
    };
    Some(Socket { address: canonical(SocketAddr::new(ip, port)), inode: u64::from(number(message, 68)?) })
}

const MODULE: &str = "/sys/module/tcp_diag";
const CONFIGURED: &str = "/proc/config.gz";

/// Whether it can be asked without anything being loaded for it: a kernel that has this as a module would load it for the question.
fn answers() -> bool {
    matches!(host::stat(MODULE), Ok(Some(_))) || configured().is_some_and(|text| is_built_in(&text))
}

fn is_built_in(config: &str) -> bool {
    config.lines().any(|line| line == "CONFIG_INET_TCP_DIAG=y")
}

/// The kernel's own settings, where it tells them. They have no name and no comment in front of them (RFC 1952: ten bytes).
fn configured() -> Option<String> {
    const HEADER: usize = 10;
    const LONGEST: usize = 4 << 20;
    let packed = host::read_named(Path::new(CONFIGURED)).ok()?;
    let plain = packed.get(3) == Some(&0);
    let text = decompress_to_vec_with_limit(packed.get(HEADER..).filter(|_| plain)?, LONGEST).ok()?;
    String::from_utf8(text).ok()
}

/// What finding them does.
pub(in crate::probe) fn touches() -> Vec<Touch> {
    let asked = only("where the kernel has this built in, or loaded", asks(&["netlink sock-diag"]));
    let tables = only("where the kernel has not", reads(&["/proc/net/tcp", "/proc/net/tcp6"]));
    [reads(&[MODULE]), only("where that is not there", reads(&[CONFIGURED])), asked, tables].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_of_either_family_is_read_and_a_cut_message_is_not() {
        let message = |family: u8, address: &[u8]| {
            let mut bytes = vec![0; 72];
            bytes[..6].copy_from_slice(&[family, 10, 0, 0, 0x15, 0x38]);
            bytes[8..8 + address.len()].copy_from_slice(address);
            bytes[68..].copy_from_slice(&4711_u32.to_ne_bytes());
            bytes
        };
        let four = socket(&message(INET, &[10, 8, 0, 1])).expect("a socket");
        assert_eq!((four.address.to_string().as_str(), four.inode), ("10.8.0.1:5432", 4711));
        let mapped = [&[0; 10][..], &[255, 255, 10, 8, 0, 1]].concat();
        let six = socket(&message(INET6, &mapped)).expect("a socket");
        assert_eq!(six.address.to_string(), "10.8.0.1:5432");
        let any = socket(&message(INET6, &[])).expect("a socket");
        assert_eq!(any.address.to_string(), "[::]:5432");
        let mut up = message(INET, &[127, 0, 0, 1]);
        up[6..8].copy_from_slice(&[0x18, 0xeb]);
        up[24..28].copy_from_slice(&[127, 0, 0, 1]);
        assert_eq!(other_end(&up).expect("a socket").address.to_string(), "127.0.0.1:6379");
        assert!(socket(&message(INET, &[])[..71]).is_none() && socket(&message(1, &[])).is_none());
    }

    #[test]
    fn the_kernel_and_its_tables_tell_the_same() {
        let socket = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = socket.local_addr().expect("bound");
        let table = of(procfs::net::tcp().expect("a table"), Vec::new());
        let known = table.iter().find(|it| it.address == address).expect("it listens");
        if let Some(asked) = asked() {
            let found = asked.iter().find(|it| it.address == address).expect("it listens");
            assert_eq!(found.inode, known.inode);
        }
    }

    #[test]
    fn what_is_built_in_is_told_from_a_module() {
        assert!(is_built_in("CONFIG_INET_DIAG=y\nCONFIG_INET_TCP_DIAG=y\n"));
        assert!(!is_built_in("CONFIG_INET_TCP_DIAG=m\n# CONFIG_INET_TCP_DIAG is not set\n"));
    }
}
