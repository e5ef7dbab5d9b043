//! What `src/probe/windows.ps1` prints on a Windows client, read on any machine: the recording of a client on which
//! this program need not run.
//!
//! Windows translates the words that its programs print. So nothing here reads a word: numbers of the interfaces of .NET,
//! the columns of `route print`, the fields of `wg show all dump` and of `docker inspect`.

use std::net::IpAddr;

use serde::Deserialize;
use serde_json::Value;

use super::{inspect, wg_dump};
use crate::fact::dial::{Dial, Echo};
use crate::fact::docker::Docker;
use crate::fact::network::Link;
use crate::fact::network::routes::Route;
use crate::fact::service::UnitState;
use crate::fact::service::at_boot::AtBoot;
use crate::fact::service::filter::AddressFilter;
use crate::fact::wireguard::WgInterface;

mod adapters;
mod lookup;
pub mod route_print;

pub use adapters::{Adapter, Network};
use adapters::{entries, links};
pub use lookup::way;

/// The version of the form that the script prints and this program reads.
const FORM: u32 = 1;

/// What the script saw. What it was not asked for, or could not see, is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recording {
    /// The machine's name.
    pub host: String,
    /// In seconds since the epoch, by that machine's clock.
    pub taken_at: u64,
    /// Whether the shell had an administrator's rights, without which `wg` shows nothing.
    pub administrator: bool,
    /// Whether wg.exe is there.
    pub installed: bool,
    /// The running tunnels.
    pub wg: Option<Vec<WgInterface>>,
    /// The same after the server was dialled, which wakes an idle tunnel.
    pub wg_again: Option<Vec<WgInterface>>,
    /// The tunnels that the WireGuard app keeps, by name; their files are encrypted.
    pub tunnels: Option<Vec<String>>,
    /// The tunnels' services.
    pub services: Option<Vec<TunnelService>>,
    /// The adapters.
    pub links: Option<Vec<Link>>,
    /// The routes.
    pub entries: Option<Vec<Route>>,
    /// Echoes that were tried.
    pub pings: Vec<(IpAddr, Echo)>,
    /// Connections that were tried.
    pub dials: Vec<(IpAddr, u16, Dial)>,
    /// The worker's containers, where Docker answers.
    pub docker: Option<Docker>,
}

/// A tunnel's service, `WireGuardTunnel$NAME`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct TunnelService {
    name: String,
    /// `ServiceControllerStatus` of .NET: 1 stopped, 2 starting, 3 stopping, 4 running, 5 to 7 paused.
    status: u32,
    /// `ServiceStartMode` of .NET: 2 automatic, 3 by hand, 4 disabled.
    start: u32,
}

impl TunnelService {
    /// As the service control manager tells of it, which has the same numbers (`SERVICE_STATUS`, `QUERY_SERVICE_CONFIG`).
    pub fn new(name: &str, status: u32, start: u32) -> Self {
        Self { name: name.to_owned(), status, start }
    }
}

/// The start of a tunnel's service's name (`docs/enterprise.md` of WireGuard for Windows).
pub const SERVICE: &str = "WireGuardTunnel$";

#[derive(Deserialize)]
struct Form {
    clipcheck_windows: u32,
    host: String,
    taken_at: u64,
    administrator: bool,
    installed: bool,
    wg: Option<Vec<String>>,
    wg_again: Option<Vec<String>>,
    tunnels: Option<Vec<String>>,
    services: Option<Vec<TunnelService>>,
    adapters: Option<Vec<Adapter>>,
    route_print: Option<Vec<String>>,
    pings: Option<Vec<Ping>>,
    dials: Option<Vec<Dialled>>,
    docker: Option<Vec<[Value; 8]>>,
}

#[derive(Deserialize)]
struct Ping {
    to: IpAddr,
    /// `IPStatus` of .NET, or the error of Windows.
    status: i32,
    ms: u64,
}

#[derive(Deserialize)]
struct Dialled {
    to: IpAddr,
    port: u16,
    /// Winsock's error; 0 for a connection.
    code: i32,
}

impl Recording {
    /// Reads a recording. The error says what is wrong and where, and repeats nothing of it: `wg` prints keys.
    pub fn parse(text: &str, path: &str) -> Result<Self, String> {
        let form: Form = serde_json::from_str(text).map_err(|error| {
            let what = match error.classify() {
                serde_json::error::Category::Data => "a value that windows.ps1 does not write",
                serde_json::error::Category::Syntax | serde_json::error::Category::Eof => "no JSON",
                serde_json::error::Category::Io => "not readable",
            };
            format!("{path}:{}:{}: no recording of windows.ps1: {what}", error.line(), error.column())
        })?;
        if form.clipcheck_windows != FORM {
            return Err(format!(
                "{path}: the recording has form {}, this clipcheck reads {FORM}; use the windows.ps1 of this version",
                form.clipcheck_windows
            ));
        }
        let dump = |name: &str, lines: Option<Vec<String>>| {
            let lines = lines.map(|lines| wg_dump::read(&lines.join("\n")));
            lines
                .transpose()
                .map_err(|line| format!("{path}: {name}[{}]: no line of `wg show all dump`", line.saturating_sub(1)))
        };
        let links = form.adapters.map(|adapters| links(&adapters, path)).transpose()?;
        let entries = match (&links, &form.route_print) {
            (Some(links), Some(table)) => Some(entries(links, table, path)?),
            _ => None,
        };
        let pings = form.pings.unwrap_or_default();
        // -1 is no error of Winsock: the connection was not tried.
        let dials: Vec<Dialled> = form.dials.unwrap_or_default().into_iter().filter(|it| it.code >= 0).collect();
        Ok(Self {
            host: form.host,
            taken_at: form.taken_at,
            administrator: form.administrator,
            installed: form.installed,
            wg: dump("wg", form.wg)?,
            wg_again: dump("wg_again", form.wg_again)?,
            tunnels: form.tunnels,
            services: form.services,
            links: links.map(|links| links.into_iter().map(|(_, link)| link).collect()),
            entries,
            pings: pings.iter().filter_map(|ping| Some((ping.to, echo(ping)?))).collect(),
            dials: dials.iter().map(|it| (it.to, it.port, dial(it.code))).collect(),
            docker: form.docker.map(|containers| docker(&containers, path)).transpose()?,
        })
    }

