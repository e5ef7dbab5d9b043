//! Asks the web app for a job that does not exist: a request that changes nothing, and tells name, connection, TLS, key
//! and the app's own health in one answer. One request a run: in production the app allows fifty an hour.
//!
//! The key goes where the worker's own would arrive unread: by https to whom the worker would believe, and by http, like a
//! password, to this machine itself or into the tunnel only. A redirect is not followed.

use std::error::Error as _;
use std::time::Duration;

use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{AUTHORIZATION, HOST, LOCATION, SERVER, USER_AGENT, WWW_AUTHENTICATE};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use secrecy::ExposeSecret;
use tokio::time::timeout;

use super::dial::Stream;
use super::tls::verified::{self, Refused, Trust};
use super::tls::{self, Wire};
use super::{DIAL, ProbeContext, ProbeResult, dial, host};
use crate::fact::api::{ApiOutcome, ApiSaid, Distrust};
use crate::fact::dial::Endpoint;
use crate::fact::environment::{EnvUrl, Environment};
use crate::fact::touch::{Touch, connects, only, reads};
use crate::fact::{Fact, FactKey, Presence, Unseen, Vantage};
use crate::read::quoted::{self, Secrets};
use crate::read::worker_api;

/// A path that no job has: their ids are small numbers (app/api/worker.py: GET /worker/jobs/<int:job_id>).
const NO_JOB: &str = "/api/worker/jobs/2147483646";

/// How long the app may think.
const ANSWER: Duration = Duration::from_secs(4);

/// The round trips of a request, and of what is lost and sent again.
const TRIPS: u32 = 4;

/// The app's answers are one line; an error page is a few kilobytes.
const LONGEST: usize = 64 << 10;

/// Looks at FLASK_APP_URL.
pub(super) async fn look(context: &ProbeContext) -> ProbeResult {
    let (url, endpoint, env) = match context.fact(&FactKey::Env) {
        Ok(Fact::Env(env)) => match env.api() {
            Some(url) => (url, Endpoint { host: url.host.clone(), port: url.http_port() }, env),
            None => return ProbeResult::new("", Err(Unseen::NotKnown("no FLASK_APP_URL is set here".to_owned()))),
        },
        Ok(_) => return ProbeResult::new("", Err(Unseen::NotAsked(FactKey::Env))),
        Err(why) => return ProbeResult::new("", Err(why)),
    };
    let proxy = env.proxy(url).filter(|_| is_the_workers(env, context));
    let (heard, key) = match proxy {
        Some((_, proxy)) => (through(proxy, &endpoint, url).await, Presence::Absent),
        None => ask(&endpoint, url, context).await,
    };
    let proxy = proxy.map(|(_, proxy)| proxy.to_string());
    let secrets = Secrets::of(context.keyring.api.iter().map(ExposeSecret::expose_secret));
    let sender = heard.sender.filter(|_| heard.said != ApiSaid::Well).map(|sender| quoted::answered(&sender, &secrets));
    let outcome =
        ApiOutcome { endpoint: endpoint.clone(), scheme: url.scheme.clone(), key, proxy, said: heard.said, sender };
    ProbeResult::new(format!("HTTP at {endpoint}"), Ok(Fact::Api(outcome)))
}

/// What came back, and from whom.
struct Heard {
    said: ApiSaid,
    sender: Option<String>,
}

impl From<ApiSaid> for Heard {
    fn from(said: ApiSaid) -> Self {
        Self { said, sender: None }
    }
}

/// Whether a request from here goes the worker's own way, with its own variables.
fn is_the_workers(env: &Environment, context: &ProbeContext) -> bool {
    context.vantage == Vantage::Container || env.provenance.as_ref().is_some_and(|it| it.host.is_some())
}

/// Asks the proxy, as the worker's library does; without the key, which is nobody's but the app's. Behind a proxy TLS is not
/// spoken: whether it would connect at all is its answer to CONNECT.
async fn through(proxy: &EnvUrl, endpoint: &Endpoint, url: &EnvUrl) -> Heard {
    let encrypted = url.scheme == "https";
    let to = Endpoint { host: proxy.host.clone(), port: proxy.port.unwrap_or(80) };
    let stream = match dial::connect(&to).await {
        Ok(stream) => stream,
        Err(how) => return ApiSaid::Unreached(how).into(),
    };
    let request = if encrypted {
        Request::connect(endpoint.to_string())
    } else {
        Request::get(format!("http://{endpoint}{}", no_job(url)))
    };
    let request = request
        .header(HOST, endpoint.to_string())
        .header(USER_AGENT, concat!("clipcheck/", env!("CARGO_PKG_VERSION")))
        .body(Empty::<Bytes>::new());
    let Ok(request) = request else { return ApiSaid::NotHttp.into() };
    let limit = stream.pace().within(ANSWER, TRIPS);
    match timeout(limit, exchange(Box::new(stream), request, false)).await {
        // It connects, and what is behind it was not asked.
        Ok(Heard { said: ApiSaid::OtherStatus(200), .. }) if encrypted => ApiSaid::NoKey.into(),
        Ok(heard) => heard,
        Err(_) => ApiSaid::Silent.into(),
    }
}

/// The worker joins its URL and the path (`f"{base_url}/api/worker/…"`): what is in front may serve the app under a path.
fn no_job(url: &EnvUrl) -> String {
    format!("{}{NO_JOB}", url.path.as_deref().unwrap_or_default())
}

