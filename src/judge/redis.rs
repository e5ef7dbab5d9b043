//! Redis: where it listens, what it says, who else can reach it.

use std::net::IpAddr;

use super::certificate;
use crate::case::Seat;
use crate::case::owner::Owner;
use crate::check::cause::{RedisAnswers, RedisListens, RedisNotExposed, cause_of};
use crate::check::{Finding, Judged, broken, holds, not_applicable};
use crate::fact::dial::Dial;
use crate::fact::environment::{EnvUrl, Environment};
use crate::fact::redis::{Directive, RedisOutcome, RedisSaid};
use crate::fact::service::FailReason;
use crate::fact::{Presence, Service, Unseen, Vantage};

mod down;
mod running;
mod same;
mod written;

pub(crate) use running::{
    redis_after_boot, redis_can_write, redis_one_server, redis_password_set, redis_persists, redis_room,
};
pub(crate) use same::redis_same;
pub(crate) use written::redis_as_written;

/// An address of `bind` that no interface has, besides the tunnel's: one with a `-` in front may be missing.
fn nobodys(seat: &Seat<'_>, bind: &str, server: IpAddr) -> Option<IpAddr> {
    let links = seat.links().ok()?;
    let mut named = bind.split_whitespace().filter_map(|word| word.parse::<IpAddr>().ok());
    named.find(|address| *address != server && !address.is_unspecified() && !links.has(*address))
}

/// Whether a `bind` has an address, or all of its kind (redis.conf's own head). A `-` lets an address be missing.
fn binds(bind: &str, server: IpAddr) -> bool {
    let all = if server.is_ipv4() { ["*", "0.0.0.0"] } else { ["::*", "::"] };
    let mut words = bind.split_whitespace().map(|word| word.trim_start_matches('-'));
    words.any(|word| all.contains(&word) || word.parse() == Ok(server))
}

/// The word of `bind` that Redis cannot have found: one with a comma, else the only one that is a name.
fn no_address(bind: &str) -> Option<&str> {
    let is_name = |word: &&str| {
        let word = word.trim_start_matches('-');
        !matches!(word, "*" | "::*") && word.parse::<IpAddr>().is_err()
    };
    let mut names = bind.split_whitespace().filter(is_name);
    let comma = names.clone().find(|word| word.contains(','));
    comma.or_else(|| names.next().filter(|_| names.next().is_none()))
}

