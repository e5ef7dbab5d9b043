//! PostgreSQL: where it listens, what it says, who else can reach it.

use std::net::IpAddr;

use super::certificate;
use crate::case::Seat;
use crate::case::owner::Owner;
use crate::check::cause::{PostgresAnswers, PostgresListens, PostgresNotExposed, PostgresPasswordStrong, cause_of};
use crate::check::{Finding, Judged, broken, holds, not_applicable};
use crate::fact::dial::Dial;
use crate::fact::environment::{Effective, EnvUrl, Environment, Setting};
use crate::fact::postgres::{PgOutcome, PgSaid};
use crate::fact::service::FailReason;
use crate::fact::{Service, Unseen, Vantage};

mod down;
mod hba;
mod password;
mod program;
mod running;
mod same;
mod session;
mod tables;
mod waits;

pub(crate) use hba::{postgres_hba_admits_worker, postgres_hba_parses};
pub(crate) use running::{postgres_after_boot, postgres_as_written, postgres_role_ready, postgres_room};
pub(crate) use same::postgres_same;
pub(crate) use tables::postgres_tables;
pub(crate) use waits::{postgres_statements, postgres_waits};

/// A socket waits for connections to the tunnel's address. `SHOW listen_addresses` would lie: it names
/// addresses whose bind failed.
pub(crate) fn postgres_listens(seat: &Seat<'_>) -> Judged<PostgresListens> {
    let (server, port) = seat.meets(Service::Postgres);
    let listeners = seat.listeners()?;
    if let Owner::Container(container) = seat.owner(Service::Postgres) {
        return super::contained::listens(seat, Service::Postgres, container).map(|verdict| verdict.map(Into::into));
    }
    if listeners.answers(server, port) {
        let answers = seat.pg_state().is_ok();
        let Ok(unit) = seat.postgres_unit() else { return Ok(holds()) };
        return super::ready::ready(seat, unit, answers, "").map(|verdict| verdict.map(Into::into));
    }
    let found: Vec<String> = listeners.on(port).map(|listener| listener.address.ip().to_string()).collect();
    let unit = seat.postgres_unit().ok();
    if found.is_empty() {
        // The cluster whose file was read is on another port, and runs there.
        let written = seat.pg_conf().ok().and_then(|conf| conf.port.as_ref());
        if let Some((written, runs_on)) = written.and_then(|it| Some((it, listeners.runs_on(&it.value, "postgres")?))) {
            let finding = broken(PostgresListens::OtherPort).with("found", runs_on).with("file", &written.path);
            return Ok(finding.at(&written.path, written.line).into());
        }
        let conf = seat.pg_conf().ok().and_then(|conf| conf.listen_addresses.as_ref());
        let list = FailReason::BadValue("listen_addresses".to_owned());
        // It may have been mended since: then what is written is a list.
        let blank = |value: &str| value.split(',').any(|item| item.trim().contains(char::is_whitespace));
        return Ok(match conf.filter(|it| blank(&it.value) && unit.is_some_and(|unit| unit.reason == Some(list))) {
            Some(conf) => broken(PostgresListens::ListSyntax).with("value", &conf.value).at(&conf.path, conf.line),
            None => {
                if let Some(unit) = down::masked(seat) {
                    broken(PostgresListens::Masked).with("unit", &unit.name)
                } else if let Some(off) = conf.filter(|it| it.value.trim().is_empty()) {
                    broken(PostgresListens::NotOnTunnel).with("found", "its Unix socket").at(&off.path, off.line)
                } else {
                    let conf = seat.pg_conf().map_or_else(|_| String::new(), |conf| conf.path.clone());
                    down::not_running(seat, unit).with("conf_file", conf)
                }
            }
        }
        .into());
    }
    let found = found.join(", ");
    let Ok(conf) = seat.pg_conf() else {
        return Ok(broken(PostgresListens::NotOnTunnel)
            .with("found", found)
            .with("place", "postgresql.conf")
            .with("file", "")
            .with("line", "")
            .into());
    };
    let takes = |word: &str| word == "*" || word == "0.0.0.0" || word == server.to_string();
    let named = conf.addresses().into_iter().any(takes);
    let (path, line) = conf.listen_addresses.as_ref().map_or((conf.path.as_str(), 0), |it| (it.path.as_str(), it.line));
    if !named {
        return Ok(match line {
            0 => {
                broken(PostgresListens::NotOnTunnel).with("place", "postgresql.conf").with("file", "").with("line", "")
            }
            _ => broken(PostgresListens::NotOnTunnel).at(path, line),
        }
        .with("found", found)
        .into());
    }
    // What it was started with it knows best; without its word, the file's time must do.
    let in_force = seat.pg_state().ok().and_then(|state| state.listen_addresses.as_deref());
    if let Some(in_force) = in_force {
        let known = in_force.split(',').map(str::trim).any(takes);
        let cause = if known { PostgresListens::BoundTooEarly } else { PostgresListens::NotRestarted };
        return Ok(broken(cause).with("found", found).at(path, line).into());
    }
    let since = unit.and_then(|unit| unit.since).ok_or_else(|| {
        Unseen::Undecided(format!(
            "{path} has {server}, but no socket uses it; the start time of PostgreSQL is not known"
        ))
    })?;
    let cause = if conf.changed_at > since { PostgresListens::NotRestarted } else { PostgresListens::BoundTooEarly };
    Ok(broken(cause).with("found", found).at(path, line).into())
}

