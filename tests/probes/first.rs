//! What is wanted first is told as soon as it is there, and not when the slowest look ends.

use std::collections::BTreeSet;

use clipcheck::fact::dial::Dial;
use clipcheck::fact::{Fact, FactKey, Observation, Service, TcpTarget, Vantage};
use clipcheck::profile::Profile;
use clipcheck::run::{Event, Orders, run};
use tokio::sync::mpsc::unbounded_channel;

use super::{Duration, HOME, silent, unused_port};

#[tokio::test]
async fn what_is_wanted_first_is_told_before_the_rest_is_seen() {
    let (first, slow) = (FactKey::Tcp(TcpTarget::Tunnel(Service::Redis)), FactKey::Postgres);
    let profile = Profile {
        server: Some(HOME),
        redis_port: Some(unused_port()),
        postgres_port: Some(silent()),
        ..Profile::default()
    };
    let orders = Orders {
        vantage: Vantage::Container,
        vantage_by: "--as".to_owned(),
        profile,
        keys: BTreeSet::from([first.clone(), slow.clone()]),
        first: BTreeSet::from([first.clone()]),
        brief: false,
        plugins: std::collections::BTreeMap::new(),
        deadline: Duration::from_secs(2),
    };
    let (events, mut heard) = unbounded_channel();
    let snapshot = run(orders, events).await;
    let mut told = Vec::new();
    while let Ok(event) = heard.try_recv() {
        match event {
            Event::First(seen) => {
                let how = seen.facts.get(&first).map(|observed| observed.observation.clone());
                let Some(Observation::Seen(Fact::Tcp(outcome))) = how else { panic!("{how:?}") };
                assert_eq!(outcome.how, Dial::Refused);
                assert!(!seen.facts.contains_key(&slow), "PostgreSQL keeps silent until the deadline");
                assert!(seen.took_us < 1_500_000, "{} us", seen.took_us);
                told.push("first");
            }
            Event::Done(key) if key == first => told.push("its look"),
            Event::Done(_) | Event::Waiting(_) => {}
        }
    }
    assert_eq!(told, ["its look", "first"], "told once");
    assert!(matches!(snapshot.facts.get(&slow).map(|it| &it.observation), Some(Observation::Unseen(_))));
}
