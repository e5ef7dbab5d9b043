//! Docker's engine, asked over its socket: `docker inspect` prints what the engine says, and to start that program takes ten
//! times as long. Where it would ask another engine, or this one does not answer well, it is asked: it says why.
#![expect(clippy::disallowed_methods, reason = "dialling is this probe's work")]

use std::io::{Error, ErrorKind};

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
use crate::fact::touch::{Touch, connects, reads};
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

/// Whether nobody waits at the engine's socket, and Docker's own client would ask there: it would only say so, and its start is
/// what takes longest. What has its name may be another's (podman's script, snap's link), which needs no socket.
pub(super) async fn is_absent() -> bool {
    let nobody = |error: &Error| matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused);
    !is_elsewhere() && UnixStream::connect(SOCKET).await.is_err_and(|error| nobody(&error)) && host::is_itself("docker")
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

/// The end of a container's log: standard output, standard error. What the container was given as a terminal has one stream.
pub(super) async fn logs(name: &str, since: Option<u64>, tail: &str) -> Option<(String, String)> {
    let since = since.map(|since| format!("&timestamps=1&since={since}")).unwrap_or_default();
    let path = format!("/containers/{}/logs?stdout=1&stderr=1{since}&tail={tail}", plain(name)?);
    let (_, said) = bytes(&path).await.filter(|(status, _)| *status == StatusCode::OK)?;
    Some(streams(&said))
}

/// The two streams of a log come in pieces, each behind its number and its length (Docker Engine API, "Attach to a container",
/// "Stream format"). What has no such pieces is one stream.
fn streams(said: &[u8]) -> (String, String) {
    let (mut out, mut err, mut rest) = (Vec::new(), Vec::new(), said);
    while let [stream @ (1 | 2), 0, 0, 0, a, b, c, d, after @ ..] = rest {
        let length = usize::try_from(u32::from_be_bytes([*a, *b, *c, *d])).unwrap_or(usize::MAX);
        let Some((piece, after)) = after.split_at_checked(length) else { break };
        if *stream == 1 {
            out.extend_from_slice(piece);
        } else {
            err.extend_from_slice(piece);
        }
        rest = after;
    }
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if rest.is_empty() { (text(&out), text(&err)) } else { (text(said), String::new()) }
}

/// A name that may stand in a path.
fn plain(name: &str) -> Option<&str> {
    let plain = !name.contains("..") && name.chars().all(|c| c.is_ascii_alphanumeric() || "._-:/@".contains(c));
    Some(name).filter(|name| plain && !name.is_empty())
}

/// The client also says what is wrong with a name that there is not.
async fn one(name: &str, before: &str, after: &str) -> Option<String> {
    let (_, said) =
        get(&format!("{before}{}{after}", plain(name)?)).await.filter(|(status, _)| *status == StatusCode::OK)?;
    Some(format!("[{said}]"))
}

async fn get(path: &str) -> Option<(StatusCode, String)> {
    let (status, said) = bytes(path).await?;
    Some((status, String::from_utf8_lossy(&said).into_owned()))
}

async fn bytes(path: &str) -> Option<(StatusCode, Bytes)> {
    if is_elsewhere() {
        return None;
    }
    timeout(PROGRAM, exchange(SOCKET, path)).await.ok().flatten()
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
async fn exchange(socket: &str, path: &str) -> Option<(StatusCode, Bytes)> {
    let stream = Bounded::new(UnixStream::connect(socket).await.ok()?);
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.ok()?;
    let request = Request::get(path).header(HOST, "docker").body(Empty::<Bytes>::new()).ok()?;
    let talk = async {
        let response = sender.send_request(request).await.ok()?;
        let status = response.status();
        let body = response.into_body().collect().await.ok()?.to_bytes();
        Some((status, body))
    };
    // The connection must be driven for as long as the answer is read, and may end before it is.
    tokio::pin!(talk, connection);
    tokio::select! {
        said = &mut talk => said,
        _ = &mut connection => talk.await,
    }
}

/// Where its client is looked for, in this order.
const CLIENT: [&str; 4] = ["/usr/local/sbin/docker", "/usr/local/bin/docker", "/usr/sbin/docker", "/usr/bin/docker"];

/// What asking the engine does.
pub(super) fn touches() -> Vec<Touch> {
    [reads(&["{home}/.docker/config.json"]), reads(&CLIENT), connects(&["unix /var/run/docker.sock"])].concat()
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::os::unix::net::UnixListener;

    use super::*;

    /// What is heard of a server that answers this, again and again, and closes.
    async fn heard(answer: &'static [u8], times: usize) -> Option<(StatusCode, Bytes)> {
        let folder = tempfile::tempdir().expect("a folder");
        let socket = folder.path().join("docker.sock");
        let listener = UnixListener::bind(&socket).expect("a socket");
        let serves = std::thread::Builder::new().spawn(move || {
            let (mut stream, _) = listener.accept().expect("it is asked");
            let mut asked = [0; 512];
            let count = stream.read(&mut asked).expect("a request");
            for _ in 0..times {
                // Whoever has heard enough closes first.
                if stream.write_all(answer).is_err() {
                    break;
                }
            }
            String::from_utf8_lossy(&asked[..count]).into_owned()
        });
        let said = exchange(&socket.display().to_string(), "/containers/x/json").await;
        let asked = serves.expect("a thread").join().expect("it ends");
        assert!(asked.starts_with("GET /containers/x/json HTTP/1.1\r\nhost: docker\r\n"), "{asked}");
        said
    }

    #[tokio::test]
    async fn the_engine_is_heard_and_nobody_else() {
        let ok = |text: &'static str| Some((StatusCode::OK, Bytes::from_static(text.as_bytes())));
        assert_eq!(heard(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", 1).await, ok("{}"));
        let chunks = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n";
        assert_eq!(heard(chunks, 1).await, ok("{}"));
        let gone = heard(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", 1).await;
        assert_eq!(gone, Some((StatusCode::NOT_FOUND, Bytes::new())));
        assert_eq!(heard(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}", 1).await, None, "cut short");
        assert_eq!(heard(b"-ERR unknown command\r\n", 1).await, None, "Redis");
        assert_eq!(heard(b"", 1).await, None, "closed at once");
    }

    #[test]
    fn a_log_is_taken_apart() {
        let both = |out: &str, err: &str| (out.to_owned(), err.to_owned());
        let said = b"\x01\0\0\0\0\0\0\x03hi\n\x02\0\0\0\0\0\0\x04no!\n\x01\0\0\0\0\0\0\x02a\n";
        assert_eq!(streams(said), both("hi\na\n", "no!\n"));
        assert_eq!(streams(b""), both("", ""));
        assert_eq!(streams(b"of a terminal\n"), both("of a terminal\n", ""));
        assert_eq!(streams(b"\x01\0\0\0\xff\xff\xff\xffcut").1, "", "a length that is a lie is no stream");
        assert_eq!([plain("a/../b"), plain("a?b"), plain(""), plain("a-b_1.c")], [None, None, None, Some("a-b_1.c")]);
    }

    #[tokio::test]
    async fn an_endless_answer_is_none() {
        const HEAD_AND_MORE: &[u8] =
            b"HTTP/1.1 200 OK\r\n\r\nxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
        assert_eq!(heard(HEAD_AND_MORE, 1 << 20).await, None);
    }

    #[tokio::test]
    async fn nobody_there_is_none() {
        assert_eq!(exchange("/nowhere/docker.sock", "/").await, None);
    }
}
