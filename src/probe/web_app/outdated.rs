//! What the running web app was started with, against its files: who edits a file and does not restart what reads it sees
//! the new value where only the old one is in force.

use super::{Found, host, host_worker};
use crate::fact::environment::{is_url, variables};
use crate::fact::web_app::Outdated;
use crate::probe::environment::dotenvs;
use crate::read::{dotenv, unit_file};

/// A variable as a file sets it. Holds its value, so it has no `Debug`.
#[derive(Clone)]
struct Line {
    name: String,
    value: String,
    path: String,
    number: u32,
}

/// The URLs that its process has otherwise than a file which was changed after its start, and which the next start would take
/// them from.
pub(super) fn outdated(found: &Found) -> Vec<Outdated> {
    let own = unit(found);
    let of_unit = files_of_unit(own.as_deref().unwrap_or_default());
    let of_app = file_of_app(found);
    let newer = |path: &str| host::stat(path).ok().flatten().is_some_and(|stat| stat.changed_at > found.started_at);
    let urls = variables(None).into_iter().filter(|name| is_url(None, name));
    let next = urls.filter_map(|variable| {
        let last = |all: &[Line]| all.iter().rev().find(|it| it.name == variable).cloned();
        // The last of the unit's files goes before its `Environment=`, and that before what the app itself reads. What its
        // command does with a variable is not followed.
        let meant = own.as_deref().is_some_and(|text| sets(text, variable));
        let found = last(&of_unit).or_else(|| last(&of_app).filter(|_| !meant));
        found.filter(|_| !own.as_deref().is_some_and(|text| command_has(text, variable)))
    });
    let differs = |it: &Line| newer(&it.path) && found.environ.get(&it.name).is_some_and(|has| *has != it.value);
    next.filter(differs).map(|it| Outdated { variable: it.name, path: it.path, line: it.number }).collect()
}

/// The file of its unit, where an administrator wrote one.
fn unit(found: &Found) -> Option<String> {
    host_worker::units().into_iter().find(|(name, _)| Some(name) == found.unit.as_ref()).map(|(_, text)| text)
}

/// Whether a unit's `Environment=` has the variable.
fn sets(text: &str, variable: &str) -> bool {
    let settings = unit_file::service(text).into_iter().filter(|it| it.name == "Environment");
    let words = settings.flat_map(|it| unit_file::words(&it.value)).collect::<Vec<_>>();
    words.iter().any(|word| word.split_once('=').is_some_and(|(name, _)| name == variable))
}

/// Whether the command of a unit has the variable's name, or a script that it names does.
fn command_has(unit: &str, variable: &str) -> bool {
    let commands = unit_file::service(unit).into_iter().filter(|it| it.name == "ExecStart");
    let words = commands.flat_map(|it| unit_file::words(&it.value)).collect::<Vec<_>>();
    let script = |word: &String| {
        let path = word.trim_start_matches(['-', '@', ':', '+', '!']);
        path.starts_with('/') && text(path).is_some_and(|text| text.starts_with("#!") && text.contains(variable))
    };
    words.iter().any(|word| word.contains(variable) || script(word))
}

/// What the unit's `EnvironmentFile=` set, in their order.
fn files_of_unit(unit: &str) -> Vec<Line> {
    let named = unit_file::service(unit).into_iter().filter(|it| it.name == "EnvironmentFile");
    let paths = named.map(|it| it.value.trim_start_matches('-').to_owned());
    let lines = paths.filter_map(|path| {
        let all = unit_file::variables(&text(&path)?).into_iter();
        Some(all.map(move |it| Line { name: it.name, value: it.value, path: path.clone(), number: it.line }))
    });
    lines.flatten().collect()
}

/// What the first `.env` sets that the app itself finds.
fn file_of_app(found: &Found) -> Vec<Line> {
    let first = dotenvs(&found.folder).into_iter().find_map(|path| Some((text(&path)?, path)));
    let Some((text, path)) = first else { return Vec::new() };
    let all = dotenv::read(&text, &found.environ).unwrap_or_default().into_iter();
    all.filter_map(|it| Some(Line { name: it.name, value: it.value?, path: path.clone(), number: it.line })).collect()
}

fn text(path: &str) -> Option<String> {
    match host::read(path) {
        host::Text::Read(text) => Some(text),
        host::Text::Missing | host::Text::Forbidden | host::Text::Failed(_) => None,
    }
}
