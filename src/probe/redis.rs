//! Asks Redis for a PONG: first on a bare connection, then with what the URL holds.
//!
//! The bare connection comes first because the driver loses the server's own words: a protected-mode server says
//! `-DENIED …` and closes, and redis-rs makes a broken pipe of it. For the same reason AUTH is sent as an ordinary
//! command, whose error code comes through, and not as part of the driver's connection set-up, where it does not.

use std::net::IpAddr;
use std::time::Duration;

use secrecy::ExposeSecret;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use super::dial::Stream;
use super::pace::Pace;
use super::tls::{self, Shown, Wire, certificate, demand};
use super::{DIAL, Login, ProbeContext, ProbeResult, dial};
use crate::fact::celery::queues;
use crate::fact::dial::Endpoint;
use crate::fact::dial::payload_probe::PayloadProbe;
use crate::fact::redis::rights::Rights;
use crate::fact::redis::{RedisIdentity, RedisOutcome, RedisSaid};
use crate::fact::touch::{Touch, connects, only};
use crate::fact::{Fact, Presence, Service, Unseen, Vantage};
use crate::read::quoted::{self, Secrets};
use crate::read::redis_reply;

mod celery;
mod conf_files;
mod echo;
mod instances;
mod kept;
mod own;
mod prefixed;
mod rights;
mod session;
mod state;

pub(super) use celery::look as celery;
pub(super) use conf_files::{
    conf, conf_inside, inside_touches as conf_inside_touches, log_file, texts, touches as conf_touches,
};
pub(super) use instances::unit as instance;
use session::{auth, log_in, open};
pub(super) use state::state;

/// How long an open connection may stay without a word, and how many round trips longer where the way is long: an answer that
/// is lost is sent again after more than one.
const WORD: Duration = Duration::from_secs(2);
const ANSWER: u32 = 3;

/// The round trips of a log-in and its questions, one after the other.
const RIGHTS: u32 = 6;

/// No first line of Redis' is longer.
const LINE: usize = 4096;

/// Windows throws away what it received once a reset arrives, and a server that closes at once answers our PING with
/// one. There, listen before speaking. Linux keeps what it received.
const LISTEN_FIRST: Duration = if cfg!(windows) { Duration::from_millis(300) } else { Duration::ZERO };

/// What it said, and who it is.
struct Heard {
    said: RedisSaid,
    identity: Option<RedisIdentity>,
    /// An error that no other word stands for, as Redis worded it.
    error: Option<String>,
}

impl From<RedisSaid> for Heard {
    fn from(said: RedisSaid) -> Self {
        Self { said, identity: None, error: None }
    }
}

/// Talks to Redis at the server's address in the tunnel.
pub(super) async fn look(context: &ProbeContext) -> ProbeResult {
    let endpoint = match dial::tunnel(Service::Redis, context) {
        Ok(endpoint) => endpoint,
        Err(why) => return ProbeResult::new("", Err(why)),
    };
    let login = own::login(context);
    let login = login.as_ref();
    let shown = Shown::default();
    let said = talk(&endpoint, login, context, &shown).await;
    // What redis.conf says may be another Redis' password, or older than the one that runs: nobody uses it, so it is no fault.
    let said = match said {
        Ok(heard) if heard.said != RedisSaid::Pong && context.keyring.redis.is_none() && login.is_some() => {
            talk(&endpoint, None, context, &shown).await
        }
        said => said,
    };
    let wanted = login.and_then(|login| demand::of_redis(login, &endpoint, context));
    let certificate = wanted.and_then(|wanted| certificate::look(&shown, &wanted));
    // Each on a connection of its own, since on a way that loses large packets one question holds up all behind it.
    let (carried, rights) = match said {
        Ok(Heard { said: RedisSaid::Pong, .. }) => {
            let far = context.vantage != Vantage::Server && !context.brief;
            let carried = async { if far { carry_more(&endpoint, login, context).await } else { None } };
            tokio::join!(carried, ask_rights(&endpoint, login, context))
        }
        Ok(_) | Err(_) => (None, None),
    };
    ProbeResult::new(
        format!("Redis at {endpoint}"),
        said.map(|Heard { said, identity, error }| {
            let secrets = Secrets::of(login.iter().map(|login| login.text.expose_secret()));
            Fact::Redis(RedisOutcome {
                endpoint,
                said,
                identity,
                error: error.map(|error| quoted::answered(&error, &secrets)),
                rights,
                certificate,
                password: Presence::of(login.is_some_and(|login| login.password.is_some())),
                database: login.map_or(0, |login| login.url.redis_index()),
                carried,
            })
        }),
    )
}

