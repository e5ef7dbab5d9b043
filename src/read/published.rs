//! What `docker inspect` prints about containers that publish ports, or are in the host's own network.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use serde::Deserialize;

use super::inspect::Mount;
use super::quoted::{Secrets, quoted};
use super::redis_command::{self, Command};
use crate::fact::containers::{Mounted, Published, Publisher};
use crate::fact::docker::State as ContainerState;
use crate::fact::order::InOrder;
use crate::fact::service::quote::Quote;

/// A container, and where on this machine more of it is to be seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What Docker tells of it.
    pub container: Publisher,
    /// Its first process; 0 where it does not run.
    pub process: u32,
    /// Whether it is in this machine's own network.
    pub on_host: bool,
    /// The file of this machine that its command names by the path that it has inside.
    pub conf: Option<String>,
    /// Its number, as Docker names its processes' group by it.
    pub id: String,
    /// How it starts Redis, if it does so itself. Holds secrets.
    pub redis: Option<Command>,
    /// Where PostgreSQL's own image keeps its data (`PGDATA`).
    pub data: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Entry {
    id: String,
    name: String,
    path: String,
    args: Option<Vec<String>>,
    state: State,
    config: Config,
    host_config: HostConfig,
    mounts: Option<Vec<Mount>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct State {
    status: String,
    exit_code: i64,
    pid: u32,
    error: String,
    finished_at: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Config {
    env: Option<Vec<String>>,
    working_dir: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct HostConfig {
    network_mode: String,
    restart_policy: Policy,
    port_bindings: Option<BTreeMap<String, Option<Vec<Port>>>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Policy {
    name: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Port {
    host_ip: String,
    host_port: String,
}

/// Reads the array that `docker inspect` prints; none if it is something else.
pub fn read(json: &str) -> Option<Vec<Found>> {
    let entries: Vec<Entry> = serde_json::from_str(json.trim()).ok()?;
    let mut found: Vec<Found> = entries.into_iter().filter_map(one).collect();
    found.in_order_by(|one, other| one.container.name.cmp(&other.container.name));
    Some(found)
}

fn one(entry: Entry) -> Option<Found> {
    let bindings = entry.host_config.port_bindings.unwrap_or_default();
    let mut ports: Vec<Published> = bindings.into_iter().flat_map(|(inner, outer)| published(&inner, outer)).collect();
    ports.in_order();
    let on_host = entry.host_config.network_mode == "host";
    if ports.is_empty() && !on_host {
        return None;
    }
    let state = ContainerState::read(&entry.state.status)?;
    let name = entry.name.trim_start_matches('/').to_owned();
    let finished = entry.state.finished_at.parse::<jiff::Timestamp>().ok();
    let env = entry.config.env.unwrap_or_default();
    let superuser = env.iter().find_map(|line| line.strip_prefix("POSTGRES_USER=")).filter(|user| is_name(user));
    let command: Vec<String> = std::iter::once(entry.path).chain(entry.args.unwrap_or_default()).collect();
    let secrets = Secrets::of_settings(env.iter().filter_map(|line| line.split_once('=')))
        .and_command(command.iter().map(String::as_str));
    let said = (state != ContainerState::Running && !entry.state.error.is_empty()).then(|| Quote {
        text: quoted(&entry.state.error, &secrets, &[]),
        source: format!("docker inspect {name}"),
        at: finished.and_then(|at| u64::try_from(at.as_second()).ok()).filter(|at| *at > 0),
        named: None,
    });
    let mounts = entry.mounts.unwrap_or_default();
    let data = env.iter().find_map(|line| line.strip_prefix("PGDATA=")).filter(|path| path.starts_with('/'));
    let folder = entry.config.working_dir.trim_end_matches('/');
    Some(Found {
        id: entry.id,
        redis: redis_command::of_container(&command, folder, &format!("the command of the container {name}")),
        data: data.map(str::to_owned),
        conf: command.iter().skip(1).find_map(|word| outside(word, &mounts)),
        container: Publisher {
            name,
            state,
            exit_code: entry.state.exit_code,
            ports,
            restart: Some(entry.host_config.restart_policy.name).filter(|policy| !policy.is_empty()),
            mounts: mounts.into_iter().filter(|it| !it.source.is_empty()).map(mounted).collect(),
            host_program: None,
            inside: None,
            bind: None,
            superuser: superuser.map(str::to_owned),
            said,
        },
        process: entry.state.pid,
        on_host,
    })
}

fn mounted(mount: Mount) -> Mounted {
    Mounted { inside: mount.destination, outside: mount.source }
}

/// `"6379/tcp": [{"HostIp": "10.8.0.1", "HostPort": "6379"}]`; without an address it is all of them.
fn published(inner: &str, outer: Option<Vec<Port>>) -> Vec<Published> {
    let Some(inner) = inner.strip_suffix("/tcp").and_then(|port| port.parse::<u16>().ok()) else { return Vec::new() };
    let address = |ip: &str| if ip.is_empty() { Some(Ipv4Addr::UNSPECIFIED.into()) } else { ip.parse::<IpAddr>().ok() };
    let one =
        |port: Port| Some(Published { address: address(&port.host_ip)?, port: port.host_port.parse().ok()?, inner });
    outer.unwrap_or_default().into_iter().filter_map(one).collect()
}

/// Whether it is surely a name, and can be typed.
fn is_name(text: &str) -> bool {
    (1..=63).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Where on this machine a file lies that a command inside names.
fn outside(word: &str, mounts: &[Mount]) -> Option<String> {
    let path = word.strip_prefix('/').map(|_| word)?;
    mounts.iter().filter(|mount| !mount.destination.is_empty()).find_map(|mount| {
        let rest = path.strip_prefix(mount.destination.as_str())?;
        (rest.is_empty() || rest.starts_with('/')).then(|| format!("{}{rest}", mount.source))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_those_that_it_was_made_with() {
        let json = r#"[{"Name": "/redis", "Path": "docker-entrypoint.sh", "Args": ["redis-server", "/etc/redis/redis.conf"],
            "State": {"Status": "exited", "ExitCode": 128, "Pid": 0, "FinishedAt": "0001-01-01T00:00:00Z",
                "Error": "listen tcp4 10.8.0.1:6379: bind: cannot assign requested address"},
            "Config": {"Env": ["POSTGRES_USER=clippy", "POSTGRES_PASSWORD=s3cret"]},
            "HostConfig": {"NetworkMode": "default", "PortBindings": {"6379/tcp": [{"HostIp": "10.8.0.1", "HostPort": "6379"}],
                "1/udp": [{"HostIp": "", "HostPort": "1"}]}},
            "Mounts": [{"Source": "/srv/redis", "Destination": "/etc/redis"}]},
            {"Name": "/worker", "State": {"Status": "running"}, "HostConfig": {"PortBindings": null}}]"#;
        let found = read(json).expect("reads");
        assert_eq!(found.len(), 1);
        let port = Published { address: [10, 8, 0, 1].into(), port: 6379, inner: 6379 };
        assert_eq!(found[0].container.ports, [port]);
        assert_eq!(found[0].conf.as_deref(), Some("/srv/redis/redis.conf"));
        assert_eq!(found[0].container.superuser.as_deref(), Some("clippy"));
        let place = |file: &str| found[0].container.place(file);
        assert_eq!(place("redis:/etc/redis/a.conf"), Some(Ok("/srv/redis/a.conf".to_owned())));
        assert_eq!(place("redis:/etc/redis.conf"), Some(Err("/etc/redis.conf".to_owned())));
        assert_eq!((place("/etc/redis/a.conf"), place("redis2:/etc/redis/a.conf")), (None, None));
        assert_eq!(found[0].redis.as_ref().and_then(|it| it.file.as_deref()), Some("/etc/redis/redis.conf"));
        assert!(found[0].container.said.as_ref().is_some_and(|said| said.text.ends_with("requested address")));
        assert!(!format!("{found:?}").contains("s3cret") && read("x").is_none());
    }
}
