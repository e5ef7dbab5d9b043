//! Asks Redis about itself: `INFO`, and `CONFIG GET` of a few settings. Nothing else is asked, and nothing is changed.

use std::collections::BTreeMap;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{RedisError, Value};
use secrecy::ExposeSecret;
use tokio::time::timeout;

use super::session::{admitted, open, turned_away};
use super::{conf_files, own};
use super::{dial, tls, wire};
use crate::fact::dial::Endpoint;
use crate::fact::redis::RedisSaid;
use crate::fact::redis::state::{OwnRights, RedisState};
use crate::fact::service::quote::Quote;
use crate::fact::{Fact, Service, Unseen};
use crate::probe::{Login, ProbeContext, ProbeResult, host};
use crate::read::quoted::{self, Secrets};
use crate::read::{redis_acl, redis_acl_log, redis_info, redis_log, redis_reply};

/// The whole conversation with one server.
const TALK: Duration = Duration::from_secs(5);

/// Asks at the server's address in the tunnel, else on loopback: what Redis says of itself is the same there.
pub(in crate::probe) async fn state(context: &ProbeContext) -> ProbeResult {
    let tunnel = match dial::tunnel(Service::Redis, context) {
        Ok(endpoint) => endpoint,
        Err(why) => return ProbeResult::new("", Err(why)),
    };
    let loopback = Endpoint { host: "127.0.0.1".to_owned(), port: tunnel.port };
    let login = own::login(context);
    let login = login.as_ref();
    let (there, here) = tokio::join!(ask(&tunnel, login, context), ask(&loopback, login, context));
    let (source, observation) = match (there, here) {
        (Ok(mut state), here) => {
            state.loopback_run_id = here.ok().map(|here| here.run_id);
            (tunnel, Ok(state))
        }
        (Err(_), Ok(mut here)) => {
            here.loopback_run_id = Some(here.run_id.clone());
            (loopback, Ok(here))
        }
        (Err(why), Err(_)) => (tunnel, Err(why)),
    };
    ProbeResult::new(format!("Redis at {source}, INFO"), observation.map(Fact::RedisState))
}

async fn ask(endpoint: &Endpoint, login: Option<&Login>, context: &ProbeContext) -> Result<RedisState, Unseen> {
    let silent = || Unseen::NotKnown(format!("Redis at {endpoint} does not answer INFO"));
    timeout(TALK, talk(endpoint, login, context)).await.map_err(|_| silent())?
}

async fn talk(endpoint: &Endpoint, login: Option<&Login>, context: &ProbeContext) -> Result<RedisState, Unseen> {
    let unreached = || Unseen::NotKnown(format!("Redis at {endpoint} was not reached"));
    let encrypted = login.is_some_and(|login| login.url.scheme == "rediss");
    let no_tls = || Unseen::NotKnown(format!("Redis at {endpoint} does not use TLS, which the URL asks for"));
    let stream = dial::connect(endpoint).await.map_err(|_| unreached())?;
    if login.is_some_and(|login| login.user.is_some() || login.password.is_some()) {
        dial::may_carry_password(context, stream.peer_addr().map_err(|_| unreached())?.ip())?;
    }
    let pace = stream.pace();
    let wire = wire(stream, endpoint, encrypted, &tls::Shown::default()).await.ok_or_else(no_tls)?;
    let (mut connection, driver) = open(wire, pace).await.map_err(|_| turned_away(endpoint))?;
    tokio::select! {
        state = converse(&mut connection, endpoint, login, context) => state,
        () = driver => Err(unreached()),
    }
}

