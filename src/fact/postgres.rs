//! PostgreSQL: what it says when asked, and what its file says.

use crate::fact::disk::ShutFolder;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::certificate::ShownCertificate;
use super::dial::payload_probe::PayloadProbe;
use super::dial::{Dial, Endpoint};
use super::redis::Directive;
use super::service::quote::Quote;
use crate::fact::words::words;
use tables::PgTables;

pub mod hba;
pub mod session;
pub mod state;
pub mod tables;
pub mod waits;

/// PostgreSQL's answer to a log-in and `SELECT 1`, told apart by SQLSTATE and, where several share one code,
/// by the server routine that raised it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr, strum::VariantNames)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum PgSaid {
    /// `SELECT 1` gave 1.
    One,
    /// 28000, no pg_hba.conf line matches.
    NoHbaEntry,
    /// 28000, a `reject` line of pg_hba.conf matches first.
    HbaRejects,
    /// 28P01: wrong password, or no such role (the server does not tell which).
    WrongPassword,
    /// The server wants a password and the URL has none.
    NoPassword,
    /// 28000: the role may not log in.
    CannotLogIn,
    /// 28000 where `pg_hba.conf` says `trust`: there is no such role. (A password line says "wrong password" to that.)
    NoSuchRole,
    /// 3D000.
    NoSuchDatabase,
    /// The URL demands SSL and the server has none, or none that could be agreed on.
    NoSsl,
    /// `verify-ca` or `verify-full`, and the file of root certificates that libpq then wants is not there; holds its path.
    NoRootCertificate(String),
    /// 53300: all connections, or all of this role, are taken.
    TooManyClients,
    /// 57P03: it starts up, shuts down, or recovers.
    StartingUp,
    /// 42501: no right to connect to the database.
    NotPermitted,
    /// It speaks PostgreSQL's protocol; no URL is known at this vantage, so nobody logged in.
    Speaks,
    /// It spoke, but not PostgreSQL's protocol.
    NotPostgres,
    /// It began the log-in, and did not finish it.
    Unfinished,
    /// It accepted the connection and said nothing.
    Silent,
    /// It accepted the connection and closed or reset it without a word.
    Closed,
    /// `pg_hba.conf` asks for another proof than a password: ident, peer, gss, sspi, a client certificate.
    OtherMethod,
    /// `pg_hba.conf` asks for a client certificate (`clientcert`), and none was shown.
    WantsCertificate,
    /// Any other refusal; holds the SQLSTATE.
    #[strum(serialize = "refused-otherwise")]
    Refused(String),
    /// No connection came about.
    Unreached(Dial),
}

impl PgSaid {
    words! {
        /// The one word for it.
        pub fn label(&self) by name => self
    }
}

/// One conversation with PostgreSQL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PgOutcome {
    /// Who was asked.
    pub endpoint: Endpoint,
    /// What it said.
    pub said: PgSaid,
    /// A refusal whose words say more than the word of this list, as PostgreSQL worded it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<String>,
    /// Our address as the server named it in its error.
    pub seen_as: Option<IpAddr>,
    /// The role, where the URL also has a password (else the "user" may be one).
    pub role: Option<String>,
    /// The database.
    pub database: Option<String>,
    /// Whether the conversation was encrypted.
    pub tls: bool,
    /// The certificate that it showed, where the URL has it verified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<ShownCertificate>,
    /// What the connection carried besides; none on the server itself, and where it did not come to that.
    #[serde(default)]
    pub carried: Option<PayloadProbe>,
    /// The cluster's `system_identifier`, where it answered `SELECT 1` and lets us ask: made by initdb, kept for ever.
    #[serde(default)]
    pub system: Option<String>,
    /// Whether a transaction of this role is read-only, where it answered `SELECT 1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_only: Option<bool>,
    /// The tables that the role finds, where it answered `SELECT 1` and tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tables: Option<PgTables>,
    /// What its log says, on the server, while it starts up or recovers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovering: Option<Recovering>,
}

