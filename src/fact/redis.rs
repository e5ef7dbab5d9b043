//! Redis: what it says when asked, and what its file says.

use crate::fact::disk::ShutFolder;
use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::Presence;
use super::certificate::ShownCertificate;
use super::dial::payload_probe::PayloadProbe;
use super::dial::{Dial, Endpoint};
use crate::fact::words::words;
use rights::Rights;

pub mod rights;
pub mod state;

/// Redis' answer, from a bare connection first and then with what the URL holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr, strum::VariantNames)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum RedisSaid {
    /// `+PONG`, after AUTH and SELECT where the URL asks for them.
    Pong,
    /// `-DENIED`: protected mode, no password set, and we come from another address than loopback.
    Denied,
    /// `-NOAUTH`: it wants a password and the URL has none.
    NoAuth,
    /// It wants a password, and no URL is known at this vantage, so none was tried.
    Locked,
    /// `-WRONGPASS` for a URL without a user name: the password is wrong.
    WrongPassword,
    /// `-WRONGPASS` for a URL with a user name: Redis does not tell a wrong user from a wrong password.
    WrongUserOrPassword,
    /// `-ERR AUTH … called without any password configured`: the URL has a password, the server has none.
    PasswordNotWanted,
    /// `-ERR DB index is out of range`, or any other refusal of SELECT.
    NoSuchDatabase,
    /// `-NOPERM`: the user may not run PING or SELECT.
    NotPermitted,
    /// `-LOADING`: it still reads its data.
    Loading,
    /// `-ERR max number of clients reached`.
    TooManyClients,
    /// `-MISCONF`: it cannot save to its disk, and refuses PING and every write until it can.
    CannotSave,
    /// Any other error reply (`-MASTERDOWN`, `-BUSY`).
    #[strum(serialize = "refused-otherwise")]
    Refused,
    /// It spoke, but not Redis' protocol.
    NotRedis,
    /// It accepted the connection and said nothing.
    Silent,
    /// It accepted the connection and closed or reset it without a word.
    Closed,
    /// It ended the TLS connection since no client certificate was shown (alert `certificate_required`, RFC 8446).
    WantsCertificate,
    /// TLS was asked for by the URL and could not be agreed on.
    NoTls,
    /// No connection came about.
    Unreached(Dial),
}

impl RedisSaid {
    words! {
        /// The one word for it.
        pub fn label(self) by name => self
    }
}

/// One conversation with Redis.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RedisOutcome {
    /// Who was asked.
    pub endpoint: Endpoint,
    /// What it said.
    pub said: RedisSaid,
    /// An error that no word of this list stands for, as Redis worded it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Whether a password was at hand.
    pub password: Presence,
    /// The database index that was selected.
    pub database: u32,
    /// What the connection carried besides; none on the server itself, and where it did not come to that.
    #[serde(default)]
    pub carried: Option<PayloadProbe>,
    /// Which server it is, where it answered PONG and lets us ask.
    #[serde(default)]
    pub identity: Option<RedisIdentity>,
    /// What keeps a worker from its work there, where that can be asked.
    #[serde(default)]
    pub rights: Option<Rights>,
    /// The certificate that it showed, where the URL has it verified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<ShownCertificate>,
}

/// Which Redis it is: from `INFO server`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RedisIdentity {
    /// `run_id`: another one after every start.
    pub run_id: String,
    /// For how many seconds it has been running.
    pub uptime: u64,
}

impl RedisOutcome {
    pub(crate) fn summary(&self) -> Vec<String> {
        let with = if self.password.is_present() { "with a password" } else { "without a password" };
        if let RedisSaid::Unreached(dial) = self.said {
            return vec![format!("Redis {}: no connection ({})", self.endpoint, dial.label())];
        }
        let run = self.identity.as_ref().map_or_else(String::new, |it| {
            format!("; run {}…, up {} s", it.run_id.get(..8).unwrap_or(&it.run_id), it.uptime)
        });
        let said = self.error.as_deref().unwrap_or(self.said.label());
        let mut lines = vec![format!("Redis {}/{}, {with}: {said}{run}", self.endpoint, self.database)];
        lines.extend(self.certificate.iter().map(|it| format!("Redis {}: {}", self.endpoint, it.summary())));
        lines.extend(self.rights.iter().flat_map(Rights::summary));
        lines.extend(
            self.carried.iter().flat_map(PayloadProbe::summary).map(|line| format!("Redis {}: {line}", self.endpoint)),
        );
        lines
    }
}

/// A directive and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Directive {
    /// Its arguments, as written.
    pub value: String,
    /// The file it stands in (includes are followed).
    pub path: String,
    /// Its line, from 1.
    pub line: u32,
    /// An argument of the command that starts the service, in a unit's file, and not a line of the configuration.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub argument: bool,
}

/// redis.conf as written, and what the command line puts before it; the last directive of a name wins, as Redis reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RedisConf {
    /// The file that was read first; where a container's command names none, that command.
    pub path: String,
    /// The container that it is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// `bind`.
    pub bind: Option<Directive>,
    /// `port`.
    pub port: Option<Directive>,
    /// `protected-mode`.
    pub protected_mode: Option<Directive>,
    /// `save`; none where the default (RDB on) rules. Its value is empty where it switches RDB off.
    #[serde(default)]
    pub save: Option<Directive>,
    /// `appendonly`.
    #[serde(default)]
    pub append_only: Option<Directive>,
    /// `tls-cert-file`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Directive>,
    /// `min-replicas-to-write`, or its name before Redis 5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_replicas: Option<Directive>,
    /// `cluster-enabled`, where it is on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<Directive>,
    /// `maxmemory`, `maxmemory-policy` and `maxclients`, by their names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub limits: BTreeMap<String, Directive>,
    /// `replicaof`, or its name before Redis 5: it copies from another one, and takes no writes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copies: Option<Directive>,
    /// Each `rename-command`: the command's old name and its place. The new one may be meant as a secret.
    #[serde(default)]
    pub renamed: Vec<Directive>,
    /// Each `user` line: `default` or `another`, and its place.
    #[serde(default)]
    pub users: Vec<Directive>,
    /// `aclfile`, whose `user` lines are among them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acl_file: Option<String>,
    /// When the youngest of the files last changed, in seconds since the epoch.
    #[serde(default)]
    pub changed_at: u64,
    /// The file of the saved data: `dbfilename` in `dir`; none where no `dir` says where that is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dump: Option<String>,
    /// That the file system of its folder takes no data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk: Option<ShutFolder>,
    /// Whether the default user, which is everyone who does not log in, is kept out: by `requirepass`, or by a
    /// `user default` line that sets a password or switches it off. Protected mode asks for the same.
    pub password: Presence,
}

impl RedisConf {
    /// The addresses that `bind` names, also those that Redis may do without (`-10.8.0.1`).
    pub fn bound(&self) -> Vec<IpAddr> {
        let words = self.bind.iter().flat_map(|bind| bind.value.split_whitespace());
        words.filter_map(|word| word.trim_start_matches('-').parse().ok()).collect()
    }

    pub(crate) fn summary(&self) -> Vec<String> {
        let mut lines: Vec<String> =
            [("bind", &self.bind), ("port", &self.port), ("protected-mode", &self.protected_mode)]
                .into_iter()
                .filter_map(|(name, directive)| {
                    directive.as_ref().map(|it| format!("{}:{}: {name} {}", it.path, it.line, it.value))
                })
                .collect();
        lines.extend(self.disk.as_ref().map(ShutFolder::summary));
        lines.push(format!("{}: password {}", self.path, if self.password.is_present() { "set" } else { "not set" }));
        lines
    }
}
