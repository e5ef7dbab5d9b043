//! Every kind of file in the place of every file that is read.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::{ends, has_namespaces, program, script, snapshot};

/// What can stand in the place of a file, and the shell's words that make it at `$at`.
const KINDS: [(&str, &str); 15] = [
    ("empty", ": > \"$at\""),
    ("directory", "mkdir \"$at\""),
    ("fifo", "mkfifo \"$at\""),
    ("endless", "ln -s /dev/zero \"$at\""),
    ("terminal", "ln -s /dev/ptmx \"$at\""),
    ("kernel-log", "ln -s /proc/kmsg \"$at\""),
    ("sparse", "truncate -s 2G \"$at\""),
    ("too-long", "head -c 4500000 /dev/zero | tr '\\0' '#' > \"$at\""),
    ("long-line", "head -c 4000000 /dev/zero | tr '\\0' 'x' > \"$at\""),
    ("no-text", "printf '\\377\\376\\200A\\237=1\\n' > \"$at\""),
    ("zeros", "printf 'a\\0b\\0=\\0\\n\\0' > \"$at\""),
    ("loop", "ln -s \"$at\" \"$at\""),
    ("gone", "ln -s /nowhere/at/all \"$at\""),
    ("unreadable", "echo x > \"$at\"; chmod 0 \"$at\""),
    ("socket", "python3 -c 'import socket,sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' \"$at\""),
];

/// What must never be taken for the file's content.
const UNFIT: [&str; 7] = ["directory", "fifo", "endless", "terminal", "sparse", "too-long", "socket"];

/// A server's files, each with the look that reads it.
const SERVER: [(&str, &str); 16] = [
    ("/etc/wireguard/wg0.conf", "wg-conf"),
    ("/etc/wireguard/server_private.key", "wg-keys"),
    ("/etc/services", "wg-conf"),
    ("/etc/redis/redis.conf", "redis-conf"),
    ("/etc/redis/users.acl", "redis-conf"),
    ("/etc/systemd/system/redis-server.service", "redis-conf"),
    ("/etc/postgresql/15/main/postgresql.conf", "postgres-conf"),
    ("/etc/postgresql/15/main/pg_hba.conf", "postgres-hba"),
    ("/etc/postgresql/15/main/roles", "postgres-hba"),
    ("/etc/ufw/ufw.conf", "ufw"),
    ("/etc/default/ufw", "ufw"),
    ("/etc/ufw/user.rules", "ufw"),
    ("/etc/ufw/user6.rules", "ufw"),
    ("/etc/ufw/before.rules", "netfilter"),
    ("/etc/nftables.conf", "netfilter"),
    ("/opt/clippyfront/.env", "env"),
];

/// A server that is as it should be, in a folder of memory over /etc, /opt and /run.
const HEALTHY: &str = r#"
set -e
mount -t tmpfs none /etc; mount -t tmpfs none /opt; mount -t tmpfs none /run; mount -t tmpfs none /root
ip link set lo up
mkdir -p /etc/wireguard /etc/redis /etc/systemd/system /etc/postgresql/15/main /etc/ufw /etc/default /opt/clippyfront
key=$(head -c 32 /dev/zero | base64)
printf '[Interface]\nAddress = 127.8.0.1/24\nPrivateKey = %s\n[Peer]\nPublicKey = %s\nEndpoint = redis-by-hosts:51820\n' "$key" "$key" > /etc/wireguard/wg0.conf
echo "$key" > /etc/wireguard/server_private.key
echo 'wireguard 51820/udp' > /etc/services
printf 'bind 127.0.0.1\nport 1\naclfile /etc/redis/users.acl\n' > /etc/redis/redis.conf
echo 'user default on nopass ~* +@all' > /etc/redis/users.acl
printf '[Service]\nExecStart=/usr/bin/redis-server /etc/redis/redis.conf\n' > /etc/systemd/system/redis-server.service
printf "port = 1\nlisten_addresses = 'localhost'\n" > /etc/postgresql/15/main/postgresql.conf
echo 'host all @roles 127.8.0.0/24 scram-sha-256' > /etc/postgresql/15/main/pg_hba.conf
echo clippy > /etc/postgresql/15/main/roles
echo ENABLED=yes > /etc/ufw/ufw.conf
printf 'IPV6=yes\nDEFAULT_INPUT_POLICY="DROP"\n' > /etc/default/ufw
for f in user user6 before; do printf '*filter\nCOMMIT\n' > /etc/ufw/$f.rules; done
printf '#!/usr/sbin/nft -f\n' > /etc/nftables.conf
echo 'DATABASE_URL=postgresql://c:p@redis-by-hosts:1/c' > /opt/clippyfront/.env
echo '127.0.0.1 localhost redis-by-hosts' > /etc/hosts
echo 'root:x:0:0:root:/root:/bin/sh' > /etc/passwd
"#;

