//! What stays in sight: over every recorded report, on a terminal of 80 columns and 24 rows, whether the answer is on the
//! last screen, how far a fix stands from its root, and which roots have nothing to type. Without root, without a network.
//! `cargo test --test screen -- --nocapture` prints the figures.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;

use clipcheck::blame::blame;
use clipcheck::catalog::built_in;
use clipcheck::check::Check;
use clipcheck::cli::{Color, Format, Showing};
use clipcheck::deployment::Deployment;
use clipcheck::exit::Exit;
use clipcheck::fact::Vantage;
use clipcheck::judge::judge;
use clipcheck::render::{self, Screen};
use clipcheck::report::{Report, State, Way, merged, on_ways, pointed_at, report, ways};

mod recorded;

use recorded::Snapshots;

const WIDTH: usize = 80;

/// Of a terminal of 24 rows; the prompt has the last one.
const ROWS: usize = 23;

/// Roots that have nothing to type, each with the reason.
const BY_HAND: &[(&str, &str)] = &[
    ("api-answers/no-bundle", "which certificate is mounted where is the user's choice"),
    ("container-way/own-address", "which network the container is given is in its own start command"),
    ("delivery-key/not-a-key", "the private key is somewhere else, and only its owner knows where"),
    ("env-agrees/version", "which of two versions is wanted is not seen"),
    ("names-resolve/no-resolver", "which name server is right is not seen"),
    ("names-resolve/no-such-name", "who uses the name differs"),
    ("tunnel-payload/hangs-in-container", "Docker's own configuration is JSON of the user's, which no command merges"),
    ("wg-key-unshared/two-machines", "it is done on the other machine, which was not looked at"),
    ("queue-chosen/other", "the command that starts another app's worker is its user's own"),
    ("queue-taken/other", "the command that starts another app's worker is its user's own"),
];

/// What was counted in some reports.
#[derive(Default)]
struct Figures {
    roots: usize,
    in_sight: usize,
    distances: Vec<usize>,
    /// Roots with the line at fault among what was seen; and with the words at fault marked in it.
    lines: usize,
    marked: usize,
    without: BTreeMap<String, usize>,
    wrong: Vec<String>,
}

impl Figures {
    fn add(mut self, other: Self) -> Self {
        self.roots += other.roots;
        self.in_sight += other.in_sight;
        self.lines += other.lines;
        self.marked += other.marked;
        self.distances.extend(other.distances);
        for (code, count) in other.without {
            *self.without.entry(code).or_default() += count;
        }
        self.wrong.extend(other.wrong);
        self
    }
}

fn showing() -> Showing {
    Showing { color: Color::Never, ..Showing::default() }
}

fn page(report: &Report, width: usize) -> String {
    let screen = Screen { width, ascii: false, moves: false, forced: None };
    let page = render::report(report.clone(), Format::Table, &showing(), Exit::Broken, screen);
    anstream::adapter::strip_str(page.text()).to_string()
}

fn judged(snapshots: Vec<clipcheck::snapshot::Snapshot>, checks: &[Check]) -> Report {
    let deployment = Deployment::new(snapshots).expect("a recording is a deployment");
    let of = |case: &clipcheck::case::Case| report(case, checks, &blame(checks, judge(case, checks)));
    merged(deployment.cases().iter().map(|case| (clipcheck::report::About::of(case), of(case))))
}

/// The lines of a page by the row of the terminal on which each begins, and how many rows there are.
fn rows(page: &str) -> (Vec<(usize, &str)>, usize) {
    let mut row = 0;
    let mut lines = Vec::new();
    for line in page.lines() {
        lines.push((row, line));
        row += line.chars().count().div_ceil(WIDTH).max(1);
    }
    (lines, row)
}

