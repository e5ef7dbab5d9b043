//! What is printed to be run: edits that leave everything else in a file as it was. That a shell takes every script is seen
//! where all recordings are judged, `tests/bench/scripts.rs`.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use clipcheck::catalog;
use clipcheck::check::Check;
use clipcheck::report::{Shell, Words, command};

use crate::{at_loopback, closed_port, folder, here, recorded, refused, run};

/// The commands of every fix for Linux, with the check's cause.
fn templates(checks: &[Check]) -> Vec<(String, String)> {
    let causes = checks.iter().flat_map(|check| check.causes.iter().map(move |(name, cause)| (check, name, cause)));
    let lines = causes.flat_map(|(check, name, cause)| {
        let native = cause.native.iter().flat_map(|it| it.fix.run.iter());
        let code = format!("{}/{name}", check.id);
        cause.fix.run.iter().chain(native).map(move |line| (code.clone(), line.clone()))
    });
    lines.collect()
}

/// What a file may have besides the line that is mended: settings of other addresses, ports and networks, and comments.
const UNRELATED: [&str; 23] = [
    "bind 192.0.2.7 ::1",
    "# bind 127.0.0.1 ::1",
    "bind-source-addr 192.0.2.7",
    "#port 6379",
    "port-of-mine 7000",
    "tls-port 7001",
    "protected-mode yes",
    "requirepass not-the-password",
    "rename-command FLUSHALL \"\"",
    "#listen_addresses = 'localhost'",
    "huge_pages_of_mine = on",
    "host all all 192.0.2.0/24 reject",
    "hostssl all other 192.0.2.0/24 cert",
    "local all postgres peer",
    "[Peer]",
    "PublicKey = AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    "AllowedIPs = 192.0.2.0/24, 198.51.100.0/24",
    "Endpoint = 192.0.2.7:51820",
    "Address = 192.0.2.7/24",
    "REDIS_URL=redis://:s3cret@192.0.2.7:7000/3",
    "DATABASE_URL=postgresql://u:p%40ss@192.0.2.7:7000/other",
    "\"userland-proxy\": false,",
    "PersistentKeepalive = 60",
];

/// The line that is mended.
const LINE: usize = 111;

/// Edits that go by a pattern, since the line is not known where the fault is seen, and what they replace.
const BY_PATTERN: &[(&str, &str)] = &[
    ("redis-not-exposed/listens-widely", BIND),
    ("redis-not-exposed/listens-widely", BIND),
    ("redis-not-exposed/listens-widely", BIND),
    ("redis-not-exposed/open-outside", BIND),
];
const BIND: &str = "the addresses of the `bind` line are what is wrong, and the line is not read for this check";

/// Every word of a template: the line that is mended, a file, and else a word that stands nowhere.
fn words(template: &str, file: &str) -> Words {
    let names = template.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name);
    let names = names.filter(|name| !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == '_'));
    names
        .map(|name| {
            let value = match name {
                "line" | "edit_line" | "hosts_line" | "percent_line" | "export_line" | "quote_line" => LINE.to_string(),
                "header" => (LINE - 2).to_string(),
                name if name.ends_with("file") => file.to_owned(),
                "interface" => "wg0".to_owned(),
                "server" => "10.8.0.1".to_owned(),
                "subnet" => "10.8.0.0/24".to_owned(),
                name if name.ends_with("port") => "6379".to_owned(),
                "mtu" => "1380".to_owned(),
                _ => "zzyzx".to_owned(),
            };
            (&*Box::leak(name.to_owned().into_boxed_str()), value)
        })
        .collect()
}

