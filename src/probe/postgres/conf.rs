//! Finds and reads postgresql.conf with what it includes. What was given on the server's command line or by
//! environment variables is not seen.

use std::path::{Path, PathBuf};

use crate::fact::limits::Budget;
use crate::fact::order::InOrder;
use crate::fact::postgres::PgConf;
use crate::fact::redis::Directive;
use crate::fact::touch::{Touch, only, reads, reads_in};
use crate::fact::{Fact, Unseen};
use crate::probe::{ProbeContext, ProbeResult, host};
use crate::read::postgresql_conf::{self, Line};

/// Debian keeps one folder per version and cluster in here.
const CLUSTERS: &str = "/etc/postgresql";

/// Red Hat's one cluster, and Arch's.
const SINGLE: [&str; 2] = ["/var/lib/pgsql/data", "/var/lib/postgres/data"];

const DEFAULT_PORT: u16 = 5432;

/// Reads the configuration of the deployment's cluster.
pub(in crate::probe) fn conf(context: &ProbeContext) -> ProbeResult {
    let (path, observation) = chosen(context);
    ProbeResult::new(path, observation.map(Fact::PgConf))
}

/// The path that was read first, and what was read.
pub(super) fn chosen(context: &ProbeContext) -> (String, Result<PgConf, Unseen>) {
    let settled = context.addresses.as_ref().map(|addresses| addresses.postgres_port.value);
    let port = context.profile.postgres_port.or(settled).unwrap_or(DEFAULT_PORT);
    match candidates(Path::new("/")) {
        Ok(candidates) => choose(&candidates, port),
        Err(why) => (CLUSTERS.to_owned(), Err(why)),
    }
}

/// Where a cluster's own collector writes its logs, if it has one: `log_directory`, from its data directory.
pub(super) fn log_folder(version: &str, name: &str) -> Option<String> {
    let folder = Path::new(CLUSTERS).join(version).join(name);
    let mut reader = Reader::default();
    reader.file(&folder.join("postgresql.conf"), Need::Must).ok()?;
    let data = folder.join(reader.data_directory?.value);
    Some(data.join(reader.log_directory.map_or_else(|| "log".to_owned(), |it| it.value)).display().to_string())
}

/// The files that a cluster is set up by, with their texts, in the order in which they are read.
pub(in crate::probe) fn texts(version: &str, name: &str) -> Vec<(String, String)> {
    let folder = Path::new(CLUSTERS).join(version).join(name);
    let mut reader = Reader::default();
    // What stands before a file that cannot be read counts, too.
    let _ = reader.file(&folder.join("postgresql.conf"), Need::Must);
    let data = reader.data_directory.take().map(|data| folder.join(data.value));
    if let Some(data) = data {
        let _ = reader.file(&data.join("postgresql.auto.conf"), Need::IfThere);
    }
    reader.texts
}

/// The folders that hold a postgresql.conf, newest version first, with the cluster's name.
fn candidates(root: &Path) -> Result<Vec<(String, PathBuf)>, Unseen> {
    let clusters = root.join(CLUSTERS.trim_start_matches('/'));
    let mut versions = host::list(&clusters)?.unwrap_or_default();
    versions.in_order_of(|version| postgresql_conf::version_key(version));
    let mut found = Vec::new();
    for version in versions {
        for name in host::list(clusters.join(&version))?.unwrap_or_default() {
            found.push((format!("{version}/{name}"), clusters.join(&version).join(&name)));
        }
    }
    for folder in SINGLE {
        found.push((folder.to_owned(), root.join(folder.trim_start_matches('/'))));
    }
    // What may not be seen may be there.
    found.retain(|(_, folder)| !matches!(host::stat(folder.join("postgresql.conf")), Ok(None)));
    Ok(found)
}

/// The first cluster on the deployment's port, else the first at all.
fn choose(candidates: &[(String, PathBuf)], port: u16) -> (String, Result<PgConf, Unseen>) {
    let mut read: Vec<(String, Result<PgConf, Unseen>)> = candidates
        .iter()
        .map(|(cluster, folder)| (folder.join("postgresql.conf").display().to_string(), read_cluster(cluster, folder)))
        .collect();
    if read.is_empty() {
        let places = format!("there is no postgresql.conf in {CLUSTERS}/*/* or {}", SINGLE.join(" or "));
        return (CLUSTERS.to_owned(), Err(Unseen::NotKnown(places)));
    }
    let matching = read.iter().position(|(_, conf)| conf.as_ref().is_ok_and(|conf| port_of(conf) == port));
    let mut chosen = read.swap_remove(matching.unwrap_or(0));
    if let Ok(conf) = &mut chosen.1 {
        let others = read.iter().filter_map(|(_, other)| other.as_ref().ok());
        conf.others = others.map(|it| format!("{} on port {}", it.cluster, port_of(it))).collect();
    }
    chosen
}

