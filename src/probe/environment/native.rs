//! The variables of a worker that runs without Docker: those of its process, and those that the next start would give it.
//! The two differ where a file was changed since: both are told.

use std::collections::BTreeMap;

use super::super::host_worker::{self, Worker};
use super::Found;
use super::libpq::{self, Files};
use crate::fact::Unseen;
use crate::fact::app::App;
use crate::fact::environment::{ByHost, ContainerProvenance, Ingredient, Origin, PROXIES, Source, variables};
use crate::fact::touch::{Touch, only, reads};
use crate::probe::host;
use crate::read::celery_command;
use crate::read::variable::{app_version, setting};

mod start;

use start::{Given, Start};

/// Where the app's code takes MEDIA_BASE_URL.
const MEDIA: &str = "app/tasks/compile_video_v2.py";

/// The worker's variables.
pub(super) fn worker(worker: &Worker, app: Option<App>) -> Result<Found, Unseen> {
    let fact = &worker.fact;
    let pid = fact.process.as_ref().map(|it| it.pid);
    let environ = pid.map(environ).transpose()?;
    let folder = fact.folder.as_deref().unwrap_or_default();
    let mut start = Start::of(worker, folder, app.as_ref());
    let of_process = |name: &str| environ.as_ref().and_then(|all| all.get(name));
    if fact.unit.is_none() && environ.is_some() && !start.agrees(app.as_ref(), of_process) {
        // It was started in some other way than that which the folder shows.
        start = Start::default();
    }
    let mut found = Found::new(
        match (pid, &fact.unit) {
            (Some(pid), Some(unit)) => format!("process {pid} of {}", unit.name),
            (Some(pid), None) => format!("process {pid}"),
            (None, Some(unit)) => format!("{} (not running)", unit.name),
            (None, None) => format!("{folder} (not running)"),
        },
        app,
    );
    found.complete = environ.is_some() || start.unread.is_empty();
    for (name, value) in celery_command::read(&worker.arguments).map(|it| it.urls).unwrap_or_default() {
        found.add_option(name, Origin::Command { at: None }, value);
    }
    match &environ {
        Some(all) => all.iter().for_each(|(name, value)| found.add(name, Origin::Process, value.clone())),
        None => start.all().for_each(|(name, origin, value)| found.add(name, origin.clone(), value.to_owned())),
    }
    // Without a process, whose home it will have is not known here.
    let home = environ.as_ref().and_then(|all| all.get("HOME").cloned());
    found.files = Some(Files { root: pid.map_or_else(String::new, |pid| format!("/proc/{pid}/root")), home });
    let known = environ.clone().unwrap_or_else(|| start.values());
    found.complete &= found.add_own_files("", &dotenvs(folder), &known);
    if found.app.is_none()
        && let host::Text::Read(text) = host::read(format!("{folder}/app/version.py"))
    {
        found.app_version = app_version(&text);
    }
    found.provenance = Some(provenance(worker, &start, found.app.as_ref(), environ.as_ref()));
    Ok(found)
}