/// A socket waits for connections to the tunnel's address.
pub(crate) fn redis_listens(seat: &Seat<'_>) -> Judged<RedisListens> {
    let (server, port) = seat.meets(Service::Redis);
    let listeners = seat.listeners()?;
    if let Owner::Container(container) = seat.owner(Service::Redis) {
        return super::contained::listens(seat, Service::Redis, container).map(|verdict| verdict.map(Into::into));
    }
    if listeners.answers(server, port) {
        let answers = seat.redis_state().is_ok_and(|state| state.loading.is_none());
        let Ok(unit) = seat.redis_unit() else { return Ok(holds()) };
        let file = seat.redis_conf().map_or("", |conf| &conf.path);
        return super::ready::ready(seat, unit, answers, file).map(|verdict| verdict.map(Into::into));
    }
    let found: Vec<String> = listeners.on(port).map(|listener| listener.address.ip().to_string()).collect();
    let conf = seat.redis_conf().ok();
    let bind = conf.and_then(|conf| conf.bind.as_ref());
    if found.is_empty() {
        let written = conf.and_then(|conf| conf.port.as_ref());
        if let Some((written, runs_on)) =
            written.and_then(|it| Some((it, listeners.runs_on(&it.value, "redis-server")?)))
        {
            let cause = if written.argument { RedisListens::CommandLinePort } else { RedisListens::OtherPort };
            let finding = broken(cause).with("found", runs_on).marks(&written.value).with("file", &written.path);
            return Ok(finding.at(&written.path, written.line).into());
        }
        let unit = seat.redis_unit().ok();
        let not_there = unit.is_some_and(|unit| unit.reason == Some(FailReason::AddressNotThere));
        if not_there
            && let Some(bind) = bind
            && let Some(address) = nobodys(seat, &bind.value, server)
        {
            return Ok(broken(RedisListens::AddressNobodyHas)
                .with("address", address)
                .marks(address)
                .at(&bind.path, bind.line)
                .into());
        }
        if not_there {
            return Ok(broken(RedisListens::BoundTooEarly).into());
        }
        let no_name = unit.is_some_and(|unit| unit.reason == Some(FailReason::NameNotKnown));
        if no_name
            && let Some(bind) = bind.filter(|bind| !bind.argument)
            && let Some(word) = no_address(&bind.value)
        {
            return Ok(broken(RedisListens::NoAddress).with("word", word).at(&bind.path, bind.line).into());
        }
        let dump = conf.and_then(|conf| conf.dump.as_deref()).unwrap_or_default();
        let file = conf.map_or("redis.conf", |conf| &conf.path);
        let finding = down::not_running(seat, unit, file).with("dump", dump);
        let off = conf
            .and_then(|conf| conf.port.as_ref())
            .filter(|port| finding.cause == RedisListens::NoPort && port.value == "0");
        return Ok(match off {
            Some(port) => {
                finding.with("why", format!(" (`port 0` at {}:{})", port.path, port.line)).at(&port.path, port.line)
            }
            None if finding.cause == RedisListens::NoPort => finding.with("why", "").with("file", "").with("line", ""),
            None => finding,
        }
        .into());
    }
    let since = seat.redis_unit().ok().and_then(|unit| unit.since);
    let loaded = conf.is_some_and(|conf| conf.changed_at > 0 && since.is_some_and(|since| since > conf.changed_at));
    let written = bind.is_some_and(|bind| binds(&bind.value, server));
    // `-10.8.0.1` binds the address too, if it is there when Redis starts.
    let dashed = format!("-{server}");
    let optional = bind.is_some_and(|bind| bind.value.split_whitespace().any(|word| word == dashed));
    let running = seat.redis_state().ok().and_then(|state| state.bind.as_deref());
    let finding = broken(match bind {
        Some(bind) if bind.argument && !written => RedisListens::CommandLine,
        _ if !written => RedisListens::NotOnTunnel,
        // What it was started with it knows best; without its word, the file's time must do.
        _ if running.is_some_and(|running| binds(running, server)) => RedisListens::WentWithout,
        _ if !loaded => RedisListens::NotRestarted,
        _ if running.is_none() && optional => RedisListens::WentWithout,
        _ => RedisListens::ToldOtherwise,
    });
    let unit = seat.redis_unit().ok().filter(|unit| unit.known && unit.active == "active");
    let finding = finding.with("found", found.join(", ")).with("unit", unit.map_or("", |unit| &unit.name));
    let finding = finding.with("written", if optional { dashed } else { server.to_string() });
    Ok(match (bind, conf) {
        (Some(bind), _) => finding.at(&bind.path, bind.line),
        (None, Some(conf)) => finding.with("place", &conf.path).with("file", &conf.path).with("line", ""),
        // It may be another program's unit and file: nothing of this package is changed or started.
        (None, None) => finding.with("place", "its configuration file").with("file", "").with("line", ""),
    }
    .into())
}

