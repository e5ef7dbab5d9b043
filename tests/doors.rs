//! The doors to the world, tried with all that can stand behind them: every kind of file in the place of every file that
//! is read, programs that hang or never stop talking, and a process that has nearly nothing left. Some of it needs root
//! and namespaces of its own, since the files have fixed places; elsewhere that part says that it was left out.
#![allow(clippy::disallowed_methods, reason = "sets the world up")]
#![allow(clippy::print_stdout, reason = "what is skipped is said")]

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

mod doors {
    mod bad_days;
    mod children;
    mod files;
    mod limits;
}

/// The program, with no variables but a path.
fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_clipcheck"));
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).stdin(Stdio::null());
    // A machine of a developer's may have an engine; the `docker` of a test is to be asked.
    command.env("DOCKER_HOST", "unix:///nowhere");
    command
}

/// Runs it, and sees that it ends: by its deadline and the two seconds of grace, with a margin for a busy machine.
fn ends(command: &mut Command, deadline: u64, what: &str) -> Output {
    let begun = Instant::now();
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    // A pipe that nobody reads fills up.
    let mut out = child.stdout.take().expect("a pipe");
    let reader = std::thread::spawn(move || {
        let mut text = Vec::new();
        std::io::Read::read_to_end(&mut out, &mut text).map(|_| text)
    });
    let limit = Duration::from_secs(deadline + 2 + 8);
    while child.try_wait().expect("it is ours").is_none() {
        if begun.elapsed() > limit {
            child.kill().expect("it is ours");
            panic!("{what}: it did not end within {limit:?}");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let output = child.wait_with_output().expect("it has ended");
    let stdout = reader.join().expect("reads").expect("read");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!said.contains("panicked") && !said.contains("defect"), "{what}: {said}");
    assert!(output.status.code().is_some(), "{what}: {:?} {said}", output.status);
    Output { stdout, ..output }
}

/// The snapshot that a run printed.
fn snapshot(output: &Output, what: &str) -> Value {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{what}: {error}: {}", String::from_utf8_lossy(&output.stderr)))
}

/// A script that can be run.
fn script(path: &Path, text: &str) {
    std::fs::write(path, text).expect("written");
    std::fs::set_permissions(path, PermissionsExt::from_mode(0o755)).expect("ours");
}

/// Whether a network and mounts of one's own can be had.
fn has_namespaces() -> bool {
    let tried = Command::new("unshare").args(["-mn", "mount", "-t", "tmpfs", "none", "/mnt"]).output();
    let has = tried.is_ok_and(|output| output.status.success());
    if !has {
        println!("skipped: only root has mounts of his own (sudo -E cargo test --test doors)");
    }
    has
}
