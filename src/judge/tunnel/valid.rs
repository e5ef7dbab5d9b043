//! Whether the tunnel's file is taken, and what would mend it if not.

use ipnet::IpNet;

use super::{far, networks, running};
use crate::case::Seat;
use crate::check::cause::WgConfigValid;
use crate::check::{Finding, Judged, broken, holds};
use crate::fact::Vantage;
use crate::fact::wireguard::keys::KeyFile;
use crate::fact::wireguard::{At, KeyShape, ParseError, Refusal, Taken, WgConf, WgInterface};
use crate::read::wg_quick::names;

/// wg-quick, wg and ip take the file.
pub(crate) fn wg_config_valid(seat: &Seat<'_>) -> Judged<WgConfigValid> {
    let conf = seat.wg_conf()?;
    let interface = seat.wg().ok().and_then(|state| running(seat, state));
    if let Some(parse_error) = conf.refused() {
        let finding = refusal(seat, conf, parse_error, interface).at_column(
            &conf.path,
            parse_error.at.line,
            parse_error.at.column,
        );
        // networkd reads on behind what it leaves out; nothing changes with the next start.
        if parse_error.what == Refusal::Ignored {
            return Ok(finding.into());
        }
        return Ok(if is_up(seat) { finding.for_later() } else { finding }.into());
    }
    if let Some((written, at)) = stand_in(conf) {
        return Ok(broken(WgConfigValid::EndpointPlaceholder)
            .with("endpoint", written)
            .with("right", public_endpoint(seat))
            .at_column(&conf.path, at.line, at.column)
            .into());
    }
    // Of a tunnel in a container nothing may be seen but its interface.
    // `PostUp = wg set %i private-key FILE` gives it one (wg-quick(8)); no command is kept, so what runs must tell.
    let by_command = conf.hooks.iter().any(|(name, _)| name == "PostUp")
        && interface.is_none_or(|interface| interface.public_key.is_some());
    let written = conf.private_key.is_some() || by_command;
    if !written && conf.made_by.as_ref().is_none_or(|maker| !maker.apart || conf.mode != 0) {
        let at = conf.interface_at.unwrap_or(At { line: 1, column: 1 });
        let finding = broken(WgConfigValid::NoPrivateKey)
            .with("maker", private_maker(seat, interface))
            .at_column(&conf.path, at.line, at.column);
        let keyed = interface.is_some_and(|interface| interface.public_key.is_some());
        return Ok(if keyed { finding.for_later() } else { finding }.into());
    }
    if let Some(slip) = conf.slips.iter().find(|slip| slip.how == Taken::Wrapped) {
        let taken = match slip.name.as_str() {
            "ListenPort" => conf.listen_port.map(|(port, _)| port),
            _ => conf.peers.iter().find_map(|peer| peer.endpoint.as_ref()?.0.port),
        };
        return Ok(broken(WgConfigValid::PortTooLarge)
            .with("name", &slip.name)
            .with("taken", taken.unwrap_or_default())
            .with("right", port_meant(seat))
            .at_column(&conf.path, slip.at.line, slip.at.column)
            .into());
    }
    if let Some((_, at)) = conf.dns.as_ref().filter(|_| conf.no_resolvconf && is_up(seat)) {
        let finding = broken(WgConfigValid::NoResolvconf).at_column(&conf.path, at.line, at.column);
        return Ok(finding.for_later().into());
    }
    Ok(holds())
}

fn is_up(seat: &Seat<'_>) -> bool {
    seat.links().is_ok_and(|links| links.named(&seat.addresses().interface.value).is_some_and(|link| link.up))
}

/// The port that was meant: what the other end has, and on the server else the guide's.
fn port_meant(seat: &Seat<'_>) -> String {
    let on_server = seat.vantage() == Vantage::Server;
    let there = seat.at(far(seat).0).ok();
    let interface = there.as_ref().and_then(|there| running(there, there.wg().ok()?));
    let port = if on_server {
        interface.and_then(|it| it.peers.iter().find_map(|peer| peer.endpoint)).map(|at| at.port())
    } else {
        interface.and_then(|it| it.listen_port)
    };
    port.or(on_server.then_some(51820)).map_or_else(String::new, |port| port.to_string())
}

