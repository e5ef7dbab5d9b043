//! What kombu keeps beside its queues: the tasks that a worker has and has not acknowledged.

use std::time::Duration;

use redis::RedisError;
use redis::aio::MultiplexedConnection;

use super::celery::{BINDING, PRIORITIES};
use crate::fact::celery::Foreign;

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
