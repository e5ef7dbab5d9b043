//! A connection URL, cut as the app's libraries cut it, and kept without its secrets.
//!
//! Where a password with `@` or `/` in it was not percent-encoded, the cut falls inside the password. Such a URL
//! is kept as a [`Flaw`] only: whatever stands in its host or database may be part of the password.

use std::fmt;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::fact::Presence;

/// A URL without its secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvUrl {
    /// As written: `postgresql`, `postgresql+psycopg2`, `redis`, `rediss`.
    pub scheme: String,
    /// Empty where the URL has none.
    pub host: String,
    /// None where the URL has none.
    pub port: Option<u16>,
    /// The database's name or index as written; none where the URL has none.
    pub database: Option<String>,
    /// Whether it has a user.
    pub user: Presence,
    /// The user's name, kept only where there is a password too (else it may be one), and only for databases.
    pub role: Option<String>,
    /// Whether it has a password.
    pub password: Presence,
    /// `sslmode` of the query.
    pub sslmode: Option<String>,
}

/// What is wrong with a value that was meant to be a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Flaw {
    /// It begins or ends with a quotation mark.
    Quoted,
    /// It has no `scheme://`.
    NoScheme,
    /// It still has a placeholder: `<user>`, `VPN_HOST_IP`, `USER:PASSWORD`.
    Placeholder,
    /// The password has `@`, `/`, `#`, `?` or `:` in it and is not percent-encoded.
    UnencodedPassword,
    /// White space or a carriage return inside or around it.
    WhiteSpace,
    /// Anything else.
    Unreadable,
}

impl Flaw {
    /// What is seen, in a few words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Quoted => "in quotation marks",
            Self::NoScheme => "without a scheme",
            Self::Placeholder => "with a placeholder left in it",
            Self::UnencodedPassword => "with an unencoded special character in the password",
            Self::WhiteSpace => "with white space in it",
            Self::Unreadable => "unreadable",
        }
    }
}

impl EnvUrl {
    /// Whether the scheme is one of PostgreSQL's, with or without a driver.
    pub fn is_postgres(&self) -> bool {
        let base = self.scheme.split('+').next().unwrap_or_default();
        base == "postgresql" || base == "postgres"
    }

    /// Whether the scheme is one of Redis'.
    pub fn is_redis(&self) -> bool {
        self.scheme == "redis" || self.scheme == "rediss"
    }

    /// Whether the host is this machine (or this container) itself; an empty host means a local socket.
    pub fn is_local(&self) -> bool {
        self.host.is_empty()
            || self.host.eq_ignore_ascii_case("localhost")
            || self.host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }

    /// The port that is dialled.
    pub fn port_or_default(&self) -> u16 {
        self.port.unwrap_or(if self.is_redis() { 6379 } else { 5432 })
    }

    /// The Redis database index; 0 where none is written or it is no number, as redis-py reads it.
    pub fn redis_index(&self) -> u32 {
        self.database.as_deref().and_then(|name| name.parse().ok()).unwrap_or(0)
    }
}

impl fmt::Display for EnvUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://", self.scheme)?;
        match (self.user.is_present(), self.password.is_present()) {
            (_, true) => {
                write!(f, "{}:***@", self.role.as_deref().unwrap_or(if self.user.is_present() { "***" } else { "" }))?;
            }
            (true, false) => f.write_str("***@")?,
            (false, false) => {}
        }
        if self.host.contains(':') {
            write!(f, "[{}]", self.host)?;
        } else {
            f.write_str(&self.host)?;
        }
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        if let Some(database) = &self.database {
            write!(f, "/{database}")?;
        }
        if let Some(mode) = &self.sslmode {
            write!(f, "?sslmode={mode}")?;
        }
        Ok(())
    }
}

/// A URL with its secrets, for the one who dials.
#[derive(Debug, Clone)]
pub struct ReadUrl {
    /// What a fact may hold.
    pub url: EnvUrl,
    /// Percent-decoded.
    pub user: Option<SecretString>,
    /// Percent-decoded.
    pub password: Option<SecretString>,
}

