//! How long the looks took, from the recordings themselves.

use std::collections::BTreeMap;

use clipcheck::fact::{Fact, FactKey, Place, Service, Sight, TcpTarget, Vantage};
use clipcheck::snapshot::Snapshot;

use super::judged::Snapshots;

/// What went wrong on the way, as this vantage met it: what takes how long depends on it.
pub const CLASSES: [&str; 5] = ["healthy", "refused", "denied", "dropped", "dead tunnel"];

/// Milliseconds by class.
#[derive(Default)]
pub struct Times(BTreeMap<&'static str, Vec<f64>>);

/// Of one class.
pub struct Spread {
    pub runs: usize,
    pub median: f64,
    pub p95: f64,
    pub max: f64,
}

impl Times {
    /// The runs of the three vantages of the deployment.
    pub fn add(&mut self, snapshots: &Snapshots) {
        for (vantage, snapshot) in snapshots {
            if *vantage != Vantage::Outside {
                #[expect(clippy::cast_precision_loss, reason = "a run takes seconds")]
                let millis = snapshot.took_us as f64 / 1000.0;
                self.0.entry(class(snapshot)).or_default().push(millis);
            }
        }
    }

    pub fn spread(&self, class: &str) -> Option<Spread> {
        spread(self.0.get(class)?.clone())
    }

    pub fn all(&self) -> Option<Spread> {
        spread(self.0.values().flatten().copied().collect())
    }
}

fn spread(mut millis: Vec<f64>) -> Option<Spread> {
    millis.sort_by(f64::total_cmp);
    let at = |percent: usize| millis.get((millis.len() * percent / 100).min(millis.len() - 1)).copied();
    Some(Spread { runs: millis.len(), median: at(50)?, p95: at(95)?, max: *millis.last()? })
}

fn class(snapshot: &Snapshot) -> &'static str {
    let word = |key: FactKey| match snapshot.facts.get(&key).map(|observed| &observed.sight) {
        Some(Sight::Seen(fact)) => Fact::label(fact),
        Some(Sight::Unseen(_)) | None => "",
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
