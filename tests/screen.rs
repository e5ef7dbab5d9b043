//! How a report fits its terminal, and what it says of the hops of a way. What stays in sight of every recorded one is in
//! `tests/bench/sight.rs`.

use std::collections::{BTreeMap, BTreeSet};

use clipcheck::blame::blame;
use clipcheck::catalog::built_in;
use clipcheck::check::Check;
use clipcheck::cli::{Color, Format, Showing};
use clipcheck::deployment::Deployment;
use clipcheck::exit::Exit;
use clipcheck::fact::Vantage;
use clipcheck::judge::judge;
use clipcheck::render::{self, Screen};
use clipcheck::report::{Report, State, Way, merged, on_ways, report, ways};

mod recorded;

fn page(report: &Report, width: usize) -> String {
    let screen = Screen { width, columns: width, ascii: false, moves: false, forced: None };
    let showing = Showing { color: Color::Never, ..Showing::default() };
    let page = render::report(report.clone(), Format::Table, &showing, Exit::Broken, screen);
    anstream::adapter::strip_str(page.text()).to_string()
}

fn judged(snapshots: Vec<clipcheck::snapshot::Snapshot>, checks: &[Check]) -> Report {
    let deployment = Deployment::new(snapshots).expect("a recording is a deployment");
    let of = |case: &clipcheck::case::Case| report(case, checks, &blame(checks, judge(case, checks)));
    merged(deployment.cases().iter().map(|case| (clipcheck::report::About::of(case), of(case))))
}

/// Only what is there to be copied, or has no place to break, may be wider than the terminal.
#[test]
fn no_line_is_wider_than_its_terminal() {
    let checks = built_in().expect("the files in checks/ are sound");
    for state in ["guide-to-the-letter", "redis-wrong-port", "wg-other-port", "healthy"] {
        let snapshots = recorded::read(state).unwrap_or_else(|why| panic!("{why}"));
        let report = judged(snapshots.values().cloned().collect(), &checks);
        for width in [40, 60, 80, 120] {
            let page = page(&report, width);
            let wide = page.lines().filter(|line| !line.trim_start().starts_with("$ "));
            let wide = wide.filter(|line| line.chars().count() > width && line.trim().contains(' '));
            let wide: Vec<&str> =
                wide.filter(|line| line.split(' ').all(|word| word.chars().count() < width / 2)).collect();
            assert!(wide.is_empty(), "{state} at {width}: {wide:#?}");
        }
    }
}

#[test]
fn the_checks_on_the_ways_exist() {
    let checks = built_in().expect("the files in checks/ are sound");
    let known: BTreeSet<&str> = checks.iter().map(|check| check.id.0.as_str()).collect();
    let unknown: Vec<&str> = on_ways().filter(|check| !known.contains(check)).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

/// The states of the hops of a way, by name.
fn hops(report: &Report, end: &str) -> BTreeMap<&'static str, State> {
    let of = |way: &Way| way.hops.iter().any(|hop| hop.name == end);
    let way = ways(&report.outcomes).into_iter().find(of).unwrap_or_else(|| panic!("no way to {end}"));
    way.hops.iter().map(|hop| (hop.name, hop.state)).collect()
}

fn from(state: &str, seats: &[Vantage], checks: &[Check]) -> Report {
    let snapshots = recorded::read(state).unwrap_or_else(|why| panic!("{why}"));
    judged(snapshots.into_iter().filter(|(at, _)| seats.contains(at)).map(|(_, it)| it).collect(), checks)
}

#[test]
fn a_hop_works_only_where_that_was_seen() {
    let checks = built_in().expect("the files in checks/ are sound");
    let healthy = hops(&from(recorded::HEALTHY, &Vantage::ALL, &checks), "Redis");
    assert!(healthy.values().all(|state| *state == State::Works), "{healthy:?}");
    // The server knows nothing of the worker and its machine.
    let alone = hops(&from(recorded::HEALTHY, &[Vantage::Server], &checks), "PostgreSQL");
    for (hop, state) in [("worker", State::Unseen), ("client", State::Unseen), ("tunnel", State::Works)] {
        assert_eq!(alone[hop], state, "{hop}: {alone:?}");
    }
    // Redis' port is wrong in the worker's URL: what PostgreSQL is reached by works.
    let report = from("redis-wrong-port", &Vantage::ALL, &checks);
    let (redis, postgres) = (hops(&report, "Redis"), hops(&report, "PostgreSQL"));
    assert_eq!((redis["worker"], redis["Redis"]), (State::Broken, State::Behind), "{redis:?}");
    assert!(postgres.values().all(|state| *state == State::Works), "{postgres:?}");
}
