//! What the running PostgreSQL says of itself to its own administrator: settings in force, connections, and the
//! worker's role and database. Of a password only the kind of its hash is asked for.

use super::session::SessionSetting;
use serde::{Deserialize, Serialize};

use super::hba::{HbaLine, PgHba};
use super::waits::PgWaits;
use crate::fact::service::quote::Quote;

/// The running server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PgState {
    /// `server_version_num`: 150017 is 15.17.
    pub version: u32,
    /// `ssl`.
    pub ssl: bool,
    /// `max_connections`, less those that are kept for superusers.
    pub room: u32,
    /// Connections in use.
    pub used: u32,
    /// When pg_hba.conf and postgresql.conf were last loaded, in seconds since the epoch.
    pub loaded_at: u64,
    /// When the server started, in seconds since the epoch.
    pub started_at: u64,
    /// Settings whose file says otherwise until a restart.
    pub pending: Vec<PgSetting>,
    /// Lines of postgresql.conf and its included files that the server cannot read or apply.
    pub bad_lines: Vec<PgSetting>,
    /// Settings in its files that name a file which is not there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<PgSetting>,
    /// Lines of pg_hba.conf that the server cannot read.
    pub bad_hba_lines: Vec<u32>,
    /// Lines of pg_hba.conf, as it is now, that the server reads otherwise than we do, as it reads them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hba_otherwise: Vec<HbaLine>,
    /// `listen_addresses` in force: what it was started with, whether there was such an address or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listen_addresses: Option<String>,
    /// The role that the app logs in as; none where no URL names one.
    pub role: Option<PgRole>,
    /// The database that the app uses; none where no URL names one.
    pub database: Option<PgDatabase>,
    /// What rules each session of this role in this database, where somebody sets it: of each name the strongest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub session: Vec<SessionSetting>,
    /// Sequences of the app's database whose next number stands in their table already, the first few.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub behind: Vec<PgSequence>,
    /// What its log says of the last log-ins of that role, or from the client, that it refused.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<Quote>,
    /// What its log says of the last statements of that role that it refused.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<Quote>,
    /// Its log, where that has lines of that role in another language than English: what they say is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other_words: Option<String>,
    /// Columns, and tables where there are none at all, that those statements did not find, and that are not there now
    /// either, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_there: Vec<String>,
    /// The container that it runs in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// What statements in the database wait for.
    #[serde(default, skip_serializing_if = "PgWaits::is_empty")]
    pub waits: PgWaits,
}

/// A sequence that gives numbers which its table has already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PgSequence {
    /// Its name with its schema, quoted as in SQL where that is needed.
    pub sequence: String,
    /// The table whose column it fills.
    pub table: String,
    /// That column, which takes each number once.
    pub column: String,
    /// The number that it gives next.
    pub next: i64,
    /// The highest number in the column.
    pub highest: i64,
}

/// A setting and where it is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PgSetting {
    /// Its name; none where the line could not be read.
    pub name: Option<String>,
    /// The file.
    pub path: Option<String>,
    /// From 1.
    pub line: Option<u32>,
}

/// A role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PgRole {
    /// Its name.
    pub name: String,
    /// Another role whose name has the same letters, small for capital ones or the other way round.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub near: Option<String>,
    /// The role to which the database belongs, where it is another one that may log in and is no superuser.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heir: Option<String>,
    /// What there is of it; none if there is no such role.
    pub found: Option<PgRoleFound>,
}

/// What there is of a role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PgRoleFound {
    /// LOGIN.
    pub can_log_in: bool,
    /// SUPERUSER.
    pub superuser: bool,
    /// VALID UNTIL is over.
    pub expired: bool,
    /// How its password is kept.
    pub password: PgPassword,
    /// CONNECTION LIMIT; -1 for none.
    pub limit: i32,
    /// The roles that it is a member of, directly or not.
    pub groups: Vec<String>,
}

/// How a password is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PgPassword {
    /// There is none: no method that asks for one lets the role in.
    None,
    /// An md5 hash, which `scram-sha-256` cannot check.
    Md5,
    /// A SCRAM secret, which `md5` and `scram-sha-256` can check.
    Scram,
    /// Anything else.
    Other,
}

/// A database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PgDatabase {
    /// Its name.
    pub name: String,
    /// Another database whose name has the same letters, small for capital ones or the other way round.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub near: Option<String>,
    /// Where there is no such database: those that belong to the role.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub own: Vec<String>,
    /// What there is of it; none if there is no such database.
    pub found: Option<PgDatabaseFound>,
}

