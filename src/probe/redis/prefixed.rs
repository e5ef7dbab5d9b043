//! Queues under a prefix (kombu's `global_keyprefix`): who sends there and who takes elsewhere never meet. Only names of keys
//! and lengths of lists are asked for.

use std::collections::BTreeSet;

use redis::Pipeline;
use redis::aio::MultiplexedConnection;

use super::celery::BINDING;
use crate::fact::celery::Prefixed;
use crate::read::celery;

/// So many times the keys are asked for, about 500 at a time.
const ROUNDS: usize = 20;

/// So many prefixes are looked at.
const PREFIXES: usize = 3;

/// Queues under a prefix, by what leads to them. None where the user may not list the keys.
pub(super) async fn prefixed(connection: &mut MultiplexedConnection, queues: &[&str]) -> Option<Vec<Prefixed>> {
    let mut found: BTreeSet<String> = BTreeSet::new();
    let mut cursor = 0_u64;
    for _ in 0..ROUNDS {
        let mut scan = redis::cmd("SCAN");
        scan.arg(cursor).arg("MATCH").arg(format!("?*{BINDING}*")).arg("COUNT").arg(500);
        let (next, keys): (u64, Vec<String>) = scan.query_async(connection).await.ok()?;
        let prefix = |key: &String| Some(key.split_once(BINDING)?.0.to_owned());
        found.extend(keys.iter().filter_map(prefix).filter(|prefix| prefix.len() <= 64));
        cursor = next;
        if cursor == 0 {
            break;
        }
    }
    let mut all = Vec::new();
    for prefix in found.into_iter().take(PREFIXES) {
        let mut asked = Pipeline::new();
        asked.cmd("EXISTS").arg(format!("{prefix}{BINDING}celery.pidbox"));
        for &queue in queues {
            asked.cmd("LLEN").arg(format!("{prefix}{queue}"));
        }
        let told: Vec<u64> = asked.query_async(connection).await.ok()?;
        let (listens, lengths) = told.split_first()?;
        let waits = queues.iter().zip(lengths).find(|(_, length)| **length > 0);
        let task = match waits {
            Some((queue, _)) => oldest(connection, &format!("{prefix}{queue}")).await,
            None => None,
        };
        let prefix = prefix.chars().filter(|c| !c.is_control()).collect();
        all.push(Prefixed { prefix, waiting: lengths.iter().sum(), listens: *listens > 0, task });
    }
    Some(all)
}

/// The name of the task that waits longest in a list.
async fn oldest(connection: &mut MultiplexedConnection, list: &str) -> Option<String> {
    let message: Option<String> = redis::cmd("LINDEX").arg(list).arg(-1).query_async(connection).await.ok()?;
    Some(celery::oldest(&message?)?.task)
}
