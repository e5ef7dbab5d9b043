//! What the running Redis lets the app do, and what it will be after a restart.

use crate::case::Seat;
use crate::case::owner::Owner;
use crate::check::cause::{RedisAfterBoot, RedisCanWrite, RedisOneServer, RedisPasswordSet, RedisPersists, RedisRoom};
use crate::check::{Judged, broken, holds, not_applicable};
use crate::fact::Service;
use crate::fact::celery::Celery;
use crate::fact::redis::{Directive, RedisSaid};
use crate::judge::boot::{self, Start};
use crate::judge::contained;

/// Of what Redis has, so many in a hundred may be taken.
const FULL: u64 = 90;

/// It accepts writes.
pub(crate) fn redis_can_write(seat: &Seat<'_>) -> Judged<RedisCanWrite> {
    // Told before what needs rights, or a Redis that answers, to be seen.
    if let Some(disk) = seat.redis_conf().ok().and_then(|conf| conf.disk.as_ref()) {
        let finding = broken(RedisCanWrite::DiskShut).with("folder", &disk.path);
        return Ok(finding.with("why", disk.words()).into());
    }
    if !seat.runs(Service::Redis) {
        return Ok(not_applicable("nothing listens on the port of Redis"));
    }
    if let Some(held) = seat.celery().ok().and_then(Celery::held_back) {
        return Ok(broken(RedisCanWrite::Paused).with("seconds", held).into());
    }
    let state = seat.redis_state()?;
    if state.cluster {
        let place = seat.redis_conf().ok().and_then(|conf| conf.cluster.as_ref());
        let finding = broken(RedisCanWrite::Cluster).with("endpoint", &state.endpoint);
        return Ok(match place {
            Some(it) if !it.argument => finding.at(&it.path, it.line),
            Some(_) | None => finding.with("place", "in force").with("file", "").with("line", ""),
        }
        .into());
    }
    if state.role != "master" && state.read_only {
        let master = state.master.as_deref().unwrap_or("another Redis");
        return Ok(broken(RedisCanWrite::Replica).with("master", master).into());
    }
    if let Some((good, wanted)) = state.replicas.zip(state.replicas_wanted)
        && good < wanted
    {
        let finding = broken(RedisCanWrite::TooFewReplicas).with("good", good).with("wanted", wanted);
        let place = seat.redis_conf().ok().and_then(|conf| conf.min_replicas.as_ref());
        return Ok(match place.filter(|it| !it.argument && it.value.parse() == Ok(wanted)) {
            Some(it) => finding.at(&it.path, it.line),
            None => finding.with("place", "in force").with("file", "").with("line", ""),
        }
        .into());
    }
    let stops = state.stops_writes.as_deref() != Some("no") && state.save.as_deref() != Some("");
    if (!state.saved && stops) || (state.appends && !state.appended) {
        // The folder of its data, as its file says.
        let dump = seat.redis_conf().ok().and_then(|conf| conf.dump.as_ref());
        let folder = dump.and_then(|path| path.rsplit_once('/')).map_or("/var/lib/redis", |(folder, _)| folder);
        let words = state.save_error.as_ref().map(|said| format!("; its log says: {}", said.told()));
        return Ok(broken(RedisCanWrite::CannotSave)
            .with("folder", folder)
            .with("words", words.unwrap_or_default())
            .into());
    }
    if state.max_memory > 0 && state.used_memory > state.max_memory && state.policy == "noeviction" {
        return Ok(broken(RedisCanWrite::MemoryFull)
            .with("used", state.used_memory)
            .with("limit", state.max_memory)
            .into());
    }
    Ok(holds())
}

/// A task or a result may well have so many bytes.
const MESSAGE: u64 = 1 << 20;

/// There are connections and memory left.
pub(crate) fn redis_room(seat: &Seat<'_>) -> Judged<RedisRoom> {
    let state = seat.redis_state()?;
    if let Some(max) = state.max_clients
        && u64::from(state.clients) * 100 >= u64::from(max) * FULL
    {
        return Ok(broken(RedisRoom::Clients).with("used", state.clients).with("limit", max).into());
    }
    if state.max_memory > 0 && state.policy == "noeviction" && state.used_memory * 100 >= state.max_memory * FULL {
        return Ok(broken(RedisRoom::Memory).with("used", state.used_memory).with("limit", state.max_memory).into());
    }
    // A waiting task is a key without a time to live: only these policies throw it away.
    if state.evicted > 0 && state.policy.starts_with("allkeys-") {
        return Ok(broken(RedisRoom::Evicts).with("policy", &state.policy).with("count", state.evicted).into());
    }
    if let Some(limit) = state.buffer_limit.filter(|limit| *limit < MESSAGE) {
        return Ok(broken(RedisRoom::BufferLimit).with("limit", limit).into());
    }
    if state.flushes > 0 {
        let count = if state.flushes == 1 { "once".to_owned() } else { format!("{} times", state.flushes) };
        return Ok(broken(RedisRoom::Flushed).with("count", count).with("hours", state.uptime.div_ceil(3600)).into());
    }
    Ok(holds())
}

