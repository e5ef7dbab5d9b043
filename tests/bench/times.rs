//! How long the looks of the live trials took.

use std::collections::BTreeMap;

use clipcheck::fact::{Fact, FactKey, Place, Service, Sight, TcpTarget, Vantage};
use clipcheck::snapshot::Snapshot;

use super::judged::Snapshots;

/// What went wrong on the way, as this vantage met it: what takes how long depends on it.
pub const CLASSES: [&str; 5] = ["healthy", "refused", "denied", "dropped", "dead tunnel"];

/// By vantage: the class of what was met, and how many milliseconds the look took.
pub type Looks = BTreeMap<String, (String, u64)>;

/// The looks of the three vantages of the deployment.
pub fn looks(snapshots: &Snapshots) -> Looks {
    let ours = snapshots.iter().filter(|(vantage, _)| **vantage != Vantage::Outside);
    ours.map(|(vantage, it)| (vantage.to_string(), (class(it).to_owned(), it.took_us / 1000))).collect()
}

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
    /// The looks of one state.
    pub fn add(&mut self, looks: &Looks) {
        for (met, millis) in looks.values() {
            let class = CLASSES.iter().find(|class| *class == met).copied().unwrap_or(CLASSES[0]);
            #[expect(clippy::cast_precision_loss, reason = "a run takes seconds")]
            self.0.entry(class).or_default().push(*millis as f64);
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
