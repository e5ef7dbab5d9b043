//! Compose files, as far as they say which variables a service's container gets: `environment`, `env_file`, `${…}` and
//! the project's own `.env`, each with its line, also by `extends` and `include`.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::{HostLine, Origin, Via, envfile};

pub mod fill;
mod pieces;
mod yaml;

use pieces::Search;

use yaml::Node;

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
    pub via: Vec<Via>,
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

/// Reads what a service's container gets; none where the files have no such service, or compose refuses them.
pub fn read(project: &Project<'_>, service: &str) -> Option<Stack> {
    let of_shell = |value: &String| Worth { value: value.clone(), at: None, blank: false };
    let shell: Known = project.shell.iter().map(|(name, value)| (name.clone(), of_shell(value))).collect();
    let known = Rc::new(with_files(&shell, project.dotenv)?);
    let mut search = Search { open: project.open, unread: Vec::new(), others: Vec::new(), left: STEPS };
    let mut pieces = Vec::new();
    for file in project.files {
        pieces.extend(search.file(file, project.folder, &known, service)?);
    }
    let mut stack = Stack { unread: search.unread, others: search.others, ..Stack::default() };
    let mut env_files: Vec<(String, bool, bool)> = Vec::new();
    for piece in pieces {
        let lookup = |name: &str| value(&piece.known, name);
        stack.place = Some((piece.file.clone(), piece.node.line));
        if let Some(command) = piece.node.get("command") {
            stack.command = Some((piece.file.clone(), command.line));
        }
        let listed = piece.node.get("environment").is_some_and(|node| !node.items().is_empty());
        let asked = if listed || piece.merged { &piece.known } else { &known };
        for (name, raw, line) in piece.node.get("environment").map(pairs).unwrap_or_default() {
            let origin = Origin::Compose { path: piece.file.clone(), line };
            let given = match raw {
                None => Given {
                    origin,
                    value: value(asked, &name),
                    via: via(asked, vec![name.clone()], true),
                    blank: false,
                },
                Some(raw) => {
                    let filled = fill::fill(&raw, &lookup)?;
                    let whole =
                        filled.names.len() == 1 && raw.starts_with('$') && (!raw.contains('{') || closes_at_end(&raw));
                    Given {
                        origin,
                        value: Some(filled.text),
                        via: via(&piece.known, filled.names, whole),
                        blank: filled.blank,
                    }
                }
            };
            stack.given.entry(name).or_default().insert(0, given);
        }
        for (text, line) in piece.node.get("extra_hosts").map(hosts).unwrap_or_default() {
            let read = HostLine::read(&fill::fill(&text, &lookup)?.text);
            stack.hosts.extend(read.map(|read| HostLine { at: Some((piece.file.clone(), line)), ..read }));
        }
        for (path, required, raw) in piece.node.get("env_file").map(files).unwrap_or_default() {
            let path = fill::fill(&path, &lookup)?.text;
            // The paths of another folder's file are joined to it first.
            let path = if piece.folder == project.folder { path } else { absolute(&piece.folder, &path) };
            // A file that is named twice, in the same letters, keeps its first place.
            match env_files.iter_mut().find(|(other, ..)| *other == path) {
                Some(there) => *there = (path, required, raw),
                None => env_files.push((path, required, raw)),
            }
        }
    }
    stack.place.as_ref()?;
    let lookup = |name: &str| value(&known, name);
    let own: BTreeMap<String, String> =
        stack.given.iter().filter_map(|(name, given)| Some((name.clone(), given.first()?.value.clone()?))).collect();
    let mut from_files: Vec<(String, Given)> = Vec::new();
    for (path, required, raw) in env_files {
        let path = absolute(project.folder, &path);
        let Some(text) = (project.open)(&path) else {
            if required {
                stack.unread.push(path);
            }
            continue;
        };
        let of_files = |name: &str| from_files.iter().rev().find(|(own, _)| own == name)?.1.value.clone();
        let first = |name: &str| lookup(name).or_else(|| own.get(name).cloned());
        let lines = if raw {
            envfile::docker(&text, &|name| first(name).or_else(|| of_files(name)))
        } else {
            envfile::compose(&text, &first, &of_files)
        }
        .ok()?;
        stack.env_files.push(path.clone());
        let made: Vec<_> = lines
            .into_iter()
            .map(|line| {
                let origin = Origin::EnvFile { path: path.clone(), line: line.line };
                (
                    line.name,
                    Given { origin, value: Some(line.value), via: via(&known, line.names, false), blank: line.blank },
                )
            })
            .collect();
        from_files.extend(made);
    }
    for (name, given) in from_files.into_iter().rev() {
        stack.given.entry(name).or_default().push(given);
    }
    Some(stack)
}

