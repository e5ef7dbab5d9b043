//! Asks systemd about a unit, and looks at files' owners and modes.

#[cfg(windows)]
use super::windows;
use super::{PROGRAM, ProbeContext, ProbeResult, host, redis, starters};
use crate::fact::order::InOrder;
use crate::fact::service::{FailReason, FileState, UnitState};
use crate::fact::touch::{Touch, only, reads, reads_in, runs};
use crate::fact::{Fact, FactKey, UnitTarget, Unseen};
use crate::read::journal::step::{self, Hook};
use crate::read::journal::{self, condition};
use crate::read::{postgresql_conf, unit_file};

#[cfg(target_os = "linux")]
mod bus;
#[cfg(not(target_os = "linux"))]
#[path = "service/bus_elsewhere.rs"]
mod bus;
#[cfg(target_os = "linux")]
mod bus_call;
#[cfg(target_os = "linux")]
mod holder;
#[cfg(not(target_os = "linux"))]
#[path = "service/holder_elsewhere.rs"]
mod holder;
mod said;
mod units;
mod unloaded;

pub(super) use bus::{show, touches as show_touches};
pub(super) use said::short;
pub use units::Units;
pub(super) use units::{at_boot, runs_at_boot};
use unloaded::file_gone;
pub(super) use unloaded::{touches as unloaded_touches, unloaded};

const REDIS_LOG: &str = "/var/log/redis/redis-server.log";

#[cfg(not(windows))]
pub(super) async fn unit(target: &UnitTarget, context: &ProbeContext) -> ProbeResult {
    ProbeResult::new("systemctl show", look(target, context).await.map(Fact::Unit))
}

/// The tunnel is all of the deployment that is a service of Windows.
#[cfg(windows)]
#[expect(clippy::unused_async, reason = "it is async with systemd")]
pub(super) async fn unit(target: &UnitTarget, context: &ProbeContext) -> ProbeResult {
    let seen = match target {
        UnitTarget::WireGuard => windows::unit(context),
        UnitTarget::Redis | UnitTarget::Postgres | UnitTarget::Named(_) => {
            Err(Unseen::NoTool("there is no systemd on Windows".to_owned()))
        }
    };
    ProbeResult::new("the service control manager", seen.map(Fact::Unit))
}

/// A unit that systemd knows.
pub(super) async fn state_of(target: &UnitTarget, context: &ProbeContext) -> Option<UnitState> {
    look(target, context).await.ok().filter(|unit| unit.known)
}

async fn look(target: &UnitTarget, context: &ProbeContext) -> Result<UnitState, Unseen> {
    // As sd_booted(3) does it: without this folder systemctl would only print an error.
    if host::stat("/run/systemd/system")?.is_none() {
        return Err(Unseen::NoTool("systemd is not running here".to_owned()));
    }
    let shown = context.units.shown(target, context).await?;
    let chosen = [
        shown.iter().find(|shown| shown.unit.known && shown.unit.active == "active"),
        shown.iter().find(|shown| shown.unit.known),
        shown.first(),
    ];
    let Some(shown) = chosen.into_iter().flatten().next().cloned() else {
        return Err(Unseen::NoTool("`systemctl show` did not answer".to_owned()));
    };
    let at_boot = units::at_boot(&shown, context).await;
    let mut unit = UnitState { at_boot, ..shown.unit };
    // What the unit's command starts has a time of its own; where there is only a script, the unit's must do.
    let (started, begun) = (shown.started, shown.started.max(shown.begun));
    if !unit.filter.is_empty() {
        let mut files = texts(&shown.files).into_iter().rev();
        unit.filter.at = files.find_map(|(path, text)| Some((path, unit_file::line_of(&text, "IPAddressDeny")?)));
    }
    if *target == UnitTarget::WireGuard {
        unit.at_boot.file_gone = file_gone(&unit.name);
    }
    if let Some(state) = &shown.unloaded {
        let quote = unloaded(&unit.name, state, &texts(&shown.files)).await;
        if unit.active != "active" {
            unit.said = Some(quote.clone());
        }
        unit.at_boot.unloaded = Some(quote);
        return Ok(unit);
    }
    let failed = unit.active == "failed" || (unit.active != "active" && !shown.succeeded);
    let skipped = unit.active != "active" && shown.skipped;
    if unit.known && (failed || skipped) {
        let journal = journal(&unit.name).await;
        if failed {
            unit.reason = reason(target, &journal, started, context);
        }
        if skipped {
            let unmet = condition::unmet(&journal, &texts(&shown.files));
            unit.reason = unmet.map(|(path, line)| FailReason::Condition(path, line)).or(unit.reason);
        }
        unit.said =
            said::last_words((target, context), &unit.name, &journal, begun, shown.changed, texts(&shown.files));
    }
    #[cfg(target_os = "linux")]
    if *target == UnitTarget::WireGuard && unit.reason == Some(FailReason::AddressInUse) {
        unit.holder = holder::look(context).await;
    }
    Ok(unit)
}

