//! A wg-quick file, read as `wg-quick` and `wg setconf` read it: names in any case, `#` begins a comment anywhere,
//! white space (a CR too) means nothing, lists are separated by commas, names may repeat. The private key and
//! preshared keys do not go on: of the former its shape and its public half, of the latter nothing.

use ipnet::IpNet;

use super::{At, KeyShape, WgConf, WgConfPeer, WrittenEndpoint, key};

#[derive(Clone, Copy, PartialEq)]
enum Section {
    None,
    Interface,
    Peer,
}

/// Reads a file's text. Only its own path and mode come from elsewhere.
pub fn read(path: &str, mode: u32, text: &str) -> WgConf {
    let mut conf = WgConf {
        path: path.to_owned(),
        mode,
        addresses: Vec::new(),
        listen_port: None,
        private_key: None,
        derived_public: None,
        dns: None,
        save_config: false,
        peers: Vec::new(),
        unknown: Vec::new(),
        malformed: Vec::new(),
        bom: text.starts_with('\u{feff}'),
    };
    let mut section = Section::None;
    for (number, raw) in (1..).zip(text.trim_start_matches('\u{feff}').lines()) {
        let line = raw.split('#').next().unwrap_or_default();
        let at = |column: usize| At { line: number, column: u32::try_from(column + 1).unwrap_or(u32::MAX) };
        let indent = line.chars().take_while(|c| c.is_whitespace()).count();
        let written = Written { line, at: at(indent) };
        if written.line.trim().is_empty() {
            continue;
        }
        let squeezed = squeeze(line);
        if squeezed.starts_with('[') {
            section = match squeezed.to_ascii_lowercase().as_str() {
                "[interface]" => Section::Interface,
                "[peer]" => Section::Peer,
                _ => {
                    conf.unknown.push((String::new(), written.at));
                    Section::None
                }
            };
            if section == Section::Peer {
                conf.peers.push(WgConfPeer {
                    at: written.at,
                    public_key: None,
                    key_shape: None,
                    key_at: None,
                    allowed_ips: Vec::new(),
                    endpoint: None,
                    keepalive: None,
                });
            }
            continue;
        }
        let known = match (written.assignment(), section, conf.peers.last_mut()) {
            (None, ..) | (_, Section::None, _) | (_, Section::Peer, None) => false,
            (Some(set), Section::Interface, _) => interface(&mut conf, &set),
            (Some(set), Section::Peer, Some(peer)) => in_peer(peer, &mut conf.malformed, &set),
        };
        if !known {
            conf.unknown.push((plain_name(line).unwrap_or_default(), written.at));
        }
    }
    conf
}

struct Written<'a> {
    line: &'a str,
    at: At,
}

/// One `name = value`.
struct Assignment<'a> {
    name: String,
    value: &'a str,
    at: At,
}

impl<'a> Written<'a> {
    fn assignment(&self) -> Option<Assignment<'a>> {
        let (name, after) = self.line.split_once('=')?;
        let before = name.chars().count() + 1 + after.chars().take_while(|c| c.is_whitespace()).count();
        let value = after.trim();
        let before = if value.is_empty() { name.chars().count() + 1 } else { before };
        let column = u32::try_from(before + 1).unwrap_or(u32::MAX);
        Some(Assignment { name: squeeze(name).to_ascii_lowercase(), value, at: At { line: self.at.line, column } })
    }
}

impl Assignment<'_> {
    fn list(&self) -> impl Iterator<Item = &str> {
        self.value.split([',', ' ', '\t']).map(str::trim).filter(|item| !item.is_empty())
    }

    /// Prefixes; what is none is noted.
    fn nets(&self, name: &str, malformed: &mut Vec<(String, At)>) -> Vec<IpNet> {
        let nets: Vec<Option<IpNet>> = self.list().map(net).collect();
        if nets.contains(&None) {
            malformed.push((name.to_owned(), self.at));
        }
        nets.into_iter().flatten().collect()
    }
}

