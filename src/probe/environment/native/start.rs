//! What the next start of a worker without Docker gives it: its unit's variables, what its start script sources, and what
//! that fills in.

use std::collections::BTreeMap;

use crate::fact::app::App;
use crate::fact::environment::{Origin, is_url};
use crate::fact::limits;
use crate::probe::host;
use crate::probe::host_worker::{self, SCRIPT, Worker};
use crate::read::shell_env::{self, Assignment, Step};
use crate::read::unit_file::{self, words};

/// What one place gives a variable. Holds the value, so it has no `Debug`.
pub(super) struct Given {
    pub(super) origin: Origin,
    pub(super) value: Option<String>,
    pub(super) blank: bool,
}

/// What the next start gives the worker.
#[derive(Default)]
pub(super) struct Start {
    /// By variable, strongest first.
    pub(super) given: BTreeMap<String, Vec<Given>>,
    /// The files that take part.
    pub(super) files: Vec<String>,
    /// The file of variables that is meant to be edited.
    pub(super) file: Option<String>,
    pub(super) unread: Vec<String>,
}

impl Start {
    /// As the unit and the script that it runs tell; where there is no unit, as the project's own script does.
    pub(super) fn of(worker: &Worker, folder: &str, app: Option<&App>) -> Self {
        let mut start = Self::default();
        let command = host_worker::setting(&worker.unit_files, "ExecStart").map(|(command, _)| words(&command));
        for (path, text) in &worker.unit_files {
            start.unit(path, text);
        }
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
            return self
                .give(&it.name, Given { origin: Origin::File { path, line }, value: it.value, blank: it.blank });
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
