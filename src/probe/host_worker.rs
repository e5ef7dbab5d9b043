//! The worker that this machine itself runs, without Docker: the Celery process that is in no container, the systemd unit
//! that starts it, and the folder of its code.

use std::collections::BTreeMap;

mod journal;

use super::workers::{self, Found};
use super::{ProbeContext, ProbeResult, host, service, starters};
use crate::fact::app::App;
use crate::fact::host_worker::{HostWorker, Process, Unit, UserUnit};
use crate::fact::order::InOrder;
use crate::fact::service::at_boot::AtBoot;
use crate::fact::service::sandbox::{Private, Restricted, Sandbox};
use crate::fact::touch::{Touch, only, reads, reads_in, runs};
use crate::fact::{Fact, Unseen};
use crate::read::{last_line, systemctl, unit_file, unit_shuts, worker_log};

/// Where an administrator puts units of his own (systemd.unit(5)).
pub(super) const UNITS: &str = "/etc/systemd/system";

/// What `systemctl show` is asked for.
const PROPERTIES: &str = "Id,LoadState,ActiveState,UnitFileState,After,Result,ExecMainStatus,NRestarts,FragmentPath,\
    DropInPaths,NeedDaemonReload,Environment,Slice,IPAddressDeny,IPAddressAllow,RestrictAddressFamilies,RestrictNetworkInterfaces,\
    PrivateNetwork,InactiveExitTimestamp,ActiveEnterTimestamp,WantedBy,RequiredBy,UpheldBy,TriggeredBy,ConditionResult,ConditionTimestamp,AssertResult,AssertTimestamp";

/// What puts a service into another network (systemd.exec(5), systemd.unit(5)).
const NAMESPACES: [&str; 2] = ["NetworkNamespacePath", "JoinsNamespaceOf"];

/// A process's time of start is known to the second or two.
const SECONDS: u64 = 2;

/// More units than an administrator writes.
const MOST_UNITS: usize = 200;

/// The start script of the project (docs/REMOTE_WORKER_SETUP.md), in the folder of its code.
pub(super) const SCRIPT: &str = "scripts/worker/run-worker-remote.sh";

/// The file of variables that it reads.
pub(super) const VARIABLES: &str = ".env.worker";

/// The folder's names, in the homes of users and below /opt.
const FOLDERS: [&str; 3] = ["ClippyFront", "clippyfront", "Clippy-Front"];

/// What was found, with the texts that tell what a start gives the worker. They hold secrets, so it has no `Debug`.
pub(super) struct Worker {
    pub(super) fact: HostWorker,
    /// The command line of the process; empty where none runs.
    pub(super) arguments: Vec<String>,
    /// The unit's file and its drop-ins.
    pub(super) unit_files: Vec<(String, String)>,
    /// What systemd has made of the unit's `Environment=`; none where it has not read the files as they are.
    pub(super) loaded: Option<BTreeMap<String, String>>,
}

/// A unit with its texts.
#[derive(Default)]
struct Shown {
    unit: Option<Unit>,
    files: Vec<(String, String)>,
    loaded: Option<BTreeMap<String, String>>,
}

pub(super) async fn look(context: &ProbeContext) -> ProbeResult {
    ProbeResult::new("/proc, systemctl show", find(context).await.map(|found| Fact::HostWorker(found.fact)))
}

/// The one that runs. Of several the one that takes what is meant for a GPU.
pub(super) fn running(app: Option<&App>) -> Result<Option<Found>, Unseen> {
    let named = app.and_then(|app| app.unit.as_ref());
    let is_named = |it: &Found| named.is_some() && it.unit.as_ref() == named;
    let found = workers::found()?.into_iter().filter(|it| !it.contained);
    Ok(found.min_by_key(|it| (!is_named(it), !it.worker.is_for(app), it.worker.pid)))
}

/// Looks for it.
pub(super) async fn find(context: &ProbeContext) -> Result<Worker, Unseen> {
    let app = context.profile.app();
    let app = app.as_ref();
    let (named, found) = (app.and_then(|app| app.unit.clone()), running(app)?);
    let started = found.as_ref().map(|it| host::now().saturating_sub(it.worker.age));
    let shown = match found.as_ref().map(|it| it.unit.clone()) {
        Some(None) => Shown::default(),
        Some(Some(name)) => shown(&name, started, context).await,
        None => match named.or_else(written) {
            Some(name) => shown(&name, None, context).await,
            None => Shown::default(),
        },
    };
    let Shown { unit, files: unit_files, loaded } = shown;
    let of_unit = setting(&unit_files, "WorkingDirectory").map(|(value, _)| value);
    let folder = found.as_ref().and_then(|it| it.folder.clone()).or(of_unit).filter(|path| path.starts_with('/'));
    let nothing = found.is_none() && unit.is_none();
    let folder = if nothing && app.is_none() { set_up() } else { folder };
    let process = found.as_ref().zip(started).map(|(it, started_at)| Process {
        pid: it.worker.pid,
        started_at,
        own_network: it.own_network,
    });
    let user_unit = found.as_ref().and_then(|it| user_unit(it.user_unit.as_ref()?));
    let arguments = found.map(|it| it.arguments).unwrap_or_default();
    Ok(Worker { fact: HostWorker { process, unit, user_unit, folder }, arguments, unit_files, loaded })
}

