//! What is wrong with a URL that is set.

use std::net::IpAddr;

use super::beside::{Beside, beside};
use super::{native, provenance};
use crate::case::Seat;
use crate::case::elsewhere::Elsewhere;
use crate::check::cause::{EnvDatabase, EnvRedis, cause_of, causes_of};
use crate::check::{Finding, broken};
use crate::fact::dial::NameAnswer;
use crate::fact::environment::{EnvUrl, Flaw, HostLine, Setting};
use crate::fact::{Service, Unseen, Vantage};
use crate::profile::{Addresses, Origin};

/// Names by which a container reaches the machine that it runs on (Docker Desktop's documentation; `host-gateway`).
const DOCKER_HOST: [&str; 3] = ["host.docker.internal", "gateway.docker.internal", "docker.for.mac.localhost"];

/// What is said in place of a name where a URL has none.
pub(super) const NO_HOST: &str = "no host at all";

/// What may be wrong with a URL, whichever it is, or with where it comes from.
#[derive(Debug, Clone, Copy)]
pub(super) enum UrlFault {
    Quoted,
    Comment,
    Unencoded,
    Flawed,
    Local,
    Elsewhere,
    Beside,
    Default,
    Empty,
    Unset,
    Stale,
    Shell,
    Ignored,
}

causes_of!(UrlFault as EnvDatabase: Quoted, Comment, Unencoded, Flawed, Local, Elsewhere, Beside,
    Default, Empty, Unset, Stale, Shell, Ignored);
causes_of!(UrlFault as EnvRedis: Quoted, Comment, Unencoded, Flawed, Local, Elsewhere, Beside,
    Default, Empty, Unset, Stale, Shell, Ignored);

/// What is wrong with a value that is set. The server's address is said as the server has it: this end may err in that.
pub(super) fn diagnosis<C: From<UrlFault>>(
    seat: &Seat<'_>,
    setting: &Setting,
    right_kind: fn(&EnvUrl) -> bool,
) -> Result<Option<Finding<C>>, Unseen> {
    let found = flaw(seat, setting, right_kind)?;
    Ok(found.map(|finding| finding.map(C::from).with("server", best(seat).server.value)))
}

fn flaw(
    seat: &Seat<'_>,
    setting: &Setting,
    right_kind: fn(&EnvUrl) -> bool,
) -> Result<Option<Finding<UrlFault>>, Unseen> {
    let url = match setting {
        Setting::Url(url) => url,
        Setting::Flawed(flaw) => {
            return Ok(Some(cause_of!(flaw => {
                Flaw::UnencodedPassword => broken(UrlFault::Unencoded),
                Flaw::Placeholder => broken(UrlFault::Flawed).with("flaw", "still contains a placeholder"),
                Flaw::NoScheme | Flaw::WhiteSpace | Flaw::Unreadable => {
                    broken(UrlFault::Flawed).with("flaw", format!("is {}", flaw.words()))
                }
            } Flaw as UrlFault: Quoted, Comment)));
        }
        Setting::Empty | Setting::Word(_) | Setting::Secret => {
            return Ok(Some(broken(UrlFault::Flawed).with("flaw", "is no URL at all")));
        }
    };
    misses(seat, url, right_kind)
}

