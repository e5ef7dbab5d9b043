//! Deployments that differ from the guide's example: several clients, another subnet. Made of the recordings.
#![allow(clippy::disallowed_methods, reason = "what is judged is written into a folder")]
#![allow(clippy::string_slice, reason = "the loader of recordings cuts what it made itself")]

mod recorded;

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

/// The second client's key.
const SECOND: &str = "key9AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

fn snapshot(state: &str, vantage: &str) -> Value {
    recorded::value(state, vantage.parse().expect("a vantage"))
}

/// The same machine with another address, key and name.
fn second(vantage: &str, state: &str) -> Value {
    let healthy = snapshot("healthy", "client");
    let key =
        healthy["facts"]["wg"]["observation"]["seen"]["wg"]["interfaces"][0]["public_key"].as_str().expect("a key");
    let text = snapshot(state, vantage).to_string();
    let text = text.replace("10.8.0.2", "10.8.0.3").replace(key, SECOND);
    let text = ["\"", "/", ":"]
        .iter()
        .fold(text, |text, end| text.replace(&format!("198.51.100.2{end}"), &format!("198.51.100.7{end}")));
    let mut found: Value = serde_json::from_str(&text).expect("JSON");
    found["host"] = json!(if vantage == "client" { "client2" } else { "0123456789ab" });
    found
}

/// A server with a second peer; `answers` if that one is connected.
fn server(state: &str, answers: bool) -> Value {
    let mut server = snapshot(state, "server");
    for look in ["wg", "wg-again"] {
        let place = format!("/facts/{look}/observation/seen/wg/interfaces/0/peers");
        let Some(peers) = server.pointer_mut(&place).and_then(Value::as_array_mut) else { continue };
        let mut peer = peers[0].clone();
        (peer["public_key"], peer["allowed_ips"]) = (json!(SECOND), json!(["10.8.0.3/32"]));
        peer["endpoint"] = json!("198.51.100.7:40001");
        if !answers {
            (peer["handshake"], peer["endpoint"], peer["received"]) = (Value::Null, Value::Null, json!(0));
        }
        peers.push(peer);
    }
    let peers = server.pointer_mut("/facts/wg-conf/observation/seen/wg-conf/peers").and_then(Value::as_array_mut);
    let peers = peers.expect("the file's peers");
    let mut peer = peers[0].clone();
    (peer["public_key"], peer["allowed_ips"]) = (json!(SECOND), json!(["10.8.0.3/32"]));
    peers.push(peer);
    for look in ["route", "ping"] {
        let text = server["facts"][format!("{look} client")].to_string().replace("10.8.0.2", "10.8.0.3");
        let mut there: Value = serde_json::from_str(&text).expect("JSON");
        if look == "ping" && !answers {
            there["observation"]["seen"]["ping"]["how"] = json!("no-reply");
        }
        server["facts"][format!("{look} 10.8.0.3")] = there;
    }
    server
}

/// Ties a container to its client as Docker does.
fn tied(mut client: Value, container: &Value) -> Value {
    client["facts"]["docker"]["observation"]["seen"]["docker"]["workers"][0]["hostname"] = container["host"].clone();
    client
}

fn judged(snapshots: &[Value]) -> (i32, Value) {
    let folder = TempDir::new().expect("a folder");
    for (number, snapshot) in snapshots.iter().enumerate() {
        std::fs::write(folder.path().join(format!("{number:04}.json")), snapshot.to_string()).expect("written");
    }
    let said = Command::new(env!("CARGO_BIN_EXE_clipcheck"))
        .args(["judge", "--format", "json"])
        .arg(folder.path())
        .output()
        .expect("clipcheck runs");
    let report = serde_json::from_slice(&said.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&said.stderr)));
    (said.status.code().unwrap_or(-1), report)
}

/// Failed checks and warnings, as `seat code [clients]`.
fn found(report: &Value) -> Vec<String> {
    let checks = report["checks"].as_array().expect("checks").iter();
    let bad = checks.filter(|check| check["root"] == true || check["status"] == "warning");
    bad.map(|check| {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let clients = check["clients"].as_array().map(|all| all.iter().map(text).collect::<Vec<_>>().join(","));
        let clients = clients.map_or_else(String::new, |clients| format!(" [{clients}]"));
        format!("{} {}{clients}", text(&check["seat"]), text(&check["diagnosis"]["code"]))
    })
    .collect()
}

/// Two workers, all four of their snapshots and the server's, the second worker's in some state.
fn two_workers(state: &str) -> (i32, Value) {
    let (client, container) = (snapshot("healthy", "client"), snapshot("healthy", "container"));
    let (other, inside) = (second("client", state), second("container", state));
    let all = [server("healthy", true), tied(client, &container), container, tied(other, &inside), inside];
    judged(&all)
}

