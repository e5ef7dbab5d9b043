//! Asks the running PostgreSQL about itself, as its own administrator over the local socket (`peer`): read-only, and no
//! password needed. Only root may do that.

use futures_util::future::try_join;
use serde::Deserialize;

use super::administrator::Administrator;
use super::told::{Inside, Told};
use super::{conf, hba, logs, not_there};
use crate::fact::postgres::state::PgState;
use crate::fact::{Fact, Service, Unseen};
use crate::probe::containers::{self, Contained};
use crate::probe::host::Files;
use crate::probe::{ProbeContext, ProbeResult, host};
use crate::snapshot::Rights;

/// `{role}` and `{database}` are SQL literals.
const SERVER: &str = include_str!("state_server.sql");

/// The same inside the app's database: what only shows there.
const INSIDE: &str = include_str!("state_inside.sql");

/// Sequences whose next number is taken already.
const BEHIND: &str = include_str!("sequences.sql");

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
    let found = logs::refused_inside(&name, names(&state), &client).await;
    state = logged(state, found);
    state.not_there = not_there::still(&administrator, &state).await;
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
    let administrator = Administrator::find(&port)?;
    let mut state = conversation(&administrator, Files::default(), context).await?;
    if let Ok(conf) = &chosen {
        let client = context.addresses()?.client.value.to_string();
        let found = logs::refused(conf, names(&state), &client);
        state = logged(state, found);
        state.not_there = not_there::still(&administrator, &state).await;
    }
    Ok(state)
}

fn logged(state: PgState, found: logs::Logged) -> PgState {
    PgState { refused: found.refused, errors: found.errors, other_words: found.other_words, ..state }
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

pub(super) fn read<T: for<'a> Deserialize<'a>>(said: &str) -> Result<T, Unseen> {
    serde_json::from_str(said).map_err(|_| Unseen::Unreadable("PostgreSQL's answer".to_owned()))
}

/// No quotation mark and no backslash.
pub(super) fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && name.len() < 64
        && !name.starts_with('-')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c))
}

/// As SQL. Only plain names come here.
pub(super) fn literal(name: Option<&str>) -> String {
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