/// Whether a URL that can be read is of another kind, or leads elsewhere than to the server.
fn misses(seat: &Seat<'_>, url: &EnvUrl, right_kind: fn(&EnvUrl) -> bool) -> Result<Option<Finding<UrlFault>>, Unseen> {
    // The image's command has the value without quotation marks.
    if url.commented && native(seat).is_none() && seat.vantage() != Vantage::Server {
        return Ok(Some(broken(UrlFault::Comment)));
    }
    if !right_kind(url) {
        return Ok(Some(
            broken(UrlFault::Flawed).with("flaw", format!("begins with {}://", url.scheme)).marks(&url.scheme),
        ));
    }
    if url.service && url.host.is_empty() {
        return Err(Unseen::NotKnown(
            "the URL names a service of libpq's (`service=`), whose file was not read".to_owned(),
        ));
    }
    if url.is_local() {
        let loopback = [IpAddr::from([127, 0, 0, 1]), IpAddr::from(std::net::Ipv6Addr::LOCALHOST)];
        if !url.host.is_empty() && beside(seat, url, &loopback)? == Beside::Relay {
            return Ok(None);
        }
        let name = if url.host.is_empty() { NO_HOST } else { &url.host };
        return Ok(Some(broken(UrlFault::Local).with("name", name).marks(&url.host)));
    }
    // Of several hosts it is enough that one is the server.
    if url.others.iter().any(|other| other.parse() == Ok(best(seat).server.value)) {
        return Ok(None);
    }
    let given = given(seat, &url.host);
    if given.is_empty() && DOCKER_HOST.contains(&url.host.to_ascii_lowercase().as_str()) {
        let there = resolved(seat, &url.host).unwrap_or_default();
        if beside(seat, url, &there)? == Beside::Relay {
            return Ok(None);
        }
        let finding = broken(UrlFault::Local).with("name", &url.host).marks(&url.host);
        return Ok(Some(finding.with("itself", "that is the machine on which the container runs")));
    }
    let there = match url.host.parse::<IpAddr>() {
        Ok(address) => vec![address],
        Err(_) if !given.is_empty() => given.iter().map(|line| line.address).collect(),
        Err(_) if is_foreign_service(seat, &url.host) => {
            return Ok(Some(elsewhere(&url.host, NOT_THE_SERVER)));
        }
        Err(_) => resolved(seat, &url.host)?,
    };
    if seat.is_beside(&there) {
        match beside(seat, url, &there)? {
            Beside::Relay => return Ok(None),
            Beside::Nobody if given.is_empty() => {
                let finding = broken(UrlFault::Beside).with("name", &url.host).with("port", url.port_or_default());
                return Ok(Some(finding.marks(&url.host)));
            }
            Beside::Nobody | Beside::Other => {}
        }
    }
    leads(seat, url, &given, &there)
}

/// Whether the addresses that a URL leads to are the server's, or its services' own.
fn leads(
    seat: &Seat<'_>,
    url: &EnvUrl,
    given: &[&HostLine],
    there: &[IpAddr],
) -> Result<Option<Finding<UrlFault>>, Unseen> {
    let addresses = best(seat);
    // Of several hosts of the server role it is the service's own that is meant: this case's, or none.
    let is_at = |service| {
        !seat.is_split() && matches!(seat.elsewhere(service), Some(Elsewhere::At(address)) if there.contains(&address))
    };
    let is_server = |address: &IpAddr| {
        *address == addresses.server.value
            || seat.at(Vantage::Server).is_ok_and(|server| server.is_met_by_tunnel(*address))
    };
    let other_host = there.iter().find_map(|address| seat.holder(*address));
    let behind = other_host.is_none() && there.iter().any(|address| seat.is_behind_tunnel(*address));
    if there.iter().any(is_server) || is_at(Service::Redis) || is_at(Service::Postgres) || behind {
        return Ok(None);
    }
    if let Some(other) = other_host.filter(|other| Some(*other) != seat.host_name()) {
        let own = seat.host_name().unwrap_or_default();
        let which = format!("which is the address of the host {other}, not that of the host {own}");
        return Ok(Some(elsewhere(&url.host, &which).marks(&url.host)));
    }
    // The server does not know by which address others reach it.
    if seat.addresses().public.or(addresses.public).is_some_and(|public| there.contains(&public)) {
        return Ok(Some(elsewhere(&url.host, "the server's address outside the tunnel, not the one").marks(&url.host)));
    }
    let outside = |server: &Seat<'_>| {
        server.links().is_ok_and(|links| there.iter().any(|it| !it.is_loopback() && links.holder(*it).is_some()))
    };
    if seat.at(Vantage::Server).is_ok_and(|server| outside(&server)) {
        return Ok(Some(
            elsewhere(&url.host, "an address of the server's outside the tunnel, not the one").marks(&url.host),
        ));
    }
    // Another tunnel may end at the same server, who alone has seen that.
    let other = seat.at(Vantage::Client).ok().and_then(|client| there.iter().find_map(|it| client.sent_into(*it)));
    let foreign = |name: &&str| seat.at(Vantage::Client).is_ok_and(|it| it.addresses().interface.value != **name);
    if let Some(other) = other.filter(foreign).filter(|_| seat.at(Vantage::Server).is_err()) {
        return Err(Unseen::Undecided(format!(
            "{} is reached by the tunnel {other}; whether it is the server's address there is seen on the server",
            url.host
        )));
    }
    if addresses.server.origin == Origin::Assumed {
        return Err(Unseen::Undecided(format!(
            "{} is not the guide's {}; if it is your server's address in the tunnel, set it with `--server`",
            url.host, addresses.server.value
        )));
    }
    let finding = elsewhere(&url.host, NOT_THE_SERVER).marks(&url.host);
    Ok(Some(match given.iter().find(|line| there.contains(&line.address)) {
        None => finding,
        Some(line) => {
            let finding = finding.with(GIVEN, line).with("leads", line.address);
            match &line.at {
                Some((path, number)) => {
                    finding.marks(line.address).at(path, *number).with("hosts_file", path).with("hosts_line", number)
                }
                None => finding,
            }
        }
    }))
}

