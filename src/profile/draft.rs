//! A profile as `clipcheck init` writes it: what was seen, where, and what is only assumed. Pure.

use std::fmt::Write as _;

use super::application::is_plain;

/// What a variable's URL leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Redis.
    Redis,
    /// PostgreSQL.
    Postgres,
    /// A broker that is not looked into.
    OtherBroker,
}

/// A variable with a URL; its value is not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// What the URL leads to.
    pub kind: Kind,
    /// The database's name, in PostgreSQL's.
    pub database: Option<String>,
}

/// A Celery worker that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Where: a unit, a process, a container.
    pub place: String,
    /// The package of its app (`-A`).
    pub package: Option<String>,
    /// Its queues (`-Q`).
    pub queues: Option<Vec<String>>,
    /// Its unit.
    pub unit: Option<String>,
    /// Its container.
    pub container: Option<String>,
    /// Its variables with URLs.
    pub variables: Vec<Variable>,
}

/// A unit whose variables have a Redis URL, and which starts no worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebApp {
    /// The file of variables.
    pub file: String,
    /// The unit.
    pub unit: String,
}

/// The package in which ClippyFront's app is.
const CLIPPYFRONT: &str = "app";

/// ClippyFront's own variable beside Celery's; another app that is in a package `app` rarely has both.
const ITS_OWN: &str = "REDIS_URL";

/// The profile's text; the error says what would make something visible.
pub fn draft(workers: &[Seen], web: &[WebApp], unread: &[String]) -> Result<String, String> {
    // With variables first: of a worker that runs with a file of its own code's nothing can be told.
    let worker = workers.iter().find(|it| !it.variables.is_empty()).or(workers.first());
    if worker.is_none() && web.is_empty() {
        let why = if unread.is_empty() { String::new() } else { format!("; not read: {}", unread.join("; ")) };
        return Err(format!(
            "neither a Celery worker nor a unit of a web app with a Redis URL was found here; run it as root on the \
             worker's host{why}"
        ));
    }
    let mut out = String::from(
        "# A profile for `clipcheck all --profile FILE`, by `clipcheck init`: look it over before using it.\n\
         # Names only: no value of a variable is in it. What is assumed says so.\n",
    );
    for other in workers.iter().filter(|it| Some(*it) != worker) {
        let _ = writeln!(out, "# Another worker was found, and left out: {}.", clean(&other.place));
    }
    for what in unread {
        let _ = writeln!(out, "# Not read: {}.", clean(what));
    }
    match worker {
        Some(worker) if is_clippyfront(worker) => {
            out.push_str("# This worker is ClippyFront's, the built-in application: no profile is needed for its names.\n");
            named(&mut out, "container", worker.container.as_deref(), "seen: its name in Docker");
        }
        Some(worker) => of_worker(&mut out, worker),
        None => out.push_str(
            "# No worker was found here: run `clipcheck init` on the worker's host, and add the next line to that profile.\n",
        ),
    }
    match web {
        [] => out.push_str("# web_env = \"/PATH/.env\"      # on the server: the file of the web app's variables\n"),
        [one, others @ ..] => {
            line(&mut out, "web_env", &quoted(&one.file), &format!("seen: {} has a Redis URL in it", clean(&one.unit)));
            for other in others {
                let _ = writeln!(out, "# or web_env = {}      # {}", quoted(&other.file), clean(&other.unit));
            }
        }
    }
    Ok(out)
}

fn is_clippyfront(worker: &Seen) -> bool {
    worker.package.as_deref() == Some(CLIPPYFRONT) && worker.variables.iter().any(|it| it.name == ITS_OWN)
}

fn of_worker(out: &mut String, worker: &Seen) {
    let _ = writeln!(out, "# The worker: {}.", clean(&worker.place));
    let name = worker.package.clone().filter(|name| is_plain(name));
    match name {
        Some(name) => line(out, "app", &quoted(&name), "seen: `-A` of the worker's command; call it as you like"),
        None => line(out, "app", "\"app\"", "assumed: call it as you like"),
    }
    let of = |kind: Kind| worker.variables.iter().filter(move |it| it.kind == kind && is_plain(&it.name));
    let has = |word: &'static str| move |it: &&Variable| it.name.to_ascii_uppercase().contains(word);
    let is_results = |it: &&Variable| has("RESULT")(it) || has("BACKEND")(it);
    let redis: Vec<&Variable> = of(Kind::Redis).collect();
    let by_name = redis.iter().copied().find(has("BROKER"));
    let broker = by_name.or_else(|| redis.iter().copied().find(|it| !is_results(it)));
    match (broker, of(Kind::OtherBroker).next()) {
        (Some(it), _) if by_name.is_some() => {
            line(out, "broker", &quoted(&it.name), "seen: it has a Redis URL, and its name says broker");
        }
        (Some(it), _) => {
            line(out, "broker", &quoted(&it.name), "assumed: it has a Redis URL; its name does not say for what");
        }
        (None, Some(other)) => {
            let _ = writeln!(out, "# {} has a broker's URL that is not Redis': only Redis is looked into.", other.name);
            line(out, "broker", &quoted(&other.name), "seen");
        }
        (None, None) => {
            out.push_str("# No variable with a Redis URL was seen: the app may read a file itself (`env_files`).\n");
            line(out, "broker", "\"CELERY_BROKER_URL\"", "assumed: the name in Celery's own documentation");
        }
    }
    match redis.iter().copied().find(is_results).filter(|it| Some(*it) != broker) {
        Some(it) => line(out, "results", &quoted(&it.name), "seen: it has a Redis URL, and its name says results"),
        None => out.push_str(
            "# results = \"VARIABLE\"      # none was seen: leave it away if the app keeps no results in Redis\n",
        ),
    }
    let mut databases = of(Kind::Postgres);
    match databases.next() {
        Some(it) => {
            line(out, "database", &quoted(&it.name), "seen: it has a PostgreSQL URL");
            named(out, "database_name", it.database.as_deref(), "seen in that URL");
        }
        None => out.push_str(
            "# database = \"VARIABLE\"      # none was seen: leave it away if the worker uses no PostgreSQL\n",
        ),
    }
    for other in databases {
        let _ = writeln!(out, "# or database = {}", quoted(&other.name));
    }
    let queues = worker.queues.clone().unwrap_or_default();
    let plain: Vec<String> = queues.iter().filter(|queue| is_plain(queue)).map(|queue| quoted(queue)).collect();
    if plain.is_empty() {
        line(out, "queues", "[\"celery\"]", "assumed: Celery's default, as the worker's command has no `-Q`");
    } else {
        line(out, "queues", &format!("[{}]", plain.join(", ")), "seen: `-Q` of the worker's command");
    }
    named(out, "unit", worker.unit.as_deref(), "seen: the systemd unit of the worker");
    named(out, "container", worker.container.as_deref(), "seen: its name in Docker");
    if worker.variables.is_empty() {
        out.push_str(
            "# env_files = [\"/PATH/.env\"]      # the files that the app's code itself reads variables from\n",
        );
    } else {
        line(out, "env_files", "[]", "assumed: the app's code reads no file of variables itself");
    }
    line(out, "api", "false", "the worker does not report by ClippyFront's interface");
}

