//! A PostgreSQL of our own, in a folder of its own. It does not run as root: where the tests do, it runs as `postgres`.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use serde::Deserialize;
use tempfile::TempDir;

/// What `@name` means.
pub const FILES: [(&str, &str); 2] = [("dbs", "d1, \"all\" # two\n\nu1\n"), ("roles", "u2\n+g1 @more\n")];

const ROLES: &str = "
set password_encryption = md5;
create role u1 login password 'right';
create role u2 login password 'right';
create role \"all\" login password 'right';
create role g1; create role g2;
grant g1 to u1; grant g2 to g1; grant g2 to u2;
";

/// One row of `pg_hba_file_rules`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Row {
    pub line_number: u32,
    pub r#type: Option<String>,
    pub database: Option<Vec<String>>,
    pub user_name: Option<Vec<String>>,
    pub address: Option<String>,
    pub netmask: Option<String>,
    pub auth_method: Option<String>,
    pub bad: bool,
    /// PostgreSQL cannot read it and does not say why: a defect of some of its own messages.
    #[serde(default)]
    pub silent: bool,
}

impl Row {
    pub fn bad(line_number: u32) -> Self {
        Self {
            line_number,
            r#type: None,
            database: None,
            user_name: None,
            address: None,
            netmask: None,
            auth_method: None,
            bad: true,
            silent: false,
        }
    }

    /// Without what a line that cannot be read shows of itself, and without the zone of an address.
    pub fn plain(&self) -> Self {
        if self.bad {
            return Self::bad(self.line_number);
        }
        let zoneless = |text: &String| text.split('%').next().unwrap_or_default().to_owned();
        Self { address: self.address.as_ref().map(zoneless), ..self.clone() }
    }
}

pub struct Cluster {
    bin: PathBuf,
    folder: TempDir,
    pub port: u16,
}

impl Cluster {
    /// None where there is no PostgreSQL, or nobody whom it would run as.
    pub fn start() -> Option<Self> {
        let bin = bin()?;
        let folder = tempfile::tempdir().ok()?;
        let port = TcpListener::bind("127.0.0.1:0").ok()?.local_addr().ok()?.port();
        let cluster = Self { bin, folder, port };
        let path = cluster.folder.path().to_owned();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).ok()?;
        run(Command::new("chown").arg("postgres").arg(&path))?;
        let data = cluster.data().display().to_string();
        cluster.postgres("initdb", &["-D", &data, "-A", "trust", "-U", "postgres", "--no-sync", "-E", "UTF8"])?;
        for (name, text) in FILES {
            fs::write(cluster.data().join(name), text).ok()?;
        }
        fs::write(cluster.data().join("more"), "").ok()?;
        let (key, cert) = (cluster.data().join("server.key"), cluster.data().join("server.crt"));
        run(Command::new("openssl")
            .args([
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:prime256v1",
                "-nodes",
                "-subj",
                "/CN=hba",
                "-keyout",
            ])
            .arg(&key)
            .arg("-out")
            .arg(&cert))?;
        run(Command::new("chown").arg("postgres").args([&key, &cert]))?;
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).ok()?;
        let settings = format!(
            "port = {port}\nlisten_addresses = '*'\nunix_socket_directories = '{}'\nssl = on\nfsync = off\nssl_ca_file = 'server.crt'\n\
             logging_collector = off\nlog_destination = stderr\nmax_connections = 30\n",
            path.display()
        );
        let mut conf = fs::read_to_string(cluster.data().join("postgresql.conf")).ok()?;
        conf.push_str(&settings);
        fs::write(cluster.data().join("postgresql.conf"), conf).ok()?;
        let log = cluster.log().display().to_string();
        cluster.postgres("pg_ctl", &["-D", &data, "-l", &log, "-w", "start"])?;
        cluster.ask(ROLES)?;
        for name in ["d1", "u1", "g1", "all"] {
            cluster.ask(&format!("create database \"{name}\""))?;
        }
        Some(cluster)
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// Runs one of PostgreSQL's programs; its output if it ended well.
    fn postgres(&self, program: &str, arguments: &[&str]) -> Option<String> {
        run(Command::new("runuser")
            .args(["-u", "postgres", "--"])
            .arg(self.bin.join(program))
            .args(arguments)
            .current_dir("/"))
    }

    /// Asks as the superuser, over the socket, whose line every file begins with.
    fn ask(&self, sql: &str) -> Option<String> {
        let (port, folder) = (self.port.to_string(), self.folder.path().display().to_string());
        run(Command::new(self.bin.join("psql"))
            .args(["-X", "-q", "-A", "-t", "-h", &folder, "-p", &port, "-U", "postgres", "-d", "postgres", "-c", sql]))
    }

    /// What PostgreSQL makes of a file. The view reads it again, loaded or not.
    pub fn rows(&self, text: &str) -> Vec<Row> {
        self.write(text);
        let rows = "select coalesce(json_agg(json_build_object('line_number', line_number, 'type', type, 'database', database, \
            'user_name', user_name, 'address', address, 'netmask', netmask, 'auth_method', auth_method, 'bad', type is null, 'silent', type is null and error is null) \
            order by line_number), '[]') from pg_hba_file_rules";
        let said = self.ask(rows).expect("pg_hba_file_rules");
        serde_json::from_str(&said).expect("JSON")
    }

    fn write(&self, text: &str) {
        fs::write(self.data().join("pg_hba.conf"), text).expect("written");
    }

    /// Loads a file; false if PostgreSQL says that it did not.
    pub fn load(&self, text: &str) -> bool {
        self.write(text);
        let before = self.count("reloading configuration files");
        self.ask("select pg_reload_conf()").expect("a reload");
        while self.count("reloading configuration files") == before {
            thread::sleep(Duration::from_millis(5));
        }
        // The postmaster says so first and reads then; a connection that it accepts afterwards is judged by the new rules.
        self.ask("select 1").expect("an answer");
        let log = fs::read_to_string(self.log()).expect("a log");
        let last = log.rfind("reloading configuration files").map_or("", |at| &log[at..]);
        !last.contains("pg_hba.conf was not reloaded")
    }

    fn count(&self, words: &str) -> usize {
        fs::read_to_string(self.log()).map_or(0, |log| log.matches(words).count())
    }

    /// The line that the log names for the last log-in that failed.
    pub fn last_line(&self) -> Option<u32> {
        thread::sleep(Duration::from_millis(20));
        let log = fs::read_to_string(self.log()).ok()?;
        let (_, rest) = log.rsplit_once("pg_hba.conf line ")?;
        rest.split(':').next()?.parse().ok()
    }

    /// The addresses of this machine, each with its network, among other words.
    pub fn addresses() -> String {
        run(Command::new("ip").args(["-o", "addr"])).unwrap_or_default()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let data = self.data().display().to_string();
        let _ = self.postgres("pg_ctl", &["-D", &data, "-m", "immediate", "stop"]);
    }
}

fn run(command: &mut Command) -> Option<String> {
    let output = command.output().ok()?;
    if !output.status.success() {
        println!("{command:?}: {}", String::from_utf8_lossy(&output.stderr));
        return None;
    }
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Where PostgreSQL's programs are.
fn bin() -> Option<PathBuf> {
    let mut versions: Vec<PathBuf> =
        fs::read_dir("/usr/lib/postgresql").ok()?.filter_map(|entry| Some(entry.ok()?.path().join("bin"))).collect();
    versions.sort();
    versions.into_iter().rev().find(|path: &PathBuf| Path::new(path).join("initdb").exists())
}
