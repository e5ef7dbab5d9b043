//! What `docker inspect` prints about containers and images.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;

use self::entry::{Config, Entry, Port, Ports};
use super::celery_command;
use crate::fact::docker::words::LastWords;
use crate::fact::docker::{self, Worker};

mod entry;

/// One container as far as it matters here. Holds secrets: never kept in a fact, and without `Debug`.
#[derive(Clone)]
#[expect(clippy::struct_excessive_bools, reason = "they are what Docker tells")]
pub struct Container {
    /// All 64 characters.
    pub id: String,
    /// Its first process, numbered as its engine's machine does; 0 where it does not run.
    pub process: u32,
    /// Without Docker's leading slash.
    pub name: String,
    /// The host name inside; the beginning of its id, unless it was given another one.
    pub hostname: String,
    /// Docker's word: `running`, `exited`, `restarting`, `created`, `paused`, `dead`.
    pub status: String,
    /// Whether it runs.
    pub running: bool,
    /// Of the last run.
    pub exit_code: i64,
    /// Whether the kernel ended the last run for want of memory.
    pub out_of_memory: bool,
    /// What Docker said when it could not start it; empty where it could. May hold what it was given.
    pub error: String,
    /// How often Docker started it again by itself.
    pub restarts: u32,
    /// Seconds since the epoch.
    pub created_at: u64,
    /// Seconds since the epoch; 0 if never.
    pub started_at: u64,
    /// Its configured environment, in order.
    pub variables: Vec<(String, String)>,
    /// Its image by name.
    pub image: String,
    /// Its image by content.
    pub image_id: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// The networks that it is in.
    pub networks: Vec<String>,
    /// The id of the container whose network it has, if it has another one's.
    pub network_of: Option<String>,
    /// Published ports, as `0.0.0.0:6379->6379/tcp`.
    pub published: Vec<String>,
    /// Where files and folders of this machine stand in the container.
    pub mounts: Vec<Mount>,
    /// Lines for its hosts file, as `name:address`.
    pub extra_hosts: Vec<String>,
    /// Its program and arguments.
    pub command: Vec<String>,
    /// Seconds since the epoch; 0 if it never ended.
    pub finished_at: u64,
    /// Whether it is in its machine's own network.
    pub on_host: bool,
    /// Docker's word for when it starts it by itself; empty where another program sees to that (Swarm, Kubernetes).
    pub restart_policy: String,
    /// The folder that its program begins in.
    pub folder: String,
    /// The ports that it was made with, by the one inside (`6379/tcp`): the addresses and ports of this machine.
    pub bindings: Vec<(String, Vec<(String, String)>)>,
    /// Whether Docker removes it when it stops (`--rm`).
    pub temporary: bool,
}

/// A file or folder of this machine that stands in a container.
#[derive(Clone, Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub struct Mount {
    /// Here.
    pub source: String,
    /// There.
    pub destination: String,
}

/// Reads the array that `docker inspect` prints; none if it is something else.
pub fn read(json: &str) -> Option<Vec<Container>> {
    let entries: Vec<Entry> = serde_json::from_str(json.trim()).ok()?;
    Some(entries.into_iter().map(Container::from).collect())
}

/// Docker keeps a variable that was given twice twice, and gives the process the last one.
fn last_of_each(variables: Vec<(String, String)>) -> Vec<(String, String)> {
    let mut last: Vec<(String, String)> = Vec::with_capacity(variables.len());
    for (name, value) in variables {
        match last.iter_mut().find(|(known, _)| *known == name) {
            Some(known) => known.1 = value,
            None => last.push((name, value)),
        }
    }
    last
}

/// An image by name: its content's id, and the variables that it sets.
pub struct Image {
    /// The content's id.
    pub id: String,
    /// Seconds since the epoch.
    pub created_at: u64,
    /// In order.
    pub variables: Vec<(String, String)>,
}

/// Reads what `docker image inspect` prints of one image.
pub fn image(json: &str) -> Option<Image> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Entry {
        id: String,
        #[serde(default)]
        created: String,
        config: Option<Config>,
    }
    let entries: Vec<Entry> = serde_json::from_str(json.trim()).ok()?;
    let entry = entries.into_iter().next()?;
    let env = entry.config.and_then(|config| config.env).unwrap_or_default();
    Some(Image {
        id: entry.id,
        created_at: seconds(&entry.created),
        variables: env.iter().filter_map(|text| pair(text)).collect(),
    })
}

fn pair(text: &str) -> Option<(String, String)> {
    text.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()))
}

/// Docker writes RFC 3339, and the year 1 for never.
fn seconds(text: &str) -> u64 {
    text.parse::<Timestamp>().ok().and_then(|at| u64::try_from(at.as_second()).ok()).unwrap_or(0)
}

