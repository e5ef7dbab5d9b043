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
}

/// Cuts a URL.
pub fn read(text: &str) -> Result<ReadUrl, Flaw> {
    let kind = text.split("://").next().unwrap_or_default();
    let is_redis = REDIS.contains(&kind);
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
    let (user, password) = login.map_or((None, None), |(user, password)| (decode(user), password.and_then(decode)));
    // urlsplit takes a fragment off, behind the index too.
    let (tail, _) = tail.split_once('#').filter(|_| is_redis && tail.starts_with('/')).unwrap_or((tail, ""));
    let (path, query) = tail.split_once('?').unwrap_or((tail, ""));
    let asked = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    let at_socket = is_redis && !scheme.starts_with("rediss") && scheme != "redis";
    let database = if at_socket {
        asked("db").or_else(|| asked("virtual_host")).map(|name| name.trim_start_matches('/'))
    } else {
        path.strip_prefix('/').filter(|_| is_ours)
    };
    let database = database.filter(|name| !name.is_empty());
    let sound = |name: &str| {
        let rest = if is_redis { "" } else { "_-.%" };
        name.chars().all(|c| c.is_ascii_digit() || (!is_redis && c.is_ascii_alphabetic()) || rest.contains(c))
    };
    if path.contains('#') || (at_socket && !is_path(path)) || database.is_some_and(|name| !sound(name)) {
        return Err(Flaw::Unreadable);
    }
    // libpq takes a host and a port from there; a path is a Unix socket, as no host at all is.
    let host = if host.is_empty() && is_ours && !is_redis {
        asked("host").and_then(decode).filter(|host| !host.starts_with('/') && is_host(host)).unwrap_or_default()
    } else {
        host.to_owned()
    };
    let port = port.or_else(|| asked("port").filter(|_| is_ours && !is_redis)?.parse().ok());
    let folder =
        asked("host").and_then(decode).filter(|folder| is_ours && !is_redis && host.is_empty() && is_path(folder));
    let socket = match folder {
        // libpq, `host`: the name of the socket in it is made of the port.
        Some(folder) => Some(format!("{}/.s.PGSQL.{}", folder.trim_end_matches('/'), port.unwrap_or(5432))),
        None => at_socket.then(|| decode(path)).flatten(),
    };
    let root = asked("sslrootcert").and_then(decode);
    let sslmode =
        asked("sslmode").filter(|mode| mode.chars().all(|c| c.is_ascii_lowercase() || c == '-')).map(str::to_owned);
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
        },
        user: user.map(SecretString::from),
        password: password.map(SecretString::from),
        root,
    })
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
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn a_url_is_cut_and_decoded() {
        let read =
            read("postgresql+psycopg2://clippy:p%40ss%2Fw@10.8.0.1:5433/clippy_front?sslmode=require").expect("reads");
        assert_eq!(read.password.as_ref().map(ExposeSecret::expose_secret), Some("p@ss/w"));
        assert_eq!(read.url.to_string(), "postgresql+psycopg2://clippy:***@10.8.0.1:5433/clippy_front?sslmode=require");
        let shown = |text: &str| super::read(text).expect(text).url.to_string();
        assert_eq!(shown("postgresql://u:p@h/d?options=-cx%3Dy"), "postgresql://u:***@h/d?…");
        assert_eq!(shown("postgresql://u:p@h/d?options=x&sslmode=require"), "postgresql://u:***@h/d?sslmode=require&…");
        let read = super::read("redis://:pw@[fd00::1]:6380/3").expect("reads");
        assert_eq!((read.url.host.as_str(), read.url.port, read.url.redis_index()), ("fd00::1", Some(6380), 3));
        assert_eq!(read.url.to_string(), "redis://:***@[fd00::1]:6380/3");
    }

    #[test]
    fn flaws_are_told_apart() {
        for (text, flaw) in [
            ("\"redis://h:6379/0\"", Flaw::Quoted),
            ("10.8.0.1:6379/0", Flaw::NoScheme),
            ("postgresql://<user>:<pass>@10.8.0.1/clippy_front", Flaw::Placeholder),
            ("postgresql://u:p@ss@10.8.0.1/db", Flaw::UnencodedPassword),
            ("redis://:pa/ss@10.8.0.1:6379/0", Flaw::UnencodedPassword),
            ("redis://:pa#ss@10.8.0.1:6379/0", Flaw::UnencodedPassword),
            ("postgresql://u:p@10.8.0.1/db\r", Flaw::WhiteSpace),
            ("postgresql://u:p@10.8.0.1/db # mine", Flaw::Comment),
            ("redis://10.8.0.1:6379/zero", Flaw::Unreadable),
            ("redis://10.8.0.1:6379/0,", Flaw::Unreadable),
            ("postgresql://u:p@h,x:y@z/db", Flaw::UnencodedPassword),
            ("redis://:p@@ss", Flaw::UnencodedPassword),
            ("postgresql://p@@ss/db", Flaw::UnencodedPassword),
        ] {
            assert_eq!(read(text).map(|read| read.url).unwrap_err(), flaw, "{text}");
        }
    }

    #[test]
    fn several_hosts_and_sockets_are_kept_apart() {
        let url = |text: &str| read(text).expect(text).url;
        let several = url("postgresql://u:p@10.8.0.1,10.8.0.9:5433/db?target_session_attrs=any");
        assert_eq!((several.host.as_str(), several.others.as_slice()), ("10.8.0.1", &["10.8.0.9".to_owned()][..]));
        assert_eq!(several.port, Some(5433));
        let socket = url("unix://:pw@/run/redis/redis.sock?db=2");
        assert_eq!((socket.socket.as_deref(), socket.redis_index()), (Some("/run/redis/redis.sock"), 2));
        assert_eq!(socket.to_string(), "unix://:***@/run/redis/redis.sock?db=2");
        let celery = url("redis+socket:///run/redis.sock?virtual_host=1");
        assert_eq!((celery.socket.as_deref(), celery.redis_index()), (Some("/run/redis.sock"), 1));
        let postgres = url("postgresql://u:p@/db?host=/var/run/postgresql&port=5433");
        assert_eq!(postgres.socket.as_deref(), Some("/var/run/postgresql/.s.PGSQL.5433"));
        assert_eq!(url("postgresql://u:p@h/db?host=/tmp").socket, None);
    }

    #[test]
    fn what_the_libraries_take_is_taken() {
        let password = |text: &str| {
            let read = read(text).expect(text);
            (read.url.host.clone(), read.password.map(|it| it.expose_secret().to_owned()))
        };
        for (text, expected) in [
            ("postgresql://u:p/s#s?s:s@10.8.0.1/db", "p/s#s?s:s"),
            ("redis://:p@s:s@10.8.0.1:6379/0", "p@s:s"),
            ("redis://:p@10.8.0.1:6379/0 \r", "p"),
            ("redis://:p@10.8.0.1:6379/0#", "p"),
            ("redis://:p@10.8.0.1:6379/0 # the server", "p"),
            ("redis://:p@@10.8.0.1/0", "p@"),
        ] {
            assert_eq!(password(text), ("10.8.0.1".to_owned(), Some(expected.to_owned())), "{text}");
        }
    }

    #[test]
    fn no_part_of_a_password_is_ever_shown() {
        // By itself, and around every character at which anybody cuts.
        let marks =
            ["", "@", "@@", "/", "#", "?", ":", "%", " ", "/@", "@/", ":@", "@:", "[", "]", "=", "&", "\u{2013}"];
        let around = marks.iter().map(|mark| format!("s3c{mark}r3t"));
        for password in around.chain(["@s3c/@r3t".to_owned(), "s3c@@r3t@".to_owned()]) {
            for template in [
                "redis://:PW@10.8.0.1:6379/0",
                "redis://:PW@redis:6379/0",
                "rediss://u:PW@10.8.0.1",
                "postgresql://u:PW@10.8.0.1/db",
                "postgresql+psycopg2://u:PW@db:5432/db?sslmode=require",
                "redis://PW@10.8.0.1",
                "amqp://u:PW@10.8.0.1//",
                "https://u:PW@10.8.0.1/",
                "PW",
            ] {
                let text = template.replace("PW", &password);
                let shown = format!("{:?} {:?}", read(&text), crate::read::variable::setting(None, "REDIS_URL", &text));
                assert!(!shown.contains("s3c") && !shown.contains("r3t"), "{text} shows {shown}");
            }
        }
    }
}
