//! What is started ends with its time and with us, however that comes about.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::{ends, program, script};

const TRIES: usize = 20;

/// Programs that start another one and hang, each with a number by which they are known.
fn hang(bin: &Path, mark: &str) {
    for name in ["docker", "systemctl", "nft", "iptables-save", "ip6tables-save", "wg", "journalctl"] {
        script(&bin.join(name), &format!("#!/bin/sh\nsleep {mark} & exec sleep {mark}\n"));
    }
}

/// The processes that have this word in their command line.
fn left(mark: &str) -> usize {
    let processes = procfs::process::all_processes().expect("/proc").flatten();
    processes.filter(|it| it.cmdline().is_ok_and(|words| words.iter().any(|word| word == mark))).count()
}

fn soon(what: &str, is: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is() {
        assert!(begun.elapsed() < Duration::from_secs(10), "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn start(bin: &Path, deadline: &str) -> Command {
    let mut command = program();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default());
    command.env("PATH", path).args(["all", "--as", "client", "--server", "127.0.0.1", "--redis-port", "1"]);
    command.args(["--postgres-port", "1", "--deadline", deadline]);
    command
}

fn hanging(bin: &Path, mark: &str) -> Child {
    let child = start(bin, "30").stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
    soon("its programs begin", || left(mark) >= 2);
    child
}

#[test]
fn nothing_is_left_after_a_signal() {
    // Not INT: what is started in the background ignores it.
    for (number, name) in [(9, "KILL"), (15, "TERM")] {
        let bin = tempfile::tempdir().expect("a folder");
        let mark = format!("8639{number}.125");
        hang(bin.path(), &mark);
        for _ in 0..TRIES {
            let mut child = hanging(bin.path(), &mark);
            let sent = Command::new("kill").args(["-s", name, &child.id().to_string()]).status();
            assert!(sent.is_ok_and(|status| status.success()));
            assert_eq!(child.wait().expect("it is ours").signal(), Some(number));
            soon(&format!("after SIG{name} {} are left", left(&mark)), || left(&mark) == 0);
        }
    }
}

#[test]
fn nothing_is_left_after_the_deadline() {
    let bin = tempfile::tempdir().expect("a folder");
    hang(bin.path(), "86388.125");
    for _ in 0..TRIES {
        ends(&mut start(bin.path(), "0.3"), 1, "programs that hang");
        soon("after the deadline some are left", || left("86388.125") == 0);
    }
}

/// What the user's shell has for other programs: none of it goes further.
#[test]
fn no_variable_of_the_users_reaches_a_program() {
    let bin = tempfile::tempdir().expect("a folder");
    let heard = bin.path().join("heard");
    for name in ["docker", "systemctl", "nft", "iptables-save", "ip6tables-save", "wg", "journalctl", "psql", "runuser"]
    {
        script(&bin.path().join(name), &format!("#!/bin/sh\nenv >> {}\n", heard.display()));
    }
    let mut command = start(bin.path(), "3");
    for name in ["PGHOST", "PGPASSWORD", "PGSERVICE", "WORKER_API_KEY", "DATABASE_URL", "LD_PRELOAD_X", "HTTPS_PROXY"] {
        command.env(name, "canary-of-the-user");
    }
    ends(command.env("DOCKER_HOST", "unix:///nowhere"), 3, "variables");
    let heard = std::fs::read_to_string(heard).expect("some program was run");
    assert!(!heard.contains("canary"), "{heard}");
    assert!(heard.contains("DOCKER_HOST=unix:///nowhere"), "Docker's client is told which engine: {heard}");
}

#[test]
fn a_program_that_never_stops_talking_is_stopped() {
    let bin = tempfile::tempdir().expect("a folder");
    for name in ["docker", "systemctl", "nft", "iptables-save", "wg"] {
        script(&bin.path().join(name), "#!/bin/sh\nexec cat /dev/zero\n");
    }
    let limited = Command::new("prlimit").args(["--version"]).output().is_ok_and(|it| it.status.success());
    let mut command = if limited {
        let inner = start(bin.path(), "8");
        // Much less than the three gigabytes that were kept once.
        let mut command = Command::new("prlimit");
        command.arg("--as=1500000000").arg(inner.get_program()).args(inner.get_args());
        command.env_clear().envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command
    } else {
        start(bin.path(), "8")
    };
    let output = ends(&mut command, 8, "endless programs");
    assert_ne!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stderr));
}
