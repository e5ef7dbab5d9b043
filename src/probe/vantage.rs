//! Finds out where we stand, by what only one vantage has.

use super::host::{self, Text};
use crate::fact::{Unseen, Vantage};
use crate::read::wg_quick;

/// The vantage and what gave it away; the error says how to tell it.
pub fn find() -> Result<(Vantage, String), String> {
    if cfg!(windows) {
        return Ok((Vantage::Client, "this is Windows, and only the client runs Windows".to_owned()));
    }
    if let Some(sign) = container_sign() {
        return Ok((Vantage::Container, sign));
    }
    if let Some(found) = by_tunnel_file()? {
        return Ok(found);
    }
    for path in ["/etc/redis/redis.conf", "/etc/redis.conf", "/etc/postgresql", "/var/lib/pgsql/data/postgresql.conf"] {
        if !matches!(host::stat(path), Ok(None)) {
            return Ok((Vantage::Server, format!("{path} exists")));
        }
    }
    if !matches!(host::stat("/etc/wireguard"), Ok(None)) && tunnel_interface().is_some() {
        return Ok((Vantage::Client, "a tunnel, but neither Redis nor PostgreSQL, is here".to_owned()));
    }
    if let Some(name) = tunnel_interface() {
        return Ok((Vantage::Client, format!("the interface {name}, but neither Redis nor PostgreSQL, is here")));
    }
    // A running engine's socket, not /etc/docker, which stays when Docker is removed.
    if !matches!(host::stat("/var/run/docker.sock"), Ok(None)) {
        return Ok((Vantage::Client, "Docker, but neither Redis nor PostgreSQL, is here".to_owned()));
    }
    if matches!(host::stat("/etc/wireguard"), Ok(None)) {
        return Ok((Vantage::Outside, "no WireGuard, Redis, PostgreSQL or Docker is here".to_owned()));
    }
    Err("cannot determine which host this is; use `--as server`, `--as client`, `--as container` or `--as outside`"
        .to_owned())
}

/// Docker and Podman mark their containers.
fn container_sign() -> Option<String> {
    ["/.dockerenv", "/run/.containerenv"]
        .into_iter()
        .find(|path| matches!(host::stat(path), Ok(Some(_))))
        .map(|path| format!("{path} exists"))
}

/// A tunnel file with a ListenPort is the server's; one whose peer has an Endpoint is the client's. One that has both
/// says nothing: `wg-quick save`, and with it SaveConfig, writes the port that was drawn and the Endpoint that was heard.
fn by_tunnel_file() -> Result<Option<(Vantage, String)>, String> {
    // Where it may not be seen, other signs are looked for.
    let names = match host::list("/etc/wireguard") {
        Ok(names) => names.unwrap_or_default(),
        Err(Unseen::NeedsRights(_)) => Vec::new(),
        Err(why) => return Err(why.to_string()),
    };
    for name in names.iter().filter_map(|name| name.strip_suffix(".conf")) {
        let path = format!("/etc/wireguard/{name}.conf");
        let Text::Read(text) = host::read(&path) else { continue };
        let conf = wg_quick::read(&path, 0, &text, "");
        match (conf.listen_port.is_some(), conf.peers.iter().any(|peer| peer.endpoint.is_some())) {
            (false, true) => return Ok(Some((Vantage::Client, format!("{path} has a peer with an Endpoint")))),
            (true, false) => return Ok(Some((Vantage::Server, format!("{path} has a ListenPort and no Endpoint")))),
            (true, true) | (false, false) => {}
        }
    }
    Ok(None)
}

/// An interface that is WireGuard's by kind, or by the usual name where the userspace implementation runs.
fn tunnel_interface() -> Option<String> {
    host::list("/sys/class/net").ok()??.into_iter().find(|name| {
        let uevent = format!("/sys/class/net/{name}/uevent");
        let kernel = matches!(host::read(uevent), Text::Read(text) if text.contains("DEVTYPE=wireguard"));
        kernel || name.starts_with("wg")
    })
}
