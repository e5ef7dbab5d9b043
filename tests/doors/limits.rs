//! A process that has nearly nothing left says so, and tells nothing of the machine.

use std::net::TcpListener;
use std::process::Command;

use crate::{ends, program, script};

/// The words that an honest program has for a machine, and that none of these runs has seen.
const UNTRUE: [&str; 6] =
    ["is not installed", "\"refused\"", "\"no-such-name\"", "\"resolver-failed\"", "\"timeout\"", "\"other\""];

#[test]
fn without_handles_nothing_is_said_of_the_machine() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("bound").port().to_string();
    std::thread::spawn(move || listener.incoming().flatten().for_each(drop));
    let bin = tempfile::tempdir().expect("a folder");
    for name in ["docker", "systemctl", "nft", "iptables-save", "ip6tables-save", "wg", "journalctl"] {
        script(&bin.path().join(name), "#!/bin/sh\nexit 0\n");
    }
    let path = format!("{}:{}", bin.path().display(), std::env::var("PATH").unwrap_or_default());
    for handles in [3, 4, 6, 8, 10, 12, 16, 20, 24, 32] {
        let mut command = Command::new("prlimit");
        command.arg(format!("--nofile={handles}")).arg(env!("CARGO_BIN_EXE_clipcheck"));
        command.args(["snapshot", "--as", "client", "--server", "127.0.0.1", "--deadline", "4"]);
        command.args(["--redis-port", &port, "--postgres-port", &port]).env_clear().env("PATH", &path);
        let what = format!("{handles} handles");
        let output = ends(&mut command, 4, &what);
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.code() == Some(2) || output.status.success() || output.status.code() == Some(127),
            "{what}: {:?}",
            output.status
        );
        for words in UNTRUE {
            let told = said.lines().filter(|line| line.contains(words) && !line.contains("\"took"));
            let told: Vec<&str> = told.collect();
            assert!(told.is_empty(), "{what}: {told:?}\n{said}");
        }
    }
}

/// A port that refuses is still told when there are handles enough.
#[test]
fn with_handles_a_closed_port_is_a_closed_port() {
    let mut command = program();
    command.args(["snapshot", "--as", "client", "--server", "127.0.0.1", "--deadline", "4"]);
    command.args(["--redis-port", "1", "--postgres-port", "1"]);
    let output = ends(&mut command, 4, "enough handles");
    assert!(String::from_utf8_lossy(&output.stdout).contains("\"refused\""));
}
