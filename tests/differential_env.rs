//! Do our readers agree with the real ones? python-dotenv, the Docker client, Docker's compose, SQLAlchemy with
//! psycopg2, redis-py with kombu: thousands of made texts each, and every disagreement is printed.
//!
//! `cargo test --test differential_env -- --ignored --nocapture`, where Python's registry can be reached
//! (`tests/lab.d/env-python`) and docker and its compose are installed (`tests/lab packages`). CLIPCHECK_SEED takes
//! other texts.
#![allow(clippy::disallowed_methods, clippy::print_stdout, reason = "runs programs and tells what it compared")]

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

use clipcheck::fact::limits::Budget;
use clipcheck::read::compose::{self, File, Project};
use clipcheck::read::{dotenv, envfile, url};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

#[path = "differential_env/made.rs"]
mod made;

use made::Dice;

/// How many of each.
const DOTENVS: usize = 2500;
const ENV_FILES: usize = 500;
const PROJECTS: usize = 120;
const SERVICES: usize = 12;
const URLS: usize = 3000;

const COMPOSE: [&str; 3] = [
    "/usr/libexec/docker/cli-plugins/docker-compose",
    "/usr/lib/docker/cli-plugins/docker-compose",
    "/usr/local/lib/docker/cli-plugins/docker-compose",
];

