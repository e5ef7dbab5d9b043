//! What `conf` makes of files as people write them.

use super::*;

const PRIVATE: &str = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";
const PUBLIC: &str = "B6N8vBQgk8i3VdwbEOhstCY3StFqqFPtC9/AsrhtHHw=";

fn conf(text: &str) -> WgConf {
    read("/etc/wireguard/wg0.conf", 0o600, text)
}

fn at(line: u32, column: u32) -> At {
    At { line, column }
}

#[test]
fn the_guides_server_file_is_read_and_its_private_key_is_not_kept() {
    let conf = conf(&format!(
        "[Interface]\nAddress = 10.8.0.1/24\nListenPort = 51820\nPrivateKey = {PRIVATE}\nSaveConfig = true\n\n\
         [Peer]\n# the GPU machine\nPublicKey = {PUBLIC}  # laptop\nAllowedIPs = 10.8.0.2/32\n"
    ));
    assert_eq!(conf.addresses, ["10.8.0.1/24".parse().unwrap()]);
    assert_eq!(conf.listen_port, Some((51820, at(3, 14))));
    assert_eq!(conf.private_key, Some((KeyShape::Good, at(4, 14))));
    assert_eq!(conf.derived_public.as_deref(), Some(PUBLIC));
    assert!(conf.save_config && !conf.bom && conf.unknown.is_empty() && conf.malformed.is_empty());
    assert_eq!(conf.peers.len(), 1);
    assert_eq!((conf.peers[0].at, conf.peers[0].public_key.as_deref()), (at(7, 1), Some(PUBLIC)));
    assert!(!serde_json::to_string(&conf).unwrap().contains(&PRIVATE[..12]));
}

#[test]
fn names_in_any_case_carriage_returns_and_loose_white_space_are_fine() {
    let conf = conf(&format!(
        "  [INTERFACE]\r\n\taddress=10.8.0.2/24 , fd00::2\r\nprivatekey={PRIVATE}\r\ndns = 1.1.1.1\r\nDNS=lan\r\n[ peer ]\r\n\
         PUBLICKEY = {PUBLIC}\r\nallowedips = 10.8.0.9/24,\r\nAllowedIPs = 192.0.2.1\r\nPersistentKeepalive = OFF\r\n\
         endpoint = vpn . example.test : 51820\r\n"
    ));
    assert_eq!(conf.addresses, ["10.8.0.2/24".parse().unwrap(), "fd00::2/128".parse().unwrap()]);
    assert_eq!(conf.dns, Some(("1.1.1.1, lan".to_owned(), at(4, 7))));
    assert_eq!(conf.private_key.map(|(shape, _)| shape), Some(KeyShape::Good));
    let peer = &conf.peers[0];
    assert_eq!(peer.allowed_ips, ["10.8.0.0/24".parse().unwrap(), "192.0.2.1/32".parse().unwrap()]);
    assert_eq!(peer.keepalive, None);
    let (endpoint, _) = peer.endpoint.as_ref().unwrap();
    assert_eq!((endpoint.host.as_str(), endpoint.port), ("vpn.example.test", Some(51820)));
    assert!(conf.unknown.is_empty() && conf.malformed.is_empty(), "{conf:?}");
}

#[test]
fn a_mark_at_the_start_is_told_and_read_over() {
    let conf = conf("\u{feff}[Interface]\nAddress = 10.8.0.2/24\n");
    assert!(conf.bom);
    assert_eq!(conf.addresses.len(), 1);
}

#[test]
fn the_guides_mistakes_have_their_places() {
    let conf = conf(&format!(
        "PrivateKey = {PRIVATE}\n[Interface]\nPrivateKey = \nBindAddress = 0.0.0.0\nAddress = 10.8.0.1/33\nListenPort = 51820/udp\n\
         [Peer]\nPublicKey = <CLIENT_PUBLIC_KEY>\nAllowedIPs = all\nEndpoint = vpn.example.test\nAddress = 10.8.0.2\nMTU = 1280\n"
    ));
    assert_eq!(conf.private_key, Some((KeyShape::Empty, at(3, 13))));
    assert_eq!(conf.derived_public, None);
    let unknown: Vec<(&str, u32)> = conf.unknown.iter().map(|(name, at)| (name.as_str(), at.line)).collect();
    assert_eq!(unknown, [("PrivateKey", 1), ("BindAddress", 4), ("Address", 11), ("MTU", 12)]);
    let malformed: Vec<(&str, u32)> = conf.malformed.iter().map(|(name, at)| (name.as_str(), at.line)).collect();
    assert_eq!(malformed, [("Address", 5), ("ListenPort", 6), ("AllowedIPs", 9)]);
    assert_eq!(conf.peers[0].key_shape, Some(KeyShape::Placeholder));
    let (endpoint, place) = conf.peers[0].endpoint.as_ref().unwrap();
    assert_eq!((endpoint.port, *place), (None, at(10, 12)));
}

#[test]
fn a_private_key_broken_in_two_does_not_end_up_among_the_unknown_names() {
    let (head, tail) = PRIVATE.split_at(20);
    let conf = conf(&format!("[Interface]\nPrivateKey = {head}\n{tail}\n"));
    assert_eq!(conf.private_key.map(|(shape, _)| shape), Some(KeyShape::Malformed));
    assert_eq!(conf.unknown, [(String::new(), at(3, 1))]);
}

#[test]
fn endpoints_of_all_kinds() {
    for (written, host, port) in [
        ("198.51.100.1:51820", "198.51.100.1", Some(51820)),
        ("[2001:db8::1]:51820", "2001:db8::1", Some(51820)),
        ("[2001:db8::1]", "2001:db8::1", None),
        ("vpn.example.test:", "vpn.example.test", None),
        ("<SERVER_PUBLIC_IP>:51820", "<SERVER_PUBLIC_IP>", Some(51820)),
    ] {
        let read = endpoint(written).unwrap();
        assert_eq!((read.host.as_str(), read.port), (host, port), "{written}");
    }
    assert_eq!(endpoint(":51820"), None);
}

#[test]
fn an_empty_file_and_a_peer_before_the_interface() {
    assert!(conf("").peers.is_empty());
    let conf = conf("[Peer]\n[Interface]\nAddress = 10.8.0.1/24\n");
    assert_eq!((conf.peers.len(), conf.addresses.len()), (1, 1));
}
