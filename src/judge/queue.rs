//! Celery: does a worker take tasks from the Redis and database that the web app uses, and from the right queues?

use std::net::IpAddr;

use crate::case::Seat;
use crate::check::cause::{
    QueueConsumed, QueueLists, QueueTaken, QueueThroughTunnel, QueueWorkersAgree, QueueWorkersNamed,
};
use crate::check::{Judged, Verdict, broken, holds, not_applicable};
use crate::fact::celery::process::Worker;
use crate::fact::celery::{Beat, Celery, Consumer, Prefixed, SILENT, queues};
use crate::fact::dial::Echo;
use crate::fact::{Place, Unseen, Vantage};

mod chosen;

pub(crate) use chosen::queue_chosen;

/// A worker that lost Redis tries again after 2, 4, 6, 8 … seconds (celery/worker/consumer/consumer.py), and needs a few
/// to start: before that its absence means nothing.
const COMING: u64 = 30;

/// So many times a worker that starts waits for an answer of Redis' before its first BRPOP, one after the other.
const ANSWERS: u64 = 60;

/// So many times a worker that is well waits for an answer between two of its words, at most.
const QUESTIONS: u64 = 4;

/// From its connection to its first BRPOP a worker needs some seconds (Celery asks its neighbours first).
const FIRST: u64 = 15;

/// A worker that is well says something at least this often, in seconds (celery/worker/heartbeat.py).
const BEAT: u64 = 2;

/// What has the names that Celery uses is of the types that it uses.
pub(crate) fn queue_lists(seat: &Seat<'_>) -> Judged<QueueLists> {
    let celery = seat.celery()?;
    if let Some(queue) = celery.strange.first() {
        let finding = broken(QueueLists::NotTasks).with("queue", queue);
        return Ok(finding.with("database", celery.database).with("endpoint", &celery.endpoint).into());
    }
    let Some(foreign) = &celery.foreign else { return Ok(holds()) };
    let finding = broken(QueueLists::NotAList).with("queue", &foreign.queue).with("kind", &foreign.kind);
    let finding = finding.with("wanted", &foreign.wanted);
    Ok(finding.with("database", celery.database).with("endpoint", &celery.endpoint).into())
}

/// A worker is connected to the database that the URL names, and takes tasks from it.
pub(crate) fn queue_consumed(seat: &Seat<'_>) -> Judged<QueueConsumed> {
    let celery = seat.celery()?;
    if celery.foreign.is_some() || !celery.strange.is_empty() {
        return Ok(not_applicable("a queue is not Celery's; queue-lists reports it"));
    }
    let now = celery.now().ok_or_else(|| Unseen::Undecided("the queues could not be seen".to_owned()))?;
    if let Some(held) = celery.held_back() {
        return Ok(broken(QueueConsumed::HeldBack).with("seconds", held).with("endpoint", &celery.endpoint).into());
    }
    let beating = celery.beats.as_ref().is_some_and(|beats| !beats.is_empty());
    let Some(alive) = celery.alive() else {
        // Who may not list the clients has only the heartbeats to go by.
        return match &celery.beats {
            Some(beats) if !beats.is_empty() => Ok(holds()),
            Some(_) | None => Err(no_list(celery)),
        };
    };
    if alive.iter().any(|it| !is_server(seat, it.from)) {
        return Ok(holds());
    }
    // Between two questions of a worker's is a round trip, in which it waits for nothing.
    let slow = way(seat) * QUESTIONS / 1_000_000;
    let heard = silent(celery).filter(|it| slow > 0 && it.quiet <= BEAT + slow && !is_server(seat, it.from));
    if let Some(it) = heard {
        return Err(Unseen::Undecided(format!(
            "the worker at {} was heard from {} s ago and was not waiting for a task; with a round trip of {} ms between its \
             questions that says nothing yet; run clipcheck again",
            it.from,
            it.quiet,
            way(seat) / 1000
        )));
    }
    let coming = COMING + way(seat) * ANSWERS / 1_000_000;
    let (here, server) = (worker(seat), seat.vantage() == Vantage::Server);
    if !server && here.is_none() {
        let wanted = match &seat.addresses().app {
            None => "gpu".to_owned(),
            Some(app) => app.queues.join("` or `"),
        };
        let why = format!("no worker runs here that should take tasks from `{wanted}`");
        return Ok(Verdict::NotApplicable(why.into()));
    }
    let came =
        || Unseen::Undecided("a worker has just connected and takes no tasks yet; run clipcheck again".to_owned());
    let new = now.joined.is_some_and(|age| age < FIRST);
    let finding = if beating && alive.is_empty() {
        // Its heart beats some seconds before it takes tasks, and on a busy machine many; and before it subscribes to
        // what joining is told by.
        if now.joined.is_none_or(|age| age < coming) || here.is_some_and(|it| it.age < coming) {
            return Err(came());
        }
        broken(QueueConsumed::Stuck).with("name", names(celery))
    } else if let Some(other) = elsewhere(celery, now.consumers.as_deref().unwrap_or_default()).filter(|_| server) {
        broken(QueueConsumed::OtherDatabase).with("other", other)
    } else if celery.uptime < coming || here.is_some_and(|it| it.age < coming) {
        return Err(Unseen::Undecided(format!(
            "Redis or the worker started less than {coming} s ago, and no worker is connected yet; run clipcheck again"
        )));
    } else if let Some(worker) = here {
        broken(QueueConsumed::TakesNothing).with("age", worker.age)
    } else if !alive.is_empty() {
        broken(QueueConsumed::OnlyServer)
    } else if let Some(quiet) = silent(celery) {
        if new && quiet.quiet <= BEAT {
            return Err(came());
        }
        broken(QueueConsumed::Silent).with("from", quiet.from).with("quiet", quiet.quiet)
    } else if !now.waiting.is_empty() {
        broken(QueueConsumed::TasksWait).with("queues", lengths(celery))
    } else if now.unacked > 0 {
        broken(QueueConsumed::Held).with("count", now.unacked)
    } else {
        broken(QueueConsumed::Nobody)
    };
    Ok(finding.with("database", celery.database).with("endpoint", &celery.endpoint).into())
}

