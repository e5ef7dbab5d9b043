//! The files of which systemd-networkd makes a tunnel: a `.netdev` for the interface and its peers, a `.network` for its
//! addresses (systemd.netdev(5), systemd.network(5)). No key but a public one goes on.

use ipnet::IpNet;

use super::ini::{Section, sections};
use super::wg_quick::value::{self, Endpoint, Services};
use super::{glob, wg_key};
use crate::fact::wireguard::Maker;
use crate::fact::wireguard::{At, KeyShape, ParseError, Program, Refusal, WgConf, WgConfPeer};

/// The tunnel of a `.netdev` file; none if it is another device's.
pub fn netdev(path: &str, mode: u32, text: &str, services: &str) -> Option<WgConf> {
    let sections = sections(text);
    let device = sections.iter().find(|it| it.name == "NetDev")?;
    if device.last("Kind")?.value != "wireguard" {
        return None;
    }
    let maker = Maker::new(Program::Networkd, device.last("Name")?.value);
    let mut conf = WgConf { made_by: Some(maker), ..WgConf::empty(path, mode) };
    let services = Services::new(services);
    for section in &sections {
        match section.name {
            "WireGuard" => own(&mut conf, section, &services),
            "WireGuardPeer" => peer(&mut conf, section, &services),
            // wg-quick's names: networkd knows neither, and leaves the whole section out.
            "Peer" | "Interface" => ignored(&mut conf, &format!("[{}]", section.name), section.at),
            _ => {}
        }
    }
    Some(conf)
}

fn ignored(conf: &mut WgConf, name: &str, at: At) {
    conf.parse_errors.push(ParseError { what: Refusal::Ignored, name: name.to_owned(), at, flaw: None });
}

fn own(conf: &mut WgConf, section: &Section<'_>, services: &Services<'_>) {
    conf.interface_at.get_or_insert(section.at);
    if let Some(key) = section.last("PrivateKey") {
        let shape = wg_key::shape(key.value, "");
        conf.private_key = Some((shape, key.at));
        conf.derived_public = wg_key::from_base64(key.value).map(|private| wg_key::public_of(&private));
        if shape != KeyShape::Good {
            ignored(conf, "PrivateKey", key.at);
        }
    } else if let Some(file) = section.last("PrivateKeyFile") {
        conf.private_key = Some((KeyShape::Good, file.at));
    }
    if let Some(port) = section.last("ListenPort").filter(|port| port.value != "auto") {
        match value::port(port.value, services).filter(|read| !read.wrapped) {
            Some(read) => conf.listen_port = Some((read.number, port.at)),
            None => ignored(conf, "ListenPort", port.at),
        }
    }
}

/// A peer. Without a key that is taken the whole section is left out.
fn peer(conf: &mut WgConf, section: &Section<'_>, services: &Services<'_>) {
    let mut peer = WgConfPeer::empty(section.at);
    let key = section.last("PublicKey");
    let Some(key) = key.filter(|key| wg_key::shape(key.value, "") == KeyShape::Good) else {
        return ignored(conf, "PublicKey", key.map_or(section.at, |key| key.at));
    };
    peer.public_key = Some(key.value.to_owned());
    (peer.key_shape, peer.key_at) = (Some(KeyShape::Good), Some(key.at));
    peer.preshared_at = section.last("PresharedKey").or_else(|| section.last("PresharedKeyFile")).map(|it| it.at);
    for setting in section.all("AllowedIPs") {
        for item in setting.value.split(',').map(str::trim) {
            match value::allowed(item) {
                Some(net) => {
                    peer.allowed_ips.push(net.trunc());
                    peer.allowed_at.push(setting.at);
                }
                None => ignored(conf, "AllowedIPs", setting.at),
            }
        }
    }
    if let Some(setting) = section.last("Endpoint") {
        match value::endpoint(setting.value, services) {
            Endpoint::Good(written, false) => peer.endpoint = Some((written, setting.at)),
            Endpoint::Good(_, true) | Endpoint::NoPort(_) | Endpoint::Bad => ignored(conf, "Endpoint", setting.at),
        }
    }
    if let Some(setting) = section.last("PersistentKeepalive") {
        match value::keepalive(setting.value) {
            Some(seconds) => {
                peer.keepalive = Some(seconds).filter(|seconds| *seconds != 0);
                peer.keepalive_at = Some(setting.at);
            }
            None => ignored(conf, "PersistentKeepalive", setting.at),
        }
    }
    conf.peers.push(peer);
}

