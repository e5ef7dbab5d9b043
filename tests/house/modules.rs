//! One direction, two doors, small files.

use std::collections::{BTreeMap, BTreeSet};

use super::source::{bracketed, code, places};
use crate::{differences, files, files_named, none, read, root};

/// Which module may import which. Everything else is wrong, and so is an edge here that nobody uses.
const EDGES: &[(&str, &[&str])] = &[
    ("fact", &[]),
    ("read", &["fact"]),
    ("profile", &["fact"]),
    ("snapshot", &["fact", "profile", "read"]),
    ("case", &["fact", "profile", "read", "snapshot"]),
    ("deployment", &["case", "fact", "profile", "snapshot"]),
    ("check", &["case", "fact"]),
    ("judge", &["case", "check", "fact", "profile", "read"]),
    ("catalog", &["check", "judge"]),
    ("blame", &["check", "fact", "judge"]),
    ("report", &["blame", "case", "check", "fact", "profile", "snapshot"]),
    ("probe", &["fact", "profile", "read", "snapshot"]),
    ("run", &["fact", "plan", "probe", "profile", "snapshot"]),
    ("cli", &["fact", "profile"]),
    ("plan", &["check", "fact", "profile"]),
    ("exit", &["cli", "report"]),
    ("render", &["check", "cli", "exit", "fact", "profile", "report", "run"]),
    (
        "app",
        &[
            "blame",
            "case",
            "catalog",
            "check",
            "cli",
            "deployment",
            "exit",
            "fact",
            "judge",
            "plan",
            "probe",
            "profile",
            "read",
            "render",
            "report",
            "run",
            "snapshot",
        ],
    ),
    ("main", &["app"]),
];

/// Edges that are open for a few names only: the words in which a renderer or a probe must speak.
const NARROW: &[(&str, &str, &[&str])] = &[
    ("case", "read", &["Says", "netfilter"]),
    ("judge", "read", &["Says", "iptables", "wg_quick"]),
    ("probe", "snapshot", &["Rights"]),
    ("render", "fact", &["FactKey", "Vantage", "plugin", "touch"]),
    ("render", "profile", &["Addresses", "Known", "Origin"]),
    ("render", "run", &["Event"]),
];

/// The modules that may touch the world, and what touching looks like.
const DOORS: &[&str] = &["src/probe/", "src/probe.rs", "src/app.rs", "src/app/output.rs", "src/app/terminal.rs"];
const TOUCHES: &[&str] = &[
    "std::fs",
    "std::process::Command",
    "tokio::fs",
    "tokio::process",
    "TcpStream",
    "UdpSocket",
    "UnixStream",
    "lookup_host",
    "SystemTime",
    "Instant::now",
    "env::var",
    "env::vars",
    "stdin()",
];

/// One place prints: what a renderer made, and what a run complains of, cleaned. The live line goes to standard error by
/// itself.
const SCREEN: &str = "src/app/screen.rs";
const PROGRESS: &str = "src/render/progress.rs";
const PRINTS: &[&str] = &["println!", "eprintln!", "print!", "eprint!", "stdout()", "stderr()"];

/// What a person reads at once.
const LONG: usize = 300;

const TOP: &[&str] =
    &["CHANGELOG.md", "Cargo.lock", "Cargo.toml", "LICENSE", "README.md", "checks", "docs", "fixtures", "src", "tests"];

struct Import {
    file: String,
    line: usize,
    from: String,
    to: String,
    names: Vec<String>,
}

/// Every `crate::x` (in `main.rs` also `clipcheck::x`), and every `super::x` that climbs to the top.
fn imports() -> Vec<Import> {
    let mut found = Vec::new();
    for file in files_named("src", ".rs") {
        let text = code(&read(&file));
        let path: Vec<&str> = file.trim_start_matches("src/").trim_end_matches(".rs").split('/').collect();
        let climb = "super::".repeat(path.len());
        for top in ["crate::", "clipcheck::", climb.as_str()] {
            for at in places(&text, top.trim_end_matches("::")) {
                let Some(rest) = text[at..].strip_prefix(top) else { continue };
                let line = text[..at].matches('\n').count() + 1;
                for branch in branches(rest) {
                    let (to, names) = branch.split_once("::").map_or((branch.as_str(), Vec::new()), |(to, rest)| {
                        (to, branches(rest).iter().map(|it| first_word(it)).collect())
                    });
                    let to = first_word(to);
                    if !to.is_empty() && to != "super" {
                        found.push(Import { file: file.clone(), line, from: path[0].to_owned(), to, names });
                    }
                }
            }
        }
    }
    found
}

