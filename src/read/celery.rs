//! What Redis and Celery write → what we keep of it.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;

use crate::fact::celery::{Beat, Consumer, Oldest};

/// A client of `CLIENT LIST`: `id=3 addr=10.8.0.2:41778 … flags=b db=0 … psub=0 … cmd=brpop …`.
struct Client {
    from: IpAddr,
    database: u32,
    idle: u64,
    age: u64,
    blocked: bool,
    listens: bool,
    command: String,
}

fn client(line: &str) -> Option<Client> {
    let field = |name: &str| line.split(' ').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    Some(Client {
        from: field("addr")?.parse::<SocketAddr>().ok()?.ip().to_canonical(),
        database: field("db")?.parse().ok()?,
        idle: field("idle")?.parse().ok()?,
        age: field("age")?.parse().ok()?,
        blocked: field("flags")?.contains('b'),
        listens: field("psub").or_else(|| field("sub")).is_some_and(|count| count != "0"),
        command: field("cmd")?.to_owned(),
    })
}

/// The workers in `CLIENT LIST`. A worker is a `BRPOP` from an address that also has a pattern subscribed, as kombu's
/// remote control has; a `BRPOP` alone may be anybody's. (After `BRPOP` ran out, the client is still listed with it.)
pub fn consumers(list: &str) -> Vec<Consumer> {
    let clients: Vec<Client> = list.lines().filter_map(client).collect();
    // By address: for how long all its connections have been quiet, and whether one of them listens.
    let mut hosts: BTreeMap<IpAddr, (u64, bool)> = BTreeMap::new();
    for it in &clients {
        let (quiet, listens) = hosts.entry(it.from).or_insert((it.idle, false));
        (*quiet, *listens) = (it.idle.min(*quiet), it.listens || *listens);
    }
    let worker = |it: &Client| {
        let (quiet, listens) = *hosts.get(&it.from)?;
        let consumer = Consumer { from: it.from, database: it.database, waits: it.blocked, quiet };
        (listens && it.command == "brpop").then_some(consumer)
    };
    clients.iter().filter_map(worker).collect()
}

/// For how many seconds the youngest connection that has a pattern subscribed has been there: a worker makes one when
/// it connects.
pub fn joined(list: &str) -> Option<u64> {
    list.lines().filter_map(client).filter(|it| it.listens).map(|it| it.age).min()
}

/// Commands that Celery and Flask-Limiter send and that never wait by themselves.
const PROMPT: [&str; 18] = [
    "publish", "lpush", "rpush", "exec", "set", "setex", "del", "sadd", "srem", "hset", "hdel", "zadd", "zrem", "incr",
    "incrby", "expire", "eval", "evalsha",
];

/// For how many seconds the longest of them has been waiting, if any does: `flags=b` is said of a client that waits.
pub fn held_back(list: &str) -> Option<u64> {
    let clients = list.lines().filter_map(client);
    clients.filter(|it| it.blocked && PROMPT.contains(&it.command.as_str())).map(|it| it.idle).max()
}

/// A name of a worker, a task or a sender is kept if it is one: it could hold anything.
fn plain(text: &str) -> Option<String> {
    let good = !text.is_empty()
        && text.len() <= 128
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "_.-@%$".contains(c));
    good.then(|| text.to_owned())
}

#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    body: String,
    #[serde(default)]
    headers: Headers,
}

#[derive(Deserialize, Default)]
struct Headers {
    #[serde(default)]
    task: String,
    #[serde(default)]
    origin: String,
}

/// The headers of a waiting task; its body, which holds the arguments, is not looked into.
pub fn oldest(message: &str) -> Option<Oldest> {
    let headers = serde_json::from_str::<Message>(message).ok()?.headers;
    Some(Oldest { task: plain(&headers.task)?, origin: plain(&headers.origin).unwrap_or_default() })
}

