//! Asks Redis for a PONG: first on a bare connection, then with what the URL holds.
//!
//! The bare connection comes first because the driver loses the server's own words: a protected-mode server says
//! `-DENIED …` and closes, and redis-rs makes a broken pipe of it. For the same reason AUTH is sent as an ordinary
//! command, whose error code comes through, and not as part of the driver's connection set-up, where it does not.

use std::net::IpAddr;
use std::pin::pin;
use std::sync::LazyLock;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, ErrorKind, ProtocolVersion, RedisConnectionInfo, RedisError};
use secrecy::ExposeSecret;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use super::dial::Stream;
use super::tls::{self, Wire};
use super::{DIAL, Login, ProbeContext, ProbeResult, dial};
use crate::fact::celery::queues;
use crate::fact::dial::Endpoint;
use crate::fact::dial::payload_probe::PayloadProbe;
use crate::fact::redis::rights::Rights;
use crate::fact::redis::{RedisIdentity, RedisOutcome, RedisSaid};
use crate::fact::{Fact, Presence, Service, Unseen, Vantage};
use crate::read::{redis_info, redis_reply};

mod celery;
mod conf_files;
mod echo;
mod rights;
mod state;

pub(super) use celery::look as celery;
pub(super) use conf_files::{conf, log_file};
pub(super) use state::state;

/// How long an open connection may stay without a word.
const WORD: Duration = Duration::from_secs(2);

/// No first line of Redis' is longer.
const LINE: usize = 4096;

/// How the driver begins: without a word of its own.
static SETTINGS: LazyLock<RedisConnectionInfo> =
    LazyLock::new(|| RedisConnectionInfo::default().set_protocol(ProtocolVersion::RESP2).set_skip_set_lib_name());

/// Windows throws away what it received once a reset arrives, and a server that closes at once answers our PING with
/// one. There, listen before speaking. Linux keeps what it received.
const LISTEN_FIRST: Duration = if cfg!(windows) { Duration::from_millis(300) } else { Duration::ZERO };

/// What it said, and who it is.
type Heard = (RedisSaid, Option<RedisIdentity>);

/// Talks to Redis at the server's address in the tunnel.
pub(super) async fn look(context: &ProbeContext) -> ProbeResult {
    let endpoint = match dial::tunnel(Service::Redis, context) {
        Ok(endpoint) => endpoint,
        Err(why) => return ProbeResult::new("", Err(why)),
    };
    let login = context.keyring.redis.as_ref();
    let said = talk(&endpoint, login, context).await;
    // Each on a connection of its own, since on a way that loses large packets one question holds up all behind it.
    let (carried, rights) = match said {
        Ok((RedisSaid::Pong, _)) => {
            let far = context.vantage != Vantage::Server;
            let carried = async { if far { carry_more(&endpoint, login, context).await } else { None } };
            tokio::join!(carried, ask_rights(&endpoint, login, context))
        }
        Ok(_) | Err(_) => (None, None),
    };
    ProbeResult::new(
        format!("Redis at {endpoint}"),
        said.map(|(said, identity)| {
            Fact::Redis(RedisOutcome {
                endpoint,
                said,
                identity,
                rights,
                password: Presence::of(login.is_some_and(|login| login.password.is_some())),
                database: login.map_or(0, |login| login.url.redis_index()),
                carried,
            })
        }),
    )
}

