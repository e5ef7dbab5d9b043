//! The command by which systemd starts Redis: which file it reads, and what goes before that file.
//!
//! `redis-server FILE --name value … --name value …`: the server appends each `--name` with its values to the file's
//! text (redis.conf's own head, "passing arguments via the command line"), so the last one wins over the file.

use super::redis_conf::{Line, placed_words};

/// What the command line says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Command {
    /// The file it reads; none where no file is named, or where systemd puts the name together.
    pub file: Option<String>,
    /// Its arguments as directives; their number is that of the line of `ExecStart=`.
    pub lines: Vec<Line>,
    /// The unit's file or drop-in in which that line stands.
    pub path: String,
}

/// Reads a unit's file and its drop-ins, in the order in which systemd does (systemd.unit(5)); none if nothing starts.
pub fn read(files: &[(String, String)]) -> Option<Command> {
    let mut starts: Option<Command> = None;
    for (path, text) in files {
        for start in exec_starts(text) {
            // An empty one takes back those before it (systemd.service(5)).
            starts = command(path, &start);
        }
    }
    starts
}

/// The values of `ExecStart=` in the section `[Service]`: each by its pieces, on as many lines as it goes on over.
fn exec_starts(text: &str) -> Vec<Vec<(u32, String)>> {
    let mut found = Vec::new();
    let mut inside = false;
    let mut lines = (1..).zip(text.lines());
    while let Some((number, line)) = lines.next() {
        let line = line.trim();
        if line.starts_with(['#', ';']) {
            continue;
        }
        let mut pieces = vec![(number, line.to_owned())];
        while let Some((_, last)) = pieces.last_mut()
            && last.ends_with('\\')
        {
            last.pop();
            let Some((number, next)) = lines.next() else { break };
            pieces.push((number, next.trim().to_owned()));
        }
        let first = &mut pieces[0].1;
        if first.starts_with('[') {
            inside = first == "[Service]";
        } else if let Some((_, value)) =
            first.split_once('=').filter(|(key, _)| inside && key.trim_end() == "ExecStart")
        {
            *first = value.trim().to_owned();
            found.push(pieces);
        }
    }
    found
}

fn command(path: &str, pieces: &[(u32, String)]) -> Option<Command> {
    // A `\` at a line's end is a blank (systemd.syntax(7)).
    let whole: Vec<&str> = pieces.iter().map(|(_, piece)| piece.as_str()).collect();
    let words = placed_words(&whole.join("\n"))?;
    let mut words = words.into_iter().map(|(place, word)| (place, word.replace('\n', " "))).peekable();
    // Of any other program (a shell, docker, a script) the words mean something else, and may be secret. A `-`, `@`, `:`,
    // `+` or `!` in front is systemd's.
    words.next().filter(|(_, program)| program.rsplit('/').next() == Some("redis-server"))?;
    // systemd fills in `%i` and `$NAME`.
    let file = words.next_if(|(_, word)| !word.starts_with("--")).map(|(_, word)| word);
    let file = file.filter(|word| word.starts_with('/') && !word.contains(['%', '$']));
    let number = |place: u32| Some(pieces.get(usize::try_from(place).ok()?.checked_sub(1)?)?.0);
    let words = words.map(|(place, word)| Some((number(place)?, word))).collect::<Option<Vec<_>>>()?;
    Some(Command { file, lines: arguments(words), path: path.to_owned() })
}

fn arguments(words: impl IntoIterator<Item = (u32, String)>) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for (number, word) in words {
        if let Some(name) = word.strip_prefix("--") {
            lines.push(Line { number, name: name.to_ascii_lowercase(), arguments: Vec::new() });
        } else if let Some(line) = lines.last_mut() {
            // Redis reads "--bind 'a b'" as it reads "--bind a b".
            line.arguments.extend(word.split_whitespace().map(str::to_owned));
        }
    }
    lines
}

/// What runs as a server in a container.
const SERVERS: [&str; 3] = ["redis-server", "valkey-server", "keydb-server"];

/// Before it there may be an entry point, and an `init` with a `--` behind it.
const BEFORE: usize = 4;

/// The words that a container is started with, in the folder `folder`; none if they do not start Redis themselves, or a shell
/// does more with them than to start it. What a shell fills in (`$NAME`) is not known, and left out.
pub fn of_container(words: &[String], folder: &str, path: &str) -> Option<Command> {
    let words = match words.iter().position(|word| word == "-c") {
        Some(at) if at <= BEFORE => script(words.get(at + 1)?)?,
        Some(_) | None => words.to_vec(),
    };
    let name = |word: &String| SERVERS.contains(&word.rsplit('/').next().unwrap_or_default());
    let at = words.iter().take(BEFORE).position(name)?;
    let mut words = words.into_iter().skip(at + 1).peekable();
    let file = words.next_if(|word| !word.starts_with("--"));
    if file.as_ref().is_some_and(|file| file.contains('$') || file == "-") {
        return None;
    }
    let file = file.map(|file| if file.starts_with('/') { file } else { format!("{folder}/{file}") });
    let mut lines = arguments(words.map(|word| (0, word)));
    // That a password is set can be told by Redis alone then.
    lines.retain(|line| line.arguments.iter().all(|word| !word.contains('$')));
    Some(Command { file, lines, path: path.to_owned() })
}