/// The cause of what is refused, with the words of its fix.
fn refusal(
    seat: &Seat<'_>,
    conf: &WgConf,
    parse_error: &ParseError,
    interface: Option<&WgInterface>,
) -> Finding<WgConfigValid> {
    let name = parse_error.name.as_str();
    let key = |what: &str| {
        let maker = maker(seat, conf, parse_error, interface);
        broken(WgConfigValid::KeyMalformed).with("name", name).with("what", what).with("maker", maker)
    };
    let bad = |mend: &str, what: String| {
        let right = right(seat, conf, parse_error, interface);
        broken(WgConfigValid::BadValue).with("name", name).with("what", what).with("mend", mend).with("right", right)
    };
    match parse_error.what {
        Refusal::Mark => broken(WgConfigValid::ByteOrderMark),
        Refusal::Wide => broken(WgConfigValid::UtfSixteen),
        Refusal::Section => broken(WgConfigValid::UnknownSection),
        Refusal::NoSection => broken(WgConfigValid::NoSection).with("name", name),
        Refusal::Unknown => match meant(name) {
            Some(meant) => broken(WgConfigValid::Misspelt).with("name", name).with("meant", meant),
            None => broken(WgConfigValid::UnknownName).with("name", name).with("shown", shown(name)),
        },
        Refusal::Elsewhere => elsewhere(conf, parse_error),
        Refusal::Key(KeyShape::Empty) => key("no key"),
        Refusal::Key(KeyShape::Placeholder) => key("a placeholder instead of a key"),
        Refusal::Key(KeyShape::Quoted) => broken(WgConfigValid::KeyQuoted).with("name", name),
        Refusal::Key(KeyShape::Unpadded) => broken(WgConfigValid::KeyUnpadded).with("name", name),
        Refusal::Key(KeyShape::Wrapped) => broken(WgConfigValid::KeyWrapped).with("name", name),
        Refusal::Key(KeyShape::Truncated) => key("a key that is too short: part of it is missing"),
        Refusal::Key(KeyShape::Malformed | KeyShape::Good) => {
            key("a value that is not a WireGuard key (44 characters of base64)")
        }
        Refusal::Ignored => broken(WgConfigValid::Ignored).with("name", name),
        Refusal::NoPublicKey => broken(WgConfigValid::NoPublicKey).with("key", far_key(seat).unwrap_or_default()),
        Refusal::NoPort => {
            let host = conf.peers.iter().find_map(|peer| {
                peer.endpoint
                    .as_ref()
                    .filter(|(_, at)| *at == parse_error.at)
                    .map(|(written, _)| bracketed(&written.host))
            });
            broken(WgConfigValid::EndpointNoPort).with("host", host.unwrap_or_default()).with("port", far_port(seat))
        }
        Refusal::Empty => bad("Add a value, or delete the line,", "no value".to_owned()),
        Refusal::Value | Refusal::NotBoolean | Refusal::Setting => {
            bad("Correct the value", format!("a value that is not accepted{}", how(parse_error)))
        }
    }
}

/// The value, and what is wrong with it, where that is known.
fn how(parse_error: &ParseError) -> String {
    match &parse_error.flaw {
        Some(flaw) if flaw.shown.is_empty() => format!(" ({})", flaw.words()),
        Some(flaw) => format!(" (`{}`: {})", flaw.shown, flaw.words()),
        None => String::new(),
    }
}

fn shown(name: &str) -> String {
    if name.is_empty() { "the line".to_owned() } else { format!("`{name}`") }
}

/// A line of the other section: where that one begins, if there is just one.
fn elsewhere(conf: &WgConf, parse_error: &ParseError) -> Finding<WgConfigValid> {
    let of_peer = ["Endpoint", "PublicKey", "AllowedIPs", "PersistentKeepalive", "PresharedKey"];
    let (section, header) = if of_peer.contains(&parse_error.name.as_str()) {
        let only = conf.peers.first().filter(|_| conf.peers.len() == 1);
        ("[Peer]", only.map(|peer| peer.at.line))
    } else {
        ("[Interface]", conf.interface_at.map(|at| at.line))
    };
    let header = header.map_or_else(String::new, |line| line.to_string());
    broken(WgConfigValid::WrongSection).with("name", &parse_error.name).with("section", section).with("header", header)
}

/// The name that was meant: one that is at most two letters away.
fn meant(name: &str) -> Option<&'static str> {
    let near = names()
        .map(|known| (strsim::levenshtein(&known.to_ascii_lowercase(), &name.to_ascii_lowercase()), known))
        .min()?;
    (name.len() > 3 && near.0 <= 2).then_some(near.1)
}

/// The far end's public key, if its snapshot is at hand.
fn far_key(seat: &Seat<'_>) -> Option<String> {
    let there = seat.at(far(seat).0).ok()?;
    running(&there, there.wg().ok()?)?.public_key.clone()
}

/// A command that prints the key that should stand there; empty where only the user has it.
fn maker(seat: &Seat<'_>, conf: &WgConf, parse_error: &ParseError, interface: Option<&WgInterface>) -> String {
    match parse_error.name.as_str() {
        "PrivateKey" => private_maker(seat, interface),
        "PublicKey" => {
            let only =
                interface.filter(|_| conf.peers.len() == 1).and_then(|interface| match interface.peers.as_slice() {
                    [only] => Some(only.public_key.clone()),
                    _ => None,
                });
            far_key(seat).or(only).map_or_else(String::new, |key| format!("echo {key}"))
        }
        _ => String::new(),
    }
}