/// The unit's files, as far as they can be read.
fn texts(paths: &[String]) -> Vec<(String, String)> {
    paths.iter().filter_map(|path| Some((path.clone(), host::read_or_unseen(path).ok()?))).collect()
}

/// The end of a unit's journal.
async fn journal(unit: &str) -> String {
    let said = host::run("journalctl", &["-u", unit, "-n", "60", "-o", "cat", "--no-pager", "-q"], PROGRAM).await;
    said.map(|said| said.out).unwrap_or_default()
}

/// Where the condition stands for which systemd did not start a unit.
pub(super) async fn unmet(unit: &str, files: &[(String, String)]) -> Option<(String, u32)> {
    condition::unmet(&journal(unit).await, files)
}

/// What a unit wrote since a time, in seconds since the epoch: its last lines, each with its time.
pub(super) async fn written_since(unit: &str, since: u64) -> Result<String, Unseen> {
    let (of, since) = (format!("_SYSTEMD_UNIT={unit}"), format!("--since=@{since}"));
    let arguments = [of.as_str(), &since, "-n", "300", "-o", "short-unix", "--no-pager", "-q"];
    Ok(host::run("journalctl", &arguments, PROGRAM).await?.out)
}

/// The units a target may stand for; the first one that runs is meant, else the first one that there is.
fn names(target: &UnitTarget, context: &ProbeContext) -> Result<Vec<String>, Unseen> {
    Ok(match target {
        UnitTarget::WireGuard => vec![tunnel(context)?],
        // Debian and Ubuntu; elsewhere, and where Debian's alias is all there is.
        UnitTarget::Redis => match redis::instance(context) {
            Some(unit) => vec![unit],
            None => vec!["redis-server.service".to_owned(), "redis.service".to_owned()],
        },
        UnitTarget::Postgres => clusters(context.addresses()?.postgres_port.value)?,
        UnitTarget::Named(name) => vec![name.clone()],
    })
}

/// The unit of the program that makes the tunnel.
fn tunnel(context: &ProbeContext) -> Result<String, Unseen> {
    let maker = match context.fact(&FactKey::WgConf) {
        Ok(Fact::WgConf(conf)) => conf.made_by.as_ref(),
        Ok(_) | Err(_) => None,
    };
    Ok(match maker {
        Some(maker) => maker.program.unit().to_owned(),
        None => format!("wg-quick@{}.service", context.addresses()?.interface.value),
    })
}

/// Debian's clusters, those on the deployment's port first. Its postgresql.service is an empty shell that is always
/// active, so it comes last.
fn clusters(port: u16) -> Result<Vec<String>, Unseen> {
    let mut found = Vec::new();
    for version in host::list("/etc/postgresql")?.unwrap_or_default() {
        for name in host::list(format!("/etc/postgresql/{version}"))?.unwrap_or_default() {
            let conf = format!("/etc/postgresql/{version}/{name}/postgresql.conf");
            if let Some(text) = host::read_if_there(conf)? {
                found.push((!listens_on(&text, port), format!("postgresql@{version}-{name}.service")));
            }
        }
    }
    found.in_order();
    // Where a cluster is on the port, another one that happens to run is not meant.
    if found.first().is_some_and(|(elsewhere, _)| !elsewhere) {
        found.retain(|(elsewhere, _)| !elsewhere);
    }
    let mut names: Vec<String> = found.into_iter().map(|(_, name)| name).collect();
    if names.is_empty() {
        names.push("postgresql.service".to_owned());
    }
    Ok(names)
}

