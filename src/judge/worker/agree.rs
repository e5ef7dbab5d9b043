//! The worker's values against the web app's, and against the variables that nobody reads.

use super::named;
use crate::case::Seat;
use crate::check::cause::{EnvAgrees, EnvHeeded, EnvPorts};
use crate::check::{Finding, Judged, broken, holds, not_applicable};
use crate::fact::environment::effective::minor_version;
use crate::fact::environment::{Effective, EnvUrl, Environment, Setting};
use crate::fact::network::Listeners;
use crate::fact::postgres::PgSaid;
use crate::fact::redis::RedisSaid;
use crate::fact::{Unseen, Vantage};

/// Why a check of two ends says nothing.
const BOTH: &str = "the snapshots of both ends are needed";

/// The version in which the tasks got other names (its changelog, 0.12.0).
const NEW_TASKS: (u32, u32) = (0, 12);

/// Both ends' URL of one use.
type Url = fn(&Environment) -> Effective<'_>;

/// The two that lead to Redis, and whether it is the tasks'.
const REDIS: [(bool, Url); 2] = [(true, Environment::broker), (false, Environment::results)];

/// The same Redis databases, the same PostgreSQL database, tasks of the same names.
pub(crate) fn env_agrees(seat: &Seat<'_>) -> Judged<EnvAgrees> {
    let own = seat.env()?;
    let Ok(server) = seat.at(Vantage::Server) else { return Ok(not_applicable(BOTH)) };
    let web = server.env()?;
    // A database that is not there is named where it was asked for.
    let no_index = seat.redis().is_ok_and(|redis| redis.said == RedisSaid::NoSuchDatabase);
    let no_database = seat.postgres().is_ok_and(|postgres| postgres.said == PgSaid::NoSuchDatabase);
    for (tasks, url) in REDIS {
        if let (Some((variable, mine)), Some((_, theirs))) = (redis(own, url), redis(web, url))
            && mine.redis_index() != theirs.redis_index()
            && !no_index
        {
            let (does, there) = if tasks {
                ("takes its tasks from", "puts them into")
            } else {
                ("writes its results to", "reads them from")
            };
            let finding = two(broken(EnvAgrees::Index), mine.redis_index(), theirs.redis_index());
            return Ok(at(seat, own, finding.with("does", does).with("there", there), variable).into());
        }
    }
    if let (Some((variable, mine)), Some((web_variable, theirs))) = (database(own), database(web))
        && let (Some(mine), Some(theirs)) = (&mine.database, &theirs.database)
        && mine != theirs
        && !no_database
    {
        let finding = two(broken(EnvAgrees::Database), mine, theirs).with("web_variable", web_variable);
        return Ok(at(seat, own, finding, variable).into());
    }
    let version = |env: &Environment| env.app_version.clone().and_then(|text| Some((minor_version(&text)?, text)));
    if let (Some((mine, mine_text)), Some((theirs, theirs_text))) = (version(own), version(web))
        && (mine < NEW_TASKS) != (theirs < NEW_TASKS)
    {
        return Ok(two(broken(EnvAgrees::Version), mine_text, theirs_text).into());
    }
    if let (Some(mine), Some(theirs)) = (word(own, "TABLE_PREFIX"), word(web, "TABLE_PREFIX"))
        && mine != theirs
    {
        return Ok(at(seat, own, two(broken(EnvAgrees::TablePrefix), mine, theirs), "TABLE_PREFIX").into());
    }
    Ok(holds())
}

/// The ports in the worker's URLs are ports that the server listens on; so is that of the web app's results.
pub(crate) fn env_ports(seat: &Seat<'_>) -> Judged<EnvPorts> {
    let own = seat.env()?;
    if seat.vantage() == Vantage::Server {
        return Ok(closed_results(seat, own)?.map_or_else(holds, Into::into));
    }
    let Ok(server) = seat.at(Vantage::Server) else { return Ok(not_applicable(BOTH)) };
    let (web, listeners) = (server.env()?, server.listeners()?);
    for (mine, theirs) in REDIS.map(|(_, url)| (redis(own, url), redis(web, url))) {
        if let Some((variable, finding)) = other_port(seat, listeners, mine, theirs) {
            return Ok(at(seat, own, finding, variable).into());
        }
    }
    if let Some((variable, finding)) = other_port(seat, listeners, database(own), database(web)) {
        return Ok(at(seat, own, finding, variable).into());
    }
    // Where nobody listens at all, their ports are not what is wrong, and nothing to be ticked.
    let asked = [redis(own, Environment::broker), database(own)].into_iter().flatten();
    let mut silent =
        asked.filter(|(_, url)| listeners.on(url.port_or_default()).next().is_none() && !seat.is_open(url));
    Ok(if silent.next().is_some() { not_applicable(SILENT) } else { holds() })
}

