//! Where a cluster writes its log, and whom it refused there.

use super::conf;
use crate::fact::postgres::PgConf;
use crate::fact::service::quote::Quote;
use crate::probe::{RECENT, docker, host};
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

/// The last log-ins that the server refused, of the app's role or from the client's address, and the last statements of that
/// role in its database.
pub(super) fn refused(conf: &PgConf, names: [Option<&str>; 2], client: &str) -> (Vec<Quote>, Vec<Quote>) {
    let Some((version, name)) = conf.cluster.split_once('/') else { return (Vec::new(), Vec::new()) };
    let now = host::now();
    for path in logs(version, name) {
        let recent = |stat: &host::Stat| stat.is_file && stat.changed_at + RECENT > now;
        if !host::stat(&path).ok().flatten().is_some_and(|stat| recent(&stat)) {
            continue;
        }
        let Ok(end) = host::end(&path, LINES) else { continue };
        let (refused, errors) = of_text(&end, &path, names, client);
        if !refused.is_empty() || !errors.is_empty() {
            return (refused, errors);
        }
    }
    (Vec::new(), Vec::new())
}

/// The same of one in a container, whose log Docker has. (What its own collector writes into a file there is not read.)
pub(super) async fn refused_inside(
    container: &str,
    names: [Option<&str>; 2],
    client: &str,
) -> (Vec<Quote>, Vec<Quote>) {
    let since = host::now().saturating_sub(RECENT);
    let Ok(log) = docker::logs(container, Some(since), &LINES.to_string()).await else {
        return (Vec::new(), Vec::new());
    };
    // PostgreSQL has times of its own in each line; Docker's stand before them.
    let own = |line: &str| line.split_once(' ').map_or_else(String::new, |(_, own)| format!("{own}\n"));
    let text: String = log.err.lines().chain(log.out.lines()).map(own).collect();
    of_text(&text, &format!("docker logs {container}"), names, client)
}

fn of_text(text: &str, source: &str, names: [Option<&str>; 2], client: &str) -> (Vec<Quote>, Vec<Quote>) {
    let now = host::now();
    let known: Vec<&str> = names.into_iter().flatten().collect();
    let recent = |found: Vec<(Option<u64>, String)>| -> Vec<Quote> {
        let found = found.into_iter().filter(|(at, _)| at.is_none_or(|at| at + RECENT > now));
        found.map(|(at, text)| Quote { text, source: source.to_owned(), at, named: None }).collect()
    };
    let refused = recent(last_words::refusals(text, &known, client));
    let errors = match names {
        [Some(role), Some(database)] => recent(last_words::statements(text, role, database)),
        _ => Vec::new(),
    };
    (refused, errors)
}
