//! What a terminal would obey comes from files, programs and other people's snapshots, and reaches none.

use std::collections::BTreeSet;
use std::path::Path;

use clipcheck::app::screen;
use clipcheck::blame::blame;
use clipcheck::case::Case;
use clipcheck::catalog;
use clipcheck::check::Check;
use clipcheck::cli::{Color, Format, ListFormat, Showing};
use clipcheck::exit::Exit;
use clipcheck::judge::judge;
use clipcheck::probe::host;
use clipcheck::render::{self, Page, Screen};
use clipcheck::report::{Report, provenance, report};
use clipcheck::snapshot::Snapshot;
use serde_json::Value;

use crate::{Said, at_loopback, closed_port, folder, here, json, path, program, run, said};

/// A title, a bell, a return, a colour by C1, a turn of direction, two separators, a mark, a line of its own.
const HOSTILE: &str = "\u{1b}]0;X\u{7}\r\u{9b}31m\u{202e}\u{2028}\u{feff}\u{200b}\u{7f}\nforged: line";

fn is_hostile(c: char) -> bool {
    HOSTILE.contains(c) && !c.is_ascii_graphic() && !matches!(c, ' ' | '\n')
}

#[track_caller]
fn clean(text: &str, what: &str) {
    assert_eq!(text.chars().find(|c| is_hostile(*c)), None, "{what}: {text:?}");
    // Long text is broken into lines anywhere, but the line break of its own is written out.
    let joined: String = text.split_whitespace().collect();
    let forged = joined.match_indices("forged").find(|(at, _)| !joined[..*at].ends_with("\\n"));
    assert_eq!(forged, None, "{what}: a line of its own: {text}");
}

