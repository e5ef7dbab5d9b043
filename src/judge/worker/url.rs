//! What is wrong with a URL that is set.

use std::net::IpAddr;

use crate::case::Seat;
use crate::check::{Finding, broken};
use crate::fact::Unseen;
use crate::fact::dial::NameAnswer;
use crate::fact::environment::{EnvUrl, Flaw, Setting};
use crate::profile::Source;

/// Names by which a container reaches the machine that it runs on (Docker Desktop's documentation; `host-gateway`).
const DOCKER_HOST: [&str; 3] = ["host.docker.internal", "gateway.docker.internal", "docker.for.mac.localhost"];

/// What is said in place of a name where a URL has none.
pub(super) const NO_HOST: &str = "no host at all";

/// What is wrong with a value that is set.
pub(super) fn trouble(
    seat: &Seat<'_>,
    setting: &Setting,
    right_kind: fn(&EnvUrl) -> bool,
) -> Result<Option<Finding>, Unseen> {
    let url = match setting {
        Setting::Url(url) => url,
        Setting::Flawed(Flaw::Placeholder) => return Ok(Some(broken("placeholder"))),
        Setting::Flawed(Flaw::Quoted) => return Ok(Some(broken("quoted"))),
        Setting::Flawed(Flaw::Comment) => return Ok(Some(broken("comment"))),
        Setting::Flawed(Flaw::UnencodedPassword) => return Ok(Some(broken("unencoded"))),
        Setting::Flawed(flaw @ (Flaw::NoScheme | Flaw::WhiteSpace | Flaw::Unreadable)) => {
            return Ok(Some(broken("flawed").with("flaw", flaw.words())));
        }
        Setting::Empty | Setting::Word(_) | Setting::Secret => {
            return Ok(Some(broken("flawed").with("flaw", "no URL")));
        }
    };
    if !right_kind(url) {
        return Ok(Some(broken("wrong-kind").with("scheme", &url.scheme)));
    }
    if url.is_local() {
        return Ok(Some(broken("local").with("name", if url.host.is_empty() { NO_HOST } else { &url.host })));
    }
    if DOCKER_HOST.contains(&url.host.to_ascii_lowercase().as_str()) {
        return Ok(Some(broken("docker-host").with("name", &url.host)));
    }
    let addresses = seat.addresses();
    let there = match url.host.parse::<IpAddr>() {
        Ok(address) => vec![address],
        Err(_) => resolved(seat, &url.host)?,
    };
    if there.contains(&addresses.server.value) {
        return Ok(None);
    }
    if addresses.public.is_some_and(|public| there.contains(&public)) {
        return Ok(Some(broken("around").with("name", &url.host)));
    }
    if addresses.server.source == Source::Guide {
        return Err(Unseen::Undecided(format!(
            "{} is not the guide's {}; if it is your server's address in the tunnel, say `--server`",
            url.host, addresses.server.value
        )));
    }
    Ok(Some(broken("elsewhere").with("name", &url.host)))
}

fn resolved(seat: &Seat<'_>, name: &str) -> Result<Vec<IpAddr>, Unseen> {
    let names = seat.names()?;
    match names.names.iter().find(|look| look.name == name).map(|look| &look.libc) {
        Some(NameAnswer::Addresses(found)) => Ok(found.clone()),
        Some(NameAnswer::NoSuchName | NameAnswer::Silent | NameAnswer::Refused | NameAnswer::Failed) | None => {
            Err(Unseen::Undecided(format!("the name {name} does not resolve here")))
        }
    }
}
