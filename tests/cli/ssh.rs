//! `all --ssh`, with an `ssh` that runs the command here: what is sent, what comes back, and that nothing stays. With a real
//! sshd it is proved in the lab (tests/lab.d/over-ssh).

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::{Said, at_loopback, closed_port, folder, here, json, path, refused, run_with};

/// Its last argument is the command. The other host is a container, whose folders are one of ours; what runs there is not
/// ended with this `ssh`, as on any other host.
const SSH: &str = r#"#!/bin/sh
echo "$@" > "$HOME/arguments"
for command; do :; done
there=$(printf '%s\n' "$command" | sed "s|in /tmp .*; do|in \"$HOME/there\"; do|; s| snapshot --remove| snapshot --as container --remove|")
exec setsid -w sh -c "$there"
"#;

/// A home with programs in it, and a folder of the other host's.
fn home(programs: &[(&str, &str)]) -> TempDir {
    let home = folder(programs);
    for (name, _) in programs {
        std::fs::set_permissions(home.path().join(name), Permissions::from_mode(0o755)).expect("a program");
    }
    std::fs::create_dir(home.path().join("there")).expect("a folder");
    home
}

/// From outside, so that only the other host is looked at.
fn look(home: &TempDir, more: &[&str]) -> Said {
    let port = closed_port().to_string();
    let programs = format!("{}:{}", path(home, ""), std::env::var("PATH").expect("PATH"));
    let variables = [("HOME", &*path(home, "")), ("PATH", &*programs)];
    let mut args = vec!["all", "--as", "outside", "--server", "127.0.0.1", "--deadline", "20", "--ssh", "me@there"];
    args.extend(["--redis-port", &port, "--postgres-port", &port, "--format", "json"]);
    args.extend(more);
    let said = run_with(&variables, &args);
    let left = || std::fs::read_dir(home.path().join("there")).expect("the folder").flatten().next();
    // Where the run was over before it, the other host still ends what it does.
    let ends = Instant::now() + Duration::from_secs(30);
    while left().is_some() && Instant::now() < ends {
        std::thread::sleep(Duration::from_millis(100));
    }
    assert!(left().is_none(), "{:?} stays", left());
    said
}

/// Where nothing at all was looked at, the run could not be done.
#[track_caller]
fn in_the_way(home: &TempDir, more: &[&str], words: &str) {
    let said = look(home, more);
    assert_eq!((said.code, said.out.as_str()), (2, ""), "{words}: {said:?}");
    assert!(said.err.starts_with("clipcheck: me@there was not checked: ") && said.err.contains(words), "{said:?}");
}

#[test]
fn the_other_host_is_looked_at_and_nothing_stays_there() {
    let home = home(&[("ssh", SSH)]);
    let said = look(&home, &["--interface", "wg7"]);
    let report = json(&said.out);
    assert!(said.code == 1 && said.err.is_empty() && report["notes"].is_null(), "{}", report["notes"]);
    let seats: Vec<&str> =
        report["seats"].as_array().expect("seats").iter().filter_map(|it| it["role"].as_str()).collect();
    assert_eq!(seats, ["container"]);
    // What was told here is told there; a name of this host's is not.
    let addresses = &report["seats"][0]["addresses"];
    assert_eq!(addresses["server"], serde_json::json!({ "value": "127.0.0.1", "origin": "told" }));
    assert_ne!(addresses["interface"]["value"], "wg7");
    let roots = report["roots"].as_array().expect("roots");
    assert!(roots.iter().any(|root| root == "container redis-port-open/refused"), "{roots:?}");
    let arguments = std::fs::read_to_string(home.path().join("arguments")).expect("the arguments");
    for option in ["BatchMode=yes", "StrictHostKeyChecking=yes", "UpdateHostKeys=no", "ControlMaster=no", "-- me@there"]
    {
        assert!(arguments.contains(option), "{option}: {arguments}");
    }
}

#[test]
fn sudo_is_asked_only_where_it_was_asked_for() {
    let sudo = "#!/bin/sh\necho \"$1 $2\" >> \"$HOME/sudo-was-called\"\nshift 2\nexec \"$@\"\n";
    let id = "#!/bin/sh\necho 1000\n";
    let home = home(&[("ssh", SSH), ("sudo", sudo), ("id", id)]);
    let called = || std::fs::read_to_string(home.path().join("sudo-was-called")).unwrap_or_default();
    assert_eq!((look(&home, &[]).code, called().as_str()), (1, ""));
    assert_eq!(look(&home, &["--sudo"]).code, 1);
    assert_eq!(called(), "-n --\n-n --\n");
    let refusing = self::home(&[
        ("ssh", SSH),
        ("sudo", "#!/bin/sh\necho 'sudo: a password is required' >&2\nexit 1\n"),
        ("id", id),
    ]);
    in_the_way(&refusing, &["--sudo"], "`sudo -n` may not run it there");
}

#[test]
fn what_is_in_the_way_is_told_with_what_to_do() {
    let saying = |words: &str| format!("#!/bin/sh\necho '{words}' >&2\nexit 255\n");
    let key = saying(
        "No ED25519 host key is known for there and you have requested strict checking.\nHost key verification failed.",
    );
    let ways: [(&[(&str, &str)], &str); 6] = [
        (&[("ssh", &key)], "compare the fingerprint"),
        (&[("ssh", &saying("me@there: Permission denied (publickey)."))], "could not log in without asking"),
        (&[("ssh", "#!/bin/sh\necho Welcome\n")], "try `ssh me@there true`"),
        (&[("ssh", SSH), ("uname", "#!/bin/sh\necho Linux riscv64\n")], "that host is `Linux riscv64`"),
        (&[("ssh", SSH), ("mktemp", "#!/bin/sh\nexit 1\n")], "no folder was found there"),
        // The connection breaks off while the program is copied.
        (&[("ssh", &SSH.replace("exec setsid -w sh", "head -c 1000000 | sh"))], "not copied completely"),
    ];
    for (programs, words) in ways {
        in_the_way(&home(programs), &[], words);
    }
}

/// What is seen here is judged all the same.
#[test]
fn a_host_that_was_not_looked_at_is_noted() {
    let home = home(&[("ssh", "#!/bin/sh\nexit 255\n")]);
    let here = here(closed_port());
    let path = path(&home, "");
    let said = run_with(&[("PATH", &path)], &at_loopback(&["all", "--ssh", "me@there", "--format", "json"], &here));
    assert_eq!((said.code, said.err.as_str()), (1, ""), "{said:?}");
    let report = json(&said.out);
    assert_eq!(report["seats"].as_array().map(Vec::len), Some(1));
    assert!(report["notes"][0].as_str().is_some_and(|note| note.starts_with("me@there was not checked: ")), "{said:?}");
}

#[test]
fn what_is_no_host_is_refused() {
    refused(&["all", "--ssh=-oProxyCommand=true"], &["user@host"]);
    refused(&["all", "--ssh", "a b"], &["user@host"]);
    refused(&["all", "--ssh", ""], &["user@host"]);
    refused(&["all", "--sudo"], &["--ssh"]);
}
