//! Compose files, as far as they say which variables a service's container gets: `environment`, `env_file`, `${…}` and
//! the project's own `.env`, each with its line, also by `extends` and `include`.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::envfile;
use crate::fact::environment::{HostLine, Interpolation, Origin};
use crate::fact::limits::Budget;

pub(super) mod fill;
mod forms;
mod pieces;
mod yaml;

use forms::{files, hosts, pairs};
use pieces::{Piece, Search};

/// A text file that was read.
pub struct File {
    /// Where it lies.
    pub path: String,
    /// What stands in it, secrets and all.
    pub text: String,
}

/// One line that gives a service's container a variable. Holds its value, so it has no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Given {
    /// Where it stands.
    pub origin: Origin,
    /// Its value; none for a bare name that compose knows no value of, which then gets none from an env file either.
    pub value: Option<String>,
    /// What `${…}` in it asked for.
    pub via: Vec<Interpolation>,
    /// Whether a `$` in it had no value.
    pub blank: bool,
}

/// What compose makes of its files for one service.
#[derive(Default)]
pub struct Stack {
    /// The line of the service's name in the last file that has it.
    pub place: Option<(String, u32)>,
    /// The line of its `command` in the last file that has one.
    pub command: Option<(String, u32)>,
    /// By name; strongest first.
    pub given: BTreeMap<String, Vec<Given>>,
    /// `extra_hosts`.
    pub hosts: Vec<HostLine>,
    /// The files that are needed and were not read.
    pub unread: Vec<String>,
    /// The files that were read because one of the project's extends or includes them, and the `.env` beside those.
    pub others: Vec<String>,
    /// The env files of the service that were read.
    pub env_files: Vec<String>,
}

/// Which files, and how others are found.
pub struct Project<'a> {
    /// The compose files in order; a later one overrides.
    pub files: &'a [File],
    /// The project's `.env` files, in order.
    pub dotenv: &'a [File],
    /// The folder that relative paths start from.
    pub folder: &'a str,
    /// Variables that the shell exports, as far as they are known; they go before `.env`.
    pub shell: &'a BTreeMap<String, String>,
    /// Reads a file.
    pub open: &'a dyn Fn(&str) -> Option<String>,
}

/// Services extend each other and files include each other over fewer steps than this.
const STEPS: usize = 100;

/// What interpolation knows of a name.
#[derive(Clone)]
struct Worth {
    value: String,
    /// The line it stands on; none for the shell's.
    at: Option<(String, u32)>,
    /// Whether a `$` in it had no value.
    blank: bool,
}

/// By name.
type Known = BTreeMap<String, Worth>;

/// Reads what a service's container gets; none where the files have no such service, or compose refuses them, or they
/// become more than there is a [`Budget`] for.
pub fn read(project: &Project<'_>, service: &str) -> Option<Stack> {
    let of_shell = |value: &String| Worth { value: value.clone(), at: None, blank: false };
    let shell: Known = project.shell.iter().map(|(name, value)| (name.clone(), of_shell(value))).collect();
    let mut budget = Budget::default();
    let known = Rc::new(with_files(&shell, project.dotenv, &mut budget)?);
    let mut search = Search { open: project.open, unread: Vec::new(), others: Vec::new(), left: STEPS, budget };
    let mut pieces = Vec::new();
    for file in project.files {
        pieces.extend(search.file(file, project.folder, &known, service)?);
    }
    let Search { unread, others, mut budget, .. } = search;
    let mut stack = Stack { unread, others, ..Stack::default() };
    let mut env_files = EnvFiles::default();
    for piece in pieces {
        stack.place = Some((piece.file.clone(), piece.node.line));
        stack.add(project, &piece, &known, &mut env_files, &mut budget)?;
    }
    stack.place.as_ref()?;
    // The last line goes before the others.
    stack.given.values_mut().for_each(|given| given.reverse());
    for (name, given) in stack.of_env_files(project, &known, env_files.all, &mut budget)?.into_iter().rev() {
        stack.given.entry(name).or_default().push(given);
    }
    Some(stack)
}

/// The env files of a service: paths, whether each must be there, and whether it is read as it stands.
#[derive(Default)]
struct EnvFiles {
    all: Vec<(String, bool, bool)>,
    place: BTreeMap<String, usize>,
}