/// What a process was started with.
pub(in crate::probe) fn environ(pid: u32) -> Result<BTreeMap<String, String>, Unseen> {
    match host::read(format!("/proc/{pid}/environ")) {
        host::Text::Read(text) => {
            let pairs = text.split_terminator('\0').filter_map(|pair| pair.split_once('='));
            // Of one name that stands there twice, getenv(3) takes the first.
            Ok(pairs.rev().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
        }
        host::Text::Forbidden => Err(Unseen::NeedsRights(format!(
            "run as root, or as the worker's user, to read the variables of process {pid}"
        ))),
        host::Text::Missing => {
            Err(Unseen::NotKnown("the worker's process has just ended; run clipcheck again".to_owned()))
        }
        host::Text::Failed(why) => Err(Unseen::Unreadable(format!("/proc/{pid}/environ: {why}"))),
    }
}

/// `load_dotenv()` in config/settings.py looks there, and then in each folder above; it reads the first that it finds.
pub(in crate::probe) fn dotenvs(folder: &str) -> Vec<String> {
    if folder.is_empty() {
        return Vec::new();
    }
    let mut places = vec![format!("{folder}/config/.env")];
    let mut above = Some(folder.trim_end_matches('/'));
    while let Some(here) = above {
        places.push(format!("{here}/.env"));
        above = here.rsplit_once('/').map(|(above, _)| above).filter(|_| !here.is_empty());
    }
    places
}

fn provenance(
    worker: &Worker,
    start: &Start,
    app: Option<&App>,
    environ: Option<&BTreeMap<String, String>>,
) -> ContainerProvenance {
    let fact = &worker.fact;
    let source = |variable: &str, given: &Given| {
        let value = given.value.as_deref();
        Source {
            origin: given.origin.clone(),
            setting: value.map(|value| setting(app, variable, value)),
            via: Vec::new(),
            blank: given.blank,
            ignored: given.ignored,
            agrees: given.ignored.is_none() && environ.is_none_or(|all| all.get(variable).map(String::as_str) == value),
        }
    };
    let own_variables = variables(app);
    let kept = |name: &str| own_variables.contains(&name) || PROXIES.contains(&name);
    let sources = own_variables.iter().copied().chain(PROXIES).filter_map(|variable| {
        let all = start.given.get(variable).map_or(&[][..], Vec::as_slice);
        // Of what only a command tells nothing can be compared.
        let all = if all.first().is_some_and(|given| given.value.is_none()) { &[] } else { all };
        // A script may fill in a variable for itself alone: then its process has none.
        let own = |given: &&Given| {
            !matches!(given.origin, Origin::Default { .. }) || environ.is_none_or(|all| all.contains_key(variable))
        };
        let ignored = start.ignored.get(variable).into_iter().flatten();
        let all: Vec<Source> = all.iter().filter(own).chain(ignored).map(|given| source(variable, given)).collect();
        (!all.is_empty()).then(|| (variable.to_owned(), all))
    });
    let changed =
        |path: &String| Some(Ingredient { path: path.clone(), changed_at: host::stat(path).ok()??.changed_at });
    let in_unit = |origin: &Origin| {
        origin.place().is_some_and(|(path, _)| worker.unit_files.iter().any(|(file, _)| file == path))
    };
    ContainerProvenance {
        created_at: fact.process.as_ref().map_or(0, |it| it.started_at),
        service: None,
        folder: None,
        files: Vec::new(),
        project: None,
        dotenv: Vec::new(),
        place: None,
        command: None,
        ingredients: start.files.iter().filter_map(changed).collect(),
        unread: start.unread.clone(),
        hosts: Vec::new(),
        host: Some(ByHost {
            pid: fact.process.as_ref().map(|it| it.pid),
            unit: fact.unit.as_ref().map(|unit| unit.name.clone()),
            reload: fact.unit.as_ref().is_some_and(|unit| unit.stale)
                || start
                    .given
                    .iter()
                    .chain(&start.ignored)
                    .any(|(name, all)| kept(name) && all.iter().any(|given| in_unit(&given.origin))),
            file: start.file.clone(),
            encoding: start.encoding.clone(),
            gone: start.gone.clone(),
            media: fact.folder.as_deref().filter(|_| app.is_none()).and_then(media),
        }),
        sources: sources.collect(),
    }
}

/// The line of the worker's own code that takes MEDIA_BASE_URL.
fn media(folder: &str) -> Option<(String, u32)> {
    let path = format!("{folder}/{MEDIA}");
    let host::Text::Read(text) = host::read(&path) else { return None };
    let (line, _) = (1..).zip(text.lines()).find(|(_, line)| line.contains("MEDIA_BASE_URL"))?;
    Some((path, line))
}

/// What reading the variables of a worker without Docker does.
pub(super) fn touches() -> Vec<Touch> {
    let script = format!("{{code}}/{}", host_worker::SCRIPT);
    let files = ["{environment-file}", "{code}/app/version.py", "{code}/config/.env", "/**/.env", &script];
    let media = format!("{{code}}/{MEDIA}");
    let own = only(
        "where a worker runs or is set up without Docker",
        reads(&[&["/proc/{pid}/environ", &media], &files[..]].concat()),
    );
    [own, libpq::touches()].concat()
}
