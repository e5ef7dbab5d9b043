//! Asks Redis what Celery keeps there: `LLEN`, `HLEN`, the headers of one waiting task, `CLIENT LIST`, and, where
//! that leaves something open, the workers' heartbeats for a little longer than one takes. Nothing is written, no task is
//! taken, and no argument of a task is read.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::net::IpAddr;
use std::pin::pin;
use std::time::Duration;

use futures_util::Stream;
use redis::aio::{MultiplexedConnection, PubSub};
use redis::{Pipeline, ProtocolVersion, RedisConnectionInfo, RedisError};
use secrecy::ExposeSecret;
use tokio::time::{sleep, timeout};

use super::kept::{ends, foreign, held};
use super::prefixed::prefixed;
use super::session::{admitted, open, turned_away};
use super::{ANSWER, Pace, WORD, dial, tls, wire};
use crate::fact::celery::{Beat, Celery, Sample, queues};
use crate::fact::dial::Endpoint;
use crate::fact::{Fact, FactKey, Service, Unseen, Vantage};
use crate::probe::{DIAL, Login, ProbeContext, ProbeResult};
use crate::read::{celery, redis_info};

/// The whole conversation, and the round trips that it has where everything is asked.
const TALK: Duration = Duration::from_secs(6);
const TRIPS: u32 = 32;

/// Between two samples: longer than the moment in which a worker that took a task shows neither it nor its hunger.
const BETWEEN: Duration = Duration::from_millis(300);

/// So many samples at most.
const SAMPLES: usize = 4;

/// A heartbeat comes every 2.0 s (celery/worker/heartbeat.py).
const LISTEN: Duration = Duration::from_millis(2400);

/// kombu keeps the priorities 3, 6 and 9 of a queue in lists of their own (kombu/transport/redis.py: `sep`,
/// `priority_steps`).
pub(super) const PRIORITIES: [&str; 4] = ["", "\x06\x163", "\x06\x166", "\x06\x169"];

/// What leads to a queue is kept in a set of its name after this (kombu/transport/redis.py: `keyprefix_queue`).
pub(super) const BINDING: &str = "_kombu.binding.";

/// What a machine sends to an address of its own does not leave it: it is answered at once, or the address is gone and
/// the packets went elsewhere.
const OWN: Duration = Duration::from_millis(500);

/// Looks at the database that the URL names, at the server's address in the tunnel; on the server else on loopback.
pub(in crate::probe) async fn look(context: &ProbeContext) -> ProbeResult {
    let tunnel = match dial::tunnel(Service::Redis, context) {
        Ok(endpoint) => endpoint,
        Err(why) => return ProbeResult::new("", Err(why)),
    };
    if let Some(far) = elsewhere(context) {
        let observation = ask(&far, DIAL, context).await;
        return ProbeResult::new(format!("Redis at {far}, its lists and clients"), observation.map(Fact::Celery));
    }
    let server = context.vantage == Vantage::Server;
    let mut observation = ask(&tunnel, if server { OWN } else { DIAL }, context).await;
    if observation.is_err() && server {
        let loopback = Endpoint { host: "127.0.0.1".to_owned(), port: tunnel.port };
        observation = ask(&loopback, OWN, context).await.or(observation);
    }
    ProbeResult::new(format!("Redis at {tunnel}, its lists and clients"), observation.map(Fact::Celery))
}

/// Where the web app's own URL leads, if that is another host of the tunnel than the server.
fn elsewhere(context: &ProbeContext) -> Option<Endpoint> {
    let url = &context.keyring.redis.as_ref().filter(|_| context.vantage == Vantage::Server)?.url;
    let (host, addresses) = (url.host.parse::<IpAddr>().ok()?, context.addresses().ok()?);
    let Ok(Fact::Links(links)) = context.fact(&FactKey::Links) else { return None };
    let far = !links.has(host) && addresses.server.value != host && addresses.subnet.value.contains(&host);
    far.then(|| Endpoint { host: host.to_string(), port: url.port_or_default() })
}

async fn ask(endpoint: &Endpoint, patience: Duration, context: &ProbeContext) -> Result<Celery, Unseen> {
    // The database is the worker's own affair: another than its URL names would show another deployment.
    let login = context.keyring.redis.as_ref().ok_or_else(|| {
        Unseen::NotKnown("no broker URL that can be dialled was found here, so the database is not known".to_owned())
    })?;
    talk(endpoint, patience, login, context).await
}

