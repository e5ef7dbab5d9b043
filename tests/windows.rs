//! A Windows client, from what its programs print to what a user reads. Nothing here runs Windows: the texts in
//! `fixtures/windows/` have the forms that its README names, and the other ends are recordings of the lab.
#![allow(clippy::disallowed_methods, reason = "runs the program and reads its fixtures")]

use std::path::{Path, PathBuf};

use clipcheck::fact::Vantage;
use serde_json::Value;
use tempfile::TempDir;

mod recorded;
mod said;

use said::{Said, run};

/// A recording of Windows; the lab's state whose other ends belong to it, and which of them are at hand; the roots and the
/// warnings that must be named, and no others; how the run ends.
type Case = (&'static str, &'static str, &'static [&'static str], &'static [&'static str], i32);

/// 3: Redis and PostgreSQL are asked inside the container, and not on Windows.
const CASES: &[Case] = &[
    ("healthy", "healthy", &[], &[], 3),
    ("healthy", "healthy", &["server"], &[], 3),
    ("healthy", "healthy", &["server", "container"], &[], 0),
    ("no-administrator", "healthy", &["server", "container"], &[], 3),
    ("not-active", "wg-not-started", &[], &["client wg-interface-up/not-started"], 1),
    ("not-active", "wg-not-started", &["server", "container"], &["client wg-interface-up/not-started"], 1),
    ("service-stopped", "wg-not-started", &["server"], &["client wg-interface-up/not-started"], 1),
    ("wrong-key", "wg-client-rekeyed", &[], &["client wg-handshake/never-answered"], 1),
    ("wrong-key", "wg-client-rekeyed", &["server"], &["server wg-peers-known/client-unknown"], 1),
    ("other-port", "wg-other-port", &[], &["client wg-handshake/never-answered"], 1),
    ("other-port", "wg-other-port", &["server"], &["client wg-endpoint/other-port"], 1),
    ("all-traffic", "wg-all-traffic", &["server", "container"], &["client wg-allowed-ips-narrow/all-traffic"], 0),
    ("other-vpn", "wg-overlap", &["server"], &["client tunnel-subnet-free/other-vpn"], 1),
    ("started-by-hand", "wg-not-enabled", &["server"], &["client wg-enabled-at-boot/not-enabled"], 3),
    ("container-lost", "container-dropped", &["server", "container"], &["container container-way/lost"], 1),
    ("worker-stopped", "worker-stopped", &["server"], &["client worker-running/stopped"], 1),
];

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// A recording, with the keys of the lab's server and of its peer put in: they change whenever the lab is recorded again.
fn recording(name: &str) -> String {
    let text = std::fs::read_to_string(fixtures().join(format!("windows/{name}.json"))).expect("a recording");
    let (_, state, ..) = CASES.iter().find(|(case, ..)| *case == name).expect("a case");
    let server = recorded::value(state, Vantage::Server);
    let tunnel = &server["facts"]["wg"]["observation"]["seen"]["wg"]["interfaces"][0];
    let key = |value: &Value| value.as_str().expect("a key").to_owned();
    text.replace("SERVER-KEY", &key(&tunnel["public_key"]))
        .replace("CLIENT-KEY", &key(&tunnel["peers"][0]["public_key"]))
}

