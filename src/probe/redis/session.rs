//! A connection to Redis on which the driver speaks: AUTH, SELECT and PING, as redis-py sends them.

use std::pin::pin;
use std::sync::LazyLock;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, ErrorKind, ProtocolVersion, RedisConnectionInfo, RedisError};
use secrecy::ExposeSecret;
use tokio::time::timeout;

use super::{ANSWER, Heard, Pace, WORD};
use crate::fact::Unseen;
use crate::fact::dial::Endpoint;
use crate::fact::redis::RedisSaid;
use crate::probe::tls::Wire;
use crate::probe::{DIAL, Login};
use crate::read::{redis_info, redis_reply};

/// How the driver begins: without a word of its own.
static SETTINGS: LazyLock<RedisConnectionInfo> =
    LazyLock::new(|| RedisConnectionInfo::default().set_protocol(ProtocolVersion::RESP2).set_skip_set_lib_name());

/// It took the connection, and ended it before a word could be said: as protected mode does.
pub(super) fn turned_away(endpoint: &Endpoint) -> Unseen {
    Unseen::NotKnown(format!("Redis at {endpoint} accepted the connection, and did not let us in"))
}

/// A connection to ask on, and what drives it; the error, what it ended with.
pub(super) async fn open(
    wire: Box<dyn Wire>,
    pace: Pace,
) -> Result<(MultiplexedConnection, impl Future<Output = ()>), RedisSaid> {
    let config = patient(pace);
    match timeout(DIAL, MultiplexedConnection::new_with_config(&SETTINGS, wire, config)).await {
        Ok(opened) => opened.map_err(|error| failure(&error)),
        Err(_) => Err(RedisSaid::Silent),
    }
}

/// How long the driver waits.
fn patient(pace: Pace) -> AsyncConnectionConfig {
    let config = AsyncConnectionConfig::new().set_connection_timeout(Some(DIAL));
    config.set_response_timeout(Some(pace.within(WORD, ANSWER)))
}

/// AUTH, SELECT and PING, as redis-py sends them; then the question who is there.
pub(super) async fn log_in(wire: Box<dyn Wire>, pace: Pace, login: Option<&Login>) -> Heard {
    let (mut connection, driver) = match open(wire, pace).await {
        Ok(opened) => opened,
        Err(said) => return said.into(),
    };
    let mut said = pin!(converse(&mut connection, login));
    tokio::select! {
        said = &mut said => said,
        // The last words of a server that closes may be on their way still.
        () = driver => timeout(pace.within(WORD, ANSWER), said).await.unwrap_or(RedisSaid::Closed.into()),
    }
}

async fn converse(connection: &mut MultiplexedConnection, login: Option<&Login>) -> Heard {
    let heard = ping(connection, login).await;
    if heard.said != RedisSaid::Pong {
        return heard;
    }
    let told: Result<String, _> = redis::cmd("INFO").arg("server").query_async(connection).await;
    Heard { identity: told.ok().and_then(|text| redis_info::identity(&text)), ..heard }
}

async fn ping(connection: &mut MultiplexedConnection, login: Option<&Login>) -> Heard {
    if let Some(login) = login
        && let Err(said) = auth(connection, login).await
    {
        return said.into();
    }
    let index = login.map_or(0, |login| login.url.redis_index());
    if index > 0 {
        let selected: Result<(), _> = redis::cmd("SELECT").arg(index).query_async(connection).await;
        if let Err(error) = selected {
            // Out of range, or not allowed in cluster mode: either way there is no such database.
            let none = failure(&error) == RedisSaid::Refused && error.code() == Some("ERR");
            return if none { RedisSaid::NoSuchDatabase.into() } else { refused(&error) };
        }
    }
    let pong: Result<String, _> = redis::cmd("PING").query_async(connection).await;
    match pong {
        Ok(word) if word == "PONG" => RedisSaid::Pong.into(),
        Ok(_) => RedisSaid::NotRedis.into(),
        Err(error) => refused(&error),
    }
}

/// What a command that holds no secret was answered with.
fn refused(error: &RedisError) -> Heard {
    let said = failure(error);
    let text = || Some(format!("{} {}", error.code()?, error.detail().unwrap_or_default()));
    Heard { error: text().filter(|_| said == RedisSaid::Refused), ..said.into() }
}

/// Logs in, to ask more than PING. What the server does without is told by another look.
pub(super) async fn admitted(
    connection: &mut MultiplexedConnection,
    login: &Login,
    endpoint: &Endpoint,
) -> Result<(), Unseen> {
    match auth(connection, login).await {
        Ok(()) | Err(RedisSaid::PasswordNotWanted) => Ok(()),
        Err(RedisSaid::Silent | RedisSaid::Closed) => {
            Err(Unseen::NotKnown(format!("Redis at {endpoint} does not answer the log-in")))
        }
        Err(_) => Err(Unseen::NeedsRights(format!("the URL's user is not accepted at {endpoint}"))),
    }
}

pub(super) async fn auth(connection: &mut MultiplexedConnection, login: &Login) -> Result<(), RedisSaid> {
    let password = login.password.as_ref().map_or("", |password| password.expose_secret());
    let mut alone = redis::cmd("AUTH");
    alone.arg(password);
    let Some(user) = &login.user else {
        if login.password.is_none() {
            return Ok(());
        }
        return alone.query_async(connection).await.map_err(|error: RedisError| {
            let said = failure(&error);
            if said == RedisSaid::WrongUserOrPassword {
                RedisSaid::WrongPassword
            } else if said == RedisSaid::NoAuth {
                // It was just given a password: Redis never says this then.
                RedisSaid::Refused
            } else {
                said
            }
        });
    };
    let both: Result<(), RedisError> =
        redis::cmd("AUTH").arg(user.expose_secret()).arg(password).query_async(connection).await;
    match both {
        Err(error) if redis_reply::wants_no_user(error.code().unwrap_or(""), error.detail().unwrap_or("")) => {
            alone.query_async(connection).await.map_err(|error: RedisError| failure(&error))
        }
        both => both.map_err(|error| failure(&error)),
    }
}

/// The driver's error, by the server's code where it has one. Of AUTH no text is kept: it may quote what was sent.
fn failure(error: &RedisError) -> RedisSaid {
    if let Some(code) = error.code() {
        return redis_reply::refusal(code, error.detail().unwrap_or(""));
    }
    if error.is_timeout() {
        return RedisSaid::Silent;
    }
    if error.kind() == ErrorKind::Io { RedisSaid::Closed } else { RedisSaid::NotRedis }
}
