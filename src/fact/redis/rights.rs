//! What a worker needs to do in Redis, and what the server or the URL's user keeps it from.
//!
//! The list is what Celery 5.3 with kombu 5.3 and redis-py 5.0 sent, as `MONITOR` showed it: a worker that starts, meets
//! nobody, takes a task, stores its result, and one whose task fails; a web app that sends one and waits for its result.

use serde::{Deserialize, Serialize};

use crate::fact::Presence;

/// One command as a worker or the web app sends it, with keys and channels of the kinds that it uses.
pub const NEEDED: [&[&str]; 23] = [
    &["brpop", "{queue}", "1"],
    &["lpush", "celery@worker.celery.pidbox", "x"],
    &["llen", "{queue}"],
    &["del", "celery@worker.celery.pidbox"],
    &["sadd", "_kombu.binding.{queue}", "x"],
    &["smembers", "_kombu.binding.celery.pidbox"],
    &["srem", "_kombu.binding.celeryev", "x"],
    &["hset", "unacked", "x", "x"],
    &["hdel", "unacked", "x"],
    &["zadd", "unacked_index", "1", "x"],
    &["zrem", "unacked_index", "x"],
    &["zrevrangebyscore", "unacked_index", "1", "0"],
    &["set", "unacked_mutex", "x"],
    &["get", "celery-task-meta-x"],
    &["setex", "celery-task-meta-x", "1", "x"],
    &["publish", "celery-task-meta-x", "x"],
    &["publish", "/{db}.celeryev/worker.heartbeat", "x"],
    &["psubscribe", "/{db}.celery.pidbox"],
    &["subscribe", "celery-task-meta-x"],
    &["unsubscribe", "celery-task-meta-x"],
    &["multi"],
    &["exec"],
    &["ping"],
];

/// What is in a worker's way.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Rights {
    /// Commands that the server does not know: `rename-command` took them away.
    pub gone: Vec<String>,
    /// Commands that the URL's user may not run.
    pub barred: Vec<String>,
    /// Keys that the URL's user may not use.
    pub keys: Vec<String>,
    /// Channels that the URL's user may not use.
    pub channels: Vec<String>,
    /// Whether the URL names a user; else it is `default`.
    pub named: Option<Presence>,
}

impl Rights {
    /// A command of the list that the server does not know.
    pub fn is_gone(&mut self, command: &str) {
        note(&mut self.gone, command);
    }

    /// A channel of the list that the user may not use, by the server's refusal to a `SUBSCRIBE`.
    pub fn is_shut(&mut self, channel: &str) {
        note(&mut self.channels, channel);
    }

    /// What the user may not, in words.
    pub fn lack(&self) -> Option<String> {
        let list = |kind: &str, names: &[String]| (!names.is_empty()).then(|| format!("{kind} {}", names.join(", ")));
        let parts =
            [list("run", &self.barred), list("use the keys", &self.keys), list("use the channels", &self.channels)];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        (!parts.is_empty()).then(|| parts.join("; "))
    }

    /// What to give it: the rules of `ACL SETUSER`.
    pub fn grant(&self) -> String {
        let mut rules: Vec<String> = self.barred.iter().map(|command| format!("+{command}")).collect();
        if !self.keys.is_empty() {
            rules.push("'~*'".to_owned());
        }
        if !self.channels.is_empty() {
            rules.push("'&*'".to_owned());
        }
        rules.join(" ")
    }

    pub(crate) fn summary(&self) -> Vec<String> {
        let gone = (!self.gone.is_empty()).then(|| format!("the server does not know {}", self.gone.join(", ")));
        gone.into_iter().chain(self.lack().map(|lack| format!("the URL's user may not {lack}"))).collect()
    }
}

pub(crate) fn note(list: &mut Vec<String>, name: &str) {
    if !list.iter().any(|known| known == name) {
        list.push(name.to_owned());
    }
}
