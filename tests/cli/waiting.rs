//! `--wait`, `watch` and `healthcheck`: when each ends, with what, and what is told meanwhile.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::{at_loopback, closed_port, folder, here, json, path, program, refused, run, run_with, said};

/// A check that dials a port, and its folder.
fn dials(port: u16) -> (TempDir, String) {
    let check = format!(
        "title = \"It listens\"\nguide = \"beyond\"\nlooks = {{ container = [\"tcp 127.0.0.1:{port}\"] }}\nexpect = [\"open\"]\n\
         [cause.refused]\nsays = \"it is {{seen}}\"\nfix.say = \"Start it.\"\nfix.know = \"It listens.\"\n"
    );
    let folder = folder(&[("own-dial.toml", &check)]);
    let checks = path(&folder, "");
    (folder, checks)
}

fn listen(port: u16) -> TcpListener {
    TcpListener::bind(("127.0.0.1", port)).expect("the port")
}

fn start(args: &[&str]) -> Child {
    program(&[]).args(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("clipcheck runs")
}

fn end(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).expect("it runs");
}

#[test]
fn it_waits_until_all_is_well_and_says_for_what() {
    let port = closed_port();
    let (_folder, checks) = dials(port);
    let here = here(closed_port());
    let args = at_loopback(&["all", "own-dial", "--checks", &checks, "--wait", "30s", "--json"], &here);
    let begun = Instant::now();
    let mut child = start(&args);
    let mut told = BufReader::new(child.stderr.take().expect("its standard error")).lines();
    let first = told.next().expect("a line").expect("text");
    assert!(first.starts_with("clipcheck: waiting for own-dial/refused (container); "), "{first}");
    assert!(first.ends_with(" s left"), "{first}");
    let _listener = listen(port);
    let said = said(&child.wait_with_output().expect("it ends"));
    assert_eq!(said.code, 0, "{said:?}");
    assert_eq!(json(&said.out)["verdict"], "ok", "only the last report is printed");
    assert_eq!(told.count(), 0, "what is waited for is told once");
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}

#[test]
fn when_the_time_is_over_the_last_report_counts() {
    let (_folder, checks) = dials(closed_port());
    let here = here(closed_port());
    let begun = Instant::now();
    let said = run(&at_loopback(&["all", "own-dial", "--checks", &checks, "--wait", "1.5"], &here));
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.out.contains("own-dial/refused"), "{}", said.out);
    let took = begun.elapsed();
    assert!(took >= Duration::from_millis(1500) && took < Duration::from_secs(6), "{took:?}");
    // What is well at once is not waited for.
    let begun = Instant::now();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let (_folder, checks) = dials(listener.local_addr().expect("its address").port());
    let well = run(&at_loopback(&["all", "own-dial", "--checks", &checks, "--wait", "60"], &here));
    assert_eq!((well.code, well.err.as_str()), (0, ""), "{well:?}");
    assert!(begun.elapsed() < Duration::from_secs(6));
}

/// Whether this process, and what it starts, ignores a signal (proc(5), `SigIgn`).
fn is_ignored(signal: Signal) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").expect("our own status");
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).expect("the mask").trim();
    u64::from_str_radix(mask, 16).expect("a number") >> (signal.as_raw() - 1) & 1 == 1
}

#[test]
fn a_signal_ends_the_waiting_at_once() {
    let (_folder, checks) = dials(closed_port());
    let here = here(closed_port());
    // A shell starts what it puts into the background with SIGINT ignored (POSIX, 2.11), and that is kept.
    let interrupts = !is_ignored(Signal::INT);
    for signal in [Signal::TERM, Signal::INT].into_iter().filter(|it| *it != Signal::INT || interrupts) {
        let mut child = start(&at_loopback(&["all", "own-dial", "--checks", &checks, "--wait", "60s"], &here));
        let mut told = BufReader::new(child.stderr.take().expect("its standard error")).lines();
        assert!(told.next().is_some_and(|line| line.is_ok_and(|line| line.contains("waiting"))));
        let begun = Instant::now();
        end(&child, signal);
        let output = child.wait_with_output().expect("it ends");
        assert!(!output.status.success() && output.stdout.is_empty(), "{output:?}");
        assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    }
}

#[test]
fn a_time_is_a_time() {
    for (words, said) in [("soon", "60s or 5m"), ("0s", "between"), ("48h", "between"), ("-5s", "such as")] {
        refused(&["all", &format!("--wait={words}")], &[said]);
        refused(&["watch", &format!("--every={words}")], &[said]);
    }
}

#[test]
fn each_change_is_a_line_and_the_end_is_the_last_report() {
    for (signal, listens, code) in [(Signal::TERM, false, 1), (Signal::INT, true, 0)] {
        let port = closed_port();
        let (_folder, checks) = dials(port);
        let here = here(closed_port());
        let mut child = start(&at_loopback(&["watch", "own-dial", "--checks", &checks, "--every", "0.2s"], &here));
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let mut next = |words: &str| {
            let line = lines.next().expect("a line").expect("text");
            let (at, said) = line.split_once(' ').expect("the time first");
            assert!(at.ends_with('Z') && at.contains('T'), "{line}");
            assert_eq!(said, words);
        };
        next("✗ 1 root cause: own-dial/refused (container)");
        let listener = listen(port);
        next("✓ own-dial/refused (container) fixed");
        if !listens {
            drop(listener);
            next("✗ own-dial/refused (container) new: it was OK before");
        }
        let begun = Instant::now();
        end(&child, signal);
        let status = child.wait().expect("it ends");
        assert_eq!(status.code(), Some(code), "{signal:?}");
        assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
        assert_eq!(lines.count(), 0);
    }
}

/// `clipcheck watch | head -1`
#[test]
fn a_watch_that_nobody_reads_ends() {
    let port = closed_port();
    let (_folder, checks) = dials(port);
    let here = here(closed_port());
    let mut child = start(&at_loopback(&["watch", "own-dial", "--checks", &checks, "--every", "0.2s"], &here));
    let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    assert!(lines.next().is_some());
    drop(lines);
    let _listener = listen(port);
    let ended = said(&child.wait_with_output().expect("it ends"));
    assert_eq!((ended.code, ended.err.as_str()), (0, ""));
}

/// Docker reads 0 and 1, and keeps 2 for itself.
#[test]
fn a_health_check_ends_with_nothing_but_0_and_1() {
    let port = closed_port();
    let broker = format!("redis://10.255.255.1:{port}/0");
    let here = here(port);
    let unhealthy = run_with(&[("CELERY_BROKER_URL", &broker)], &at_loopback(&["healthcheck"], &here));
    assert_eq!((unhealthy.code, unhealthy.err.as_str()), (1, ""), "{unhealthy:?}");
    assert!(unhealthy.out.starts_with("unhealthy: ") && unhealthy.out.lines().count() == 1, "{}", unhealthy.out);
    for args in [&["--as", "moon"][..], &["--frobnicate"], &["--profile", "/nonexistent"]] {
        let said = run(&[&["healthcheck"], args].concat());
        assert_eq!((said.code, said.out.as_str()), (1, ""), "{said:?}");
        assert!(!said.err.is_empty());
    }
    assert_eq!(run(&["healthcheck", "--help"]).code, 0);
}
