//! `--checks DIR`: what a user may write, and what is said to mistakes in it.

use crate::{at_loopback, closed_port, fixture, folder, here, json, path, refused, run, run_with};

const GOOD: &str = r#"title = "The port is open"
guide = "beyond"
looks = { container = ["tcp 127.0.0.1:9"] }
expect = ["open"]

[cause.refused]
says = "nothing listens on port 9"
fix.say = "Nothing."
fix.know = "It is open."
"#;

#[track_caller]
fn mistake(name: &str, text: &str, words: &[&str]) {
    let checks = folder(&[(name, text)]);
    let checks = checks.path().to_str().expect("a path");
    refused(&["all", "--as", "container", "--checks", checks], words);
    refused(&["list", "--checks", checks], words);
    refused(&["explain", "redis-answers", "--checks", checks], words);
}

#[test]
fn the_examples_work() {
    let examples = fixture("user-checks");
    let examples = examples.to_str().expect("a path");
    let listed = json(&run(&["list", "--format", "json", "--checks", examples]).out);
    let own: Vec<&str> = listed
        .as_array()
        .expect("a list")
        .iter()
        .filter(|entry| entry["category"] == "custom")
        .filter_map(|entry| entry["id"].as_str())
        .collect();
    assert_eq!(own, ["disk-space", "ssh-port-open", "ssh-starts", "web-env-private"]);
    let here = here(closed_port());
    for (vantage, wanted) in [("server", 3), ("container", 1)] {
        let args = at_loopback(&["all", "custom", "--checks", examples, "--format", "json"], &here);
        let args: Vec<&str> = args.into_iter().map(|arg| if arg == "container" { vantage } else { arg }).collect();
        let said = run(&args);
        assert_eq!(said.err, "", "{said:?}");
        let report = json(&said.out);
        assert_eq!(report["checks"].as_array().map(Vec::len), Some(wanted), "{vantage}: {report}");
    }
    let page = run(&["explain", "ssh-port-open/refused", "--checks", examples]);
    assert!(page.out.contains("sudo systemctl enable --now ssh"), "{}", page.out);
}

#[test]
fn a_check_of_ones_own_is_judged_like_any_other() {
    let checks = folder(&[("port-nine.toml", GOOD)]);
    let here = here(closed_port());
    let said = run(&at_loopback(&["all", "port-nine", "--checks", checks.path().to_str().expect("a path")], &here));
    assert_eq!((said.code, said.err.as_str()), (1, ""), "{said:?}");
    assert!(said.out.contains("port-nine/refused") && said.out.contains("nothing listens on port 9"), "{}", said.out);
}

/// There is no silent pass: a word that the file does not know is broken.
#[test]
fn an_unlisted_word_is_broken() {
    let checks = folder(&[("port-nine.toml", &GOOD.replace("cause.refused", "cause.timeout"))]);
    let here = here(closed_port());
    let said = run(&at_loopback(&["all", "port-nine", "--checks", checks.path().to_str().expect("a path")], &here));
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.out.contains("port-nine/unexpected") && said.out.contains("“refused”"), "{}", said.out);
}

#[test]
fn a_mistake_is_named_with_its_place() {
    mistake("x.toml", &GOOD.replace("expect =", "expect = ="), &["x.toml:4:10: ", "4 | expect = =", "^"]);
    mistake(
        "x.toml",
        &GOOD.replace("guide", "giude"),
        &["x.toml:2:1: ", "`giude`; did you mean `guide`?", "2 | giude = "],
    );
    mistake("x.toml", &GOOD.replace("fix.know", "fix.known"), &["x.toml:9:5: ", "`known`; did you mean `know`?"]);
    mistake(
        "x.toml",
        &GOOD.replace("tcp 127.0.0.1:9", "telnet 127.0.0.1"),
        &["x.toml:3:24: ", "telnet", "not something that can be looked at; looks begin with api, "],
    );
    mistake("x.toml", &GOOD.replace("container =", "moon ="), &["x.toml:3:11: ", "`moon`, expected one of `server`"]);
    mistake("x.toml", &GOOD.replace("[\"tcp 127.0.0.1:9\"]", "[\"redis\", \"env\"]"), &["x.toml", "exactly one thing"]);
    mistake("x.toml", &GOOD.replace("expect = [\"open\"]", ""), &["x.toml", "`expect`"]);
    mistake("x.toml", &GOOD.replace("{ container = [\"tcp 127.0.0.1:9\"] }", "{}"), &["x.toml", "looks at nothing"]);
    mistake(
        "x.toml",
        &format!("needs = [\"frobnicate\"]\n{GOOD}"),
        &["x.toml:1:10: needs `frobnicate`", "clipcheck list"],
    );
    mistake(
        "x.toml",
        &format!("needs = [\"redis-anwsers@server\"]\n{GOOD}"),
        &["x.toml:1:10: ", "did you mean", "`redis-answers`"],
    );
    mistake("x.toml", &GOOD.replace("tcp 1", "tpc 1"), &["x.toml:3:24: ", "did you mean `tcp`?"]);
    let severity = GOOD.replace("fix.say", "severity = \"warnning\"\nfix.say");
    mistake(
        "x.toml",
        &severity,
        &["x.toml:8:12: unknown word `warnning`; did you mean `warning`?", "           ^^^^^^^^^^"],
    );
    mistake("x.toml", &GOOD.replace("\"open\"", "\"opne\""), &["x.toml:4:11: `tcp 127.0.0.1:9` never brings `opne`"]);
    mistake("x.toml", &GOOD.replace(".refused", ".refusd"), &["x.toml:6:8: ", "did you mean `refused`?"]);
    mistake("redis-answers.toml", GOOD, &["redis-answers.toml", "already"]);
    mistake("Port Nine.toml", GOOD, &["Port Nine.toml", "lower case"]);
    refused(&["list", "--checks", "/nonexistent"], &["/nonexistent"]);
}

