//! A connection URL, kept without its secrets.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::fact::Presence;

/// A URL without its secrets.
#[expect(clippy::struct_excessive_bools, reason = "each is an answer of its own")]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvUrl {
    /// As written: `postgresql`, `postgresql+psycopg2`, `redis`, `rediss`.
    pub scheme: String,
    /// Empty where the URL has none.
    pub host: String,
    /// The hosts besides, which libpq tries after the first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<String>,
    /// The Unix socket that it names in place of a host (redis-py, `unix://`; kombu, `redis+socket://`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub socket: Option<String>,
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
    /// Whether the password is one that everybody knows: none, the user's name, or one that comes with the app, its
    /// guide or the server. Compared where the URL is read; only the answer is kept.
    #[serde(default)]
    pub well_known: bool,
    /// `sslmode` of the query.
    pub sslmode: Option<String>,
    /// Whether a comment follows, which the worker's libraries take for a fragment and a shell for a comment of its own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub commented: bool,
    /// Whether it names a service of libpq's (`service=`): a file that is not read then says the rest.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub service: bool,
    /// Whether its password stands in a file of libpq's (`passfile=`, PGPASSFILE) that is not read.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub passfile: bool,
    /// The path of a URL of HTTP, without a slash at its end; none where it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Whether the query asks for more, which is not kept: it may hold secrets.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub more: bool,
}

/// The schemes that lead to a Redis, over TCP and over a Unix socket.
pub const REDIS: [&str; 4] = ["redis", "rediss", "unix", "redis+socket"];

/// Where Celery can keep results besides (celery/app/backends.py, `BACKEND_ALIASES`), without what follows on a `+`.
const RESULTS: [&str; 20] = [
    "rpc",
    "cache",
    "elasticsearch",
    "sentinel",
    "mongodb",
    "db",
    "database",
    "cassandra",
    "astra",
    "couchbase",
    "couchdb",
    "cosmosdbsql",
    "filesystem",
    "file",
    "disabled",
    "consul",
    "dynamodb",
    "azureblockblob",
    "arangodb",
    "s3",
];

impl EnvUrl {
    /// Whether Celery keeps its results there, and not in Redis.
    pub fn is_other_results(&self) -> bool {
        let base = self.scheme.split('+').next().unwrap_or_default();
        RESULTS.iter().any(|scheme| scheme.eq_ignore_ascii_case(base))
    }

    /// Whether the scheme is one of PostgreSQL's, with or without a driver.
    pub fn is_postgres(&self) -> bool {
        let base = self.scheme.split('+').next().unwrap_or_default();
        base == "postgresql" || base == "postgres"
    }

    /// Whether the scheme is one of Redis'.
    pub fn is_redis(&self) -> bool {
        REDIS.contains(&self.scheme.as_str())
    }

    /// Whether the host is this machine (or this container) itself; an empty host means a local socket.
    pub fn is_local(&self) -> bool {
        (self.host.is_empty() && !self.service)
            || self.host.eq_ignore_ascii_case("localhost")
            || self.host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
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
        for other in &self.others {
            write!(f, ",{other}")?;
        }
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        match (&self.socket, &self.database) {
            (Some(path), Some(index)) => write!(f, "{path}?db={index}")?,
            (Some(path), None) => f.write_str(path)?,
            (None, Some(database)) => write!(f, "/{database}")?,
            (None, None) => {}
        }
        f.write_str(self.path.as_deref().unwrap_or_default())?;
        if let Some(mode) = &self.sslmode {
            write!(f, "?sslmode={mode}")?;
        }
        if self.more {
            f.write_str(if self.sslmode.is_some() { "&…" } else { "?…" })?;
        }
        Ok(())
    }
}
