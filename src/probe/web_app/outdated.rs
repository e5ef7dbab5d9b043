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
    let own = unit(found);
    for (path, lines) in files(found, own.as_deref()) {
        let newer = host::stat(&path).ok().flatten().is_some_and(|stat| stat.changed_at > found.started_at);
        if !newer {
            continue;
        }
        for variable in variables(None).into_iter().filter(|name| is_url(None, name)) {
            let Some((_, value, line)) = lines.iter().rev().find(|(name, ..)| name == variable) else { continue };
            // What the unit sets goes before what the app itself reads, and is meant so.
            let meant = own.as_deref().is_some_and(|text| sets(text, variable) && !text.contains(&path));
            let differs = !meant && found.environ.get(variable).is_some_and(|has| has != value);
            if differs && !all.iter().any(|it| it.variable == variable) {
                all.push(Outdated { variable: variable.to_owned(), path: path.clone(), line: *line });
            }
        }
    }
    all
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

/// What its unit and the app itself read, with what each sets.
fn files(found: &Found, own: Option<&str>) -> Vec<(String, Vec<Line>)> {
    let named = own.map(unit_file::service).unwrap_or_default().into_iter();
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