/// Whether an entry of a queue is a message as kombu makes it: an object of JSON that has `properties`, with the tag by which
/// it is delivered (kombu/transport/virtual/base.py). A worker ends with an error over anything else.
pub fn is_message(entry: &[u8]) -> bool {
    let read = serde_json::from_slice::<serde_json::Value>(entry);
    read.is_ok_and(|it| it.pointer("/properties/delivery_tag").is_some())
}

/// A message of the channel `celeryev/worker.heartbeat`.
pub fn beat(message: &str) -> Option<Beat> {
    #[derive(Deserialize)]
    struct Body {
        hostname: String,
        pid: u32,
        sw_ver: String,
        #[serde(default)]
        active: u32,
    }
    let message: Message = serde_json::from_str(message).ok()?;
    let body = BASE64_STANDARD.decode(message.body).ok()?;
    let body: Body = serde_json::from_slice(&body).ok()?;
    Some(Beat { name: plain(&body.hostname)?, pid: body.pid, version: plain(&body.sw_ver)?, active: body.active })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workers_are_told_from_others() {
        let list = "id=3 addr=10.8.0.2:41778 laddr=10.8.0.1:6379 name= age=9 idle=0 flags=b db=0 sub=0 psub=0 cmd=brpop user=default\n\
            id=4 addr=10.8.0.2:41782 laddr=10.8.0.1:6379 name= age=9 idle=1 flags=P db=0 sub=0 psub=1 cmd=psubscribe user=default\n\
            id=5 addr=127.0.0.1:1 laddr=127.0.0.1:6379 name= age=9 idle=7 flags=b db=0 sub=0 psub=0 cmd=brpop user=default\n\
            id=6 addr=[fd00::2]:5 laddr=[fd00::1]:6379 name= age=9 idle=40 flags=N db=1 sub=0 psub=0 cmd=brpop user=default\n\
            id=7 addr=[fd00::2]:6 laddr=[fd00::1]:6379 name= age=9 idle=41 flags=P db=1 sub=0 psub=2 cmd=psubscribe user=default\n\
            id=8 addr=/run/redis.sock:0 name= age=3 idle=41 flags=N db=1 psub=2 cmd=get\n";
        let found = consumers(list);
        assert_eq!((found.len(), joined(list)), (2, Some(9)));
        assert_eq!((found[0].database, found[0].waits, found[0].quiet), (0, true, 0));
        assert_eq!(held_back(list), None);
        let held = list.replace("flags=N db=1 sub=0 psub=0 cmd=brpop", "flags=b db=1 sub=0 psub=0 cmd=publish");
        assert_eq!(held_back(&held), Some(40));
        assert_eq!((found[1].database, found[1].waits, found[1].quiet), (1, false, 40));
    }

    #[test]
    fn a_heartbeat_is_read_and_a_task_keeps_its_arguments() {
        let body = BASE64_STANDARD.encode(
            r#"{"hostname": "celery@gpu", "utcoffset": 0, "pid": 7, "clock": 3, "freq": 2.0, "active": 1, "processed": 2, "sw_ver": "5.3.4"}"#,
        );
        let seen = beat(&format!(r#"{{"body": "{body}", "headers": {{"hostname": "celery@gpu"}}}}"#)).expect("a beat");
        assert_eq!((seen.name.as_str(), seen.pid, seen.version.as_str(), seen.active), ("celery@gpu", 7, "5.3.4", 1));
        let task = r#"{"body": "c2VjcmV0", "headers": {"task": "app.tasks.compile", "id": "1", "origin": "gen7@web"}}"#;
        let oldest = oldest(task).expect("headers");
        assert_eq!((oldest.task.as_str(), oldest.origin.as_str()), ("app.tasks.compile", "gen7@web"));
        assert!(beat("nothing").is_none() && super::oldest("{}").is_none());
        for (entry, is) in [
            (r#"{"body": "", "headers": {}, "properties": {"delivery_tag": "x"}}"#, true),
            (r#"{"body": "", "headers": {}}"#, false),
            ("resize:image:17", false),
            ("17", false),
            ("\u{80}", false),
        ] {
            assert_eq!(is_message(entry.as_bytes()), is, "{entry}");
        }
    }
}
