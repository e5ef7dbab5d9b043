//! The web app that the server itself runs: what it was started with, and the sockets that its URLs name.

use crate::case::Seat;
use crate::check::cause::{WebFresh, WebSockets};
use crate::check::{Judged, broken, holds, not_applicable};
use crate::fact::Unseen;
use crate::fact::environment::{Layer, Setting, SocketState};
use crate::fact::postgres::PgSaid;
use crate::fact::redis::RedisSaid;

/// On the server: the web app was started with what its files say.
pub(crate) fn web_fresh(seat: &Seat<'_>) -> Judged<WebFresh> {
    let web_app = seat.web_app()?;
    let Some(pid) = web_app.pid else { return Ok(not_applicable("no web app was seen here outside of containers")) };
    let Some(first) = web_app.outdated.first() else { return Ok(holds()) };
    let names: Vec<&str> = web_app.outdated.iter().map(|it| it.variable.as_str()).collect();
    let finding = broken(WebFresh::Outdated).with("variables", names.join(", ")).with("pid", pid);
    let finding = finding.at(&first.path, first.line);
    // As long as what it was started with still lets it in, it works.
    let works = seat.redis().is_ok_and(|outcome| outcome.said == RedisSaid::Pong)
        && seat.postgres().is_ok_and(|outcome| outcome.said == PgSaid::One);
    Ok(if works { finding.for_later() } else { finding }.into())
}

/// On the server: the Unix sockets in its URLs let it in.
pub(crate) fn web_sockets(seat: &Seat<'_>) -> Judged<WebSockets> {
    let env = seat.env()?;
    if env.sockets.is_empty() {
        let named = |layers: &Vec<Layer>| matches!(layers.first().map(|it| &it.setting), Some(Setting::Url(url)) if url.socket.is_some());
        if env.variables.values().any(named) {
            return Err(Unseen::NotKnown(
                "a URL of the web app names a Unix socket, which was not tried: that takes root, and a web app that runs here outside of \
                 containers"
                    .to_owned(),
            ));
        }
        return Ok(not_applicable("no URL of the web app names a Unix socket"));
    }
    let Some(shut) = env.sockets.iter().find(|it| it.state != SocketState::Open) else { return Ok(holds()) };
    let finding = match &shut.state {
        SocketState::Open => return Ok(holds()),
        SocketState::Missing => broken(WebSockets::Missing),
        SocketState::Other => broken(WebSockets::NoSocket),
        SocketState::Refused => broken(WebSockets::Refused),
        SocketState::Forbidden { user, owner, mode } => {
            broken(WebSockets::Forbidden).with("user", user).with("owner", owner).with("mode", format!("{mode:o}"))
        }
    };
    let of_redis = !shut.path.contains(".s.PGSQL.");
    let finding = finding
        .with("variable", &shut.variable)
        .with("socket", &shut.path)
        .with("service", if of_redis { "Redis" } else { "PostgreSQL" })
        .with("setting", if of_redis { "unixsocket" } else { "unix_socket_directories" });
    // The process has it from somewhere: a file that says the same is where it can be changed.
    let layers = env.variables.get(&shut.variable).map(Vec::as_slice).unwrap_or_default();
    let mut same = layers.iter().filter(|layer| layer.setting == layers[0].setting);
    Ok(match same.find_map(|layer| layer.origin.place()) {
        Some((path, line)) => finding.at(path, line),
        None => finding.with("place", "the web app's environment").with("file", "").with("line", ""),
    }
    .into())
}
