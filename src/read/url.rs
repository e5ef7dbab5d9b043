//! A connection URL, cut as the app's libraries cut it, and kept without its secrets.
//!
//! SQLAlchemy cuts at the first `@`, and lets `/ # ? :` stand in a password; redis-py and kombu cut with Python's
//! urlsplit, which ends the authority at the first `/ # ?` and takes the last `@` in it. Where a password with such a
//! character was not percent-encoded, the cut falls inside the password. Such a URL is kept as a [`Flaw`] only:
//! whatever stands in its host or database may be part of the password.

use std::net::IpAddr;

use secrecy::SecretString;

use crate::fact::Presence;
use crate::fact::environment::url::REDIS;
use crate::fact::environment::{EnvUrl, Flaw};

mod cut;
mod uncut;

use cut::{cut_by_sqlalchemy, cut_by_urlsplit, cut_place};
use uncut::{look_around, passed_over, without_fragment};

/// A URL with its secrets, for the one who dials.
#[derive(Debug, Clone)]
pub struct ReadUrl {
    /// What a fact may hold.
    pub url: EnvUrl,
    /// Percent-decoded.
    pub user: Option<SecretString>,
    /// Percent-decoded.
    pub password: Option<SecretString>,
    /// `sslrootcert` of the query: a path.
    pub root: Option<String>,
    /// What a session begins with (libpq, `options`): `-c search_path=app`.
    pub options: Option<String>,
}

