//! What `clipcheck init` goes by: the Celery workers that run here, the units that an administrator wrote, and which of
//! their variables hold a URL of Redis or PostgreSQL. Names only: no value leaves this module.

use super::workers::{self, Found};
use super::{docker, host, host_worker};
use crate::fact::Vantage;
use crate::fact::limits::FILES as MOST_FILES;
use crate::fact::touch::{Touch, reads};
use crate::profile::draft::{Kind, Seen, Variable, WebApp};
use crate::read::{celery_command, dotenv, unit_file, url};

/// The workers and the web apps that were found here, and what could not be read.
pub async fn find(vantage: Option<Vantage>) -> (Vec<Seen>, Vec<WebApp>, Vec<String>) {
    let mut unread = Vec::new();
    let mut seen = Vec::new();
    match workers::found() {
        Ok(found) => {
            let inside = vantage == Some(Vantage::Container);
            let here = found.iter().filter(|it| inside || !it.contained);
            seen.extend(here.map(|it| of_process(it, &mut unread)));
        }
        Err(why) => unread.push(why.to_string()),
    }
    if let Ok(containers) = docker::containers().await {
        for container in &containers {
            if celery_command::read(&container.command).and_then(|it| it.program) != Some("worker") {
                continue;
            }
            let words = words_of(&container.command);
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            seen.push(Seen {
                place: format!("the container {}", container.name),
                package: celery_command::package(&words),
                queues: celery_command::told(&words).and_then(|(queues, _)| queues),
                unit: None,
                container: Some(container.name.clone()),
                variables: container.variables.iter().filter_map(|(name, value)| variable(name, value)).collect(),
            });
        }
    }
    let (stopped, web) = units(&mut unread);
    // A unit that runs was seen by its process.
    let new = |it: &Seen| !seen.iter().any(|other| other.unit == it.unit);
    let stopped: Vec<Seen> = stopped.into_iter().filter(new).collect();
    seen.extend(stopped);
    (seen, web, unread)
}

fn of_process(found: &Found, unread: &mut Vec<String>) -> Seen {
    let pid = found.worker.pid;
    let words: Vec<&str> = found.arguments.iter().map(String::as_str).collect();
    let environ = match host::read(format!("/proc/{pid}/environ")) {
        host::Text::Read(text) => text,
        host::Text::Missing | host::Text::Forbidden | host::Text::Failed(_) => {
            unread.push(format!("the variables of process {pid}: run as root, or as its user"));
            String::new()
        }
    };
    let pairs = environ.split_terminator('\0').filter_map(|pair| pair.split_once('='));
    Seen {
        place: found.unit.as_ref().map_or(format!("process {pid}"), |unit| format!("{unit} (process {pid})")),
        package: celery_command::package(&words),
        queues: found.worker.queues.clone(),
        unit: found.unit.clone(),
        container: None,
        variables: pairs.filter_map(|(name, value)| variable(name, value)).collect(),
    }
}

/// Units that start a worker, and those with the variables of a web app.
fn units(unread: &mut Vec<String>) -> (Vec<Seen>, Vec<WebApp>) {
    let (mut workers, mut web) = (Vec::new(), Vec::new());
    for (name, text) in host_worker::units() {
        let settings = unit_file::service(&text);
        let starts = |it: &&unit_file::Setting| it.name == "ExecStart" && host_worker::starts_worker(&it.value);
        let command = settings.iter().find(starts).map(|it| unit_file::words(&it.value));
        let folder = settings.iter().rev().find(|it| it.name == "WorkingDirectory").map(|it| it.value.as_str());
        let named = settings.iter().filter(|it| it.name == "EnvironmentFile");
        let mut files: Vec<(String, bool)> =
            named.map(|it| (it.value.trim_start_matches('-').to_owned(), true)).collect();
        files.extend(folder.map(|folder| (format!("{}/.env", folder.trim_end_matches('/')), false)));
        let mut all: Vec<Variable> = settings
            .iter()
            .filter(|it| it.name == "Environment")
            .flat_map(|it| unit_file::words(&it.value))
            .filter_map(|pair| pair.split_once('=').and_then(|(name, value)| variable(name, value)))
            .collect();
        for (path, told) in files.into_iter().take(MOST_FILES) {
            let text = match host::read(&path) {
                host::Text::Read(text) => text,
                host::Text::Missing => continue,
                host::Text::Forbidden | host::Text::Failed(_) => {
                    unread.push(format!("{path}: run as root"));
                    continue;
                }
            };
            let found: Vec<Variable> = if told {
                unit_file::variables(&text).iter().filter_map(|it| variable(&it.name, &it.value)).collect()
            } else {
                let bindings = dotenv::read(&text, &std::collections::BTreeMap::new()).unwrap_or_default();
                bindings.iter().filter_map(|it| variable(&it.name, it.value.as_deref()?)).collect()
            };
            if command.is_none() && found.iter().any(|it| it.kind == Kind::Redis) {
                web.push(WebApp { file: path, unit: name.clone() });
            }
            all.extend(found);
        }
        if let Some(words) = command {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            workers.push(Seen {
                place: format!("{name} (not running)"),
                package: celery_command::package(&words),
                queues: celery_command::told(&words).and_then(|(queues, _)| queues),
                unit: Some(name),
                container: None,
                variables: all,
            });
        }
    }
    (workers, web)
}

/// A shell's script in one word is as many words as it has.
fn words_of(command: &[String]) -> Vec<String> {
    command.iter().flat_map(|word| word.split_whitespace().map(str::to_owned)).collect()
}

/// A variable whose value is a URL of Redis or PostgreSQL: its name, and what of the URL is no secret.
fn variable(name: &str, value: &str) -> Option<Variable> {
    let url = url::read(value).ok()?.url;
    let kind = if url.is_redis() {
        Kind::Redis
    } else if url.is_postgres() {
        Kind::Postgres
    } else {
        url.scheme.starts_with("amqp").then_some(Kind::OtherBroker)?
    };
    Some(Variable { name: name.to_owned(), kind, database: url.database.filter(|_| kind == Kind::Postgres) })
}

/// What [`find`] does.
pub fn touches() -> Vec<Touch> {
    let files = ["{started}", "/proc/{pid}/environ", "{environment-file}", "{web-app}/.env"];
    [super::workers::touches(), docker::touches(), host_worker::units_touches(), reads(&files)].concat()
}
