//! A wg-quick file, read as `wg-quick` and `wg setconf` read it, one after the other. wg-quick takes its own names
//! out of `[Interface]`, in any case but spelled in one piece; what is left goes to `wg`, which drops all white
//! space (a CR too) and `#` with what follows, knows two sections and eight names, and stops at the first line that
//! it does not take. `tests/differential_wg.rs` compares.
//!
//! No private or preshared key goes on: of the former its shape and public half, of the latter their places.

use std::collections::BTreeSet;

use ipnet::IpNet;

use self::line::{INTERFACE, Line, PEER, QUICK, is_space, known, plain_name, squeeze};
pub use self::line::{command, names};
use self::value::Services;
use super::wg_key;
use crate::fact::wireguard::{At, KeyShape, ParseError, Refusal, Slip, Taken, WgConf, WgConfPeer};

mod flaw;
mod line;
mod peer;
pub mod value;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Section {
    None,
    Interface,
    Peer,
}

/// Reads a file's text. Path and mode come from elsewhere, and so does the text of /etc/services: a port may be a name.
pub fn read(path: &str, mode: u32, text: &str, services: &str) -> WgConf {
    let conf = WgConf::empty(path, mode);
    let clean = text.replace('\0', ""); // bash drops them
    let mut reading = Settings {
        conf,
        services: Services::new(services),
        own: BTreeSet::new(),
        quick: false,
        deaf: false,
        section: Section::None,
        seen: Vec::new(),
        header: None,
    };
    reading.marks(text);
    let lines: Vec<&str> = clean.trim_start_matches('\u{feff}').split('\n').collect();
    for (index, line) in lines.iter().enumerate() {
        reading.line(&Line::of(line, index), lines.get(index + 1).copied().unwrap_or_default());
    }
    reading.end();
    reading.conf
}

struct Settings<'a> {
    conf: WgConf,
    services: Services<'a>,
    /// The addresses, to know one that comes again.
    own: BTreeSet<IpNet>,
    /// Whether wg-quick believes to be in `[Interface]`.
    quick: bool,
    /// Whether a mark keeps it from believing so: we read on, and it does not.
    deaf: bool,
    /// Where `wg` believes to be.
    section: Section,
    /// The names that stood in this section.
    seen: Vec<&'static str>,
    /// The section's own line.
    header: Option<At>,
}