/// The recording's text as a file, the file as a snapshot, the snapshot with the others as a report.
fn judged(recording: &[u8], state: &str, others: &[&str]) -> (i32, Value) {
    let folder = TempDir::new().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(path("recording.json"), recording).expect("written");
    let Said { code, out: snapshot, err } = run(&["snapshot".to_owned(), "--from".to_owned(), path("recording.json")]);
    assert_eq!((code, err.as_str()), (0, ""), "{snapshot}");
    std::fs::write(path("client.json"), snapshot).expect("written");
    let mut args = vec!["judge".to_owned(), path("client.json")];
    args.extend(others.iter().map(|at| recorded::path(state, at)));
    args.extend(["--format".to_owned(), "json".to_owned()]);
    let Said { code, out, err } = run(&args);
    (code, serde_json::from_str(&out).unwrap_or_else(|error| panic!("no JSON ({error}): {out}{err}")))
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn checks(report: &Value) -> impl Iterator<Item = &Value> {
    report["checks"].as_array().expect("checks").iter()
}

/// The roots and warnings.
fn named(report: &Value) -> impl Iterator<Item = &Value> {
    checks(report).filter(|check| check["root"] == true || check["status"] == "warning")
}

#[test]
fn a_windows_client_is_judged_from_its_recording() {
    let mut shown = String::new();
    for (name, state, others, expected, ends) in CASES {
        let (code, report) = judged(recording(name).as_bytes(), state, others);
        let found: Vec<String> =
            named(&report).map(|it| format!("{} {}", text(&it["seat"]), text(&it["diagnosis"]["code"]))).collect();
        assert_eq!((found.as_slice(), code), (owned(expected).as_slice(), *ends), "{name} with {others:?}");
        let with = if others.is_empty() { "nothing".to_owned() } else { others.join(", ") };
        let mut lines = vec![format!("{name} with {with}:")];
        for check in named(&report) {
            let (diagnosis, fix) = (&check["diagnosis"], &check["diagnosis"]["fix"]);
            lines.push(format!("  {}", text(&diagnosis["code"])));
            lines.push(format!("  says {}", text(&diagnosis["says"])));
            lines.push(format!("  fix  {}", text(&fix["say"])));
            lines.extend(fix["run"].as_array().into_iter().flatten().map(|line| format!("       > {}", text(line))));
            lines.push(format!("  then {}", text(&fix["know"])));
        }
        shown.extend(lines.into_iter().map(|line| line + "\n"));
    }
    insta::with_settings!({ snapshot_path => "windows", prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("what-a-user-reads", shown);
    });
}

/// What is typed on Windows is not what is typed on Linux.
#[test]
fn nobody_is_told_to_type_linux_on_windows() {
    const LINUX: [&str; 8] = ["sudo", "systemctl", "/etc/", "wg-quick", "journalctl", "ip route", "ip link", "getent"];
    for (name, state, others, ..) in CASES {
        let (_, report) = judged(recording(name).as_bytes(), state, others);
        let broken = checks(&report).filter(|check| check["diagnosis"].is_object());
        for check in broken {
            let fix = &check["diagnosis"]["fix"];
            let on = fix["on"].as_str().or(check["seat"].as_str()).unwrap_or_default();
            let typed: Vec<String> = fix["run"].as_array().into_iter().flatten().map(text).collect();
            let linux = typed.iter().find(|line| LINUX.iter().any(|word| line.contains(word)));
            assert!(on != "client" || linux.is_none(), "{name}: {}: {linux:?}", check["diagnosis"]["code"]);
        }
    }
}

#[test]
fn powershell_may_write_it_in_its_own_ways() {
    let plain = recording("healthy");
    let sixteen: Vec<u8> = [0xff, 0xfe].into_iter().chain(plain.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let marked: Vec<u8> = [0xef, 0xbb, 0xbf].into_iter().chain(plain.bytes()).collect();
    let (_, expected) = judged(plain.as_bytes(), "healthy", &["server"]);
    for bytes in [sixteen, marked] {
        assert_eq!(judged(&bytes, "healthy", &["server"]).1["checks"], expected["checks"]);
    }
}

/// Near misses: a firewall of Windows that lets no echo out, another Hyper-V network with the
/// addresses that Docker's has on Linux, a second adapter of WireGuard's.
#[test]
fn what_looks_like_trouble_is_none() {
    let healthy = recording("healthy");
    for (from, to) in [
        ("\"status\": 0", "\"status\": 11050"),
        ("172.22.32.1", "172.17.0.1"),
        ("\"description\": \"WireGuard Tunnel\"", "\"description\": \"WireGuard Tunnel #2\""),
    ] {
        assert!(healthy.contains(from), "{from}");
        let (_, report) = judged(healthy.replace(from, to).as_bytes(), "healthy", &["server", "container"]);
        let codes: Vec<String> = named(&report).map(|it| text(&it["diagnosis"]["code"])).collect();
        assert!(codes.is_empty(), "{to}: {codes:?}");
    }
}

/// A dump that was sent by hand has the keys in it; they end here.
#[test]
fn no_key_goes_on() {
    let secret = "4FhqWcHGXKtKMhc7gxEXAMPLEyjyPqvPkYH9BSqSVWE=";
    let raw = recording("healthy").replace("(hidden)", secret);
    assert!(raw.contains(secret));
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("raw.json").display().to_string();
    std::fs::write(&path, raw).expect("written");
    let Said { code, out, err } = run(&["snapshot".to_owned(), "--from".to_owned(), path]);
    assert!(code == 0 && !out.contains(secret) && !err.contains(secret), "{err}");
}

#[test]
fn a_wrong_recording_is_one_error_with_its_place() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("wrong.json").display().to_string();
    let healthy = recording("healthy");
    for (text, words) in [
        (healthy.replacen("\"host\"", "host", 1), "wrong.json:3:2: no recording of windows.ps1: no JSON"),
        (healthy.replacen("\\toff\"", "\"", 1), "wrong.json: wg[0]: no line of `wg show all dump`"),
        (healthy.replacen("10.8.0.2/24", "10.8.0.2", 1), "wrong.json: adapters[2]: an address that is none"),
        ("{}".to_owned(), "wrong.json:1:2: no recording of windows.ps1: a value that windows.ps1 does not write"),
    ] {
        std::fs::write(&path, text).expect("written");
        let Said { code, out, err } = run(&["snapshot".to_owned(), "--from".to_owned(), path.clone()]);
        assert_eq!((code, out.as_str()), (2, ""), "{err}");
        assert!(err.contains(words) && err.lines().count() == 1, "{err}");
    }
    let server =
        ["snapshot", "--from", &fixtures().join("windows/healthy.json").display().to_string(), "--as", "server"];
    let Said { code, err, .. } = run(&server.map(str::to_owned));
    assert!(code == 2 && err.contains("a recording of Windows is the client's"), "{err}");
}

#[test]
fn every_recording_is_judged() {
    let folder = std::fs::read_dir(fixtures().join("windows")).expect("a folder");
    for entry in folder {
        let name = entry.expect("an entry").file_name().to_string_lossy().into_owned();
        let Some(name) = name.strip_suffix(".json") else { continue };
        assert!(CASES.iter().any(|(known, ..)| *known == name), "{name} is judged by no test");
    }
}

/// Inside a container of Docker Desktop only the kernel tells that the machine below is a Windows one.
#[test]
fn the_kernel_below_a_container_tells_windows() {
    for (kernel, shell) in [("6.1.0-27-amd64", "sh"), ("5.15.153.1-microsoft-standard-WSL2", "powershell")] {
        let mut snapshot = recorded::value("overlap-container", Vantage::Container);
        snapshot["kernel"] = kernel.into();
        let folder = TempDir::new().expect("a folder");
        let path = folder.path().join("container.json").display().to_string();
        std::fs::write(&path, snapshot.to_string()).expect("written");
        let Said { out, .. } = run(&owned(&["judge", &path, "--format", "json"]));
        let report: Value = serde_json::from_str(&out).expect("JSON");
        let root = checks(&report).find(|check| check["root"] == true).expect("a root");
        assert_eq!(
            (&root["diagnosis"]["code"], &root["diagnosis"]["fix"]["shell"]),
            (&"tunnel-subnet-free/docker-network".into(), &shell.into())
        );
    }
}