/// A server that starts up or recovers, by its log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recovering {
    /// What it said last or, where it began with a process that was killed, what was said of that.
    pub said: Quote,
    /// How often one of its processes was killed since it was started, as far as the end of its log tells, where it recovers from
    /// that.
    pub killed: u32,
    /// When the start or the recovery began, in seconds since the epoch, where its log has UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<u64>,
}

impl PgOutcome {
    pub(crate) fn summary(&self) -> Vec<String> {
        let database = self.database.as_ref().map_or_else(String::new, |name| format!("/{name}"));
        let role = self.role.as_ref().map_or_else(String::new, |name| format!(" as {name}"));
        let tls = if self.tls { ", encrypted" } else { "" };
        let seen = self.seen_as.map_or_else(String::new, |ip| format!("; the server sees us as {ip}"));
        if let PgSaid::Unreached(dial) = &self.said {
            return vec![format!("PostgreSQL {}: no connection ({})", self.endpoint, dial.label())];
        }
        let system = self.system.as_ref().map_or_else(String::new, |id| format!("; cluster {id}"));
        let said = match self.read_only {
            Some(true) => format!("{}, read-only", self.said.label()),
            Some(false) | None => self.refusal.clone().unwrap_or_else(|| self.said.label().to_owned()),
        };
        let mut lines = vec![format!("PostgreSQL {}{database}{role}{tls}: {said}{seen}{system}", self.endpoint)];
        lines.extend(self.certificate.iter().map(|it| format!("PostgreSQL {}: {}", self.endpoint, it.summary())));
        lines.extend(self.recovering.iter().map(|it| it.said.summary()));
        let tables = self.tables.iter().map(PgTables::summary);
        lines.extend(tables.map(|line| format!("PostgreSQL {}{database}{role}: {line}", self.endpoint)));
        let carried = self.carried.iter().flat_map(PayloadProbe::summary);
        lines.extend(carried.map(|line| format!("PostgreSQL {}: {line}", self.endpoint)));
        lines
    }
}

/// postgresql.conf as written (includes and conf.d followed; the last line of a name wins).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PgConf {
    /// The main file.
    pub path: String,
    /// For example `15/main`.
    pub cluster: String,
    /// `listen_addresses`; none where the default (localhost) rules.
    pub listen_addresses: Option<Directive>,
    /// `port`; none where the default (5432) rules.
    pub port: Option<Directive>,
    /// When the file that sets listen_addresses last changed, in seconds since the epoch.
    pub changed_at: u64,
    /// pg_hba.conf's path.
    pub hba_path: String,
    /// That the file system of its data, or of its write-ahead log, takes no data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk: Option<ShutFolder>,
    /// The line of Debian's start.conf that keeps the cluster from being started with the machine (pg_createcluster(8)):
    /// `manual` or `disabled`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_hand: Option<(String, u32)>,
    /// The other clusters that Debian keeps on this machine, each with its port: `14/main on port 5433`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<String>,
}

impl PgConf {
    /// The addresses in `listen_addresses`, as written.
    pub fn addresses(&self) -> Vec<&str> {
        self.listen_addresses
            .as_ref()
            .map_or_else(|| vec!["localhost"], |it| it.value.split(',').map(str::trim).collect())
    }

    /// Those of them that are addresses.
    pub fn bound(&self) -> Vec<IpAddr> {
        self.addresses().into_iter().filter_map(|word| word.parse().ok()).collect()
    }

    pub(crate) fn summary(&self) -> Vec<String> {
        let listens = match &self.listen_addresses {
            Some(it) => format!("{}:{}: listen_addresses = '{}'", it.path, it.line, it.value),
            None => format!("{}: no listen_addresses (default: localhost)", self.path),
        };
        let by_hand = self.by_hand.iter().map(|(path, line)| format!("{path}:{line}: not started with the machine"));
        self.disk.iter().map(ShutFolder::summary).chain([listens]).chain(by_hand).collect()
    }
}
