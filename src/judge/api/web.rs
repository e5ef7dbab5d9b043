//! The web app that the server itself runs: what it was started with, and the sockets that its URLs name.

use crate::case::Seat;
use crate::check::cause::{WebAtBoot, WebFresh, WebSockets};
use crate::check::{Finding, Judged, broken, holds, not_applicable};
use crate::fact::Unseen;
use crate::fact::dial::Dial;
use crate::fact::environment::{Environment, Layer, Setting, SocketState};
use crate::fact::postgres::PgSaid;
use crate::fact::redis::RedisSaid;
use crate::judge::boot::{self, Start};

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

/// On the server: the unit that runs the web app is started at boot, and after the tunnel where it needs its address.
pub(crate) fn web_at_boot(seat: &Seat<'_>) -> Judged<WebAtBoot> {
    let web_app = seat.web_app()?;
    if web_app.pid.is_none() || web_app.unit.is_none() {
        return Ok(not_applicable("no unit was seen here that runs the web app"));
    }
    let Some(unit) = &web_app.runs_in else {
        return Err(Unseen::NotKnown("systemd did not tell of the unit that runs the web app".to_owned()));
    };
    // What systemd-run made is gone after a boot, and nobody takes it for more.
    if !unit.known || unit.enabled == "transient" {
        return Ok(not_applicable("the web app was started by hand"));
    }
    if let Some(finding) = boot::refused(&unit.name, &unit.at_boot) {
        return Ok(finding.map(Into::into).into());
    }
    boot::told(&unit.name, &unit.at_boot)?;
    // A socket of systemd's waits for its first request.
    if let Some(socket) = unit.at_boot.on_demand.first().filter(|_| !boot::starts(unit)) {
        let server = seat.addresses().server.value;
        if web_app.listens.iter().any(|at| at.ip() == server) {
            return Err(Unseen::NotKnown(format!("whether {socket} waits for the tunnel at boot was not asked")));
        }
        return Ok(holds());
    }
    if !boot::starts(unit) {
        let why = unit.at_boot.why_not().unwrap_or_else(|| match unit.enabled.as_str() {
            "static" => "it has no [Install] section, and no unit that the boot starts wants it".to_owned(),
            other => format!("it is {other}"),
        });
        return Ok(broken(WebAtBoot::Disabled).with("unit", &unit.name).with("why", why).into());
    }
    let at = web_app.listens.iter().find(|at| seat.is_own_in_tunnel(at.ip()));
    let Some(at) = at.filter(|_| web_app.again != Some(true)) else { return Ok(holds()) };
    if web_app.again.is_none() {
        return Err(Unseen::NotKnown(format!("systemd did not tell whether it starts {} again", unit.name)));
    }
    Ok(match boot::start(seat, unit)? {
        Start::AfterTunnel => holds(),
        Start::Open(why) => not_applicable(why),
        Start::BeforeTunnel => {
            let finding = broken(WebAtBoot::BeforeTunnel).with("unit", &unit.name);
            finding.with("server", at.ip()).with("port", at.port()).into()
        }
    })
}

/// On the server: somebody listens at the Unix sockets and the addresses in its URLs.
pub(crate) fn web_sockets(seat: &Seat<'_>) -> Judged<WebSockets> {
    let env = seat.env()?;
    if let Some(shut) = env.dialled.iter().find(|it| it.how != Dial::Open) {
        // Nobody was asked there: what kept this program from it says nothing of who listens.
        if matches!(shut.how, Dial::Forbidden | Dial::ResolverFailed | Dial::Other(_)) {
            return Err(Unseen::Undecided(format!(
                "{} of the web app leads to {}, which could not be tried: {}",
                shut.variable,
                shut.endpoint,
                shut.how.said()
            )));
        }
        let finding = broken(WebSockets::Unreached).with("endpoint", &shut.endpoint).with("how", shut.how.label());
        let finding = finding.with("other", &seat.redis()?.endpoint);
        return Ok(written(env, &shut.variable, finding).into());
    }
    if env.sockets.is_empty() && !env.dialled.is_empty() {
        return Ok(holds());
    }
    if env.sockets.is_empty() {
        let named = |layers: &Vec<Layer>| matches!(layers.first().map(|it| &it.setting), Some(Setting::Url(url)) if url.socket.is_some());
        if env.variables.values().any(named) {
            return Err(Unseen::NotKnown(
                "a URL of the web app names a Unix socket, which was not tried: that is done as the web app's own user, where clipcheck runs \
                 as root and finds its process outside of containers, with the same files"
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
        SocketState::Hidden => broken(WebSockets::Hidden),
        SocketState::Refused => broken(WebSockets::Refused),
        SocketState::Forbidden { user, owner, mode } => {
            broken(WebSockets::Forbidden).with("user", user).with("owner", owner).with("mode", format!("{mode:o}"))
        }
    };
    let of_redis = !shut.path.contains(".s.PGSQL.");
    let finding = finding
        .with("socket", &shut.path)
        .with("service", if of_redis { "Redis" } else { "PostgreSQL" })
        .with("setting", if of_redis { "unixsocket" } else { "unix_socket_directories" });
    Ok(written(env, &shut.variable, finding).into())
}

/// With the variable's place: its process has it from somewhere, and a file that says the same is where it can be changed.
fn written(env: &Environment, variable: &str, finding: Finding<WebSockets>) -> Finding<WebSockets> {
    let layers = env.variables.get(variable).map(Vec::as_slice).unwrap_or_default();
    let mut same = layers.iter().filter(|layer| layer.setting == layers[0].setting);
    let finding = finding.with("variable", variable);
    match same.find_map(|layer| layer.origin.place()) {
        Some((path, line)) => finding.at(path, line),
        None => finding.with("place", "the web app's environment").with("file", "").with("line", ""),
    }
}