async fn talk(endpoint: &Endpoint, login: Option<&Login>, context: &ProbeContext) -> Result<Heard, Unseen> {
    let encrypted = login.is_some_and(|login| login.url.scheme == "rediss");
    if login.is_some_and(|login| login.text.expose_secret().contains("ssl_certfile=")) {
        return Err(Unseen::Undecided("the URL names a client certificate, which clipcheck does not use".to_owned()));
    }
    let bare = match dial::connect(endpoint).await {
        Err(how) => return Ok((RedisSaid::Unreached(how), None)),
        Ok(stream) => match wire(stream, endpoint, encrypted).await {
            Some(wire) => first_word(wire).await,
            None => RedisSaid::NoTls,
        },
    };
    if login.is_none() && bare == RedisSaid::NoAuth {
        return Ok((RedisSaid::Locked, None));
    }
    let logs_in = login.is_some_and(|login| login.user.is_some() || login.password.is_some());
    // NotPermitted: the nameless user may be barred from what the URL's user may do.
    if bare != RedisSaid::Pong && !(logs_in && matches!(bare, RedisSaid::NoAuth | RedisSaid::NotPermitted)) {
        return Ok((bare, None));
    }
    let stream = match dial::connect(endpoint).await {
        Ok(stream) => stream,
        Err(how) => return Ok((RedisSaid::Unreached(how), None)),
    };
    if logs_in {
        // A lone user counts: in `redis://secret@host` it is the password, put in the wrong place.
        let peer = stream.peer_addr().map_err(|_| Unseen::Undecided("the connection was closed at once".to_owned()))?;
        dial::may_carry_password(context, peer.ip())?;
    }
    let over = stream.over();
    let Some(wire) = wire(stream, endpoint, encrypted).await else { return Ok((RedisSaid::NoTls, None)) };
    let heard = log_in(wire, login).await;
    Ok(if over.is_so() { (RedisSaid::NotRedis, None) } else { heard })
}

async fn carry_more(endpoint: &Endpoint, login: Option<&Login>, context: &ProbeContext) -> Option<PayloadProbe> {
    let (wire, peer) = another(endpoint, login, context).await?;
    echo::carried(wire, login, Some(peer)).await
}

async fn ask_rights(endpoint: &Endpoint, login: Option<&Login>, context: &ProbeContext) -> Option<Rights> {
    let (wire, _) = another(endpoint, login, context).await?;
    let app = context.profile.app();
    let queue = queues(app.as_ref()).first().copied().unwrap_or("celery");
    timeout(WORD, rights::asked(wire, login, queue)).await.ok().flatten()
}

/// Another connection, now that one was seen to work.
async fn another(
    endpoint: &Endpoint,
    login: Option<&Login>,
    context: &ProbeContext,
) -> Option<(Box<dyn Wire>, IpAddr)> {
    let stream = dial::connect(endpoint).await.ok()?;
    let peer = stream.peer_addr().ok()?.ip();
    if login.is_some_and(|login| login.user.is_some() || login.password.is_some()) {
        dial::may_carry_password(context, peer).ok()?;
    }
    let wire = wire(stream, endpoint, login.is_some_and(|login| login.url.scheme == "rediss")).await?;
    Some((wire, peer))
}

async fn wire(stream: Stream, endpoint: &Endpoint, encrypted: bool) -> Option<Box<dyn Wire>> {
    if encrypted {
        timeout(DIAL, tls::wrap(stream, &endpoint.host)).await.ok().flatten()
    } else {
        Some(Box::new(stream))
    }
}

/// Says PING and reads the first line back, or what the server said before that.
async fn first_word(mut wire: Box<dyn Wire>) -> RedisSaid {
    let mut heard = Vec::new();
    let mut ended = timeout(LISTEN_FIRST, read_line(&mut wire, &mut heard)).await;
    if heard.is_empty() && !LISTEN_FIRST.is_zero() && ended.is_ok() {
        return RedisSaid::Closed;
    }
    if heard.is_empty() {
        // A server that has already closed makes this fail, and what it said before that is still to be read.
        let _ = timeout(WORD, wire.write_all(b"PING\r\n")).await;
        ended = timeout(WORD, read_line(&mut wire, &mut heard)).await;
    }
    // What begins like a reply and does not end may be Redis', and says nothing.
    let whole = heard.contains(&b'\n');
    let begins = heard.len() < LINE && heard.first().is_none_or(|c| b"+-$:*".contains(c));
    match (begins, ended) {
        _ if whole => redis_reply::first_line(&String::from_utf8_lossy(&heard)).unwrap_or(RedisSaid::NotRedis),
        (false, _) => RedisSaid::NotRedis,
        (true, Err(_)) => RedisSaid::Silent,
        (true, Ok(Err(error))) if tls::wants_certificate(&error) => RedisSaid::WantsCertificate,
        (true, Ok(_)) => RedisSaid::Closed,
    }
}

