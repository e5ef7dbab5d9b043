//! The worker's containers, as Docker tells of them.

use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};
use tokio::sync::OnceCell;

use super::host::Said;
use super::starters::{self, Starter};
use super::{PROGRAM, ProbeContext, ProbeResult, host, service};
use crate::fact::app::App;
use crate::fact::docker::words::LastWords;
use crate::fact::docker::{Borrowed, Docker, STARTED, State, Worker};
use crate::fact::order::InOrder;
use crate::fact::touch::{Touch, only, runs};
use crate::fact::{Fact, Unseen};
use crate::read::inspect::{self, Container, Image};
use crate::read::quoted::{self, Secrets};
use crate::read::{celery_command, last_line, worker_log};

#[cfg(unix)]
mod engine;
#[cfg(not(unix))]
#[path = "docker/engine_elsewhere.rs"]
mod engine;

/// The worker's name in the guide, in the project's compose files, and as Compose itself makes it.
const NAMES: [&str; 5] = [
    "clippy-gpu-worker",
    "clippy-worker",
    "clippy-gpu-worker-sync",
    "clippyfront-worker-worker-1",
    "clippyfront-worker-worker-local-1",
];

/// What only a worker is given.
const SIGNS: [&str; 3] = ["CELERY_BROKER_URL", "CELERY_QUEUES", "CELERY_CONCURRENCY"];

/// More containers than a GPU machine has; the newest are looked at.
const MOST: usize = 40;

/// As many characters of an id as `docker ps` shows.
const SHORT: usize = 12;

/// Of a log: its last words, and those of a program that says much when it dies.
const LOG: &str = "60";

pub(super) async fn look(context: &ProbeContext) -> ProbeResult {
    let found = match workers(context).await {
        Ok(found) => found,
        Err(why) => return ProbeResult::new("docker inspect", Err(why)),
    };
    let mut workers = Vec::new();
    for container in found {
        workers.extend(worker(&container, context).await);
    }
    ProbeResult::new("docker inspect", Ok(Fact::Docker(Docker { workers, disk: host::shut(DATA) })))
}

/// Where Docker keeps its data, unless it was told otherwise (dockerd(8), `--data-root`).
const DATA: &str = "/var/lib/docker";

async fn worker(container: &Container, context: &ProbeContext) -> Option<Worker> {
    let state = State::read(&container.status)?;
    let named = image(&container.image).await;
    let log = if state == State::Running && container.restarts == 0 {
        None
    } else {
        logs(&container.name, None, LOG).await.ok()
    };
    let last_words = log.as_ref().and_then(|log| worker_log::read(&log.err).or_else(|| worker_log::read(&log.out)));
    let variables = container.variables.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let secrets = Secrets::of_settings(variables).and_command(container.command.iter().map(String::as_str));
    let said = log.filter(|_| last_words.as_ref().is_none_or(LastWords::leaves_open));
    let said =
        said.and_then(|log| last_line::quoted(&log.err, &secrets).or_else(|| last_line::quoted(&log.out, &secrets)));
    // What Docker says of a start that failed is newer than the log.
    let refused = Some(&container.error).filter(|error| !error.is_empty() && state != State::Running);
    let said = refused.map(|error| quoted::quoted(error, &secrets, &[])).or(said);
    let found = inspect::worker(container, named.map(|image| image.id != container.image_id), last_words)?;
    let borrows = match &container.network_of {
        Some(id) => borrowed(id).await,
        None => None,
    };
    let starter = if starts_itself(&found) { None } else { starter(container) };
    let at_boot = match &starter {
        Some(by) => service::runs_at_boot(by, context).await,
        None => false,
    };
    let started_by = starter.map(|by| by.path);
    Some(Worker { internal: internal(&container.networks).await, borrows, said, started_by, at_boot, ..found })
}

/// Whether Docker starts it with itself, as far as that was told.
fn starts_itself(worker: &Worker) -> bool {
    worker.restart.as_deref().is_none_or(|policy| STARTED.contains(&policy))
}

/// What else may start the container, or a whole project of Compose.
fn starter(container: &Container) -> Option<Starter> {
    let names = [container.name.as_str(), container.image.as_str(), "compose"];
    starters::find(|line| line.contains("docker") && names.iter().any(|name| line.contains(name)))
}

