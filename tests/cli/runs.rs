//! Looking and judging, on loopback: what is printed where, and how the run ends.

use std::net::TcpListener;
use std::process::Stdio;

use crate::{at_loopback, closed_port, folder, here, json, path, program, recorded, run, run_with, said};

#[test]
fn a_run_prints_its_report_and_nothing_else() {
    let here = here(closed_port());
    let table = run(&at_loopback(&["all"], &here));
    assert_eq!((table.code, table.err.as_str()), (1, ""), "{table:?}");
    assert!(table.out.contains("✗ redis-port-open/refused"), "{}", table.out);
    assert!(!table.out.contains('\x1b'), "colours without a terminal: {}", table.out);
    // Only commands, which are there to be copied, may be wider than the screen.
    let wide = table.out.lines().find(|line| line.chars().count() > 100 && !line.contains("$ "));
    assert_eq!(wide, None, "without a terminal the width is 100");
    let coloured = run(&at_loopback(&["all", "--color", "always"], &here));
    assert!(coloured.out.contains('\x1b'), "{}", coloured.out);
    let forced = run_with(&[("CLICOLOR_FORCE", "1")], &at_loopback(&["all"], &here));
    assert!(forced.out.contains('\x1b'), "{}", forced.out);
}

#[test]
fn the_json_report_has_a_schema_the_times_and_the_exit_code() {
    let here = here(closed_port());
    let said = run(&at_loopback(&["all", "--format", "json"], &here));
    assert_eq!(said.err, "");
    let report = json(&said.out);
    assert_eq!(report["schema"], 2);
    assert_eq!(report["exit_code"], said.code);
    assert_eq!(report["verdict"], "failed");
    let host = &report["seats"][0];
    assert_eq!(host["role"], "container");
    assert_eq!(host["addresses"]["server"], serde_json::json!({ "value": "127.0.0.1", "origin": "told" }));
    let took = host["took_ms"].as_f64().expect("took_ms");
    let slowest = host["slowest_look"]["took_ms"].as_f64().expect("slowest_look.took_ms");
    assert!(slowest > 0.0 && slowest <= took + 1.0, "the slowest look {slowest} ms, all together {took} ms");
    assert!(host["slowest_look"]["look"].as_str().is_some_and(|look| !look.is_empty()));
    let roots = report["roots"].as_array().expect("roots");
    assert!(roots.iter().any(|root| root == "container redis-port-open/refused"), "{roots:?}");
    let counts = report["counts"].as_object().expect("counts");
    let all: u64 = counts.values().filter_map(serde_json::Value::as_u64).sum();
    assert_eq!(all, u64::try_from(report["checks"].as_array().expect("checks").len()).expect("small"));
}

#[test]
fn a_snapshot_can_be_judged_elsewhere_with_the_same_result() {
    let here = here(closed_port());
    let snapshot = run(&at_loopback(&["snapshot"], &here));
    assert_eq!((snapshot.code, snapshot.err.as_str()), (0, ""));
    assert_eq!(json(&snapshot.out)["schema"], 1);
    let folder = folder(&[("container.json", &snapshot.out)]);
    let file = path(&folder, "container.json");
    let file = file.as_str();
    let judged = run(&["judge", file]);
    assert_eq!(judged.code, 1, "{judged:?}");
    assert!(judged.out.contains("redis-port-open/refused"), "{}", judged.out);
    // The same from standard input.
    let piped = program(&[])
        .args(["judge", "-"])
        .stdin(std::fs::File::open(file).expect("the snapshot"))
        .output()
        .expect("clipcheck runs");
    assert_eq!(said(&piped).out, judged.out);
    // Of two looks of one machine the later counts, and that is said.
    let twice = run(&["judge", file, file]);
    assert_eq!(twice.code, 1, "{twice:?}");
    assert!(twice.out.contains("two snapshots of the container"), "{}", twice.out);
}