#[test]
fn two_healthy_workers_are_well() {
    let (code, report) = two_workers("healthy");
    assert_eq!((code, found(&report)), (0, Vec::new()), "{report:#}");
    // The healthy recording was made before these were looked at.
    let unseen = report["checks"].as_array().expect("checks").iter().filter(|it| it["status"] == "not-seen");
    let unseen: BTreeSet<&str> = unseen.filter_map(|it| it["id"].as_str()).collect();
    assert!(
        unseen.is_subset(&BTreeSet::from([
            "postgres-tables",
            "web-at-boot",
            "web-fresh",
            "worker-libraries",
            "worker-log"
        ])),
        "{unseen:?}"
    );
    let seats: Vec<&str> =
        report["seats"].as_array().expect("seats").iter().filter_map(|it| it["id"].as_str()).collect();
    let wanted = ["server", "client 10.8.0.2", "client 10.8.0.3", "container 10.8.0.2", "container 10.8.0.3"];
    assert_eq!(seats, wanted);
}

/// What ails one of two workers is said of that one, and the other is well.
#[test]
fn a_fault_of_one_worker_is_told_of_that_one() {
    for (state, code) in [
        ("redis-url-placeholder", "env-redis/flawed"),
        ("database-placeholder", "env-database/flawed"),
        ("redis-wrong-password", "redis-answers/wrong-password"),
        ("postgres-wrong-port", "env-ports/postgres-other"),
        ("database-unset", "env-database/unset"),
    ] {
        let (exit, report) = two_workers(state);
        let found = found(&report);
        assert_eq!(exit, 1, "{state}: {found:?}");
        let other = found.iter().find(|it| it.contains("10.8.0.2"));
        assert!(other.is_none(), "{state}: the first worker is well: {found:?}");
        let named =
            found.iter().any(|it| it.contains("10.8.0.3") && it.contains(code.split('/').next().unwrap_or(code)));
        assert!(named, "{state}: {code} of the second worker: {found:?}");
    }
}

/// One worker in Docker and one without it, each in some state. The two were recorded with another cluster each, and another
/// version of the app: the one in Docker is given the server's.
fn with_and_without_docker(docker: &str, native: &str) -> (i32, Value) {
    let system = |of: &Value| of.pointer("/facts/postgres/observation/seen/postgres/system").cloned();
    let server = server("healthy-native-service", true);
    let (theirs, own) =
        (system(&server).expect("a cluster"), system(&snapshot("healthy", "client")).expect("a cluster"));
    let of_server = |vantage: &str| {
        let text = snapshot(docker, vantage).to_string().replace(&own.to_string(), &theirs.to_string());
        serde_json::from_str(&text.replace("\"0.10.0\"", "\"1.6.2\"")).expect("JSON")
    };
    let (client, container): (Value, Value) = (of_server("client"), of_server("container"));
    judged(&[server, tied(client, &container), container, second("client", native)])
}

/// What ails the one in Docker is said of that one, what ails the other of the other, and of the other one each time that
/// it is well.
#[test]
fn a_worker_in_docker_and_one_without_are_told_apart() {
    let well = "healthy-native-service";
    let (code, report) = with_and_without_docker("healthy", well);
    assert_eq!((code, found(&report)), (0, Vec::new()), "{report:#}");
    let faults = [
        ("redis-url-placeholder", well, "env-redis/"),
        ("database-unset", well, "env-database/unset"),
        ("redis-wrong-password", well, "redis-answers/wrong-password"),
        ("postgres-wrong-password", well, "postgres-answers/password-here"),
        ("wg-allowed-ips-client", well, "wg-allowed-ips/"),
        ("healthy", "native-lan", "env-redis/elsewhere"),
        ("healthy", "native-line-missing", "env-redis/default"),
        ("healthy", "native-unit-stopped", "worker-running/unit-stopped"),
        ("healthy", "native-media-local", "api-media/local"),
        ("healthy", "native-libpq-parameter", "worker-libraries/database"),
    ];
    for (docker, native, wanted) in faults {
        let (ill, other) = if native == well { ("10.8.0.2", "10.8.0.3") } else { ("10.8.0.3", "10.8.0.2") };
        let (exit, report) = with_and_without_docker(docker, native);
        let found = found(&report);
        assert_eq!(exit, 1, "{docker} {native}: {found:?}");
        assert!(found.iter().any(|it| it.contains(ill) && it.contains(wanted)), "{docker} {native}: {found:?}");
        assert!(!found.iter().any(|it| it.contains(other)), "{docker} {native}: {found:?}");
        let of_other = |it: &&Value| it["seat"].as_str().is_some_and(|seat| seat.ends_with(other));
        let checks = report["checks"].as_array().expect("checks").iter();
        let count = |status: &str| checks.clone().filter(of_other).filter(|it| it["status"] == status).count();
        assert!(count("failed") == 0 && count("ok") > 20, "{docker} {native}: {} OK", count("ok"));
    }
}

