//! What the next start of a worker without Docker gives it: its unit's variables, what its start script sources, and what
//! that fills in.

use std::collections::BTreeMap;

use crate::fact::app::App;
use crate::fact::environment::{Encoding, Ignored, Origin, is_url};
use crate::fact::limits;
use crate::probe::host;
use crate::probe::host_worker::{self, SCRIPT, Worker};
use crate::read::encoding;
use crate::read::shell_env::is_name;
use crate::read::shell_env::{self, Assignment, Step};
use crate::read::unit_file::{self, Setting, words};

/// What one place gives a variable. Holds the value, so it has no `Debug`.
pub(super) struct Given {
    pub(super) origin: Origin,
    pub(super) value: Option<String>,
    pub(super) blank: bool,
    /// Why it gives nothing, where it does not.
    pub(super) ignored: Option<Ignored>,
}

impl Given {
    fn new(origin: Origin, value: String) -> Self {
        Self { origin, value: Some(value), blank: false, ignored: None }
    }
}

/// What the next start gives the worker.
#[derive(Default)]
pub(super) struct Start {
    /// By variable, strongest first.
    pub(super) given: BTreeMap<String, Vec<Given>>,
    /// By variable, what is meant to give it a value and does not.
    pub(super) ignored: BTreeMap<String, Vec<Given>>,
    /// The files that take part.
    pub(super) files: Vec<String>,
    /// The file of variables that is meant to be edited.
    pub(super) file: Option<String>,
    pub(super) unread: Vec<String>,
    /// A file that who reads it takes for something else than it is.
    pub(super) encoding: Option<(String, Encoding)>,
    /// A file that it names, and that is not there.
    pub(super) gone: Option<String>,
}