/// Cuts a URL.
pub fn read(text: &str) -> Result<ReadUrl, Flaw> {
    let kind = text.split("://").next().unwrap_or_default();
    let is_redis = REDIS.contains(&kind);
    // Celery tries several brokers in their order (its "Broker failover"): the first one counts.
    let text = failover(text, is_redis);
    // Python's urlsplit drops these, and `int()` the blanks behind an index, of whatever kind.
    let cleaned = is_redis.then(|| text.replace(['\t', '\r', '\n'], ""));
    let without = cleaned.as_deref().map(without_fragment);
    let commented = without.is_some_and(|text| text.ends_with(' ')) && text.contains(" #");
    let cleaned = without.map(str::trim_end);
    let text = cleaned.unwrap_or_else(|| passed_over(text));
    look_around(text)?;
    let (scheme, rest) = text.split_once("://").ok_or(Flaw::NoScheme)?;
    if scheme.is_empty() || !scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-._".contains(c)) {
        return Err(Flaw::NoScheme);
    }
    // Of other schemes the path may be anything: `sqlite:////app/instance/clippy.db` is no flaw, but another kind.
    let is_ours = is_redis || matches!(scheme.split('+').next(), Some("postgresql" | "postgres"));
    let (login, place, tail) = if is_redis || !is_ours { cut_by_urlsplit(rest) } else { cut_by_sqlalchemy(rest) };
    let in_login = |marks: &[char]| {
        login.is_some_and(|(user, password)| user.contains(marks) || password.is_some_and(|it| it.contains(marks)))
    };
    if tail.contains('@') || place.contains('@') || (is_redis && in_login(&['[', ']'])) {
        return Err(Flaw::UnencodedPassword);
    }
    // SQLAlchemy wants a number behind a colon.
    if is_ours && !is_redis && place.ends_with(':') {
        return Err(Flaw::Unreadable);
    }
    // libpq tries several hosts in their order.
    let (place, others) = place.split_once(',').filter(|_| is_ours && !is_redis).unwrap_or((place, ""));
    let others: Option<Vec<(&str, Option<u16>)>> =
        others.split(',').filter(|it| !it.is_empty()).map(cut_place).collect();
    let others = others.ok_or(Flaw::UnencodedPassword)?;
    let (host, port) = cut_place(place).ok_or(Flaw::UnencodedPassword)?;
    // A port behind the last of them is SQLAlchemy's for all.
    let port = port.or_else(|| others.last().and_then(|(_, port)| *port));
    let others: Vec<String> = others.into_iter().map(|(host, _)| host.to_owned()).collect();
    // Behind `@@` the libraries see a host. It may as well be the rest of a password, unless it is an address.
    let doubled = login.is_some_and(|(user, password)| password.unwrap_or(user).ends_with('@'));
    if doubled && host.parse::<IpAddr>().is_err() && !host.eq_ignore_ascii_case("localhost") {
        return Err(Flaw::UnencodedPassword);
    }
    // urlsplit takes a fragment off, behind the index too.
    let (tail, _) = tail.split_once('#').filter(|_| is_redis && tail.starts_with('/')).unwrap_or((tail, ""));
    let (path, query) = tail.split_once('?').unwrap_or((tail, ""));
    let asked = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    let (user, password) = login.map_or((None, None), |(user, password)| (decode(user), password.and_then(decode)));
    // libpq and redis-py take both from the query as well.
    let user_name = if is_redis { "username" } else { "user" };
    let in_query = |name: &str| asked(name).filter(|_| is_ours).and_then(decode);
    let (user, password) = (user.or_else(|| in_query(user_name)), password.or_else(|| in_query("password")));
    let at_socket = is_redis && !scheme.starts_with("rediss") && scheme != "redis";
    let database = if at_socket {
        asked("db").or_else(|| asked("virtual_host")).map(|name| name.trim_start_matches('/'))
    } else if is_redis {
        // redis-py takes every slash out.
        asked("db").or_else(|| path.strip_prefix('/')).map(|name| name.trim_matches('/'))
    } else {
        path.strip_prefix('/')
            .filter(|name| is_ours && !name.is_empty())
            .or_else(|| asked("dbname").filter(|_| is_ours))
    };
    let database = database.filter(|name| !name.is_empty());
    let sound = |name: &str| {
        let rest = if is_redis { "" } else { "_-.%" };
        name.chars().all(|c| c.is_ascii_digit() || (!is_redis && c.is_ascii_alphabetic()) || rest.contains(c))
    };
    if path.contains('#') || (at_socket && !is_path(path)) || database.is_some_and(|name| !sound(name)) {
        return Err(Flaw::Unreadable);
    }
    // libpq takes a host and a port from there; a path is a Unix socket, as no host at all is. An address goes before a name.
    let of_libpq = is_ours && !is_redis;
    let address = asked("hostaddr").filter(|it| of_libpq && it.parse::<IpAddr>().is_ok());
    let host = if let Some(address) = address {
        address.to_owned()
    } else if host.is_empty() && of_libpq {
        asked("host").and_then(decode).filter(|host| !host.starts_with('/') && is_host(host)).unwrap_or_default()
    } else {
        host.to_owned()
    };
    let port = port.or_else(|| asked("port").filter(|_| of_libpq)?.parse().ok());
    let folder = asked("host").and_then(decode).filter(|folder| of_libpq && host.is_empty() && is_path(folder));
    let socket = match folder {
        // libpq, `host`: the name of the socket in it is made of the port.
        Some(folder) => Some(format!("{}/.s.PGSQL.{}", folder.trim_end_matches('/'), port.unwrap_or(5432))),
        None => at_socket.then(|| decode(path)).flatten(),
    };
    let sslmode = asked("sslmode").filter(is_mode).map(str::to_owned);
    Ok(ReadUrl {
        url: EnvUrl {
            scheme: scheme.to_owned(),
            host,
            others,
            socket,
            port,
            database: database.map(str::to_owned),
            user: Presence::of(user.is_some()),
            role: user.clone().filter(|_| password.is_some() && !is_redis && !in_login(&['@'])),
            password: Presence::of(password.is_some()),
            well_known: is_well_known(user.as_deref(), password.as_deref()),
            more: query.split('&').any(|pair| !pair.is_empty() && !is_shown(pair, at_socket)),
            commented,
            sslmode,
            service: of_libpq && asked("service").is_some(),
            passfile: false,
            path: http_path(scheme, path),
        },
        user: user.map(SecretString::from),
        password: password.map(SecretString::from),
        options: self::asked(text, "options").filter(|_| !is_redis),
        root: asked("sslrootcert").and_then(decode),
    })
}

/// Where an app is served under a path of its proxy's.
fn http_path(scheme: &str, path: &str) -> Option<String> {
    let path = path.trim_end_matches('/');
    (matches!(scheme, "http" | "https") && path.len() <= 255 && is_path(path)).then(|| path.to_owned())
}