/// The word that says who gave the name its address, where it is not the URL that is wrong.
pub(super) const GIVEN: &str = "given";

/// What the container's hosts file was given for this name.
fn given<'a>(seat: &Seat<'a>, name: &str) -> Vec<&'a HostLine> {
    let lines = provenance(seat).map_or(&[][..], |provenance| &provenance.hosts);
    lines.iter().filter(|line| line.name.eq_ignore_ascii_case(name)).collect()
}

/// The addresses as they are known best: the server knows its own, and a container knows none but by these URLs.
fn best<'a>(seat: &Seat<'a>) -> &'a Addresses {
    let known = |seat: &Seat<'a>| Some(seat.addresses()).filter(|it| it.server.origin != Origin::Assumed);
    let other = |vantage| seat.at(vantage).ok().and_then(|other| known(&other));
    let near = if seat.vantage() == Vantage::Container { other(Vantage::Client) } else { None };
    other(Vantage::Server).or(near).unwrap_or_else(|| seat.addresses())
}

/// What a name or an address is that is not known to be the server's.
const NOT_THE_SERVER: &str = "which is not the server's address";

fn elsewhere(host: &str, which: &str) -> Finding<UrlFault> {
    broken(UrlFault::Elsewhere)
        .with("name", host)
        .with("which", which)
        .with("leads", "")
        .with("hosts_file", "")
        .with("hosts_line", "")
}

/// A name without a dot is that of a compose service (or of a container): Docker's own resolver inside has it, or nobody.
fn is_foreign_service(seat: &Seat<'_>, name: &str) -> bool {
    let Some(inside) = seat.at(Vantage::Container).ok().and_then(|container| container.names().ok()) else {
        return false;
    };
    !name.contains('.') && inside.of(name).is_some_and(|look| look.libc == NameAnswer::NoSuchName)
}

/// Where the worker's resolver leads: as the container itself sees it, else as its Docker host does. The host's own hosts
/// file is the container's only where that has the host's network.
fn resolved(seat: &Seat<'_>, name: &str) -> Result<Vec<IpAddr>, Unseen> {
    let inside = seat.at(Vantage::Container).ok().and_then(|container| container.names().ok());
    let (names, own) = match inside {
        Some(names) => (names, true),
        None => (seat.names()?, super::native(seat).is_some()),
    };
    let found = names.leads(name).ok_or_else(|| Unseen::Undecided(format!("the name {name} does not resolve here")))?;
    let known_to_servers = names.of(name).is_some_and(|look| {
        look.servers.iter().any(|(_, answer)| matches!(answer, NameAnswer::Addresses(there) if there == found))
    });
    if own || known_to_servers {
        return Ok(found.to_vec());
    }
    Err(Unseen::Undecided(format!(
        "the name {name} is only in this machine's hosts file, which its containers usually do not have; run clipcheck inside the container"
    )))
}