impl Start {
    /// As the unit and the script that it runs tell; where there is no unit, as the project's own script does.
    pub(super) fn of(worker: &Worker, folder: &str, app: Option<&App>) -> Self {
        let mut start = Self::default();
        let command = host_worker::setting(&worker.unit_files, "ExecStart").map(|(command, _)| words(&command));
        start.unit(worker);
        match command {
            None if folder.is_empty() || app.is_some() => {}
            None => start.script(&format!("{folder}/{SCRIPT}"), folder),
            Some(words) => {
                let first =
                    words.first().map(|it| it.trim_start_matches(['-', '@', ':', '+', '!'])).unwrap_or_default();
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

    /// All `Environment=` of a unit, and then all its `EnvironmentFile=`, which override them; an empty one takes back those
    /// before it (systemd.exec(5)).
    fn unit(&mut self, worker: &Worker) {
        let files = worker.unit_files.iter().map(|(path, text)| (path, unit_file::service(text)));
        let settings: Vec<(&String, Setting)> =
            files.flat_map(|(path, all)| all.into_iter().map(move |setting| (path, setting))).collect();
        self.files.extend(worker.unit_files.iter().map(|(path, _)| path.clone()));
        let in_force = |name: &str| {
            let all: Vec<&(&String, Setting)> = settings.iter().filter(|(_, it)| it.name == name).collect();
            let from = all.iter().rposition(|(_, it)| it.value.is_empty()).map_or(0, |empty| empty + 1);
            all.into_iter().skip(from)
        };
        for (path, it) in in_force("Environment") {
            for word in words(&it.value) {
                self.word(&word, Origin::File { path: (*path).clone(), line: it.line }, worker.loaded.as_ref());
            }
        }
        for (_, it) in in_force("EnvironmentFile") {
            self.environment_file(it.value.trim_start_matches('-'));
        }
    }

    /// An assignment of `Environment=`. What systemd made of it is asked of systemd, where that has read the unit as it is.
    fn word(&mut self, word: &str, origin: Origin, loaded: Option<&BTreeMap<String, String>>) {
        let Some((name, written)) = word.split_once('=') else { return };
        let own = unit_file::percent(written);
        let ignored = match loaded {
            Some(loaded) if !loaded.contains_key(name) && own.is_ok() => Some(Ignored::BySystemd),
            _ => own.is_err().then_some(Ignored::Specifier),
        };
        if ignored.is_some() {
            return self.ignore(name, Given { ignored, ..Given::new(origin, written.to_owned()) });
        }
        // Of several of one name systemd tells the last alone.
        let told = loaded.and_then(|all| all.get(name)).filter(|_| written.contains('%'));
        let value = told.cloned().or(own.ok().flatten());
        self.give(name, Given { value, ..Given::new(origin, String::new()) });
    }

    fn environment_file(&mut self, named: &str) {
        self.file = Some(named.to_owned());
        let text = match host::read(named) {
            host::Text::Read(text) => text,
            host::Text::Missing => return self.gone = Some(named.to_owned()),
            host::Text::Forbidden | host::Text::Failed(_) => return self.unread.push(named.to_owned()),
        };
        self.files.push(named.to_owned());
        self.encoding = self.encoding.take().or(encoding::of(&text).map(|it| (named.to_owned(), it)));
        for line in unit_file::variables(&text) {
            let given = Given::new(Origin::File { path: named.to_owned(), line: line.line }, line.value);
            match line.name.strip_prefix("export").filter(|rest| rest.starts_with(char::is_whitespace)) {
                Some(name) => self.ignore(name.trim(), Given { ignored: Some(Ignored::Export), ..given }),
                None if is_name(&line.name) => self.give(&line.name, given),
                None => {}
            }
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
                // What a script sets for one command is meant so.
                Step::Set(Assignment { ignored: Some(_), .. }) => {}
                Step::Set(it) => self.set(script, it),
                Step::Source(None) => self.unread.push(script.to_owned()),
                Step::Source(Some(named)) => {
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
                self.encoding = self.encoding.take().or(encoding::of(&text).map(|it| (path.to_owned(), it)));
                let Some(steps) = shell_env::read(&text, &self.values()) else {
                    self.unread.push(path.to_owned());
                    return;
                };
                for step in steps {
                    match step {
                        Step::Set(Assignment { ignored: Some(ignored), name, value, line, .. }) => {
                            let origin = Origin::File { path: path.to_owned(), line };
                            self.ignore(&name, Given { origin, value, blank: false, ignored: Some(ignored) });
                        }
                        Step::Set(it) => self.set(path, it),
                        Step::Source(_) => {}
                    }
                }
            }
            host::Text::Missing => self.gone = Some(path.to_owned()),
            host::Text::Forbidden | host::Text::Failed(_) => self.unread.push(path.to_owned()),
        }
    }

    fn set(&mut self, path: &str, it: Assignment) {
        let (path, line) = (path.to_owned(), it.line);
        if !it.default {
            let origin = Origin::File { path, line };
            return self.give(&it.name, Given { origin, value: it.value, blank: it.blank, ignored: None });
        }
        let there = self.given.get(&it.name).and_then(|all| all.first()).and_then(|given| given.value.as_deref());
        if there.is_none_or(str::is_empty) {
            let origin = Origin::Default { path, line };
            self.give(&it.name, Given { origin, value: it.value, blank: false, ignored: None });
        }
    }

    fn give(&mut self, name: &str, given: Given) {
        self.given.entry(name.to_owned()).or_default().insert(0, given);
    }

    fn ignore(&mut self, name: &str, given: Given) {
        self.ignored.entry(name.to_owned()).or_default().insert(0, given);
    }

    /// The strongest value of each.
    pub(super) fn values(&self) -> BTreeMap<String, String> {
        self.all().map(|(name, _, value)| (name.to_owned(), value.to_owned())).collect()
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (&str, &Origin, &str)> {
        self.given.iter().filter_map(|(name, all)| {
            let first = all.first()?;
            Some((name.as_str(), &first.origin, first.value.as_deref()?))
        })
    }

    /// Whether the process has one of the values that a file gives.
    pub(super) fn agrees<'a>(&self, app: Option<&App>, of_process: impl Fn(&str) -> Option<&'a String>) -> bool {
        let of_file = self.all().filter(|(name, origin, _)| matches!(origin, Origin::File { .. }) && is_url(app, name));
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