async fn talk(
    endpoint: &Endpoint,
    login: Option<&Login>,
    context: &ProbeContext,
    shown: &Shown,
) -> Result<Heard, Unseen> {
    let encrypted = login.is_some_and(|login| login.url.scheme == "rediss");
    if login.is_some_and(|login| login.text.expose_secret().contains("ssl_certfile=")) {
        return Err(Unseen::Undecided("the URL names a client certificate, which clipcheck does not use".to_owned()));
    }
    let bare = match dial::connect(endpoint).await {
        Err(how) => return Ok(RedisSaid::Unreached(how).into()),
        Ok(stream) => {
            let pace = stream.pace();
            match wire(stream, endpoint, encrypted, shown).await {
                Some(wire) => first_word(wire, pace).await,
                None => RedisSaid::NoTls.into(),
            }
        }
    };
    if login.is_none() && bare.said == RedisSaid::NoAuth {
        return Ok(RedisSaid::Locked.into());
    }
    let logs_in = login.is_some_and(|login| login.user.is_some() || login.password.is_some());
    // NotPermitted: the nameless user may be barred from what the URL's user may do.
    if bare.said != RedisSaid::Pong && !(logs_in && matches!(bare.said, RedisSaid::NoAuth | RedisSaid::NotPermitted)) {
        return Ok(bare);
    }
    let stream = match dial::connect(endpoint).await {
        Ok(stream) => stream,
        Err(how) => return Ok(RedisSaid::Unreached(how).into()),
    };
    if logs_in {
        // A lone user counts: in `redis://secret@host` it is the password, put in the wrong place.
        let peer = stream.peer_addr().map_err(|_| Unseen::Undecided("the connection was closed at once".to_owned()))?;
        dial::may_carry_password(context, peer.ip())?;
    }
    let (over, pace) = (stream.over(), stream.pace());
    let Some(wire) = wire(stream, endpoint, encrypted, shown).await else { return Ok(RedisSaid::NoTls.into()) };
    let heard = log_in(wire, pace, login).await;
    Ok(if over.is_so() { RedisSaid::NotRedis.into() } else { heard })
}

async fn carry_more(endpoint: &Endpoint, login: Option<&Login>, context: &ProbeContext) -> Option<PayloadProbe> {
    let (wire, pace, peer) = another(endpoint, login, context).await?;
    echo::carried(wire, pace, login, Some(peer)).await
}

async fn ask_rights(endpoint: &Endpoint, login: Option<&Login>, context: &ProbeContext) -> Option<Rights> {
    let (wire, pace, _) = another(endpoint, login, context).await?;
    let app = context.profile.app();
    let queue = queues(app.as_ref()).first().copied().unwrap_or("celery");
    timeout(pace.within(WORD, RIGHTS), rights::asked(wire, pace, login, queue)).await.ok().flatten()
}

/// Another connection, now that one was seen to work.
async fn another(
    endpoint: &Endpoint,
    login: Option<&Login>,
    context: &ProbeContext,
) -> Option<(Box<dyn Wire>, Pace, IpAddr)> {
    let stream = dial::connect(endpoint).await.ok()?;
    let peer = stream.peer_addr().ok()?.ip();
    if login.is_some_and(|login| login.user.is_some() || login.password.is_some()) {
        dial::may_carry_password(context, peer).ok()?;
    }
    let pace = stream.pace();
    let wire =
        wire(stream, endpoint, login.is_some_and(|login| login.url.scheme == "rediss"), &Shown::default()).await?;
    Some((wire, pace, peer))
}

async fn wire(stream: Stream, endpoint: &Endpoint, encrypted: bool, shown: &Shown) -> Option<Box<dyn Wire>> {
    if encrypted {
        let limit = stream.pace().within(DIAL, tls::TRIPS);
        timeout(limit, tls::wrap(stream, &endpoint.host, shown)).await.ok().flatten()
    } else {
        Some(Box::new(stream))
    }
}

/// Says PING and reads the first line back, or what the server said before that.
async fn first_word(mut wire: Box<dyn Wire>, pace: Pace) -> Heard {
    let mut heard = Vec::new();
    let mut ended = timeout(LISTEN_FIRST, read_line(&mut wire, &mut heard)).await;
    if heard.is_empty() && !LISTEN_FIRST.is_zero() && ended.is_ok() {
        return RedisSaid::Closed.into();
    }
    if heard.is_empty() {
        // A server that has already closed makes this fail, and what it said before that is still to be read.
        let _ = timeout(WORD, wire.write_all(b"PING\r\n")).await;
        ended = timeout(pace.within(WORD, ANSWER), read_line(&mut wire, &mut heard)).await;
    }
    // What begins like a reply and does not end may be Redis', and says nothing.
    let whole = heard.contains(&b'\n');
    let begins = heard.len() < LINE && heard.first().is_none_or(|c| b"+-$:*".contains(c));
    let line = String::from_utf8_lossy(&heard);
    let said = match (begins, ended) {
        _ if whole => redis_reply::first_line(&line).unwrap_or(RedisSaid::NotRedis),
        (false, _) => RedisSaid::NotRedis,
        (true, Err(_)) => RedisSaid::Silent,
        (true, Ok(Err(error))) if tls::wants_certificate(&error) => RedisSaid::WantsCertificate,
        (true, Ok(_)) => RedisSaid::Closed,
    };
    let error = line.lines().next().and_then(|line| line.strip_prefix('-')).filter(|_| said == RedisSaid::Refused);
    Heard { error: error.map(str::to_owned), ..said.into() }
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

/// What asking Redis by the worker's URL does.
pub(super) fn touches(vantage: Vantage) -> Vec<Touch> {
    [dialled(), demand::touches(), own::touches(vantage)].concat()
}

fn dialled() -> Vec<Touch> {
    connects(&["tcp {server}:{redis-port}"])
}

/// What asking it for its state, or its queues, does: where we stand beside it, by loopback too.
pub(super) fn state_touches(vantage: Vantage) -> Vec<Touch> {
    if vantage != Vantage::Server {
        return dialled();
    }
    let far = only("where the web app's URL leads to another host of the tunnel", connects(&["tcp {results}"]));
    [dialled(), connects(&["tcp 127.0.0.1:{redis-port}"]), far, own::touches(vantage)].concat()
}
