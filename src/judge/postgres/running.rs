//! What the running PostgreSQL has for the worker: role, database, room, and settings that wait.

use super::hba;
use super::session;
use crate::case::Seat;
use crate::case::owner::Owner;
use crate::check::cause::{PostgresAfterBoot, PostgresAsWritten, PostgresRoleReady, PostgresRoom};
use crate::check::{Finding, Judged, broken, holds, not_applicable};
use crate::fact::postgres::state::{PgPassword, PgSetting};
use crate::fact::{Service, UnitTarget, Unseen};
use crate::judge::boot::{self, Start};
use crate::judge::contained;

/// Of the connections, so many in a hundred may be taken.
const FULL: u32 = 90;

/// The role can log in to the database, and do its work there.
pub(crate) fn postgres_role_ready(seat: &Seat<'_>) -> Judged<PostgresRoleReady> {
    let state = seat.pg_state()?;
    let unknown =
        || Unseen::NotKnown("no DATABASE_URL with a role, its password and a database was found here".to_owned());
    let role = state.role.as_ref().ok_or_else(unknown)?;
    let database = state.database.as_ref().ok_or_else(unknown)?;
    let method = hba::method(seat).unwrap_or_default();
    let finding = match (&role.found, &database.found) {
        (None, _) if let Some(near) = &role.near => other_case("role", &role.name, near),
        (None, _) if let Some(heir) = &role.heir => broken(PostgresRoleReady::Renamed).with("heir", heir),
        (None, _) if let Some(finding) = other_cluster(seat, &format!("role {}", role.name)) => finding,
        (None, _) => broken(PostgresRoleReady::NoRole),
        (Some(role), _) if !role.can_log_in => broken(PostgresRoleReady::CannotLogIn),
        (Some(role), _) if role.expired => broken(PostgresRoleReady::Expired),
        (Some(role), _) if role.password == PgPassword::None && method != "trust" => {
            broken(PostgresRoleReady::NoPassword)
        }
        (Some(role), _) if role.password == PgPassword::Md5 && method == "scram-sha-256" => {
            broken(PostgresRoleReady::Md5Hash)
        }
        (Some(_), None) if let Some(near) = &database.near => other_case("database", &database.name, near),
        (Some(_), None) if let [own] = database.own.as_slice() => broken(PostgresRoleReady::OtherName).with("own", own),
        (Some(_), None) if let Some(finding) = other_cluster(seat, &format!("database {}", database.name)) => finding,
        (Some(_), None) => broken(PostgresRoleReady::NoDatabase),
        (Some(_), Some(database)) if !database.open => broken(PostgresRoleReady::Closed),
        (Some(_), Some(database)) if database.may_connect == Some(false) => broken(PostgresRoleReady::NoConnect),
        (Some(_), Some(database)) if database.closed_tables.is_some_and(|count| count > 0) && !was_told(seat) => {
            broken(PostgresRoleReady::ClosedTables).with("count", database.closed_tables.unwrap_or(0))
        }
        (Some(_), Some(_)) if let Some(finding) = session::read_only(state, &role.name, &database.name) => finding,
        (Some(_), Some(_)) if let Some(behind) = state.behind.first() => {
            let finding = broken(PostgresRoleReady::SequenceBehind).with("sequence", &behind.sequence);
            let finding = finding.with("table", &behind.table).with("column", &behind.column);
            finding.with("next", behind.next).with("highest", behind.highest).with("count", state.behind.len())
        }
        (Some(_), Some(_)) if let Some(finding) = session::limited(state, &role.name, &database.name) => finding,
        (Some(_), Some(database)) if database.may_create == Some(false) => broken(PostgresRoleReady::NoCreate),
        (Some(_), Some(_)) => return Ok(holds()),
    };
    Ok(finding.with("role", &role.name).with("database", &database.name).into())
}

/// PostgreSQL folds a name that is made without quotation marks; a URL's stays as it is.
fn other_case(kind: &str, name: &str, near: &str) -> Finding<PostgresRoleReady> {
    broken(PostgresRoleReady::OtherCase).with("kind", kind).with("name", name).with("near", near)
}

/// Before anything is made anew: the data may be in another cluster.
fn other_cluster(seat: &Seat<'_>, what: &str) -> Option<Finding<PostgresRoleReady>> {
    let conf = seat.pg_conf().ok().filter(|conf| !conf.others.is_empty())?;
    let port = conf.others.first().and_then(|it| it.rsplit(' ').next()).unwrap_or_default();
    let finding = broken(PostgresRoleReady::OtherCluster).with("what", what).with("cluster", &conf.cluster);
    Some(finding.with("others", conf.others.join(", ")).with("other_port", port))
}