/// The end of a container's log; what was written since some time is told with its time.
pub(super) async fn logs(name: &str, since: Option<u64>, tail: &str) -> Result<Said, Unseen> {
    if let Some((out, err)) = engine::logs(name, since, tail).await {
        return Ok(Said { ok: true, out, err, ..Said::default() });
    }
    let since = since.map(|since| since.to_string());
    let mut arguments = vec!["logs"];
    arguments.extend(since.iter().flat_map(|since| ["--timestamps", "--since", since.as_str()]));
    arguments.extend(["--tail", tail, "--", name]);
    host::run("docker", &arguments, PROGRAM).await
}

/// The container of this id. None where Docker does not tell.
async fn borrowed(id: &str) -> Option<Borrowed> {
    let said = container(id).await.ok()?;
    let gone = || Borrowed { name: id.chars().take(SHORT).collect(), state: None, started_at: 0 };
    let other = inspect::read(&said.out).unwrap_or_default().into_iter().next();
    let of = |it: Container| Borrowed { name: it.name, state: State::read(&it.status), started_at: it.started_at };
    other.map(of).or_else(|| said.err.contains("No such container").then(gone))
}

/// What Docker tells of one container. Holds secrets.
async fn container(name: &str) -> Result<Said, Unseen> {
    match engine::container(name).await {
        Some(out) => Ok(Said { ok: true, out, ..Said::default() }),
        None => host::run("docker", &["inspect", "--type", "container", "--", name], PROGRAM).await,
    }
}

/// The internal ones among these networks. Docker's own three never are.
async fn internal(networks: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    for name in networks.iter().filter(|name| !matches!(name.as_str(), "bridge" | "host" | "none")) {
        let said = match engine::network(name).await {
            Some(said) => Some(said),
            None => host::run("docker", &["network", "inspect", "--", name], PROGRAM).await.ok().map(|said| said.out),
        };
        if said.is_some_and(|said| inspect::is_internal(&said)) {
            found.push(name.clone());
        }
    }
    found
}

/// An image by name or id.
pub(super) async fn image(name: &str) -> Option<Image> {
    let said = match engine::image(name).await {
        Some(said) => said,
        None => host::run("docker", &["image", "inspect", "--", name], PROGRAM).await.ok()?.out,
    };
    inspect::image(&said)
}

/// What Docker told of all containers, once a look of the run asked. Holds secrets, which are gone when the run ends.
#[derive(Debug, Clone, Default)]
pub struct Inspected(Arc<OnceCell<Result<SecretString, Unseen>>>);

impl Inspected {
    pub(super) async fn told(&self) -> Result<&SecretString, Unseen> {
        let asked = async || inspected().await.map(SecretString::from);
        self.0.get_or_init(asked).await.as_ref().map_err(Clone::clone)
    }
}

/// The containers that are workers: the one that the user named, else a known name, else what is given a worker's
/// variables; running ones first.
pub(super) async fn workers(context: &ProbeContext) -> Result<Vec<Container>, Unseen> {
    if let Some(name) = &context.profile.container {
        let said = container(name).await?;
        let found = inspect::read(&said.out).unwrap_or_default();
        return if found.is_empty() { Err(refusal(&said.err, name)) } else { Ok(found) };
    }
    let told = context.inspected.told().await?;
    let (mut found, app) = (inspect::read(told.expose_secret()).unwrap_or_default(), context.profile.app());
    found.retain(|it| is_worker(it, app.as_ref()));
    found.in_order_of(|it| (!it.running, rank(&it.name), it.name.clone()));
    Ok(found)
}

/// All containers on this machine.
pub(super) async fn containers() -> Result<Vec<Container>, Unseen> {
    Ok(inspect::read(&inspected().await?).unwrap_or_default())
}