/// Checks that hold, break, warn and cannot be seen, on this machine.
fn four(port: u16) -> [(&'static str, String); 4] {
    let check = |look: &str, expect: &str, cause: &str| {
        format!(
            "title = \"It is as expected\"\nguide = \"beyond\"\nlooks = {{ container = [\"{look}\"] }}\n\
             expect = [\"{expect}\"]\n[cause.{cause}]\nsays = \"it is {{seen}}\"\nfix.say = \"Mend it.\"\nfix.know = \"It is.\"\n"
        )
    };
    let dial = format!("tcp 127.0.0.1:{port}");
    let warns = check(&dial, "refused", "open").replace("says", "severity = \"warning\"\nsays");
    let unseen = check("unit clipcheck-no-such-unit.service", "active", "failed");
    [
        ("own-holds.toml", check(&dial, "open", "refused")),
        ("own-breaks.toml", check(&dial, "refused", "open")),
        ("own-warns.toml", warns),
        ("own-unseen.toml", unseen),
    ]
}

#[test]
fn the_exit_code_says_how_it_went() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its address").port();
    let files = four(port);
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let checks = folder(&files);
    let here = here(closed_port());
    // Without systemctl in the path no unit can be seen.
    let code = |args: &[&str]| {
        let mut command = program(&[]);
        command.env("PATH", "").args(at_loopback(args, &here)).arg("--checks").arg(checks.path());
        let said = said(&command.output().expect("clipcheck runs"));
        assert_eq!(said.err, "", "{args:?}");
        said.code
    };
    assert_eq!(code(&["all", "own-holds"]), 0);
    assert_eq!(code(&["all", "own-breaks"]), 1);
    assert_eq!(code(&["all", "own-warns"]), 0);
    assert_eq!(code(&["all", "own-warns", "--fail-on", "warning"]), 1);
    assert_eq!(code(&["all", "own-unseen"]), 0);
    assert_eq!(code(&["all", "own-unseen", "--fail-on", "not-seen"]), 3);
    assert_eq!(
        code(&["all", "own-holds", "own-warns", "own-unseen", "--fail-on", "warning", "--fail-on", "not-seen"]),
        1
    );
    // What is essential and unseen is never a success.
    let essential = files[3].1.replace("\nexpect =", "\nessential = [\"container\"]\nexpect =");
    std::fs::write(checks.path().join("own-unseen.toml"), essential).expect("written");
    assert_eq!(code(&["all", "own-unseen"]), 3);
    assert_eq!(code(&["all", "own-unseen", "own-breaks"]), 1);
}