/// The app's own log-in told what it finds and may do: that is surer, and what else is closed to it is another's.
fn was_told(seat: &Seat<'_>) -> bool {
    let tables = seat.postgres().ok().and_then(|outcome| outcome.tables.as_ref());
    tables.is_some_and(|tables| tables.visible > 0)
}

/// There are connections left.
pub(crate) fn postgres_room(seat: &Seat<'_>) -> Judged<PostgresRoom> {
    if let Some(disk) = seat.pg_conf().ok().and_then(|conf| conf.disk.as_ref()) {
        let finding = broken(PostgresRoom::DiskShut).with("folder", &disk.path);
        return Ok(finding.with("why", disk.words()).into());
    }
    if !seat.runs(Service::Postgres) {
        return Ok(not_applicable("nothing listens on the port of PostgreSQL"));
    }
    let state = seat.pg_state()?;
    if state.used * 100 < state.room * FULL {
        return Ok(holds());
    }
    Ok(broken(PostgresRoom::NearlyFull).with("used", state.used).with("room", state.room).into())
}

/// The running server has every setting that its files have.
pub(crate) fn postgres_as_written(seat: &Seat<'_>) -> Judged<PostgresAsWritten> {
    let state = seat.pg_state()?;
    if let Some(setting) = state.bad_lines.first() {
        return Ok(named(broken(PostgresAsWritten::BadLine), setting).into());
    }
    if let Some(setting) = state.missing.first() {
        return Ok(named(broken(PostgresAsWritten::MissingFile), setting).into());
    }
    Ok(match state.pending.first() {
        None => holds(),
        Some(setting) => named(broken(PostgresAsWritten::PendingRestart), setting).into(),
    })
}

fn named(finding: Finding<PostgresAsWritten>, setting: &PgSetting) -> Finding<PostgresAsWritten> {
    let finding = finding.with("name", setting.name.as_deref().unwrap_or("a line"));
    match (&setting.path, setting.line) {
        (Some(path), Some(line)) => finding.at(path, line),
        _ => finding.with("place", "its files").with("file", "its files").with("line", 0),
    }
}

/// After the next boot it runs, and listens where it does now.
pub(crate) fn postgres_after_boot(seat: &Seat<'_>) -> Judged<PostgresAfterBoot> {
    if let Owner::Container(container) = seat.owner(Service::Postgres)
        && container.runs()
    {
        return contained::after_boot(seat, Service::Postgres, container).map(|verdict| verdict.map(Into::into));
    }
    let cluster = seat.postgres_unit()?;
    let shell = seat.unit(UnitTarget::Named("postgresql.service".to_owned()))?;
    if !cluster.known {
        return Ok(not_applicable("PostgreSQL is not a systemd unit here"));
    }
    // It runs in a container, or was started by hand: that unit's start says nothing of it.
    if cluster.active != "active" {
        return Ok(not_applicable("the running PostgreSQL was not started by its unit"));
    }
    if let Some(refused) = boot::refused(&cluster.name, &cluster.at_boot) {
        return Ok(refused.map(Into::into).into());
    }
    boot::told(&cluster.name, &cluster.at_boot)?;
    boot::told(&shell.name, &shell.at_boot)?;
    // Debian's own link has postgresql.service start it; who enabled it by itself, or has it started otherwise, needs none of that.
    let by_shell = shell.known
        && cluster.name.starts_with("postgresql@")
        && cluster.enabled != "enabled"
        && cluster.at_boot.started_by.is_empty();
    if !boot::starts(cluster) || (by_shell && !boot::starts(shell)) {
        if let Some((path, line)) = super::down::by_hand(seat, cluster) {
            return Ok(broken(PostgresAfterBoot::ByHand).with("unit", &cluster.name).at(path, line).into());
        }
        let unit = if boot::starts(cluster) { &shell.name } else { &cluster.name };
        return Ok(broken(PostgresAfterBoot::NotEnabled).with("unit", unit).with("why", boot::why_not(cluster)).into());
    }
    if seat.pg_state().is_ok_and(|state| !state.bad_lines.is_empty() || !state.missing.is_empty()) {
        return Ok(not_applicable("with its files as they are it does not start; postgres-as-written names the line"));
    }
    let conf = seat.pg_conf()?;
    let server = seat.meets(Service::Postgres).0.to_string();
    let explicit = conf.addresses().contains(&server.as_str());
    if !explicit {
        return Ok(holds());
    }
    match boot::start(seat, cluster)? {
        Start::AfterTunnel => Ok(holds()),
        Start::Open(why) => Ok(not_applicable(why)),
        Start::BeforeTunnel => {
            let finding = broken(PostgresAfterBoot::BeforeTunnel).with("unit", boot::template(&cluster.name));
            Ok(match &conf.listen_addresses {
                Some(it) => finding.at(&it.path, it.line),
                None => finding.with("place", &conf.path),
            }
            .into())
        }
    }
}