/// It says PONG.
pub(crate) fn redis_answers(seat: &Seat<'_>) -> Judged<RedisAnswers> {
    let outcome = seat.redis()?;
    if seat.vantage() != Vantage::Server && !matches!(outcome.said, RedisSaid::Pong | RedisSaid::Unreached(_)) {
        super::worker::leads_nowhere(seat, seat.env().ok().and_then(|env| env.broker().into_url()))?;
        if super::worker::connects(seat, |env| env.broker()) {
            return Ok(holds());
        }
    }
    let finding = cause_of!(outcome.said => {
        RedisSaid::Pong => return Ok(certificate::of_redis(seat, outcome).or_else(|| rights(seat, outcome)).map_or_else(holds, Into::into)),
        RedisSaid::Locked => {
            return Err(Unseen::NotKnown(
                "Redis requires a password, and no URL with one that can be dialled was found here".to_owned(),
            ));
        }
        RedisSaid::Loading => {
            let left = seat.redis_state().ok().and_then(|state| state.loading);
            let left = left.map_or_else(String::new, |left| format!(", by its own estimate for {left} s more"));
            return Err(Unseen::Undecided(format!("Redis is still loading its data{left}; run clipcheck again after that")));
        }
        RedisSaid::Unreached(_) if seat.tcp(Service::Redis).is_ok_and(|tcp| tcp.how == Dial::Open) => {
            return Err(Unseen::Undecided("one connection was accepted and the next was not; run clipcheck again".to_owned()));
        }
        RedisSaid::Unreached(_) => return Ok(not_applicable("no connection could be made")),
        RedisSaid::WrongPassword if user_is_wanted(seat) => broken(RedisAnswers::UserWanted),
        RedisSaid::Silent | RedisSaid::Closed | RedisSaid::NotRedis if goes_to_relay(seat) => {
            broken(RedisAnswers::Relay).with("how", outcome.said.label())
        }
        RedisSaid::Closed if speaks_tls(seat) => broken(RedisAnswers::TlsOnly),
        RedisSaid::Silent if let Some(pid) = super::ports::stopped(seat, outcome.endpoint.port) => {
            broken(RedisAnswers::Halted).with("pid", pid)
        }
        RedisSaid::Denied if let Some(line) = default_user(seat) => {
            broken(RedisAnswers::DeniedByUser).at(&line.path, line.line)
        }
    } RedisSaid as RedisAnswers: Denied, NoAuth, WrongPassword, WrongUserOrPassword, PasswordNotWanted, NoSuchDatabase,
        NotPermitted, TooManyClients, CannotSave, Refused, NotRedis, Silent, Closed, WantsCertificate, NoTls);
    // What the server itself kept of the refusal stands beside it.
    if matches!(outcome.said, RedisSaid::WrongPassword | RedisSaid::WrongUserOrPassword | RedisSaid::NotPermitted) {
        let _ = seat.at(Vantage::Server).map(|server| server.redis_state());
    }
    let error = outcome.error.as_ref().map_or_else(String::new, |error| format!(": `{error}`"));
    let finding = finding.with("endpoint", &outcome.endpoint).with("database", outcome.database);
    let finding = finding.with("password_at", password_at(seat));
    let finding = finding.with("error", error);
    let of_url =
        [RedisSaid::NoAuth, RedisSaid::WrongPassword, RedisSaid::WrongUserOrPassword, RedisSaid::PasswordNotWanted];
    if seat.vantage() == Vantage::Server && of_url.contains(&outcome.said) {
        return Ok(super::worker::set_by(seat, finding, Environment::broker).into());
    }
    Ok(finding.into())
}

/// The worker asked something on its own machine, which passes connections on, or is to.
fn goes_to_relay(seat: &Seat<'_>) -> bool {
    seat.vantage() == Vantage::Container && seat.goes_beside(Service::Redis).is_some()
}

/// The web app's broker, where Redis lets it in by its URL.
fn web_broker<'a>(seat: &Seat<'a>) -> Option<&'a EnvUrl> {
    let server = seat.at(Vantage::Server).ok().filter(|_| seat.vantage() != Vantage::Server)?;
    let answers = server.redis().is_ok_and(|outcome| outcome.said == RedisSaid::Pong);
    server.env().ok().filter(|_| answers)?.broker().into_url()
}

/// The line of redis.conf that makes the default user, which goes before `requirepass`.
fn default_user<'a>(seat: &Seat<'a>) -> Option<&'a Directive> {
    let conf = seat.at(Vantage::Server).ok().and_then(|server| server.redis_conf().ok())?;
    conf.users.iter().rfind(|it| it.value == "default")
}

/// Where the default user's password stands.
fn password_at(seat: &Seat<'_>) -> String {
    let conf = seat.at(Vantage::Server).ok().and_then(|server| server.redis_conf().ok());
    match (default_user(seat), conf) {
        (Some(line), _) => {
            format!("the line `user default` at {}:{}, which goes before `requirepass`", line.path, line.line)
        }
        (None, Some(conf)) => format!("`requirepass` on the server (`sudo grep ^requirepass {}`)", conf.path),
        (None, None) => "`requirepass` on the server (`sudo grep ^requirepass /etc/redis/redis.conf`)".to_owned(),
    }
}

