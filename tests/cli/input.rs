//! What can be typed, and what is said to wrong input.

use crate::{at_loopback, closed_port, folder, here, json, path, refused, run};

#[test]
fn help_names_the_commands_and_the_exit_codes() {
    let said = run(&["--help"]);
    assert_eq!((said.code, said.err.as_str()), (0, ""));
    for word in ["all", "snapshot", "judge", "list", "explain", "Exit codes", "0 nothing failed", "1 something failed"]
    {
        assert!(said.out.contains(word), "{word}: {}", said.out);
    }
    for command in ["all", "watch", "healthcheck", "snapshot", "judge", "list", "explain", "schema"] {
        let said = run(&[command, "--help"]);
        assert_eq!((said.code, said.err.as_str()), (0, ""), "{command}");
    }
}

#[test]
fn version_is_the_crates_with_the_build_and_the_target() {
    let said = run(&["--version"]).out;
    assert!(said.starts_with(concat!("clipcheck ", env!("CARGO_PKG_VERSION"), " (")), "{said}");
    assert!(said.trim_end().ends_with(&format!("{}-unknown-linux-gnu)", std::env::consts::ARCH)), "{said}");
}

#[test]
fn a_category_or_a_check_is_a_command() {
    let here = here(closed_port());
    for word in ["redis", "redis-port-open"] {
        let short = json(&run(&at_loopback(&[word, "--json"], &here)).out);
        let long = json(&run(&at_loopback(&["all", word, "--json"], &here)).out);
        let ids = |report: &serde_json::Value| {
            report["checks"].as_array().expect("checks").iter().map(|check| check["id"].clone()).collect::<Vec<_>>()
        };
        assert!(!ids(&short).is_empty());
        assert_eq!(ids(&short), ids(&long), "{word}");
    }
}

#[test]
fn a_category_is_explained_by_its_checks() {
    let entries = json(&run(&["list", "--format", "json"]).out);
    for category in ["tunnel", "firewall", "redis", "postgres", "worker", "queue", "api", "delivery"] {
        let page = run(&["explain", category]);
        assert_eq!((page.code, page.err.as_str()), (0, ""), "{category}");
        let own = entries.as_array().expect("a list").iter().filter(|entry| entry["category"] == category);
        assert!(page.out.starts_with(&format!("{category}: {} checks\n", own.clone().count())), "{}", page.out);
        for entry in own {
            let id = entry["id"].as_str().expect("an id");
            assert!(page.out.contains(&format!("\n\n{id}: ")), "{id}: {}", page.out);
        }
    }
}

/// The shells and man read what they are given.
#[test]
fn completions_and_the_man_page_are_read() {
    for (shell, word) in [("bash", "_clipcheck()"), ("zsh", "#compdef clipcheck"), ("fish", "complete -c clipcheck")] {
        let said = run(&["completions", shell]);
        assert_eq!((said.code, said.err.as_str()), (0, ""), "{shell}");
        assert!(said.out.contains(word) && said.out.contains("healthcheck"), "{shell}");
    }
    let bash = run(&["completions", "bash"]).out;
    let script = format!(
        "{bash}\nCOMP_WORDS=(clipcheck wat); COMP_CWORD=1; _clipcheck clipcheck wat clipcheck; echo \"${{COMPREPLY[*]}}\""
    );
    let completed = std::process::Command::new("bash").args(["-c", &script]).output().expect("bash runs");
    assert_eq!(String::from_utf8_lossy(&completed.stdout).trim(), "watch");
    let page = run(&["man"]).out;
    assert!(page.contains(".TH clipcheck 1") && page.contains("Exit codes"), "{page}");
    refused(&["man", "wach"], &["did you mean `watch`?"]);
    for command in ["all", "watch", "healthcheck", "explain"] {
        assert!(page.contains(&format!("clipcheck\\-{command}(1)")), "{command}: {page}");
        let own = run(&["man", command]);
        assert_eq!((own.code, own.err.as_str()), (0, ""), "{command}");
        assert!(own.out.contains(&format!("clipcheck\\-{command}")), "{command}: {}", own.out);
    }
}

#[test]
fn no_command_and_unknown_ones_are_usage_errors() {
    assert_eq!(run(&[]).code, 2);
    refused(&["frobnicate"], &["frobnicate"]);
    refused(&["all", "--frobnicate"], &["--frobnicate"]);
    refused(&["all", "--as", "moon"], &["moon", "server, client, container or outside"]);
    refused(&["all", "--server", "nowhere"], &["nowhere"]);
    refused(&["all", "--deadline", "0"], &["between 0.1 and 600"]);
    refused(&["all", "--deadline", "soon"], &["a number of seconds"]);
    refused(&["all", "--redis-port", "70000"], &["70000"]);
}

#[test]
fn the_list_has_three_forms_of_the_same() {
    let entries = json(&run(&["list", "--format", "json"]).out);
    let entries = entries.as_array().expect("a list");
    assert!(entries.len() >= 24, "{}", entries.len());
    let (text, markdown) = (run(&["list"]).out, run(&["list", "--format", "markdown"]).out);
    assert_eq!(markdown.lines().count(), entries.len() + 2);
    for entry in entries {
        let id = entry["id"].as_str().expect("an id");
        assert!(text.contains(id) && markdown.contains(&format!("| `{id}` |")), "{id}");
        assert!(entry["causes"].as_array().is_some_and(|causes| !causes.is_empty()), "{id}");
    }
    let widest = text.lines().map(|line| line.chars().count()).max().unwrap_or(0);
    assert!(widest <= 100, "without a terminal the width is 100, not {widest}");
}