async fn ask(endpoint: &Endpoint, url: &EnvUrl, context: &ProbeContext) -> (Heard, Presence) {
    let stream = match dial::connect(endpoint).await {
        Ok(stream) => stream,
        Err(how) => return (ApiSaid::Unreached(how).into(), Presence::Absent),
    };
    let pace = stream.pace();
    let tunnelled = stream.peer_addr().is_ok_and(|peer| dial::may_carry_password(context, peer.ip()).is_ok());
    let (wire, may): (Box<dyn Wire>, bool) = if url.scheme == "https" {
        match encrypt(stream, &endpoint.host, context).await {
            Ok(encrypted) => encrypted,
            Err(Refused::Distrusted(why)) => return (ApiSaid::Distrusted(why).into(), Presence::Absent),
            Err(Refused::NoTls) => return (ApiSaid::NoTls.into(), Presence::Absent),
        }
    } else {
        (Box::new(stream), tunnelled)
    };
    let key = context.keyring.api.as_ref().filter(|_| may);
    let mut request = Request::get(no_job(url))
        .header(HOST, endpoint.to_string())
        .header(USER_AGENT, concat!("clipcheck/", env!("CARGO_PKG_VERSION")));
    if let Some(key) = key {
        request = request.header(AUTHORIZATION, format!("Bearer {}", key.expose_secret()));
    }
    let sent = Presence::of(key.is_some());
    // A key with a line break in it is no header.
    let Ok(request) = request.body(Empty::<Bytes>::new()) else { return (ApiSaid::NoKey.into(), Presence::Absent) };
    let said = timeout(pace.within(ANSWER, TRIPS), exchange(wire, request, sent.is_present())).await;
    (said.unwrap_or_else(|_| ApiSaid::Silent.into()), sent)
}

/// The connection, and whether the key may be sent over it.
async fn encrypt(stream: Stream, name: &str, context: &ProbeContext) -> Result<(Box<dyn Wire>, bool), Refused> {
    let limit = stream.pace().within(DIAL, tls::TRIPS);
    let Some(trust) = trust(context) else {
        let wire = timeout(limit, tls::wrap(stream, name, &tls::Shown::default())).await.ok().flatten();
        return wire.map(|wire| (wire, false)).ok_or(Refused::NoTls);
    };
    let wire = timeout(limit, verified::wrap(stream, name, trust?)).await.unwrap_or(Err(Refused::NoTls))?;
    Ok((wire, true))
}

/// Whom the worker's `requests` believes; none where that cannot be seen: the file that tells lies in the container.
fn trust(context: &ProbeContext) -> Option<Result<Trust, Refused>> {
    let Some(path) = &context.keyring.bundle else { return Some(Ok(Trust::Everybodys)) };
    let no_bundle = || Refused::Distrusted(Distrust::NoBundle);
    let native = matches!(context.fact(&FactKey::Env), Ok(Fact::Env(env)) if is_the_workers(env, context));
    if !native {
        return None;
    }
    match host::read(path) {
        host::Text::Read(text) => Some(Trust::read(&text).ok_or_else(no_bundle)),
        host::Text::Missing => Some(Err(no_bundle())),
        // It may be a folder too.
        host::Text::Forbidden | host::Text::Failed(_) => None,
    }
}

async fn exchange(wire: Box<dyn Wire>, request: Request<Empty<Bytes>>, sent: bool) -> Heard {
    let Ok((mut sender, connection)) = http1::handshake(TokioIo::new(wire)).await else {
        return ApiSaid::Closed.into();
    };
    let talk = async {
        match sender.send_request(request).await {
            Ok(response) => read(response, sent).await,
            Err(error) if is_end(&error) => ApiSaid::Closed.into(),
            Err(_) => ApiSaid::NotHttp.into(),
        }
    };
    // The connection must be driven for as long as the answer is read, and may end before it is.
    tokio::pin!(talk, connection);
    let (said, ended) = tokio::select! {
        said = &mut talk => (said, None),
        ended = &mut connection => (talk.await, Some(ended)),
    };
    if said.said != ApiSaid::Closed {
        return said;
    }
    // Why the connection ended it knows itself: who asks is only told that it did.
    let ended = match ended {
        Some(ended) => ended,
        None => connection.await,
    };
    if ended.is_err_and(|error| !is_end(&error)) { ApiSaid::NotHttp.into() } else { said }
}

/// Whether the connection ended, in place of bringing what cannot be read.
fn is_end(error: &hyper::Error) -> bool {
    let by_kernel = || error.source().is_some_and(<dyn std::error::Error>::is::<std::io::Error>);
    error.is_incomplete_message() || error.is_canceled() || error.is_closed() || by_kernel()
}

async fn read<B>(response: Response<B>, sent: bool) -> Heard
where
    B: hyper::body::Body,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let status = response.status().as_u16();
    let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or("").to_owned();
    let (location, server, wants) = (header(LOCATION), header(SERVER), header(WWW_AUTHENTICATE));
    let body = Limited::new(response.into_body(), LONGEST).collect().await;
    let body = body.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let said = worker_api::read(status, &location, &String::from_utf8_lossy(&body), sent);
    Heard { said, sender: worker_api::sender(&server, &wants) }
}

/// What [`look`] does.
pub(super) fn touches() -> Vec<Touch> {
    let asked = [connects(&["tcp {app-url}", "tcp {proxy}"]), reads(&["{bundle}"])].concat();
    only("where FLASK_APP_URL is set", asked)
}
