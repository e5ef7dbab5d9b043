//! The deadline bounds the whole run, whatever does not answer.

use std::io::Read as _;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use crate::{at_loopback, json, run};

/// A service that takes every connection and never says a word; its port.
fn black_hole() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its address").port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            std::thread::spawn(move || stream.read_to_end(&mut Vec::new()));
        }
    });
    port
}

fn took(deadline: &[&str]) -> (Duration, serde_json::Value) {
    let port = black_hole().to_string();
    let here: Vec<String> =
        ["--as", "container", "--server", "127.0.0.1", "--redis-port", &port, "--postgres-port", &port, "--format"]
            .into_iter()
            .chain(["json"])
            .chain(deadline.iter().copied())
            .map(str::to_owned)
            .collect();
    let started = Instant::now();
    let said = run(&at_loopback(&["all"], &here));
    (started.elapsed(), json(&said.out))
}

#[test]
fn a_run_ends_with_its_deadline() {
    let (took, report) = took(&["--deadline", "0.5"]);
    assert!(took < Duration::from_millis(2500), "half a second was asked for, {took:?} were taken");
    let late =
        report["checks"].as_array().expect("checks").iter().filter(|check| {
            check["reason"].as_str().is_some_and(|reason| reason.contains("before the run's deadline"))
        });
    let late: Vec<&str> = late.filter_map(|check| check["id"].as_str()).collect();
    assert!(late.contains(&"redis-answers") && late.contains(&"postgres-answers"), "{late:?}: {report}");
    // What answered in time is still judged.
    assert!(report["counts"]["ok"].as_u64().is_some_and(|holds| holds > 0), "{report}");
}

#[test]
fn without_a_flag_it_is_six_seconds() {
    let (took, report) = took(&[]);
    assert!(took < Duration::from_secs(7), "{took:?}");
    assert!(report["seats"][0]["took_ms"].as_f64().is_some_and(|took| took <= 6000.0), "{}", report["seats"]);
}
