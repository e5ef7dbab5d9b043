//! What the running web app was started with, against its files: who edits a file and does not restart what reads it sees
//! the new value where only the old one is in force.

use super::{Found, host, host_worker};
use crate::fact::environment::{is_url, variables};
use crate::fact::web_app::Outdated;
use crate::probe::environment::dotenvs;
use crate::read::{dotenv, unit_file};

/// A variable's name, its value, and its line in a file.
type Line = (String, String, u32);

/// The URLs that its process has otherwise than a file which was changed after its start.
pub(super) fn outdated(found: &Found) -> Vec<Outdated> {
    let mut all: Vec<Outdated> = Vec::new();
    for (path, lines) in files(found) {
        let newer = host::stat(&path).ok().flatten().is_some_and(|stat| stat.changed_at > found.started_at);
        if !newer {
            continue;
        }
        for variable in variables(None).into_iter().filter(|name| is_url(None, name)) {
            let Some((_, value, line)) = lines.iter().rev().find(|(name, ..)| name == variable) else { continue };
            let differs = found.environ.get(variable).is_some_and(|has| has != value);
            if differs && !all.iter().any(|it| it.variable == variable) {
                all.push(Outdated { variable: variable.to_owned(), path: path.clone(), line: *line });
            }
        }
    }
    all
}

/// What its unit and the app itself read, with what each sets.
fn files(found: &Found) -> Vec<(String, Vec<Line>)> {
    let units = host_worker::units();
    let own = units.iter().find(|(name, _)| Some(name) == found.unit.as_ref());
    let named = own.map(|(_, text)| unit_file::service(text)).unwrap_or_default().into_iter();
    let named = named.filter(|it| it.name == "EnvironmentFile").map(|it| it.value.trim_start_matches('-').to_owned());
    let of_unit = named.filter_map(|path| {
        let lines = unit_file::variables(&text(&path)?).into_iter().map(|it| (it.name, it.value, it.line));
        Some((path, lines.collect()))
    });
    let of_app = dotenvs(&found.folder).into_iter().find_map(|path| Some((text(&path)?, path)));
    let of_app = of_app.and_then(|(text, path)| {
        let lines = dotenv::read(&text, &found.environ)?.into_iter();
        Some((path, lines.filter_map(|it| Some((it.name, it.value?, it.line))).collect()))
    });
    of_unit.chain(of_app).collect()
}

fn text(path: &str) -> Option<String> {
    match host::read(path) {
        host::Text::Read(text) => Some(text),
        host::Text::Missing | host::Text::Forbidden | host::Text::Failed(_) => None,
    }
}