fn silent(endpoint: &Endpoint) -> Unseen {
    Unseen::NotKnown(format!("Redis at {endpoint} does not answer"))
}

async fn talk(
    endpoint: &Endpoint,
    patience: Duration,
    login: &Login,
    context: &ProbeContext,
) -> Result<Celery, Unseen> {
    let unreached = || Unseen::NotKnown(format!("Redis at {endpoint} was not reached"));
    let (wire, pace) = reach(endpoint, patience, login, context).await?;
    let (mut connection, driver) = open(wire, pace).await.map_err(|_| turned_away(endpoint))?;
    let conversation = timeout(pace.within(TALK, TRIPS), converse(&mut connection, endpoint, login, context));
    tokio::select! {
        celery = conversation => celery.map_err(|_| silent(endpoint))?,
        () = driver => Err(unreached()),
    }
}

async fn reach(
    endpoint: &Endpoint,
    patience: Duration,
    login: &Login,
    context: &ProbeContext,
) -> Result<(Box<dyn super::Wire>, Pace), Unseen> {
    let unreached = || Unseen::NotKnown(format!("Redis at {endpoint} was not reached"));
    let no_tls = || Unseen::NotKnown(format!("Redis at {endpoint} does not use TLS, which the URL asks for"));
    let stream = dial::connect_within(endpoint, patience).await.map_err(|_| unreached())?;
    if login.user.is_some() || login.password.is_some() {
        dial::may_carry_password(context, stream.peer_addr().map_err(|_| unreached())?.ip())?;
    }
    let pace = stream.pace();
    let wire = wire(stream, endpoint, login.url.scheme == "rediss", &tls::Shown::default()).await.ok_or_else(no_tls)?;
    Ok((wire, pace))
}

async fn converse(
    connection: &mut MultiplexedConnection,
    endpoint: &Endpoint,
    login: &Login,
    context: &ProbeContext,
) -> Result<Celery, Unseen> {
    let refused = |what: &str| Unseen::NeedsRights(format!("the URL's user {what} at {endpoint}"));
    admitted(connection, login, endpoint).await?;
    let database = login.url.redis_index();
    if database > 0 {
        let selected: Result<(), RedisError> = redis::cmd("SELECT").arg(database).query_async(connection).await;
        selected.map_err(|_| refused(&format!("cannot use database {database}")))?;
    }
    // What was asked and not answered is asked no second time: a link that swallows the long answers takes its time.
    let not_told = |error: RedisError| match code(&error).as_deref() {
        _ if error.is_timeout() => silent(endpoint),
        Some("NOPERM") | None => refused("has no permission to read the queues"),
        Some(code) => Unseen::Undecided(format!("Redis at {endpoint} answers {code} when asked for the queues")),
    };
    let app = context.profile.app();
    let queues = queues(app.as_ref());
    let server: Result<String, RedisError> = redis::cmd("INFO").arg("server").query_async(connection).await;
    let uptime = server.ok().and_then(|text| redis_info::line(&text, "uptime_in_seconds")?.parse().ok());
    let (oldest, strange) = ends(connection, &queues).await;
    let mut celery = Celery {
        endpoint: endpoint.clone(),
        database,
        samples: Vec::new(),
        oldest,
        strange,
        beats: None,
        uptime: uptime.unwrap_or(0),
        foreign: None,
        prefixed: prefixed(connection, &queues).await.unwrap_or_default(),
    };
    match sample(connection, &queues).await {
        Ok(sample) => celery.samples.push(sample),
        Err(error) if code(&error).as_deref() == Some("WRONGTYPE") => {
            celery.foreign = foreign(connection, &queues).await;
            return Ok(celery);
        }
        Err(error) => return Err(not_told(error)),
    }
    let alone = |celery: &Celery| celery.alive().is_some_and(|alive| alive.len() == 1);
    let nobody = |celery: &Celery| celery.alive().is_some_and(|alive| alive.is_empty());
    let waits = |celery: &Celery| celery.now().is_some_and(|now| !now.waiting.is_empty());
    let idle = celery.now().is_some_and(|now| now.waiting.is_empty() && now.unacked == 0);
    if !alone(&celery) || !idle {
        sleep(BETWEEN).await;
        celery.samples.push(sample(connection, &queues).await.map_err(not_told)?);
    }
    // Whether what waits is left by a worker that has nothing to do is seen from two moments in which it has nothing.
    while alone(&celery) && waits(&celery) && celery.idle().count() == 1 && celery.samples.len() < SAMPLES {
        sleep(BETWEEN).await;
        celery.samples.push(sample(connection, &queues).await.map_err(not_told)?);
    }
    if !alone(&celery) {
        let mut beats = pin!(listen(endpoint, login, context));
        loop {
            // On a long way a worker waits for a task in some moments only: one of them is enough.
            let next = async {
                sleep(BETWEEN).await;
                sample(connection, &queues).await
            };
            tokio::select! {
                heard = &mut beats => {
                    celery.beats = heard;
                    break;
                }
                next = next, if nobody(&celery) => {
                    celery.samples.push(next.map_err(not_told)?);
                    if nobody(&celery) {
                        celery.samples.pop();
                    }
                }
            }
        }
        // A worker that was just starting beats before it asks for its first task.
        celery.samples.push(sample(connection, &queues).await.map_err(not_told)?);
    }
    Ok(celery)
}

