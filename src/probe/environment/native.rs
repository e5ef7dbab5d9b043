//! The variables of a worker that runs without Docker: those of its process, and those that the next start would give it.
//! The two differ where a file was changed since: both are told.

use std::collections::BTreeMap;

use super::super::host_worker::{self, SCRIPT, Worker};
use super::Found;
use crate::fact::environment::{ByHost, ContainerProvenance, Ingredient, Origin, Source, VARIABLES};
use crate::fact::{Unseen, limits};
use crate::probe::host;
use crate::read::shell_env::{self, Assignment, Step};
use crate::read::unit_file::{self, words};
use crate::read::variable::{app_version, setting};
use crate::read::celery_command;

/// Where the app's code takes MEDIA_BASE_URL.
const MEDIA: &str = "app/tasks/compile_video_v2.py";

/// What one place gives a variable. Holds the value, so it has no `Debug`.
struct Given {
    origin: Origin,
    value: Option<String>,
    blank: bool,
}

/// What the next start gives the worker.
#[derive(Default)]
struct Start {
    /// By variable, strongest first.
    given: BTreeMap<String, Vec<Given>>,
    /// The files that take part.
    files: Vec<String>,
    /// The file of variables that is meant to be edited.
    file: Option<String>,
    unread: Vec<String>,
}

/// The worker's variables.
pub(super) fn worker(worker: &Worker) -> Result<Found, Unseen> {
    let fact = &worker.fact;
    let pid = fact.process.as_ref().map(|it| it.pid);
    let environ = pid.map(environ).transpose()?;
    let folder = fact.folder.as_deref().unwrap_or_default();
    let mut start = Start::of(worker, folder);
    let of_process = |name: &str| environ.as_ref().and_then(|all| all.get(name));
    if fact.unit.is_none() && environ.is_some() && !start.agrees(of_process) {
        // It was started in some other way than that which the folder shows.
        start = Start::default();
    }
    let mut found = Found::new(match (pid, &fact.unit) {
        (Some(pid), Some(unit)) => format!("process {pid} of {}", unit.name),
        (Some(pid), None) => format!("process {pid}"),
        (None, Some(unit)) => format!("{} (not running)", unit.name),
        (None, None) => format!("{folder} (not running)"),
    });
    found.complete = environ.is_some() || start.unread.is_empty();
    for (name, value) in celery_command::read(&worker.arguments).map(|it| it.urls).unwrap_or_default() {
        found.add(name, Origin::Command { at: None }, value);
    }
    match &environ {
        Some(all) => all.iter().for_each(|(name, value)| found.add(name, Origin::Process, value.clone())),
        None => start.all().for_each(|(name, origin, value)| found.add(name, origin.clone(), value.to_owned())),
    }
    let known = environ.clone().unwrap_or_else(|| start.values());
    dotenv(&mut found, folder, &known);
    if let host::Text::Read(text) = host::read(format!("{folder}/app/version.py")) {
        found.app_version = app_version(&text);
    }
    found.provenance = Some(provenance(worker, &start, folder, environ.as_ref()));
    Ok(found)
}