/// What Docker tells of all of them. Holds secrets.
pub(super) async fn inspected() -> Result<String, Unseen> {
    if let Some(said) = engine::containers().await {
        return Ok(said);
    }
    if engine::is_absent().await {
        return Err(no_answer());
    }
    let said = host::run("docker", &["ps", "--all", "--quiet", "--no-trunc"], PROGRAM).await?;
    if !said.ok {
        return Err(refusal(&said.err, ""));
    }
    let ids: Vec<&str> = said.out.split_whitespace().take(MOST).collect();
    if ids.is_empty() {
        return Ok("[]".to_owned());
    }
    let mut arguments = vec!["inspect", "--type", "container", "--"];
    arguments.extend(&ids);
    Ok(host::run("docker", &arguments, PROGRAM).await?.out)
}

fn rank(name: &str) -> usize {
    NAMES.iter().position(|known| *known == name).unwrap_or(NAMES.len())
}

fn is_worker(container: &Container, app: Option<&App>) -> bool {
    if let Some(app) = app {
        let starts = celery_command::read(&container.command).and_then(|it| it.program) == Some("worker");
        return starts && container.variables.iter().any(|(name, _)| *name == app.broker);
    }
    let given = || container.variables.iter().any(|(name, _)| SIGNS.contains(&name.as_str()));
    NAMES.contains(&container.name.as_str()) || (given() && !container.name.contains("artifact-sync"))
}

/// The names that are looked for, in words.
pub(super) fn none_found(app: Option<&App>) -> Unseen {
    if let Some(app) = app {
        return Unseen::NotKnown(format!(
            "no container here runs a Celery worker that has {}; set the name with `--container NAME`",
            app.broker
        ));
    }
    Unseen::NotKnown(format!(
        "there is no container named {} here, and none has CELERY_BROKER_URL; set the name with `--container NAME`",
        NAMES.join(", ")
    ))
}

/// Docker's exit code is 1 for all of these; its sentences are what is left to tell them apart, and none is kept.
fn refusal(error: &str, name: &str) -> Unseen {
    if error.contains("permission denied") {
        return Unseen::NeedsRights("add this user to the docker group or run as root".to_owned());
    }
    if error.to_ascii_lowercase().contains("no such") {
        return Unseen::NotKnown(format!("there is no container named {name} here"));
    }
    no_answer()
}

fn no_answer() -> Unseen {
    Unseen::NoTool("the Docker engine does not answer".to_owned())
}

/// What asking Docker for its containers does.
pub(super) fn touches() -> Vec<Touch> {
    let by_program = ["docker ps --all --quiet --no-trunc", "docker inspect --type container -- {containers}"];
    let elsewhere = "where the engine's socket does not answer, or you chose another engine";
    [engine::touches(), only(elsewhere, runs(&by_program))].concat()
}

/// What [`look`] does.
pub(super) fn look_touches() -> Vec<Touch> {
    let more = [
        "docker network inspect -- {network}",
        "docker image inspect -- {image}",
        "docker logs --tail 60 -- {container}",
    ];
    let elsewhere = only("where the engine's socket does not answer, or you chose another engine", runs(&more));
    let starters = only("where Docker does not start the worker's container at boot", starters::touches());
    [touches(), host::shut_touches(&[DATA]), starters, elsewhere].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dockers_refusals_are_told_apart() {
        let said = |text| refusal(text, "x");
        let denied = "permission denied while trying to connect to the Docker daemon socket at unix:///x";
        assert!(matches!(said(denied), Unseen::NeedsRights(_)));
        assert!(matches!(said("Error: No such container: x"), Unseen::NotKnown(_)));
        assert!(matches!(said("error: no such object: x"), Unseen::NotKnown(_)));
        assert!(matches!(said("Cannot connect to the Docker daemon at unix:///x."), Unseen::NoTool(_)));
    }

    #[test]
    fn workers_are_known_by_name_or_by_what_they_are_given() {
        let json = r#"[{"Name": "/clippy-worker"}, {"Name": "/mine", "Config": {"Env": ["CELERY_BROKER_URL=x"]}},
            {"Name": "/clippy-artifact-sync", "Config": {"Env": ["CELERY_BROKER_URL=x"]}}, {"Name": "/redis"}]"#;
        let found = inspect::read(json).expect("reads");
        let known: Vec<&str> = found.iter().filter(|it| is_worker(it, None)).map(|it| it.name.as_str()).collect();
        assert_eq!(known, ["clippy-worker", "mine"]);
    }
}