/// `clipcheck … | head -1` ends in silence.
#[test]
fn a_reader_that_goes_away_is_no_error() {
    for args in [vec!["list"], vec!["--help"], vec!["explain", "redis-answers"]] {
        let mut child =
            program(&[]).args(&args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("clipcheck runs");
        drop(child.stdout.take());
        let said = said(&child.wait_with_output().expect("it ends"));
        assert_eq!((said.code, said.err.as_str()), (0, ""), "{args:?}");
    }
}

#[test]
fn the_deadline_holds() {
    let here = here(closed_port());
    let started = std::time::Instant::now();
    let args: Vec<&str> =
        at_loopback(&["snapshot"], &here).into_iter().map(|arg| if arg == "3" { "0.1" } else { arg }).collect();
    assert_eq!(run(&args).code, 0);
    assert!(started.elapsed().as_millis() < 2000, "{:?}", started.elapsed());
}

/// The healthy deployment, as it is recorded.
#[test]
fn a_recording_is_judged_as_ever() {
    let files: Vec<String> =
        ["server", "client", "container"].map(|vantage| recorded::path("healthy", vantage)).to_vec();
    let args: Vec<&str> = std::iter::once("judge").chain(files.iter().map(String::as_str)).collect();
    let said = run(&args);
    assert_eq!((said.code, said.err.as_str()), (0, ""), "{}", said.out);
    assert!(said.out.contains("Nothing failed"), "{}", said.out);
    let together: Vec<&str> = args.iter().copied().chain(["--format", "json"]).collect();
    let report = json(&run(&together).out);
    assert_eq!(report["seats"].as_array().map(Vec::len), Some(3));
    assert_eq!((&report["counts"]["roots"], &report["counts"]["warnings"]), (&0.into(), &0.into()));
}

/// The guide typed to the letter, all four ends together, as a person reads it. After a change that was meant:
/// `INSTA_UPDATE=always cargo test --test cli`.
#[test]
fn the_guide_to_the_letter_reads_as_ever() {
    let files: Vec<String> = ["server", "client", "container", "outside"]
        .map(|vantage| recorded::path("guide-to-the-letter", vantage))
        .to_vec();
    let args: Vec<&str> = std::iter::once("judge").chain(files.iter().map(String::as_str)).collect();
    let said = run(&args);
    assert_eq!((said.code, said.err.as_str()), (1, ""), "{}", said.out);
    insta::assert_snapshot!("guide-to-the-letter", said.out);
}

#[test]
fn that_the_worker_reports_by_http_can_be_said() {
    let look = |more: &[&str]| {
        let args = [&["all", "api-url", "--as", "container", "--format", "json"], more].concat();
        let report = json(&run_with(&[], &args).out);
        let check = &report["checks"][0];
        (check["status"].clone(), check["diagnosis"]["code"].clone())
    };
    assert_eq!(look(&[]).0, "not-applicable");
    assert_eq!(look(&["--topology", "api"]).1, "api-url/missing");
    let profile = folder(&[("p.toml", "topology = \"api\"\n")]);
    let profile = path(&profile, "p.toml");
    assert_eq!(look(&["--profile", &profile]).1, "api-url/missing");
    assert_eq!(look(&["--profile", &profile, "--topology", "database"]).0, "not-applicable");
}

/// Another application's own variables are read, and named in what is said; of ClippyFront's nothing is.
#[test]
fn a_profile_names_another_application() {
    let profile = "app = \"Orchard\"\nbroker = \"BROKER\"\nresults = \"RESULT\"\ndatabase = \"DB\"\nenv_files = []\n";
    let folder = folder(&[("p.toml", profile)]);
    let path = path(&folder, "p.toml");
    let variables =
        [("BROKER", "redis://localhost:6379/0"), ("RESULT", "redis://10.8.0.1/0"), ("DATABASE_URL", "sqlite://")];
    let args = ["all", "worker", "api", "delivery", "--as", "container", "--profile", &path, "--format", "json"];
    let said = run_with(&variables, &args).out;
    let report = json(&said);
    let of = |id: &str| report["checks"].as_array().expect("checks").iter().find(|it| it["id"] == id).cloned();
    let code = |id: &str| of(id).expect("the check")["diagnosis"]["code"].clone();
    assert_eq!((code("env-redis"), code("env-database")), ("env-redis/local".into(), "env-database/unset".into()));
    assert_eq!(of("env-flask").expect("the check")["status"], "not-applicable");
    assert!(said.contains("BROKER=redis://localhost:6379/0") && said.contains("nothing sets DB,"), "{said}");
    for other in ["lippy", "CELERY_BROKER_URL", "DATABASE_URL", "REDIS_URL"] {
        assert!(!said.contains(other), "{other}: {said}");
    }
    let explained = run_with(&variables, &["explain", "BROKER", "--as", "container", "--profile", &path]);
    assert_eq!(explained.code, 0, "{explained:?}");
    assert!(explained.out.contains("redis://localhost:6379/0"), "{}", explained.out);
}

/// Of every fault of the lab's other application all is said in its own words.
#[test]
fn nothing_is_said_of_clippyfront_where_another_application_is_judged() {
    let faults = recorded::written::all::<toml::Table>(recorded::written::FAULTS).expect("faults");
    let states: Vec<String> = faults.into_iter().map(|it| it.id).filter(|id| id.starts_with("orchard-")).collect();
    assert!(states.len() >= 10, "{states:?}");
    for state in states {
        let (server, client) = (recorded::path(&state, "server"), recorded::path(&state, "client"));
        for format in ["table", "json"] {
            let said = run(&["judge", &server, &client, "-v", "--format", format]).out;
            for word in ["lippy", "CELERY_", "DATABASE_URL", "REDIS_URL", "FLASK_", "`gpu`"] {
                let line = said.lines().find(|line| line.contains(word));
                assert!(line.is_none(), "{state}: {word} in {line:?}");
            }
        }
    }
}

/// Where there is no worker, `init` says so; a file that exists stays as it is.
#[test]
fn init_replaces_no_file_by_itself() {
    let folder = folder(&[("p.toml", "mine")]);
    let path = path(&folder, "p.toml");
    let said = run(&["init", "--output", &path]);
    assert_eq!((said.code, said.out.as_str()), (2, ""), "{said:?}");
    assert!(said.err.contains("p.toml: it exists; `--force` replaces it"), "{}", said.err);
    assert_eq!(std::fs::read_to_string(&path).expect("the file"), "mine");
    assert_eq!(run(&["init", "--force"]).code, 2);
}

/// Where a variable comes from, as a person reads it: the image, an env file, compose's own line, an extended and an
/// included file, the app's code. Nobody has to guess which line to change.
#[test]
fn the_chain_of_a_variable_names_every_source_and_the_line_to_change() {
    let states = [
        ("FLASK_ENV", "compose-flask-development.near", 5),
        ("DATABASE_URL", "compose-line-localhost.near", 4),
        ("CELERY_BROKER_URL", "compose-extended-lan.near", 4),
        ("CELERY_BROKER_URL", "compose-included-localhost", 3),
    ];
    let mut shown = String::new();
    for (variable, state, sources) in states {
        let file = |at: &str| recorded::path(state, at);
        let said = run(&["explain", variable, &file("client"), &file("container")]);
        assert_eq!((said.code, said.err.as_str()), (0, ""), "{}", said.out);
        let numbered = said
            .out
            .lines()
            .filter(|line| line.trim_start_matches(['→', ' ']).starts_with(|c: char| c.is_ascii_digit()));
        assert_eq!(numbered.count(), sources, "{state}: {}", said.out);
        shown.extend([state, ":\n", &said.out, "\n"]);
    }
    insta::assert_snapshot!("chains", shown);
}
