//! Where a cluster writes its log, and whom it refused there.

use super::conf;
use crate::fact::Vantage;
use crate::fact::postgres::{PgConf, Recovering};
use crate::fact::service::quote::Quote;
use crate::probe::{ProbeContext, RECENT, docker, host};
use crate::read::last_words;

/// Of a log, its end.
const LINES: usize = 200;

/// What the server's own collector wrote last, and Debian's file for the cluster, in which its start ends where it does not
/// write elsewhere.
pub(in crate::probe) fn logs(version: &str, name: &str) -> Vec<String> {
    let mut found = Vec::new();
    if let Some(folder) = conf::log_folder(version, name) {
        let names = host::list(&folder).ok().flatten().unwrap_or_default();
        let log = |name: &String| [".log", ".csv", ".json"].iter().any(|end| name.ends_with(end));
        let paths = names.into_iter().filter(log).map(|name| format!("{folder}/{name}"));
        let dated = paths.filter_map(|path| Some((host::stat(&path).ok()??.changed_at, path)));
        found.extend(dated.max().map(|(_, path)| path));
    }
    found.push(format!("/var/log/postgresql/postgresql-{version}-{name}.log"));
    found
}

/// What a log has of the last minutes.
#[derive(Default)]
pub(super) struct Logged {
    /// The last log-ins that the server refused, of the app's role or from the client's address.
    pub(super) refused: Vec<Quote>,
    /// The last statements of that role in its database that it refused.
    pub(super) errors: Vec<Quote>,
    /// The log, where it has lines of that role in another language.
    pub(super) other_words: Option<String>,
}

/// What the cluster refused.
pub(super) fn refused(conf: &PgConf, names: [Option<&str>; 2], client: &str) -> Logged {
    let Some((version, name)) = conf.cluster.split_once('/') else { return Logged::default() };
    let now = host::now();
    for path in logs(version, name) {
        let recent = |stat: &host::Stat| stat.is_file && stat.changed_at + RECENT > now;
        if !host::stat(&path).ok().flatten().is_some_and(|stat| recent(&stat)) {
            continue;
        }
        let Ok(end) = host::end(&path, LINES) else { continue };
        let found = of_text(&end, &path, names, client);
        if !found.refused.is_empty() || !found.errors.is_empty() || found.other_words.is_some() {
            return found;
        }
    }
    Logged::default()
}

/// What the cluster on the deployment's port says while it starts up or recovers.
pub(super) fn recovering(context: &ProbeContext) -> Option<Recovering> {
    if context.vantage != Vantage::Server {
        return None;
    }
    let conf = conf::chosen(context).1.ok()?;
    let (version, name) = conf.cluster.split_once('/')?;
    for path in logs(version, name) {
        if !host::stat(&path).ok().flatten().is_some_and(|stat| stat.is_file) {
            continue;
        }
        let end = host::end(&path, LINES).ok()?;
        if let Some(last_words::Recovery { text, at, killed, since }) = last_words::recovery(&end) {
            return Some(Recovering { said: Quote { text, source: path, at, named: None }, killed, since });
        }
    }
    None
}

/// The refusals of one in a container, whose log Docker has. (What its own collector writes into a file there is not read.)
pub(super) async fn refused_inside(container: &str, names: [Option<&str>; 2], client: &str) -> Logged {
    let since = host::now().saturating_sub(RECENT);
    let Ok(log) = docker::logs(container, Some(since), &LINES.to_string()).await else {
        return Logged::default();
    };
    // PostgreSQL has times of its own in each line; Docker's stand before them.
    let own = |line: &str| line.split_once(' ').map_or_else(String::new, |(_, own)| format!("{own}\n"));
    let text: String = log.err.lines().chain(log.out.lines()).map(own).collect();
    of_text(&text, &format!("docker logs {container}"), names, client)
}

fn of_text(text: &str, source: &str, names: [Option<&str>; 2], client: &str) -> Logged {
    let now = host::now();
    let known: Vec<&str> = names.into_iter().flatten().collect();
    let recent = |found: Vec<(Option<u64>, String)>| -> Vec<Quote> {
        let found = found.into_iter().filter(|(at, _)| at.is_none_or(|at| at + RECENT > now));
        found.map(|(at, text)| Quote { text, source: source.to_owned(), at, named: None }).collect()
    };
    let refused = recent(last_words::refusals(text, &known, client));
    let [Some(role), Some(database)] = names else { return Logged { refused, ..Logged::default() } };
    let errors = recent(last_words::statements(text, role, database));
    let other = last_words::is_in_other_words(text, role, database);
    Logged { refused, errors, other_words: other.then(|| source.to_owned()) }
}