/// The first of several URLs of brokers, where a semicolon is followed by another one of Redis'.
fn failover(text: &str, is_redis: bool) -> &str {
    let is_next = |rest: &str| REDIS.iter().any(|scheme| rest.trim_start().starts_with(&format!("{scheme}://")));
    let mut ends = text.match_indices(';').filter_map(|(at, _)| text.split_at_checked(at));
    let first = ends.find(|(_, rest)| rest.strip_prefix(';').is_some_and(is_next)).filter(|_| is_redis);
    first.map_or(text, |(first, _)| first)
}

/// A URL with what libpq takes from the environment where the URL does not say it (libpq, "Environment Variables").
#[must_use]
pub fn with_libpq<'a>(url: EnvUrl, set: impl Fn(&str) -> Option<&'a str>) -> EnvUrl {
    if !url.is_postgres() {
        return url;
    }
    let set = |name| set(name).map(str::trim).filter(|value| !value.is_empty());
    let bare = url.host.is_empty() && url.socket.is_none() && !url.service;
    let port = url.port.or_else(|| set("PGPORT")?.parse().ok());
    let host = set("PGHOSTADDR").or_else(|| set("PGHOST")).filter(|host| bare && is_host(host));
    let folder = set("PGHOST").filter(|folder| bare && host.is_none() && is_path(folder));
    EnvUrl {
        host: host.map_or(url.host, str::to_owned),
        socket: url
            .socket
            .or_else(|| Some(format!("{}/.s.PGSQL.{}", folder?.trim_end_matches('/'), port.unwrap_or(5432)))),
        port,
        database: url
            .database
            .or_else(|| set("PGDATABASE").filter(|name| is_host(name) || name.contains('_')).map(str::to_owned)),
        role: url.role.or_else(|| set("PGUSER").filter(|_| !url.user.is_present()).map(str::to_owned)),
        user: if set("PGUSER").is_some() { Presence::Present } else { url.user },
        ..url
    }
}

/// Whether it looks like one of libpq's modes.
fn is_mode(mode: &&str) -> bool {
    mode.chars().all(|c| c.is_ascii_lowercase() || c == '-')
}

/// Whether what a query asks is kept beside it.
fn is_shown(pair: &str, at_socket: bool) -> bool {
    pair.starts_with("sslmode=") || (at_socket && (pair.starts_with("db=") || pair.starts_with("virtual_host=")))
}

/// An absolute path of plain characters.
fn is_path(text: &str) -> bool {
    text.starts_with('/') && text.chars().all(|c| c.is_ascii_alphanumeric() || "/._-%:".contains(c))
}

/// A name or an address, and nothing that could be a part of a secret.
fn is_host(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok() || text.chars().all(|c| c.is_ascii_alphanumeric() || "-.".contains(c))
}

/// What a URL's query says of one thing, percent-decoded, as redis-py reads it.
pub fn asked(text: &str, name: &str) -> Option<String> {
    let (_, query) = text.split_once('?')?;
    let query = query.split('#').next().unwrap_or_default();
    query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')).and_then(decode)
}

/// Passwords that stand in the app's code, in its guide or in every list.
const WELL_KNOWN: [&str; 7] =
    ["postgres", "password", "changeme", "change_me", "clippy", "clippy_front", "clippyfront"];

fn is_well_known(user: Option<&str>, password: Option<&str>) -> bool {
    password.is_some_and(|password| {
        let lower = password.to_lowercase();
        password.is_empty() || user == Some(password) || WELL_KNOWN.contains(&lower.as_str())
    })
}

/// Takes off percent-encoding; none if nothing, or no UTF-8, is left.
pub(crate) fn decode(text: &str) -> Option<String> {
    if text.is_empty() {
        return None;
    }
    let mut out = Vec::with_capacity(text.len());
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let hex = (bytes[at] == b'%')
            .then(|| text.get(at + 1..at + 3).and_then(|hex| u8::from_str_radix(hex, 16).ok()))
            .flatten();
        out.push(hex.unwrap_or(bytes[at]));
        at += if hex.is_some() { 3 } else { 1 };
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
#[path = "url_tests.rs"]
mod tests;
