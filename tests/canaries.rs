//! No secret comes out: a machine on which every file, variable, command line, log and answer of a server holds one of its
//! own, seen by the program with every command, and rendered in every format. It needs root and namespaces of its own, since
//! the files have fixed places; elsewhere that part says that it was left out.
//!
//! CLIPCHECK_CANARIES=all takes secrets of every kind, and renders them together with every recording, twice: more than a
//! hundred thousand pages.
#![allow(clippy::disallowed_methods, reason = "sets the world up")]
#![allow(clippy::print_stdout, reason = "counts are told")]

use std::collections::BTreeMap;
use std::process::{Command, Output};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use clipcheck::fact::Vantage;
use clipcheck::snapshot::Snapshot;

use pages::Pages;
use world::{KINDS, World, names};

#[path = "canaries/pages.rs"]
mod pages;
mod recorded;
#[path = "canaries/search.rs"]
mod search;
#[path = "canaries/world.rs"]
mod world;

/// Where the program stands, and whose worker it sees.
const SEATS: [(&str, &str); 4] = [("server", ""), ("client", ""), ("client", "native"), ("container", "")];

/// What is typed behind every command that looks.
const HERE: [&str; 8] =
    ["--server", "127.8.0.1", "--client", "127.8.0.2", "--web-env", "/opt/clippyfront/.env", "--deadline", "5"];

/// Commands besides `snapshot`, and those that are given a file which is none of theirs.
const COMMANDS: [&[&str]; 21] = [
    &["all", "--verbose"],
    &["all"],
    &["all", "--quiet"],
    &["all", "--format", "json"],
    &["all", "--format", "junit"],
    &["all", "--format", "github"],
    &["all", "--format", "markdown"],
    &["all", "--format", "prometheus"],
    &["all", "--format", "html"],
    &["all", "--since", "/opt/clippyfront/.env"],
    &["all", "--with", "/opt/clippyfront/.env"],
    &["all", "--profile", "/opt/clippyfront/.env"],
    &["all", "--profile", "/etc/wireguard/wg0.conf"],
    &["all", "--checks", "/run/checks"],
    &["all", "--container"],
    &["explain", "DATABASE_URL"],
    &["explain", "CELERY_BROKER_URL"],
    &["explain", "WORKER_API_KEY"],
    &["judge", "/opt/clippyfront/.env"],
    &["snapshot", "--from", "/run/inspect"],
    &["healthcheck"],
];

/// So many pages are looked at where everything is.
const MANY: usize = 100_000;

/// Kinds of secrets that are tried each time: words, what breaks a URL, and what is encoded there.
const USUAL: [&str; 3] = ["letters", "symbols", "encoded"];

fn everything() -> bool {
    std::env::var("CLIPCHECK_CANARIES").is_ok_and(|it| it == "all")
}

/// Whether mounts, a network and processes of one's own can be had.
fn has_namespaces() -> bool {
    let tried =
        Command::new("unshare").args(["-mnpf", "--mount-proc", "mount", "-t", "tmpfs", "none", "/mnt"]).output();
    let has = tried.is_ok_and(|output| output.status.success());
    if !has {
        println!("skipped: only root has mounts of his own (sudo -E cargo test --test canaries)");
    }
    has
}

/// What has been found, and how much was looked at.
#[derive(Default)]
struct Found {
    runs: AtomicUsize,
    wrong: Mutex<Vec<String>>,
}

impl Found {
    fn look(&self, world: &World, what: &str, text: &str) {
        let found = world.search.found(text);
        if !found.is_empty() {
            self.wrong.lock().expect("no panic").push(format!("{what}: {found:?}"));
        }
    }