/// What only a client looks at.
const CLIENT: [(&str, &str); 2] = [("/etc/hosts", "names"), ("/etc/resolv.conf", "names")];

#[test]
fn no_file_of_a_server_holds_it_up() {
    no_file_holds_up("server", &SERVER);
}

#[test]
fn no_file_of_a_client_holds_it_up() {
    no_file_holds_up("client", &CLIENT);
}

fn no_file_holds_up(vantage: &str, files: &[(&str, &str)]) {
    if !has_namespaces() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let mut tried = 0;
    for (path, look) in files {
        for (kind, make) in KINDS {
            let what = format!("{kind} at {path}");
            let mut text = HEALTHY.to_owned();
            let _ = writeln!(text, "at={path}; rm -f \"$at\"; {make}\nexec \"$@\"");
            let start = folder.path().join("start");
            script(&start, &format!("#!/bin/sh\n{text}"));
            let mut command = Command::new("unshare");
            command.args(["-mn", "--propagation", "private"]).arg(&start).arg(env!("CARGO_BIN_EXE_clipcheck"));
            command.args(["snapshot", "--as", vantage, "--server", "127.8.0.1", "--deadline", "4"]);
            command.args(["--web-env", "/opt/clippyfront/.env"]);
            let seen = snapshot(&ends(&mut command, 4, &what), &what);
            let observation = &seen["facts"][look]["observation"];
            assert!(
                observation["seen"].is_object()
                    || observation["unseen"].is_object()
                    || observation["unseen"].is_string(),
                "{what}: {seen}"
            );
            // Of the keys, what is named like one and is none (a directory, a socket) is passed over: it holds nothing.
            let passed_over = *look == "wg-keys" && !["sparse", "too-long"].contains(&kind);
            if UNFIT.contains(&kind) && !passed_over {
                assert!(!observation["unseen"].is_null(), "{what}: it was judged: {observation}");
            }
            tried += 1;
        }
    }
    assert_eq!(tried, files.len() * KINDS.len());
}

/// A compose project, each with a file that the worker's variables come from.
const PROJECT: [(&str, &str); 6] = [
    (
        "compose.yaml",
        "include: [more.yaml]\nservices:\n  worker:\n    image: x\n    env_file: worker.env\n    extends: {file: base.yaml, service: base}\n    environment:\n      - REDIS_URL=${REDIS_URL}\n",
    ),
    ("compose.override.yaml", "services:\n  worker:\n    environment: [FLASK_ENV=production]\n"),
    ("more.yaml", "services:\n  other:\n    image: y\n"),
    ("base.yaml", "services:\n  base:\n    environment:\n      DATABASE_URL: postgresql://c:s3cret@127.0.0.1:1/c\n"),
    ("worker.env", "CELERY_BROKER_URL=redis://:s3cret@127.0.0.1:1/0\n"),
    (".env", "REDIS_URL=redis://:s3cret@127.0.0.1:1/0\n"),
];

/// An engine with one container, made by compose from the files of a folder.
fn engine(bin: &Path, project: &Path) {
    let files =
        ["compose.yaml", "compose.override.yaml"].map(|name| project.join(name).display().to_string()).join(",");
    let container = serde_json::json!([{
        "Id": "1", "Name": "/clippy-gpu-worker", "Image": "sha256:1", "RestartCount": 0,
        "Created": "2026-01-01T00:00:00Z",
        "State": {"Status": "running", "Running": true, "StartedAt": "2026-01-01T00:00:00Z"},
        "Config": {
            "Image": "x",
            "Env": ["CELERY_BROKER_URL=redis://:s3cret@127.0.0.1:1/0", "REDIS_URL=redis://:s3cret@127.0.0.1:1/0"],
            "Labels": {
                "com.docker.compose.service": "worker",
                "com.docker.compose.project": "p",
                "com.docker.compose.project.working_dir": project.display().to_string(),
                "com.docker.compose.project.config_files": files,
            },
        },
        "NetworkSettings": {"Networks": {"bridge": {}}},
    }]);
    let text = container.to_string().replace('\'', "");
    script(
        &bin.join("docker"),
        &format!("#!/bin/sh\ncase $1 in ps) echo 1 ;; inspect) printf '%s' '{text}' ;; *) exit 1 ;; esac\n"),
    );
}