/// Two containers of one client are two, and each has its name; a name that two machines use belongs to neither.
#[test]
fn containers_are_told_apart() {
    let (client, one) = (snapshot("healthy", "client"), snapshot("healthy", "container"));
    let mut other = snapshot("database-unset", "container");
    other["host"] = json!("0123456789ab");
    let (_, report) = judged(&[server("healthy", true), client.clone(), one, other]);
    let bad = found(&report);
    assert!(bad.iter().any(|it| it.starts_with("container 10.8.0.2 0123456789ab env-database/")), "{bad:?}");
    assert!(!bad.iter().any(|it| it.contains("000000000001")), "{bad:?}");

    let named = |vantage: &str, host: &str| {
        let mut found = second(vantage, "healthy");
        found["host"] = json!(host);
        found
    };
    let mut same = snapshot("healthy", "container");
    same["host"] = json!("worker");
    let all = [server("healthy", true), tied(client, &same), same.clone(), tied(named("client", "client2"), &same)];
    let (_, report) = judged(&all);
    assert!(report["notes"].to_string().contains("cannot be assigned to one client"), "{}", report["notes"]);
}

#[test]
fn a_peer_that_never_came_is_a_note() {
    let (code, report) = judged(&[server("healthy", false)]);
    assert_eq!((code, found(&report)), (0, Vec::new()), "{report:#}");
    let check = report["checks"]
        .as_array()
        .expect("checks")
        .iter()
        .find(|it| it["status"] == "note" && it["id"] == "wg-handshake");
    let check = check.expect("a note on the peer");
    assert_eq!((&check["diagnosis"]["code"], &check["clients"]), (&json!("wg-handshake/away"), &json!(["10.8.0.3"])));
}

/// Where no peer at all can be reached, it is no matter of one that is switched off.
#[test]
fn a_server_that_nobody_reaches_is_not_well() {
    let mut silent = server("healthy", false);
    for look in ["wg", "wg-again"] {
        let place = format!("/facts/{look}/observation/seen/wg/interfaces/0/peers/0");
        let peer = silent.pointer_mut(&place).expect("the first peer");
        (peer["handshake"], peer["received"]) = (Value::Null, json!(0));
    }
    let (code, report) = judged(&[silent]);
    assert_eq!(code, 1, "{report:#}");
    let found = found(&report);
    assert!(found.iter().any(|it| it.contains("wg-handshake/never-heard")), "{found:?}");
}

#[test]
fn another_subnet_is_no_fault() {
    let moved = |vantage: &str| -> Value {
        serde_json::from_str(&snapshot("healthy", vantage).to_string().replace("10.8.0.", "10.99.0.")).expect("JSON")
    };
    let all = ["server", "client", "container"].map(moved);
    for some in [&all[..1], &all[1..2], &all[2..], &all[..2], &all[1..], &all[..]] {
        let (code, report) = judged(some);
        assert!(code == 0 || code == 3, "{report:#}");
        assert_eq!(found(&report), Vec::<String>::new(), "{report:#}");
    }
}

/// What the guide has is no knowledge: dials of an address that nobody named prove nothing.
#[test]
fn what_is_assumed_fails_nothing() {
    let mut container = snapshot("healthy", "container");
    // Nothing tells where the server is, and the guide's address is silent.
    for variable in ["DATABASE_URL", "CELERY_BROKER_URL", "REDIS_URL", "CELERY_RESULT_BACKEND"] {
        container["facts"]["env"]["observation"]["seen"]["env"]["variables"]
            .as_object_mut()
            .expect("variables")
            .remove(variable);
    }
    container["addresses"]["server"] = json!({ "value": "10.8.0.1", "origin": "assumed" });
    for service in ["redis", "postgres"] {
        container["facts"][format!("tcp {service}")]["observation"]["seen"]["tcp"]["how"] = json!("timeout");
    }
    let (_, report) = judged(&[container]);
    let found = found(&report);
    assert!(found.iter().all(|it| it.contains(" env-")), "only the variables are at fault: {found:?}");
    let port =
        report["checks"].as_array().expect("checks").iter().find(|it| it["id"] == "redis-port-open").expect("it");
    assert_eq!(port["status"], "not-seen", "{port:#}");
    assert!(port["reason"].as_str().is_some_and(|why| why.contains("--server")), "{port:#}");
}

/// A client that has no worker, beside services on other ports: nobody said which ports to dial.
#[test]
fn ports_that_nobody_uses_are_no_fault() {
    let mut client = snapshot("healthy", "client");
    let env = client.pointer_mut("/facts/env/observation/seen/env/variables").expect("variables");
    *env = json!({});
    client["facts"]["docker"]["observation"]["seen"]["docker"]["workers"] = json!([]);
    for service in ["redis", "postgres"] {
        client["addresses"][format!("{service}_port")]["origin"] = json!("assumed");
        client["facts"][format!("tcp {service}")]["observation"]["seen"]["tcp"]["how"] = json!("timeout");
        client["facts"][format!("tcp {service}@tunnel")]["observation"]["seen"]["tcp"]["how"] = json!("timeout");
    }
    let (_, report) = judged(&[client]);
    let dials = found(&report).into_iter().filter(|it| it.contains("tcp-admitted") || it.contains("-port-open"));
    assert_eq!(dials.collect::<Vec<_>>(), Vec::<String>::new());
}