    /// Runs a command, and looks at all that it prints.
    fn run(&self, world: &World, kind: &str, (seat, worker): (&str, &str), command: &[&str]) -> Output {
        let mut args = command.to_vec();
        // What is not about this machine takes no word about it.
        if !matches!(command, ["judge", ..] | [_, "--from", _]) {
            args.extend(["--as", seat]);
            args.extend(HERE);
        }
        let output = world.run(worker, &args);
        let said = String::from_utf8_lossy(&output.stderr);
        let what = format!("{kind}, {seat} {worker}: {command:?}");
        assert!(
            output.status.code().is_some_and(|code| (0..=3).contains(&code)),
            "{what}: {:?}: {said}",
            output.status
        );
        self.look(world, &what, &String::from_utf8_lossy(&output.stdout));
        self.look(world, &what, &said);
        self.runs.fetch_add(1, Ordering::Relaxed);
        output
    }
}

/// What each seat of a machine saw.
fn seen(world: &World, kind: &str, found: &Found) -> BTreeMap<(&'static str, &'static str), Snapshot> {
    let seats = SEATS.into_iter().map(|seat| {
        let output = found.run(world, kind, seat, &["snapshot"]);
        let text = String::from_utf8_lossy(&output.stdout);
        let snapshot = Snapshot::parse(&text, "x.json").unwrap_or_else(|why| panic!("{kind} {seat:?}: {why}: {text}"));
        (seat, snapshot)
    });
    seats.collect()
}

#[test]
fn no_secret_of_a_machine_comes_out() {
    if !has_namespaces() {
        return;
    }
    let kinds: &[&str] = if everything() { &KINDS } else { &USUAL };
    let (found, pages) = (Found::default(), Pages::new());
    for kind in kinds {
        let world = World::new(kind);
        let seen = seen(&world, kind, &found);
        for (number, command) in COMMANDS.into_iter().enumerate() {
            let in_turn = |it: &usize| everything() || (*kind == USUAL[0] && number % SEATS.len() == *it);
            for seat in (0..SEATS.len()).filter(in_turn) {
                found.run(&world, kind, SEATS[seat], command);
            }
        }
        found.look(&world, &format!("{kind}: what programs were told"), &world.heard());
        let of =
            |seat: &str, worker: &str| seen.iter().find(|(it, _)| **it == (seat, worker)).map(|(_, it)| it.clone());
        let alone = seen.values().map(|snapshot| vec![snapshot.clone()]);
        let joined =
            ["", "native"].map(|worker| [of("server", ""), of("client", worker)].into_iter().flatten().collect());
        let mut cases: Vec<Vec<Snapshot>> = alone.chain(joined).collect();
        if everything() {
            cases.extend(with_recordings(&seen, kind));
        }
        pages.all(&cases, &|text| found.look(&world, &format!("{kind}: a page"), text));
    }
    println!(
        "{} secrets of {} kinds, {} runs, {} pages: {} found",
        names().len(),
        kinds.len(),
        found.runs.load(Ordering::Relaxed),
        pages.count(),
        found.wrong.lock().expect("no panic").len()
    );
    let wrong = found.wrong.into_inner().expect("no panic");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(!everything() || pages.count() >= MANY, "{} pages are no proof", pages.count());
}

/// The recordings, each with what a seat of this machine saw in the place of every other fact, so that it is shown under
/// every finding. Each kind takes its share of them, and that of another one.
fn with_recordings(seen: &BTreeMap<(&str, &str), Snapshot>, kind: &str) -> Vec<Vec<Snapshot>> {
    let states: Vec<String> = recorded::states().expect("the recordings").into_keys().collect();
    let share = KINDS.iter().position(|it| it == &kind).unwrap_or_default();
    let mut cases = Vec::new();
    let mine = |number: usize| [share, (share + 1) % KINDS.len()].contains(&(number % KINDS.len()));
    for (number, state) in states.iter().enumerate().filter(|(number, _)| mine(*number)) {
        for (vantage, mut snapshot) in recorded::read(state).expect("a recording") {
            let fits = seen.iter().filter(|((seat, _), _)| seat.parse::<Vantage>().is_ok_and(|it| it == vantage));
            for (_, own) in fits {
                let facts = own.facts.iter().skip(number % 2).step_by(2);
                snapshot.facts.extend(facts.map(|(key, fact)| (key.clone(), fact.clone())));
                cases.push(vec![snapshot.clone()]);
            }
        }
    }
    cases
}