/// The last line of a setting in the unit's files, and in which of them it stands.
pub(super) fn setting(files: &[(String, String)], name: &str) -> Option<(String, String)> {
    let of = |(path, text): &(String, String)| {
        let last = unit_file::service(text).into_iter().rev().find(|it| it.name == name && !it.value.is_empty());
        last.map(|it| (it.value, path.clone()))
    };
    files.iter().rev().find_map(of)
}

/// A start of Celery's worker, or of a script that is one's.
pub(super) fn starts_worker(command: &str) -> bool {
    let script = || {
        let words = unit_file::words(command);
        let path =
            words.iter().map(|word| word.trim_start_matches(['-', '@', ':', '+', '!'])).find(|it| it.starts_with('/'));
        path.is_some_and(|path| matches!(host::read(path), host::Text::Read(text) if text.starts_with("#!") && text.contains("celery")))
    };
    command.contains("run-worker") || (command.contains("celery") && command.contains("worker")) || script()
}

/// The services that an administrator wrote, with their texts.
pub(super) fn units() -> Vec<(String, String)> {
    let names = host::list(UNITS).ok().flatten().unwrap_or_default();
    let units = names.into_iter().filter(|name| name.ends_with(".service")).take(MOST_UNITS);
    let read = |name: String| match host::read(format!("{UNITS}/{name}")) {
        host::Text::Read(text) => Some((name, text)),
        host::Text::Missing | host::Text::Forbidden | host::Text::Failed(_) => None,
    };
    units.filter_map(read).collect()
}

/// The unit that an administrator wrote for a worker, by what it starts.
fn written() -> Option<String> {
    let starts =
        |text: &str| unit_file::service(text).iter().any(|it| it.name == "ExecStart" && starts_worker(&it.value));
    let mut found: Vec<String> = units().into_iter().filter(|(_, text)| starts(text)).map(|(name, _)| name).collect();
    found.in_order_of(|name| (!name.contains("clippy"), name.clone()));
    found.into_iter().next()
}

/// A unit as systemd knows it, and the texts of its files. None where it is none of a worker's: a service may have started
/// the shell in which a worker was started by hand.
async fn shown(name: &str, started: Option<u64>, context: &ProbeContext) -> Shown {
    let nothing = Shown::default();
    let names = [name];
    // What the boot leads to is wanted below, and asked beside it.
    let asked = async { tokio::join!(service::show(PROPERTIES, &names), context.units.begin(context)).0 };
    let Ok(said) = asked.await else { return nothing };
    let Some(shown) = systemctl::read(&said.out).into_iter().next().filter(|it| it.unit.known) else { return nothing };
    let texts = |path: &String| match host::read(path) {
        host::Text::Read(text) => Some((path.clone(), text)),
        host::Text::Missing | host::Text::Forbidden | host::Text::Failed(_) => None,
    };
    let files: Vec<(String, String)> = shown.files.iter().filter_map(texts).collect();
    let mut commands = files.iter().flat_map(|(_, text)| unit_file::service(text)).filter(|it| it.name == "ExecStart");
    if !commands.any(|it| starts_worker(&it.value)) {
        return nothing;
    }
    let (mut at_boot, sandbox) = tokio::join!(service::at_boot(&shown, context), sandbox(&said.out, &files, started));
    if let Some(state) = &shown.unloaded {
        at_boot.unloaded = Some(service::unloaded(&shown.unit.name, state, &files).await);
    }
    let run = shown.run;
    let skipped = started.is_none() && shown.unit.active != "active" && shown.skipped;
    let log = if started.is_some() { String::new() } else { journal::last(&shown.unit.name).await };
    let again = started.is_some() && run.restarts > 1;
    let lately = if again { journal::lately(&shown.unit.name).await } else { None };
    let unmet = if skipped { service::unmet(&shown.unit.name, &files).await } else { None };
    let unit = Unit {
        hides: last_line::read(&log).and_then(|said| unit_shuts::find(&said, &files)),
        said: last_line::read(&log),
        last_words: worker_log::read(&log),
        name: shown.unit.name,
        active: shown.unit.active,
        enabled: shown.unit.enabled,
        at_boot: AtBoot { untried: started.is_none() && at_boot.untried, ..at_boot },
        result: run.result,
        status: run.status,
        restarts: run.restarts,
        lately,
        after: shown.unit.after,
        path: shown.files.first().cloned(),
        stale: run.stale,
        sandbox,
        unmet,
        namespace: NAMESPACES.iter().find_map(|name| line_of(&files, name)),
    };
    let loaded = systemctl::environment(&said.out).filter(|_| !unit.stale);
    Shown { unit: Some(unit), files, loaded }
}

