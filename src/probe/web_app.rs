//! The web app that this machine itself runs, without Docker: the process that listens, the systemd unit that starts it, and
//! the last error in its log.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use super::{ProbeContext, ProbeResult, RECENT, host, host_worker, network, service};
use crate::fact::service::quote::Quote;
use crate::fact::touch::{Touch, only, reads, runs};
use crate::fact::web_app::WebApp;
use crate::fact::{Fact, UnitTarget, Unseen};
use crate::read::quoted::Secrets;
use crate::read::{raised, unit_file};

mod outdated;

/// Where the app writes its log itself, in the folder of its code.
const LOG: &str = "instance/logs/app.log";

/// What the command of a web server names, its program or the app: other units of the app are scripts of Python, too.
const SERVERS: [&str; 7] = ["gunicorn", "flask", "waitress", "uvicorn", "hypercorn", "wsgi", "web"];

/// The web app's process. Holds its variables, so it has no `Debug`.
pub(super) struct Found {
    pub(super) pid: u32,
    pub(super) unit: Option<String>,
    /// Its working directory.
    pub(super) folder: String,
    pub(super) environ: BTreeMap<String, String>,
    listens: Vec<SocketAddr>,
    /// In seconds since the epoch.
    started_at: u64,
}

pub(super) async fn look(context: &ProbeContext) -> ProbeResult {
    // Of another application it is not known what belongs to it.
    if let Some(app) = context.profile.app() {
        return ProbeResult::new("/proc", Err(Unseen::NotKnown(format!("which process is {}'s web app", app.name))));
    }
    let web_app = match find() {
        Some(found) => WebApp {
            pid: Some(found.pid),
            said: said(&found).await,
            outdated: outdated::outdated(&found),
            runs_in: match &found.unit {
                Some(unit) => service::state_of(&UnitTarget::Named(unit.clone()), context).await,
                None => None,
            },
            again: match &found.unit {
                Some(unit) => starts_again(unit).await,
                None => None,
            },
            unit: found.unit,
            listens: found.listens,
            state: None,
        },
        None => stopped(context).await,
    };
    ProbeResult::new("/proc, systemctl show, journalctl", Ok(Fact::WebApp(web_app)))
}

/// Whether systemd starts a unit again after a failure (systemd.service(5), `Restart=`), its drop-ins counted.
async fn starts_again(unit: &str) -> Option<bool> {
    let said = service::show("Restart", &[unit]).await.ok()?;
    let value = said.out.trim().strip_prefix("Restart=").filter(|value| said.ok && !value.is_empty())?;
    Some(matches!(value, "always" | "on-failure"))
}

/// Whether a folder or a unit is ClippyFront's.
fn is_the_app(folder: &str, unit: Option<&str>) -> bool {
    let named = |text: &str| text.to_lowercase().contains("clippy");
    named(folder) || unit.is_some_and(named) || matches!(host::stat(format!("{folder}/app/version.py")), Ok(Some(_)))
}

/// Looks for its process: a Python program of the app that listens, or is a web server by its name, and is no worker.
#[cfg(target_os = "linux")]
pub(super) fn find() -> Option<Found> {
    use super::environment::environ;
    use super::network::listening_of;
    use super::workers::{is_contained, unit_of};
    use procfs::Current as _;

    let up = procfs::Uptime::current().map_or(0, |uptime| uptime.uptime_duration().as_secs());
    let mut found = Vec::new();
    for process in procfs::process::all_processes().ok()?.flatten() {
        let (Ok(arguments), Ok(stat)) = (process.cmdline(), process.stat()) else { continue };
        if !serves(&arguments) || is_contained(&process) {
            continue;
        }
        let folder = process.cwd().ok().and_then(|path| path.into_os_string().into_string().ok()).unwrap_or_default();
        let unit = unit_of(&process);
        if !is_the_app(&folder, unit.as_deref()) {
            continue;
        }
        let (pid, listens) = (process.pid.unsigned_abs(), listening_of(&process));
        let Ok(environ) = environ(pid) else { continue };
        // Behind another web server it may have a Unix socket alone.
        if !listens.is_empty() || is_server(&arguments) {
            let age = up.saturating_sub(stat.starttime / procfs::ticks_per_second());
            let started_at = host::now().saturating_sub(age);
            found.push((
                (listens.is_empty(), stat.starttime),
                Found { pid, unit, folder, environ, listens, started_at },
            ));
        }
    }
    // Gunicorn's first process opens the socket, and the others inherit it.
    found.into_iter().min_by_key(|(started, it)| (*started, it.pid)).map(|(_, found)| found)
}

#[cfg(not(target_os = "linux"))]
pub(super) fn find() -> Option<Found> {
    None
}

/// Whether a command line may be a web server's in Python.
fn serves(arguments: &[String]) -> bool {
    const PROGRAMS: [&str; 7] = ["python", "gunicorn", "uwsgi", "flask", "waitress-serve", "uvicorn", "hypercorn"];
    let name = |word: &String| word.rsplit('/').next().unwrap_or_default().to_owned();
    let first: Vec<String> = arguments.iter().take(2).map(name).collect();
    let is_program = |name: &String| PROGRAMS.iter().any(|program| name.starts_with(program));
    first.iter().any(is_program) && !arguments.iter().any(|word| name(word).starts_with("celery"))
}

