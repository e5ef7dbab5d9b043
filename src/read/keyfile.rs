//! A connection of NetworkManager's that is a tunnel, as its keyfile has it (nm-settings-keyfile(5)). No key but a public
//! one goes on.

use super::ini::{Section, sections};
use super::wg_key;
use super::wg_quick::value::{self, Endpoint, Services};
use crate::fact::wireguard::{ByHand, KeyShape, Maker, Program, WgConf, WgConfPeer};

/// How a peer's section begins; its public key follows.
const PEER: &str = "wireguard-peer.";

/// The tunnel of a connection; none if it is another connection's.
pub fn read(path: &str, mode: u32, text: &str, services: &str) -> Option<WgConf> {
    let sections = sections(text);
    let connection = sections.iter().find(|it| it.name == "connection")?;
    let value = |name: &str| connection.last(name).map(|it| it.value);
    if value("type")? != "wireguard" {
        return None;
    }
    let by_hand = connection.last("autoconnect").filter(|it| it.value == "false").map(|it| ByHand::Line(it.at.line));
    let name = value("id").map(str::to_owned);
    let maker = Maker { name, by_hand, ..Maker::new(Program::NetworkManager, value("interface-name")?) };
    let mut conf = WgConf { made_by: Some(maker), ..WgConf::empty(path, mode) };
    let services = Services::new(services);
    for section in &sections {
        match section.name {
            "wireguard" => own(&mut conf, section, &services),
            "ipv4" | "ipv6" => addresses(&mut conf, section),
            name => {
                if let Some(key) = name.strip_prefix(PEER) {
                    conf.peers.push(peer(key, section, &services));
                }
            }
        }
    }
    Some(conf)
}

fn own(conf: &mut WgConf, section: &Section<'_>, services: &Services<'_>) {
    conf.interface_at.get_or_insert(section.at);
    if let Some(key) = section.last("private-key") {
        conf.private_key = Some((wg_key::shape(key.value, ""), key.at));
        conf.derived_public = wg_key::from_base64(key.value).map(|private| wg_key::public_of(&private));
    }
    conf.listen_port =
        section.last("listen-port").and_then(|it| Some((value::port(it.value, services)?.number, it.at)));
}

/// `address1=10.8.0.2/24,10.8.0.1`: the second one is a gateway.
fn addresses(conf: &mut WgConf, section: &Section<'_>) {
    let numbered =
        |name: &str| name.strip_prefix("address").is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit()));
    for setting in section.settings.iter().filter(|it| numbered(it.name)) {
        if let Some(net) = setting.value.split(',').next().and_then(value::allowed) {
            conf.address_at.get_or_insert(setting.at);
            conf.addresses.push(net);
        }
    }
}

fn peer(key: &str, section: &Section<'_>, services: &Services<'_>) -> WgConfPeer {
    let mut peer = WgConfPeer::empty(section.at);
    let shape = wg_key::shape(key, "");
    peer.public_key = (shape == KeyShape::Good).then(|| key.to_owned());
    (peer.key_shape, peer.key_at) = (Some(shape), Some(section.at));
    peer.preshared_at = section.last("preshared-key").map(|it| it.at);
    if let Some(setting) = section.last("allowed-ips") {
        for net in setting.value.split([';', ',']).map(str::trim).filter_map(value::allowed) {
            peer.allowed_ips.push(net.trunc());
            peer.allowed_at.push(setting.at);
        }
    }
    if let Some(setting) = section.last("endpoint")
        && let Endpoint::Good(written, _) | Endpoint::NoPort(written) = value::endpoint(setting.value, services)
    {
        peer.endpoint = Some((written, setting.at));
    }
    if let Some(setting) = section.last("persistent-keepalive") {
        peer.keepalive = value::keepalive(setting.value).filter(|seconds| *seconds != 0);
        peer.keepalive_at = Some(setting.at);
    }
    peer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_a_tunnel() {
        let key = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";
        let text = format!(
            "[connection]\nid=office\ntype=wireguard\ninterface-name=wg0\nautoconnect=false\n[wireguard]\nprivate-key={key}\n\
             [wireguard-peer.{key}]\nendpoint=198.51.100.1:51820\npersistent-keepalive=25\nallowed-ips=10.8.0.0/24;\n\
             [ipv4]\naddress1=10.8.0.2/24\nmethod=manual\n"
        );
        let conf = read("/x", 0o600, &text, "").expect("a tunnel");
        let maker = conf.made_by.as_ref().expect("is there");
        assert_eq!(
            (maker.interface.as_str(), maker.name.as_deref(), maker.by_hand),
            ("wg0", Some("office"), Some(ByHand::Line(5)))
        );
        assert_eq!((conf.addresses.len(), conf.peers.len(), conf.listen_port), (1, 1, None));
        let peer = &conf.peers[0];
        assert_eq!((peer.public_key.as_deref(), peer.keepalive, peer.allowed_ips.len()), (Some(key), Some(25), 1));
        assert!(read("/x", 0, "[connection]\ntype=ethernet\n", "").is_none());
    }
}
