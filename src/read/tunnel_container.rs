//! What `docker inspect` prints about containers that may have a tunnel.

use crate::fact::docker::STARTED;
use crate::fact::order::InOrder;
use serde::Deserialize;

use super::inspect::Mount;

/// A running container that has a network of its own or the host's, and may make interfaces there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its name.
    pub name: String,
    /// Its first process.
    pub process: u32,
    /// Whether it is in this machine's own network.
    pub on_host: bool,
    /// Whether Docker starts it by itself.
    pub restarts: bool,
    /// What of this machine is seen where inside.
    pub mounts: Vec<(String, String)>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Entry {
    name: String,
    state: State,
    host_config: HostConfig,
    mounts: Option<Vec<Mount>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct State {
    running: bool,
    pid: u32,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct HostConfig {
    network_mode: String,
    cap_add: Option<Vec<String>>,
    privileged: bool,
    restart_policy: RestartPolicy,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct RestartPolicy {
    name: String,
}

/// Reads the array that `docker inspect` prints; none if it is something else.
pub fn read(json: &str) -> Option<Vec<Found>> {
    let entries: Vec<Entry> = serde_json::from_str(json.trim()).ok()?;
    let mut found: Vec<Found> = entries.into_iter().filter_map(one).collect();
    found.in_order_by(|one, other| one.name.cmp(&other.name));
    Some(found)
}

fn one(entry: Entry) -> Option<Found> {
    let host = entry.host_config;
    let named = |cap: &String| matches!(cap.trim_start_matches("CAP_"), "NET_ADMIN" | "ALL");
    let may = host.privileged || host.cap_add.unwrap_or_default().iter().any(named);
    // One that shares another's network has what that one makes.
    let shares = host.network_mode.starts_with("container:");
    (entry.state.running && entry.state.pid > 0 && may && !shares).then(|| Found {
        name: entry.name.trim_start_matches('/').to_owned(),
        process: entry.state.pid,
        on_host: host.network_mode == "host",
        restarts: STARTED.contains(&host.restart_policy.name.as_str()),
        mounts: entry.mounts.unwrap_or_default().into_iter().map(|it| (it.source, it.destination)).collect(),
    })
}

impl Found {
    /// Where on this machine the tunnel's file of an interface may lie: where wg-quick, wg-easy and linuxserver's image
    /// have it inside.
    pub fn files(&self, interface: &str) -> Vec<String> {
        let inside =
            ["/etc/wireguard", "/config/wg_confs", "/config"].map(|folder| format!("{folder}/{interface}.conf"));
        let outside = |path: &String| {
            let mounts =
                self.mounts.iter().filter(|(source, destination)| !source.is_empty() && !destination.is_empty());
            mounts.into_iter().find_map(|(source, destination)| {
                let rest = path.strip_prefix(destination.trim_end_matches('/'))?;
                (rest.is_empty() || rest.starts_with('/')).then(|| format!("{source}{rest}"))
            })
        };
        inside.iter().filter_map(outside).collect()
    }

    /// The folders of this machine that may hold such files.
    pub fn folders(&self) -> impl Iterator<Item = String> {
        self.files("*").into_iter().filter_map(|path| path.strip_suffix("/*.conf").map(str::to_owned))
    }
}

/// The first interface with a usual name of WireGuard's, as `/proc/PID/net/dev` lists them.
pub fn interface(text: &str) -> Option<&str> {
    text.lines()
        .filter_map(|line| line.split_once(':'))
        .map(|(name, _)| name.trim())
        .find(|name| name.starts_with("wg"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_that_may_make_interfaces_is_found() {
        let json = r#"[{"Name": "/wg", "State": {"Running": true, "Pid": 7}, "HostConfig": {"NetworkMode": "bridge",
            "CapAdd": ["NET_ADMIN"], "RestartPolicy": {"Name": "unless-stopped"}},
            "Mounts": [{"Source": "/srv/wg", "Destination": "/config/"}]},
            {"Name": "/worker", "State": {"Running": true, "Pid": 8}, "HostConfig": {"NetworkMode": "bridge"}},
            {"Name": "/shares", "State": {"Running": true, "Pid": 9}, "HostConfig": {"NetworkMode": "container:1", "Privileged": true}}]"#;
        let found = read(json).expect("reads");
        assert_eq!(found.len(), 1);
        assert!(found[0].restarts && !found[0].on_host);
        assert_eq!(found[0].files("wg0"), ["/srv/wg/wg_confs/wg0.conf", "/srv/wg/wg0.conf"]);
        assert_eq!(found[0].folders().collect::<Vec<_>>(), ["/srv/wg/wg_confs", "/srv/wg"]);
        assert!(read("x").is_none());
        assert_eq!(interface("Inter-|\n face |bytes\n    lo:  0\n   wg0: 1\n"), Some("wg0"));
    }
}