async fn sample(connection: &mut MultiplexedConnection, queues: &[&str]) -> Result<Sample, RedisError> {
    let mut asked = Pipeline::new();
    for &queue in queues {
        for priority in PRIORITIES {
            asked.cmd("LLEN").arg(format!("{queue}{priority}"));
        }
    }
    let lengths: Vec<u64> = asked.query_async(connection).await?;
    let unacked: u64 = redis::cmd("HLEN").arg("unacked").query_async(connection).await?;
    // A user may lack the permission for these; only another type matters.
    let mut kept = Pipeline::new();
    kept.cmd("ZCARD").arg("unacked_index");
    for &queue in queues {
        kept.cmd("SCARD").arg(format!("{BINDING}{queue}"));
    }
    let kept: Result<Vec<u64>, RedisError> = kept.query_async(connection).await;
    if let Some(error) = kept.err().filter(|error| code(error).as_deref() == Some("WRONGTYPE")) {
        return Err(error);
    }
    let list: Result<String, RedisError> = redis::cmd("CLIENT").arg("LIST").query_async(connection).await;
    let list = match list {
        Err(error) if error.is_timeout() => return Err(error),
        list => list.ok(),
    };
    let mut waiting = BTreeMap::new();
    for (queue, lengths) in queues.iter().zip(lengths.chunks(PRIORITIES.len())) {
        let count: u64 = lengths.iter().sum();
        if count > 0 {
            waiting.insert((*queue).to_owned(), count);
        }
    }
    let joined = list.as_deref().and_then(celery::joined);
    let held = if unacked > 0 { held(connection).await } else { None };
    let held_back = list.as_deref().and_then(celery::held_back);
    Ok(Sample { waiting, unacked, held, consumers: list.as_deref().map(celery::consumers), joined, held_back })
}

/// The server's code for what it refused: of several questions the first that it refused.
fn code(error: &RedisError) -> Option<String> {
    let refused = error.clone().into_server_errors()?;
    refused.first().map(|(_, error)| error.code().to_owned())
}

/// Whose heart beats in that database. None if the user may not listen, or the connection failed.
async fn listen(endpoint: &Endpoint, login: &Login, context: &ProbeContext) -> Option<Vec<Beat>> {
    let (wire, pace) = reach(endpoint, DIAL, login, context).await.ok()?;
    let word = pace.within(WORD, ANSWER);
    let mut settings = RedisConnectionInfo::default().set_protocol(ProtocolVersion::RESP2).set_skip_set_lib_name();
    if let Some(user) = &login.user {
        settings = settings.set_username(user.expose_secret());
    }
    if let Some(password) = &login.password {
        settings = settings.set_password(password.expose_secret());
    }
    let mut ear = timeout(word, PubSub::new(&settings, wire)).await.ok()?.ok()?;
    let channel = format!("/{}.celeryev/worker.heartbeat", login.url.redis_index());
    // Not by a pattern, as workers listen: so nobody who lists the clients takes us for one.
    timeout(word, ear.subscribe(channel)).await.ok()?.ok()?;
    let mut beats: Vec<Beat> = Vec::new();
    let mut messages = pin!(ear.on_message());
    let hear = async {
        while let Some(message) = poll_fn(|context| messages.as_mut().poll_next(context)).await {
            let beat = message.get_payload::<String>().ok().and_then(|payload| celery::beat(&payload));
            beats.extend(
                beat.filter(|beat| !beats.iter().any(|known| (&known.name, known.pid) == (&beat.name, beat.pid))),
            );
        }
    };
    let _ = timeout(pace.within(LISTEN, 1), hear).await;
    Some(beats)
}