fn port_of(conf: &PgConf) -> u16 {
    conf.port.as_ref().and_then(|port| port.value.parse().ok()).unwrap_or(DEFAULT_PORT)
}

fn read_cluster(cluster: &str, folder: &Path) -> Result<PgConf, Unseen> {
    let main = folder.join("postgresql.conf");
    let mut reader = Reader::default();
    reader.file(&main, Need::Must)?;
    let data = reader.data_directory.take().map_or_else(|| folder.to_owned(), |data| folder.join(data.value));
    // ALTER SYSTEM's file comes last and wins. Only postgres and root may read it; what it holds is then not seen,
    // and that would make the rest a guess.
    reader.file(&data.join("postgresql.auto.conf"), Need::IfThere)?;
    let set_in = reader.listen_addresses.as_ref().map_or_else(|| main.clone(), |it| PathBuf::from(&it.path));
    Ok(PgConf {
        path: main.display().to_string(),
        cluster: cluster.to_owned(),
        changed_at: host::stat(&set_in)?.map_or(0, |stat| stat.changed_at),
        hba_path: reader
            .hba_file
            .map_or_else(|| folder.join("pg_hba.conf"), |it| folder.join(it.value))
            .display()
            .to_string(),
        listen_addresses: reader.listen_addresses,
        port: reader.port,
        by_hand: by_hand(folder),
        others: Vec::new(),
        // The log may be on a file system of its own.
        disk: [data.clone(), data.join("pg_wal")].iter().find_map(|folder| host::shut(&folder.display().to_string())),
    })
}