/// `SELECT 1` answers.
pub(crate) fn postgres_answers(seat: &Seat<'_>) -> Judged<PostgresAnswers> {
    let outcome = seat.postgres()?;
    if seat.vantage() != Vantage::Server && !matches!(outcome.said, PgSaid::One | PgSaid::Unreached(_)) {
        super::worker::leads_nowhere(seat, seat.env().ok().and_then(|env| env.database().into_url()))?;
        if super::worker::connects(seat, Environment::database) {
            return Ok(holds());
        }
    }
    let socket = |url: &EnvUrl| url.host.is_empty() && !url.service;
    if seat.vantage() == Vantage::Server
        && !matches!(outcome.said, PgSaid::One | PgSaid::Unreached(_))
        && seat.env().ok().and_then(|env| env.database().into_url()).is_some_and(socket)
    {
        return Err(Unseen::NotKnown(
            "the web app's DATABASE_URL names no host, and so goes over PostgreSQL's Unix socket, which was not tried; what was refused there is in \
             PostgreSQL's log"
                .to_owned(),
        ));
    }
    if outcome.said == PgSaid::NoPassword && seat.vantage() == Vantage::Client && super::worker::native(seat).is_none()
    {
        return Err(Unseen::Undecided(
            "DATABASE_URL has no password, and the worker in its container may have one from a password file (.pgpass); run clipcheck inside \
             the container"
                .to_owned(),
        ));
    }
    let finding = cause_of!(&outcome.said => {
        PgSaid::One if outcome.read_only == Some(true) => broken(PostgresAnswers::ReadOnly),
        PgSaid::One => return Ok(certificate::of_postgres(seat, outcome).map_or_else(holds, Into::into)),
        PgSaid::Speaks => {
            return Err(Unseen::NotKnown(
                "PostgreSQL answers, and no URL that can be dialled to log in with was found here".to_owned(),
            ));
        }
        PgSaid::StartingUp => down::recovering(seat, outcome)?,
        PgSaid::Unreached(_) if seat.tcp(Service::Postgres).is_ok_and(|tcp| tcp.how == Dial::Open) => {
            return Err(Unseen::Undecided("one connection was accepted and the next was not; run clipcheck again".to_owned()));
        }
        PgSaid::Unreached(_) => return Ok(not_applicable("no connection could be made")),
        // The server's own address needs no line where the worker's has one, and whom a name stands for is not known here.
        PgSaid::NoHbaEntry if seat.vantage() == Vantage::Server && hba::has_names(seat) => {
            return Err(Unseen::Undecided(
                "no line of pg_hba.conf matches the server's own log-in, which says nothing about the worker's".to_owned(),
            ));
        }
        PgSaid::Silent | PgSaid::Closed | PgSaid::Unfinished | PgSaid::NotPostgres
            if seat.vantage() == Vantage::Container && seat.goes_beside(Service::Postgres).is_some() =>
        {
            broken(PostgresAnswers::Relay).with("how", outcome.said.label())
        }
        PgSaid::Silent if let Some(pid) = super::ports::stopped(seat, outcome.endpoint.port) => {
            broken(PostgresAnswers::Halted).with("pid", pid)
        }
        PgSaid::NoRootCertificate(root) => broken(PostgresAnswers::NoRootCertificate).with("root", root),
        PgSaid::TooManyClients if let Some(kind) = limited(outcome) => broken(PostgresAnswers::ConnectionLimit).with("kind", kind),
        PgSaid::Refused(state) => {
            let words = outcome.refusal.as_ref().map_or_else(String::new, |text| format!(": `{text}`"));
            let of_server = seat.at(Vantage::Server).ok().and_then(|server| server.pg_state().ok());
            let named = of_server.zip(outcome.refusal.as_ref()).and_then(|(state, words)| {
                let (role, database) = (outcome.role.as_deref()?, database(seat, outcome));
                session::who_names(state, role, database, words)
            });
            let (named, reset) = named.unwrap_or_default();
            broken(PostgresAnswers::Refused).with("state", state).with("words", words).with("named", named).with("reset", reset)
        },    } PgSaid as PostgresAnswers: NoHbaEntry, HbaRejects, WrongPassword, NoPassword, CannotLogIn, NoSuchRole, NoSuchDatabase,
        NoSsl, TooManyClients, NotPermitted, NotPostgres, Unfinished, Silent, Closed, OtherMethod, WantsCertificate);
    // What the server's own log says of the refusal stands beside it.
    if matches!(outcome.said, PgSaid::WrongPassword | PgSaid::NoHbaEntry | PgSaid::HbaRejects | PgSaid::CannotLogIn) {
        let _ = seat.at(Vantage::Server).map(|server| server.pg_state());
    }
    let otherwise = || in_container(seat, outcome).or_else(|| program::in_its_place(seat, outcome));
    if let Some(finding) = password::right_elsewhere(seat, outcome).or_else(otherwise) {
        return Ok(finding.into());
    }
    // Where the web app's URL names another database, that one is meant, and none is to be made.
    let web = if seat.vantage() == Vantage::Server { None } else { seat.at(Vantage::Server).ok() };
    let web = web.and_then(|server| web_database(server.env().ok()?));
    let missing = database(seat, outcome);
    let create = if web.as_deref().is_some_and(|web| web != missing) { "" } else { missing };
    let seen_as = outcome.seen_as.map_or_else(|| seat.addresses().client.value.to_string(), |ip| ip.to_string());
    let limit = limited(outcome);
    let own = |kind: &str, name: &str| if limit == Some(kind) { name.to_owned() } else { String::new() };
    Ok(finding
        .with("limited_database", own("database", missing))
        .with("limited_role", own("role", outcome.role.as_deref().unwrap_or_default()))
        .with("endpoint", &outcome.endpoint)
        .with("seen_as", seen_as)
        .with("role", outcome.role.as_deref().unwrap_or("<role>"))
        .with("database", missing)
        .with("create", create)
        .into())
}