async fn converse(
    connection: &mut MultiplexedConnection,
    endpoint: &Endpoint,
    login: Option<&Login>,
    context: &ProbeContext,
) -> Result<RedisState, Unseen> {
    let refused = |what: &str| Unseen::NeedsRights(format!("the URL's user {what} at {endpoint}"));
    if let Some(login) = login {
        admitted(connection, login, endpoint).await?;
    }
    let text: Result<String, RedisError> = redis::cmd("INFO").query_async(connection).await;
    let text = text.map_err(|error| {
        match (redis_reply::refusal(error.code().unwrap_or(""), "") == RedisSaid::NoAuth, login) {
            (true, None) => Unseen::NotKnown(
                "Redis requires a password, and no URL with one that can be dialled was found here".to_owned(),
            ),
            (true, Some(_)) => refused("has no password"),
            (false, _) if error.code() == Some("NOPERM") => refused("has no permission to run INFO"),
            (false, _) => {
                let said = error.code().map_or_else(String::new, |code| format!(" ({code})"));
                Unseen::NotKnown(format!("Redis at {endpoint} does not answer INFO{said}"))
            }
        }
    })?;
    let mut state = redis_info::state(endpoint.clone(), &text)
        .ok_or_else(|| Unseen::Unreadable(format!("what {endpoint} answers to INFO")))?;
    if state.loading.is_none() {
        state.bind = setting(connection, "bind").await;
        state.protected_mode = setting(connection, "protected-mode").await;
        state.save = setting(connection, "save").await;
        if state.replicas.is_some() {
            let wanted = setting(connection, "min-replicas-to-write").await;
            state.replicas_wanted = wanted.and_then(|wanted| wanted.parse().ok());
        }
        state.stops_writes = setting(connection, "stop-writes-on-bgsave-error").await;
        let limit = setting(connection, "client-output-buffer-limit").await;
        state.buffer_limit = limit.and_then(|limit| redis_info::buffer_limit(&limit));
        let user = login.and_then(|login| login.user.as_ref());
        if user.is_some_and(|user| user.expose_secret() != DEFAULT) {
            state.users = users(connection).await;
        }
        if let Some(user) = user.map(ExposeSecret::expose_secret).filter(|user| *user != DEFAULT) {
            state.own_rights = own_rights(connection, user, context).await;
        }
    }
    let run: Result<String, RedisError> = redis::cmd("INFO").arg("commandstats").query_async(connection).await;
    state.flushes = run.map_or(0, |text| redis_info::calls(&text, &["flushdb", "flushall"]));
    state.refused = refusals(connection).await;
    if !state.saved || (state.appends && !state.appended) {
        state.save_error = save_error(context);
    }
    Ok(state)
}

/// Everybody who names no user.
const DEFAULT: &str = "default";

/// How many users it has besides; nothing where the user may not ask, or before Redis 6.
async fn users(connection: &mut MultiplexedConnection) -> Option<usize> {
    let names: Result<Vec<String>, RedisError> = redis::cmd("ACL").arg("USERS").query_async(connection).await;
    Some(names.ok()?.iter().filter(|name| *name != DEFAULT).count())
}

/// What the user may do, as the running server and as the file has it.
async fn own_rights(connection: &mut MultiplexedConnection, user: &str, context: &ProbeContext) -> Option<OwnRights> {
    let list: Result<Vec<String>, RedisError> = redis::cmd("ACL").arg("LIST").query_async(connection).await;
    let running = redis_acl::rights(redis_acl::line_of(&list.ok()?, user)?);
    let (at, rules) = conf_files::user_line(context, user)?;
    let written = redis_acl::rights(rules.iter().map(String::as_str));
    (!running.is_empty() && !written.is_empty()).then_some(OwnRights { running, written, at })
}

/// The end of the log of the Redis of this machine; of one in a container its own commands tell.
fn save_error(context: &ProbeContext) -> Option<Quote> {
    let path = conf_files::log_file(context)?;
    let end = host::end(&path, 200).ok()?;
    let text = redis_log::save_error(&end)?;
    let at = host::stat(&path).ok().flatten().map(|stat| stat.changed_at);
    Some(Quote { text: quoted::quoted(text, &Secrets::default(), &[]), source: path, at, named: None })
}

/// Of what it refused, so many are asked for.
const REFUSED: u32 = 4;

/// What it refused last; nothing where the user may not ask, or before Redis 6.
async fn refusals(connection: &mut MultiplexedConnection) -> Vec<Quote> {
    type Entries = Vec<BTreeMap<String, Value>>;
    let entries: Result<Entries, RedisError> = redis::cmd("ACL").arg("LOG").arg(REFUSED).query_async(connection).await;
    let text = |value: &Value| redis::from_redis_value_ref::<String>(value).unwrap_or_default();
    let texts = |entry: BTreeMap<String, Value>| -> BTreeMap<String, String> {
        entry.iter().map(|(name, value)| (name.clone(), text(value))).collect()
    };
    let now = host::now();
    entries.unwrap_or_default().into_iter().filter_map(|entry| redis_acl_log::read(&texts(entry), now)).collect()
}

/// A setting in force; none where the user may not ask, or where CONFIG was renamed.
async fn setting(connection: &mut MultiplexedConnection, name: &str) -> Option<String> {
    let pair: Result<Vec<String>, RedisError> = redis::cmd("CONFIG").arg("GET").arg(name).query_async(connection).await;
    pair.ok().filter(|pair| pair.len() == 2)?.pop()
}