fn listens_on(conf: &str, port: u16) -> bool {
    let written = postgresql_conf::lines(conf).into_iter().filter(|line| line.name == "port");
    written.filter_map(|line| line.value.parse().ok()).fold(5432, |_, last| last) == port
}

fn reason(target: &UnitTarget, journal: &str, started: Option<u64>, context: &ProbeContext) -> Option<FailReason> {
    let step = if *target == UnitTarget::WireGuard { failed_step(journal, context) } else { None };
    // What a command of the file printed may read like a sentence of wg-quick's own; of its own steps the sentence says more.
    if let Some(FailReason::Hook(..)) = step {
        return step;
    }
    let reason = journal::reason(journal).or(step);
    if reason.is_some() || *target != UnitTarget::Redis {
        return reason;
    }
    // Debian's Redis writes to a file of its own; the journal has only its exit status. Unless the last start wrote
    // to it, the file speaks of another one.
    let changed = host::stat(REDIS_LOG).ok().flatten()?.changed_at;
    if started.is_none_or(|started| changed < started) {
        return None;
    }
    host::end(REDIS_LOG, 20).ok().and_then(|end| journal::reason(&end))
}

/// The step at which wg-quick gave up, where its file can be read.
fn failed_step(journal: &str, context: &ProbeContext) -> Option<FailReason> {
    let Ok(Fact::WgConf(conf)) = context.fact(&FactKey::WgConf) else { return None };
    let host::Text::Read(text) = host::read(&conf.path) else { return None };
    let hooks: Vec<(String, u32)> = conf.hooks.iter().map(|(name, at)| (name.clone(), at.line)).collect();
    step::failed(journal, &Hook::all(&hooks, &text, &context.addresses().ok()?.interface.value))
}

pub(super) fn file(path: &str) -> ProbeResult {
    let found = host::stat(path)
        .map(|stat| FileState { path: path.to_owned(), found: stat.map(|stat| (stat.mode, stat.owner)) });
    ProbeResult::new(path, found.map(Fact::File))
}

/// What looking at a unit does.
pub(super) fn touches(target: &UnitTarget) -> Vec<Touch> {
    let failed = runs(&["journalctl -u {unit} -n 60 -o cat --no-pager -q"]);
    let more = match target {
        UnitTarget::WireGuard => [reads_in(&["/etc/wireguard"], &["*.conf"]), holder::touches()].concat(),
        UnitTarget::Redis => reads(&[REDIS_LOG]),
        UnitTarget::Postgres => reads(&["{log}"]),
        UnitTarget::Named(_) => Vec::new(),
    };
    let clusters = match target {
        UnitTarget::Postgres => reads_in(&["/etc/postgresql"], &["*", "*/*/postgresql.conf"]),
        UnitTarget::Redis => redis::conf_touches(),
        UnitTarget::WireGuard | UnitTarget::Named(_) => Vec::new(),
    };
    [
        reads(&["/run/systemd/system"]),
        clusters,
        show_touches("{properties}", "{units}"),
        only("where the unit failed", [failed, more].concat()),
        only("where systemd refuses the unit's files", unloaded_touches()),
        only("where nothing that is enabled starts the unit", starters::touches()),
        only(
            "where the unit's own files may tell why",
            reads(&["/etc/systemd/system/**", "/lib/systemd/system/**", "/usr/lib/systemd/system/**"]),
        ),
    ]
    .concat()
}

/// What looking at a file's rights does.
pub(super) fn file_touches(path: &str) -> Vec<Touch> {
    reads(&[path])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clusters_port_is_its_last_line_or_the_default() {
        assert!(listens_on("port = 5433   # (change requires restart)\n", 5433));
        assert!(listens_on("#port = 5433\n", 5432));
        assert!(listens_on("port 5433\nport='5434'\n", 5434));
        assert!(!listens_on("port = 5433\n", 5432));
    }
}
