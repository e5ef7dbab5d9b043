//! The kernel's WireGuard, over generic netlink.

use std::num::NonZeroU32;
use std::time::Duration;

use futures_util::StreamExt;
use genetlink::{GenetlinkError, GenetlinkHandle};
use ipnet::IpNet;
use netlink_packet_core::{NLM_F_DUMP, NLM_F_REQUEST, NetlinkMessage, NetlinkPayload};
use netlink_packet_generic::GenlMessage;
use netlink_packet_wireguard::{
    WireguardAllowedIp, WireguardAllowedIpAttr, WireguardAttribute, WireguardCmd, WireguardMessage, WireguardPeer,
    WireguardPeerAttribute,
};

use super::running::{Found, needs_root};
use crate::fact::wireguard::{WgInterface, WgPeer};
use crate::fact::{Presence, Unseen};
use crate::read::wg_key::to_base64;

const DEADLINE: Duration = Duration::from_secs(1);
const EPERM: i32 = 1;
const ENODEV: i32 = 19;

fn failed(why: impl std::fmt::Display) -> Unseen {
    Unseen::NoTool(format!("the kernel's WireGuard (netlink): {why}"))
}

/// The interfaces of these names, which are of kind wireguard. Without one nothing is asked: the mere question for
/// the family would make the kernel load its module.
pub(super) async fn interfaces<'a>(names: impl Iterator<Item = &'a str>) -> Found {
    let mut names = names.peekable();
    if names.peek().is_none() {
        return Ok(Vec::new());
    }
    let (connection, mut handle, _) = genetlink::new_connection().map_err(|error| failed(error.kind()))?;
    // On this look's own thread: one that ends takes nothing else with it.
    tokio::select! {
        biased;
        found = all(&mut handle, names) => found,
        () = connection => Err(failed("the socket was closed")),
    }
}

async fn all<'a>(handle: &mut GenetlinkHandle, names: impl Iterator<Item = &'a str>) -> Found {
    let mut found = Vec::new();
    for name in names {
        let answer = tokio::time::timeout(DEADLINE, interface(handle, name));
        match answer.await.map_err(|_| failed("no answer"))? {
            Ok(interface) => found.push((interface, "the kernel (netlink)".to_owned())),
            Err(Some(EPERM)) => return Err(needs_root()),
            // It went away between two questions.
            Err(Some(ENODEV)) => {}
            Err(Some(errno)) => return Err(failed(format!("errno {errno}"))),
            Err(None) => return Err(failed("the answer could not be read")),
        }
    }
    Ok(found)
}

/// The error is an errno where the kernel gave one.
async fn interface(handle: &mut GenetlinkHandle, name: &str) -> Result<WgInterface, Option<i32>> {
    let mut question = NetlinkMessage::from(GenlMessage::from_payload(WireguardMessage {
        cmd: WireguardCmd::GetDevice,
        attributes: vec![WireguardAttribute::IfName(name.to_owned())],
    }));
    question.header.flags = NLM_F_REQUEST | NLM_F_DUMP;
    let mut answers = handle
        .request(question)
        .await
        .map_err(|error| if let GenetlinkError::NetlinkError(error) = error { error.raw_os_error() } else { None })?;
    let mut interface =
        WgInterface { name: name.to_owned(), public_key: None, listen_port: None, mark: None, peers: Vec::new() };
    while let Some(answer) = answers.next().await {
        let payload = answer.map_err(|_| None)?.payload;
        if let NetlinkPayload::InnerMessage(message) = payload {
            absorb(&mut interface, &message.payload);
        } else if let NetlinkPayload::Error(error) = payload
            && error.code.is_some()
        {
            return Err(Some(error.raw_code().abs()));
        }
    }
    Ok(interface)
}