fn count(figures: &mut Figures, name: &str, report: &Report) {
    let page = page(report, WIDTH);
    let (lines, all) = rows(&page);
    let last = all.saturating_sub(ROWS);
    let seen = |starts: &str, from: usize| lines.iter().find(|(row, line)| *row >= from && line.starts_with(starts));
    for (outcome, diagnosis) in report.roots() {
        if let Some(place) = &diagnosis.place {
            let at = format!("{}:{}", place.file, place.line);
            figures.lines += usize::from(outcome.evidence.iter().any(|it| it.line.contains(&at)));
            let marks = outcome.evidence.iter().any(|it| pointed_at(it.line, diagnosis).is_some());
            figures.marked += usize::from(marks);
        }
        let headline = format!("✗ {}", diagnosis.code);
        let Some((at, _)) = seen(&headline, 0) else {
            figures.wrong.push(format!("{name}: {} is nowhere on the page", diagnosis.code));
            continue;
        };
        figures.roots += 1;
        let Some((fix, _)) = seen("  fix  ", *at) else {
            figures.wrong.push(format!("{name}: {} has no fix on the page", diagnosis.code));
            continue;
        };
        figures.distances.push(fix - at);
        // In the summary of several roots the first command stands for the fix.
        let typed = match diagnosis.fix.run.first() {
            Some(command) => {
                lines.iter().any(|(row, line)| *row >= last && line.trim_start().ends_with(command.as_str()))
            }
            None => seen("  fix  ", last).is_some(),
        };
        figures.in_sight += usize::from(typed && seen(&headline, last).is_some());
        if diagnosis.fix.run.is_empty() {
            *figures.without.entry(diagnosis.code.clone()).or_default() += 1;
        }
    }
    if !lines.iter().any(|(row, line)| *row >= last && (line.contains("root cause") || line.contains("othing"))) {
        figures.wrong.push(format!("{name}: the verdict is not on the last screen"));
    }
}

fn reports(states: &[String], checks: &[Check]) -> Figures {
    let mut figures = Figures::default();
    for state in states {
        let snapshots: Snapshots = recorded::read(state).unwrap_or_else(|why| panic!("{why}"));
        count(&mut figures, state, &judged(snapshots.values().cloned().collect(), checks));
        for (vantage, snapshot) in snapshots.iter().filter(|(vantage, _)| **vantage != Vantage::Outside) {
            count(&mut figures, &format!("{state} from the {vantage}"), &judged(vec![snapshot.clone()], checks));
        }
    }
    figures
}

#[test]
fn every_root_and_its_fix_are_on_the_last_screen() {
    let checks = built_in().expect("the files in checks/ are sound");
    let states: Vec<String> = recorded::states()
        .expect("there are recordings")
        .into_keys()
        .filter(|state| state.strip_suffix(".near").is_none() && !state.starts_with(recorded::HEALTHY))
        .collect();
    let (one, other) = states.split_at_checked(states.len() / 2).expect("a half");
    let mut figures = thread::scope(|scope| {
        let half = scope.spawn(|| reports(one, &checks));
        reports(other, &checks).add(half.join().expect("counted"))
    });
    assert!(figures.wrong.is_empty(), "{}", figures.wrong.join("\n"));
    assert!(figures.roots > 1000, "only {} roots were counted", figures.roots);
    figures.distances.sort_unstable();
    let median = figures.distances[figures.distances.len() / 2];
    let without: usize = figures.without.values().sum();
    let share = |part: usize| part * 1000 / figures.roots;
    println!("{} roots at {WIDTH}x{}", figures.roots, ROWS + 1);
    println!("headline and fix on the last screen: {} of 1000", share(figures.in_sight));
    println!("rows from headline to fix: median {median}, most {:?}", figures.distances.last());
    println!("with the line at fault: {}; the words at fault are marked in {}", figures.lines, figures.marked);
    println!("nothing to type: {} of 1000, {:?}", share(without), figures.without);
    assert!(share(figures.in_sight) >= 995, "on the last screen: {} of 1000", share(figures.in_sight));
    assert!(figures.marked * 10 >= figures.lines * 6, "the words at fault are marked in {}", figures.marked);
    assert!(median <= 4, "the fix stands {median} rows below its headline");
    assert!(share(without) <= 15, "nothing to type: {} of 1000", share(without));
    let excused: BTreeSet<&str> = BY_HAND.iter().map(|(code, _)| *code).collect();
    let found: BTreeSet<&str> = figures.without.keys().map(String::as_str).collect();
    assert_eq!(found, excused, "each root without a command has its reason in BY_HAND, and no other");
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
