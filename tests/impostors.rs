//! Servers that are none, slow ones, hostile ones, ones with bad certificates, and name servers that answer wrongly: the
//! program says of each what is true of it, within its deadline and in little memory, and repeats nothing that steers a
//! terminal or is the client's own password.
#![allow(clippy::disallowed_methods, reason = "impostors are the world here")]
#![allow(clippy::print_stdout, reason = "counts are told, and what is skipped")]

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use servers::{ANY, API, Act, PASSWORD, POSTGRES, REDIS, STEERS, listening};

#[path = "impostors/certificates.rs"]
mod certificates;
#[path = "impostors/servers.rs"]
mod servers;

/// In seconds. A run ends by it, with a moment for printing and for a machine that is busy.
const DEADLINE: u64 = 6;
const LATE: Duration = Duration::from_secs(DEADLINE + 6);

/// In KiB. As much as a run takes without any impostor, and what a server may say before it is cut off.
const MEMORY: u64 = 160 << 10;

/// What was seen of a run.
struct Seen {
    text: String,
    took: Duration,
    memory: u64,
}

impl Seen {
    fn fact(&self, look: &str) -> Value {
        let snapshot: Value = serde_json::from_str(&self.text).unwrap_or_else(|why| panic!("{why}: {}", self.text));
        snapshot["facts"][look]["observation"].clone()
    }

    /// The one word for what a server said.
    fn said(&self, look: &str) -> String {
        let said = &self.fact(look)["seen"][look]["said"];
        match said {
            Value::String(word) => word.clone(),
            Value::Object(fields) => fields.keys().next().cloned().unwrap_or_default(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
                format!("unseen: {}", self.fact(look))
            }
        }
    }
}

/// Looks from inside the container. The variables are a worker's.
fn look(program: &mut Command, args: &[&str], what: &str) -> Seen {
    let begun = Instant::now();
    program.args(["snapshot", "--as", "container", "--server", "127.0.0.1", "--deadline", &DEADLINE.to_string()]);
    program.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = program.spawn().expect("it starts");
    let (mut memory, status) = (0, format!("/proc/{}/status", child.id()));
    let mut out = child.stdout.take().expect("a pipe");
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        std::io::Read::read_to_string(&mut out, &mut text).map(|_| text)
    });
    while child.try_wait().expect("ours").is_none() {
        assert!(begun.elapsed() < LATE || child.kill().is_err(), "{what}: it did not end");
        let lines = std::fs::read_to_string(&status).unwrap_or_default();
        let most = lines.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok());
        memory = memory.max(most.unwrap_or(0));
        std::thread::sleep(Duration::from_millis(4));
    }
    let took = begun.elapsed();
    let output = child.wait_with_output().expect("it has ended");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{what}: {:?}: {said}", output.status);
    Seen { text: reader.join().expect("reads").expect("UTF-8"), took, memory }
}