/// The word of Debian's start.conf that is not `auto`; without the file a cluster is started (pg_createcluster(8)).
fn by_hand(folder: &Path) -> Option<(String, u32)> {
    let path = folder.join("start.conf");
    let text = host::read_if_there(&path).ok()??;
    let words =
        (1..).zip(text.lines()).map(|(number, line)| (number, line.split('#').next().unwrap_or_default().trim()));
    let (number, _) =
        words.filter(|(_, word)| !word.is_empty()).find(|(_, word)| matches!(*word, "manual" | "disabled"))?;
    Some((path.display().to_string(), number))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Need {
    Must,
    IfThere,
}

/// Follows a configuration through its files.
#[derive(Default)]
struct Reader {
    listen_addresses: Option<Directive>,
    port: Option<Directive>,
    data_directory: Option<Directive>,
    hba_file: Option<Directive>,
    log_directory: Option<Directive>,
    texts: Vec<(String, String)>,
    budget: Budget,
}

impl Reader {
    fn file(&mut self, path: &Path, need: Need) -> Result<(), Unseen> {
        let shown = path.display().to_string();
        let text = match host::read_or_unseen(&shown) {
            Err(Unseen::NotKnown(_)) if need == Need::IfThere => return Ok(()),
            text => text?,
        };
        self.budget
            .file(&text)
            .and_then(|()| self.budget.enter())
            .ok_or_else(|| Unseen::Unreadable(format!("{shown}: too many nested includes, or too much text")))?;
        self.texts.push((shown.clone(), text.clone()));
        // Relative names are meant from the folder of the file that holds them.
        let folder = path.parent().unwrap_or(Path::new("/"));
        for line in postgresql_conf::lines(&text) {
            match line.name.as_str() {
                "include" => self.file(&folder.join(&line.value), Need::Must)?,
                "include_if_exists" => self.file(&folder.join(&line.value), Need::IfThere)?,
                "include_dir" => self.folder(&folder.join(&line.value))?,
                _ => self.add(&shown, line),
            }
        }
        self.budget.leave();
        Ok(())
    }

    /// The folder's `*.conf`, sorted by name, hidden ones left out.
    fn folder(&mut self, folder: &Path) -> Result<(), Unseen> {
        for name in host::list(folder)?.unwrap_or_default() {
            if !name.starts_with('.') && Path::new(&name).extension().is_some_and(|end| end == "conf") {
                self.file(&folder.join(name), Need::Must)?;
            }
        }
        Ok(())
    }

    fn add(&mut self, path: &str, line: Line) {
        let place = match line.name.as_str() {
            "listen_addresses" => &mut self.listen_addresses,
            "port" => &mut self.port,
            "data_directory" => &mut self.data_directory,
            "hba_file" => &mut self.hba_file,
            "log_directory" => &mut self.log_directory,
            _ => return,
        };
        *place = Some(Directive { value: line.value, path: path.to_owned(), line: line.number, argument: false });
    }
}

/// What finding and reading a cluster's configuration does.
pub(super) fn touches() -> Vec<Touch> {
    let files = ["postgresql.conf", "postgresql.auto.conf", "pg_hba.conf"];
    let single = SINGLE.iter().flat_map(|folder| files.map(|file| format!("{folder}/{file}"))).collect::<Vec<_>>();
    let single: Vec<&str> = single.iter().map(String::as_str).collect();
    [
        reads_in(&[CLUSTERS], &["*", "*/*/postgresql.conf"]),
        reads(&single),
        reads(&["/var/lib/postgresql/*/*/postgresql.auto.conf", "/var/lib/postgresql/*/*/log"]),
        host::shut_touches(&["/var/lib/postgresql/*/*", "/var/lib/postgresql/*/*/pg_wal"]),
        only("where postgresql.conf names them", reads(&["{included}"])),
    ]
    .concat()
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "the files under test are written here")]

    use super::*;

    fn write(root: &Path, path: &str, text: &str) {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, text).expect("written");
    }

    #[test]
    fn includes_are_followed_and_the_last_setting_wins() {
        let root = tempfile::tempdir().expect("a folder");
        let main = "etc/postgresql/15/main";
        let data = root.path().join("data").display().to_string();
        write(
            root.path(),
            &format!("{main}/postgresql.conf"),
            &format!(
                "data_directory = '{data}'\nlisten_addresses = 'localhost'\nport = 5432\ninclude_dir = 'conf.d'\ninclude_if_exists = 'none.conf'\n"
            ),
        );
        write(root.path(), &format!("{main}/conf.d/10-tunnel.conf"), "\nlisten_addresses = 'localhost,10.8.0.1'\n");
        write(root.path(), &format!("{main}/conf.d/20-off.conf.dpkg-old"), "listen_addresses = '*'\n");
        let (_, seen) = choose(&candidates(root.path()).expect("readable"), 5432);
        let seen = seen.expect("readable");
        assert_eq!(seen.cluster, "15/main");
        assert_eq!(seen.addresses(), ["localhost", "10.8.0.1"]);
        let set = seen.listen_addresses.expect("set");
        assert!(set.path.ends_with("conf.d/10-tunnel.conf") && set.line == 2, "{set:?}");
        assert!(seen.hba_path.ends_with("15/main/pg_hba.conf") && seen.changed_at > 0);

        write(root.path(), "data/postgresql.auto.conf", "# by ALTER SYSTEM\nlisten_addresses = '*'\n");
        let (_, seen) = choose(&candidates(root.path()).expect("readable"), 5432);
        assert_eq!(seen.expect("readable").addresses(), ["*"]);
    }

    #[test]
    fn files_that_include_each_other_are_unseen() {
        let root = tempfile::tempdir().expect("a folder");
        write(root.path(), "etc/postgresql/16/main/postgresql.conf", "port = 1\ninclude 'a'\n");
        write(root.path(), "etc/postgresql/16/main/a", &"include 'a'\n".repeat(5));
        assert!(matches!(choose(&candidates(root.path()).expect("readable"), 1).1, Err(Unseen::Unreadable(_))));
        let big = "#".repeat(3 << 20);
        write(root.path(), "etc/postgresql/16/main/a", &big);
        write(root.path(), "etc/postgresql/16/main/postgresql.conf", "port = 1\ninclude 'a'\ninclude 'a'\n");
        assert!(matches!(choose(&candidates(root.path()).expect("readable"), 1).1, Err(Unseen::Unreadable(_))));
    }

    #[test]
    fn the_cluster_on_the_port_is_chosen_else_the_newest() {
        let root = tempfile::tempdir().expect("a folder");
        write(root.path(), "etc/postgresql/9.6/main/postgresql.conf", "port = 5433\n");
        write(root.path(), "etc/postgresql/16/main/postgresql.conf", "port = 5434\n");
        let chosen = |port| choose(&candidates(root.path()).expect("readable"), port).1.expect("readable").cluster;
        assert_eq!((chosen(5433).as_str(), chosen(5432).as_str()), ("9.6/main", "16/main"));
        assert!(matches!(
            choose(&candidates(Path::new("/nowhere")).expect("readable"), 5432).1,
            Err(Unseen::NotKnown(_))
        ));
    }
}