/// No task waits that an idle worker could take.
pub(crate) fn queue_taken(seat: &Seat<'_>) -> Judged<QueueTaken> {
    let celery = seat.celery()?;
    // Whose own tasks wait without a prefix sends none with one: that is another project's.
    let plain = celery.now().is_some_and(|now| now.waiting.values().any(|count| *count > 0));
    // ClippyFront's tasks have its package before their names.
    let clippyfront = seat.addresses().app.is_none();
    let ours = |task: &String| !clippyfront || task.starts_with("app.");
    let apart = |it: &&Prefixed| it.waiting > 0 && !it.listens && it.task.as_ref().is_none_or(ours);
    if let Some(other) = celery.prefixed.iter().find(|it| !plain && apart(it)) {
        let finding = broken(QueueTaken::Prefix).with("prefix", &other.prefix).with("waiting", waiting(other.waiting));
        return Ok(finding.with("database", celery.database).into());
    }
    if celery.alive().is_some_and(|alive| alive.is_empty()) {
        return Ok(not_applicable("no worker takes tasks"));
    }
    let app = seat.addresses().app.as_ref();
    let Some((queue, count)) = queues(app).into_iter().find_map(|queue| Some((queue, celery.left(queue)?))) else {
        return Ok(celery.behind().map_or_else(holds, |(count, held)| {
            let held = held.map_or_else(String::new, |age| {
                format!("; the first task of those that they hold was taken {age} s ago")
            });
            broken(QueueTaken::Busy).with("waiting", waiting(count)).with("held", held).into()
        }));
    };
    let oldest = celery.oldest.get(queue);
    let task = oldest.map_or("unknown", |it| &it.task);
    let origin = oldest.map_or("unknown", |it| &it.origin);
    let finding = match queue {
        _ if app.is_some() => broken(QueueTaken::Other).with("queue", queue),
        _ if was_told(seat, queue) => match celery.prefixed.iter().find(|it| it.listens) {
            Some(other) => broken(QueueTaken::PrefixAtWorker).with("queue", queue).with("prefix", &other.prefix),
            None => broken(QueueTaken::GaveUp).with("queue", queue),
        },
        "gpu" => broken(QueueTaken::Gpu),
        "cpu" => broken(QueueTaken::GpuNotUsed).with("queue", queue).with("oldest", ""),
        _ if task.contains("compile") => {
            let oldest = format!(" (the oldest is a compile from {origin})");
            broken(QueueTaken::GpuNotUsed).with("queue", queue).with("oldest", oldest)
        }
        _ => broken(QueueTaken::Celery),
    };
    Ok(finding.with("waiting", waiting(count)).with("task", task).with("database", celery.database).into())
}

/// Whether a worker of another machine was started for this queue.
fn was_told(seat: &Seat<'_>, queue: &str) -> bool {
    let takes = |vantage| {
        let workers = seat.at(vantage).ok().and_then(|other| other.workers().ok());
        workers.is_some_and(|it| it.workers.iter().any(|worker| worker.takes(queue)))
    };
    takes(Vantage::Client) || takes(Vantage::Container)
}

fn waiting(count: u64) -> String {
    if count == 1 { "1 task is waiting".to_owned() } else { format!("{count} tasks are waiting") }
}

