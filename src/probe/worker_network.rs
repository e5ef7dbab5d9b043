//! Into the network of a worker that has one of its own, a container's or a namespace: the kernel lets a thread of an
//! administrator's enter it (setns(2)), and what the thread dials there takes the way that the worker's own packets take.
//! Nothing is started in there, and nothing in it changes.
#![expect(clippy::disallowed_methods, reason = "the kernel's doors to namespaces are files")]

use std::collections::BTreeMap;
use std::fs::File;
use std::os::fd::AsFd;
use std::time::Duration;

use futures_util::future::join_all;
use rustix::fs::fstat;
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use tokio::runtime::Handle;
use tokio::time::{sleep, timeout};

use super::network::{all_links, routes_here};
use super::{DIAL, ProbeContext, ProbeResult, dial, docker, host, host_worker};
use crate::fact::dial::{Dial, Endpoint, TcpOutcome};
use crate::fact::network::Links;
use crate::fact::network::routes::Routes;
use crate::fact::touch::{Touch, asks, connects, enters, only, reads};
use crate::fact::worker_network::WorkerNetwork;
use crate::fact::{Fact, Service, Unseen};

/// How long an answer may take: Linux sends a SYN again after a second (RFC 6298, section 2.1), and one may be lost.
const PATIENCE: Duration = Duration::from_millis(1200);

/// When it is dialled once more: before Linux sends the first SYN again.
const AGAIN: Duration = Duration::from_millis(300);

/// And so many round trips more.
const TRIPS: u32 = 3;

pub(super) async fn look(context: &ProbeContext) -> ProbeResult {
    ProbeResult::new("kernel (TCP connect, in the worker's network)", network(context).await.map(Fact::WorkerNetwork))
}

async fn network(context: &ProbeContext) -> Result<WorkerNetwork, Unseen> {
    let (worker, entry) = entry(context).await?;
    // What this machine does not reach itself, its container need not reach.
    let reach = async |endpoint: Endpoint| {
        let patience = dial::connect(&endpoint).await.ok()?.pace().within(PATIENCE, TRIPS).min(DIAL);
        Some((endpoint, patience))
    };
    let (redis, postgres) = (dial::tunnel(Service::Redis, context)?, dial::tunnel(Service::Postgres, context)?);
    let (redis, postgres) = tokio::join!(reach(redis), reach(postgres));
    let reached = redis.into_iter().chain(postgres).collect();
    let (links, routes, dialled) = inside(entry, reached).await?;
    let mut dials = Vec::new();
    for tcp in dialled {
        // Where this machine does not get through any more either, the way is at fault and not the container's.
        if tcp.how == Dial::Open || dial::connect(&tcp.endpoint).await.is_ok() {
            dials.push(tcp);
        }
    }
    Ok(WorkerNetwork { worker, links, routes, dials })
}

/// The network's door, and whose network it is.
async fn entry(context: &ProbeContext) -> Result<(String, File), Unseen> {
    let containers = docker::workers(context).await;
    if let Some(container) = containers.as_ref().ok().and_then(|all| all.iter().find(|it| it.running)) {
        let worker = format!("the container {}", container.name);
        // Docker Desktop's processes are numbered in its virtual machine; a control group has its container's id in its name.
        let group = host::read_or_unseen(format!("/proc/{}/cgroup", container.process)).ok();
        if container.id.is_empty() || !group.is_some_and(|group| group.contains(&container.id)) {
            return Err(Unseen::NotKnown(format!("{worker} does not run in this machine's own kernel")));
        }
        return Ok((worker.clone(), door(container.process, &worker)?));
    }
    if let Some(found) = host_worker::running(context.profile.app().as_ref())? {
        let worker = format!("process {}", found.worker.pid);
        return Ok((worker.clone(), door(found.worker.pid, &worker)?));
    }
    containers?;
    Err(Unseen::NotKnown("no worker is running here".to_owned()))
}

/// The door to a process's network, if that is another than this program's.
fn door(process: u32, worker: &str) -> Result<File, Unseen> {
    let rights = || Unseen::NeedsRights("root may enter the network of another process".to_owned());
    let open = |process: &str| File::open(format!("/proc/{process}/ns/net")).map_err(|_| rights());
    let (door, own) = (open(&process.to_string())?, open("self")?);
    match (fstat(&door), fstat(&own)) {
        (Ok(there), Ok(here)) if there.st_ino != here.st_ino => Ok(door),
        (_, _) => Err(Unseen::NotKnown(format!("{worker} has this machine's own network"))),
    }
}

/// Its interfaces, its routes, and what became of the dials.
type Seen = (Links, Routes, Vec<TcpOutcome>);

/// On a thread of its own, which never comes back from there.
async fn inside(door: File, reached: Vec<(Endpoint, Duration)>) -> Result<Seen, Unseen> {
    let runtime = Handle::current();
    let enter = move || {
        let entered = move_into_link_name_space(door.as_fd(), Some(LinkNameSpaceType::Network));
        let seen = match entered {
            Ok(()) => runtime.block_on(seen(reached)),
            Err(_) => {
                Err(Unseen::NeedsRights("root (CAP_SYS_ADMIN) may enter the network of another process".to_owned()))
            }
        };
        host::limits::take().map_or(seen, Err)
    };
    let told = host::apart(enter).map_err(|error| host::limits::not_started(&error))?;
    told.await.unwrap_or(Err(Unseen::Crashed))
}

async fn seen(reached: Vec<(Endpoint, Duration)>) -> Result<Seen, Unseen> {
    let links = Links { links: all_links().await? };
    let routes = routes_here(&links.links).await?;
    let dials = join_all(reached.into_iter().map(|(endpoint, patience)| dialled(endpoint, patience))).await;
    Ok((links, routes, dials))
}

/// Twice, the second time a moment later: a lossy line is not a closed one.
async fn dialled(endpoint: Endpoint, patience: Duration) -> TcpOutcome {
    let again = async {
        sleep(AGAIN).await;
        dial::connect(&endpoint).await
    };
    let either = async {
        tokio::select! { first = dial::connect(&endpoint) => first, second = again => second }
    };
    let (how, from) = match timeout(patience, either).await.unwrap_or(Err(Dial::Timeout)) {
        Ok(stream) => (Dial::Open, stream.local_addr().ok().map(|at| at.ip())),
        Err(how) => (how, None),
    };
    TcpOutcome { endpoint, how, from, dropped: BTreeMap::new() }
}

/// What [`look`] does.
pub(super) fn touches() -> Vec<Touch> {
    let doors = reads(&["/proc/{pid}/cgroup", "/proc/{pid}/ns/net", "/proc/self/ns/net"]);
    let there = [
        enters("the network namespace of {worker}"),
        asks(&["netlink route"]),
        reads(&["/proc/sys/net/ipv4/ip_forward"]),
        connects(&["tcp {server}:{redis-port}", "tcp {server}:{postgres-port}"]),
    ];
    [
        docker::touches(),
        host_worker::running_touches(),
        only("where a worker runs in a network of its own", [doors, there.concat()].concat()),
    ]
    .concat()
}
