//! Looks at everything at once, each thing as soon as it may be, and tells events.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::oneshot::error::RecvError;
use tokio::task::JoinSet;

use crate::fact::dial::Dial;
use crate::fact::{Fact, FactKey, Observation, Observed, Phase, Unseen, Vantage};
use crate::plan;
use crate::probe::{self, Inspected, Keyring, Plugins, ProbeContext, ProbeResult, Units, host};
use crate::profile::{Profile, SETTLING, settle};
use crate::snapshot::{SCHEMA, Snapshot};

/// What happens while looking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// What was wanted first is all there; holds what was seen until now.
    First(Box<Snapshot>),
    /// These looks are under way.
    Waiting(BTreeSet<FactKey>),
    /// A look ended; holds what it was.
    Done(FactKey),
}

/// What to look at, and from where.
#[derive(Debug)]
pub struct Orders {
    /// Where we stand.
    pub vantage: Vantage,
    /// How that is known.
    pub vantage_by: String,
    /// What the user said.
    pub profile: Profile,
    /// What to look at.
    pub keys: BTreeSet<FactKey>,
    /// Of these, what is wanted before the rest.
    pub first: BTreeSet<FactKey>,
    /// The programs that check files name.
    pub plugins: Plugins,
    /// Whether an answer is enough.
    pub brief: bool,
    /// When to stop waiting.
    pub deadline: Duration,
}

type Done = (FactKey, ProbeResult, Duration);

/// Looks, and returns what was seen. This thread only keeps the time; each look has a thread of its own, so that one that
/// hangs (a file on a network that is gone) takes nothing with it.
pub async fn run(orders: Orders, events: UnboundedSender<Event>) -> Snapshot {
    let (started, deadline) = (host::clock(), orders.deadline);
    // A fiftieth is for judging and printing: the deadline is the whole program's.
    let ends = tokio::time::Instant::from_std(started) + deadline * 49 / 50;
    let mut runner = Runner {
        context: Arc::new(ProbeContext {
            vantage: orders.vantage,
            profile: orders.profile,
            addresses: None,
            seen: BTreeMap::new(),
            keyring: Keyring::default(),
            units: Units::new(orders.keys.iter().filter_map(|key| {
                let FactKey::Unit(target) = key else { return None };
                Some(target.clone())
            })),
            inspected: Inspected::default(),
            plugins: orders.plugins,
            brief: orders.brief,
        }),
        vantage_by: orders.vantage_by,
        started,
        waiting: orders.keys,
        first: orders.first,
        looking: BTreeSet::new(),
        seen: BTreeMap::new(),
        keyring: Keyring::default(),
        tasks: JoinSet::new(),
        events,
    };
    runner.start_what_may_be();
    loop {
        match tokio::time::timeout_at(ends, runner.tasks.join_next()).await {
            Ok(Some(Ok(Ok(done)))) => runner.take(done),
            // A probe that panicked is found below: it is still in `looking`.
            Ok(Some(Ok(Err(_)) | Err(_))) => {}
            Ok(None) => break,
            Err(_) => {
                runner.give_up(&late(&runner.context, &runner.seen, deadline));
                break;
            }
        }
        if runner.tasks.is_empty() {
            runner.give_up(&Unseen::Crashed);
        }
        runner.start_what_may_be();
    }
    runner.snapshot()
}

struct Runner {
    context: Arc<ProbeContext>,
    vantage_by: String,
    started: Instant,
    waiting: BTreeSet<FactKey>,
    first: BTreeSet<FactKey>,
    looking: BTreeSet<FactKey>,
    seen: BTreeMap<FactKey, Box<Observed>>,
    keyring: Keyring,
    tasks: JoinSet<Result<Done, RecvError>>,
    events: UnboundedSender<Event>,
}

impl Runner {
    /// The turn that has come: looks of a turn wait for the looks of the one before that they build on, and for
    /// no others.
    fn turn(&self) -> Phase {
        let open = |key: &FactKey| self.waiting.contains(key) || self.looking.contains(key);
        if SETTLING.iter().any(open) {
            Phase::First
        } else if self.context.vantage == Vantage::Container && open(&FactKey::Names) {
            Phase::Named
        } else if self.waiting.iter().chain(&self.looking).any(|key| matches!(key, FactKey::Route(_))) {
            Phase::Settled
        } else if [FactKey::Workers, FactKey::HostWorker].iter().any(open) {
            Phase::Routed
        } else if self.waiting.iter().chain(&self.looking).any(|key| key.phase() < Phase::Answered) {
            Phase::Found
        } else {
            Phase::Answered
        }
    }

    fn start_what_may_be(&mut self) {
        let turn = self.turn();
        let settled = || settle(&self.context.profile, self.context.vantage, &self.seen);
        if turn > Phase::Named
            && self.context.addresses.is_none()
            && matches!(self.context.vantage, Vantage::Client | Vantage::Container)
            && let Some(Observation::Seen(Fact::Env(env))) = self.seen.get(&FactKey::Env).map(|it| &it.observation)
        {
            self.waiting.extend(plan::ways_of_urls(env, settled().server.value, &self.waiting));
        }
        let mut ready: Vec<FactKey> = self.waiting.iter().filter(|key| key.phase() <= turn).cloned().collect();
        ready.sort_by_key(|key| !plan::takes_long(key));
        if ready.is_empty() {
            return;
        }
        self.context = Arc::new(ProbeContext {
            vantage: self.context.vantage,
            profile: self.context.profile.clone(),
            addresses: (turn > Phase::Named).then(settled),
            seen: self.seen.clone(),
            keyring: self.keyring.clone(),
            units: self.context.units.clone(),
            inspected: self.context.inspected.clone(),
            plugins: self.context.plugins.clone(),
            brief: self.context.brief,
        });
        for key in ready {
            self.waiting.remove(&key);
            self.looking.insert(key.clone());
            self.start(key);
        }
        let _ = self.events.send(Event::Waiting(self.looking.clone()));
        // Where none could be started, nothing will end and bring the next ones about.
        if self.tasks.is_empty() {
            self.start_what_may_be();
        }
    }

