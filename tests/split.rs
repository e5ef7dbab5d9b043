//! A server role on three hosts: what is said of the snapshots of all five seats together, and of each host alone.
//! `tests/split` makes the states of `fixtures/split/faults.toml` in the lab, and records what was seen
//! (`CLIPCHECK_SEEN=FOLDER cargo test --test split keep -- --ignored`).
#![allow(clippy::disallowed_methods, reason = "reads and writes recordings")]

mod recorded;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use clipcheck::blame::blame;
use clipcheck::catalog;
use clipcheck::deployment::Deployment;
use clipcheck::fact::Vantage;
use clipcheck::judge::judge;
use clipcheck::report::{About, Answer, Report, merged, report};
use clipcheck::snapshot::Snapshot;
use recorded::patch::{between, without_durations, without_times};
use recorded::pointer::short;
use recorded::pretty::pretty;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// By seat, what differs from the healthy lab's snapshot of that vantage.
type Seats = BTreeMap<String, Map<String, Value>>;

#[derive(Deserialize)]
struct Fault {
    root: String,
    #[serde(default)]
    more: Vec<String>,
}

fn faults() -> BTreeMap<String, Fault> {
    let text = std::fs::read_to_string(recorded::root().join("fixtures/split/faults.toml")).expect("there");
    toml::from_str(&text).expect("the faults")
}

/// Those of them whose recordings are kept; the others are made by `tests/split` alone.
fn recorded_faults() -> BTreeMap<String, Fault> {
    let kept: BTreeMap<String, Fault> = faults().into_iter().filter(|(name, _)| file(name).exists()).collect();
    assert!(!kept.is_empty(), "no fault is recorded");
    kept
}

fn file(state: &str) -> PathBuf {
    recorded::root().join(format!("fixtures/split/recorded/{state}.json"))
}

/// Where a seat stands.
fn vantage(seat: &str) -> Vantage {
    match seat {
        "client" => Vantage::Client,
        "container" => Vantage::Container,
        _ => Vantage::Server,
    }
}

fn snapshots(state: &str) -> BTreeMap<String, Snapshot> {
    let text = std::fs::read_to_string(file(state)).unwrap_or_else(|error| panic!("{state}: {error}"));
    let seats: Seats = serde_json::from_str(&text).expect("a recording");
    let whole = |(seat, lines): (String, Map<String, Value>)| {
        let snapshot = recorded::whole(vantage(&seat), &lines).unwrap_or_else(|why| panic!("{state}: {seat}: {why}"));
        (seat, snapshot)
    };
    seats.into_iter().map(whole).collect()
}

fn judged(snapshots: Vec<Snapshot>) -> Report {
    let checks = catalog::built_in().expect("the checks");
    let deployment = Deployment::new(snapshots).expect("one deployment");
    assert_eq!(deployment.different_deployments(), None);
    let of = |case| report(case, &checks, &blame(&checks, judge(case, &checks)));
    merged(deployment.cases().iter().map(|case| (About::of(case), of(case))))
}

fn together(state: &str) -> Report {
    judged(snapshots(state).into_values().collect())
}

fn roots(report: &Report) -> BTreeSet<String> {
    report.roots().map(|(outcome, diagnosis)| format!("{} {}", outcome.seat, diagnosis.code)).collect()
}

fn warnings(report: &Report) -> Vec<String> {
    let of = |it: &clipcheck::report::Outcome| {
        if let Answer::Warns(diagnosis) = &it.answer { Some(format!("{} {}", it.seat, diagnosis.code)) } else { None }
    };
    report.outcomes.iter().filter_map(of).collect()
}

fn unseen(report: &Report) -> Vec<String> {
    let of = |it: &clipcheck::report::Outcome| {
        if let Answer::Unseen(why) = &it.answer { Some(format!("{} {}: {why}", it.seat, it.check)) } else { None }
    };
    report.outcomes.iter().filter_map(of).collect()
}

