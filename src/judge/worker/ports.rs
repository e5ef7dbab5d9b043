//! Do the worker's URLs name the ports on which the server listens?

use crate::case::Seat;
use crate::check::{Finding, Judged, broken, holds};
use crate::fact::Vantage;
use crate::fact::environment::{Effective, EnvUrl, Environment, Origin, Setting};

/// The ports of the broker's and the database's URL against the server's sockets.
pub fn env_ports(seat: &Seat<'_>) -> Judged {
    let env = seat.env()?;
    let server = seat.at(Vantage::Server)?;
    let (listeners, addresses) = (server.listeners()?, server.addresses());
    let at = addresses.server.value;
    // Where nothing listens on the right port either, the port is not what is wrong.
    let wrong = |named: u16, right: u16| !listeners.answers(at, named) && listeners.answers(at, right);
    if let Some((variable, origin, url)) = written(&env.redis("CELERY_BROKER_URL")).filter(|(.., url)| url.is_redis()) {
        let (named, right) = (url.port_or_default(), addresses.redis_port.value);
        if wrong(named, right) {
            return Ok(placed(broken("redis-port"), variable, origin).with("named", named).with("right", right).into());
        }
    }
    if let Some((variable, origin, url)) = database(env) {
        let (named, right) = (url.port_or_default(), addresses.postgres_port.value);
        if wrong(named, right) {
            let finding = placed(broken("postgres-port"), variable, origin);
            return Ok(finding.with("named", named).with("right", right).into());
        }
    }
    Ok(holds())
}

fn database(env: &Environment) -> Option<(&'static str, &Origin, &EnvUrl)> {
    written(&env.database()).filter(|(.., url)| url.is_postgres())
}

fn written<'a>(effective: &Effective<'a>) -> Option<(&'static str, &'a Origin, &'a EnvUrl)> {
    match *effective {
        Effective::Set { variable, origin, setting: Setting::Url(url) } => Some((variable, origin, url)),
        Effective::Set { .. } | Effective::CodeDefault | Effective::Nothing | Effective::DefaultOrNothing => None,
    }
}

fn placed(finding: Finding, variable: &'static str, origin: &Origin) -> Finding {
    let finding = finding.with("variable", variable).with("origin", origin);
    match origin {
        Origin::File { path, line } => finding.at(path, *line),
        Origin::Process | Origin::Inspect => finding,
    }
}
