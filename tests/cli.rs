//! What a user meets: the binary, its words on wrong input, its exit codes, its silence about secrets. Without root,
//! without a network beyond loopback.
#![allow(clippy::disallowed_methods, reason = "runs the program and writes its input")]
#![allow(clippy::print_stdout, reason = "what is skipped is said")]
#![allow(clippy::string_slice, reason = "what it cuts it wrote itself; a panic is a failed test")]

use std::io::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;

use serde_json::Value;
use tempfile::TempDir;

mod recorded;

mod cli {
    mod commands;
    mod deadline;
    mod docs;
    mod dry_run;
    mod formats;
    mod hostile;
    mod input;
    mod mend;
    mod output;
    mod pages;
    #[cfg(unix)]
    mod plugins;
    #[cfg(unix)]
    mod progress;
    mod runs;
    mod screens;
    mod secrets;
    mod since;
    mod ssh;
    mod user_checks;
    mod waiting;
}

/// What a run said and how it ended.
#[derive(Debug)]
struct Said {
    code: i32,
    out: String,
    err: String,
}

/// The program, with no variables but a path and those given.
fn program(variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_clipcheck"));
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).envs(variables.iter().copied());
    command.stdin(Stdio::null());
    command
}

fn run(args: &[&str]) -> Said {
    run_with(&[], args)
}

fn run_with(variables: &[(&str, &str)], args: &[&str]) -> Said {
    said(&program(variables).args(args).output().expect("clipcheck runs"))
}

fn said(output: &Output) -> Said {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
    Said {
        code: output.status.code().expect("it was not killed"),
        out: text(&output.stdout),
        err: text(&output.stderr),
    }
}

/// Wrong input ends with 2, one line on standard error, and nothing on standard output.
#[track_caller]
fn refused(args: &[&str], words: &[&str]) {
    let said = run(args);
    assert_eq!((said.code, said.out.as_str()), (2, ""), "{args:?}: {said:?}");
    for word in words {
        assert!(said.err.contains(word), "{args:?} does not say {word:?}: {}", said.err);
    }
    assert!(!said.err.contains("panicked"), "{}", said.err);
}

/// JSON that was printed. A report and a list are what their schema says.
fn json(text: &str) -> Value {
    let value: Value = serde_json::from_str(text).unwrap_or_else(|error| panic!("no JSON ({error}): {text}"));
    let schema = match &value {
        Value::Object(fields) if fields.contains_key("tool") => Some(&REPORT),
        Value::Array(items) if items.iter().any(|item| item.get("kind").is_some()) => Some(&LIST),
        Value::Object(_) | Value::Array(_) | Value::String(_) | Value::Number(_) | Value::Bool(_) | Value::Null => None,
    };
    if let Some(wrong) = schema.and_then(|schema| schema.iter_errors(&value).next()) {
        panic!("not as `clipcheck schema` says: {wrong} at {}", wrong.instance_path());
    }
    value
}

static REPORT: LazyLock<jsonschema::Validator> = LazyLock::new(|| schema("report"));
static LIST: LazyLock<jsonschema::Validator> = LazyLock::new(|| schema("list"));

fn schema(of: &str) -> jsonschema::Validator {
    let schema = serde_json::from_str(&run(&["schema", of]).out).expect("a schema is JSON");
    jsonschema::draft202012::meta::validate(&schema).expect("a schema of draft 2020-12");
    jsonschema::validator_for(&schema).expect("a schema")
}

fn fixture(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(path)
}

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().expect("a folder");
    for (name, text) in files {
        let mut file = std::fs::File::create(folder.path().join(name)).expect("a file");
        file.write_all(text.as_bytes()).expect("written");
    }
    folder
}

fn path(folder: &TempDir, name: &str) -> String {
    folder.path().join(name).display().to_string()
}

/// A port on loopback that nobody listens on.
fn closed_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("its address").port()
}

/// Arguments for a run that looks at loopback only.
fn here(port: u16) -> Vec<String> {
    let port = port.to_string();
    ["--as", "container", "--server", "127.0.0.1", "--deadline", "3", "--redis-port", &port, "--postgres-port", &port]
        .map(str::to_owned)
        .to_vec()
}

/// The first words of a command, then those of [`here`].
fn at_loopback<'a>(first: &[&'a str], here: &'a [String]) -> Vec<&'a str> {
    first.iter().copied().chain(here.iter().map(String::as_str)).collect()
}