/// Reads until the end of the line, of the connection, or of patience.
async fn read_line(wire: &mut Box<dyn Wire>, heard: &mut Vec<u8>) -> std::io::Result<()> {
    let mut buffer = [0; 512];
    while !heard.contains(&b'\n') && heard.len() < LINE {
        match wire.read(&mut buffer).await {
            Ok(0) => break,
            Ok(count) => heard.extend_from_slice(&buffer[..count]),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// A connection to ask on, and what drives it; the error, what it ended with.
async fn open(wire: Box<dyn Wire>) -> Result<(MultiplexedConnection, impl Future<Output = ()>), RedisSaid> {
    let config = AsyncConnectionConfig::new().set_connection_timeout(Some(DIAL)).set_response_timeout(Some(WORD));
    match timeout(DIAL, MultiplexedConnection::new_with_config(&SETTINGS, wire, config)).await {
        Ok(opened) => opened.map_err(|error| failure(&error)),
        Err(_) => Err(RedisSaid::Silent),
    }
}

/// AUTH, SELECT and PING, as redis-py sends them; then the question who is there.
async fn log_in(wire: Box<dyn Wire>, login: Option<&Login>) -> Heard {
    let (mut connection, driver) = match open(wire).await {
        Ok(opened) => opened,
        Err(said) => return (said, None),
    };
    let mut said = pin!(converse(&mut connection, login));
    tokio::select! {
        said = &mut said => said,
        // The last words of a server that closes may be on their way still.
        () = driver => timeout(WORD, said).await.unwrap_or((RedisSaid::Closed, None)),
    }
}

async fn converse(connection: &mut MultiplexedConnection, login: Option<&Login>) -> Heard {
    let said = ping(connection, login).await;
    if said != RedisSaid::Pong {
        return (said, None);
    }
    let told: Result<String, _> = redis::cmd("INFO").arg("server").query_async(connection).await;
    (said, told.ok().and_then(|text| redis_info::identity(&text)))
}

async fn ping(connection: &mut MultiplexedConnection, login: Option<&Login>) -> RedisSaid {
    if let Some(login) = login
        && let Err(said) = auth(connection, login).await
    {
        return said;
    }
    let index = login.map_or(0, |login| login.url.redis_index());
    if index > 0 {
        let selected: Result<(), _> = redis::cmd("SELECT").arg(index).query_async(connection).await;
        match selected.as_ref().map_err(failure) {
            Ok(()) => {}
            // Out of range, or not allowed in cluster mode: either way there is no such database.
            Err(RedisSaid::Refused) => return RedisSaid::NoSuchDatabase,
            Err(said) => return said,
        }
    }
    let pong: Result<String, _> = redis::cmd("PING").query_async(connection).await;
    match pong.as_ref().map_err(failure) {
        Ok(word) if word == "PONG" => RedisSaid::Pong,
        Ok(_) => RedisSaid::NotRedis,
        Err(said) => said,
    }
}

async fn auth(connection: &mut MultiplexedConnection, login: &Login) -> Result<(), RedisSaid> {
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

/// The driver's error, by the server's code where it has one. Its text is not kept: it may quote what was sent.
fn failure(error: &RedisError) -> RedisSaid {
    if let Some(code) = error.code() {
        return redis_reply::refusal(code, error.detail().unwrap_or(""));
    }
    if error.is_timeout() {
        return RedisSaid::Silent;
    }
    if error.kind() == ErrorKind::Io { RedisSaid::Closed } else { RedisSaid::NotRedis }
}
