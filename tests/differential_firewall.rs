//! The firewall model against the kernel: random rule sets are loaded in network namespaces of the test's own, other
//! namespaces dial in, and what the kernel does must be what the model says after reading the rules back by the
//! same programs that clipcheck runs.
//!
//! `cargo test --test differential_firewall -- --ignored --nocapture`; `CLIPCHECK_CASES` (1200) rule sets, from `CLIPCHECK_SEED` (1) on, in
//! `WORLDS` (4) sets of namespaces at once. `CASE=N` does only that one and prints its rules.
#![allow(clippy::string_slice, reason = "cuts what it made or keeps itself")]
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    clippy::format_push_string,
    clippy::format_collect,
    clippy::range_plus_one,
    reason = "a test that loads rules and dials"
)]

#[path = "differential_firewall/rules.rs"]
mod rules;
#[path = "differential_firewall/world.rs"]
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use clipcheck::fact::firewall::netfilter::{Act, Family, Model, Test};
use clipcheck::fact::firewall::walk::{Disposition, PacketTrace};
use clipcheck::read::netfilter::model;
use rules::Style;
use world::{Answer, Dial, World};

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

#[derive(Default)]
struct Tally {
    agreed: u64,
    refused: u64,
    connections: BTreeMap<&'static str, u64>,
    undecided: u64,
    strict: u64,
    differ: Vec<String>,
}

#[test]
#[ignore = "needs root, nft, iptables and network namespaces"]
fn the_model_agrees_with_the_kernel() {
    let one = std::env::var("CASE").ok().and_then(|value| value.parse().ok());
    let (first, count) = one.map_or((number("CLIPCHECK_SEED", 1), number("CLIPCHECK_CASES", 1200)), |case| (case, 1));
    let next = Arc::new(AtomicU64::new(first));
    let tally = Arc::new(Mutex::new(Tally::default()));
    let worlds = number("WORLDS", 4).min(count);
    let threads: Vec<_> = (0..worlds)
        .map(|world| {
            let (next, tally) = (Arc::clone(&next), Arc::clone(&tally));
            std::thread::spawn(move || {
                let mut world = World::raise(world);
                loop {
                    let case = next.fetch_add(1, Ordering::SeqCst);
                    if case >= first + count {
                        break;
                    }
                    run(case, &mut world, &tally, one.is_some());
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().expect("a world ended badly");
    }
    let tally = tally.lock().unwrap();
    println!("{} rule sets agreed with the kernel, {} differ", tally.agreed, tally.differ.len());
    println!("{} lines were refused by their own tool and taken out", tally.refused);
    println!("in {} sets dropped and rejected were told apart, in the others only let in and kept out", tally.strict);
    println!("connections: {:?}, undecided by the model: {}", tally.connections, tally.undecided);
    for line in tally.differ.iter().take(20) {
        println!("DIFFERS {line}");
    }
    assert!(tally.differ.is_empty(), "the model and the kernel differ");
    assert_eq!(tally.agreed, count, "every rule set is compared");
}

fn run(case: u64, world: &mut World, tally: &Mutex<Tally>, show: bool) {
    let mut set = rules::set(case);
    match world.load(&mut set) {
        Ok(refused) => tally.lock().unwrap().refused += refused,
        Err(why) => panic!("case {case}: {why}\n{}", set.text()),
    }
    let netfilter = world.netfilter();
    let model = model(&netfilter);
    let strict = strict(&model);
    let dials = world::dials();
    let traces: Vec<PacketTrace> = dials.iter().map(|dial| model.trace(&dial.flow(), Some(&world::links()))).collect();
    let mut answers = world.dial(&dials, 150);
    // A busy machine is slow: only what stays different is different.
    let differs = |trace: &PacketTrace, answer: Answer| !agrees(trace.disposition, answer, strict && !trace.later);
    for patience in [600, 1800] {
        let again: Vec<usize> = (0..dials.len()).filter(|at| differs(&traces[*at], answers[*at])).collect();
        if again.is_empty() {
            break;
        }
        let some: Vec<Dial> = again.iter().map(|at| dials[*at].clone()).collect();
        for (at, answer) in again.iter().zip(world.dial(&some, patience)) {
            answers[*at] = answer;
        }
    }
    if show {
        println!("{}\n{}", set.text(), serde_json::to_string_pretty(&netfilter).unwrap());
    }
    let mut tally = tally.lock().unwrap();
    tally.strict += u64::from(strict);
    let mut wrong = Vec::new();
    for ((dial, trace), answer) in dials.iter().zip(&traces).zip(&answers) {
        if show {
            println!("{dial}: model {:?}, kernel {answer:?}, by {:?}", trace.disposition, trace.by());
        }
        if trace.disposition == Disposition::Unknown {
            tally.undecided += 1;
        }
        *tally.connections.entry(answer.word()).or_default() += 1;
        if differs(trace, *answer) {
            wrong.push(format!("{dial}: model {:?} by {:?}, kernel {answer:?}", trace.disposition, trace.by()));
        }
    }
    if wrong.is_empty() {
        tally.agreed += 1;
    } else {
        tally.differ.push(format!("CASE={case} ({:?}): {}", set.style, wrong.join("; ")));
    }
}

/// Whether a set lets us tell "dropped" from "rejected". Of two chains at the same place the kernel asks the one that
/// was loaded later first, which no listing shows; and a rule with a rate, or one that is not understood, may stop a
/// packet before the one that surely does.
fn strict(model: &Model) -> bool {
    let mut places = BTreeSet::new();
    model.tables.iter().filter(|table| !table.is_idle()).all(|table| {
        table.chains.values().all(|chain| {
            let alone = chain.base.as_ref().is_none_or(|base| {
                let family =
                    if table.family == Family::Ip6 { [false, true] } else { [true, table.family != Family::Ip] };
                let idle = chain.rules.is_empty() && !base.drops;
                idle || [4, 6]
                    .iter()
                    .zip(family)
                    .all(|(version, meets)| !meets || places.insert((base.hook, base.priority, *version)))
            });
            alone
                && chain.rules.iter().all(|rule| {
                    let stops = matches!(rule.act, Act::Drop | Act::Reject);
                    rule.tests.iter().all(|test| *test != Test::Unsupported && !(stops && *test == Test::Rate))
                })
        })
    })
}

fn agrees(disposition: Disposition, answer: Answer, strict: bool) -> bool {
    match disposition {
        Disposition::Dropped | Disposition::Rejected if !strict => answer != Answer::Open,
        Disposition::Accepted => answer == Answer::Open,
        Disposition::Dropped => answer == Answer::Silent,
        Disposition::Rejected => answer == Answer::Rejected,
        Disposition::Unknown => true,
    }
}

/// What the other processes of this test do: this same program, in another namespace.
#[test]
#[ignore = "is run by the_model_agrees_with_the_kernel"]
fn helper() {
    if let Ok(role) = std::env::var("CLIPCHECK_DIFFERENTIAL_ROLE") {
        world::help(&role);
    }
}

#[test]
fn sets_are_the_same_every_time() {
    for case in 0..200 {
        assert_eq!(rules::set(case).text(), rules::set(case).text());
    }
    let styles: std::collections::BTreeSet<Style> = (0..50).map(|case| rules::set(case).style).collect();
    assert_eq!(styles.len(), 5);
}
