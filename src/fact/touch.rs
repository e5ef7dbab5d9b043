//! What looking does to a machine and to a network, told before it is done: files that are read, programs that are run,
//! addresses that are connected to. Each probe declares its own, beside the code that does it (`probe::touches`), and
//! `tests/lab.d/dry-run` compares them with what the kernel saw.
//!
//! What is not known before something else was read is a pattern, with `{names}` whose meaning [`NAMES`] has, `*` for any
//! part of a name and `**` for whatever follows.

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Act {
    /// A file or a folder is read, or only looked whether it is there.
    Read,
    /// A program is run.
    Run,
    /// A connection is made.
    Connect,
    /// A packet is sent.
    Send,
    /// The kernel is asked over a socket of its own.
    Ask,
    /// A namespace is entered.
    Enter,
    /// A file is written: only what an option asks for.
    Write,
}

impl Act {
    /// In a word.
    pub fn word(self) -> &'static str {
        self.into()
    }
}

/// One thing that is done.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Touch {
    /// What is done.
    pub act: Act,
    /// To what: a path, a command line, a protocol and an address.
    pub what: String,
    /// Only if this is so; empty where it is always done.
    pub only: &'static str,
}

impl Touch {
    fn new(act: Act, what: &str) -> Self {
        Self { act, what: what.to_owned(), only: "" }
    }

    /// The names in it that stand for something.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.what.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0))
    }
}

/// Files and folders that are read.
pub fn reads(paths: &[&str]) -> Vec<Touch> {
    paths.iter().map(|path| Touch::new(Act::Read, path)).collect()
}

/// Folders that are listed, and what in them is read.
pub fn reads_in(folders: &[&str], files: &[&str]) -> Vec<Touch> {
    let file = |folder: &str, file: &&str| Touch::new(Act::Read, &format!("{folder}/{file}"));
    folders
        .iter()
        .flat_map(|folder| [Touch::new(Act::Read, folder)].into_iter().chain(files.iter().map(|it| file(folder, it))))
        .collect()
}

/// Programs that are run, with their arguments.
pub fn runs(lines: &[&str]) -> Vec<Touch> {
    lines.iter().map(|line| Touch::new(Act::Run, line)).collect()
}

/// Addresses that are connected to, each behind its protocol.
pub fn connects(places: &[&str]) -> Vec<Touch> {
    places.iter().map(|place| Touch::new(Act::Connect, place)).collect()
}

/// Packets that are sent, each behind its protocol.
pub fn sends(places: &[&str]) -> Vec<Touch> {
    places.iter().map(|place| Touch::new(Act::Send, place)).collect()
}

/// What of the kernel is asked.
pub fn asks(what: &[&str]) -> Vec<Touch> {
    what.iter().map(|what| Touch::new(Act::Ask, what)).collect()
}

/// Namespaces that are entered.
pub fn enters(what: &str) -> Vec<Touch> {
    vec![Touch::new(Act::Enter, what)]
}

/// Files that are written.
pub fn writes(path: &str) -> Vec<Touch> {
    vec![Touch::new(Act::Write, path)]
}

/// Says of what condition these depend.
pub fn only(condition: &'static str, touches: Vec<Touch>) -> Vec<Touch> {
    let under = |touch: Touch| Touch { only: if touch.only.is_empty() { condition } else { touch.only }, ..touch };
    touches.into_iter().map(under).collect()
}

/// What the names in a pattern stand for.
pub const NAMES: &[(&str, &str)] = &[
    ("app-url", "the host and port of the web app's URL (FLASK_APP_URL)"),
    (
        "authorities",
        "the file of authorities that the URL names, or the worker's variables: PGSSLROOTCERT, SSL_CERT_FILE",
    ),
    ("bundle", "the file of certificates that the worker's variables name"),
    ("code", "the folder of the worker's code"),
    ("compose", "the files that Compose started the worker with, and those that they name"),
    ("client", "the client's address in the tunnel: as told, as the tunnel's settings say, else 10.8.0.2"),
    ("container", "the worker's container, or the one that `--container` names"),
    ("containers", "containers, by name or number"),
    ("copy", "the copy of this program"),
    ("database", "the host and port of DATABASE_URL"),
    ("device", "the number of an interface"),
    ("environment-file", "the files of variables that the worker's unit or start script names"),
    ("home", "this user's home"),
    ("host", "each host that `--ssh` names"),
    ("image", "the image of that container"),
    ("included", "the files that this configuration includes"),
    ("interface", "a WireGuard interface"),
    ("keeper", "a script that ends what is left of a program if this one is killed"),
    ("key-file", "a file named like a private key (its content is only compared)"),
    ("libpq-file", "the file that `service=`, `passfile=`, PGSERVICEFILE or PGPASSFILE names"),
    ("log", "the newest log of that service"),
    ("mounted", "what the container has mounted from this machine"),
    ("name", "any name"),
    ("named", "the certificate, the key and the other files that PostgreSQL's settings name"),
    ("name-server", "each name server of /etc/resolv.conf"),
    ("network", "a network of Docker"),
    ("own", "this program's own file"),
    ("peer", "an address in the tunnel behind each peer"),
    ("pid", "the number of a process"),
    ("plug-in", "the programs that your own check files name, with their arguments"),
    ("port", "a port"),
    ("postgres-port", "PostgreSQL's port: as told, as the URL says, else 5432"),
    ("postgres-socket", "the local socket on which PostgreSQL listens"),
    ("profile", "the flags that tell of the deployment"),
    ("properties", "names of properties"),
    ("proxy", "the proxy that the worker's variables name"),
    ("public", "the server's address outside the tunnel: as told, else the Endpoint in the client's tunnel"),
    ("python", "the Python that runs the worker, or python3"),
    ("redis-port", "Redis' port: as told, as the URL says, else 6379"),
    ("resolved", "each address that a host name has"),
    ("results", "the host and port of the broker's and the result backend's URL"),
    ("run", "the number of this run"),
    ("script", "a script that this program has in it"),
    ("seconds", "a number of seconds"),
    ("server", "the server's address in the tunnel: as told, as the tunnel's settings or the URLs say, else 10.8.0.1"),
    ("socket", "the Unix sockets that the web app's URLs name"),
    ("ssh-target", "the host and port that the delivery sidecar sends to"),
    (
        "started",
        "the programs that units in /etc/systemd/system start: one may be a script for a worker or the web app",
    ),
    ("time", "a time"),
    ("unit", "a systemd unit"),
    ("units", "systemd units"),
    ("url-hosts", "the hosts and ports of the worker's two URLs, where they lead to two hosts"),
    ("user", "the worker's user"),
    ("web-app", "the folder of the web app"),
    ("web-env", "the file that `--web-env` names"),
    ("web-redis", "where a URL of Redis of the web app's leads"),
    ("worker", "the worker's container, or its process"),
];

/// What one of them stands for.
pub fn meaning(name: &str) -> Option<&'static str> {
    NAMES.iter().find(|(known, _)| *known == name).map(|(_, says)| *says)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_touch_knows_its_names() {
        let touch = &runs(&["docker logs --since {time} -- {container}"])[0];
        assert_eq!(touch.names().collect::<Vec<_>>(), ["time", "container"]);
        assert!(touch.names().all(|name| meaning(name).is_some()));
        assert_eq!(only("where it is so", reads(&["/x"]))[0].only, "where it is so");
    }

    #[test]
    fn the_names_are_in_order_and_told_once() {
        assert!(NAMES.is_sorted_by_key(|(name, _)| name) || NAMES.windows(2).all(|two| two[0].0 != two[1].0));
    }
}
