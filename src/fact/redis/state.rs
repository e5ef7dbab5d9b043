//! What the running Redis says of itself: the parts of `INFO` that decide whether the app can work, and two settings in
//! force.

use serde::{Deserialize, Serialize};

use super::RedisIdentity;
use crate::fact::dial::Endpoint;

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
    /// The `run_id` of what answers on this machine's loopback at the same port, where something does.
    pub loopback_run_id: Option<String>,
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
    /// `stop-writes-on-bgsave-error` in force.
    pub stops_writes: Option<String>,
}

/// The value of a line of `INFO`.
pub fn info<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim_end)
}

impl RedisIdentity {
    /// Reads `INFO server`.
    pub fn read(text: &str) -> Option<Self> {
        let run_id = info(text, "run_id").filter(|id| id.len() == 40 && id.chars().all(|c| c.is_ascii_hexdigit()))?;
        Some(Self { run_id: run_id.to_owned(), uptime: info(text, "uptime_in_seconds")?.parse().ok()? })
    }
}

impl RedisState {
    /// Reads `INFO`; none if it lacks what every version has. The settings are added by whoever asked for them.
    pub fn read(endpoint: Endpoint, text: &str) -> Option<Self> {
        let number = |name: &str| info(text, name)?.parse::<u64>().ok();
        let small = |name: &str| info(text, name)?.parse::<u32>().ok();
        let plain = |name: &str| {
            let value = info(text, name)?;
            let good = value.len() <= 64 && value.chars().all(|c| c.is_ascii_alphanumeric() || "_.-:".contains(c));
            good.then(|| value.to_owned())
        };
        Some(Self {
            endpoint,
            version: plain("redis_version")?,
            run_id: plain("run_id")?,
            loopback_run_id: None,
            uptime: number("uptime_in_seconds")?,
            clients: small("connected_clients")?,
            max_clients: small("maxclients"),
            used_memory: number("used_memory")?.saturating_sub(number("mem_not_counted_for_evict").unwrap_or(0)),
            max_memory: number("maxmemory").unwrap_or(0),
            policy: plain("maxmemory_policy").unwrap_or_default(),
            role: plain("role")?,
            read_only: info(text, "slave_read_only") == Some("1"),
            master: plain("master_host").zip(plain("master_port")).map(|(host, port)| format!("{host}:{port}")),
            replicas: small("min_slaves_good_slaves"),
            replicas_wanted: None,
            saved: info(text, "rdb_last_bgsave_status") != Some("err"),
            appends: info(text, "aof_enabled") == Some("1"),
            appended: info(text, "aof_last_write_status") != Some("err"),
            bind: None,
            protected_mode: None,
            save: None,
            stops_writes: None,
        })
    }

    pub(crate) fn summary(&self) -> Vec<String> {
        let max = self.max_clients.map_or_else(String::new, |max| format!(" of {max}"));
        let limit = if self.max_memory == 0 { "no limit".to_owned() } else { format!("limit {} B", self.max_memory) };
        let mut lines = vec![
            format!("Redis {} at {}: {}, up {} s", self.version, self.endpoint, self.role, self.uptime),
            format!("clients {}{max}; memory {} B, {limit}, {}", self.clients, self.used_memory, self.policy),
            format!(
                "last save {}, append-only file {}",
                if self.saved { "ok" } else { "failed" },
                if self.appends { "on" } else { "off" }
            ),
        ];
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn info_is_read() {
        let text = "# Server\r\nredis_version:7.0.15\r\nrun_id:abc\r\nuptime_in_seconds:5\r\n\r\n# Clients\r\n\
            connected_clients:3\r\nmaxclients:10000\r\n# Memory\r\nused_memory:1024\r\nused_memory_human:1.00K\r\n\
            maxmemory:0\r\nmaxmemory_policy:noeviction\r\n# Replication\r\nrole:slave\r\nmaster_host:10.8.0.9\r\n\
            master_port:6379\r\nslave_read_only:1\r\nmin_slaves_good_slaves:0\r\nrdb_last_bgsave_status:err\r\naof_enabled:0\r\n";
        let endpoint = Endpoint { host: "10.8.0.1".to_owned(), port: 6379 };
        let state = RedisState::read(endpoint.clone(), text).expect("whole");
        assert_eq!((state.clients, state.max_clients, state.used_memory), (3, Some(10000), 1024));
        assert_eq!(state.master.as_deref(), Some("10.8.0.9:6379"));
        assert_eq!(state.replicas, Some(0));
        assert!(state.read_only && !state.saved && state.appended && !state.appends);
        assert!(RedisState::read(endpoint, "# Server\r\nredis_version:7.0.15\r\n").is_none());
    }
}