/// All paths to a text or a name in a value; places in a list are one kind.
fn kinds(value: &Value, at: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::String(_) => _ = found.insert(at.to_owned()),
        Value::Array(items) => items.iter().for_each(|item| kinds(item, &format!("{at}/*"), found)),
        Value::Object(fields) => {
            for (name, item) in fields {
                found.insert(format!("{at}/{name}="));
                kinds(item, &format!("{at}/{name}"), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The same value with something hostile in all that is of these kinds.
fn spoilt(value: &Value, at: &str, which: &BTreeSet<String>) -> Value {
    match value {
        Value::String(text) if which.contains(at) => Value::String(format!("{text}{HOSTILE}")),
        Value::Array(items) => items.iter().map(|item| spoilt(item, &format!("{at}/*"), which)).collect(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, item)| {
                let below = format!("{at}/{name}");
                let name = if which.contains(&format!("{below}=")) { format!("{name}{HOSTILE}") } else { name.clone() };
                (name, spoilt(item, &below, which))
            })
            .collect(),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

fn recorded(state: &str, vantage: &str) -> Value {
    crate::recorded::value(state, vantage.parse().expect("a vantage"))
}

/// The kinds of text of a snapshot that can hold anything.
fn open_kinds(snapshot: &Value) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    kinds(snapshot, "", &mut all);
    all.retain(|kind| {
        let text = spoilt(snapshot, "", &BTreeSet::from([kind.clone()])).to_string();
        let refused = Snapshot::parse(&text, "x.json").err();
        if let Some(why) = &refused {
            clean(&render::clean(why), kind);
        }
        refused.is_none()
    });
    all
}

fn shown(report: &Report, format: Format, verbose: bool) -> Page {
    let showing = Showing { color: Color::Never, verbose, ..Showing::default() };
    render::report(report.clone(), format, &showing, Exit::Broken, SCREEN)
}

const SCREEN: Screen = Screen { width: 80, columns: 80, ascii: false, moves: true, forced: None };

/// Everything that is made of a snapshot, without the program around it.
fn pages(snapshot: Snapshot, checks: &[Check], what: &str) {
    let case = Case::new(vec![snapshot]).expect("a case");
    let report = report(&case, checks, &blame(checks, judge(&case, checks)));
    for verbose in [false, true] {
        let table = shown(&report, Format::Table, verbose);
        let ours = ["[0m", "[1m", "[2m", "[31m", "[32m", "[33m"].map(|style| format!("\u{1b}{style}"));
        clean(&ours.iter().fold(table.text().to_owned(), |text, ours| text.replace(ours, "")), what);
    }
    for format in [Format::Junit, Format::Github, Format::Markdown, Format::Prometheus, Format::Html] {
        clean(shown(&report, format, true).text(), what);
    }
    let data = shown(&report, Format::Json, false);
    clean(data.text(), what);
    let data = json(data.text());
    let fixes =
        data["checks"].as_array().into_iter().flatten().filter_map(|check| check["diagnosis"]["fix"]["run"].as_array());
    for command in fixes.flatten().filter_map(Value::as_str) {
        assert!(!command.contains(|c| is_hostile(c) || c == '\n'), "{what}: {command:?}");
    }
    for variable in provenance::variables(None) {
        clean(render::provenances(&provenance::provenances(&case, variable), SCREEN).text(), what);
    }
}

/// Into so many snapshots the kinds of text are spread.
const PARTS: usize = 6;

#[test]
fn no_text_of_a_snapshot_reaches_the_terminal_as_it_is() {
    let checks = catalog::built_in().expect("the checks");
    let states = ["guide-to-the-letter", "compose-line-localhost.near"];
    let mut tried = 0;
    for vantage in ["server", "client", "container", "outside"] {
        for state in states {
            let snapshot = recorded(state, vantage);
            let open = open_kinds(&snapshot);
            // Each by itself would take a minute; all at once, some hide what others would show.
            for part in 0..PARTS {
                let some = open.iter().skip(part).step_by(PARTS).cloned().collect();
                let text = spoilt(&snapshot, "", &some).to_string();
                pages(
                    Snapshot::parse(&text, "x.json").expect("a snapshot"),
                    &checks,
                    &format!("{state} {vantage} {some:?}"),
                );
            }
            tried += open.len();
            let folder = folder(&[("x.json", &spoilt(&snapshot, "", &open).to_string())]);
            let file = path(&folder, "x.json");
            all_commands(&file, &format!("{state} {vantage}"));
            let report = json(&run(&["judge", &file, "--format", "json"]).out);
            let name = format!("{}{HOSTILE}", snapshot["host"].as_str().expect("a name"));
            assert_eq!(report["seats"][0]["host"]["name"], name.as_str(), "it reads back as it was");
        }
    }
    assert!(tried > 200, "only {tried} kinds of text");
}

/// The program itself, with each command that takes a snapshot.
fn all_commands(file: &str, what: &str) {
    let here = here(closed_port());
    let with = at_loopback(&["all", "redis", "--with", file, "--since", file], &here);
    for args in [
        vec!["judge", file],
        vec!["judge", file, "--format", "json"],
        vec!["explain", "REDIS_URL", file],
        vec!["explain", "env-redis", file],
        vec!["judge", file, file],
        with,
    ] {
        let Said { out, err, code } = run(&args);
        clean(&out, &format!("{what}: {args:?}"));
        clean(&err, &format!("{what}: {args:?}"));
        assert!((0..=3).contains(&code), "{what}: {args:?}");
    }
}

#[test]
fn an_earlier_report_and_the_names_of_files_are_cleaned_too() {
    let here = here(closed_port());
    let report = run(&at_loopback(&["all", "redis", "--format", "json"], &here)).out;
    let mut report = json(&report);
    report["seats"][0]["host"]["name"] = HOSTILE.into();
    report["seats"][0]["role"] = "server".into();
    for row in report["checks"].as_array_mut().expect("checks") {
        row["root"] = true.into();
        row["diagnosis"] = serde_json::json!({ "code": format!("x/{HOSTILE}") });
    }
    let folder = folder(&[("before\u{1b}[2J\r.json", &report.to_string()), ("bad\u{1b}[2J\u{202e}.json", "{")]);
    let (before, bad) = (path(&folder, "before\u{1b}[2J\r.json"), path(&folder, "bad\u{1b}[2J\u{202e}.json"));
    for format in ["table", "json"] {
        let said = run(&at_loopback(&["all", "redis", "--since", &before, "--format", format], &here));
        assert!(said.out.contains("forged"), "{}", said.out);
        clean(&said.out, format);
    }
    let gone = "/nowhere\u{1b}]0;x\u{7}\nforged: line";
    for args in [
        vec!["judge", &bad],
        vec!["judge", gone],
        vec!["all", "--since", &bad],
        vec!["all", "--profile", &bad],
        vec!["all", "--checks", gone],
        vec!["list", "--checks", gone],
        vec!["snapshot", "--from", &bad],
        vec!["explain", HOSTILE],
        vec!["explain", &format!("redis-answers/{HOSTILE}")[..]],
        vec!["all", HOSTILE],
        vec!["all", "--as", HOSTILE],
        vec![HOSTILE],
        vec!["all", &format!("--{HOSTILE}")[..]],
    ] {
        let said = run(&args);
        assert_eq!((said.code, said.out.as_str()), (2, ""), "{args:?}: {}", said.err);
        clean(&said.err, &format!("{args:?}"));
    }
}

#[test]
fn a_check_file_of_ones_own_cannot_steer_the_terminal() {
    let toml = |text: &str| {
        serde_json::to_string(text).expect("text").replace('\u{7f}', "\\u007f").replace('\u{9b}', "\\u009b")
    };
    let word = toml(HOSTILE);
    let check = format!(
        "title = {word}\nguide = {word}\nneeds = []\nlooks = {{ container = [{look}] }}\nexpect = [\"open\"]\n\
         [cause.refused]\nsays = {word}\nwhy = {word}\nalternatives.container = [{alternative}]\ntell = {word}\n\
         fix.say = {word}\nfix.run = [{word}]\nfix.know = {word}\nwindows.says = {word}\nwindows.fix.say = {word}\n\
         windows.fix.run = [{word}]\nwindows.fix.know = {word}\n",
        look = toml(&format!("tcp 127.0.0.1{HOSTILE}:9")),
        alternative = toml(&format!("server x{HOSTILE}/y{HOSTILE}")),
    );
    let folder = folder(&[("own-hostile.toml", &check)]);
    let checks = folder.path().display().to_string();
    let here = here(closed_port());
    for args in [
        vec!["list"],
        vec!["list", "--format", "markdown"],
        vec!["list", "--format", "json"],
        vec!["explain", "own-hostile"],
        vec!["explain", "own-hostile/refused"],
        vec!["explain", "own-hostile/nothing"],
        at_loopback(&["all", "own-hostile"], &here),
        at_loopback(&["all", "own-hostile", "--format", "json"], &here),
        at_loopback(&["snapshot"], &here),
    ] {
        let said = run(&[args.as_slice(), &["--checks", &checks]].concat());
        clean(&said.out, &format!("{args:?}"));
        clean(&said.err, &format!("{args:?}"));
        assert!(said.out.contains("forged") || said.code == 2, "{args:?}: {said:?}");
    }
    let listed = json(&run(&["list", "--format", "json", "--checks", &checks]).out);
    let own =
        listed.as_array().expect("a list").iter().find(|entry| entry["id"] == "own-hostile").expect("it is there");
    assert_eq!(own["title"], HOSTILE, "it reads back as it was");
    // A cause that no look brings is a mistake, whose line is shown.
    let wrong = format!("{check}[cause.{word}]\nsays = {word}\nfix.say = {word}\nfix.know = {word}\n");
    std::fs::write(folder.path().join("own-hostile.toml"), wrong).expect("written");
    let said = run(&["list", "--checks", &checks]);
    assert!(said.code == 2 && said.out.is_empty() && said.err.contains("own-hostile.toml:"), "{said:?}");
    clean(&said.err, "the line of a mistake");
}

#[test]
fn our_own_colours_stay() {
    let file = crate::recorded::path("guide-to-the-letter", "server");
    let coloured = run(&["judge", &file, "--color", "always"]).out;
    let (mut plain, mut rest) = (String::new(), coloured.as_str());
    while let Some((before, behind)) = rest.split_once('\u{1b}') {
        plain.push_str(before);
        let style = behind.strip_prefix('[').and_then(|it| it.split_once('m')).expect("a style");
        assert!(style.0.chars().all(|c| c.is_ascii_digit() || c == ';'), "{}", style.0);
        rest = style.1;
    }
    assert_eq!(plain + rest, run(&["judge", &file]).out);
}

/// Formats of the list stand for themselves: each is made by `render::list`.
#[test]
fn the_list_of_built_in_checks_has_nothing_to_clean() {
    let checks = catalog::built_in().expect("the checks");
    for format in [ListFormat::Text, ListFormat::Markdown, ListFormat::Json] {
        assert!(!render::list(&checks, format, SCREEN).text().contains("\\u{"), "{format:?}");
    }
}

#[test]
fn what_cannot_be_printed_is_an_error() {
    let file = crate::recorded::path("healthy", "server");
    let here = here(closed_port());
    for (args, is_all) in [
        (vec!["list"], true),
        (vec!["explain", "redis-answers"], true),
        (at_loopback(&["snapshot"], &here), true),
        (vec!["--help"], false),
        (vec!["judge", &file], false),
        (vec!["judge", &file, "--format", "json"], false),
        (at_loopback(&["all", "redis"], &here), false),
    ] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("/dev/full");
        let full = said(&program(&[]).args(&args).stdout(full).output().expect("clipcheck runs"));
        assert_eq!(full.code, 2, "{args:?}: {}", full.err);
        assert!(full.err.starts_with("clipcheck: cannot print: "), "{args:?}: {}", full.err);
        // Where the exit code is no answer by itself, a closed output is an error, too.
        let closed = |how: &str| {
            let mut shell = std::process::Command::new("sh");
            shell.args(["-c", &format!("exec \"$0\" \"$@\" {how}"), env!("CARGO_BIN_EXE_clipcheck")]).args(&args);
            said(&shell.output().expect("sh runs"))
        };
        if is_all {
            let closed = closed(">&-");
            assert_eq!((closed.code, closed.err.lines().count()), (2, 1), "{args:?}: {}", closed.err);
        }
        let thrown_away = closed(">/dev/null");
        assert_eq!(thrown_away.err, "", "{args:?}");
    }
}

/// Runs itself: what the hook prints goes to standard error, past what a test's output is caught by.
#[test]
fn a_panic_says_where_and_never_what() {
    const NAME: &str = "cli::hostile::a_panic_says_where_and_never_what";
    if std::env::var_os("CLIPCHECK_TEST_PANICS").is_some() {
        screen::guard(&[]);
        let looks = host::apart(|| -> u8 { panic!("s3cret in a look") }).expect("a thread");
        assert!(looks.blocking_recv().is_err(), "who waits for it hears that nobody will tell");
        panic!("{} outside", "s3cret");
    }
    let itself = std::env::current_exe().expect("this test");
    let mut again = std::process::Command::new(itself);
    again.args(["--exact", NAME, "--nocapture"]).env("CLIPCHECK_TEST_PANICS", "1").env("RUST_BACKTRACE", "full");
    let said = said(&again.output().expect("it runs"));
    assert_eq!(said.code, 2, "{said:?}");
    assert!(!format!("{said:?}").contains("s3cret"), "{said:?}");
    let file = Path::new("tests/cli/hostile.rs").display().to_string();
    for line in said.err.lines() {
        let place = line.strip_prefix(&format!("clipcheck: stopped at {file}:")).expect("where");
        assert!(place.strip_suffix("; this is a bug in clipcheck").is_some_and(|it| it.parse::<u32>().is_ok()));
    }
    assert_eq!(said.err.lines().count(), 2, "{}", said.err);
}
