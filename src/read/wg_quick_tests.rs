//! What `conf` makes of files as people write them.

use super::*;

const PRIVATE: &str = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";
const PUBLIC: &str = "B6N8vBQgk8i3VdwbEOhstCY3StFqqFPtC9/AsrhtHHw=";

fn conf(text: &str) -> WgConf {
    read("/etc/wireguard/wg0.conf", 0o600, text, "")
}

fn parse_errors(conf: &WgConf) -> Vec<(Refusal, &str, u32)> {
    conf.parse_errors
        .iter()
        .map(|parse_error| (parse_error.what, parse_error.name.as_str(), parse_error.at.line))
        .collect()
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
    assert!(conf.save_config && conf.parse_errors.is_empty() && conf.slips.is_empty());
    assert_eq!(conf.peers.len(), 1);
    assert_eq!((conf.peers[0].at, conf.peers[0].public_key.as_deref()), (at(7, 1), Some(PUBLIC)));
    assert!(!serde_json::to_string(&conf).unwrap().contains(PRIVATE.get(..12).unwrap()));
}

#[test]
fn names_in_any_case_carriage_returns_and_loose_white_space_are_fine() {
    let conf = conf(&format!(
        "  [INTERFACE]\r\n\taddress=10.8.0.2/24 , fd00::2\r\nprivatekey={PRIVATE}\r\ndns = 1.1.1.1\r\nDNS=lan\r\n[ peer ]\r\n\
         PUBLICKEY = {PUBLIC}\r\nallowedips = 10.8.0.9/24\r\nAllowedIPs = 192.0.2.1\r\nPersistentKeepalive = OFF\r\n\
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
    assert!(conf.parse_errors.is_empty(), "{conf:?}");
    assert_eq!((conf.slips[0].how, conf.slips[0].at.line), (Taken::HostBits, 8));
}

#[test]
fn a_mark_at_the_start_is_told_and_read_over() {
    let conf = conf("\u{feff}[Interface]\nAddress = 10.8.0.2/24\n");
    assert_eq!(parse_errors(&conf), [(Refusal::Mark, "", 1)]);
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
    assert_eq!(
        parse_errors(&conf),
        [
            (Refusal::NoSection, "PrivateKey", 1),
            (Refusal::Key(KeyShape::Empty), "PrivateKey", 3),
            (Refusal::Unknown, "BindAddress", 4),
            (Refusal::Setting, "Address", 5),
            (Refusal::Value, "ListenPort", 6),
            (Refusal::Key(KeyShape::Placeholder), "PublicKey", 8),
            (Refusal::Value, "AllowedIPs", 9),
            (Refusal::NoPort, "Endpoint", 10),
            (Refusal::Elsewhere, "Address", 11),
            (Refusal::Elsewhere, "MTU", 12),
        ]
    );
    assert_eq!(conf.refused().map(|first| first.at.line), Some(1));
    assert_eq!(conf.peers[0].key_shape, Some(KeyShape::Placeholder));
    let (endpoint, place) = conf.peers[0].endpoint.as_ref().unwrap();
    assert_eq!((endpoint.port, *place), (None, at(10, 12)));
}

#[test]
fn a_private_key_broken_in_two_does_not_end_up_among_the_unknown_names() {
    let (head, tail) = PRIVATE.split_at_checked(20).unwrap();
    let conf = conf(&format!("[Interface]\nPrivateKey = {head}\n{tail}\n"));
    assert_eq!(conf.private_key.map(|(shape, _)| shape), Some(KeyShape::Wrapped));
    assert_eq!(parse_errors(&conf), [(Refusal::Key(KeyShape::Wrapped), "PrivateKey", 2), (Refusal::Unknown, "", 3)]);
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
        let conf = conf(&format!("[Peer]\nPublicKey = {PUBLIC}\nEndpoint = {written}\n"));
        let (read, _) = conf.peers[0].endpoint.as_ref().unwrap();
        assert_eq!((read.host.as_str(), read.port), (host, port), "{written}");
    }
    assert!(conf("[Peer]\nEndpoint = :51820\n").peers[0].endpoint.is_none());
}

#[test]
fn wg_quick_gives_up_on_its_own_lines_first_and_on_addresses_last() {
    let conf = conf("[Interface]\nAddress = 10.8.0.1/24, 10.8.0.1/24\n[Peer]\n[Interface]\nSaveConfig = yes\n");
    assert_eq!(
        parse_errors(&conf),
        [
            (Refusal::Setting, "Address", 2),
            (Refusal::NotBoolean, "SaveConfig", 5),
            (Refusal::NoPublicKey, "PublicKey", 3)
        ]
    );
    assert_eq!(conf.refused().map(|first| first.what), Some(Refusal::NotBoolean));
}

#[test]
fn a_header_with_spaces_is_one_to_wg_alone() {
    let conf = conf("[ Interface ]\nListenPort = 51820\nAddress = 10.8.0.1/24\n");
    assert_eq!(conf.listen_port, Some((51820, at(2, 14))));
    assert_eq!(parse_errors(&conf), [(Refusal::Section, "", 1)]);
}

#[test]
fn hooks_leave_their_names_and_a_name_that_is_taken_twice_is_told() {
    let conf = conf("[Interface]\nPostUp = curl -u me:secret x\nListenPort = 1\nListenPort = 70000\n");
    assert_eq!(conf.hooks, [("PostUp".to_owned(), at(2, 1))]);
    let slips: Vec<(Taken, u32)> = conf.slips.iter().map(|slip| (slip.how, slip.at.line)).collect();
    assert_eq!(slips, [(Taken::Again, 4), (Taken::Wrapped, 4)]);
    assert!(!serde_json::to_string(&conf).unwrap().contains("secret"));
}

#[test]
fn a_command_that_may_set_keys_and_peers_is_told_by_its_place() {
    let sets = |line: &str| conf(&format!("[Interface]\n{line}\n")).sets;
    for line in [
        "PostUp = wg addconf %i /etc/wireguard/peers.conf",
        "PreUp = true; /usr/bin/wg set %i private-key /etc/key",
        "PostUp = /etc/wireguard/up",
        "postup = bash -c 'echo'",
        "PostUp = cd /etc && ./peers.sh",
    ] {
        assert_eq!(sets(line), Some(at(2, 1)), "{line}");
    }
    for line in [
        "PostUp = iptables -A FORWARD -i wg0 -j ACCEPT",
        "PostUp = /usr/sbin/ufw route allow in on wg0 out on eth0",
        "PostUp = systemctl restart redis-server; sysctl -w net.ipv4.ip_forward=1",
        "PostDown = wg set %i private-key /etc/key",
    ] {
        assert_eq!(sets(line), None, "{line}");
    }
}

#[test]
fn an_empty_file_and_a_peer_before_the_interface() {
    assert!(conf("").peers.is_empty());
    let conf = conf("[Peer]\n[Interface]\nAddress = 10.8.0.1/24\n");
    assert_eq!((conf.peers.len(), conf.addresses.len()), (1, 1));
}