fn named(out: &mut String, key: &str, value: Option<&str>, why: &str) {
    if let Some(value) = value.filter(|value| is_plain(value)) {
        line(out, key, &quoted(value), why);
    }
}

fn line(out: &mut String, key: &str, value: &str, why: &str) {
    let _ = writeln!(out, "{:<40}  # {why}", format!("{key} = {value}"));
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// In a comment: one line.
fn clean(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::Profile;
    use super::*;

    fn variable(name: &str, kind: Kind) -> Variable {
        let database = (kind == Kind::Postgres).then(|| "orchard".to_owned());
        Variable { name: name.to_owned(), kind, database }
    }

    fn worker(variables: Vec<Variable>) -> Seen {
        Seen {
            place: "orchard-worker.service (process 7)".to_owned(),
            package: Some("orchard".to_owned()),
            queues: Some(vec!["reports".to_owned(), "mail".to_owned()]),
            unit: Some("orchard-worker.service".to_owned()),
            container: None,
            variables,
        }
    }

    #[test]
    fn the_draft_is_a_profile() {
        let all = vec![
            variable("RESULT_URL", Kind::Redis),
            variable("BROKER_URL", Kind::Redis),
            variable("DB", Kind::Postgres),
        ];
        let web = WebApp { file: "/etc/o\"d/web.env".to_owned(), unit: "web.service".to_owned() };
        let text = draft(&[worker(all)], &[web], &[]).expect("a worker");
        let profile = Profile::parse(&text, Path::new("p.toml")).expect("reads");
        assert_eq!(profile.web_env.as_deref(), Some("/etc/o\"d/web.env"));
        let app = profile.app().expect("an app");
        assert_eq!((app.name.as_str(), app.broker.as_str()), ("orchard", "BROKER_URL"));
        assert_eq!((app.results.as_deref(), app.database.as_deref()), (Some("RESULT_URL"), Some("DB")));
        assert_eq!(app.database_name.as_deref(), Some("orchard"));
        assert_eq!(app.queues, ["reports", "mail"]);
        assert_eq!(app.unit.as_deref(), Some("orchard-worker.service"));
        assert!(text.lines().count() <= 20, "{text}");
    }

    #[test]
    fn what_was_not_seen_is_said_to_be_assumed() {
        let text = draft(&[worker(Vec::new())], &[], &[]).expect("a worker");
        assert!(text.contains("No variable with a Redis URL was seen"), "{text}");
        let profile = Profile::parse(&text, Path::new("p.toml")).expect("reads");
        assert_eq!(profile.app().expect("an app").results, None);
        assert!(profile.env_files.is_none());
        let why = draft(&[], &[], &["the variables of process 7: run as root".to_owned()]).expect_err("nothing");
        assert!(why.contains("process 7"), "{why}");
    }

    #[test]
    fn one_redis_variable_is_the_broker_and_keeps_no_results() {
        let text = draft(&[worker(vec![variable("QUEUE", Kind::Redis)])], &[], &[]).expect("a worker");
        let app = Profile::parse(&text, Path::new("p.toml")).expect("reads").app().expect("an app");
        assert_eq!((app.broker.as_str(), app.results), ("QUEUE", None));
        assert!(text.contains("assumed: it has a Redis URL"), "{text}");
    }

    #[test]
    fn clippyfront_needs_none() {
        let own = Seen { package: Some("app".to_owned()), ..worker(vec![variable("REDIS_URL", Kind::Redis)]) };
        let text = draft(&[own], &[], &[]).expect("a worker");
        assert!(text.contains("built-in"), "{text}");
        assert!(Profile::parse(&text, Path::new("p.toml")).expect("reads").app().is_none());
    }
}
