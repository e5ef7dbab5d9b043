//! The words in a check's sentences, and what fills them.

use std::collections::BTreeMap;

use crate::check::{Cause, Check, Finding};
use crate::fact::app::{App, BROKER, DATABASE, RESULTS};
use crate::fact::environment::ByHost;
use crate::profile::Addresses;
use crate::snapshot::Snapshot;

/// The far end's public address in a sentence, where it is not known.
pub(super) const NO_PUBLIC: &str = "<the server's public address>";

/// Where a fix is to correct what the quoted words name.
pub(super) const CORRECT: &str = "{correct}";

/// The words that every sentence may use: the deployment's own values.
pub fn common_words(snapshot: &Snapshot, addresses: &Addresses, container: Option<&str>) -> Words {
    let public = addresses.public.map_or_else(|| NO_PUBLIC.to_owned(), |ip| ip.to_string());
    BTreeMap::from([
        ("server", addresses.server.value.to_string()),
        ("client", addresses.client.value.to_string()),
        ("subnet", addresses.subnet.value.to_string()),
        ("interface", addresses.interface.value.clone()),
        ("wireguard_port", addresses.wireguard_port.value.to_string()),
        ("redis_port", addresses.redis_port.value.to_string()),
        ("postgres_port", addresses.postgres_port.value.to_string()),
        ("public", public),
        ("host", snapshot.host.clone()),
        ("here", snapshot.vantage.word().to_owned()),
        ("correct", "Correct what these words name.".to_owned()),
    ])
    .into_iter()
    .chain(in_container(container))
    .chain(of_app(addresses.app.as_ref()))
    .collect()
}

/// What is said of the worker's container, the usual case.
fn in_container(name: Option<&str>) -> Words {
    let name = name.unwrap_or("clippy-gpu-worker");
    let typed = |command: &str| if name.is_empty() { String::new() } else { format!("{command} {name}") };
    [
        ("worker", "the container"),
        ("apply", "recreate the container"),
        ("apply_first", "Recreate the container"),
        ("apply_why", "recreate the container: a restart keeps the old environment"),
        ("inside", "inside the container"),
        ("itself", "inside a container that is the container itself"),
        ("variables_file", ""),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .into_iter()
    .chain([
        ("restart", typed("docker restart")),
        ("start", typed("docker start")),
        ("log", typed("docker logs --tail 20")),
    ])
    .collect()
}

/// What the app calls its variables and its database; what one has no name for is left to a reader.
fn of_app(app: Option<&App>) -> Words {
    let or = |own: Option<&String>, none: &str| own.cloned().unwrap_or_else(|| none.to_owned());
    let (broker, results, database, name) = match app {
        None => (BROKER.to_owned(), RESULTS.to_owned(), DATABASE.to_owned(), "clippy_front".to_owned()),
        Some(app) => (
            app.broker.clone(),
            or(app.results.as_ref(), "the result backend's URL"),
            or(app.database.as_ref(), "the database's URL"),
            or(app.database_name.as_ref(), "DATABASE"),
        ),
    };
    BTreeMap::from([
        ("broker_variable", broker),
        ("results_variable", results),
        ("database_variable", database),
        ("database_name", name),
    ])
}

/// A template with what is said of a worker in a container, for who asks in general.
pub fn usually(template: &str) -> String {
    let words = in_container(None).into_iter().chain(of_app(None)).filter(|(_, value)| !value.is_empty()).collect();
    fill(template, &words)
}

/// The same of a worker that the client runs without Docker.
pub(super) fn without_docker(worker: &ByHost) -> Words {
    let apply = match (worker.unit(), worker.pid) {
        (Some(unit), Some(_)) => format!("restart the worker (`sudo systemctl restart {unit}`)"),
        (Some(unit), None) => format!("start the worker (`sudo systemctl restart {unit}`)"),
        (None, Some(pid)) => format!("stop the worker (process {pid}) and start it again as it was started"),
        (None, None) => "start the worker".to_owned(),
    };
    let mut letters = apply.chars();
    let first = letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default();
    let unit = |command: &str| worker.unit().map(|unit| format!("{command} {unit}")).unwrap_or_default();
    BTreeMap::from([
        ("worker", "the worker".to_owned()),
        ("apply_why", apply.clone()),
        ("apply", apply),
        ("apply_first", first),
        ("inside", "on the client".to_owned()),
        ("itself", "on the client that is the client itself".to_owned()),
        ("restart", worker.restart().unwrap_or_default()),
        // What runs already is not started.
        ("start", unit(if worker.pid.is_some() { "sudo systemctl restart" } else { "sudo systemctl start" })),
        ("log", unit("sudo journalctl -n 20 --no-pager -u")),
        ("variables_file", worker.file.clone().unwrap_or_else(|| "the file of its variables".to_owned())),
    ])
}

/// What is said of the web app, where its own variables are wrong.
pub(super) fn of_web_app(unit: Option<&str>) -> Words {
    let by = unit.map_or_else(String::new, |unit| format!(" (`sudo systemctl restart {unit}`)"));
    BTreeMap::from([
        ("apply", format!("restart the web app{by}")),
        ("apply_why", format!("restart the web app{by}")),
        ("apply_first", format!("Restart the web app{by}")),
        ("inside", "on the server".to_owned()),
        ("itself", "on the server that is the server itself".to_owned()),
        ("restart", unit.map(|unit| format!("sudo systemctl restart {unit}")).unwrap_or_default()),
    ])
}

/// The same where nobody has seen how the worker is run: what it is started with is looked up there.
pub(super) fn unseen_worker() -> Words {
    BTreeMap::from([("start", "sudo clipcheck all worker".to_owned()), ("log", String::new())])
}

/// Words and their values.
pub type Words = BTreeMap<&'static str, String>;

/// Whether a template has a word in it that is known, and is nothing.
pub(super) fn names_empty_word(template: &str, words: &Words) -> bool {
    words.iter().any(|(name, value)| value.is_empty() && template.contains(&format!("{{{name}}}")))
}

/// A template at its first word: what stands before it, its name and value, what stands behind it.
pub(super) fn split<'t, 'w>(template: &'t str, words: &'w Words) -> Option<(&'t str, &'static str, &'w str, &'t str)> {
    template.match_indices('{').find_map(|(at, _)| {
        let (before, after) = template.split_at_checked(at)?;
        let after = after.strip_prefix('{')?;
        // As far as a name goes: a template of braces alone is read once, too.
        let end = after.find(|c: char| !(c.is_ascii_lowercase() || c == '_'))?;
        let (name, behind) = after.split_at_checked(end)?;
        let behind = behind.strip_prefix('}')?;
        let (name, value) = words.get_key_value(name)?;
        Some((before, *name, value.as_str(), behind))
    })
}

/// Fills `{name}`. A name that nobody gave stays, so that a test can find it.
pub(super) fn fill(template: &str, words: &Words) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, _, value, behind)) = split(rest, words) {
        out.extend([before, value]);
        rest = behind;
    }
    out + rest
}

/// What is seen, and what that means for later.
pub(super) fn says(check: &Check, cause: &Cause, finding: &Finding) -> String {
    match &check.later {
        Some(later) if finding.later => format!("{}; {later}", cause.says),
        Some(_) | None => cause.says.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_filled_and_unknown_ones_stay() {
        let words = BTreeMap::from([("server", "10.8.0.1".to_owned())]);
        assert_eq!(
            fill("at {server}: {} {nobody} awk '{print $1}' {server}", &words),
            "at 10.8.0.1: {} {nobody} awk '{print $1}' 10.8.0.1"
        );
    }
}