fn interface(conf: &mut WgConf, set: &Assignment<'_>) -> bool {
    match set.name.as_str() {
        "address" => conf.addresses.extend(set.nets("Address", &mut conf.malformed)),
        "listenport" => match set.value.parse() {
            Ok(port) => conf.listen_port = Some((port, set.at)),
            Err(_) => conf.malformed.push(("ListenPort".to_owned(), set.at)),
        },
        "privatekey" => {
            let written = squeeze(set.value);
            conf.private_key = Some((key::shape(&written), set.at));
            conf.derived_public = key::from_base64(&written).map(|private| key::public_of(&private));
        }
        "dns" => {
            conf.dns = Some(match conf.dns.take() {
                Some((before, at)) => (format!("{before}, {}", set.value), at),
                None => (set.value.to_owned(), set.at),
            });
        }
        "saveconfig" => conf.save_config = set.value.eq_ignore_ascii_case("true"),
        "mtu" | "table" | "preup" | "predown" | "postup" | "postdown" | "fwmark" => {}
        _ => return false,
    }
    true
}

fn in_peer(peer: &mut WgConfPeer, malformed: &mut Vec<(String, At)>, set: &Assignment<'_>) -> bool {
    match set.name.as_str() {
        "publickey" => {
            let written = squeeze(set.value);
            let shape = key::shape(&written);
            peer.key_shape = Some(shape);
            peer.key_at = Some(set.at);
            peer.public_key = (shape == KeyShape::Good).then_some(written);
        }
        "presharedkey" => {
            if key::shape(&squeeze(set.value)) != KeyShape::Good {
                malformed.push(("PresharedKey".to_owned(), set.at));
            }
        }
        "allowedips" => {
            peer.allowed_ips.extend(set.nets("AllowedIPs", malformed).iter().map(IpNet::trunc));
        }
        "endpoint" => match endpoint(&squeeze(set.value)) {
            Some(written) => peer.endpoint = Some((written, set.at)),
            None => malformed.push(("Endpoint".to_owned(), set.at)),
        },
        "persistentkeepalive" => match set.value.parse::<u16>() {
            Ok(seconds) => peer.keepalive = Some(seconds).filter(|seconds| *seconds != 0),
            Err(_) if set.value.eq_ignore_ascii_case("off") => peer.keepalive = None,
            Err(_) => malformed.push(("PersistentKeepalive".to_owned(), set.at)),
        },
        _ => return false,
    }
    true
}

/// `wg` drops white space anywhere in a line.
fn squeeze(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

/// A prefix, or an address, which counts as a full one. Newer versions of `wg` take a sign before it.
fn net(written: &str) -> Option<IpNet> {
    let written = written.trim_start_matches(['+', '-']);
    written.parse().ok().or_else(|| written.parse::<std::net::IpAddr>().ok().map(IpNet::from))
}

fn endpoint(written: &str) -> Option<WrittenEndpoint> {
    let (host, port) = match written.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, after)) => (host, after.strip_prefix(':')),
        None => match written.rsplit_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (written, None),
        },
    };
    let host = host.to_owned();
    (!host.is_empty()).then(|| WrittenEndpoint { host, port: port.and_then(|port| port.parse().ok()) })
}

/// The name before the `=` of a line that was not understood, if it can be no piece of a key: a plain word with a
/// value after it. (A key that was broken in two ends in `=`, with nothing behind.)
pub fn plain_name(line: &str) -> Option<String> {
    let (name, value) = line.split_once('=')?;
    let name = name.trim();
    let value = value.trim_matches(|c: char| c.is_whitespace() || c == '=');
    let plain = !name.is_empty() && name.len() <= 24 && name.bytes().all(|byte| byte.is_ascii_alphabetic());
    (plain && !value.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
#[path = "conf_tests.rs"]
mod tests;