/// Cuts a URL.
pub fn read(text: &str) -> Result<ReadUrl, Flaw> {
    let quotes = ['"', '\'', '\u{201c}', '\u{201d}'];
    if text.starts_with(quotes) || text.ends_with(quotes) {
        return Err(Flaw::Quoted);
    }
    if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(Flaw::WhiteSpace);
    }
    if is_placeholder(text) {
        return Err(Flaw::Placeholder);
    }
    let (scheme, rest) = text.split_once("://").ok_or(Flaw::NoScheme)?;
    if scheme.is_empty() || !scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-._".contains(c)) {
        return Err(Flaw::NoScheme);
    }
    let (authority, tail) = rest.find(['/', '?', '#']).map_or((rest, ""), |at| rest.split_at(at));
    // An `@` behind the authority, or two inside it, stand inside a password: libpq and SQLAlchemy cut at the
    // first, redis-py at the last, and none of them gets both parts right.
    if tail.contains('@') || authority.matches('@').count() > 1 {
        return Err(Flaw::UnencodedPassword);
    }
    let (login, place) = match authority.rsplit_once('@') {
        Some((login, place)) => (Some(login), place),
        None => (None, authority),
    };
    let (host, port) = cut_place(place).ok_or(Flaw::UnencodedPassword)?;
    let (user, password) = match login.map(|login| login.split_once(':').map_or((login, None), |(u, p)| (u, Some(p)))) {
        Some((user, password)) => (decode(user), password.and_then(decode)),
        None => (None, None),
    };
    let (path, query) = tail.split_once('?').unwrap_or((tail, ""));
    // Of other schemes the path may be anything: `sqlite:////app/instance/clippy.db` is no flaw, but another kind.
    let is_ours = matches!(scheme.split('+').next(), Some("postgresql" | "postgres" | "redis" | "rediss"));
    let database = path.strip_prefix('/').filter(|name| is_ours && !name.is_empty());
    if path.contains('#')
        || database.is_some_and(|name| !name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.%".contains(c)))
    {
        return Err(Flaw::Unreadable);
    }
    let sslmode = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("sslmode="))
        .filter(|mode| mode.chars().all(|c| c.is_ascii_lowercase() || c == '-'))
        .map(str::to_owned);
    let is_redis = scheme.starts_with("redis");
    Ok(ReadUrl {
        url: EnvUrl {
            scheme: scheme.to_owned(),
            host: host.to_owned(),
            port,
            database: database.map(str::to_owned),
            user: Presence::of(user.is_some()),
            role: user.clone().filter(|_| password.is_some() && !is_redis),
            password: Presence::of(password.is_some()),
            sslmode,
        },
        user: user.map(SecretString::from),
        password: password.map(SecretString::from),
    })
}

/// `host`, `host:port`, `[v6]:port`; none if it cannot be a host, which happens when the cut fell inside a
/// password.
fn cut_place(place: &str) -> Option<(&str, Option<u16>)> {
    let (host, port) = if let Some(rest) = place.strip_prefix('[') {
        let (host, after) = rest.split_once(']')?;
        (host, after.strip_prefix(':'))
    } else {
        place.split_once(':').map_or((place, None), |(host, port)| (host, Some(port)))
    };
    let port = match port {
        None | Some("") => None,
        Some(port) => Some(port.parse().ok()?),
    };
    host.chars().all(|c| c.is_ascii_alphanumeric() || "-._:".contains(c)).then_some((host, port))
}

/// The placeholders of the guide, of the example compose files and of common templates.
fn is_placeholder(text: &str) -> bool {
    (text.contains('<') && text.contains('>'))
        || ["VPN_HOST_IP", "USER:PASSWORD", "YOUR_", "CHANGEME", "REPLACE_"].iter().any(|word| text.contains(word))
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
            ("postgresql://u:p/ss@10.8.0.1/db", Flaw::UnencodedPassword),
            ("redis://:pa#ss@10.8.0.1:6379/0", Flaw::UnencodedPassword),
            ("redis://10.8.0.1:6379/0\r", Flaw::WhiteSpace),
        ] {
            assert_eq!(read(text).map(|read| read.url).unwrap_err(), flaw, "{text}");
        }
    }

    #[test]
    fn no_part_of_a_password_is_ever_shown() {
        for password in
            ["s3cr3t", "s3c@r3t", "s3c/r3t", "s3c#r3t", "s3c?r3t", "s3c:r3t", "s3c%r3t", "s3c r3t", "@s3c/@r3t"]
        {
            for template in
                ["redis://:PW@10.8.0.1:6379/0", "postgresql://u:PW@10.8.0.1/db", "redis://PW@10.8.0.1", "PW"]
            {
                let text = template.replace("PW", password);
                let shown = format!("{:?} {:?}", read(&text), crate::fact::environment::setting("REDIS_URL", &text));
                assert!(!shown.contains("s3c") && !shown.contains("r3t"), "{text} shows {shown}");
            }
        }
    }
}