fn closes_at_end(raw: &str) -> bool {
    raw.starts_with("${") && raw.ends_with('}') && raw.matches('}').count() == raw.matches("${").count()
}

/// What is known, and what env files add to it; none where compose refuses one of them.
fn with_files(known: &Known, dotenv: &[File]) -> Option<Known> {
    let mut all = known.clone();
    for file in dotenv {
        for line in envfile::compose(&file.text, &|name| value(known, name), &|_| None).ok()? {
            if !known.contains_key(&line.name) {
                let at = Some((file.path.clone(), line.line));
                all.insert(line.name, Worth { value: line.value, at, blank: line.blank });
            }
        }
    }
    Some(all)
}

fn value(known: &Known, name: &str) -> Option<String> {
    known.get(name).map(|worth| worth.value.clone())
}

fn via(known: &Known, names: Vec<String>, whole: bool) -> Vec<Via> {
    let one = |name: String| {
        let there = known.get(&name);
        let blank = there.is_some_and(|worth| worth.blank);
        Via { at: there.and_then(|worth| worth.at.clone()), whole, known: there.is_some(), blank, name }
    };
    names.into_iter().map(one).collect()
}

/// `environment` in either form: a map, or a list of `NAME=value` and `NAME`.
fn pairs(node: &Node) -> Vec<(String, Option<String>, u32)> {
    let of_map = node.pairs().iter().map(|(name, value)| (name.clone(), value.word(), value.line));
    let of_list = node.items().iter().filter_map(|item| {
        let text = item.text()?;
        let (name, value) = text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value)));
        Some((name.to_owned(), value.map(str::to_owned), item.line))
    });
    of_map.chain(of_list).collect()
}

/// `extra_hosts` in either form: a list of `name:address` or `name=address`, or a map, of one address or several.
fn hosts(node: &Node) -> Vec<(String, u32)> {
    let of_list = node.items().iter().filter_map(|item| Some((item.text()?.to_owned(), item.line)));
    let of_map = node.pairs().iter().flat_map(|(name, value)| {
        let several = if value.items().is_empty() { std::slice::from_ref(value) } else { value.items() };
        several.iter().filter_map(move |one| Some((format!("{name}={}", one.text()?), one.line)))
    });
    of_list.chain(of_map).collect()
}

/// `env_file` in its forms: a path, a list of paths, and of `path`, `required` and `format`. For each, whether it must
/// be there and whether it is read as `docker run --env-file` reads.
fn files(node: &Node) -> Vec<(String, bool, bool)> {
    let one = |node: &Node| -> Option<(String, bool, bool)> {
        if let Some(path) = node.text() {
            return Some((path.to_owned(), true, false));
        }
        let required = node.get("required").and_then(Node::word).is_none_or(|word| word != "false");
        let raw = node.get("format").and_then(Node::text).is_some_and(|format| format == "raw");
        Some((node.get("path")?.text()?.to_owned(), required, raw))
    };
    if node.items().is_empty() {
        one(node).into_iter().collect()
    } else {
        node.items().iter().filter_map(one).collect()
    }
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