#[test]
fn what_all_fixes_share_is_written_once() {
    let apart = GOOD.replace("fix.know = \"It is open.\"\n", "")
        + "\n[cause.timeout]\nsays = \"no answer\"\nfix.say = \"Wait.\"\n";
    let shared = |fix: &str| apart.replace("expect = [\"open\"]\n", &format!("expect = [\"open\"]\n{fix}\n"));
    let checks = folder(&[("x.toml", &shared("fix.know = \"It is open.\"\nfix.on = \"client\""))]);
    let told = run(&["explain", "x", "--checks", checks.path().to_str().expect("a path")]);
    assert_eq!((told.code, told.out.matches("It is open.").count()), (0, 2), "{told:?}");
    mistake("x.toml", &apart, &["missing key `know`", "2 mistakes in"]);
    mistake("x.toml", &shared("fix = { know = \"k\", on = \"moon\" }"), &["x.toml:5:", "`moon`", "1 mistake in"]);
    // Where no cause could have it, it means nothing.
    let none =
        "title = \"t\"\nguide = \"beyond\"\nlooks.container = [\"env\"]\nexpect = [\"seen\"]\nfix.on = \"client\"\n";
    mistake("x.toml", none, &["x.toml:5:1: unknown key `fix`"]);
}

#[test]
fn only_a_full_path_names_a_plugin() {
    for (plugin, words) in [
        ("program = \"check_disk\"", "x.toml:5:11: `check_disk` is no full path"),
        ("program = \"../check_disk\"", "is no full path"),
        ("", "x.toml:3:1: missing key `program`"),
        ("program = \"/bin/true\"\ntimeout = 600", "x.toml:6:11: a plug-in may take 1 to 60 seconds"),
        ("program = \"/bin/true\"\nargument = []", "unknown key `argument`; did you mean `arguments`?"),
        (
            "program = \"/bin/true\"\n[cause.unknown]\nsays = \"a\"\nfix.say = \"b\"\nfix.know = \"c\"",
            "x.toml:6:8: a plug-in has",
        ),
    ] {
        let text = format!("title = \"x\"\nguide = \"beyond\"\n[plugin]\nat = [\"container\"]\n{plugin}\n");
        mistake("x.toml", &text, &[words, "1 mistake in"]);
    }
    mistake("x.toml", &GOOD.replace("tcp 127.0.0.1:9", "plugin y"), &["by the check whose file has `[plugin]`"]);
}

/// Thinking takes Rust: what only a thinking check may say is refused in a user's file.
#[test]
fn a_users_check_is_plain() {
    let with = GOOD.replace("expect", "with = { server = [\"wg\"] }\nexpect");
    mistake("x.toml", &with, &["x.toml", "`with`"]);
}

