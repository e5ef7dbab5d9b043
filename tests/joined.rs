//! Several snapshots judged together: what one end alone cannot tell and both can, what is no pair at all, and what the lab
//! does not do on demand. From recordings; without root, without a network.
#![allow(clippy::disallowed_methods, reason = "runs the program and writes its input")]

use serde_json::{Value, json};
use tempfile::TempDir;

mod recorded;
mod said;

use said::{Said, run};

fn judge(fault: &str, vantages: &[&str], more: &[&str]) -> Said {
    let files = vantages.iter().map(|vantage| recorded::path(fault, vantage));
    run(&["judge".to_owned()]
        .into_iter()
        .chain(files)
        .chain(more.iter().map(|it| (*it).to_owned()))
        .collect::<Vec<_>>())
}

fn value(said: &Said) -> Value {
    serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("no JSON ({error}): {}{}", said.out, said.err))
}

/// The root causes, each with what it may be, as text.
fn roots(fault: &str, vantages: &[&str]) -> String {
    let report = value(&judge(fault, vantages, &["--format", "json"]));
    let mut lines = Vec::new();
    for check in report["checks"].as_array().expect("checks").iter().filter(|check| check["root"] == true) {
        let diagnosis = &check["diagnosis"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let at = &diagnosis["place"];
        let place = at["file"].as_str().map_or_else(String::new, |file| format!(", {file}:{}", at["line"]));
        lines.push(format!("  {} on the {}{place}", text(&diagnosis["code"]), text(&check["seat"])));
        for maybe in diagnosis["alternatives"].as_array().into_iter().flatten() {
            lines.push(format!("    may be {} on the {}", text(&maybe["code"]), text(&maybe["on"])));
        }
        lines.extend(
            diagnosis["tell_apart"].as_array().into_iter().flatten().map(|way| format!("    tell: {}", text(way))),
        );
    }
    if lines.is_empty() { "  no root cause".to_owned() } else { lines.join("\n") }
}

/// Faults that neither the server nor the worker's machine nor the container can name for sure by itself, and all
/// together can.
const TOGETHER: [&str; 20] = [
    "postgres-no-database",
    "postgres-other-cluster",
    "postgres-other-database",
    "postgres-wrong-password",
    "postgres-wrong-port",
    "postgres-wrong-port-closed",
    "redis-on-client",
    "redis-other-index",
    "redis-other-server",
    "redis-wrong-port",
    "redis-wrong-port-open",
    "web-other-database",
    "web-other-index",
    "wg-allowed-ips-server",
    "wg-client-rekeyed",
    "wg-listen-port-random",
    "wg-other-port",
    "wg-preshared-client",
    "wg-preshared-server",
    "wg-server-rekeyed",
];

#[test]
fn what_no_end_can_tell_both_can() {
    for fault in TOGETHER {
        let mut text = String::new();
        for (name, vantages) in [
            ("server", &["server"][..]),
            ("client", &["client"]),
            ("container", &["container"]),
            ("server, client and container", &["server", "client", "container"]),
        ] {
            let found = roots(fault, vantages);
            let sure = found.lines().any(|line| line.starts_with("  ") && !line.starts_with("    "))
                && !found.contains("may be")
                && !found.contains("no root cause");
            assert_eq!(sure, vantages.len() > 1, "{fault} from {name}:\n{found}");
            text.extend([name, ":\n", &found, "\n"]);
        }
        insta::with_settings!({ snapshot_path => "joined", prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(fault, text);
        });
    }
}

/// Two faults at once, one of each end's own, as far as both can be true: each end's recording is of a fault of its own.
const OF_BOTH_ENDS: [(&str, &str, [&str; 2]); 8] = [
    ("postgres-full", "compose-line-localhost", ["postgres-answers/too-many-clients", "env-database/local"]),
    ("redis-protected-mode", "redis-url-placeholder", ["redis-answers/denied", "env-redis/flawed"]),
    ("redis-disk", "redis-wrong-password", ["redis-answers/wrong-password", "redis-can-write/cannot-save"]),
    ("redis-memory-full", "redis-wrong-password", ["redis-answers/wrong-password", "redis-can-write/memory-full"]),
    ("redis-renamed", "redis-wrong-password", ["redis-answers/commands-gone", "redis-answers/wrong-password"]),
    (
        "postgres-hba-not-reloaded",
        "conf-bad-value",
        ["wg-config-valid/bad-value", "postgres-hba-admits-worker/not-reloaded"],
    ),
    ("wg-allowed-ips-server", "wg-not-started", ["wg-interface-up/not-started", "wg-allowed-ips/not-covered"]),
    // Whoever answers was reached: that its service is stopped is no explanation.
    ("redis-stopped", "redis-wrong-password", ["redis-listens/not-running", "redis-answers/wrong-password"]),
];

#[test]
fn what_one_end_has_of_its_own_the_other_does_not_hide() {
    for (server, client, expected) in OF_BOTH_ENDS {
        let files = [recorded::path(server, "server"), recorded::path(client, "client")];
        let said = run(&["judge".to_owned()]
            .into_iter()
            .chain(files)
            .chain(["--format".to_owned(), "json".to_owned()])
            .collect::<Vec<_>>());
        let roots = value(&said)["roots"].as_array().cloned().unwrap_or_default();
        let found: std::collections::BTreeSet<String> =
            roots.iter().filter_map(|root| Some(root.as_str()?.split_once(' ')?.1.to_owned())).collect();
        assert_eq!(found, expected.map(str::to_owned).into_iter().collect(), "{server} with {client}");
    }
}

/// A recording with something changed.
fn changed(folder: &TempDir, name: &str, (fault, vantage): (&str, &str), change: impl Fn(&mut Value)) -> String {
    let mut snapshot = recorded::value(fault, vantage.parse().expect("a vantage"));
    change(&mut snapshot);
    let path = folder.path().join(name);
    std::fs::write(&path, snapshot.to_string()).expect("written");
    path.display().to_string()
}

#[test]
fn two_deployments_are_not_judged_as_one() {
    let folder = TempDir::new().expect("a folder");
    // The other deployment's client: other keys, another subnet, another server.
    let path = changed(&folder, "client.json", ("healthy-other-subnet", "client"), |snapshot| {
        let text = snapshot.to_string().replace("198.51.100.", "203.0.113.");
        // The keys of every recording have the same names.
        let text = text.replace("key1A", "keyXA").replace("key2A", "keyYA");
        *snapshot = serde_json::from_str(&text).expect("JSON");
    });
    let said = run(&["judge".to_owned(), recorded::path("healthy", "server"), path]);
    assert_eq!((said.code, said.out.as_str()), (2, ""), "{}", said.err);
    for word in ["two deployments", "neither knows the other's key", "judge each one with its own"] {
        assert!(said.err.contains(word), "{word}: {}", said.err);
    }
    // One end that was rekeyed is still an end of the same tunnel.
    assert_eq!(judge("wg-client-rekeyed", &["server", "client"], &[]).code, 1);
}

/// A client of another deployment that has the server's own address in its Endpoint.
fn other_client(folder: &TempDir, subnet: &str, answered: bool) -> String {
    changed(folder, "client.json", ("healthy-other-subnet", "client"), |snapshot| {
        // Recordings have the same keys, by order of appearance; another deployment has others.
        let text =
            snapshot.to_string().replace("10.9.0.", subnet).replace("\"key", "\"yek").replace("\"yeks\"", "\"keys\"");
        *snapshot = serde_json::from_str(&text).expect("JSON");
        let peer = snapshot.pointer_mut("/facts/wg/observation/seen/wg/interfaces/0/peers/0").expect("a peer");
        assert!(peer["handshake"].is_number());
        if !answered {
            peer["handshake"] = Value::Null;
        }
    })
}

#[test]
fn a_client_that_another_server_answers_is_of_another_deployment() {
    let folder = TempDir::new().expect("a folder");
    // The guide's subnet is everybody's: only the keys differ.
    let said = run(&["judge".to_owned(), recorded::path("healthy", "server"), other_client(&folder, "10.8.0.", true)]);
    assert_eq!((said.code, said.out.as_str()), (2, ""), "{}", said.err);
    assert!(said.err.contains("another server answers the client"), "{}", said.err);
    // Whom nobody answers may have the wrong keys.
    let said = run(&["judge".to_owned(), recorded::path("healthy", "server"), other_client(&folder, "10.8.0.", false)]);
    assert_eq!(said.code, 1, "{}", said.err);
}

#[test]
fn the_servers_address_is_said_as_the_server_has_it() {
    let folder = TempDir::new().expect("a folder");
    let client = other_client(&folder, "10.9.0.", false);
    let said = run(&[
        "judge".to_owned(),
        recorded::path("healthy", "server"),
        client,
        "--format".to_owned(),
        "json".to_owned(),
    ]);
    assert!(said.out.contains("which is not the server's address in the tunnel, 10.8.0.1"), "{}", said.err);
}

#[test]
fn snapshots_far_apart_or_of_two_versions_are_noted() {
    let folder = TempDir::new().expect("a folder");
    let server = recorded::path("healthy", "server");
    let old = changed(&folder, "client.json", ("healthy", "client"), |snapshot| {
        let taken = snapshot["taken_at"].as_u64().expect("a time");
        snapshot["taken_at"] = json!(taken - 10_000);
        snapshot["version"] = json!("0.0.9");
    });
    let said = run(&["judge".to_owned(), server.clone(), old, "--format".to_owned(), "json".to_owned()]);
    let notes = value(&said)["notes"].to_string();
    for word in ["the snapshot of the client is 2 h older than that of the server", "0.0.9 and 0.1.0"] {
        assert!(notes.contains(word), "{word}: {notes}");
    }
    let together = judge("healthy", &["server", "client"], &["--format", "json"]);
    assert_eq!(value(&together)["notes"], Value::Null, "nothing to note");
    assert!(run(&["judge".to_owned(), server.clone(), server]).out.contains("two snapshots of the server"));
}

#[test]
fn one_machine_in_two_parts_is_noted() {
    let folder = TempDir::new().expect("a folder");
    let twice =
        changed(&folder, "client.json", ("healthy", "server"), |snapshot| snapshot["vantage"] = json!("client"));
    let said = run(&["judge".to_owned(), recorded::path("healthy", "server"), twice]);
    assert!(said.out.contains("both snapshots were taken on server"), "{}{}", said.out, said.err);
}

/// Whether a recording of the server, with something changed, still has this code.
fn says(fault: &str, code: &str, change: impl Fn(&mut Value)) -> bool {
    let folder = TempDir::new().expect("a folder");
    let path = changed(&folder, "server.json", (fault, "server"), change);
    run(&["judge".to_owned(), path]).out.contains(code)
}

#[test]
fn a_worker_that_beats_before_it_subscribes_is_not_called_stuck() {
    let samples = |snapshot: &mut Value, joined: &Value| {
        let samples =
            snapshot.pointer_mut("/facts/celery/observation/seen/celery/samples").and_then(Value::as_array_mut);
        for sample in samples.expect("samples") {
            sample["joined"] = joined.clone();
        }
    };
    assert!(says("queue-stuck", "queue-consumed/stuck", |snapshot| samples(snapshot, &json!(400))));
    assert!(!says("queue-stuck", "queue-consumed/stuck", |snapshot| samples(snapshot, &Value::Null)));
}

#[test]
fn a_unit_that_denies_and_answers_all_the_same_is_let_in_by_its_slice() {
    let dial = |snapshot: &mut Value, how: &str| {
        *snapshot.pointer_mut("/facts/tcp redis/observation/seen/tcp/how").expect("a dial") = json!(how);
    };
    let code = "firewall-admits-worker/denied-by-unit";
    assert!(says("redis-unit-address-deny", code, |snapshot| dial(snapshot, "timeout")));
    assert!(!says("redis-unit-address-deny", code, |snapshot| dial(snapshot, "open")));
}
