//! The way from the worker to what it uses, hop by hop: where it is broken, and what of it was seen.

use super::{Answer, Outcome};
use crate::check::Category;
use crate::fact::Vantage;

/// One way, upstream last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// From the worker on.
    pub hops: Vec<Hop>,
}

/// A part of a way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hop {
    /// What a reader calls it.
    pub name: &'static str,
    /// How it stands.
    pub state: State,
}

/// How a hop stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Something that uses it works, and nothing of it failed.
    Works,
    /// It has a root cause.
    Broken,
    /// Something of it failed, and a root cause elsewhere explains that.
    Behind,
    /// Nothing failed that was seen, and nothing that was seen shows that it works.
    Unseen,
}

/// What the worker uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Redis,
    Postgres,
    Web,
}

/// A check that shows that a hop works, wherever or at one vantage.
type Proof = (&'static str, Option<Vantage>);

const WORKER: &str = "worker";
const CLIENT: &str = "client";
const TUNNEL: &str = "tunnel";
const SERVER: &str = "server";
const FIREWALL: &str = "firewall";
const TASKS: &str = "tasks";

/// By end: its name, what must apply for the way to be there, and the checks that only it has.
const ENDS: [(End, &str, &[&str]); 3] = [
    (End::Redis, "Redis", &["redis-listens", "redis-port-open", "redis-answers", "env-redis"]),
    (End::Postgres, "PostgreSQL", &["postgres-listens", "postgres-port-open", "postgres-answers", "env-database"]),
    (End::Web, "web app", &["api-url", "api-answers"]),
];

/// Checks of a category whose hops are others': they are about the tunnel between the ends, at whichever end they fail.
const OF_THE_TUNNEL: [&str; 15] = [
    "wg-peers-known",
    "wg-preshared-agrees",
    "wg-allowed-ips-distinct",
    "wg-allowed-ips",
    "wg-allowed-ips-narrow",
    "wg-listen-port-fixed",
    "wg-endpoint",
    "wg-handshake",
    "wg-key-unshared",
    "wg-keepalive",
    "tunnel-ping",
    "tunnel-payload",
    "clocks-agree",
    "ufw-admits-wireguard",
    "firewall-admits-wireguard",
];

/// What is wrong with these breaks no way: they are about strangers, or about the next start.
const OFF_THE_WAY: [&str; 12] = [
    "wg-enabled-at-boot",
    "wg-config-private",
    "wg-key-files-private",
    "wg-port-narrow",
    "firewall-after-boot",
    "redis-persists",
    "redis-after-boot",
    "redis-password-set",
    "redis-not-exposed",
    "postgres-after-boot",
    "postgres-password-strong",
    "postgres-not-exposed",
];

/// The ways of this deployment; without those of which nothing applies.
pub fn ways(outcomes: &[Outcome]) -> Vec<Way> {
    let applies = |checks: &[&str]| {
        let mut own = outcomes.iter().filter(|it| checks.contains(&it.check.as_str()));
        own.any(|it| !matches!(it.answer, Answer::NotApplicable(_)))
    };
    ENDS.iter()
        .filter(|(_, _, checks)| applies(checks))
        .map(|(end, name, _)| {
            let placed: Vec<Placed<'_>> = outcomes.iter().map(|it| (it, hop_of(it, *end))).collect();
            let hops = hops(*end, name).into_iter();
            Way { hops: hops.map(|(name, proofs)| Hop { name, state: state(&placed, *end, name, &proofs) }).collect() }
        })
        .filter(|way| way.hops.iter().any(|hop| hop.state != State::Unseen))
        .collect()
}

/// The hops of a way, and what shows that each works.
fn hops(end: End, name: &'static str) -> Vec<(&'static str, Vec<Proof>)> {
    let any = |check| (check, None);
    let at = |vantage, check| (check, Some(vantage));
    let (answers, open) = match end {
        End::Redis => ("redis-answers", "redis-port-open"),
        End::Postgres => ("postgres-answers", "postgres-port-open"),
        End::Web => {
            return vec![(WORKER, vec![any("api-url")]), (name, vec![any("api-answers")])];
        }
    };
    let mut hops = vec![
        // From its host only its settings are seen, except of one that runs there without Docker; and its host may dial from
        // inside its container's network.
        (WORKER, vec![at(Vantage::Container, answers), any("worker-libraries"), at(Vantage::Client, "container-way")]),
        (
            CLIENT,
            vec![
                at(Vantage::Client, "wg-interface-up"),
                at(Vantage::Client, "tunnel-route"),
                at(Vantage::Client, "tunnel-ping"),
                at(Vantage::Container, "tunnel-ping"),
            ],
        ),
        // A handshake shows the keys, and not that packets arrive.
        (TUNNEL, vec![any("tunnel-ping")]),
        (
            SERVER,
            vec![
                at(Vantage::Server, "wg-interface-up"),
                at(Vantage::Client, "tunnel-ping"),
                at(Vantage::Container, "tunnel-ping"),
            ],
        ),
        (
            FIREWALL,
            vec![
                at(Vantage::Server, "firewall-admits-worker"),
                at(Vantage::Client, open),
                at(Vantage::Container, open),
            ],
        ),
        (name, vec![any(answers)]),
    ];
    match end {
        End::Redis => hops.push((TASKS, vec![any("queue-consumed")])),
        // Asked of the server by its administrator.
        End::Postgres => hops.last_mut().into_iter().for_each(|hop| hop.1.push(any("postgres-role-ready"))),
        End::Web => {}
    }
    hops
}

/// An outcome, and the hop of a way that it is about.
type Placed<'a> = (&'a Outcome, Option<&'static str>);

fn state(outcomes: &[Placed<'_>], end: End, hop: &str, proofs: &[Proof]) -> State {
    let here = || outcomes.iter().filter(|(_, of)| *of == Some(hop)).map(|(it, _)| *it);
    let arrives = arrives(outcomes, end);
    // These judge each port and each name by itself: where this way gets its answer, they failed for another.
    let by_port =
        |it: &Outcome| it.category == Category::Firewall || ["env-ports", "names-resolve"].contains(&it.check.as_str());
    let root = |it: &&Outcome| matches!(it.answer, Answer::Root { .. });
    if here().filter(root).any(|it| !(arrives && by_port(it))) {
        return State::Broken;
    }
    let behind = here().any(|it| root(&it)) || here().any(|it| matches!(it.answer, Answer::Explained { .. }));
    if behind {
        // An answer of Redis' shows no worker.
        return if arrives && hop != TASKS { State::Works } else { State::Behind };
    }
    let shows = |it: &Outcome| proofs.iter().any(|(id, at)| *id == it.check && at.is_none_or(|at| at == it.vantage));
    if outcomes.iter().any(|(it, _)| works(it) && shows(it)) { State::Works } else { State::Unseen }
}

fn works(outcome: &Outcome) -> bool {
    matches!(outcome.answer, Answer::Holds | Answer::Despite(_))
}

/// Whether every worker that was looked at gets its answer at the end of a way: then what failed on it is another way's.
fn arrives(outcomes: &[Placed<'_>], end: End) -> bool {
    let answers = match end {
        End::Redis => "redis-answers",
        End::Postgres => "postgres-answers",
        End::Web => "api-answers",
    };
    let all = || outcomes.iter().map(|(it, _)| *it);
    let asked = |vantage| all().filter(move |it| it.check == answers && it.vantage == vantage);
    let seat = [Vantage::Container, Vantage::Client].into_iter().find(|vantage| asked(*vantage).next().is_some());
    seat.is_some_and(|vantage| asked(vantage).all(works))
}

/// The hop of a way that a check is about; none where it is about no hop of it.
fn hop_of(outcome: &Outcome, end: End) -> Option<&'static str> {
    let check = outcome.check.as_str();
    let own = |of: End, hop| (of == end).then_some(hop);
    if OFF_THE_WAY.contains(&check) {
        return None;
    }
    // Checks of which each cause is about something else.
    match code(outcome) {
        "env-agrees/index" | "worker-libraries/redis" => {
            return own(End::Redis, WORKER);
        }
        "env-agrees/database" | "env-agrees/table-prefix" | "worker-libraries/database" => {
            return own(End::Postgres, WORKER);
        }
        "worker-libraries/proxy" => return own(End::Web, WORKER),
        "tunnel-payload/hangs-in-container" => return (end != End::Web).then_some(WORKER),
        // Neither an echo nor a connection is answered: where on the way that is, it does not tell.
        "tcp-admitted/no-answer" => return None,
        "tcp-admitted/no-route" if end != End::Web => {
            return Some(if outcome.vantage == Vantage::Container { WORKER } else { CLIENT });
        }
        _ => {}
    }
    match (outcome.category, check) {
        (Category::Api, "api-answers") => own(End::Web, "web app"),
        (Category::Api, _) | (Category::Worker, "env-flask") => own(End::Web, WORKER),
        (Category::Redis, _) => own(End::Redis, "Redis"),
        (Category::Postgres, _) => own(End::Postgres, "PostgreSQL"),
        (Category::Queue, _) => own(End::Redis, TASKS),
        (Category::Worker, "env-redis" | "env-heeded") => own(End::Redis, WORKER),
        (Category::Worker, "env-database") => own(End::Postgres, WORKER),
        // The web app need not be reached through the tunnel.
        (Category::Tunnel | Category::Firewall, _) if end == End::Web => None,
        (Category::Worker, _) | (Category::Tunnel, "container-way" | "tunnel-used") => Some(WORKER),
        (Category::Tunnel | Category::Firewall, check) if OF_THE_TUNNEL.contains(&check) => Some(TUNNEL),
        (Category::Firewall, "tcp-admitted") => Some(FIREWALL),
        (Category::Tunnel | Category::Firewall, _) => match outcome.vantage {
            Vantage::Server if outcome.category == Category::Firewall => Some(FIREWALL),
            Vantage::Server => Some(SERVER),
            Vantage::Client => Some(CLIENT),
            Vantage::Container => Some(WORKER),
            Vantage::Outside => None,
        },
        (Category::Delivery | Category::Custom, _) => None,
    }
}

fn code(outcome: &Outcome) -> &str {
    match &outcome.answer {
        Answer::Root { diagnosis, .. } | Answer::Explained { diagnosis, .. } => &diagnosis.code,
        Answer::Holds
        | Answer::Despite(_)
        | Answer::Warns(_)
        | Answer::Notes(_)
        | Answer::Unseen(_)
        | Answer::NotApplicable(_) => "",
    }
}

/// The checks that are named here, for the test that they exist.
pub fn named() -> impl Iterator<Item = &'static str> {
    let ends = ENDS.iter().flat_map(|(end, name, own)| {
        let proofs = hops(*end, name).into_iter().flat_map(|(_, proofs)| proofs).map(|(check, _)| check);
        own.iter().copied().chain(proofs)
    });
    ends.chain(OF_THE_TUNNEL).chain(OFF_THE_WAY).chain([
        "env-flask",
        "env-heeded",
        "container-way",
        "tunnel-used",
        "tcp-admitted",
        "env-ports",
        "names-resolve",
        "env-agrees",
    ])
}