#[test]
fn an_edit_leaves_unrelated_lines_as_they_were() {
    let checks = catalog::built_in().expect("the checks");
    let folder = folder(&[]);
    let file = folder.path().join("edited.conf");
    let shown = file.display().to_string();
    let seeded: Vec<String> = (1..=10 * UNRELATED.len()).map(|at| UNRELATED[at % UNRELATED.len()].to_owned()).collect();
    let mut wrong = BTreeMap::new();
    let mut edits = 0;
    for (code, template) in templates(&checks) {
        if !template.contains("sed -i") || template.contains("$(") {
            continue;
        }
        let line = command(&template, Shell::Sh, &words(&template, &shown)).expect("plain words");
        // Where a file is named, it is the seeded one.
        let typed: Vec<String> = line
            .replace("sudo ", "")
            .split(' ')
            .map(|word| {
                if word.starts_with("/etc/") {
                    shown.clone() + word.split_once(".conf").map_or("", |(_, rest)| rest)
                } else {
                    word.to_owned()
                }
            })
            .collect();
        std::fs::write(&file, seeded.join("\n") + "\n").expect("written");
        let done = Command::new("bash").args(["-c", &typed.join(" ")]).output().expect("bash runs");
        assert!(done.status.success(), "{code}: {line}: {}", String::from_utf8_lossy(&done.stderr));
        let after = std::fs::read_to_string(&file).expect("text");
        edits += 1;
        let count = |lines: &mut dyn Iterator<Item = &str>| {
            let mut found: BTreeMap<String, i32> = BTreeMap::new();
            for line in lines {
                *found.entry(line.to_owned()).or_default() += 1;
            }
            found
        };
        let kept = count(&mut after.lines());
        // Its own line, and the one below where two become one.
        let others =
            seeded.iter().enumerate().filter(|(at, _)| *at + 1 != LINE && *at != LINE).map(|(_, line)| line.as_str());
        let lost = count(&mut others.into_iter()).into_iter().find(|(line, many)| kept.get(line).unwrap_or(&0) < many);
        if let Some((lost, _)) = lost {
            wrong.insert(code, format!("{line} changes `{lost}`"));
        }
    }
    assert!(edits > 60, "only {edits} edits");
    let excused: BTreeSet<&str> = BY_PATTERN.iter().map(|(code, _)| *code).collect();
    let found: BTreeSet<&str> = wrong.keys().map(String::as_str).collect();
    assert_eq!(found, excused, "{wrong:#?}");
}

/// What stands in capitals in a command is a name of another program's, or a placeholder that keeps it out of scripts.
#[test]
fn capitals_in_commands_are_known() {
    const NAMES: [&str; 57] = [
        "PREPARED",
        "ROLLBACK",
        "BROKER",
        "CELERY",
        "REDIS",
        "RESULT",
        "URL",
        "ACCEPT",
        "ALL",
        "ALLOW",
        "ALTER",
        "COLUMN",
        "DEFAULT",
        "AUTH",
        "BACKEND",
        "CONNECT",
        "CONNECTIONS",
        "CONT",
        "CREATE",
        "DATABASE",
        "DELETE",
        "DISABLE",
        "DOCKER",
        "ESTABLISHED",
        "FORCE",
        "FORWARD",
        "FROM",
        "GRANT",
        "INSERT",
        "LEVEL",
        "LIKE",
        "LOGIN",
        "MTU",
        "NOT",
        "NULL",
        "OUTPUT",
        "REDISCLI",
        "RELATED",
        "RENAME",
        "RESET",
        "RETURN",
        "ROLE",
        "ROW",
        "SCHEMA",
        "SECURITY",
        "SELECT",
        "SEQUENCES",
        "SET",
        "SYSTEM",
        "TABLE",
        "TABLES",
        "UNTIL",
        "UPDATE",
        "USAGE",
        "USER",
        "UTF",
        "VALID",
    ];
    let checks = catalog::built_in().expect("the checks");
    let mut unknown = BTreeSet::new();
    for (code, template) in templates(&checks) {
        let capitals = template.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| word.len() > 2);
        for word in capitals.filter(|word| word.chars().all(|c| c.is_ascii_uppercase()) && *word != "WHERE") {
            if !NAMES.contains(&word) && !template.contains("CLIENT_PUBLIC_KEY") {
                unknown.insert(format!("{code}: {word}"));
            }
        }
    }
    assert!(unknown.is_empty(), "{unknown:?}");
}

#[test]
fn a_script_is_for_one_host() {
    let server = recorded::path("redis-wrong-port", "server");
    let client = recorded::path("redis-wrong-port", "client");
    let said = run(&["judge", &server, &client, "--fix-script"]);
    assert_eq!((said.code, said.err.as_str()), (1, ""), "{said:?}");
    assert!(said.out.starts_with("#!/usr/bin/env bash\n# Mends the client"), "{}", said.out);
    refused(&["judge", &server, "--fix-script=cellar"], &["no host `cellar` was looked at", "server"]);
    refused(&["judge", &server, "--fix-script", "--json"], &["cannot be used with"]);
    let healthy = recorded::path("healthy", "server");
    let said = run(&["judge", &healthy, "--fix-script"]);
    assert!(said.out.contains("nothing that this script could mend"), "{said:?}");
}

#[test]
fn the_worker_is_started_again_on_the_client_alone() {
    let here = here(closed_port());
    let said = run(&at_loopback(&["recreate"], &here));
    assert_eq!((said.code, said.out.as_str()), (2, ""));
    assert!(said.err.contains("this is the container") && said.err.contains("--as client"), "{}", said.err);
}