fn quiet(state: &str) {
    let report = together(state);
    assert_eq!((roots(&report), warnings(&report)), (BTreeSet::new(), Vec::new()), "{state}");
    for (seat, snapshot) in snapshots(state) {
        let alone = judged(vec![snapshot]);
        assert_eq!((roots(&alone), warnings(&alone)), (BTreeSet::new(), Vec::new()), "{state}: {seat} alone");
    }
}

#[test]
fn nothing_is_reported_of_the_healthy_one_and_nearly_all_is_seen() {
    quiet("healthy");
    let report = together("healthy");
    let unseen_together = unseen(&report);
    assert!(unseen_together.len() <= 4, "{unseen_together:#?}");
    let seats: BTreeSet<&str> = report.hosts.iter().map(|host| host.seat.as_str()).collect();
    assert_eq!(seats, BTreeSet::from(["client", "container", "server postgres", "server redis", "server server"]));
    for (seat, snapshot) in snapshots("healthy") {
        if vantage(&seat) == Vantage::Server {
            let unseen = unseen(&judged(vec![snapshot]));
            assert!(unseen.len() <= 3, "{seat} alone: {unseen:#?}");
        }
    }
}

#[test]
fn each_fault_is_named_with_its_host_and_nothing_else_is() {
    let mut wrong = Vec::new();
    for (name, fault) in recorded_faults() {
        let wanted: BTreeSet<String> = fault.more.into_iter().chain([fault.root]).collect();
        let report = together(&name);
        let (said, warned) = (roots(&report), warnings(&report));
        if said != wanted || !warned.is_empty() {
            wrong.push(format!("{name}: {said:?} {warned:?}, and not {wanted:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn their_near_misses_are_quiet() {
    for name in recorded_faults().into_keys() {
        quiet(&format!("{name}.near"));
    }
}

#[test]
fn hosts_of_two_deployments_are_refused() {
    let split = snapshots("healthy").remove("redis").expect("the host redis");
    let other = recorded::healthy().expect("recorded").snapshots[&Vantage::Server].clone();
    let why = Deployment::new(vec![split, other]).expect_err("two deployments");
    assert!(why.starts_with("two snapshots of the server, from ") && why.contains("redis"), "{why}");
}

/// Keeps what was seen: `CLIPCHECK_SEEN` is a folder with one of each state, with a snapshot of each seat.
#[test]
#[ignore = "writes recordings"]
fn keep() {
    let seen = std::env::var_os("CLIPCHECK_SEEN").expect("CLIPCHECK_SEEN=FOLDER");
    let mut kept = 0;
    for state in std::fs::read_dir(seen).expect("a folder").map(|it| it.expect("an entry").path()) {
        let seats: Seats = std::fs::read_dir(&state)
            .expect("a folder of snapshots")
            .map(|it| lines(&it.expect("one").path()))
            .collect();
        let name = state.file_name().expect("a name").to_string_lossy().into_owned();
        std::fs::write(file(&name), pretty(&json!(seats))).expect("written");
        kept += 1;
    }
    assert!(kept > 0);
}

fn lines(path: &Path) -> (String, Map<String, Value>) {
    let seat = path.file_stem().expect("a name").to_string_lossy().into_owned();
    let text = std::fs::read_to_string(path).expect("a snapshot");
    let snapshot = Snapshot::parse(&text, &path.display().to_string()).expect("a snapshot");
    let base = &recorded::healthy().expect("recorded").values[&vantage(&seat)];
    let value = serde_json::to_value(&snapshot).expect("JSON");
    let mut new = without_durations(without_times(value, snapshot.taken_at));
    let ago = i64::try_from(recorded::taken_at(base)).unwrap_or(0) - i64::try_from(snapshot.taken_at).unwrap_or(0);
    new["taken_at"] = json!({ "ago": ago });
    (seat, short(between(base, &new), base))
}