const SILENT: &str = "nothing listens on a port of the URLs; the checks of Redis and PostgreSQL tell why";

/// The web app's results lead to a port of this machine where nobody is. What its other URLs meet is asked there.
fn closed_results(seat: &Seat<'_>, own: &Environment) -> Result<Option<Finding<EnvPorts>>, Unseen> {
    let Some((variable, url)) = redis(own, Environment::results) else { return Ok(None) };
    let broker = redis(own, Environment::broker).map(|(_, url)| url.port_or_default());
    let here = url.is_local() || url.host.parse() == Ok(seat.addresses().server.value);
    let port = url.port_or_default();
    if !here || broker == Some(port) || seat.listeners()?.on(port).next().is_some() {
        return Ok(None);
    }
    // Docker may send a port on by the kernel's rules alone, with no socket on the host.
    match seat.containers() {
        Ok(containers) if containers.all.iter().any(|it| it.on(port).next().is_some()) => return Ok(None),
        Ok(_) | Err(Unseen::NoTool(_)) => {}
        Err(why) => return Err(why),
    }
    let finding = broken(EnvPorts::ResultsPort).with("mine", port).marks(port);
    Ok(Some(at(seat, own, finding, variable)))
}

/// A port where nothing listens, while something does where the web app's URL says.
fn other_port<'a>(
    seat: &Seat<'_>,
    listeners: &Listeners,
    mine: Option<(&'a str, &EnvUrl)>,
    theirs: Option<(&str, &EnvUrl)>,
) -> Option<(&'a str, Finding<EnvPorts>)> {
    let ((variable, mine), (_, theirs)) = (mine?, theirs?);
    // A relay's port is no port of the server's, and what accepts connections is not closed.
    let host = mine.host.parse().into_iter().collect::<Vec<_>>();
    let relayed = mine.is_local() || seat.is_beside(&host) || seat.is_open(mine);
    let (mine, theirs) = (mine.port_or_default(), theirs.port_or_default());
    let listens = |port: u16| listeners.on(port).next().is_some();
    (mine != theirs && !relayed && !listens(mine) && listens(theirs))
        .then(|| (variable, two(broken(EnvPorts::OtherPort), mine, theirs).marks(mine)))
}

/// Nobody reads REDIS_DB: only the number at the end of the URLs counts.
pub(crate) fn env_heeded(seat: &Seat<'_>) -> Judged<EnvHeeded> {
    let env = seat.env()?;
    let Some(wanted) = word(env, "REDIS_DB") else { return Ok(holds()) };
    let index: u32 =
        wanted.trim().parse().map_err(|_| Unseen::Undecided(format!("REDIS_DB is {wanted}, which is not a number")))?;
    let Some((variable, url)) = redis(env, Environment::broker) else { return Ok(holds()) };
    if url.redis_index() == index {
        return Ok(holds());
    }
    let finding = two(broken(EnvHeeded::RedisDb), url.redis_index(), index).with("url_variable", variable);
    Ok(at(seat, env, finding, "REDIS_DB").into())
}

fn two<C>(finding: Finding<C>, mine: impl std::fmt::Display, theirs: impl std::fmt::Display) -> Finding<C> {
    finding.with("mine", mine).with("theirs", theirs)
}

fn at<C>(seat: &Seat<'_>, env: &Environment, finding: Finding<C>, variable: &str) -> Finding<C> {
    match env.winner(variable) {
        Some(layer) => named(seat, finding, variable, &layer.origin),
        None => finding.with("variable", variable),
    }
}

fn redis(env: &Environment, url: Url) -> Option<(&str, &EnvUrl)> {
    named_url(&url(env)).filter(|(_, url)| url.is_redis())
}

fn database(env: &Environment) -> Option<(&str, &EnvUrl)> {
    named_url(&env.database()).filter(|(_, url)| url.is_postgres())
}

fn named_url<'a>(effective: &Effective<'a>) -> Option<(&'a str, &'a EnvUrl)> {
    let &Effective::Set { variable, setting: Setting::Url(url), .. } = effective else { return None };
    Some((variable, url))
}

fn word<'a>(env: &'a Environment, variable: &str) -> Option<&'a str> {
    match &env.winner(variable)?.setting {
        Setting::Word(word) => Some(word),
        Setting::Empty | Setting::Secret | Setting::Url(_) | Setting::Flawed(_) => None,
    }
}
