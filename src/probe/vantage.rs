//! Finds out where we stand, by what only one vantage has.

use std::net::IpAddr;

use ipnet::IpNet;

use super::host::{self, Text};
use super::{web_app, wireguard, workers};
use crate::fact::touch::{Touch, only, reads, reads_in};
use crate::fact::{Unseen, Vantage};
use crate::read::{mountinfo, postgresql_conf, redis_conf};

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

/// Docker and Podman mark their containers. The mark stays in what is made of an image: a virtual machine, or a container
/// of LXC, which are hosts of their own; there the engine has nothing mounted.
fn container_sign() -> Option<String> {
    if matches!(host::read("/proc/self/mountinfo"), Text::Read(text) if !mountinfo::is_engines(&text)) {
        return None;
    }
    ["/.dockerenv", "/run/.containerenv"]
        .into_iter()
        .find(|path| matches!(host::stat(path), Ok(Some(_))))
        .map(|path| format!("{path} exists"))
}

/// A tunnel file with a ListenPort is the server's; one whose peer has an Endpoint is the client's, unless Redis or
/// PostgreSQL is to listen at its address: then the server itself calls a relay. One that has both says nothing:
/// `wg-quick save`, and with it SaveConfig, writes the port that was drawn and the Endpoint that was heard.
fn by_tunnel_file() -> Result<Option<(Vantage, String)>, String> {
    // Where it may not be seen, other signs are looked for.
    let tunnels = match wireguard::tunnels() {
        Ok(tunnels) => tunnels,
        Err(Unseen::NeedsRights(_)) => Vec::new(),
        Err(why) => return Err(why.to_string()),
    };
    for conf in tunnels {
        let path = &conf.path;
        match (conf.listen_port.is_some(), conf.peers.iter().any(|peer| peer.endpoint.is_some())) {
            (false, true) => {
                return Ok(Some(match served_at(&conf.addresses) {
                    Some(sign) => (Vantage::Server, format!("{sign}, its address in the tunnel")),
                    None if let Some(pid) = web_app_alone() => {
                        (Vantage::Server, format!("process {pid} is the web app, and no worker runs here"))
                    }
                    None => (Vantage::Client, format!("{path} has a peer with an Endpoint")),
                }));
            }
            (true, false) => return Ok(Some((Vantage::Server, format!("{path} has a ListenPort and no Endpoint")))),
            (true, true) | (false, false) => {}
        }
    }
    Ok(None)
}

/// The web app's process, where no worker runs beside it: then this host is a part of the server, whoever dials.
fn web_app_alone() -> Option<u32> {
    let pid = web_app::find()?.pid;
    matches!(workers::found(), Ok(found) if found.is_empty()).then_some(pid)
}

/// The line that has Redis or PostgreSQL listen at one of these addresses.
fn served_at(addresses: &[IpNet]) -> Option<String> {
    let own = |word: &str| {
        let address: Option<IpAddr> = word.trim_start_matches('-').parse().ok();
        address.is_some_and(|address| addresses.iter().any(|net| net.addr() == address))
    };
    for path in ["/etc/redis/redis.conf", "/etc/redis.conf"] {
        let Text::Read(text) = host::read(path) else { continue };
        let lines = redis_conf::lines(&text);
        if let Some(bound) = lines.iter().filter(|it| it.name == "bind").flat_map(|it| &it.arguments).find(|it| own(it))
        {
            return Some(format!("{path} binds {bound}"));
        }
    }
    for version in host::list(CLUSTERS).ok()?.unwrap_or_default() {
        for name in host::list(format!("{CLUSTERS}/{version}")).ok()?.unwrap_or_default() {
            let path = format!("{CLUSTERS}/{version}/{name}/postgresql.conf");
            let Text::Read(text) = host::read(&path) else { continue };
            let lines = postgresql_conf::lines(&text).into_iter().filter(|it| it.name == "listen_addresses");
            if let Some(bound) = lines
                .flat_map(|it| it.value.split(',').map(|it| it.trim().to_owned()).collect::<Vec<_>>())
                .find(|it| own(it))
            {
                return Some(format!("{path} has {bound}"));
            }
        }
    }
    None
}

/// Debian's folder of PostgreSQL's clusters.
const CLUSTERS: &str = "/etc/postgresql";

/// An interface that is WireGuard's by kind, or by the usual name where the userspace implementation runs.
fn tunnel_interface() -> Option<String> {
    host::list("/sys/class/net").ok()??.into_iter().find(|name| {
        let uevent = format!("/sys/class/net/{name}/uevent");
        let kernel = matches!(host::read(uevent), Text::Read(text) if text.contains("DEVTYPE=wireguard"));
        kernel || name.starts_with("wg")
    })
}

/// What is done to find that out; nothing of it where `--as` tells it.
pub fn touches() -> Vec<Touch> {
    let signs = ["/proc/self/mountinfo", "/.dockerenv", "/run/.containerenv"];
    let services = ["/etc/redis/redis.conf", "/etc/redis.conf", "/var/lib/pgsql/data/postgresql.conf"];
    let more = ["/etc/wireguard", "/sys/class/net", "/sys/class/net/{interface}/uevent", "/var/run/docker.sock"];
    [
        reads(&signs),
        wireguard::tunnels_touches(),
        reads(&services),
        reads_in(&[CLUSTERS], &["*", "*/*/postgresql.conf"]),
        reads(&more),
        only("where the tunnel's file is a client's", [web_app::find_touches(), workers::touches()].concat()),
    ]
    .concat()
}
