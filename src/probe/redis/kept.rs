//! What kombu keeps in its queues, and beside them: the tasks that a worker has and has not acknowledged.

use std::collections::BTreeMap;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{Pipeline, RedisError, Value};

use super::celery::{BINDING, PRIORITIES};
use crate::fact::celery::{Foreign, Oldest};
use crate::read::celery;

/// kombu notes when it gave a task to a worker, in seconds since the epoch (kombu/transport/redis.py: `append`).
pub(super) async fn held(connection: &mut MultiplexedConnection) -> Option<u64> {
    let first: Result<Vec<(String, f64)>, RedisError> =
        redis::cmd("ZRANGE").arg("unacked_index").arg(0).arg(0).arg("WITHSCORES").query_async(connection).await;
    let time: Result<(u64, u64), RedisError> = redis::cmd("TIME").query_async(connection).await;
    let (_, taken) = first.ok()?.into_iter().next()?;
    let taken = Duration::try_from_secs_f64(taken).ok()?;
    Some(time.ok()?.0.saturating_sub(taken.as_secs()))
}

/// The first of Celery's names that has another type of value in it.
pub(super) async fn foreign(connection: &mut MultiplexedConnection, queues: &[&str]) -> Option<Foreign> {
    let lists = queues.iter().flat_map(|queue| PRIORITIES.map(|priority| (format!("{queue}{priority}"), "list")));
    let bindings = queues.iter().map(|queue| (format!("{BINDING}{queue}"), "set"));
    let others = [("unacked".to_owned(), "hash"), ("unacked_index".to_owned(), "zset")];
    for (queue, wanted) in lists.chain(bindings).chain(others) {
        let kind: String = redis::cmd("TYPE").arg(&queue).query_async(connection).await.ok()?;
        if kind != wanted && kind != "none" {
            let queue = queue.chars().filter(|c| !c.is_control()).collect();
            return Some(Foreign { queue, kind, wanted: wanted.to_owned() });
        }
    }
    None
}

/// The oldest task of each queue, and the queues with something at an end that is no task. Producers push at the head
/// (`LPUSH`), consumers pop the tail.
pub(super) async fn ends(
    connection: &mut MultiplexedConnection,
    queues: &[&str],
) -> (BTreeMap<String, Oldest>, Vec<String>) {
    let mut asked = Pipeline::new();
    for queue in queues {
        asked.ignore_errors().cmd("LINDEX").arg(queue).arg(-1).cmd("LINDEX").arg(queue).arg(0);
    }
    let replies: Result<Vec<Result<Value, RedisError>>, RedisError> = asked.query_async(connection).await;
    let (mut found, mut strange) = (BTreeMap::new(), Vec::new());
    for (queue, ends) in queues.iter().zip(replies.unwrap_or_default().chunks(2)) {
        let bytes = |end: &'_ Value| if let Value::BulkString(bytes) = end { Some(bytes.clone()) } else { None };
        let entries: Vec<Vec<u8>> = ends.iter().flatten().filter_map(bytes).collect();
        if entries.iter().any(|entry| !celery::is_message(entry)) {
            strange.push((*queue).to_owned());
        }
        let text = entries.first().and_then(|entry| std::str::from_utf8(entry).ok());
        if let Some(oldest) = text.and_then(celery::oldest) {
            found.insert((*queue).to_owned(), oldest);
        }
    }
    (found, strange)
}