/// Takes over one message. A peer with many prefixes goes on in the next message, under the same key.
fn absorb(interface: &mut WgInterface, message: &WireguardMessage) {
    for attribute in &message.attributes {
        if let WireguardAttribute::PublicKey(key) = attribute {
            interface.public_key = Some(to_base64(key));
        } else if let WireguardAttribute::ListenPort(port) = attribute {
            interface.listen_port = Some(*port).filter(|port| *port != 0);
        } else if let WireguardAttribute::Fwmark(mark) = attribute {
            interface.mark = NonZeroU32::new(*mark);
        } else if let WireguardAttribute::Peers(peers) = attribute {
            for part in peers.iter().filter_map(peer) {
                match interface.peers.iter_mut().find(|peer| peer.public_key == part.public_key) {
                    Some(peer) => peer.allowed_ips.extend(part.allowed_ips),
                    None => interface.peers.push(part),
                }
            }
        }
    }
}

fn peer(written: &WireguardPeer) -> Option<WgPeer> {
    let key = written.iter().find_map(|attribute| {
        if let WireguardPeerAttribute::PublicKey(key) = attribute { Some(to_base64(key)) } else { None }
    })?;
    let mut peer = WgPeer::new(key);
    for attribute in written.iter() {
        if let WireguardPeerAttribute::PresharedKey(key) = attribute {
            peer.preshared = Presence::of(key.iter().any(|byte| *byte != 0));
        } else if let WireguardPeerAttribute::Endpoint(endpoint) = attribute {
            peer.endpoint = Some(*endpoint);
        } else if let WireguardPeerAttribute::AllowedIps(nets) = attribute {
            peer.allowed_ips = nets.iter().filter_map(net).collect();
        } else if let WireguardPeerAttribute::LastHandshake(at) = attribute {
            peer.handshake = u64::try_from(at.seconds).ok().filter(|at| *at != 0);
        } else if let WireguardPeerAttribute::RxBytes(bytes) = attribute {
            peer.received = *bytes;
        } else if let WireguardPeerAttribute::TxBytes(bytes) = attribute {
            peer.sent = *bytes;
        } else if let WireguardPeerAttribute::PersistentKeepalive(seconds) = attribute {
            peer.keepalive = Some(*seconds).filter(|seconds| *seconds != 0);
        }
    }
    Some(peer)
}

fn net(written: &WireguardAllowedIp) -> Option<IpNet> {
    let (mut address, mut length) = (None, None);
    for attribute in written.iter() {
        if let WireguardAllowedIpAttr::IpAddr(value) = attribute {
            address = Some(*value);
        } else if let WireguardAllowedIpAttr::Cidr(value) = attribute {
            length = Some(*value);
        }
    }
    IpNet::new(address?, length?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_that_goes_on_in_the_next_message_stays_one_peer_and_leaves_its_secrets() {
        let part = |third: u8| WireguardMessage {
            cmd: WireguardCmd::GetDevice,
            attributes: vec![
                WireguardAttribute::PrivateKey([7; 32]),
                WireguardAttribute::PublicKey([1; 32]),
                WireguardAttribute::ListenPort(51820),
                WireguardAttribute::Peers(vec![WireguardPeer(vec![
                    WireguardPeerAttribute::PublicKey([2; 32]),
                    WireguardPeerAttribute::PresharedKey([7; 32]),
                    WireguardPeerAttribute::AllowedIps(vec![WireguardAllowedIp(vec![
                        WireguardAllowedIpAttr::IpAddr([10, 8, third, 0].into()),
                        WireguardAllowedIpAttr::Cidr(24),
                    ])]),
                ])]),
            ],
        };
        let mut interface =
            WgInterface { name: "wg0".to_owned(), public_key: None, listen_port: None, mark: None, peers: Vec::new() };
        absorb(&mut interface, &part(0));
        absorb(&mut interface, &part(1));
        assert_eq!(interface.peers.len(), 1);
        assert_eq!(interface.peers[0].allowed_ips.len(), 2);
        assert_eq!(interface.peers[0].preshared, Presence::Present);
        assert!(!serde_json::to_string(&interface).unwrap().contains(to_base64(&[7; 32]).get(..8).unwrap()));
    }
}