/// The key that runs; else the one that the other end knows, in a file; else the file that is named like it; else a
/// new one, which the other end must then learn.
fn private_maker(seat: &Seat<'_>, interface: Option<&WgInterface>) -> String {
    let name = &seat.addresses().interface.value;
    if interface.is_some_and(|interface| interface.public_key.is_some()) {
        return format!("wg show {name} private-key");
    }
    let files: Vec<&KeyFile> = seat.wg_keys().map(|keys| keys.files.iter().collect()).unwrap_or_default();
    let good = || files.iter().filter(|file| file.public_key.is_some() && !file.path.contains(' '));
    let known: Vec<String> = seat
        .at(far(seat).0)
        .ok()
        .and_then(|there| {
            Some(running(&there, there.wg().ok()?)?.peers.iter().map(|peer| peer.public_key.clone()).collect())
        })
        .unwrap_or_default();
    let chosen = good()
        .find(|file| file.public_key.as_ref().is_some_and(|key| known.contains(key)))
        .or_else(|| good().find(|file| file.path.contains(seat.vantage().word())))
        .or_else(|| good().next().filter(|_| good().count() == 1));
    chosen.map_or_else(|| "wg genkey".to_owned(), |file| format!("cat {}", file.path))
}

/// A value that would do, as the guide has it; empty where only the user knows one.
fn right(seat: &Seat<'_>, conf: &WgConf, parse_error: &ParseError, interface: Option<&WgInterface>) -> String {
    let addresses = seat.addresses();
    let on_server = seat.vantage() == Vantage::Server;
    match parse_error.name.as_str() {
        "ListenPort" => addresses.wireguard_port.value.to_string(),
        "FwMark" => "off".to_owned(),
        "PersistentKeepalive" => "25".to_owned(),
        "MTU" => "1420".to_owned(),
        "SaveConfig" => "false".to_owned(),
        "Endpoint" => {
            let meant = parse_error.flaw.as_ref().and_then(|flaw| flaw.meant.clone());
            meant.unwrap_or_else(|| public_endpoint(seat))
        }
        "Address" => {
            let own = if on_server { addresses.server.value } else { addresses.client.value };
            format!("{own}/{}", addresses.subnet.value.prefix_len())
        }
        "AllowedIPs" => {
            // As it runs, where it does; else the guide's form.
            let section = conf.peers.iter().rfind(|peer| peer.at.line < parse_error.at.line);
            let runs = section.and_then(|peer| {
                interface?.peers.iter().find(|it| peer.public_key.as_ref() == Some(&it.public_key)).map(networks)
            });
            runs.unwrap_or_else(|| match (on_server, conf.peers.len()) {
                (true, 1) => IpNet::from(addresses.client.value).to_string(),
                (true, _) => String::new(),
                (false, _) => addresses.subnet.value.to_string(),
            })
        }
        _ => String::new(),
    }
}

/// What an Endpoint on the client should be, where the server's address outside is known.
pub(super) fn public_endpoint(seat: &Seat<'_>) -> String {
    match (seat.vantage(), seat.addresses().public) {
        (Vantage::Client, Some(public)) => format!("{}:{}", bracketed(&public.to_string()), far_port(seat)),
        _ => String::new(),
    }
}

/// The port on which the server listens, by its own snapshot if that is at hand.
fn far_port(seat: &Seat<'_>) -> u16 {
    let there = seat.at(Vantage::Server).ok();
    let runs = there.and_then(|there| running(&there, there.wg().ok()?)?.listen_port);
    runs.unwrap_or(seat.addresses().wireguard_port.value)
}

pub(super) fn bracketed(host: &str) -> String {
    if host.contains(':') { format!("[{host}]") } else { host.to_owned() }
}

/// An Endpoint that still is the guide's placeholder.
fn stand_in(conf: &WgConf) -> Option<(String, At)> {
    let words = ["replace", "your", "server_public", "linux_", "example_", "ddns"];
    conf.peers.iter().filter_map(|peer| peer.endpoint.as_ref()).find_map(|(written, at)| {
        let host = written.host.to_ascii_lowercase();
        let named = host.contains(['<', '>', '{', '}', '$', '_']) && words.iter().any(|word| host.contains(word));
        (named || host.contains(['<', '>', '{', '}'])).then(|| (written.host.clone(), *at))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_pen_is_told_from_an_unknown_name() {
        assert_eq!(meant("PrivteKey"), Some("PrivateKey"));
        assert_eq!(meant("AllowedIP"), Some("AllowedIPs"));
        assert_eq!(meant("Listenport_"), Some("ListenPort"));
        assert_eq!((meant("BindAddress"), meant("Name"), meant("")), (None, None, None));
    }
}
