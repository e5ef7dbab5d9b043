//! The answer of a userspace implementation (wireguard-go, boringtun) to `get=1`: lines of `key=value`, binary
//! keys in hexadecimal, ended by `errno=`. It holds the private key and preshared keys; none of them goes on.

use std::net::SocketAddr;

use super::wg_key::{from_hex, public_of, to_base64};
use crate::fact::Presence;
use crate::fact::wireguard::{WgInterface, WgPeer};

/// Reads an answer. The error is the implementation's errno, or 0 if the answer has no end.
pub fn read(name: &str, answer: &str) -> Result<WgInterface, i32> {
    let mut interface =
        WgInterface { name: name.to_owned(), public_key: None, listen_port: None, mark: None, peers: Vec::new() };
    let mut errno = None;
    for (word, value) in answer.lines().filter_map(|line| line.split_once('=')) {
        match (word, interface.peers.last_mut()) {
            ("errno", _) => errno = value.parse::<i32>().ok(),
            // wireguard-go does not give the public key of the interface itself: it follows from the private one.
            ("private_key", _) => {
                interface.public_key = from_hex(value).filter(|key| **key != [0; 32]).map(|key| public_of(&key));
            }
            ("fwmark", _) => interface.mark = value.parse().ok(),
            ("listen_port", _) => interface.listen_port = value.parse().ok().filter(|port| *port != 0),
            ("public_key", _) => {
                if let Some(key) = from_hex(value) {
                    interface.peers.push(WgPeer::new(to_base64(&key)));
                }
            }
            (word, Some(peer)) => peer_line(peer, word, value),
            _ => {}
        }
    }
    match errno {
        Some(0) => Ok(interface),
        Some(errno) => Err(errno),
        None => Err(0),
    }
}

fn peer_line(peer: &mut WgPeer, word: &str, value: &str) {
    let number = || value.parse::<u64>().unwrap_or_default();
    match word {
        "preshared_key" => peer.preshared = Presence::of(value.bytes().any(|digit| digit != b'0')),
        "endpoint" => peer.endpoint = endpoint(value),
        "last_handshake_time_sec" => peer.handshake = Some(number()).filter(|at| *at != 0),
        "rx_bytes" => peer.received = number(),
        "tx_bytes" => peer.sent = number(),
        "persistent_keepalive_interval" => peer.keepalive = value.parse().ok().filter(|seconds| *seconds != 0),
        "allowed_ip" => peer.allowed_ips.extend(value.parse::<ipnet::IpNet>()),
        _ => {}
    }
}

/// An address and a port; the zone of a link-local address has no room in a socket address.
pub fn endpoint(written: &str) -> Option<SocketAddr> {
    written.parse().ok().or_else(|| {
        let (before, after) = written.split_once('%')?;
        format!("{before}]{}", after.split_once(']')?.1).parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_of_wireguard_go_is_read_without_its_secrets() {
        let private = "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20";
        let zeros = "0".repeat(64);
        let answer = format!(
            "private_key={private}\nlisten_port=51820\nfwmark=1\n\
             public_key=2122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f40\npreshared_key={zeros}\n\
             protocol_version=1\nendpoint=198.51.100.2:40000\nlast_handshake_time_sec=1700000000\n\
             last_handshake_time_nsec=5\ntx_bytes=92\nrx_bytes=180\npersistent_keepalive_interval=25\n\
             allowed_ip=10.8.0.2/32\nallowed_ip=fd00::2/128\n\
             public_key=4142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f60\npreshared_key={private}\n\
             protocol_version=1\nlast_handshake_time_sec=0\nlast_handshake_time_nsec=0\ntx_bytes=0\nrx_bytes=0\n\
             persistent_keepalive_interval=0\nerrno=0\n\n"
        );
        let interface = read("wg0", &answer).unwrap();
        assert_eq!(interface.listen_port, Some(51820));
        assert_eq!(interface.public_key.as_deref(), Some("B6N8vBQgk8i3VdwbEOhstCY3StFqqFPtC9/AsrhtHHw="));
        let [first, second] = interface.peers.as_slice() else { panic!("{interface:?}") };
        assert_eq!(first.endpoint, Some("198.51.100.2:40000".parse().unwrap()));
        assert_eq!((first.handshake, first.sent, first.received), (Some(1_700_000_000), 92, 180));
        assert_eq!((first.preshared, first.keepalive), (Presence::Absent, Some(25)));
        assert_eq!(first.allowed_ips.len(), 2);
        assert_eq!((second.preshared, second.keepalive), (Presence::Present, None));
        assert_eq!((second.handshake, second.endpoint), (None, None));
        let shown = serde_json::to_string(&interface).unwrap();
        assert!(!shown.contains("AQIDBAUG") && !shown.contains(private), "a secret is in {shown}");
    }

    #[test]
    fn an_answer_without_an_end_is_no_answer() {
        assert_eq!(read("wg0", "listen_port=1\n"), Err(0));
        assert_eq!(read("wg0", "errno=-1\n\n"), Err(-1));
    }

    #[test]
    fn a_zone_does_not_hide_an_endpoint() {
        assert_eq!(endpoint("[fe80::1%eth0]:51820"), Some("[fe80::1]:51820".parse().unwrap()));
        assert_eq!(endpoint("(none)"), None);
    }
}