/// Whose own limit is reached, in PostgreSQL's words (`too many connections for database "x"`); none where it is that of all.
fn limited(outcome: &PgOutcome) -> Option<&'static str> {
    let words = outcome.refusal.as_deref()?;
    ["database", "role"].into_iter().find(|kind| words.contains(&format!("too many connections for {kind} ")))
}

/// What is typed where PostgreSQL runs in a container: its files and its administrator are in there.
fn in_container(seat: &Seat<'_>, outcome: &PgOutcome) -> Option<Finding<PostgresAnswers>> {
    let Owner::Container(container) = seat.at(Vantage::Server).ok()?.owner(Service::Postgres) else { return None };
    let cause = if outcome.said == PgSaid::WrongPassword {
        PostgresAnswers::ContainerPassword
    } else if outcome.said == PgSaid::NoHbaEntry {
        PostgresAnswers::ContainerHba
    } else {
        return None;
    };
    let finding = broken(cause).with("container", &container.name).with("endpoint", &outcome.endpoint);
    let finding = finding.with("superuser", container.superuser.as_deref().unwrap_or("postgres"));
    let prefix = |ip: IpAddr| if ip.is_ipv4() { 32 } else { 128 };
    let seen_as = outcome.seen_as.map_or_else(String::new, |ip| format!("{ip}/{}", prefix(ip)));
    Some(
        finding
            .with("seen_as", seen_as)
            .with("role", outcome.role.as_deref().unwrap_or("<role>"))
            .with("database", outcome.database.as_deref().or(outcome.role.as_deref()).unwrap_or("<database>")),
    )
}

/// The database that was asked for; without a name in the URL, the one that the app has.
fn database<'a>(seat: &Seat<'a>, outcome: &'a PgOutcome) -> &'a str {
    let named = seat
        .addresses()
        .app
        .as_ref()
        .map_or("clippy_front", |app| app.database_name.as_deref().unwrap_or("<database>"));
    outcome.database.as_deref().unwrap_or(named)
}

fn web_database(env: &Environment) -> Option<String> {
    let Effective::Set { setting: Setting::Url(url), .. } = env.database() else { return None };
    url.database.clone()
}

/// Nobody can guess the database's password from the app's code or its guide.
pub(crate) fn postgres_password_strong(seat: &Seat<'_>) -> Judged<PostgresPasswordStrong> {
    let env = seat.env()?;
    let Effective::Set { variable, origin, setting: Setting::Url(url) } = env.database() else {
        return Ok(not_applicable("no URL is set"));
    };
    if !url.is_postgres() {
        return Ok(not_applicable("it is not PostgreSQL"));
    }
    if !url.well_known {
        return Ok(holds());
    }
    let finding = broken(PostgresPasswordStrong::WellKnown)
        .with("variable", variable)
        .with("role", url.role.as_deref().unwrap_or("<role>"));
    Ok(match origin.place() {
        Some((path, line)) => finding.at(path, line),
        None => finding.with("place", origin),
    }
    .into())
}

/// It cannot be reached around the tunnel.
pub(crate) fn postgres_not_exposed(seat: &Seat<'_>) -> Judged<PostgresNotExposed> {
    super::exposed(seat, Service::Postgres).map(|verdict| verdict.map(Into::into))
}
