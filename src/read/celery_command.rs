//! What a container's command makes of Celery: which of its programs runs, and the URLs that it is given there. Those may
//! hold passwords: they go the way of the variables', and nothing else of a command is kept.

/// Celery's own programs (celery/bin/celery.py).
const PROGRAMS: [&str; 18] = [
    "worker", "beat", "events", "multi", "inspect", "control", "status", "shell", "report", "result", "call", "purge",
    "list", "migrate", "graph", "logtool", "upgrade", "flower",
];

/// The options that Celery turns into variables before the app is read (celery/bin/celery.py), and those variables.
const OPTIONS: [(&str, &str); 3] =
    [("--broker", "CELERY_BROKER_URL"), ("-b", "CELERY_BROKER_URL"), ("--result-backend", "CELERY_RESULT_BACKEND")];

/// A command taken apart. Holds what it was given, so it has no `Debug`.
pub struct Command {
    /// Celery's program; none where it is none of the known ones.
    pub program: Option<&'static str>,
    /// Variables whose values the command sets.
    pub urls: Vec<(&'static str, String)>,
}

/// Reads a command line; none where it does not run Celery.
pub fn read(arguments: &[String]) -> Option<Command> {
    let shell = arguments.first().is_some_and(|first| matches!(base(first), "sh" | "bash" | "dash"));
    let line: Vec<&str> = match arguments {
        [_, option, script, ..] if shell && option == "-c" => script.split_whitespace().collect(),
        _ => arguments.iter().map(String::as_str).collect(),
    };
    let celery = line.iter().position(|word| base(word) == "celery")?;
    let mut words = line[celery + 1..].iter().copied();
    let mut command = Command { program: None, urls: Vec::new() };
    while let Some(word) = words.next() {
        if let Some(program) = PROGRAMS.into_iter().find(|program| *program == word) {
            command.program = Some(program);
            break;
        }
        let value = match word.split_once('=') {
            Some((name, value)) if name.starts_with("--") => Some((name, value)),
            _ if word.starts_with("-b") && word != "-b" => word.strip_prefix("-b").map(|value| ("-b", value)),
            // Of the options before the program all but a few want a value; those few are none that matters here.
            _ if matches!(word, "-q" | "--quiet" | "-C" | "--no-color" | "--skip-checks") => None,
            _ if word.starts_with('-') => words.next().map(|value| (word, value)),
            _ => None,
        };
        let known = value.and_then(|(name, value)| {
            let (_, variable) = OPTIONS.into_iter().find(|(option, _)| *option == name)?;
            // A shell fills in what is not known here.
            (!(shell && value.contains(['$', '`']))).then(|| (variable, value.trim_matches(['"', '\'']).to_owned()))
        });
        // The last one counts.
        if let Some((variable, value)) = known {
            command.urls.retain(|(other, _)| *other != variable);
            command.urls.push((variable, value));
        }
    }
    Some(command)
}

fn base(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}

/// What a command line tells of a worker: its queues and its name. None if it is no worker's.
pub fn told(arguments: &[&str]) -> Option<(Option<Vec<String>>, Option<String>)> {
    let celery = arguments.iter().take(3).any(|it| it.rsplit('/').next() == Some("celery"));
    if !celery || !arguments.contains(&"worker") {
        return None;
    }
    let without = option(arguments, "-X", "--exclude-queues").unwrap_or_default();
    let left = |name: &&str| !name.is_empty() && plain(name) && !without.split(',').any(|other| other == *name);
    let queues = option(arguments, "-Q", "--queues").map(|all| {
        // A blank is a part of the name to Celery.
        all.split(',').filter(left).map(str::to_owned).collect::<Vec<_>>()
    });
    let name = option(arguments, "-n", "--hostname").filter(|name| plain(name)).map(str::to_owned);
    Some((queues.filter(|all| !all.is_empty()), name))
}

/// The package of the app that a worker's command line names (`-A orchard.tasks`: `orchard`).
pub fn package(arguments: &[&str]) -> Option<String> {
    let named = option(arguments, "-A", "--app")?;
    let package = named.split(['.', ':']).next().unwrap_or_default();
    (!package.is_empty() && plain(package)).then(|| package.to_owned())
}

/// Click takes `-Q a,b`, `-Qa,b`, `--queues a,b` and `--queues=a,b`; of several the last counts.
fn option<'a>(arguments: &[&'a str], short: &str, long: &str) -> Option<&'a str> {
    let mut found = None;
    for (index, argument) in arguments.iter().enumerate() {
        let value = if *argument == short || *argument == long {
            arguments.get(index + 1).copied()
        } else if let Some(rest) = argument.strip_prefix(long) {
            rest.strip_prefix('=')
        } else {
            argument.strip_prefix(short).filter(|rest| !rest.is_empty())
        };
        found = value.or(found);
    }
    found
}

