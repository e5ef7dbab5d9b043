//! The JSON of `docker inspect`, as far as it matters here.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Mount;

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Entry {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) created: String,
    pub(super) image: String,
    pub(super) restart_count: u32,
    pub(super) path: String,
    /// `null` where there is none.
    pub(super) args: Option<Vec<String>>,
    pub(super) state: State,
    pub(super) config: Config,
    pub(super) network_settings: Networks,
    pub(super) mounts: Option<Vec<Mount>>,
    pub(super) host_config: HostConfig,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct HostConfig {
    /// `null` where there is none.
    pub(super) extra_hosts: Option<Vec<String>>,
    pub(super) network_mode: String,
    pub(super) restart_policy: Policy,
    pub(super) auto_remove: bool,
    pub(super) port_bindings: Ports,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Policy {
    pub(super) name: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct State {
    pub(super) status: String,
    pub(super) running: bool,
    pub(super) exit_code: i64,
    #[serde(rename = "OOMKilled")]
    pub(super) out_of_memory: bool,
    pub(super) error: String,
    pub(super) pid: u32,
    pub(super) started_at: String,
    pub(super) finished_at: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Config {
    pub(super) image: String,
    pub(super) hostname: String,
    /// `null` where there is none.
    pub(super) env: Option<Vec<String>>,
    pub(super) labels: Option<BTreeMap<String, String>>,
    pub(super) working_dir: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Networks {
    pub(super) networks: Option<BTreeMap<String, serde_json::Value>>,
    pub(super) ports: Ports,
}

/// By the port inside; `null` where there are none, or a port has no place.
pub(super) type Ports = Option<BTreeMap<String, Option<Vec<Port>>>>;

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Port {
    pub(super) host_ip: String,
    pub(super) host_port: String,
}