/// The words of a script that starts one program and does nothing else.
fn script(text: &str) -> Option<Vec<String>> {
    let text = text.trim();
    if text.contains([';', '|', '&', '<', '>', '`', '(', ')', '\n', '#']) {
        return None;
    }
    let words = placed_words(text.strip_prefix("exec ").unwrap_or(text))?;
    Some(words.into_iter().map(|(_, word)| word).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEBIAN: &str = "[Unit]\nDescription=x\n[Service]\nType=notify\n\
        ExecStart=/usr/bin/redis-server /etc/redis/redis.conf --supervised systemd --daemonize no\n";

    fn of(files: &[(&str, &str)]) -> Option<Command> {
        let files: Vec<_> = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        read(&files)
    }

    fn arguments(command: &Command, name: &str) -> Option<Vec<String>> {
        command.lines.iter().rfind(|line| line.name == name).map(|line| line.arguments.clone())
    }

    #[test]
    fn debians_unit_names_its_file_and_no_bind() {
        let found = of(&[("/lib/redis-server.service", DEBIAN)]).expect("a command");
        assert_eq!(found.file.as_deref(), Some("/etc/redis/redis.conf"));
        assert_eq!(arguments(&found, "bind"), None);
        assert_eq!(arguments(&found, "daemonize"), Some(vec!["no".to_owned()]));
    }

    #[test]
    fn a_drop_in_takes_the_place_of_the_units_own() {
        let drop_in = "[Service]\n; mine\nExecStart=\nExecStart=-/usr/bin/redis-server /etc/redis/t.conf \\\n  \
            --bind 127.0.0.1 10.8.0.1 --PORT 6380\n";
        let found = of(&[("/lib/a", DEBIAN), ("/etc/b.conf", drop_in)]).expect("a command");
        assert_eq!((found.path.as_str(), found.file.as_deref()), ("/etc/b.conf", Some("/etc/redis/t.conf")));
        assert_eq!(arguments(&found, "bind"), Some(vec!["127.0.0.1".to_owned(), "10.8.0.1".to_owned()]));
        assert_eq!(arguments(&found, "port"), Some(vec!["6380".to_owned()]));
        assert!(found.lines.iter().all(|line| line.number == 5));
    }

    #[test]
    fn what_is_taken_back_or_put_together_is_not_read() {
        assert_eq!(of(&[("/lib/a", DEBIAN), ("/etc/b.conf", "[Service]\nExecStart=\n")]), None);
        assert_eq!(of(&[("/lib/a", "[Unit]\nExecStart=/bin/redis-server /x\n")]), None);
        let many = of(&[("/lib/a", "[Service]\nExecStart=/bin/redis-server /etc/redis/redis-%i.conf\n")]);
        assert_eq!(many.expect("a command").file, None);
    }

    #[test]
    fn the_words_of_another_program_are_not_redis() {
        for start in
            ["/usr/bin/env REDISCLI_AUTH=s3cret redis-server /etc/redis/a.conf", "/bin/sh -c 'x'", "/bin/start s3cret"]
        {
            assert_eq!(of(&[("/lib/a", &format!("[Service]\nExecStart={start}\n"))]), None, "{start}");
        }
        let bare = of(&[("/lib/a", "[Service]\nExecStart=!/usr/bin/redis-server redis.conf --port 1\n")]);
        assert_eq!(bare.expect("a command").file, None);
    }

    #[test]
    fn a_container_starts_it_by_an_entry_point_or_a_shell() {
        let of = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            of_container(&words, "/data", "the command of the container redis")
        };
        let found =
            of(&["docker-entrypoint.sh", "redis-server", "redis.conf", "--maxmemory", "1gb"]).expect("a command");
        assert_eq!(found.file.as_deref(), Some("/data/redis.conf"));
        assert_eq!(arguments(&found, "maxmemory"), Some(vec!["1gb".to_owned()]));
        let shell =
            of(&["docker-entrypoint.sh", "sh", "-c", "exec redis-server /a/b.conf --port 1 --requirepass \"$P\""]);
        let shell = shell.expect("a command");
        assert_eq!((shell.file.as_deref(), shell.lines.len()), (Some("/a/b.conf"), 1));
        assert_eq!(of(&["/sbin/tini", "--", "redis-server"]).expect("a command").file, None);
        for other in
            [&["sh", "-c", "prepare; redis-server"][..], &["postgres"], &["redis-server", "$FILE"], &["sh", "-c"]]
        {
            assert_eq!(of(other), None, "{other:?}");
        }
    }

    #[test]
    fn one_word_may_hold_several_addresses() {
        let found = of(&[("/lib/a", "[Service]\nExecStart=/bin/redis-server --bind \"127.0.0.1 10.8.0.1\"\n")]);
        let found = found.expect("a command");
        assert_eq!(found.file, None);
        assert_eq!(arguments(&found, "bind"), Some(vec!["127.0.0.1".to_owned(), "10.8.0.1".to_owned()]));
    }
}
