//! What the administrator's queries give.

use std::path::Path;

use serde::Deserialize;

use super::state::is_plain;
use crate::fact::postgres::hba::PgHba;
use crate::fact::postgres::session::SessionSetting;
use crate::fact::postgres::state::{PgDatabase, PgDatabaseFound, PgPassword, PgRole, PgRoleFound, PgSetting, PgState};
use crate::fact::postgres::waits::PgWaits;
use crate::probe::host;
use crate::read::pg_hba::rules::{self, Row};

/// What the first query gives.
#[derive(Deserialize)]
pub(super) struct Told {
    version: u32,
    ssl: bool,
    room: u32,
    used: u32,
    loaded_at: u64,
    started_at: u64,
    pending: Vec<PgSetting>,
    bad_lines: Vec<PgSetting>,
    bad_hba_lines: Vec<u32>,
    named_files: Vec<NamedFile>,
    data_directory: String,
    listen_addresses: String,
    hba: Vec<Row>,
    near_role: Option<String>,
    heir: Option<String>,
    near_database: Option<String>,
    own_databases: Vec<String>,
    role: Option<ToldRole>,
    database: Option<ToldDatabase>,
    session: Vec<SessionSetting>,
}

/// A file that a setting of its files names.
#[derive(Deserialize)]
struct NamedFile {
    name: String,
    path: Option<String>,
    line: Option<u32>,
    file: String,
}

impl NamedFile {
    /// The setting, where there is no such file. A relative name is meant from the data directory.
    fn missing(self, data: &str) -> Option<PgSetting> {
        let gone = matches!(host::stat(Path::new(data).join(self.file)), Ok(None));
        gone.then_some(PgSetting { name: Some(self.name), path: self.path, line: self.line })
    }
}

#[derive(Deserialize)]
struct ToldRole {
    can_log_in: bool,
    superuser: bool,
    expired: bool,
    password: String,
    limit: i32,
    groups: Vec<String>,
}

#[derive(Deserialize)]
struct ToldDatabase {
    open: bool,
    may_connect: Option<bool>,
}

/// What the second query gives.
#[derive(Deserialize)]
pub(super) struct Inside {
    may_create: Option<bool>,
    closed_tables: Option<u32>,
    lacking: Vec<String>,
    lacking_sequences: Vec<String>,
}

impl Told {
    /// With what the app's database tells.
    pub(super) fn state(
        self,
        role: Option<String>,
        database: Option<String>,
        inside: Option<&Inside>,
        written: &PgHba,
    ) -> PgState {
        PgState {
            version: self.version,
            ssl: self.ssl,
            room: self.room,
            used: self.used,
            loaded_at: self.loaded_at,
            started_at: self.started_at,
            pending: self.pending,
            bad_lines: self.bad_lines,
            bad_hba_lines: self.bad_hba_lines,
            missing: self.named_files.into_iter().filter_map(|it| it.missing(&self.data_directory)).collect(),
            hba_otherwise: rules::otherwise(written, &self.hba),
            listen_addresses: Some(self.listen_addresses),
            session: self.session,
            refused: Vec::new(),
            errors: Vec::new(),
            other_words: None,
            not_there: Vec::new(),
            behind: Vec::new(),
            container: None,
            waits: PgWaits::default(),
            role: role.map(|name| PgRole {
                name,
                near: self.near_role,
                heir: self.heir,
                found: self.role.map(ToldRole::found),
            }),
            database: database.map(|name| PgDatabase {
                name,
                near: self.near_database,
                own: if self.database.is_none() {
                    self.own_databases.into_iter().filter(|it| is_plain(it)).collect()
                } else {
                    Vec::new()
                },
                found: self.database.map(|it| PgDatabaseFound {
                    open: it.open,
                    may_connect: it.may_connect,
                    may_create: inside.and_then(|it| it.may_create),
                    closed_tables: inside.and_then(|it| it.closed_tables),
                    lacking: inside.map(|it| it.lacking.clone()).unwrap_or_default(),
                    lacking_sequences: inside.map(|it| it.lacking_sequences.clone()).unwrap_or_default(),
                }),
            }),
        }
    }
}

impl ToldRole {
    fn found(self) -> PgRoleFound {
        PgRoleFound {
            can_log_in: self.can_log_in,
            superuser: self.superuser,
            expired: self.expired,
            password: match self.password.as_str() {
                "none" => PgPassword::None,
                "md5" => PgPassword::Md5,
                "scram" => PgPassword::Scram,
                _ => PgPassword::Other,
            },
            limit: self.limit,
            groups: self.groups,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_come_into_a_query() {
        assert!(is_plain("clippy_front") && is_plain("a-b.c"));
        for name in ["", "-", "a'b", "a\\b", "host=x", "a b", "\"a\"", "a;b"] {
            assert!(!is_plain(name), "{name}");
        }
    }
}