fn plain(text: &str) -> bool {
    text.len() <= 64 && text.chars().all(|c| c.is_ascii_alphanumeric() || "_.-@%$ ".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    type Told = (Option<&'static str>, Vec<(&'static str, String)>);

    fn read_line(line: &str) -> Option<Told> {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        read(&words).map(|it| (it.program, it.urls))
    }

    #[test]
    fn commands_are_taken_apart() {
        let broker = |url: &str| vec![("CELERY_BROKER_URL", url.to_owned())];
        for (line, program, urls) in [
            ("celery -A app.tasks.celery_app worker -Q gpu", Some("worker"), Vec::new()),
            ("celery -A app.tasks.celery_app beat --loglevel=info", Some("beat"), Vec::new()),
            (
                "/usr/bin/tini -- celery --broker=redis://redis:6379/0 -A a worker",
                Some("worker"),
                broker("redis://redis:6379/0"),
            ),
            ("python3 -m celery -b redis://a/0 -A a worker", Some("worker"), broker("redis://a/0")),
            ("celery -bredis://a/0 --broker redis://b/0 worker", Some("worker"), broker("redis://b/0")),
            (
                "celery --result-backend redis://c/0 -A worker beat",
                Some("beat"),
                vec![("CELERY_RESULT_BACKEND", "redis://c/0".to_owned())],
            ),
        ] {
            assert_eq!(read_line(line), Some((program, urls)), "{line}");
        }
        assert_eq!(read_line("python3 worker.py"), None);
    }

    #[test]
    fn what_a_shell_fills_in_is_not_known() {
        let script = |text: &str| read(&["/bin/sh".to_owned(), "-c".to_owned(), text.to_owned()]).expect("Celery");
        assert!(script("exec celery --broker=$REDIS_URL -A a worker").urls.is_empty());
        assert_eq!(script("celery --broker='redis://a/0' -A a worker").urls[0].1, "redis://a/0");
        assert_eq!(script("celery -A a beat").program, Some("beat"));
    }

    #[test]
    fn the_package_is_that_of_the_last_app() {
        let of = |line: &str| package(&line.split(' ').collect::<Vec<_>>());
        assert_eq!(of("celery -A orchard.tasks worker -Q reports").as_deref(), Some("orchard"));
        assert_eq!(of("celery --app=one -Atwo:app worker").as_deref(), Some("two"));
        assert_eq!(of("celery worker"), None);
    }

    #[test]
    fn queues_and_names_are_read() {
        let words = |line: &'static str| line.split(' ').collect::<Vec<_>>();
        let (queues, name) = told(&words(
            "/usr/bin/python3 /usr/local/bin/celery --broker=redis://:pw@10.8.0.1/0 -A app worker -Q gpu,celery -n a@%h",
        ))
        .expect("a worker");
        assert_eq!(queues.as_deref(), Some(&["gpu".to_owned(), "celery".to_owned()][..]));
        assert_eq!(name.as_deref(), Some("a@%h"));
        for (line, queues) in [
            ("celery worker -Qgpu", Some(vec!["gpu".to_owned()])),
            ("python3 -m celery -A app worker --queues=cpu -c 1", Some(vec!["cpu".to_owned()])),
            ("celery -A app worker --queues gpu", Some(vec!["gpu".to_owned()])),
            ("celery -A app worker", None),
            ("celery -A app worker -Q gpu,celery -X gpu", Some(vec!["celery".to_owned()])),
            (
                "celery -A app worker --exclude-queues=gpu -Q gpu,celery,cpu",
                Some(vec!["celery".to_owned(), "cpu".to_owned()]),
            ),
        ] {
            assert_eq!(told(&words(line)).expect(line).0, queues, "{line}");
        }
        for line in ["celery -A app beat", "celery -A app inspect ping", "python3 worker.py", "vi celery.py"] {
            assert!(told(&words(line)).is_none(), "{line}");
        }
    }
}
