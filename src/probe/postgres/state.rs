//! Asks the running PostgreSQL about itself, as its own administrator over the local socket (`peer`): read-only, and no
//! password needed. Only root may do that.

use std::path::Path;

use futures_util::future::try_join;
use serde::Deserialize;

use super::administrator::Administrator;
use super::{conf, hba, logs};
use crate::fact::postgres::hba::PgHba;
use crate::fact::postgres::session::SessionSetting;
use crate::fact::postgres::state::{PgDatabase, PgDatabaseFound, PgPassword, PgRole, PgRoleFound, PgSetting, PgState};
use crate::fact::postgres::waits::PgWaits;
use crate::fact::{Fact, Service, Unseen};
use crate::probe::containers::{self, Contained};
use crate::probe::host::Files;
use crate::probe::{ProbeContext, ProbeResult, host};
use crate::read::pg_hba::rules::{self, Row};
use crate::snapshot::Rights;

/// `{role}` and `{database}` are SQL literals.
const SERVER: &str = include_str!("state_server.sql");

/// The same inside the app's database: what only shows there.
const INSIDE: &str = include_str!("state_inside.sql");

/// Who waits there.
const WAITS: &str = include_str!("waits.sql");

/// Asks the cluster on the deployment's port.
pub(in crate::probe) async fn state(context: &ProbeContext) -> ProbeResult {
    let observation = ask(context).await;
    ProbeResult::new("PostgreSQL's local socket, as its administrator", observation.map(Fact::PgState))
}

/// Asks the one in a container that has the deployment's port.
pub(in crate::probe) async fn state_inside(context: &ProbeContext) -> ProbeResult {
    let contained = match containers::of_service(Service::Postgres, context).await {
        Ok(contained) => contained,
        Err(why) => return ProbeResult::new("docker inspect", Err(why)),
    };
    let name = contained.found.container.name.clone();
    let source = format!("PostgreSQL's local socket in the container {name}, as its administrator");
    ProbeResult::new(source, ask_inside(contained, context).await.map(|state| Fact::PgState(state.inside(&name))))
}

async fn ask_inside(contained: Contained, context: &ProbeContext) -> Result<PgState, Unseen> {
    let administrator = Administrator::inside(&contained)?;
    let name = contained.found.container.name;
    let mut state = conversation(&administrator, contained.files, context).await?;
    let client = context.addresses()?.client.value.to_string();
    (state.refused, state.errors) = logs::refused_inside(&name, names(&state), &client).await;
    Ok(state)
}

/// The version of one in a container, and the rules that it was told to read.
pub(super) async fn files_inside(contained: &Contained) -> Result<(u32, String), Unseen> {
    let administrator = Administrator::inside(contained)?;
    let told = administrator.session("postgres", async |session| read::<Named>(&session.ask(FILES).await?)).await?;
    Ok((told.version, told.hba_file))
}

async fn ask(context: &ProbeContext) -> Result<PgState, Unseen> {
    if host::rights() != Rights::Root {
        return Err(Unseen::NeedsRights("run as root to query PostgreSQL as its administrator".to_owned()));
    }
    let chosen = conf::chosen(context).1;
    let port = match &chosen {
        Ok(conf) => conf.port.as_ref().map_or_else(|| "5432".to_owned(), |port| port.value.clone()),
        // Of a file that never ends, no server is asked to read it (`pg_file_settings`).
        Err(why @ Unseen::Unreadable(_)) => return Err(why.clone()),
        Err(_) => context.addresses()?.postgres_port.value.to_string(),
    };
    let mut state = conversation(&Administrator::find(&port)?, Files::default(), context).await?;
    if let Ok(conf) = &chosen {
        let client = context.addresses()?.client.value.to_string();
        (state.refused, state.errors) = logs::refused(conf, names(&state), &client);
    }
    Ok(state)
}

/// The role and the database that were asked about.
fn names(state: &PgState) -> [Option<&str>; 2] {
    [state.role.as_ref().map(|it| it.name.as_str()), state.database.as_ref().map(|it| it.name.as_str())]
}

/// Asks for all that is known of the server but its log. `files` are those that it reads.
async fn conversation(administrator: &Administrator, files: Files, context: &ProbeContext) -> Result<PgState, Unseen> {
    let url = context.keyring.postgres.as_ref().map(|login| &login.url);
    let role = url.and_then(|url| url.role.clone()).filter(|name| is_plain(name));
    let database = url.and_then(|url| url.database.clone()).filter(|name| is_plain(name));
    let fill = |sql: &str| {
        sql.replace("{role}", &literal(role.as_deref())).replace("{database}", &literal(database.as_deref()))
    };
    let server = administrator.session("postgres", async |session| {
        let named: Named = read(&session.ask(FILES).await?)?;
        // Nor of this one (`pg_hba_file_rules`): the server's own process would go on for good, whatever our time limit.
        let written = hba::read(files, &named.hba_file, named.version / 10_000)?;
        let told: Told = read(&session.ask(&fill(SERVER)).await?)?;
        Ok((told, written))
    });
    // Beside it: a session takes PostgreSQL longer to open than to answer. A database that is not there, or lets nobody in, says
    // nothing of itself.
    let inside = async {
        let Some(name) = &database else { return Ok([None, None, None]) };
        let session = administrator.session(name, async |session| {
            Ok([session.ask(&fill(INSIDE)).await.ok(), session.ask(WAITS).await.ok(), session.ask(BEHIND).await.ok()])
        });
        Ok(session.await.unwrap_or_default())
    };
    let ((told, written), [inside, waits, behind]) = try_join(server, inside).await?;
    let inside = inside.and_then(|said| read::<Inside>(&said).ok());
    let mut state = told.state(role, database, inside.as_ref(), &written);
    state.behind = behind.and_then(|said| read(&said).ok()).unwrap_or_default();
    state.waits = waits.and_then(|said| read(&said).ok()).unwrap_or_default();
    Ok(state)
}

fn read<T: for<'a> Deserialize<'a>>(said: &str) -> Result<T, Unseen> {
    serde_json::from_str(said).map_err(|_| Unseen::Unreadable("PostgreSQL's answer".to_owned()))
}

/// No quotation mark and no backslash.
fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && name.len() < 64
        && !name.starts_with('-')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c))
}

/// As SQL. Only plain names come here.
fn literal(name: Option<&str>) -> String {
    name.map_or_else(|| "null::name".to_owned(), |name| format!("'{name}'::name"))
}

/// Which files it was told to read.
const FILES: &str = "select pg_catalog.json_build_object('version', current_setting('server_version_num')::int, \
    'hba_file', current_setting('hba_file'))::text";

#[derive(Deserialize)]
struct Named {
    version: u32,
    hba_file: String,
}

/// What the first query gives.
#[derive(Deserialize)]
struct Told {
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
struct Inside {
    may_create: Option<bool>,
    closed_tables: Option<u32>,
    lacking: Vec<String>,
    lacking_sequences: Vec<String>,
}

/// Sequences whose next number is taken already.
const BEHIND: &str = include_str!("sequences.sql");

impl Told {
    fn state(
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
            behind: Vec::new(),
            container: None,
            waits: PgWaits::default(),
            role: role.map(|name| PgRole { name, found: self.role.map(ToldRole::found) }),
            database: database.map(|name| PgDatabase {
                name,
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