/// Whoever writes a file wants to know all that is wrong with it, not the first of it.
#[test]
fn all_mistakes_are_shown_at_once() {
    let bad = r#"title = 7
giude = "beyond"
looks = { container = ["telnet 127.0.0.1"], moon = ["redis"] }
needs = ["@nobody"]
expect = []

[cause.refused]
says = ["no"]
severity = "terrible"
fix.say = "Nothing."
fix.konw = "It is open."

[cause.other]
fix.say = "Nothing."
"#;
    let two = GOOD.replace("[\"tcp 127.0.0.1:9\"]", "[\"redis\", \"env\"]").replace("expect = [\"open\"]", "");
    let checks = folder(&[("bad.toml", bad), ("two.toml", &two), ("good.toml", GOOD), ("redis-answers.toml", GOOD)]);
    let said = run(&["list", "--checks", checks.path().to_str().expect("a path")]);
    assert_eq!((said.code, said.out.as_str()), (2, ""), "{said:?}");
    let lines: Vec<&str> = said.err.lines().collect();
    let last = format!("clipcheck: 16 mistakes in {}: nothing was checked", path(&checks, "").trim_end_matches('/'));
    for (place, words) in [
        ("bad.toml:1:", "invalid type: integer `7`, expected a string"),
        ("bad.toml:2:", "unknown key `giude`; did you mean `guide`?"),
        ("bad.toml:1:", "missing key `guide`"),
        ("bad.toml:3:", "telnet"),
        ("bad.toml:3:", "moon"),
        ("bad.toml:4:", "`@nobody` is not defined"),
        ("bad.toml:5:", "a plain check needs `expect`"),
        ("bad.toml:8:", "expected a string"),
        ("bad.toml:9:", "unknown word `terrible`, expected one of `failed`"),
        ("bad.toml:11:", "unknown key `konw`; did you mean `know`?"),
        ("bad.toml:13:", "missing key `says`"),
        ("two.toml:3:1: ", "exactly one thing"),
        ("two.toml:", "`expect`"),
        ("redis-answers.toml: ", "already exists"),
    ] {
        let found =
            lines.iter().any(|line| line.starts_with("clipcheck: ") && line.contains(place) && line.contains(words));
        assert!(found, "{place}{words}:\n{}", said.err);
    }
    assert!(!said.err.contains("good.toml") && !said.err.contains("panicked"), "{}", said.err);
    // Nothing is made up: what was put in place of what is missing is not complained of.
    assert!(!said.err.contains("looks at nothing"), "{}", said.err);
    // A field that is there and wrong is not missing.
    let missing = |line: &&&str| line.contains("bad.toml") && line.contains("missing key");
    let missing: Vec<&&str> = lines.iter().filter(missing).collect();
    assert_eq!(lines.last(), Some(&last.as_str()));
    assert_eq!(missing.len(), 4, "`guide`, `says` of one cause, and `know` of both: {missing:#?}");
}

/// A line that steers the terminal, or goes on and on, is shown as what it is.
#[test]
fn the_line_of_a_mistake_is_shown_safely() {
    let text = GOOD.replace("guide = ", "guide = \"\u{1b}[2J\u{202e}\" # ");
    let checks = folder(&[("x.toml", &text)]);
    let said = run(&["list", "--checks", &path(&checks, "")]);
    assert!(said.code == 2 && !said.err.contains(['\u{1b}', '\u{202e}']), "{said:?}");
    assert!(said.err.contains("2 | guide = \"\\u{1b}[2J\\u{202e}"), "{}", said.err);
    // Another program's file that came into the folder.
    let checks = folder(&[("x.toml", "SECRET_KEY='hunter2'\n"), ("y.toml", "SECRET_KEY=hunter2\n")]);
    let said = run(&["list", "--checks", &path(&checks, "")]);
    assert!(said.err.contains("1 | SECRET_KEY= …") && said.err.contains("y.toml:1:"), "{}", said.err);
    assert!(!said.err.contains("hunter2"), "{}", said.err);
    let long = GOOD.replace("looks =", &format!("looks = {{ server = [\"{}\", \"lnks\"] }} #", "x".repeat(5000)));
    let checks = folder(&[("x.toml", &long)]);
    let said = run_with(&[("COLUMNS", "80")], &["list", "--checks", &path(&checks, "")]);
    let source: Vec<&str> =
        said.err.lines().filter(|line| line.starts_with("3 |") || line.starts_with("  |")).collect();
    assert!(source.len() > 2 && source.iter().all(|line| line.len() <= 80), "{source:#?}");
    let marked = source.iter().position(|line| line.contains("\"lnks\"")).expect("the words are shown");
    let at = source[marked].find("\"lnks\"").expect("there");
    assert_eq!(source[marked + 1].find("^^^^^^"), Some(at), "{source:#?}");
}

/// Whatever is cut from a file, reading it ends.
#[test]
fn a_file_that_is_cut_anywhere_is_refused_or_read() {
    let whole = GOOD.lines().count();
    for left in 0..whole {
        let lines: Vec<&str> = GOOD.lines().enumerate().filter(|(at, _)| *at != left).map(|(_, line)| line).collect();
        let checks = folder(&[("x.toml", &lines.join("\n"))]);
        let said = run(&["list", "--checks", checks.path().to_str().expect("a path")]);
        assert!([0, 2].contains(&said.code) && said.err.lines().count() <= 9, "{left}: {said:?}");
        assert!(said.code == 0 || said.err.contains("x.toml:"), "{left}: {said:?}");
    }
}