/// A unit of a user's own service manager; none where it cannot be seen whether that is started at boot.
fn user_unit((name, id): &(String, u32)) -> Option<UserUnit> {
    let host::Text::Read(text) = host::read("/etc/passwd") else { return None };
    let id = id.to_string();
    let line: Vec<&str> =
        text.lines().map(|line| line.split(':').collect()).find(|it: &Vec<&str>| it.get(2) == Some(&id.as_str()))?;
    let (user, home) = (*line.first()?, *line.get(5)?);
    let lingers = host::stat(format!("/var/lib/systemd/linger/{user}")).ok()?.is_some();
    let units = [format!("{home}/.config/systemd/user"), "/etc/systemd/user".to_owned()];
    let wanted = |place: &String| matches!(host::stat(format!("{place}/default.target.wants/{name}")), Ok(Some(_)));
    Some(UserUnit { name: name.clone(), user: user.to_owned(), lingers, enabled: units.iter().any(wanted) })
}

/// What the unit and its slices keep the worker from, with the lines of the unit's own files.
async fn sandbox(said: &str, files: &[(String, String)], started: Option<u64>) -> Sandbox {
    let slices = systemctl::slices(said);
    let names: Vec<&str> = slices.iter().map(String::as_str).collect();
    let of_slices =
        service::show("IPAddressDeny,IPAddressAllow", &names).await.map(|said| said.out).unwrap_or_default();
    let mut found = systemctl::sandbox(&format!("{said}\n{of_slices}"));
    let at = |name: &str| line_of(files, name);
    if !found.filter.is_empty() {
        found.filter.at = at("IPAddressDeny");
    }
    if let Some(list) = &mut found.interfaces {
        list.at = at("RestrictNetworkInterfaces");
    }
    // A process that runs keeps what it was started with: a line that is newer is not in force.
    let in_force = |at: Option<&(String, u32)>| {
        let changed = at.and_then(|(path, _)| Some(host::stat(path).ok()??.changed_at));
        started.zip(changed).is_none_or(|(started, changed)| changed <= started + SECONDS)
    };
    found.families = found.families.map(|it| Restricted { at: at("RestrictAddressFamilies"), ..it });
    found.families = found.families.filter(|it| in_force(it.at.as_ref()));
    found.private = found.private.map(|_| Private { at: at("PrivateNetwork") });
    found.private = found.private.filter(|it| in_force(it.at.as_ref()));
    found
}

/// Where the unit's files set something last.
fn line_of(files: &[(String, String)], name: &str) -> Option<(String, u32)> {
    files.iter().rev().find_map(|(path, text)| Some((path.clone(), unit_file::line_of(text, name)?)))
}

/// A folder in which a worker was set up, where none runs.
fn set_up() -> Option<String> {
    let homes = host::list("/home").ok().flatten().unwrap_or_default().into_iter().map(|name| format!("/home/{name}"));
    let places: Vec<String> =
        homes.take(MOST_UNITS).chain(["/root".to_owned(), "/opt".to_owned(), "/srv".to_owned()]).collect();
    let folders = places.iter().flat_map(|place| FOLDERS.iter().map(move |name| format!("{place}/{name}")));
    folders.into_iter().find(|folder| matches!(host::stat(format!("{folder}/{VARIABLES}")), Ok(Some(_))))
}

/// What [`running`] does.
pub(super) fn running_touches() -> Vec<Touch> {
    workers::touches()
}

/// What [`units`] does.
pub(super) fn units_touches() -> Vec<Touch> {
    reads_in(&[UNITS], &["*.service"])
}

/// What [`find`] does.
pub(super) fn touches() -> Vec<Touch> {
    let unit = [
        service::show_touches("{properties}", "{units}"),
        reads(&["/etc/systemd/system/**", "/usr/lib/systemd/system/**"]),
        only(
            "where it does not run",
            runs(&[
                "journalctl _SYSTEMD_UNIT={unit} -n 60 -o cat --no-pager -q",
                "journalctl -u {unit} -n 60 -o cat --no-pager -q",
            ]),
        ),
    ];
    let places = ["/home/*", "/root", "/opt", "/srv"];
    let set_up: Vec<String> =
        places.iter().flat_map(|place| FOLDERS.map(|name| format!("{place}/{name}/{VARIABLES}"))).collect();
    let set_up: Vec<&str> = set_up.iter().map(String::as_str).chain(["/home"]).collect();
    let of_user = [
        "/etc/passwd",
        "/var/lib/systemd/linger/{user}",
        "/etc/systemd/user/default.target.wants/{unit}",
        "{home}/.config/systemd/user/default.target.wants/{unit}",
    ];
    [
        workers::touches(),
        only("where no worker runs", [units_touches(), reads(&["{started}"])].concat()),
        only("where a unit starts a worker", unit.concat()),
        only("where systemd has restarted it", runs(&[journal::LATELY])),
        only("where systemd refuses the unit's files", service::unloaded_touches()),
        only("where nothing that is enabled starts that unit", starters::touches()),
        only("where a user's own service manager runs it", reads(&of_user)),
        only("where there is neither a worker nor its unit", reads(&set_up)),
    ]
    .concat()
}