#[test]
fn every_check_and_every_cause_can_be_explained() {
    let entries = json(&run(&["list", "--format", "json"]).out);
    for entry in entries.as_array().expect("a list") {
        let id = entry["id"].as_str().expect("an id");
        let page = run(&["explain", id]);
        assert_eq!((page.code, page.err.as_str()), (0, ""), "{id}");
        assert!(page.out.contains(entry["title"].as_str().expect("a title")), "{id}: {}", page.out);
        for cause in entry["causes"].as_array().expect("causes") {
            let code = format!("{id}/{}", cause.as_str().expect("a cause"));
            assert!(page.out.contains(&code), "{code}");
        }
    }
    let one = run(&["explain", "redis-answers/denied"]).out;
    assert!(one.contains("redis-answers/denied") && !one.contains("redis-answers/no-auth"), "{one}");
}

#[test]
fn what_is_unknown_is_named_with_what_is_near() {
    refused(&["explain", "redis-answer"], &["`redis-answer`", "did you mean", "`redis-answers`"]);
    refused(&["explain", "DATABSE_URL"], &["`DATABSE_URL`", "did you mean one of `DATABASE_URL`, "]);
    refused(&["explain", "redis-answers/denid"], &["did you mean `denied`?"]);
    refused(&["explain", "reddis"], &["did you mean `redis`?"]);
    refused(&["explain", "frobnicate"], &["`frobnicate`", "clipcheck list"]);
    refused(&["explain", "redis-answers/frobnicate"], &["`frobnicate`", "denied", "no-auth"]);
    refused(&["all", "handshake"], &["`handshake`", "wg-handshake"]);
    refused(&["all", "postgre"], &["did you mean", "`postgres`"]);
    refused(&["lst"], &["did you mean `list`?"]);
    refused(&["reddis"], &["no command, category or check `reddis`", "did you mean `redis`?"]);
    refused(&["redis-anwsers", "--json"], &["did you mean", "`redis-answers`"]);
    refused(&["all", "--jsn"], &["--json"]);
    refused(&["all", "redis", "frobnicate"], &["`frobnicate`", "clipcheck list"]);
}

#[test]
fn a_wrong_profile_is_refused_with_its_place() {
    let folder = folder(&[
        ("malformed.toml", "server = \"10.8.0.1\"\nredis_port = = 6380\n"),
        ("unknown.toml", "server = \"10.8.0.1\"\nredis_prot = 6380\n"),
        ("kind.toml", "redis_port = \"six\"\n"),
        ("no-app.toml", "server = \"10.8.0.1\"\n# of whom?\nqueues = [\"reports\"]\n"),
        ("no-broker.toml", "app = \"Orchard\"\n"),
        ("api.toml", "app = \"Orchard\"\nbroker = \"B\"\napi = true\n"),
        ("empty.toml", "app = \"Orchard\"\nbroker = \"\"\n"),
        ("odd.toml", "app = \"Orchard\"\nbroker = \"B\"\nunit = \"w; rm\"\n"),
        ("queues.toml", "app = \"Orchard\"\nbroker = \"B\"\nqueues = []\n"),
    ]);
    let refuse = |name: &str, words: &[&str]| {
        let path = path(&folder, name);
        refused(&["all", "--as", "container", "--profile", &path], words);
        refused(&["snapshot", "--as", "container", "--profile", &path], words);
    };
    refuse("malformed.toml", &["malformed.toml:2:14: "]);
    refuse("unknown.toml", &["unknown.toml:2:1: ", "redis_prot", "redis_port"]);
    refuse("kind.toml", &["kind.toml:1:14: "]);
    refuse("no-app.toml", &["no-app.toml:3: ", "`queues`", "`app`"]);
    refuse("no-broker.toml", &["no-broker.toml:1: ", "`broker`"]);
    refuse("api.toml", &["api.toml:3: ", "`api = false`"]);
    refuse("empty.toml", &["empty.toml:2: ", "`broker`"]);
    refuse("odd.toml", &["odd.toml:3: ", "`unit`"]);
    refuse("queues.toml", &["queues.toml:3: ", "at least one"]);
    refuse("absent.toml", &["absent.toml: "]);
    refused(&["all", "--as", "container", "--profile", &path(&folder, "")], &["directory"]);
}

#[test]
fn a_wrong_snapshot_is_refused_with_its_place() {
    let folder = folder(&[
        ("newer.json", "{\"schema\": 99, \"anything\": [\"else\"]}"),
        ("malformed.json", "{\n  \"schema\": 1,\n  oops\n}"),
        ("other.json", "{\"schema\": 1, \"hello\": true}"),
        ("none.json", "[]"),
        ("empty.json", ""),
    ]);
    let refuse = |name: &str, words: &[&str]| {
        let path = path(&folder, name);
        refused(&["judge", &path], words);
        refused(&["all", "--as", "container", "--with", &path], words);
    };
    refuse("newer.json", &["newer.json", "schema 99", "up to 1"]);
    refuse("malformed.json", &["malformed.json:3:3: "]);
    refuse("other.json", &["other.json:1:", "missing field"]);
    refuse("none.json", &["none.json:1:"]);
    refuse("empty.json", &["empty.json:1:"]);
    refuse("absent.json", &["absent.json: "]);
    refused(&["judge"], &["FILE"]);
}

#[test]
fn from_outside_the_public_address_must_be_told() {
    refused(&["all", "--as", "outside"], &["--public ADDRESS"]);
    refused(&["snapshot", "--as", "outside"], &["--public ADDRESS"]);
}