fn program(variables: &[(&str, String)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_clipcheck"));
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.envs(variables.iter().map(|(name, value)| (name, value)));
    command
}

/// One run against three impostors, and what is wrong.
fn three(what: [&str; 3], acts: [Act; 3], wanted: [&str; 3]) -> Vec<String> {
    let [redis, postgres, api] = acts.map(listening);
    let variables = [
        ("CELERY_BROKER_URL", format!("redis://:{PASSWORD}@127.0.0.1:{redis}/0")),
        ("DATABASE_URL", format!("postgresql://clippy:{PASSWORD}@127.0.0.1:{postgres}/clippy")),
        ("FLASK_APP_URL", format!("http://127.0.0.1:{api}")),
        ("WORKER_API_KEY", PASSWORD.to_owned()),
    ];
    let ports = [redis.to_string(), postgres.to_string()];
    let name = what.join(" / ");
    let seen = look(&mut program(&variables), &["--redis-port", &ports[0], "--postgres-port", &ports[1]], &name);
    let mut wrong = general(&seen, &name);
    for (look, (what, wanted)) in ["redis", "postgres", "api"].iter().zip(what.iter().zip(wanted)) {
        let said = seen.said(look);
        // On a busy machine the end of the run may come first.
        let late = wanted == "silent" && said == "unseen: {\"unseen\":\"deadline\"}";
        // Of one that says something else and then ends the connection, the kernel may tell the end alone.
        let ended = wanted == "not-http" && said == "closed";
        if said != *wanted && !late && !ended {
            wrong.push(format!("{look}, {what}: {said}, wanted {wanted}"));
        }
    }
    wrong
}

/// What holds whoever answers.
fn general(seen: &Seen, name: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    if seen.took > LATE {
        wrong.push(format!("{name}: it took {:?}", seen.took));
    }
    if seen.memory > MEMORY {
        wrong.push(format!("{name}: it took {} KiB", seen.memory));
    }
    let steers = |c: char| (c.is_control() && c != '\n') || (STEERS.contains(c) && !c.is_ascii_graphic());
    if seen.text.contains(PASSWORD) || seen.text.contains(steers) || seen.text.contains("\\u001b") {
        wrong.push(format!("{name}: it repeats what it was sent"));
    }
    wrong
}

#[test]
fn of_every_impostor_the_truth_is_said() {
    // Redis', PostgreSQL's and the web app's own impostors stand beside each other, and the shorter lists begin again.
    let own = (0..API.len().max(REDIS.len()).max(POSTGRES.len())).map(|at| {
        let (redis, postgres, api) = (REDIS[at % REDIS.len()], POSTGRES[at % POSTGRES.len()], API[at % API.len()]);
        ([redis.0, postgres.0, api.0], [redis.1, postgres.1, api.1], [redis.2, postgres.2, api.2])
    });
    let any = ANY.iter().map(|(name, act, wanted)| ([*name; 3], [*act; 3], *wanted));
    let runs: Vec<_> = any.chain(own).collect();
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let halves = runs.chunks(runs.len().div_ceil(4)).map(|part| {
            let run = |(what, acts, wanted): &_| three(*what, *acts, *wanted);
            scope.spawn(move || part.iter().flat_map(run).collect::<Vec<_>>())
        });
        let halves: Vec<_> = halves.collect();
        halves.into_iter().flat_map(|half| half.join().expect("no panic")).collect()
    });
    let count = 3 * ANY.len() + REDIS.len() + POSTGRES.len() + API.len();
    println!("{count} impostors in {} runs, {} wrong", runs.len(), wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What a name server does, what each name server's answer is then called, and whether libc has an address.
const NAME_SERVERS: [(&str, &[&str]); 23] = [
    ("right", &["addresses"]),
    ("silent", &["silent"]),
    ("slow", &["addresses"]),
    ("too-late", &["silent"]),
    ("no-such-name", &["no-such-name"]),
    ("server-fails", &["failed"]),
    ("refuses", &["failed"]),
    ("not-implemented", &["failed"]),
    ("no-address", &["no-address", "no-such-name"]),
    ("alias-of-itself", &["failed", "no-such-name"]),
    ("alias-without-end", &["failed", "no-such-name"]),
    ("truncated", &["failed", "silent"]),
    ("other-id", &["silent"]),
    ("other-question", &["silent", "failed"]),
    ("garbage", &["silent", "failed"]),
    ("empty", &["silent", "failed"]),
    ("half", &["silent", "failed"]),
    ("pointer-to-itself", &["silent", "failed"]),
    ("many", &["addresses"]),
    ("count-without-records", &["silent", "failed"]),
    ("long-length", &["silent", "failed"]),
    ("escapes", &["failed", "no-such-name", "no-address"]),
    ("flood", &["addresses"]),
];

#[test]
fn of_every_name_server_the_truth_is_said() {
    let tried = Command::new("unshare").args(["-mn", "mount", "-t", "tmpfs", "none", "/mnt"]).output();
    if !tried.is_ok_and(|output| output.status.success()) {
        return println!("skipped: only root has a network of his own (sudo -E cargo test --test impostors)");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let files = [
        ("resolv.conf", "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n"),
        ("dns.py", include_str!("impostors/dns.py")),
    ];
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).expect("written");
    }
    let script = "mount --bind \"$0/resolv.conf\" /etc/resolv.conf; ip link set lo up; how=$1; shift; exec python3 \"$0/dns.py\" \"$how\" \"$@\"";
    let mut wrong = Vec::new();
    for (how, wanted) in NAME_SERVERS {
        let mut command = Command::new("unshare");
        command.args(["-mn", "--propagation", "private", "sh", "-c", script]).arg(folder.path()).arg(how);
        command.arg(env!("CARGO_BIN_EXE_clipcheck"));
        command.env("CELERY_BROKER_URL", format!("redis://:{PASSWORD}@redis.impostor.test:1/0"));
        let seen = look(&mut command, &["--redis-port", "1", "--postgres-port", "1"], how);
        wrong.extend(general(&seen, how));
        let names = seen.fact("names");
        let of = &names["seen"]["names"]["names"][0];
        let word = |answer: &Value| {
            answer.as_str().map_or_else(
                || answer.as_object().and_then(|it| it.keys().next().cloned()).unwrap_or_default(),
                str::to_owned,
            )
        };
        let answers: Vec<String> = of["servers"].as_array().into_iter().flatten().map(|it| word(&it[1])).collect();
        if answers.iter().any(|answer| !wanted.contains(&answer.as_str())) || answers.is_empty() {
            wrong.push(format!("a name server, {how}: {answers:?}, wanted {wanted:?}: {names}"));
        }
    }
    println!("{} name servers, {} wrong", NAME_SERVERS.len(), wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
