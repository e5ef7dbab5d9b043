//! A real PostgreSQL on loopback, in a folder of its own. PostgreSQL does not run as root: where the tests do, it
//! runs as the user `postgres`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use clipcheck::fact::postgres::PgSaid;
use tempfile::TempDir;

use super::{postgres, postgres_look, unused_port};

const HBA: &str = "
local all all trust
host all rejected 127.0.0.1/32 reject
host all trusted,ghost 127.0.0.1/32 trust
host all identified 127.0.0.1/32 ident
hostssl all onlytls 127.0.0.1/32 scram-sha-256
hostnossl all onlyplain 127.0.0.1/32 scram-sha-256
host all old 127.0.0.1/32 md5
host all clippy,nologin,limited,barred,missing 127.0.0.1/32 scram-sha-256
";

const ROLES: &str = "
CREATE DATABASE clippy_front;
CREATE DATABASE closed;
REVOKE CONNECT ON DATABASE closed FROM PUBLIC;
CREATE ROLE clippy LOGIN PASSWORD 'p@ss';
CREATE ROLE trusted LOGIN;
CREATE ROLE identified LOGIN;
CREATE ROLE onlytls LOGIN PASSWORD 'pw';
CREATE ROLE onlyplain LOGIN PASSWORD 'pw';
CREATE ROLE barred LOGIN PASSWORD 'pw';
CREATE ROLE nologin NOLOGIN PASSWORD 'pw';
CREATE ROLE limited LOGIN CONNECTION LIMIT 0 PASSWORD 'pw';
SET password_encryption = md5;
CREATE ROLE old LOGIN PASSWORD 'pw';
";

struct Cluster {
    bin: PathBuf,
    folder: TempDir,
    port: u16,
}

impl Cluster {
    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Runs one of PostgreSQL's programs, as `postgres` where we are root.
    fn run(&self, program: &str, arguments: &[&str]) -> bool {
        let program = self.bin.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        let status = command.args(arguments).current_dir(self.folder.path()).stdout(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    }

    fn sql(&self, text: &str) {
        let (folder, port) = (self.folder.path().display().to_string(), self.port.to_string());
        for line in text.lines().filter(|line| !line.is_empty()) {
            let setting = ["-qX", "-h", &folder, "-p", &port, "-U", "postgres", "-d", "postgres"];
            assert!(self.run("psql", &[&setting[..], &["-c", line]].concat()), "{line}");
        }
    }

    fn start() -> Option<Self> {
        let bin = newest_bin().or_else(|| {
            println!("skipped: PostgreSQL is not installed");
            None
        })?;
        let cluster = Self { bin, folder: tempfile::tempdir().expect("a folder"), port: unused_port() };
        if is_root() {
            let owned = Command::new("chown").arg("postgres").arg(cluster.folder.path()).status();
            assert!(owned.is_ok_and(|status| status.success()), "a user named postgres");
        }
        let data = cluster.data().display().to_string();
        assert!(cluster.run("initdb", &["-D", &data, "-U", "postgres", "-A", "trust", "--no-sync"]), "initdb");
        fs::write(cluster.data().join("pg_hba.conf"), HBA).expect("written");
        let folder = cluster.folder.path().display();
        let settings = format!(
            "\nlisten_addresses = '127.0.0.1'\nport = {}\nunix_socket_directories = '{folder}'\nfsync = off\n",
            cluster.port
        );
        let conf = cluster.data().join("postgresql.conf");
        let before = fs::read_to_string(&conf).expect("there");
        fs::write(&conf, before + &settings).expect("written");
        let log = cluster.folder.path().join("log").display().to_string();
        assert!(cluster.run("pg_ctl", &["-D", &data, "-l", &log, "-w", "start"]), "pg_ctl start");
        cluster.sql(ROLES);
        Some(cluster)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let data = self.data().display().to_string();
        self.run("pg_ctl", &["-D", &data, "-m", "immediate", "stop"]);
    }
}

fn is_root() -> bool {
    fs::read_to_string("/proc/self/status").is_ok_and(|text| text.contains("\nUid:\t0\t"))
}

fn newest_bin() -> Option<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql").ok()?.flatten().map(|it| it.path()).collect();
    found.sort();
    found.pop().map(|version| version.join("bin")).filter(|bin| bin.join("initdb").exists())
}