/// What a process was started with.
fn environ(pid: u32) -> Result<BTreeMap<String, String>, Unseen> {
    match host::read(format!("/proc/{pid}/environ")) {
        host::Text::Read(text) => {
            let pairs = text.split_terminator('\0').filter_map(|pair| pair.split_once('='));
            // Of one name that stands there twice, getenv(3) takes the first.
            Ok(pairs.rev().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
        }
        host::Text::Forbidden => {
            Err(Unseen::NeedsRights(format!("run as root, or as the worker's user, to read the variables of process {pid}")))
        }
        host::Text::Missing => Err(Unseen::NotKnown("the worker's process has just ended; run clipcheck again".to_owned())),
        host::Text::Failed(why) => Err(Unseen::Unreadable(format!("/proc/{pid}/environ: {why}"))),
    }
}

/// `load_dotenv()` in config/settings.py looks there, and then in each folder above; it reads the first that it finds.
fn dotenv(found: &mut Found, folder: &str, known: &BTreeMap<String, String>) {
    if folder.is_empty() {
        return;
    }
    let mut places = vec![format!("{folder}/config/.env")];
    let mut above = Some(folder.trim_end_matches('/'));
    while let Some(here) = above {
        places.push(format!("{here}/.env"));
        above = here.rsplit_once('/').map(|(above, _)| above).filter(|_| !here.is_empty());
    }
    for path in places {
        match host::read(&path) {
            host::Text::Missing => continue,
            host::Text::Read(text) => found.complete &= found.add_file(&path, &text, known).is_some(),
            host::Text::Forbidden | host::Text::Failed(_) => found.complete = false,
        }
        break;
    }
}

fn provenance(
    worker: &Worker,
    start: &Start,
    folder: &str,
    environ: Option<&BTreeMap<String, String>>,
) -> ContainerProvenance {
    let fact = &worker.fact;
    let source = |variable: &str, given: &Given| {
        let value = given.value.as_deref();
        Source {
            origin: given.origin.clone(),
            setting: value.map(|value| setting(variable, value)),
            via: Vec::new(),
            blank: given.blank,
            agrees: environ.is_none_or(|all| all.get(variable).map(String::as_str) == value),
        }
    };
    let sources = VARIABLES.into_iter().filter_map(|variable| {
        let all = start.given.get(variable)?;
        // Of what only a command tells nothing can be compared.
        all.first()?.value.as_ref()?;
        // A script may fill in a variable for itself alone: then its process has none.
        let own = |given: &&Given| {
            !matches!(given.origin, Origin::Default { .. }) || environ.is_none_or(|all| all.contains_key(variable))
        };
        let all: Vec<Source> = all.iter().filter(own).map(|given| source(variable, given)).collect();
        (!all.is_empty()).then(|| (variable.to_owned(), all))
    });
    let changed = |path: &String| Some(Ingredient { path: path.clone(), changed_at: host::stat(path).ok()??.changed_at });
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
                || start.given.values().flatten().any(|given| in_unit(&given.origin)),
            file: start.file.clone(),
            media: media(folder),
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

impl Start {
    /// As the unit and the script that it runs tell; where there is no unit, as the project's own script does.
    fn of(worker: &Worker, folder: &str) -> Self {
        let mut start = Self::default();
        let command = host_worker::setting(&worker.unit_files, "ExecStart").map(|(command, _)| words(&command));
        for (path, text) in &worker.unit_files {
            start.unit(path, text);
        }
        match command {
            None if folder.is_empty() => {}
            None => start.script(&format!("{folder}/{SCRIPT}"), folder),
            Some(words) => {
                let first = words.first().map(|it| it.trim_start_matches(['-', '@', ':', '+', '!'])).unwrap_or_default();
                let shell = matches!(first.rsplit('/').next(), Some("sh" | "bash" | "dash"));
                match (shell, words.get(1).map(String::as_str), words.get(2)) {
                    (true, Some(option), Some(text)) if option.starts_with('-') => start.steps("", text, folder),
                    (true, Some(path), _) => start.script(&absolute(path, folder), folder),
                    (_, _, _) => start.script(&absolute(first, folder), folder),
                }
            }
        }
        start
    }

    /// `Environment=` and `EnvironmentFile=`, which goes before it (systemd.exec(5)).
    fn unit(&mut self, path: &str, text: &str) {
        let settings = unit_file::service(text);
        for it in settings.iter().filter(|it| it.name == "Environment") {
            for pair in words(&it.value) {
                let Some((name, value)) = pair.split_once('=') else { continue };
                let origin = Origin::File { path: path.to_owned(), line: it.line };
                self.give(name, Given { origin, value: Some(value.to_owned()), blank: false });
            }
        }
        self.files.push(path.to_owned());
        for it in settings.iter().filter(|it| it.name == "EnvironmentFile") {
            let named = it.value.trim_start_matches('-');
            match host::read(named) {
                host::Text::Read(text) => {
                    for line in unit_file::variables(&text) {
                        let origin = Origin::File { path: named.to_owned(), line: line.line };
                        self.give(&line.name, Given { origin, value: Some(line.value), blank: false });
                    }
                    self.files.push(named.to_owned());
                }
                host::Text::Missing => {}
                host::Text::Forbidden | host::Text::Failed(_) => self.unread.push(named.to_owned()),
            }
            self.file = Some(named.to_owned());
        }
    }

    fn script(&mut self, path: &str, folder: &str) {
        // A program is no script.
        if let host::Text::Read(text) = host::read(path)
            && text.starts_with("#!")
            && text.lines().next().is_some_and(|first| first.trim_end().ends_with("sh"))
        {
            self.files.push(path.to_owned());
            self.steps(path, &text, folder);
        }
    }

    /// What a script sets, in its order. A file that it sources sets what is set already, too.
    fn steps(&mut self, script: &str, text: &str, folder: &str) {
        let Some(steps) = shell_env::read(text, &self.values()) else {
            self.unread.push(script.to_owned());
            return;
        };
        for step in steps {
            match step {
                Step::Set(it) => self.set(script, it),
                Step::Source(named) => {
                    let path = absolute(&named, folder);
                    if self.files.len() < limits::FILES && !path.ends_with("/activate") {
                        self.sourced(&path);
                    }
                }
            }
        }
    }

    fn sourced(&mut self, path: &str) {
        self.file = Some(path.to_owned());
        match host::read(path) {
            host::Text::Read(text) => {
                self.files.push(path.to_owned());
                let Some(steps) = shell_env::read(&text, &self.values()) else {
                    self.unread.push(path.to_owned());
                    return;
                };
                for step in steps {
                    if let Step::Set(it) = step {
                        self.set(path, it);
                    }
                }
            }
            host::Text::Missing => {}
            host::Text::Forbidden | host::Text::Failed(_) => self.unread.push(path.to_owned()),
        }
    }

    fn set(&mut self, path: &str, it: Assignment) {
        let (path, line) = (path.to_owned(), it.line);
        if !it.default {
            return self.give(&it.name, Given { origin: Origin::File { path, line }, value: it.value, blank: it.blank });
        }
        let there = self.given.get(&it.name).and_then(|all| all.first()).and_then(|given| given.value.as_deref());
        if there.is_none_or(str::is_empty) {
            self.give(&it.name, Given { origin: Origin::Default { path, line }, value: it.value, blank: false });
        }
    }

    fn give(&mut self, name: &str, given: Given) {
        self.given.entry(name.to_owned()).or_default().insert(0, given);
    }

    /// The strongest value of each.
    fn values(&self) -> BTreeMap<String, String> {
        self.all().map(|(name, _, value)| (name.to_owned(), value.to_owned())).collect()
    }

    fn all(&self) -> impl Iterator<Item = (&str, &Origin, &str)> {
        self.given.iter().filter_map(|(name, all)| {
            let first = all.first()?;
            Some((name.as_str(), &first.origin, first.value.as_deref()?))
        })
    }

    /// Whether the process has one of the values that a file gives.
    fn agrees<'a>(&self, of_process: impl Fn(&str) -> Option<&'a String>) -> bool {
        let of_file = self.all().filter(|(name, origin, _)| {
            matches!(origin, Origin::File { .. }) && super::is_url(name)
        });
        of_file.into_iter().any(|(name, _, value)| of_process(name).is_some_and(|own| own == value))
    }
}

/// A path of the folder in which the worker is started.
fn absolute(path: &str, folder: &str) -> String {
    match path.strip_prefix("./").unwrap_or(path) {
        path if path.starts_with('/') => path.to_owned(),
        path => format!("{}/{path}", folder.trim_end_matches('/')),
    }
}