impl Settings<'_> {
    fn refuse(&mut self, what: Refusal, name: &str, at: At) {
        self.conf.parse_errors.push(ParseError { what, name: name.to_owned(), at, flaw: None });
    }

    fn slip(&mut self, how: Taken, name: &str, at: At) {
        self.conf.slips.push(Slip { how, name: name.to_owned(), at });
    }

    /// A mark before the first line is no white space. UTF-16 reads as bytes that are no UTF-8, with zeros between.
    fn marks(&mut self, text: &str) {
        let at = At { line: 1, column: 1 };
        if text.starts_with('\u{feff}') {
            self.refuse(Refusal::Mark, "", at);
        } else if text.starts_with("\u{fffd}\u{fffd}") || text.starts_with("[\0") {
            self.refuse(Refusal::Wide, "", at);
        }
    }

    fn line(&mut self, line: &Line<'_>, next: &str) {
        let (key, value) = line.text.split_once('=').unwrap_or((line.text, line.text));
        let (key, value) = (key.trim_matches(is_space), value.trim_matches(is_space));
        if key.starts_with('[') {
            self.quick = key.eq_ignore_ascii_case("[Interface]");
            self.deaf =
                line.start().line == 1 && self.conf.parse_errors.iter().any(|error| error.what == Refusal::Mark);
        }
        match known(&QUICK, key).filter(|_| self.quick) {
            Some(name) => self.quick_line(name, value, line),
            None => self.wg_line(line, next),
        }
    }

    fn quick_line(&mut self, name: &'static str, value: &str, line: &Line<'_>) {
        let at = line.value_at();
        match name {
            "Address" => self.addresses(value, at),
            "MTU" => {
                if !value.is_empty() && !value::is_size(value) {
                    self.refuse(Refusal::Setting, name, at);
                }
                self.conf.mtu = Some((value.to_owned(), at));
            }
            "DNS" => {
                self.conf.dns = Some(match self.conf.dns.take() {
                    Some((before, at)) => (before + ", " + value, at),
                    None => (value.to_owned(), at),
                });
            }
            "SaveConfig" => match known(&["true", "false"], value) {
                Some(word) => self.conf.save_config = word == "true",
                None if self.deaf => {}
                None => self.refuse(Refusal::NotBoolean, name, at),
            },
            "Table" => self.conf.table = Some((value::table(value), at)),
            "PreUp" | "PreDown" | "PostUp" | "PostDown" => {
                if name.ends_with("Up") && value::may_set(value) {
                    self.conf.sets.get_or_insert(line.start());
                }
                self.conf.hooks.push((name.to_owned(), line.start()));
            }
            _ => {}
        }
    }

    fn addresses(&mut self, value: &str, at: At) {
        self.conf.address_at.get_or_insert(at);
        for item in value.split([',', ' ', '\t']).filter(|item| !item.is_empty()) {
            match value::address(item) {
                // The second of two equal ones exists already, and wg-quick gives up.
                Some(net) if self.own.insert(net) => {
                    if net.addr().is_ipv6() {
                        self.conf.address_six_at.get_or_insert(at);
                    }
                    self.conf.addresses.push(net);
                }
                Some(_) | None => self.refuse(Refusal::Setting, "Address", at),
            }
        }
    }

    fn wg_line(&mut self, line: &Line<'_>, next: &str) {
        let squeezed = squeeze(line.text);
        if squeezed.is_empty() {
            return;
        }
        if squeezed.starts_with('[') {
            return self.section(&squeezed, line);
        }
        let (written, value) = squeezed.split_once('=').unwrap_or((&squeezed, ""));
        let here = match self.section {
            Section::None => None,
            Section::Interface => known(&INTERFACE, written),
            Section::Peer => known(&PEER, written),
        };
        let elsewhere = [known(&QUICK, written), known(&INTERFACE, written), known(&PEER, written)];
        match (here, elsewhere.into_iter().flatten().next()) {
            (Some(name), _) if value.is_empty() => {
                let shape = if name.ends_with("Key") { Refusal::Key(KeyShape::Empty) } else { Refusal::Empty };
                self.no_value(name, line);
                self.refuse(shape, name, line.value_at());
            }
            (Some(name), _) => {
                if !self.seen.contains(&name) {
                    self.seen.push(name);
                } else if name != "AllowedIPs" {
                    self.slip(Taken::Again, name, line.start());
                }
                if name == "Endpoint" && self.flawed(value, line) {
                    return;
                }
                if self.section == Section::Interface {
                    self.in_interface(name, value, line.value_at(), next);
                } else {
                    self.in_peer(name, value, line.value_at(), next);
                }
            }
            // wg-quick knows the section by `[Interface]` alone, `wg` also by `[ interface ]`.
            (None, Some(name))
                if self.section == Section::Interface && known(&QUICK, name).is_some() && !self.quick =>
            {
                self.refuse(Refusal::Section, "", self.header.unwrap_or_else(|| line.start()));
            }
            (None, Some(name)) if self.section == Section::None => self.refuse(Refusal::NoSection, name, line.start()),
            (None, Some(name)) => self.refuse(Refusal::Elsewhere, name, line.start()),
            (None, None) => {
                let name = plain_name(line.text).unwrap_or_default();
                self.refuse(Refusal::Unknown, &name, line.start());
            }
        }
    }

    /// A key's line without the key is remembered like any other of its kind.
    fn no_value(&mut self, name: &str, line: &Line<'_>) {
        let at = line.value_at();
        match (name, self.conf.peers.last_mut()) {
            ("PrivateKey", _) => self.conf.private_key = Some((KeyShape::Empty, at)),
            ("PublicKey", Some(peer)) => (peer.key_shape, peer.key_at) = (Some(KeyShape::Empty), Some(at)),
            _ => {}
        }
    }

    fn section(&mut self, squeezed: &str, line: &Line<'_>) {
        let at = line.start();
        self.header = Some(at);
        self.seen.clear();
        if squeezed.eq_ignore_ascii_case("[Interface]") {
            self.section = Section::Interface;
            self.conf.interface_at.get_or_insert(at);
        } else if squeezed.eq_ignore_ascii_case("[Peer]") {
            self.section = Section::Peer;
            self.conf.peers.push(WgConfPeer::empty(at));
        } else {
            self.refuse(Refusal::Section, "", at);
        }
    }

    fn key(&mut self, name: &str, value: &str, at: At, next: &str) -> KeyShape {
        let shape = wg_key::shape(value, &squeeze(next));
        if shape != KeyShape::Good {
            self.refuse(Refusal::Key(shape), name, at);
        }
        shape
    }

    fn in_interface(&mut self, name: &'static str, value: &str, at: At, next: &str) {
        match name {
            "PrivateKey" => {
                self.conf.private_key = Some((self.key(name, value, at, next), at));
                self.conf.derived_public = wg_key::from_base64(value).map(|private| wg_key::public_of(&private));
            }
            "ListenPort" => match value::port(value, &self.services) {
                Some(port) => {
                    self.conf.listen_port = Some((port.number, at));
                    if port.wrapped {
                        self.slip(Taken::Wrapped, name, at);
                    }
                }
                None => self.refuse(Refusal::Value, name, at),
            },
            _ if value::is_mark(value) => {}
            _ => self.refuse(Refusal::Value, name, at),
        }
    }

    fn end(&mut self) {
        let nameless = self.conf.peers.iter().filter(|peer| peer.key_shape.is_none());
        for at in nameless.map(|peer| peer.at).collect::<Vec<_>>() {
            self.refuse(Refusal::NoPublicKey, "PublicKey", at);
        }
    }
}

#[cfg(test)]
#[path = "wg_quick_tests.rs"]
mod tests;
