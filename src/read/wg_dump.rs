//! What `wg show all dump` prints: tab-separated, five fields for an interface, nine for a peer. The private key
//! and the preshared keys in it do not go on.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use super::wg_uapi::endpoint;
use crate::fact::Presence;
use crate::fact::wireguard::{WgInterface, WgPeer};

/// Reads the whole output; the error is the number of the first line (from 1) that has another shape.
pub fn read(output: &str) -> Result<Vec<WgInterface>, usize> {
    let mut interfaces: Vec<WgInterface> = Vec::new();
    let mut places = BTreeMap::new();
    for (index, line) in output.lines().enumerate().filter(|(_, line)| !line.is_empty()) {
        absorb(&mut interfaces, &mut places, line).ok_or(index + 1)?;
    }
    Ok(interfaces)
}

/// `places` is where the interface of each name stands.
fn absorb<'a>(interfaces: &mut Vec<WgInterface>, places: &mut BTreeMap<&'a str, usize>, line: &'a str) -> Option<()> {
    let fields: Vec<&str> = line.split('\t').collect();
    match fields.as_slice() {
        [name, _private, public, port, mark] => {
            places.entry(*name).or_insert(interfaces.len());
            interfaces.push(WgInterface {
                name: (*name).to_owned(),
                public_key: said(public).map(str::to_owned),
                listen_port: port.parse().ok().filter(|port| *port != 0),
                mark: mark.strip_prefix("0x").and_then(|hex| NonZeroU32::new(u32::from_str_radix(hex, 16).ok()?)),
                peers: Vec::new(),
            });
        }
        [name, key, preshared, at, allowed, handshake, received, sent, keepalive] => {
            interfaces.get_mut(*places.get(name)?)?.peers.push(WgPeer {
                public_key: (*key).to_owned(),
                preshared: Presence::of(said(preshared).is_some()),
                endpoint: endpoint(at),
                allowed_ips: said(allowed).unwrap_or_default().split(',').filter_map(|net| net.parse().ok()).collect(),
                handshake: handshake.parse().ok().filter(|at| *at != 0),
                received: received.parse().ok()?,
                sent: sent.parse().ok()?,
                keepalive: keepalive.parse().ok(),
            });
        }
        _ => return None,
    }
    Some(())
}

fn said(field: &str) -> Option<&str> {
    (field != "(none)").then_some(field)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interfaces_and_their_peers_are_read_without_secrets() {
        let output = "wg0\tPRIVATE=\tPUB=\t51820\toff\n\
            wg0\tPEER1=\tSECRET=\t198.51.100.2:40000\t10.8.0.2/32,fd00::2/128\t1700000000\t180\t92\t25\n\
            wg0\tPEER2=\t(none)\t(none)\t(none)\t0\t0\t0\toff\n\
            wg1\t(none)\t(none)\t0\t0xca6c\n";
        let interfaces = read(output).unwrap();
        assert_eq!(interfaces.len(), 2);
        assert_eq!(interfaces[0].peers[0].preshared, Presence::Present);
        assert_eq!(interfaces[0].peers[0].allowed_ips.len(), 2);
        assert_eq!((interfaces[0].peers[1].handshake, interfaces[0].peers[1].keepalive), (None, None));
        assert_eq!((interfaces[1].public_key.as_deref(), interfaces[1].listen_port), (None, None));
        assert_eq!((interfaces[0].mark, interfaces[1].mark), (None, NonZeroU32::new(0xca6c)));
        let shown = serde_json::to_string(&interfaces).unwrap();
        assert!(!shown.contains("PRIVATE") && !shown.contains("SECRET"), "a secret is in {shown}");
    }

    #[test]
    fn another_shape_is_not_guessed_at() {
        assert_eq!(read("\ninterface: wg0\n"), Err(2));
        assert_eq!(read(""), Ok(Vec::new()));
    }
}
