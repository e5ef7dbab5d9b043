//! What Redis answers to `INFO`.

use crate::fact::dial::Endpoint;
use crate::fact::redis::RedisIdentity;
use crate::fact::redis::state::RedisState;

/// The value of a line of `INFO`.
pub fn line<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim_end)
}

/// Reads `INFO server`.
pub fn identity(text: &str) -> Option<RedisIdentity> {
    let run_id = line(text, "run_id").filter(|id| id.len() == 40 && id.chars().all(|c| c.is_ascii_hexdigit()))?;
    Some(RedisIdentity { run_id: run_id.to_owned(), uptime: line(text, "uptime_in_seconds")?.parse().ok()? })
}

/// How often one of these commands was run, by `INFO commandstats` (`cmdstat_flushdb:calls=2,usec=…`).
pub fn calls(text: &str, commands: &[&str]) -> u64 {
    let of = |command: &&str| {
        let told = line(text, &format!("cmdstat_{command}"))?;
        told.split(',').find_map(|part| part.strip_prefix("calls="))?.parse::<u64>().ok()
    };
    commands.iter().filter_map(of).sum()
}

/// Reads `INFO`; none if it lacks what every version has. The settings are added by whoever asked for them.
pub fn state(endpoint: Endpoint, text: &str) -> Option<RedisState> {
    let number = |name: &str| line(text, name)?.parse::<u64>().ok();
    let small = |name: &str| line(text, name)?.parse::<u32>().ok();
    let plain = |name: &str| {
        let value = line(text, name)?;
        let good = value.len() <= 64 && value.chars().all(|c| c.is_ascii_alphanumeric() || "_.-:".contains(c));
        good.then(|| value.to_owned())
    };
    Some(RedisState {
        endpoint,
        version: plain("redis_version")?,
        run_id: plain("run_id")?,
        config_file: line(text, "config_file").filter(|path| is_path(path)).map(str::to_owned),
        loopback_run_id: None,
        loading: (line(text, "loading") == Some("1")).then(|| number("loading_eta_seconds").unwrap_or(0)),
        uptime: number("uptime_in_seconds")?,
        clients: small("connected_clients")?,
        max_clients: small("maxclients"),
        used_memory: number("used_memory")?.saturating_sub(number("mem_not_counted_for_evict").unwrap_or(0)),
        max_memory: number("maxmemory").unwrap_or(0),
        policy: plain("maxmemory_policy").unwrap_or_default(),
        evicted: number("evicted_keys").unwrap_or(0),
        cluster: line(text, "redis_mode") == Some("cluster"),
        role: plain("role")?,
        read_only: line(text, "slave_read_only") == Some("1"),
        master: plain("master_host").zip(plain("master_port")).map(|(host, port)| format!("{host}:{port}")),
        replicas: small("min_slaves_good_slaves"),
        replicas_wanted: None,
        saved: line(text, "rdb_last_bgsave_status") != Some("err"),
        appends: line(text, "aof_enabled") == Some("1"),
        appended: line(text, "aof_last_write_status") != Some("err"),
        bind: None,
        protected_mode: None,
        save: None,
        stops_writes: None,
        flushes: 0,
        buffer_limit: None,
        users: None,
        own_rights: None,
        save_error: None,
        refused: Vec::new(),
    })
}

/// Of `client-output-buffer-limit` (`normal 0 0 0 slave 268435456 67108864 60 pubsub …`): the smaller of the two limits of normal
/// clients that are set; none where none is.
pub fn buffer_limit(setting: &str) -> Option<u64> {
    let words: Vec<&str> = setting.split_whitespace().collect();
    let normal = words.chunks(4).find(|of| of.first() == Some(&"normal"))?;
    normal.iter().skip(1).take(2).filter_map(|bytes| bytes.parse().ok()).filter(|bytes| *bytes > 0).min()
}

/// An absolute path of plain characters.
fn is_path(text: &str) -> bool {
    text.starts_with('/') && text.len() <= 255 && text.chars().all(|c| c.is_ascii_alphanumeric() || "/_.-@".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_of_normal_clients_is_the_smaller_one() {
        assert_eq!(buffer_limit("normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60"), None);
        assert_eq!(buffer_limit("slave 1 1 1 normal 100000 50000 10"), Some(50_000));
        assert_eq!(buffer_limit("normal 1 0 0"), Some(1));
    }

    #[test]
    fn info_is_read() {
        let text = "# Server\r\nredis_version:7.0.15\r\nrun_id:abc\r\nuptime_in_seconds:5\r\n\r\n# Clients\r\n\
            connected_clients:3\r\nmaxclients:10000\r\n# Memory\r\nused_memory:1024\r\nused_memory_human:1.00K\r\n\
            maxmemory:0\r\nmaxmemory_policy:noeviction\r\n# Replication\r\nrole:slave\r\nmaster_host:10.8.0.9\r\n\
            master_port:6379\r\nslave_read_only:1\r\nmin_slaves_good_slaves:0\r\nrdb_last_bgsave_status:err\r\naof_enabled:0\r\n";
        let endpoint = Endpoint { host: "10.8.0.1".to_owned(), port: 6379 };
        let state = super::state(endpoint.clone(), text).expect("whole");
        assert_eq!((state.clients, state.max_clients, state.used_memory), (3, Some(10000), 1024));
        assert_eq!(state.master.as_deref(), Some("10.8.0.9:6379"));
        assert_eq!(state.replicas, Some(0));
        assert!(state.read_only && !state.saved && state.appended && !state.appends);
        assert!(super::state(endpoint, "# Server\r\nredis_version:7.0.15\r\n").is_none());
    }
}