impl From<Entry> for Container {
    fn from(entry: Entry) -> Self {
        let outside = |ports: Option<Vec<Port>>| -> Vec<(String, String)> {
            ports.unwrap_or_default().into_iter().map(|port| (port.host_ip, port.host_port)).collect()
        };
        let by_inner =
            |ports: Ports| ports.unwrap_or_default().into_iter().map(|(inner, outer)| (inner, outside(outer)));
        let published = by_inner(entry.network_settings.ports).flat_map(|(inner, outer)| {
            outer.into_iter().map(move |(address, port)| format!("{address}:{port}->{inner}"))
        });
        let labels = entry.config.labels.unwrap_or_default();
        Self {
            id: entry.id,
            process: entry.state.pid,
            name: entry.name.trim_start_matches('/').to_owned(),
            status: entry.state.status,
            running: entry.state.running,
            exit_code: entry.state.exit_code,
            out_of_memory: entry.state.out_of_memory,
            error: entry.state.error.clone(),
            restarts: entry.restart_count,
            created_at: seconds(&entry.created),
            started_at: seconds(&entry.state.started_at),
            variables: last_of_each(entry.config.env.iter().flatten().filter_map(|text| pair(text)).collect()),
            image: entry.config.image,
            hostname: entry.config.hostname,
            image_id: entry.image,
            restart_policy: if labels.keys().any(|label| OTHERS.iter().any(|other| label.starts_with(other))) {
                String::new()
            } else {
                entry.host_config.restart_policy.name
            },
            temporary: entry.host_config.auto_remove,
            labels,
            networks: entry.network_settings.networks.unwrap_or_default().into_keys().collect(),
            published: published.collect(),
            mounts: entry.mounts.unwrap_or_default(),
            command: std::iter::once(entry.path).chain(entry.args.unwrap_or_default()).collect(),
            finished_at: seconds(&entry.state.finished_at),
            on_host: entry.host_config.network_mode == "host",
            folder: entry.config.working_dir,
            bindings: by_inner(entry.host_config.port_bindings).collect(),
            network_of: entry.host_config.network_mode.strip_prefix("container:").map(str::to_owned),
            extra_hosts: entry.host_config.extra_hosts.unwrap_or_default(),
        }
    }
}

/// The labels of those who start a container themselves, whatever its restart policy.
const OTHERS: [&str; 3] = ["com.docker.swarm.", "io.kubernetes.", "PODMAN_SYSTEMD_UNIT"];

/// What Docker says of a container; none where it has a state that is not known here.
pub fn worker(container: &Container, image_replaced: Option<bool>, last_words: Option<LastWords>) -> Option<Worker> {
    Some(Worker {
        name: container.name.clone(),
        hostname: Some(container.hostname.clone()).filter(|name| !name.is_empty()),
        state: docker::State::read(&container.status)?,
        exit_code: container.exit_code,
        out_of_memory: container.out_of_memory,
        failed_to_start: !container.error.is_empty(),
        restarts: container.restarts,
        created_at: container.created_at,
        started_at: container.started_at,
        image: container.image.clone(),
        image_replaced,
        image_id: container.image_id.trim_start_matches("sha256:").chars().take(12).collect(),
        networks: container.networks.clone(),
        internal: Vec::new(),
        borrows: None,
        restart: Some(container.restart_policy.clone()).filter(|policy| !policy.is_empty()),
        temporary: container.temporary,
        started_by: None,
        at_boot: false,
        published: container.published.clone(),
        program: celery_command::read(&container.command).and_then(|it| it.program).map(str::to_owned),
        last_words,
        said: None,
    })
}

/// Whether a network is internal, by what `docker network inspect` prints of it.
pub fn is_internal(json: &str) -> bool {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Network {
        #[serde(default)]
        internal: bool,
    }
    let found: Vec<Network> = serde_json::from_str(json.trim()).unwrap_or_default();
    found.first().is_some_and(|network| network.internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containers_are_read() {
        let json = r#"[{"Id": "1", "Name": "/clippy-worker", "Created": "2026-11-22T17:30:14.5Z", "RestartCount": 3,
            "Path": "celery", "Args": ["-A", "app.tasks.celery_app", "beat"],
            "State": {"Status": "running", "Running": true, "StartedAt": "0001-01-01T00:00:00Z"},
            "Config": {"Env": ["DATABASE_URL=postgresql://u:p@h/d?a=b", "EMPTY="], "Labels": {"a": "b"}},
            "NetworkSettings": {"Networks": {"bridge": {"x": 1}}, "Ports": {"6379/tcp": [{"HostIp": "::", "HostPort": "1"}], "1/udp": null}}},
            {"Name": "x", "State": {"Running": false}, "Config": {"Env": null}}]"#;
        let found = read(json).expect("reads");
        assert_eq!((found[0].name.as_str(), found[0].running, found[0].restarts), ("clippy-worker", true, 3));
        assert_eq!(found[0].variables[0].1, "postgresql://u:p@h/d?a=b");
        assert_eq!(found[0].variables[1], ("EMPTY".to_owned(), String::new()));
        assert_eq!(found[0].command, ["celery", "-A", "app.tasks.celery_app", "beat"]);
        assert_eq!((found[0].created_at, found[0].started_at), (1_795_368_614, 0));
        assert_eq!(
            (found[0].networks.as_slice(), found[0].published.as_slice()),
            (["bridge".to_owned()].as_slice(), [":::1->6379/tcp".to_owned()].as_slice())
        );
        assert!(!found[1].running && found[1].variables.is_empty());
        assert!(read("[]\n").expect("reads").is_empty() && read("Error").is_none());
    }

    #[test]
    fn an_internal_network_is_known() {
        assert!(is_internal(r#"[{"Name": "inner", "Internal": true, "Containers": {}}]"#));
        assert!(
            !is_internal(r#"[{"Name": "bridge", "Internal": false}]"#) && !is_internal("[]\n") && !is_internal("x")
        );
    }
}