#[test]
fn no_file_of_a_compose_project_holds_it_up() {
    let bin = tempfile::tempdir().expect("a folder");
    let path = format!("{}:{}", bin.path().display(), std::env::var("PATH").unwrap_or_default());
    let mut unread = 0;
    for (name, _) in PROJECT {
        for (kind, make) in KINDS {
            let what = format!("{kind} at {name}");
            let project = tempfile::tempdir().expect("a folder");
            for (name, text) in PROJECT {
                std::fs::write(project.path().join(name), text).expect("written");
            }
            let at: PathBuf = project.path().join(name);
            std::fs::remove_file(&at).expect("there");
            let made = Command::new("sh").args(["-c", make]).env("at", &at).status().expect("sh runs");
            assert!(made.success(), "{what}");
            engine(bin.path(), project.path());
            let mut command = program();
            command.env("PATH", &path).args(["snapshot", "--as", "client", "--server", "127.0.0.1", "--deadline", "4"]);
            command.args(["--redis-port", "1", "--postgres-port", "1"]);
            let output = ends(&mut command, 4, &what);
            assert!(!String::from_utf8_lossy(&output.stdout).contains("s3cret"), "{what}: a password");
            let seen = snapshot(&output, &what);
            let env = &seen["facts"]["env"]["observation"]["seen"]["env"];
            assert!(env.is_object(), "{what}: {}", seen["facts"]["env"]);
            let named = env["provenance"]["unread"].as_array().is_some_and(|unread: &Vec<Value>| !unread.is_empty());
            if UNFIT.contains(&kind) {
                assert!(named, "{what}: it was judged: {}", env["provenance"]);
                unread += 1;
            }
        }
    }
    assert_eq!(unread, PROJECT.len() * UNFIT.len());
}

/// Files that the user names: refused in one line, at once.
#[test]
fn what_the_user_names_is_read_by_the_same_door() {
    let folder = tempfile::tempdir().expect("a folder");
    for (kind, make) in KINDS {
        let at = folder.path().join(format!("{kind}.toml"));
        let made = Command::new("sh").args(["-c", make]).env("at", &at).status().expect("sh runs");
        assert!(made.success(), "{kind}");
        let own = tempfile::tempdir().expect("a folder");
        std::os::unix::fs::symlink(&at, own.path().join("mine.toml")).expect("linked");
        let (at, own) = (at.display().to_string(), own.path().display().to_string());
        for args in [
            &["judge", &at][..],
            &["judge", &at, "--format", "json"],
            &["all", "--as", "container", "--server", "127.0.0.1", "--with", &at],
            &["all", "--as", "container", "--server", "127.0.0.1", "--since", &at],
            &["snapshot", "--from", &at],
            &["explain", "DATABASE_URL", &at],
            &["list", "--checks", &own],
        ] {
            let output = ends(program().args(args), 0, &format!("{kind}: {args:?}"));
            let said = String::from_utf8_lossy(&output.stderr);
            // Of a check file every mistake is told, with the line that it is in, and last how many there are.
            let of_mistake = |line: &str| line.contains("mine.toml:") || line.contains(" |");
            let last = said.lines().last().is_some_and(|line| line.ends_with(": nothing was checked"));
            let mistakes = args[0] == "list" && last && said.lines().rev().skip(1).all(of_mistake);
            assert_eq!(output.status.code(), Some(2), "{kind}: {args:?}: {said}");
            assert!(said.lines().count() == 1 || (mistakes && said.lines().count() <= 8), "{kind}: {args:?}: {said}");
            assert!(output.stdout.is_empty(), "{kind}: {args:?}");
        }
        // An empty profile says nothing, and that is all right.
        let output = ends(
            program().args(["all", "--as", "container", "--server", "127.0.0.1", "--deadline", "2", "--profile", &at]),
            2,
            kind,
        );
        let refused = output.status.code() == Some(2);
        assert_eq!(
            refused,
            kind != "empty" && kind != "too-long",
            "{kind}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}
