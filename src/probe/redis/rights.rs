//! Asks which of the commands that a worker sends the server knows and the URL's user may run. `COMMAND INFO` and `ACL DRYRUN`
//! run none of them; who may not ask the latter is asked at least for a channel.

use redis::aio::MultiplexedConnection;
use redis::{Pipeline, RedisError, Value};
use secrecy::ExposeSecret;

use super::{Login, Pace, Wire, auth, open};
use crate::fact::Presence;
use crate::fact::redis::rights::{NEEDED, Rights};
use crate::read::redis_reply;

type Reply = Result<Value, RedisError>;

/// None where nothing of them can be asked.
pub(super) async fn asked(wire: Box<dyn Wire>, pace: Pace, login: Option<&Login>, queue: &str) -> Option<Rights> {
    let (mut connection, driver) = open(wire, pace).await.ok()?;
    tokio::select! {
        rights = ask(&mut connection, login, queue) => rights,
        () = driver => None,
    }
}

async fn ask(connection: &mut MultiplexedConnection, login: Option<&Login>, queue: &str) -> Option<Rights> {
    if let Some(login) = login {
        auth(connection, login).await.ok()?;
    }
    let database = login.map_or(0, |login| login.url.redis_index()).to_string();
    let user = login.and_then(|login| login.user.as_ref()).map_or("default", |user| user.expose_secret());
    let filled = |word: &&str| word.replace("{db}", &database).replace("{queue}", queue);
    let wanted: Vec<Vec<String>> = NEEDED.iter().map(|words| words.iter().map(filled).collect()).collect();
    let names: Vec<&str> = wanted.iter().map(|words| words[0].as_str()).collect();

    // All at once: it costs no time on the way.
    let mut asked = Pipeline::new();
    asked.ignore_errors().cmd("COMMAND").arg("INFO").arg(&names);
    for words in &wanted {
        asked.cmd("ACL").arg("DRYRUN").arg(user).arg(words);
    }
    let replies: Result<Vec<Reply>, RedisError> = asked.query_async(connection).await;
    let mut replies = replies.unwrap_or_default().into_iter();

    let mut rights =
        Rights { named: Some(Presence::of(login.is_some_and(|login| login.user.is_some()))), ..Rights::default() };
    let known = known(replies.next(), names.len());
    for (name, known) in names.iter().zip(known.iter().flatten()) {
        if !known {
            rights.is_gone(name);
        }
    }
    let mut told = false;
    for (words, reply) in wanted.iter().zip(replies) {
        let said = reply.ok().and_then(|value| redis::from_redis_value::<String>(value).ok());
        told |= said.is_some();
        redis_reply::dry_run(&mut rights, words, said.as_deref().unwrap_or(""));
    }
    if !told && login.is_some() {
        told = channel(connection, &format!("/{database}.celeryev/worker.heartbeat"), &mut rights).await;
    }
    (told || known.is_some()).then_some(rights)
}

/// Which of the commands the server knows, in their order. An unknown one is nil.
fn known(reply: Option<Reply>, count: usize) -> Option<Vec<bool>> {
    let Value::Array(found) = reply?.ok()? else { return None };
    (found.len() == count).then(|| found.iter().map(|one| !matches!(one, Value::Nil)).collect())
}

/// Not by a pattern, as workers listen: so nobody who lists the clients takes us for one. The connection ends after it.
async fn channel(connection: &mut MultiplexedConnection, name: &str, rights: &mut Rights) -> bool {
    let heard: Reply = redis::cmd("SUBSCRIBE").arg(name).query_async(connection).await;
    match heard {
        Err(error) if error.code() == Some("NOPERM") => {
            if error.detail().is_some_and(|detail| detail.contains("channel")) {
                rights.is_shut(name);
            }
            true
        }
        Ok(_) | Err(_) => false,
    }
}