/// What it holds outlives a restart.
pub(crate) fn redis_persists(seat: &Seat<'_>) -> Judged<RedisPersists> {
    let state = seat.redis_state()?;
    let conf = seat.redis_conf().ok();
    if state.appends {
        return Ok(holds());
    }
    let written = conf.and_then(|conf| conf.save.as_ref());
    let off = match &state.save {
        Some(save) => save.is_empty(),
        None => written.is_some_and(|save| save.value.is_empty()),
    };
    if !off {
        return Ok(holds());
    }
    let finding = broken(RedisPersists::NothingSaved);
    Ok(match written {
        Some(save) => finding.at(&save.path, save.line),
        None => finding.with("place", conf.map_or("redis.conf", |conf| &conf.path)),
    }
    .into())
}

/// One Redis has the port, whichever of this machine's addresses is asked.
pub(crate) fn redis_one_server(seat: &Seat<'_>) -> Judged<RedisOneServer> {
    let state = seat.redis_state()?;
    Ok(match &state.loopback_run_id {
        None => not_applicable("nothing answers on loopback"),
        Some(other) if *other == state.run_id => holds(),
        Some(_) => broken(RedisOneServer::TwoServers)
            .with("endpoint", &state.endpoint)
            .with("port", state.endpoint.port)
            .into(),
    })
}

/// Who reaches it from elsewhere must know a password.
pub(crate) fn redis_password_set(seat: &Seat<'_>) -> Judged<RedisPasswordSet> {
    let port = seat.addresses().redis_port.value;
    if !seat.listeners()?.on(port).any(|listener| !listener.address.ip().is_loopback()) {
        return Ok(not_applicable("Redis listens only on loopback"));
    }
    let (asked, file) = match (seat.redis_conf(), asks_for_password(seat)) {
        (Ok(conf), _) if conf.container.is_none() => (conf.password.is_present(), conf.path.as_str()),
        // What it asks for itself is surer than what a command may have left to a shell.
        (conf, Some(asks)) => (asks, conf.map_or(ITS_FILE, |conf| conf.path.as_str())),
        (Ok(conf), None) => (conf.password.is_present(), conf.path.as_str()),
        (Err(why), None) => return Err(why),
    };
    let file = if file.starts_with('/') || file.contains(":/") { file } else { ITS_FILE };
    Ok(if asked { holds() } else { broken(RedisPasswordSet::Open).with("file", file).into() })
}

/// Where its settings are, if nobody knows the file.
const ITS_FILE: &str = "its configuration";

/// Whether Redis asks those for a password who have none, as far as its answer to the web app's URL shows that.
fn asks_for_password(seat: &Seat<'_>) -> Option<bool> {
    let outcome = seat.redis().ok()?;
    if matches!(outcome.said, RedisSaid::NoAuth | RedisSaid::Locked) {
        return Some(true);
    }
    if outcome.said != RedisSaid::Pong {
        return None;
    }
    if !outcome.password.is_present() {
        return Some(false);
    }
    // A user of its own says nothing about the default one; Redis refuses a password where it has none.
    let env = seat.env().ok()?;
    env.broker().into_url().filter(|url| !url.user.is_present()).map(|_| true)
}

/// After the next boot it runs, and listens where it does now.
pub(crate) fn redis_after_boot(seat: &Seat<'_>) -> Judged<RedisAfterBoot> {
    if let Owner::Container(container) = seat.owner(Service::Redis)
        && container.runs()
    {
        return contained::after_boot(seat, Service::Redis, container).map(|verdict| verdict.map(Into::into));
    }
    let unit = seat.redis_unit()?;
    if !unit.known {
        return Ok(not_applicable("Redis is not a systemd unit here"));
    }
    // It runs in a container, or was started by hand: that unit's start says nothing of it.
    if unit.active != "active" && unit.starting.is_none() {
        return Ok(not_applicable("the running Redis was not started by its unit"));
    }
    if let Some(refused) = boot::refused(&unit.name, &unit.at_boot) {
        return Ok(refused.map(Into::into).into());
    }
    boot::told(&unit.name, &unit.at_boot)?;
    if !boot::starts(unit) {
        return Ok(broken(RedisAfterBoot::NotEnabled).with("unit", &unit.name).with("why", boot::why_not(unit)).into());
    }
    // A circle with the tunnel's unit in it is told there.
    let tunnel = seat.wireguard_unit().map_or("", |unit| unit.name.as_str());
    if let Some(circle) = boot::circle(seat, unit).filter(|units| !units.iter().any(|name| name == tunnel)) {
        return Ok(broken(RedisAfterBoot::Circle)
            .with("circle", circle.join(" after "))
            .with("unit", &unit.name)
            .into());
    }
    let conf = seat.redis_conf()?;
    let server = seat.meets(Service::Redis).0.to_string();
    // All addresses (`*`) can be had before the tunnel is there.
    let named = |bind: &&Directive| bind.value.split_whitespace().any(|word| word.trim_start_matches('-') == server);
    let Some(bind) = conf.bind.as_ref().filter(named) else { return Ok(holds()) };
    match boot::start(seat, unit)? {
        Start::AfterTunnel => Ok(holds()),
        Start::Open(why) => Ok(not_applicable(why)),
        Start::BeforeTunnel => {
            Ok(broken(RedisAfterBoot::BeforeTunnel).with("unit", &unit.name).at(&bind.path, bind.line).into())
        }
    }
}