/// Workers come through the tunnel.
pub(crate) fn queue_through_tunnel(seat: &Seat<'_>) -> Judged<QueueThroughTunnel> {
    let celery = seat.celery()?;
    let alive = celery.alive().ok_or_else(|| no_list(celery))?;
    match alive.iter().find(|it| !seat.is_in_tunnel(it.from) && !is_server(seat, it.from)) {
        Some(around) => Ok(broken(QueueThroughTunnel::Around).with("from", around.from).into()),
        None if alive.is_empty() => Ok(not_applicable("no worker takes tasks")),
        None => Ok(holds()),
    }
}

/// All workers are of one version, as their names say.
pub(crate) fn queue_workers_agree(seat: &Seat<'_>) -> Judged<QueueWorkersAgree> {
    let celery = seat.celery()?;
    let alive = celery.alive().ok_or_else(|| no_list(celery))?;
    if alive.len() < 2 {
        return Ok(not_applicable("there are fewer than two workers"));
    }
    let beats = celery
        .beats
        .as_ref()
        .ok_or_else(|| Unseen::NeedsRights("the URL's user has no permission to subscribe".to_owned()))?;
    let tags: Vec<(&Beat, &str)> = beats.iter().filter_map(|it| Some((it, tag(&it.name)?))).collect();
    let other = |(_, version): &&(&Beat, &str)| tags.iter().any(|(_, other)| other != version);
    if tags.iter().any(|it| other(&it)) {
        return Ok(broken(QueueWorkersAgree::TwoVersions).with("names", names(celery)).into());
    }
    Ok(holds())
}

/// No worker's name has a placeholder left in it. Heard only where several share the queues.
pub(crate) fn queue_workers_named(seat: &Seat<'_>) -> Judged<QueueWorkersNamed> {
    let celery = seat.celery()?;
    if celery.alive().ok_or_else(|| no_list(celery))?.len() < 2 {
        return Ok(not_applicable("there are fewer than two workers"));
    }
    let beats = celery
        .beats
        .as_ref()
        .ok_or_else(|| Unseen::NeedsRights("the URL's user has no permission to subscribe".to_owned()))?;
    // The placeholders of celery/utils/nodenames.py; no name of a host has a per cent sign.
    let literal = beats.iter().find(|beat| beat.name.contains('%'));
    Ok(literal.map_or_else(holds, |beat| broken(QueueWorkersNamed::Literal).with("name", &beat.name).into()))
}

/// `gpu-v0.12.1@host`: the version that start-celery-versioned.sh writes into the name.
fn tag(name: &str) -> Option<&str> {
    let (base, _) = name.split_once('@')?;
    let (_, version) = base.rsplit_once("-v")?;
    version.starts_with(|c: char| c.is_ascii_digit()).then_some(version)
}

/// How long an answer takes through the tunnel, in microseconds, as far as a ping showed it.
fn way(seat: &Seat<'_>) -> u64 {
    let there = if seat.vantage() == Vantage::Server { Place::Client } else { Place::Server };
    match seat.ping(there).map(|ping| ping.how) {
        Ok(Echo::Reply(micros)) => micros,
        Ok(_) | Err(_) => 0,
    }
}

/// The worker that runs where we stand; a server's own is not the one that the tunnel is for.
fn worker<'a>(seat: &Seat<'a>) -> Option<&'a Worker> {
    if seat.vantage() == Vantage::Server {
        return None;
    }
    let app = seat.addresses().app.as_ref();
    seat.workers().ok()?.workers.iter().find(|it| it.is_for(app))
}

fn is_server(seat: &Seat<'_>, from: IpAddr) -> bool {
    from.is_loopback() || from == seat.addresses().server.value
}

/// The database in which workers of the tunnel take tasks, if it is not the URL's.
fn elsewhere(celery: &Celery, consumers: &[Consumer]) -> Option<u32> {
    consumers
        .iter()
        .find(|it| it.database != celery.database && it.quiet < SILENT && !it.from.is_loopback())
        .map(|it| it.database)
}

fn silent(celery: &Celery) -> Option<&Consumer> {
    celery.now()?.consumers.as_ref()?.iter().find(|it| it.database == celery.database)
}

fn lengths(celery: &Celery) -> String {
    let all = celery.now().map(|now| &now.waiting).into_iter().flatten();
    all.map(|(queue, count)| format!("{count} in {queue}")).collect::<Vec<_>>().join(", ")
}

fn names(celery: &Celery) -> String {
    let all = celery.beats.iter().flatten().map(|beat| beat.name.as_str());
    all.collect::<Vec<_>>().join(" and ")
}

fn no_list(celery: &Celery) -> Unseen {
    if let Some(foreign) = &celery.foreign {
        return Unseen::Undecided(format!("nothing more was asked, as `{}` is no list (queue-lists)", foreign.queue));
    }
    Unseen::NeedsRights("the URL's user has no permission to list Redis' clients".to_owned())
}
