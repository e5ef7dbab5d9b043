//! The containers that publish ports of this machine: what Docker tells of them, and what the kernel tells of their
//! sockets. Nothing is run in them.

use secrecy::ExposeSecret;

use super::host::Files;
use super::{ProbeContext, ProbeResult, docker, host, network};
use crate::fact::containers::{Containers, Publisher};
use crate::fact::docker::State;
use crate::fact::order::InOrder;
use crate::fact::redis::Directive;
use crate::fact::service::quote::Quote;
use crate::fact::touch::{Touch, only, reads, runs};
use crate::fact::{Fact, Service, Unseen};
use crate::read::published::{self, Found};
use crate::read::{last_words, redis_conf};

/// Of a log, its last words.
const LOG: &str = "40";

pub(super) async fn look(context: &ProbeContext) -> ProbeResult {
    ProbeResult::new("docker inspect", all(context).await.map(Fact::Containers))
}

async fn all(context: &ProbeContext) -> Result<Containers, Unseen> {
    let mut all = Vec::new();
    for found in found(context).await? {
        all.push(container(found).await);
    }
    Ok(Containers { all })
}

async fn found(context: &ProbeContext) -> Result<Vec<Found>, Unseen> {
    let unreadable = || Unseen::Unreadable("the output of `docker inspect`".to_owned());
    published::read(context.inspected.told().await?.expose_secret()).ok_or_else(unreadable)
}

/// A service in a container, and its files.
pub(super) struct Contained {
    /// What Docker tells of it.
    pub(super) found: Found,
    /// As its own processes see them.
    pub(super) files: Files,
    /// The service's port inside.
    #[cfg_attr(
        not(target_os = "linux"),
        expect(dead_code, reason = "only a Linux host has PostgreSQL's socket in a container")
    )]
    pub(super) port: u16,
}

/// The running container that has the service's port: of several, one that publishes it at the tunnel's address.
pub(super) async fn of_service(service: Service, context: &ProbeContext) -> Result<Contained, Unseen> {
    let addresses = context.addresses()?;
    let (name, port, programs) = match service {
        Service::Redis => ("Redis", addresses.redis_port.value, &["redis-server", "valkey-server", "keydb-server"][..]),
        Service::Postgres => ("PostgreSQL", addresses.postgres_port.value, &["postgres"][..]),
    };
    let server = addresses.server.value;
    let mut found = found(context).await?;
    found.retain(|it| it.container.runs() && it.process > 0);
    let leads = |it: &Found| it.container.on(port).any(|it| it.address == server || it.address.is_unspecified());
    found.in_order_of(|it| !leads(it));
    let of_host = |it: &Found| {
        let program = host::read_or_unseen(format!("/proc/{}/comm", it.process)).unwrap_or_default();
        it.on_host && programs.contains(&program.trim())
    };
    let found = found.into_iter().find(|it| it.container.on(port).next().is_some() || of_host(it));
    let found = found.ok_or_else(|| Unseen::NotKnown(format!("no container here has {name}'s port {port}")))?;
    let files = Files::of_container(&found.container.name, &found.id, found.process)?;
    let port = found.container.on(port).next().map_or(port, |it| it.inner);
    Ok(Contained { found, files, port })
}

/// What finding it does.
pub(super) fn service_touches() -> Vec<Touch> {
    [docker::touches(), reads(&["/proc/{pid}/comm", "/proc/{pid}/root", "/proc/{pid}/cgroup", "/proc/self/fd/*"])]
        .concat()
}

async fn container(found: Found) -> Publisher {
    let Found { mut container, process, on_host, conf, .. } = found;
    if process > 0 && on_host {
        container.host_program =
            host::read_or_unseen(format!("/proc/{process}/comm")).ok().map(|it| it.trim().to_owned());
    } else if process > 0 {
        container.inside = network::listening_in(process);
    }
    container.bind = conf.and_then(|path| bind(&path));
    if container.said.is_none() && container.state != State::Running {
        container.said = last(&container.name).await;
    }
    container
}

/// How its log ends; Redis writes to standard output there, PostgreSQL to standard error.
async fn last(name: &str) -> Option<Quote> {
    let said = docker::logs(name, None, LOG).await.ok()?;
    let text = last_words::read(&said.err).or_else(|| last_words::read(&said.out))?;
    Some(Quote { text, source: format!("docker logs {name}"), at: None, named: None })
}

/// The last `bind` of a file that is Redis' own.
fn bind(path: &str) -> Option<Directive> {
    let text = host::read_or_unseen(path).ok()?;
    let line = redis_conf::lines(&text).into_iter().rfind(|line| line.name == "bind")?;
    Some(Directive { value: line.arguments.join(" "), path: path.to_owned(), line: line.number, argument: false })
}

/// What [`look`] does.
pub(super) fn touches() -> Vec<Touch> {
    let of_each = [
        reads(&["/proc/{pid}/comm", "/proc/{pid}/net/tcp", "/proc/{pid}/net/tcp6", "/proc/{pid}", "{mounted}"]),
        only(
            "where it does not run, and the engine's socket does not answer",
            runs(&[&format!("docker logs --tail {LOG} -- {{container}}")]),
        ),
    ];
    [docker::touches(), only("where a container publishes ports", of_each.concat())].concat()
}