/// Whether it is started as one of the web servers: others of the app's programs are Python's, too.
#[cfg(target_os = "linux")]
fn is_server(arguments: &[String]) -> bool {
    let name = |word: &String| word.rsplit('/').next().unwrap_or_default().to_owned();
    arguments
        .iter()
        .take(3)
        .any(|word| ["gunicorn", "uwsgi", "waitress-serve", "uvicorn", "hypercorn"].contains(&name(word).as_str()))
}

/// The last error in the log of one that runs.
async fn said(found: &Found) -> Option<Quote> {
    let secrets = Secrets::of_settings(found.environ.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    if let Some(unit) = &found.unit {
        let log = service::written_since(unit, host::now().saturating_sub(RECENT)).await.ok()?;
        let (at, text) = raised::last(&log, &secrets)?;
        return Some(Quote { text, source: format!("journalctl -u {}", service::short(unit)), at, named: None });
    }
    let path = format!("{}/{LOG}", found.folder);
    let stat = host::stat(&path).ok().flatten().filter(|it| it.is_file && it.changed_at + RECENT > host::now())?;
    let end = host::end(&path, 200).ok()?;
    let (_, text) = raised::last(&end, &secrets)?;
    Some(Quote { text, source: path, at: Some(stat.changed_at), named: None })
}

/// The unit that an administrator wrote for it, where nothing runs.
async fn stopped(context: &ProbeContext) -> WebApp {
    let of_app = |(name, text): &(String, String)| {
        let settings = unit_file::service(text);
        let value = |wanted: &str| settings.iter().rev().find(|it| it.name == wanted).map(|it| it.value.clone());
        let folder = value("WorkingDirectory").unwrap_or_default();
        let starts = |command: &String| {
            let words = unit_file::program(command);
            serves(&words) && words.iter().any(|word| SERVERS.iter().any(|server| word.contains(server)))
        };
        let once = value("Type").is_some_and(|kind| kind == "oneshot");
        !once && value("ExecStart").as_ref().is_some_and(starts) && is_the_app(&folder, Some(name))
    };
    let Some((name, _)) = host_worker::units().into_iter().find(of_app) else { return WebApp::default() };
    let Some(unit) = service::state_of(&UnitTarget::Named(name), context).await else { return WebApp::default() };
    WebApp { unit: Some(unit.name), state: Some(unit.active), said: unit.said, ..WebApp::default() }
}

/// What finding the web app's process does.
pub(super) fn find_touches() -> Vec<Touch> {
    let of_each = ["/proc", "/proc/{pid}", "/proc/{pid}/cmdline", "/proc/{pid}/stat"];
    let of_python = ["/proc/{pid}/cwd", "/proc/{pid}/status", "/proc/{pid}/cgroup", "{web-app}/app/version.py"];
    let own = ["/proc/{pid}/environ", "/proc/{pid}/fd", "/proc/{pid}/fd/*", "/proc/{pid}/ns/net", "/proc/self/ns/net"];
    let elsewhere = ["/proc/{pid}/net/tcp", "/proc/{pid}/net/tcp6"];
    [
        reads(&of_each),
        only("of a web server", reads(&of_python)),
        only("of the web app", [reads(&own), network::listening_touches()].concat()),
        only("of a web app with a network of its own", reads(&elsewhere)),
    ]
    .concat()
}

/// What [`look`] does.
pub(super) fn touches() -> Vec<Touch> {
    let said = [
        runs(&["journalctl _SYSTEMD_UNIT={unit} --since=@{time} -n 300 -o short-unix --no-pager -q"]),
        reads(&[&format!("{{web-app}}/{LOG}")]),
    ];
    let files = [
        host_worker::units_touches(),
        reads(&["{started}", "{environment-file}", "{web-app}/config/.env", "/**/.env"]),
    ];
    [
        find_touches(),
        only("where it runs", [said.concat(), files.concat()].concat()),
        only("where a unit runs it", service::touches(&UnitTarget::Named(String::new()))),
        only("where it does not run", host_worker::units_touches()),
        only("where it does not run, but has a unit", service::touches(&UnitTarget::Named(String::new()))),
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_web_server_is_told_by_its_command_line() {
        let serves = |line: &str| serves(&line.split(' ').map(str::to_owned).collect::<Vec<_>>());
        assert!(serves(
            "/opt/clippyfront/venv/bin/python /opt/clippyfront/venv/bin/gunicorn --bind 0.0.0.0:8000 wsgi:app"
        ));
        assert!(serves("python3 -m app.web 5000") && serves("/usr/bin/flask run"));
        assert!(!serves("/usr/bin/python3 /opt/venv/bin/celery -A app worker") && !serves("nginx: worker process"));
    }
}