fn dice() -> Dice {
    Dice(std::env::var("CLIPCHECK_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(0x5eed_0001))
}

/// What the readers' process has in its environment.
fn environment() -> BTreeMap<String, String> {
    [("EXPORTED", "of the shell"), ("HOME", "/home"), ("HOST", "shell.host")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
}

fn ask(python: &str, reader: &str, cases: &Value) -> Vec<Value> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/differential_env/readers.py");
    let mut child = Command::new(python)
        .args([script, reader])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python runs");
    let mut stdin = child.stdin.take().expect("piped");
    let text = cases.to_string();
    let writer = std::thread::spawn(move || stdin.write_all(text.as_bytes()));
    let output = child.wait_with_output().expect("python ends");
    writer.join().expect("no panic").expect("python reads");
    assert!(output.status.success(), "{reader}: the readers' script failed");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn env_python() -> String {
    let made =
        Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/lab.d/env-python")).output().expect("bash runs");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    String::from_utf8_lossy(&made.stdout).trim().to_owned()
}

/// Prints how many agreed, and each that did not.
fn judge(what: &str, count: usize, disagreements: &[String]) {
    println!("{what}: {} of {count} agree", count - disagreements.len());
    for line in disagreements.iter().take(20) {
        println!("  {line}");
    }
    assert!(disagreements.is_empty(), "{what}: {} disagreements", disagreements.len());
}

#[test]
#[ignore = "needs python-dotenv: tests/lab.d/env-python"]
fn dotenv_files_are_read_as_python_dotenv_reads_them() {
    let mut dice = dice();
    let texts: Vec<String> = (0..DOTENVS).map(|_| made::env_file(&mut dice)).collect();
    let answers = ask(&env_python(), "dotenv", &json!({ "texts": texts, "environment": environment() }));
    let mut wrong = Vec::new();
    for (text, theirs) in texts.iter().zip(&answers) {
        let ours: BTreeMap<String, Option<String>> =
            dotenv::read(text, &environment()).into_iter().flatten().map(|it| (it.name, it.value)).collect();
        if json!(ours) != *theirs {
            wrong.push(format!("{text:?}\n      ours   {}\n      theirs {theirs}", json!(ours)));
        }
    }
    judge("python-dotenv 1.0.0", texts.len(), &wrong);
}

#[test]
#[ignore = "needs the Docker client"]
fn env_files_are_read_as_the_docker_client_reads_them() {
    let mut dice = dice();
    let texts: Vec<String> = (0..ENV_FILES).map(|_| made::env_file(&mut dice)).collect();
    let answers = ask("python3", "docker", &json!({ "texts": texts, "environment": environment() }));
    let known = environment();
    let mut wrong = Vec::new();
    for (text, theirs) in texts.iter().zip(&answers) {
        let ours = match envfile::docker(text, &|name| known.get(name).map(String::as_str), &mut Budget::default()) {
            Ok(lines) => json!(lines.into_iter().map(|line| (line.name, line.value)).collect::<BTreeMap<_, _>>()),
            Err(_) => Value::Null,
        };
        if ours != *theirs {
            wrong.push(format!("{text:?}\n      ours   {ours}\n      theirs {theirs}"));
        }
    }
    judge("docker --env-file", texts.len(), &wrong);
}

#[test]
#[ignore = "needs docker compose: tests/lab packages"]
fn compose_projects_are_read_as_compose_reads_them() {
    let mut dice = dice();
    let stacks: Vec<BTreeMap<String, String>> =
        (0..PROJECTS).map(|_| made::stack(&mut dice, SERVICES).into_iter().collect()).collect();
    let answers =
        ask("python3", "compose", &json!({ "stacks": stacks, "environment": environment(), "programs": COMPOSE }));
    let (mut wrong, mut refused) = (Vec::new(), 0);
    for (stack, theirs) in stacks.iter().zip(&answers) {
        let ours: Vec<Option<Value>> = (0..=SERVICES).map(|index| service(stack, &format!("s{index}"))).collect();
        if theirs.is_null() {
            refused += 1;
            if ours.iter().take(SERVICES).all(Option::is_some) {
                wrong.push(format!("compose refuses {stack:#?}, and we do not"));
            }
            continue;
        }
        for (index, ours) in ours.into_iter().enumerate() {
            let (ours, theirs) = (ours.unwrap_or_default(), &theirs[format!("s{index}")]);
            if ours != *theirs {
                wrong.push(format!("s{index} of {stack:#?}\n      ours   {ours}\n      theirs {theirs}"));
            }
        }
    }
    println!("{refused} of {PROJECTS} projects are refused by both");
    judge("docker compose config, services", PROJECTS * (SERVICES + 1), &wrong);
}

fn service(stack: &BTreeMap<String, String>, name: &str) -> Option<Value> {
    let file = |path: &str| stack.get(path).map(|text| File { path: format!("/p/{path}"), text: text.clone() });
    let files: Vec<File> = ["compose.yaml", "compose.override.yaml"].into_iter().filter_map(file).collect();
    let dotenv: Vec<File> = file(".env").into_iter().collect();
    let project = Project {
        files: &files,
        dotenv: &dotenv,
        folder: "/p",
        shell: &environment(),
        open: &|path| stack.get(path.strip_prefix("/p/")?).cloned(),
    };
    let read = compose::read(&project, name)?;
    let values: BTreeMap<&str, Option<&str>> =
        read.given.iter().map(|(name, given)| (name.as_str(), given[0].value.as_deref())).collect();
    Some(json!(values))
}

#[test]
#[ignore = "needs SQLAlchemy, psycopg2, redis-py and kombu: tests/lab.d/env-python"]
fn urls_are_cut_as_the_apps_libraries_cut_them() {
    let mut dice = dice();
    let made: Vec<made::Url> = (0..URLS).map(|_| made::url(&mut dice)).collect();
    let texts: Vec<&str> = made.iter().map(|url| url.text.as_str()).collect();
    let answers = ask(&env_python(), "url", &json!({ "texts": texts }));
    let mut wrong = Vec::new();
    for (url, theirs) in made.iter().zip(&answers) {
        let text = url.text.as_str();
        let ours = match url::read(text) {
            Ok(read) => {
                let index = read.url.is_redis().then(|| json!(read.url.redis_index()));
                json!({
                    "host": some(&read.url.host),
                    "port": read.url.port,
                    "sslmode": read.url.sslmode,
                    "database": index.unwrap_or_else(|| json!(read.url.database)),
                    "user": read.user.map(|it| it.expose_secret().to_owned()),
                    "password": read.password.map(|it| it.expose_secret().to_owned()),
                })
            }
            Err(_) => Value::Null,
        };
        // What we call flawed a library may take for something else: it then must not lead where it was meant to.
        let theirs_alike = alike(theirs);
        let meant =
            |name: &str, value: &str| theirs_alike.get(name).map_or("", String::as_str) == value.trim_matches('0');
        let leads = !theirs.is_null() && theirs["host"] == json!(url.host) && meant("database", &url.database);
        let sound_mode = theirs["sslmode"].as_str().is_none_or(|mode| mode == mode.trim());
        // Behind `@@` we take nothing but an address for a host: it may be the rest of a password.
        let doubled = ["user", "password"].iter().any(|name| theirs[name].as_str().is_some_and(|it| it.ends_with('@')));
        let doubt =
            doubled && text.contains("@@") && url.host.parse::<std::net::IpAddr>().is_err() && url.host != "localhost";
        let agree =
            if ours.is_null() { doubt || !(leads && sound_mode) } else { alike(&ours) == theirs_alike && !doubt };
        if !agree {
            wrong.push(format!("{text:?}\n      ours   {ours}\n      theirs {theirs}"));
        }
    }
    judge("SQLAlchemy and psycopg2, redis-py and kombu", texts.len(), &wrong);
}

fn some(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

/// Without what stands for nothing: an absent port, an empty password.
fn alike(answer: &Value) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let nothing = |value: &Value| value.is_null() || *value == json!("") || *value == json!(0);
    let pairs = answer.as_object().into_iter().flatten();
    pairs.filter(|(_, value)| !nothing(value)).map(|(name, value)| (name.clone(), text(value))).collect()
}