/// What the `Name=` of a `.network` file says that is for an interface, and where.
pub fn matched(text: &str, interface: &str) -> Option<(String, At)> {
    network(text, interface)?;
    let sections = sections(text);
    let name = sections.iter().find(|it| it.name == "Match")?.last("Name")?;
    Some((name.value.to_owned(), name.at))
}

/// The addresses that a `.network` file gives an interface, and where the first one stands; none if it is for others.
pub fn network(text: &str, interface: &str) -> Option<(Vec<IpNet>, Option<At>)> {
    let sections = sections(text);
    let found = sections.iter().find(|it| it.name == "Match")?;
    // An empty `[Match]` and one without a name match by other signs, which a tunnel mostly has not.
    let names = found.last("Name")?.value.split_whitespace();
    let (mut matches, mut only_others) = (false, true);
    for name in names {
        match name.strip_prefix('!') {
            Some(other) if glob::fits(other, interface) => return None,
            Some(_) => {}
            None => {
                only_others = false;
                matches |= glob::fits(name, interface);
            }
        }
    }
    if !matches && !only_others {
        return None;
    }
    let of = |it: &&Section<'_>| it.name == "Network" || it.name == "Address";
    let written: Vec<_> = sections.iter().filter(of).flat_map(|it| it.all("Address")).collect();
    let nets = written.iter().filter_map(|it| value::allowed(it.value)).collect();
    Some((nets, written.first().map(|it| it.at)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";

    #[test]
    fn a_netdev_is_a_tunnel() {
        let text = format!(
            "[NetDev]\nName=wg0\nKind=wireguard\n[WireGuard]\nListenPort=51820\nPrivateKey={KEY}\n[WireGuardPeer]\nPublicKey={KEY}\n\
             AllowedIPs=10.8.0.2/32, 10.9.0.0/24\nEndpoint=vpn.example.test:51820\nPersistentKeepalive=25\n[Peer]\n[WireGuardPeer]\nPublicKey=short\n"
        );
        let conf = netdev("/etc/systemd/network/wg0.netdev", 0o640, &text, "").expect("a tunnel");
        assert_eq!(conf.made_by.as_ref().map(|it| it.interface.as_str()), Some("wg0"));
        assert_eq!(conf.listen_port.map(|(port, at)| (port, at.line)), Some((51820, 5)));
        let peer = &conf.peers[0];
        assert_eq!((conf.peers.len(), peer.allowed_ips.len(), peer.keepalive), (1, 2, Some(25)));
        let told: Vec<_> = conf.parse_errors.iter().map(|it| (it.name.as_str(), it.at.line)).collect();
        assert_eq!(told, [("[Peer]", 12), ("PublicKey", 14)]);
        assert!(netdev("x", 0, "[NetDev]\nName=br0\nKind=bridge\n", "").is_none());
        assert!(!format!("{conf:?}").contains(&format!("PrivateKey={KEY}")));
    }

    #[test]
    fn a_network_file_is_for_the_interfaces_that_it_names() {
        let text = "[Match]\nName=wg*\n[Network]\nAddress=10.8.0.2/24\n[Address]\nAddress=fd00::2/64\n";
        let (nets, at) = network(text, "wg0").expect("is for it");
        assert_eq!((nets.len(), at.map(|at| at.line)), (2, Some(4)));
        assert!(network(text, "eth0").is_none());
        assert!(network("[Match]\nName=!eth* !wg0\n", "wg0").is_none());
        assert!(network("[Match]\nName=!eth*\n", "wg0").is_some());
        assert!(network("[Network]\nAddress=10.8.0.2/24\n", "wg0").is_none());
    }
}