/// `{a::{b, c}, d}` → `a::{b, c}`, `d`; anything else is one branch.
fn branches(path: &str) -> Vec<String> {
    if !path.starts_with('{') {
        let end = path.find([';', ')', '>', '}', '\n']).unwrap_or(path.len());
        let end =
            path.find('{').filter(|open| *open < end).map_or(end, |open| open + bracketed(&path[open..]).len() + 2);
        return vec![path[..end].to_owned()];
    }
    let mut found = vec![String::new()];
    let mut depth = 0;
    for c in bracketed(path).chars().filter(|c| !c.is_whitespace()) {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if c == ',' && depth == 0 {
            found.push(String::new());
        } else if let Some(last) = found.last_mut() {
            last.push(c);
        }
    }
    found.retain(|branch| !branch.is_empty());
    found
}

fn first_word(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

fn modules() -> BTreeSet<String> {
    files_named("src", ".rs")
        .iter()
        .map(|file| file.trim_start_matches("src/").trim_end_matches(".rs").split('/').next().unwrap_or("").to_owned())
        .filter(|name| name != "lib")
        .collect()
}

#[test]
fn a_module_imports_only_from_upstream() {
    let listed: BTreeSet<String> = EDGES.iter().map(|(name, _)| (*name).to_owned()).collect();
    none(
        "the table of edges in tests/house/modules.rs is about the modules there are",
        differences(&listed, "in the table, not in src/", &modules(), "in src/, not in the table"),
    );
    let mut used: BTreeSet<(String, String)> = BTreeSet::new();
    let mut wrong = Vec::new();
    for import in imports().into_iter().filter(|import| import.from != "lib" && import.from != import.to) {
        let (from, to) = (import.from.as_str(), import.to.as_str());
        let place = format!("{}:{}", import.file, import.line);
        used.insert((from.to_owned(), to.to_owned()));
        let allowed = EDGES.iter().any(|(name, upstream)| *name == from && upstream.contains(&to));
        let narrow = NARROW.iter().find(|(name, upstream, _)| *name == from && *upstream == to);
        if listed.contains(to) && !allowed {
            wrong.push(format!("{from} may not import {to} ({place})"));
        } else if let Some((_, _, names)) = narrow {
            let more = import.names.iter().filter(|name| !names.contains(&name.as_str()));
            wrong.extend(more.map(|name| format!("{from} may not import {to}::{name} ({place})")));
        }
        if (from, to) == ("render", "run") && import.file != "src/render/progress.rs" {
            wrong.push(format!("only render::progress may import run ({place})"));
        }
    }
    let edges = EDGES.iter().flat_map(|(name, upstream)| upstream.iter().map(move |to| (name, to)));
    wrong.extend(
        edges
            .filter(|(from, to)| !used.contains(&((**from).to_owned(), (**to).to_owned())))
            .map(|(from, to)| format!("the table lets {from} import {to}, and it does not: take the edge out")),
    );
    none("one direction (src/lib.rs)", wrong);
}

#[test]
fn the_edges_make_no_circle() {
    let edges: BTreeMap<&str, &[&str]> = EDGES.iter().copied().collect();
    // A module stands on level n if all it imports stands below n; in a circle nothing has a level.
    let mut placed: BTreeSet<&str> = BTreeSet::new();
    loop {
        let next: Vec<&str> = edges
            .iter()
            .filter(|(name, upstream)| !placed.contains(**name) && upstream.iter().all(|it| placed.contains(it)))
            .map(|(name, _)| *name)
            .collect();
        if next.is_empty() {
            break;
        }
        placed.extend(next);
    }
    none("in a circle", edges.keys().filter(|name| !placed.contains(**name)));
}

#[test]
fn only_probes_and_app_touch_the_world() {
    let mut wrong = Vec::new();
    for file in files_named("src", ".rs") {
        let text = read(&file);
        let text = code(&text);
        let line = |at: usize| text[..at].matches('\n').count() + 1;
        let door = DOORS.iter().any(|door| file.starts_with(door));
        for at in places(&text, "clippy::disallowed_methods") {
            let attribute = text[..at].rsplit('[').next().unwrap_or_default();
            if attribute.trim_start().starts_with("allow") {
                wrong.push(format!("{file}:{}: `allow`; say `expect` with a reason", line(at)));
            } else if !door {
                wrong.push(format!("{file}:{}: opens the door; only {DOORS:?} may", line(at)));
            }
        }
        // The screen writes to a file that is open already; clippy keeps it from opening any.
        for touch in TOUCHES.iter().filter(|touch| !(door || file == SCREEN && **touch == "std::fs")) {
            wrong.extend(
                text.match_indices(touch)
                    .filter(|(at, _)| !within_word(&text, *at))
                    .map(|(at, _)| format!("{file}:{}: `{touch}`; only {DOORS:?} touch the world", line(at))),
            );
        }
        for print in PRINTS.iter().filter(|print| file != SCREEN && !(file == PROGRESS && **print == "stderr()")) {
            let found = text
                .match_indices(print)
                .filter(|(at, _)| !within_word(&text, *at) && !text[at + print.len()..].starts_with(".is_terminal()"));
            wrong.extend(found.map(|(at, _)| format!("{file}:{}: `{print}`; only {SCREEN} prints", line(at))));
        }
    }
    none("two doors (.clippy.toml)", wrong);
}

/// What comes from files, programs and snapshots is cleaned where it enters a renderer, and only there; what is printed is
/// a page.
#[test]
fn renderers_are_given_cleaned_text() {
    let mut wrong = Vec::new();
    for file in files_named("src/render", ".rs").into_iter().filter(|file| file.matches('/').count() == 2) {
        let text = code(&read(&file));
        if ["json.rs", "clean.rs", "progress.rs"].iter().any(|name| file.ends_with(name)) {
            continue;
        }
        for head in text.split("pub(super) fn ").skip(1).filter_map(|rest| rest.split('{').next()) {
            let name = first_word(head);
            if !["json", "schema"].contains(&name.as_str()) && !head.contains("&Clean<") {
                wrong.push(format!("{file}: `{name}` does not take `Clean`"));
            }
        }
    }
    for file in files_named("src", ".rs").into_iter().filter(|file| file != "src/render.rs") {
        let text = code(&read(&file));
        let made = ["Page::of(", "Clean::of("].into_iter().filter(|it| text.contains(it));
        wrong.extend(made.map(|it| format!("{file}: `{it}`")));
    }
    none("cleaned once, in src/render.rs", wrong);
}

fn within_word(text: &str, at: usize) -> bool {
    text[..at].chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_')
}

#[test]
fn async_stays_where_there_is_something_to_wait_for() {
    let may = [
        "src/app.rs",
        "src/app/look.rs",
        "src/app/watch.rs",
        "src/probe.rs",
        "src/probe/",
        "src/render/progress.rs",
        "src/run.rs",
    ];
    let others = files_named("src", ".rs").into_iter().filter(|file| !may.iter().any(|it| file.starts_with(it)));
    none(
        "waits, and is no probe, runner or progress line",
        others.filter(|file| places(&code(&read(file)), "async").next().is_some()),
    );
}

#[test]
fn files_are_small_and_say_what_they_are_for() {
    let mut wrong = Vec::new();
    for file in files_named("src", ".rs") {
        let text = read(&file);
        let lines = text.lines().count();
        if lines > LONG {
            wrong.push(format!("{file} has {lines} lines, more than {LONG}"));
        }
        if !text.starts_with("//!") {
            wrong.push(format!("{file} does not begin with what it is for (`//!`)"));
        }
    }
    none("small files", wrong);
}

/// A reader that is not in the table is neither doubled nor fuzzed.
#[test]
fn every_reader_of_text_is_in_the_table_of_readers() {
    let table: String = files_named("tests/readers", ".rs").iter().map(read).collect();
    let table = code(&table);
    let mut wrong = Vec::new();
    for file in files_named("src/read", ".rs") {
        let stem = file.trim_end_matches(".rs").rsplit('/').next().unwrap_or_default();
        let text = code(&read(&file));
        let reads = text.match_indices("pub fn ").any(|(at, _)| {
            let arguments = text[at..].split(')').next().unwrap_or_default();
            arguments.contains("&str") || arguments.contains("&[String]")
        });
        if reads && places(&table, stem).next().is_none() {
            wrong.push(format!("{file} reads text, and tests/readers/ does not have it"));
        }
    }
    none("readers", wrong);
}

#[test]
fn the_top_level_is_what_it_should_be() {
    let entries = std::fs::read_dir(root()).expect("the top can be listed");
    let found: BTreeSet<String> = entries
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .filter(|name| !name.starts_with('.') && name != "target")
        .collect();
    let wanted: BTreeSet<String> = TOP.iter().map(|name| (*name).to_owned()).collect();
    none("the top level", differences(&wanted, "is missing", &found, "does not belong there"));
}

/// A reader has this repository and nothing else.
#[test]
fn nothing_points_outside_the_repository() {
    // Written in pieces, so that this file does not find itself.
    let words: Vec<String> = [("/wo", "rk/"), ("../sha", "red"), ("Clau", "de"), ("Anthro", "pic"), ("ChatG", "PT")]
        .iter()
        .chain(&[("this ses", "sion of"), ("previous ses", "sion"), ("sub-ag", "ent"), ("context win", "dow")])
        .map(|(head, tail)| format!("{head}{tail}").to_lowercase())
        .collect();
    let mut wrong = Vec::new();
    for file in files("") {
        let Ok(text) = std::fs::read_to_string(root().join(&file)) else { continue };
        for (number, line) in text.lines().enumerate() {
            let line = line.to_lowercase();
            let found = words.iter().filter(|word| {
                // `$dir/work/x` is a folder of a script's own.
                line.match_indices(word.as_str()).any(|(at, _)| {
                    !word.starts_with('/')
                        || !line[..at].ends_with(|c: char| c.is_alphanumeric() || "}\"'_-.".contains(c))
                })
            });
            wrong.extend(found.map(|word| format!("{file}:{}: `{word}`", number + 1)));
        }
    }
    none("points outside the repository", wrong);
}

#[test]
fn every_dependency_is_used_and_has_its_reason() {
    let manifest: toml::Table = read("Cargo.toml").parse().expect("Cargo.toml is TOML");
    let table = read("docs/dependencies.md");
    let sources: String = files_named("src", ".rs").iter().chain(&files_named("tests", ".rs")).map(read).collect();
    let sources = code(&sources);
    let own = ["dependencies", "build-dependencies", "dev-dependencies"]
        .into_iter()
        .filter_map(|name| manifest.get(name)?.as_table());
    let targets = manifest.get("target").and_then(toml::Value::as_table).into_iter().flat_map(toml::Table::values);
    let theirs = targets.filter_map(|target| target.get("dependencies")?.as_table());
    let mut wrong = Vec::new();
    for name in own.chain(theirs).flat_map(toml::Table::keys) {
        if places(&sources, &name.replace('-', "_")).next().is_none() {
            wrong.push(format!("{name} is used nowhere"));
        }
        // `netlink-packet-*` stands for its family.
        let family = name.rsplit_once('-').map_or_else(String::new, |(family, _)| format!("{family}-*"));
        if places(&table, name).next().is_none() && (family.is_empty() || !table.contains(&family)) {
            wrong.push(format!("{name} has no reason in docs/dependencies.md"));
        }
    }
    none("dependencies", wrong);
}