    /// On a thread of its own.
    fn start(&mut self, key: FactKey) {
        let (context, waiting) = (Arc::clone(&self.context), Handle::current());
        let of = key.clone();
        let thread = host::apart(move || {
            let started = host::clock();
            let looked = waiting.block_on(probe::look(&of, &context));
            (of, looked, started.elapsed())
        });
        match thread {
            Ok(told) => {
                self.tasks.spawn(told);
            }
            Err(error) => {
                self.looking.remove(&key);
                self.seen.insert(key, unseen(host::limits::not_started(&error)));
            }
        }
    }

    fn take(&mut self, (key, looked, took): Done) {
        if let Some(keyring) = looked.keyring {
            self.keyring = keyring;
        }
        self.looking.remove(&key);
        let _ = self.events.send(Event::Done(key.clone()));
        if let (FactKey::Wg, Vantage::Server, Observation::Seen(Fact::Wg(state))) =
            (&key, self.context.vantage, &looked.observation)
        {
            self.waiting.extend(plan::of_peers(state, &self.waiting));
        }
        if let (FactKey::Env, Vantage::Client | Vantage::Container, Observation::Seen(Fact::Env(env))) =
            (&key, self.context.vantage, &looked.observation)
        {
            self.waiting.extend(plan::of_urls(env, &self.waiting));
        }
        self.seen.insert(
            key,
            Observed { observation: looked.observation, source: looked.source, took_us: micros(took) }.into(),
        );
        if !self.first.is_empty() && self.first.iter().all(|key| self.seen.contains_key(key)) {
            self.first.clear();
            let _ = self.events.send(Event::First(Box::new(self.snapshot())));
        }
    }

    /// What was seen until now.
    fn snapshot(&self) -> Snapshot {
        Snapshot {
            schema: SCHEMA,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            vantage: self.context.vantage,
            vantage_by: self.vantage_by.clone(),
            host: host::hostname(),
            platform: std::env::consts::OS.to_owned(),
            kernel: host::kernel(),
            rights: host::rights(),
            taken_at: host::now(),
            took_us: micros(self.started.elapsed()),
            addresses: settle(&self.context.profile, self.context.vantage, &self.seen),
            facts: self.seen.clone(),
        }
    }

    /// What is still being looked at is unseen.
    fn give_up(&mut self, why: &Unseen) {
        let mut open = std::mem::take(&mut self.looking);
        if *why != Unseen::Crashed {
            open.append(&mut self.waiting);
        }
        self.seen.extend(open.into_iter().map(|key| (key, unseen(why.clone()))));
    }
}

/// The round trips that the looks have one after the other.
const TRIPS: u32 = 30;

/// Why nothing more was seen. On a long way nobody is silent, and what is missing is time. A server dials itself.
fn late(context: &ProbeContext, seen: &BTreeMap<FactKey, Box<Observed>>, deadline: Duration) -> Unseen {
    let trips = seen.values().filter_map(|observed| match &observed.observation {
        Observation::Seen(Fact::Ping(ping)) => Some((ping.to, ping.trip()?)),
        Observation::Seen(Fact::Tcp(dial)) if dial.how == Dial::Open => {
            Some((dial.endpoint.host.parse().ok()?, Duration::from_micros(observed.took_us)))
        }
        Observation::Seen(_) | Observation::Unseen(_) => None,
    });
    match trips.min_by_key(|(_, trip)| *trip).filter(|(_, trip)| *trip * TRIPS >= deadline) {
        Some((to, trip)) if context.vantage != Vantage::Server => {
            // In tenths of a second, and steps of five.
            let tenths = (micros(trip) + 50_000) / 100_000;
            Unseen::Slow(to, tenths * 100, (tenths * u64::from(TRIPS) / 10).next_multiple_of(5) + 10)
        }
        Some(_) | None => Unseen::Deadline,
    }
}

fn unseen(why: Unseen) -> Box<Observed> {
    Observed { observation: Observation::Unseen(why), source: String::new(), took_us: 0 }.into()
}

fn micros(took: Duration) -> u64 {
    u64::try_from(took.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::Place;
    use crate::fact::dial::{Echo, EchoSocket, PingOutcome};

    #[test]
    fn what_is_cut_off_on_a_long_way_says_how_long_it_is() {
        let server = "10.8.0.1".parse().expect("an address");
        let why = |vantage, ms: u64| {
            let ping = PingOutcome { to: server, how: Echo::Reply(ms * 1000), socket: EchoSocket::Raw };
            let observation = Observation::Seen(Fact::Ping(ping));
            let observed = Observed { observation, source: String::new(), took_us: 0 }.into();
            let seen = BTreeMap::from([(FactKey::Ping(Place::Server), observed)]);
            late(&ProbeContext::bare(vantage, Profile::default()), &seen, Duration::from_secs(6))
        };
        assert_eq!(why(Vantage::Client, 703), Unseen::Slow(server, 700, 35));
        assert_eq!(why(Vantage::Container, 1601), Unseen::Slow(server, 1600, 60));
        assert_eq!(why(Vantage::Client, 40), Unseen::Deadline);
        assert_eq!(why(Vantage::Server, 1601), Unseen::Deadline);
    }
}