/// Makes a certificate that names another host and that nobody signed.
pub(super) fn certificate(data: &Path) -> bool {
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=elsewhere"])
        .arg("-keyout")
        .arg(data.join("server.key"))
        .arg("-out")
        .arg(data.join("server.crt"))
        .stderr(Stdio::null())
        .status();
    let owned = !is_root() || {
        let names = ["server.key", "server.crt"].map(|name| data.join(name));
        Command::new("chown").arg("postgres").args(names).status().is_ok_and(|status| status.success())
    };
    made.is_ok_and(|status| status.success()) && owned
}

#[tokio::test]
async fn a_real_postgresql_answers() {
    let Some(cluster) = Cluster::start() else { return };
    let at = |login: &str| format!("postgresql+psycopg2://{login}");
    assert_eq!(postgres(cluster.port, None).await, PgSaid::Speaks);
    for (login, expected) in [
        ("clippy:p%40ss@127.0.0.1/clippy_front", PgSaid::One),
        ("clippy:p%40ss@127.0.0.1/clippy_front?sslmode=disable", PgSaid::One),
        ("clippy:p%40ss@127.0.0.1/clippy_front?sslmode=require", PgSaid::NoSsl),
        ("old:pw@127.0.0.1/clippy_front", PgSaid::One),
        ("clippy:wrong@127.0.0.1/clippy_front", PgSaid::WrongPassword),
        ("missing:pw@127.0.0.1/clippy_front", PgSaid::WrongPassword),
        ("clippy@127.0.0.1/clippy_front", PgSaid::NoPassword),
        ("clippy:p%40ss@127.0.0.1/nowhere", PgSaid::NoSuchDatabase),
        ("clippy:p%40ss@127.0.0.1", PgSaid::NoSuchDatabase),
        ("barred:pw@127.0.0.1/closed", PgSaid::NotPermitted),
        ("nologin:pw@127.0.0.1/clippy_front", PgSaid::CannotLogIn),
        ("limited:pw@127.0.0.1/clippy_front", PgSaid::TooManyClients),
        ("rejected:pw@127.0.0.1/clippy_front", PgSaid::HbaRejects),
        ("stranger:pw@127.0.0.1/clippy_front", PgSaid::NoHbaEntry),
        ("onlytls:pw@127.0.0.1/clippy_front", PgSaid::NoHbaEntry),
        ("onlyplain:pw@127.0.0.1/clippy_front", PgSaid::One),
        ("trusted:any@127.0.0.1/clippy_front", PgSaid::One),
        ("ghost:any@127.0.0.1/clippy_front", PgSaid::NoSuchRole),
        ("identified:any@127.0.0.1/clippy_front", PgSaid::OtherMethod),
    ] {
        assert_eq!(postgres(cluster.port, Some(&at(login))).await, expected, "{login}");
    }
    let stranger = postgres_look(cluster.port, Some(&at("stranger:pw@127.0.0.1/clippy_front"))).await;
    assert_eq!(stranger.seen_as.map(|ip| ip.to_string()).as_deref(), Some("127.0.0.1"));

    if !certificate(&cluster.data()) {
        return println!("skipped: no openssl to make a certificate with");
    }
    cluster.sql("ALTER SYSTEM SET ssl = on\nSELECT pg_reload_conf()");
    std::thread::sleep(Duration::from_millis(500));
    for (login, expected, tls) in [
        ("clippy:p%40ss@127.0.0.1/clippy_front", PgSaid::One, true),
        ("clippy:p%40ss@127.0.0.1/clippy_front?sslmode=require", PgSaid::One, true),
        ("clippy:p%40ss@127.0.0.1/clippy_front?sslmode=verify-full", PgSaid::One, true),
        ("clippy:p%40ss@127.0.0.1/clippy_front?sslmode=disable", PgSaid::One, false),
        ("clippy:p%40ss@127.0.0.1/clippy_front?sslmode=allow", PgSaid::One, false),
        ("clippy:wrong@127.0.0.1/clippy_front", PgSaid::WrongPassword, true),
        ("onlytls:pw@127.0.0.1/clippy_front", PgSaid::One, true),
        ("onlytls:pw@127.0.0.1/clippy_front?sslmode=allow", PgSaid::One, true),
        ("onlytls:pw@127.0.0.1/clippy_front?sslmode=disable", PgSaid::NoHbaEntry, false),
        ("onlyplain:pw@127.0.0.1/clippy_front", PgSaid::One, false),
        ("onlyplain:pw@127.0.0.1/clippy_front?sslmode=require", PgSaid::NoHbaEntry, true),
        ("stranger:pw@127.0.0.1/clippy_front", PgSaid::NoHbaEntry, true),
    ] {
        let seen = postgres_look(cluster.port, Some(&at(login))).await;
        assert_eq!((seen.said, seen.tls), (expected, tls), "with TLS: {login}");
    }
}
