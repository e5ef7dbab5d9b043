//! How long the looks of the live trials took.

use std::collections::BTreeMap;

use clipcheck::fact::{FactKey, Observation, Place, Service, TcpTarget, Vantage};
use clipcheck::read::Says;
use clipcheck::snapshot::Snapshot;
use serde::{Deserialize, Serialize};

use super::judged::Snapshots;

/// What went wrong on the way, as this vantage met it: what takes how long depends on it.
pub const CLASSES: [&str; 5] = ["healthy", "refused", "denied", "dropped", "dead tunnel"];

/// How long the looks took, in milliseconds, by what the vantage met.
#[derive(Default)]
pub struct Times(BTreeMap<&'static str, Vec<u64>>);

/// Of one class, in milliseconds.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub struct Spread {
    pub looks: usize,
    pub median: u64,
    pub p95: u64,
    pub longest: u64,
}

/// What is kept of all of them.
pub const ALL: &str = "all";

impl Times {
    /// The looks of the three vantages of the deployment.
    pub fn add(&mut self, snapshots: &Snapshots) {
        for snapshot in snapshots.values().filter(|it| it.vantage != Vantage::Outside) {
            self.0.entry(class(snapshot)).or_default().push(snapshot.took_us / 1000);
        }
    }

    pub fn spreads(&self) -> BTreeMap<String, Spread> {
        let all = self.0.values().flatten().copied().collect();
        let each = self.0.iter().map(|(class, millis)| (*class, millis.clone()));
        each.chain([(ALL, all)]).filter_map(|(class, millis)| Some((class.to_owned(), spread(millis)?))).collect()
    }
}

fn spread(mut millis: Vec<u64>) -> Option<Spread> {
    millis.sort_unstable();
    let at = |percent: usize| millis.get((millis.len() * percent / 100).min(millis.len() - 1)).copied();
    Some(Spread { looks: millis.len(), median: at(50)?, p95: at(95)?, longest: *millis.last()? })
}

fn class(snapshot: &Snapshot) -> &'static str {
    let word = |key: FactKey| match snapshot.facts.get(&key).map(|observed| &observed.observation) {
        Some(Observation::Seen(fact)) => fact.label(),
        Some(Observation::Unseen(_)) | None => "",
    };
    let other = if snapshot.vantage == Vantage::Server { Place::Client } else { Place::Server };
    let dialled = [Service::Redis, Service::Postgres].map(|service| word(FactKey::Tcp(TcpTarget::Tunnel(service))));
    let said = [word(FactKey::Redis), word(FactKey::Postgres)];
    let dead = word(FactKey::Ping(other)) != "reply";
    if dead && (snapshot.vantage == Vantage::Server || dialled.iter().all(|word| *word != "open")) {
        "dead tunnel"
    } else if dialled.contains(&"timeout") {
        "dropped"
    } else if dialled.contains(&"refused") {
        "refused"
    } else if said.iter().all(|word| matches!(*word, "pong" | "one" | "speaks" | "locked" | "")) {
        "healthy"
    } else {
        "denied"
    }
}
