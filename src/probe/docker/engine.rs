//! Docker's engine, asked over its socket: `docker inspect` prints what the engine says, and to start that program takes ten
//! times as long. Where it would ask another engine, or this one does not answer well, it is asked: it says why.
#![expect(clippy::disallowed_methods, reason = "dialling is this probe's work")]

use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::HOST;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use tokio::net::UnixStream;
use tokio::time::timeout;

use super::{MOST, PROGRAM};
use crate::probe::bounded::Bounded;
use crate::probe::host;

/// Where the engine listens unless something says otherwise (dockerd(8), `--host`).
const SOCKET: &str = "/var/run/docker.sock";

/// What leads Docker's client elsewhere (docker(1), "Environment variables").
const ELSEWHERE: [&str; 3] = ["DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG"];

#[derive(Deserialize)]
struct Id {
    #[serde(rename = "Id")]
    id: String,
}

/// What `docker inspect` prints of all containers. Holds secrets. None where the client is to be asked.
pub(super) async fn containers() -> Option<String> {
    let (_, listed) = get("/containers/json?all=1").await.filter(|(status, _)| *status == StatusCode::OK)?;
    let ids: Vec<Id> = serde_json::from_str(&listed).ok()?;
    let mut found = Vec::new();
    for Id { id } in ids.into_iter().take(MOST) {
        match get(&format!("/containers/{id}/json")).await? {
            (StatusCode::OK, said) => found.push(said),
            // It was removed meanwhile.
            (StatusCode::NOT_FOUND, _) => {}
            _ => return None,
        }
    }
    Some(format!("[{}]", found.join(",")))
}

/// What `docker inspect` prints of one container.
pub(super) async fn container(name: &str) -> Option<String> {
    one(name, "/containers/", "/json").await
}

/// What `docker image inspect` prints.
pub(super) async fn image(name: &str) -> Option<String> {
    one(name, "/images/", "/json").await
}

/// What `docker network inspect` prints.
pub(super) async fn network(name: &str) -> Option<String> {
    one(name, "/networks/", "").await
}

/// The client also says what is wrong with a name that there is not.
async fn one(name: &str, before: &str, after: &str) -> Option<String> {
    let plain = !name.contains("..") && name.chars().all(|c| c.is_ascii_alphanumeric() || "._-:/@".contains(c));
    if !plain || name.is_empty() {
        return None;
    }
    let (_, said) = get(&format!("{before}{name}{after}")).await.filter(|(status, _)| *status == StatusCode::OK)?;
    Some(format!("[{said}]"))
}

async fn get(path: &str) -> Option<(StatusCode, String)> {
    if is_elsewhere() {
        return None;
    }
    timeout(PROGRAM, exchange(path)).await.ok().flatten()
}

/// Whether the user chose another engine.
fn is_elsewhere() -> bool {
    let told = ELSEWHERE.iter().any(|name| host::variable(name).is_some());
    let home = host::variable("HOME").unwrap_or_default();
    told || match host::read(format!("{home}/.docker/config.json")) {
        host::Text::Read(text) => text.contains("currentContext"),
        host::Text::Missing => false,
        host::Text::Forbidden | host::Text::Failed(_) => true,
    }
}

/// A connection for each request: on this machine that costs nothing.
async fn exchange(path: &str) -> Option<(StatusCode, String)> {
    let stream = Bounded::new(UnixStream::connect(SOCKET).await.ok()?);
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.ok()?;
    let request = Request::get(path).header(HOST, "docker").body(Empty::<Bytes>::new()).ok()?;
    let talk = async {
        let response = sender.send_request(request).await.ok()?;
        let status = response.status();
        let body = response.into_body().collect().await.ok()?.to_bytes();
        Some((status, String::from_utf8_lossy(&body).into_owned()))
    };
    // The connection must be driven for as long as the answer is read, and may end before it is.
    tokio::pin!(talk, connection);
    tokio::select! {
        said = &mut talk => said,
        _ = &mut connection => talk.await,
    }
}
