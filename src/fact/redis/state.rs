//! What the running Redis says of itself: the parts of `INFO` that decide whether the app can work, and two settings in
//! force.

use serde::{Deserialize, Serialize};

use crate::fact::dial::Endpoint;
use crate::fact::service::quote::Quote;

/// The running server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "as INFO has them")]
pub struct RedisState {
    /// Who was asked.
    pub endpoint: Endpoint,
    /// `redis_version`.
    pub version: String,
    /// `run_id`: another one after every start.
    pub run_id: String,
    /// The file that it was started with; none where it was started without one, or is older than 2.8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_file: Option<String>,
    /// The `run_id` of what answers on this machine's loopback at the same port, where something does.
    pub loopback_run_id: Option<String>,
    /// `loading_eta_seconds`: while it loads its data, for how much longer it will, as it estimates itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loading: Option<u64>,
    /// For how many seconds it has been running.
    pub uptime: u64,
    /// `connected_clients`.
    pub clients: u32,
    /// `maxclients`; Redis before 6.2 does not say.
    pub max_clients: Option<u32>,
    /// `used_memory` less `mem_not_counted_for_evict`, in bytes: what is held against the limit.
    pub used_memory: u64,
    /// `maxmemory`, in bytes; 0 for no limit.
    pub max_memory: u64,
    /// `maxmemory_policy`.
    pub policy: String,
    /// `evicted_keys`: how many keys it has thrown away for room since its start.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub evicted: u64,
    /// `redis_mode` is `cluster`: then commands on several keys are refused.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cluster: bool,
    /// `role`: `master` or `slave`.
    pub role: String,
    /// `slave_read_only`.
    pub read_only: bool,
    /// Where a replica copies from.
    pub master: Option<String>,
    /// `min_slaves_good_slaves`: how many copies are up to date. INFO has it only where some are demanded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replicas: Option<u32>,
    /// `min-replicas-to-write` in force, where INFO has the former.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replicas_wanted: Option<u32>,
    /// `rdb_last_bgsave_status` is `ok`.
    pub saved: bool,
    /// `aof_enabled`.
    pub appends: bool,
    /// `aof_last_write_status` is `ok`.
    pub appended: bool,
    /// `bind` in force; none where the URL's user may not ask.
    pub bind: Option<String>,
    /// `protected-mode` in force.
    pub protected_mode: Option<String>,
    /// `save` in force; empty where nothing is saved.
    pub save: Option<String>,
    /// Why it could not save, as its log has it; where it could not, and the log was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub save_error: Option<Quote>,
    /// `stop-writes-on-bgsave-error` in force.
    pub stops_writes: Option<String>,
    /// How often FLUSHDB or FLUSHALL was run since its start.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub flushes: u64,
    /// How many bytes may wait for a normal client before it is cut off, at once or for some seconds, the smaller of both; none
    /// where that is without a limit, as Redis has it (`client-output-buffer-limit`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buffer_limit: Option<u64>,
    /// How many users it has besides `default`, where the URL's user is one of them and may ask.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub users: Option<usize>,
    /// What the URL's user may do now, and from the next start on; where it is not `default`, and may ask.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_rights: Option<OwnRights>,
    /// What it refused last (`ACL LOG`), where the URL's user may ask.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<Quote>,
}

/// A user's rules without its passwords, each list in one order: `on`, keys, channels, commands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnRights {
    /// Those of the running server.
    pub running: Vec<String>,
    /// Those of the file.
    pub written: Vec<String>,
    /// The file and the line.
    pub at: (String, u32),
}

impl OwnRights {
    /// What only the running server has, and what only the file. Where the file says nothing of channels, their default depends on
    /// the version and on `acl-pubsub-default`.
    pub fn apart(&self) -> (Vec<&str>, Vec<&str>) {
        let silent = !self.written.iter().any(|rule| rule.starts_with('&'));
        (only(&self.running, &self.written, silent), only(&self.written, &self.running, silent))
    }
}

fn only<'a>(rules: &'a [String], others: &[String], silent: bool) -> Vec<&'a str> {
    let passed_over = |rule: &String| others.contains(rule) || (silent && rule.starts_with('&'));
    rules.iter().filter(|rule| !passed_over(rule)).map(String::as_str).collect()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl RedisState {
    pub(crate) fn summary(&self) -> Vec<String> {
        let max = self.max_clients.map_or_else(String::new, |max| format!(" of {max}"));
        let limit = if self.max_memory == 0 { "no limit".to_owned() } else { format!("limit {} B", self.max_memory) };
        let cluster = if self.cluster { " of a cluster" } else { "" };
        let mut lines: Vec<String> = self.refused.iter().map(Quote::summary).collect();
        lines.extend(self.buffer_limit.map(|limit| format!("client-output-buffer-limit of normal clients: {limit} B")));
        lines.extend([
            format!("Redis {} at {}: {}{cluster}, up {} s", self.version, self.endpoint, self.role, self.uptime),
            format!("clients {}{max}; memory {} B, {limit}, {}", self.clients, self.used_memory, self.policy)
                + &(if self.evicted == 0 { String::new() } else { format!(", {} keys evicted", self.evicted) }),
            format!(
                "last save {}, append-only file {}",
                if self.saved { "ok" } else { "failed" },
                if self.appends { "on" } else { "off" }
            ),
        ]);
        let wanted = self.replicas.zip(self.replicas_wanted);
        lines.extend(
            wanted.map(|(good, wanted)| format!("replicas up to date: {good}, required for a write: {wanted}")),
        );
        for (name, value) in [("bind", &self.bind), ("protected-mode", &self.protected_mode), ("save", &self.save)] {
            lines.extend(value.as_ref().map(|value| format!("in force: {name} {value}")));
        }
        lines
    }
}