/// The web app logs in as a user of its own, redis.conf has a line of the default user, and the worker's URL names nobody.
fn user_is_wanted(seat: &Seat<'_>) -> bool {
    let named = |url: &EnvUrl| url.user.is_present();
    let users = seat.at(Vantage::Server).and_then(|server| server.redis_conf()).map(|conf| conf.users.as_slice());
    let own = seat.env().ok().and_then(|env| env.broker().into_url());
    web_broker(seat).is_some_and(named)
        && own.is_some_and(|url| !named(url))
        && users.is_ok_and(|users| users.iter().any(|it| it.value == "default"))
}

/// redis.conf switches the plain port off, and the web app gets in by `rediss`.
fn speaks_tls(seat: &Seat<'_>) -> bool {
    let conf = seat.at(Vantage::Server).and_then(|server| server.redis_conf());
    let plain_off = conf.is_ok_and(|conf| conf.port.as_ref().is_some_and(|port| port.value == "0"));
    plain_off && web_broker(seat).is_some_and(|url| url.scheme == "rediss")
}

/// It answers, and keeps a worker from its work.
fn rights(seat: &Seat<'_>, outcome: &RedisOutcome) -> Option<Finding<RedisAnswers>> {
    let rights = outcome.rights.as_ref()?;
    let conf = if seat.vantage() == Vantage::Server { seat.redis_conf().ok() } else { None };
    let (finding, place) = if let Some(first) = rights.gone.first() {
        let place = conf.and_then(|conf| conf.renamed.iter().rfind(|it| it.value == *first));
        let finding = broken(RedisAnswers::CommandsGone).with("commands", rights.gone.join(", ").to_ascii_uppercase());
        (finding.with("choice", rights.gone.join("|")).with("file", "/etc/redis/redis.conf"), place)
    } else {
        let own = !rights.named.is_some_and(Presence::is_present);
        let whose = if own { "default" } else { "another" };
        let mut lines = conf.iter().flat_map(|conf| &conf.users).filter(|it| it.value == whose);
        // Of several users' lines it is not known which is the URL's.
        let place = lines.next().filter(|_| lines.next().is_none());
        let user = if own { "default" } else { "" };
        (
            broken(RedisAnswers::RightsMissing)
                .with("lack", rights.lack()?)
                .with("grant", rights.grant())
                .with("user", user),
            place,
        )
    };
    let finding = finding.with("endpoint", &outcome.endpoint);
    Some(match place {
        Some(place) => finding.at(&place.path, place.line),
        None => finding,
    })
}

/// It cannot be reached around the tunnel.
pub(crate) fn redis_not_exposed(seat: &Seat<'_>) -> Judged<RedisNotExposed> {
    super::exposed(seat, Service::Redis).map(|verdict| verdict.map(Into::into))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bind_has_an_address_by_its_name_or_by_all_of_its_kind() {
        let (four, six) = (IpAddr::from([10, 8, 0, 1]), "fd08::1".parse().expect("an address"));
        for bind in ["127.0.0.1 10.8.0.1", "-10.8.0.1", "* -::*", "0.0.0.0"] {
            assert!(binds(bind, four), "{bind}");
        }
        assert!(
            !binds("127.0.0.1 ::1 -::*", four) && binds("::*", six) && !binds("*", six) && binds("fd08::0001", six)
        );
    }

    #[test]
    fn of_several_names_only_the_one_with_a_comma_is_named() {
        assert_eq!(no_address("127.0.0.1,10.8.0.1"), Some("127.0.0.1,10.8.0.1"));
        assert_eq!(no_address("localhost 127.0.0.2,10.8.0.1 -::1"), Some("127.0.0.2,10.8.0.1"));
        assert_eq!(no_address("127.0.0.1 vpn"), Some("vpn"));
        assert_eq!((no_address("localhost vpn"), no_address("127.0.0.1 -::1 *")), (None, None));
    }
}