impl Stack {
    /// What one piece says, behind what the pieces before it say.
    fn add(
        &mut self,
        project: &Project<'_>,
        piece: &Piece,
        known: &Known,
        env_files: &mut EnvFiles,
        budget: &mut Budget,
    ) -> Option<()> {
        if let Some(command) = piece.node.get("command") {
            self.command = Some((piece.file.clone(), command.line));
        }
        let listed = piece.node.get("environment").is_some_and(|node| !node.items().is_empty());
        let asked = if listed || piece.merged { &piece.known } else { known };
        for (name, raw, line) in piece.node.get("environment").map(pairs).unwrap_or_default() {
            let origin = Origin::Compose { path: piece.file.clone(), line };
            let given = match raw {
                None => {
                    let value = value(asked, &name);
                    budget.expand(value.map_or(0, str::len))?;
                    let via = via(asked, vec![name.clone()], true);
                    Given { origin, value: value.map(str::to_owned), via, blank: false }
                }
                Some(raw) => {
                    let filled = piece.fill(&raw, budget)?;
                    let whole =
                        filled.names.len() == 1 && raw.starts_with('$') && (!raw.contains('{') || closes_at_end(&raw));
                    let via = via(&piece.known, filled.names, whole);
                    Given { origin, value: Some(filled.text), via, blank: filled.blank }
                }
            };
            self.given.entry(name).or_default().push(given);
        }
        for (text, line) in piece.node.get("extra_hosts").map(hosts).unwrap_or_default() {
            let read = super::hosts::read(&piece.fill(&text, budget)?.text);
            self.hosts.extend(read.map(|read| HostLine { at: Some((piece.file.clone(), line)), ..read }));
        }
        for (path, required, raw) in piece.node.get("env_file").map(files).unwrap_or_default() {
            let path = piece.fill(&path, budget)?.text;
            // The paths of another folder's file are joined to it first.
            let path = if piece.folder == project.folder { path } else { absolute(&piece.folder, &path) };
            // A file that is named twice, in the same letters, keeps its first place.
            let place = *env_files.place.entry(path.clone()).or_insert(env_files.all.len());
            if let Some(there) = env_files.all.get_mut(place) {
                *there = (path, required, raw);
            } else {
                env_files.all.push((path, required, raw));
            }
        }
        Some(())
    }

    /// What the env files give, in order.
    fn of_env_files(
        &mut self,
        project: &Project<'_>,
        known: &Known,
        env_files: Vec<(String, bool, bool)>,
        budget: &mut Budget,
    ) -> Option<Vec<(String, Given)>> {
        let mut found: Vec<(String, Given)> = Vec::new();
        let mut last: BTreeMap<String, usize> = BTreeMap::new();
        for (path, required, raw) in env_files {
            let path = absolute(project.folder, &path);
            let Some(text) = (project.open)(&path) else {
                if required {
                    self.unread.push(path);
                }
                continue;
            };
            budget.file(&text)?;
            let given = &self.given;
            let first = |name: &str| value(known, name).or_else(|| given.get(name)?.first()?.value.as_deref());
            let above = |name: &str| found.get(*last.get(name)?)?.1.value.as_deref();
            let lines = if raw {
                envfile::docker(&text, &|name| first(name).or_else(|| above(name)), budget)
            } else {
                envfile::compose(&text, &first, &above, budget)
            };
            let lines = lines.ok()?;
            self.env_files.push(path.clone());
            for line in lines {
                let origin = Origin::EnvFile { path: path.clone(), line: line.line };
                let via = via(known, line.names, false);
                last.insert(line.name.clone(), found.len());
                found.push((line.name, Given { origin, value: Some(line.value), via, blank: line.blank }));
            }
        }
        Some(found)
    }
}

fn closes_at_end(raw: &str) -> bool {
    raw.starts_with("${") && raw.ends_with('}') && raw.matches('}').count() == raw.matches("${").count()
}

/// What is known, and what env files add to it; none where compose refuses one of them.
fn with_files(known: &Known, dotenv: &[File], budget: &mut Budget) -> Option<Known> {
    budget.expand(known.values().map(|worth| worth.value.len()).sum())?;
    let mut all = known.clone();
    for file in dotenv {
        for line in envfile::compose(&file.text, &|name| value(known, name), &|_| None, budget).ok()? {
            if !known.contains_key(&line.name) {
                let at = Some((file.path.clone(), line.line));
                all.insert(line.name, Worth { value: line.value, at, blank: line.blank });
            }
        }
    }
    Some(all)
}

fn value<'a>(known: &'a Known, name: &str) -> Option<&'a str> {
    known.get(name).map(|worth| worth.value.as_str())
}

fn via(known: &Known, names: Vec<String>, whole: bool) -> Vec<Interpolation> {
    let one = |name: String| {
        let there = known.get(&name);
        let blank = there.is_some_and(|worth| worth.blank);
        Interpolation { at: there.and_then(|worth| worth.at.clone()), whole, known: there.is_some(), blank, name }
    };
    names.into_iter().map(one).collect()
}

/// A path as it is shown: joined to the folder, without `./`.
pub fn absolute(folder: &str, path: &str) -> String {
    if path.starts_with('/') {
        return path.to_owned();
    }
    let mut parts: Vec<&str> = folder.trim_end_matches('/').split('/').collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.len() > 1 => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests;