    /// The one tunnel that is meant where nobody says which: the one that runs, has a service, or is kept by the app.
    pub fn tunnel(&self) -> Option<&str> {
        let running = self.wg.iter().flatten().map(|interface| interface.name.as_str());
        let served = self.services.iter().flatten().filter_map(|service| service.name.strip_prefix(SERVICE));
        let kept = self.tunnels.iter().flatten().map(String::as_str);
        only(running).or_else(|| only(served)).or_else(|| only(kept))
    }

    /// The tunnel's service, as a unit.
    pub fn unit(&self, tunnel: &str) -> Option<UnitState> {
        Some(unit(tunnel, self.services.as_ref()?, self.tunnels.as_deref().unwrap_or_default()))
    }
}

/// A tunnel's service, as a unit, of these services and of the tunnels that the app keeps. While a tunnel is not active,
/// the app has no service for it and only its file.
pub fn unit(tunnel: &str, services: &[TunnelService], kept: &[String]) -> UnitState {
    let name = format!("{SERVICE}{tunnel}");
    let service = services.iter().find(|service| service.name.eq_ignore_ascii_case(&name));
    let kept = kept.iter().any(|kept| kept.eq_ignore_ascii_case(tunnel));
    let active = match service.map(|service| service.status) {
        Some(4) => "active",
        Some(2) => "activating",
        Some(3) => "deactivating",
        Some(_) | None => "inactive",
    };
    let enabled = match service.map(|service| service.start) {
        Some(2) => "enabled",
        Some(3) => "manual",
        Some(_) => "disabled",
        None => "",
    };
    UnitState {
        name,
        known: service.is_some() || kept,
        active: active.to_owned(),
        enabled: enabled.to_owned(),
        since: None,
        after: Vec::new(),
        at_boot: AtBoot::default(),
        ended: None,
        reason: None,
        said: None,
        holder: None,
        starting: None,
        filter: AddressFilter::default(),
    }
}

/// The only one of the tunnels that the app keeps.
pub fn only_tunnel(kept: &[String]) -> Option<&str> {
    only(kept.iter().map(String::as_str))
}

fn only<'a>(mut names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    names.next().filter(|_| names.next().is_none())
}

/// `IPStatus` of .NET; 1231 is Windows' ERROR_NETWORK_UNREACHABLE. Any other failure ("General failure") is mostly a
/// firewall that lets no echo out, and says nothing of the way.
fn echo(ping: &Ping) -> Option<Echo> {
    Some(match ping.status {
        0 => Echo::Reply(ping.ms * 1000),
        11010 => Echo::NoReply,
        11002..=11005 => Echo::Unreachable,
        1231 => Echo::NoRoute,
        _ => return None,
    })
}

/// The errors of Winsock.
fn dial(code: i32) -> Dial {
    match code {
        0 => Dial::Open,
        10013 => Dial::Forbidden,
        10051 => Dial::NoRoute,
        10054 => Dial::Reset,
        10060 => Dial::Timeout,
        10061 => Dial::Refused,
        10065 => Dial::HostUnreachable,
        code => Dial::Other(code),
    }
}

/// The parts of `docker inspect` that hold no secret, each container's in this order.
const PARTS: [&str; 6] = ["Name", "Created", "Image", "RestartCount", "State", "NetworkSettings"];

fn docker(containers: &[[Value; 8]], path: &str) -> Result<Docker, String> {
    let mut workers = Vec::new();
    for (at, [name, created, image, restarts, state, named, networks, ports]) in containers.iter().enumerate() {
        let net = serde_json::json!({ "Networks": networks, "Ports": ports });
        let parts = [name.clone(), created.clone(), image.clone(), restarts.clone(), state.clone(), net];
        let mut entry: serde_json::Map<String, Value> =
            PARTS.iter().map(|part| (*part).to_owned()).zip(parts).collect();
        entry.insert("Config".to_owned(), serde_json::json!({ "Image": named }));
        let read = inspect::read(&Value::Array(vec![Value::Object(entry)]).to_string());
        let read = read.ok_or_else(|| format!("{path}: docker[{at}]: no container of `docker inspect`"))?;
        workers.extend(read.iter().filter_map(|container| inspect::worker(container, None, None)));
    }
    Ok(Docker { workers, disk: None })
}

#[cfg(test)]
mod tests;
