//! What the running Redis has otherwise than its files.

use crate::case::Seat;
use crate::check::cause::RedisAsWritten;
use crate::check::{Judged, broken, holds, not_applicable};
use crate::fact::redis::state::RedisState;
use crate::fact::redis::{Directive, RedisConf};

/// The running server has the `bind` and `protected-mode` of its file.
pub(crate) fn redis_as_written(seat: &Seat<'_>) -> Judged<RedisAsWritten> {
    let (state, conf) = (seat.redis_state()?, seat.redis_conf()?);
    if seat.redis_unit().is_ok_and(|unit| unit.at_boot.unloaded.is_some()) {
        return Ok(not_applicable(
            "systemd does not start it with its unit's files as they are; redis-after-boot tells why",
        ));
    }
    let words = |text: &str| {
        let mut words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        words.sort();
        words
    };
    if let Some((name, written, then)) = stops_next(state, conf) {
        let finding = broken(RedisAsWritten::StopsNext).with("name", name).with("written", &written.value);
        return Ok(finding.with("then", then).at(&written.path, written.line).into());
    }
    let others = conf.users.iter().filter(|user| user.value != "default").count();
    if let Some(running) = state.users.filter(|running| *running > others) {
        let finding = broken(RedisAsWritten::UsersOnlyRunning).with("running", running).with("others", others);
        let save = if conf.acl_file.is_some() { "acl save" } else { "config rewrite" };
        let file = conf.acl_file.as_deref().unwrap_or(&conf.path);
        return Ok(finding.with("save", save).with("file", file).into());
    }
    if let Some(rights) = &state.own_rights
        && let (running, written) = rights.apart()
        && !(running.is_empty() && written.is_empty())
    {
        let listed = |rules: Vec<&str>| if rules.is_empty() { "nothing".to_owned() } else { rules.join(" ") };
        let finding = broken(RedisAsWritten::RightsOnlyRunning)
            .with("running", listed(running))
            .with("written", listed(written))
            .with("save", if conf.acl_file.is_some() { "acl save" } else { "config rewrite" });
        return Ok(finding.at(&rights.at.0, rights.at.1).into());
    }
    let limit = |name: &str| conf.limits.get(name);
    let memory = limit("maxmemory").filter(|it| bytes(&it.value).is_some_and(|bytes| bytes != state.max_memory));
    // Where it may open fewer files, it runs with less than its file says, after each start again.
    let clients =
        limit("maxclients").filter(|it| it.value.parse().is_ok_and(|most: u32| Some(most) < state.max_clients));
    let settings = [
        ("bind", conf.bind.as_ref(), state.bind.clone()),
        ("protected-mode", conf.protected_mode.as_ref(), state.protected_mode.clone()),
        ("maxmemory", memory, Some(state.max_memory.to_string())),
        ("maxmemory-policy", limit("maxmemory-policy"), Some(state.policy.clone())),
        ("maxclients", clients, state.max_clients.map(|it| it.to_string())),
    ];
    let found = settings.into_iter().find_map(|(name, written, running)| {
        let (written, running) = (written?, running?);
        (words(&written.value) != words(&running)).then_some((name, written, running))
    });
    let Some((name, written, running)) = found else { return Ok(holds()) };
    let started = seat.taken_at().saturating_sub(state.uptime);
    let cause = if conf.changed_at > started { RedisAsWritten::NotRestarted } else { RedisAsWritten::OnlyRunning };
    let finding = broken(cause).with("name", name).with("written", &written.value).with("running", running);
    Ok(match written.line {
        // In the command of a container.
        0 => finding.with("place", &written.path).with("file", "").with("line", ""),
        line => finding.at(&written.path, line),
    }
    .into())
}

/// A line of its file that is not in force yet, and with which it takes no writes from its next start on.
fn stops_next<'a>(state: &RedisState, conf: &'a RedisConf) -> Option<(&'static str, &'a Directive, String)> {
    let replicas = conf.min_replicas.as_ref().filter(|_| state.replicas.is_none());
    let replicas = replicas.filter(|it| it.value.parse().is_ok_and(|wanted: u32| wanted > 0));
    let refuses =
        |it: &Directive| format!("it refuses all writes while fewer than {} replicas are connected", it.value);
    let copies = conf.copies.as_ref().filter(|_| state.master.is_none());
    let cluster = conf.cluster.as_ref().filter(|_| !state.cluster);
    let found = replicas.map(|it| ("min-replicas-to-write", it, refuses(it)));
    let found =
        found.or_else(|| copies.map(|it| ("replicaof", it, "it is a read-only copy of that server".to_owned())));
    let found = found.or_else(|| cluster.map(|it| ("cluster-enabled", it, "it is a node of a cluster".to_owned())));
    found.filter(|(_, it, _)| !it.argument)
}

/// A size as redis.conf has it: `4mb` are 4 * 1024 * 1024 bytes, `4m` 4 million (the head of Debian's redis.conf).
fn bytes(written: &str) -> Option<u64> {
    let written = written.to_ascii_lowercase();
    let digits = written.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit: u64 = match written.strip_prefix(digits)? {
        "" | "b" => 1,
        "k" => 1000,
        "kb" => 1 << 10,
        "m" => 1_000_000,
        "mb" => 1 << 20,
        "g" => 1_000_000_000,
        "gb" => 1 << 30,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(unit)
}
