//! The containers that publish ports of this machine: what Docker tells of them, and what the kernel tells of their
//! sockets. Nothing is run in them.

use super::{ProbeResult, docker, host, network};
use crate::fact::containers::{Containers, Publisher};
use crate::fact::docker::State;
use crate::fact::redis::Directive;
use crate::fact::service::quote::Quote;
use crate::fact::touch::{Touch, only, reads, runs};
use crate::fact::{Fact, Unseen};
use crate::read::published::{self, Found};
use crate::read::{last_words, redis_conf};

/// Of a log, its last words.
const LOG: &str = "40";

pub(super) async fn look() -> ProbeResult {
    ProbeResult::new("docker inspect", all().await.map(Fact::Containers))
}

async fn all() -> Result<Containers, Unseen> {
    let json = docker::inspected().await?;
    let unreadable = || Unseen::Unreadable("the output of `docker inspect`".to_owned());
    let mut all = Vec::new();
    for found in published::read(&json).ok_or_else(unreadable)? {
        all.push(container(found).await);
    }
    Ok(Containers { all })
}

async fn container(found: Found) -> Publisher {
    let Found { mut container, process, on_host, conf } = found;
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