/// What there is of a database. Rights are those of the role; none if there is no such role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PgDatabaseFound {
    /// Whether anybody may connect (`ALLOW_CONNECTIONS`).
    pub open: bool,
    /// CONNECT.
    pub may_connect: Option<bool>,
    /// CREATE on the schema public, or its equal; none where nobody could look inside the database.
    pub may_create: Option<bool>,
    /// How many tables there are that the role may not write to; none where nobody could look inside.
    pub closed_tables: Option<u32>,
    /// Tables there on which it lacks one of the four rights, or more; the first of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lacking: Vec<String>,
    /// Sequences there that it may not take numbers from; the first of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lacking_sequences: Vec<String>,
}

impl PgState {
    /// pg_hba.conf as the server reads it: where its word differs from ours, its word counts.
    pub fn reads(&self, hba: &PgHba) -> PgHba {
        let theirs = |line: &HbaLine| self.hba_otherwise.iter().find(|it| it.path == line.path && it.line == line.line);
        let lines = hba.lines.iter().map(|line| theirs(line).unwrap_or(line).clone()).collect();
        PgHba { lines, ..hba.clone() }
    }

    /// The same of a container, whose files are called as `docker cp` has them.
    #[must_use]
    pub fn inside(mut self, container: &str) -> Self {
        let settings = self.pending.iter_mut().chain(&mut self.bad_lines).chain(&mut self.missing);
        let settings = settings.map(|it| &mut it.path);
        let set = self.session.iter_mut().map(|it| &mut it.path);
        let standby = self.waits.standby.iter_mut().map(|it| &mut it.path);
        let lines = self.hba_otherwise.iter_mut().map(|it| &mut it.path);
        for path in settings.chain(set).chain(standby).flatten().chain(lines) {
            path.insert_str(0, &format!("{container}:"));
        }
        Self { container: Some(container.to_owned()), ..self }
    }

    pub(crate) fn summary(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.refused.iter().chain(&self.errors).map(Quote::summary).collect();
        lines.extend(self.not_there.iter().map(|name| format!("{name} is not there")));
        lines.extend(self.waits.summary());
        lines.push(format!(
            "PostgreSQL {}.{}: {} of {} connections in use, ssl {}",
            self.version / 10000,
            self.version % 10000,
            self.used,
            self.room,
            if self.ssl { "on" } else { "off" }
        ));
        lines.extend(self.role.iter().map(PgRole::summary));
        lines.extend(self.database.iter().map(PgDatabase::summary));
        lines.extend(self.session.iter().map(SessionSetting::summary));
        let place = |it: &PgSetting| match (&it.path, it.line) {
            (Some(path), Some(line)) => format!("{path}:{line}"),
            _ => "no file".to_owned(),
        };
        let name = |it: &PgSetting| it.name.clone().unwrap_or_else(|| "a line".to_owned());
        lines.extend(self.pending.iter().map(|it| format!("{}: {} is pending a restart", place(it), name(it))));
        lines.extend(self.bad_lines.iter().map(|it| format!("{}: {} cannot be used", place(it), name(it))));
        lines
    }
}

impl PgRole {
    fn summary(&self) -> String {
        let Some(found) = &self.found else { return format!("role {}: does not exist", self.name) };
        let login = if found.can_log_in { "may log in" } else { "may not log in" };
        let password = match found.password {
            PgPassword::None => "no password",
            PgPassword::Md5 => "password stored as md5",
            PgPassword::Scram => "password stored as scram-sha-256",
            PgPassword::Other => "password stored in another form",
        };
        let expired = if found.expired { ", expired" } else { "" };
        format!("role {}: {login}, {password}{expired}", self.name)
    }
}

impl PgDatabase {
    fn summary(&self) -> String {
        let Some(found) = &self.found else { return format!("database {}: does not exist", self.name) };
        let right = |what: &str, may: Option<bool>| match may {
            Some(true) => format!(", may {what}"),
            Some(false) => format!(", may not {what}"),
            None => String::new(),
        };
        let open = if found.open { "open" } else { "accepts no connections" };
        format!(
            "database {}: {open}{}{}",
            self.name,
            right("connect", found.may_connect),
            right("create tables", found.may_create)
        )
    }
}
