//! One line of a log: how much it weighs, and what it says without its date and its number.

use serde::Deserialize;

/// How much a line weighs for why the program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    /// Said in passing.
    Quiet,
    /// Of a program that does not tell.
    Plain,
    /// Something did not work.
    Trouble,
    /// The program ends over it.
    Fatal,
    /// Belongs to the line before.
    More,
    /// A further line of what was added: the second half of a hint may say the contrary of the first.
    Further,
    /// Not to be told: it may be a query.
    Unsaid,
}

/// Lines that say only that it ended, or that it begins: systemd's, and those of the scripts around PostgreSQL.
const FRAME: [&str; 18] = [
    "Starting ",
    "Started ",
    "Stopping ",
    "Stopped ",
    "Reloading ",
    "Reloaded ",
    "Finished ",
    "Failed to start ",
    "Dependency failed ",
    "Error: /usr/lib/postgresql/",
    "pg_ctl: ",
    // pg_ctlcluster, asked to stop what has ended.
    "Cluster is not running",
    "Removed stale pid file",
    "Examine the log output",
    "Use of uninitialized value ",
    // What Redis quotes of its file, and the commands of a tunnel's file, may be a secret.
    ">>> ",
    "[#] ",
    "STATEMENT: ",
];

/// The same, behind the name of a unit.
const OF_UNIT: [&str; 12] = [
    "Main process exited",
    "Control process exited",
    "Failed with result",
    "Scheduled restart job",
    "Start request repeated too quickly",
    "Deactivated successfully",
    "Consumed ",
    "Can't open PID file",
    "Unit process ",
    "Killing process ",
    "Found left-over process",
    "This usually indicates",
];

/// What Redis says with the same mark as an error, and what is none.
const REDIS: [&str; 8] = [
    "oO0OoO0OoO0Oo",
    "Redis version=",
    "Configuration loaded",
    "Server initialized",
    "WARNING",
    "User requested",
    "Redis is now ready to exit",
    "Received SIG",
];

/// What PostgreSQL calls fatal, and what ended a client's session and not the server.
const OF_CLIENT: [&str; 7] = [
    "the database system is ",
    "terminating ",
    "password authentication failed",
    "no pg_hba.conf entry",
    "pg_hba.conf rejects",
    "remaining connection slots",
    "sorry, too many clients",
];

/// In these words PostgreSQL logs beforehand what it then ends over.
const TROUBLE: [&str; 8] = ["could not", "cannot", "invalid", "error", "unrecognized", "must ", "failed", "missing"];

/// What its lines say, without those that say nothing, or may say a secret. PostgreSQL writes the further lines of a message
/// behind a tab, which journald may leave out.
pub(super) fn all(lines: &[&str]) -> Vec<(Weight, String)> {
    let mut added = None;
    let mut said = Vec::new();
    for line in lines {
        let begins = stderr_line(line).map(|(severity, _)| severity);
        let weight = weighed(line);
        if let Some(severity) = begins {
            added = matches!(severity, "DETAIL" | "HINT" | "CONTEXT" | "STATEMENT" | "QUERY").then_some(severity);
        } else if let Some(severity) = added
            && !line.starts_with("Error: ")
            && matches!(weight, Some((Weight::Plain, _)))
        {
            let told = matches!(severity, "DETAIL" | "HINT").then_some(weight).flatten();
            said.extend(told.map(|(_, text)| (Weight::Further, text)));
            continue;
        } else {
            added = None;
        }
        said.extend(weight);
    }
    said
}

/// None where the line says nothing, or may say a secret.
fn weighed(line: &str) -> Option<(Weight, String)> {
    let line = line.trim();
    if line.is_empty() || FRAME.iter().any(|begin| line.starts_with(begin)) {
        return None;
    }
    if let Some((unit, rest)) = line.split_once(": ")
        && !unit.contains(' ')
        && [".service", ".socket"].iter().any(|end| unit.ends_with(end))
        && OF_UNIT.iter().any(|begin| rest.starts_with(begin))
    {
        return None;
    }
    if let Some(said) = json(line).or_else(|| csv(line)).or_else(|| stderr(line)) {
        return Some(said).filter(|(weight, _)| *weight != Weight::Unsaid);
    }
    if let Some((mark, text)) = redis(line) {
        let quiet = mark != "#" || REDIS.iter().any(|begin| text.starts_with(begin));
        return Some((if quiet { Weight::Quiet } else { Weight::Trouble }, text.to_owned()));
    }
    Some((Weight::Plain, line.to_owned()))
}

/// `2026-11-27 11:42:27.558 UTC [268] FATAL:  …`, whatever `log_line_prefix` puts before it.
fn stderr(line: &str) -> Option<(Weight, String)> {
    stderr_line(line).map(|(severity, text)| postgresql(severity, text))
}

/// The severity, and what is said.
pub(super) fn stderr_line(line: &str) -> Option<(&str, &str)> {
    let (head, text) = line.split_once(":  ")?;
    let severity = head.rsplit([' ', ']']).next()?;
    is_severity(severity).then_some((severity, text))
}

pub(super) fn is_severity(word: &str) -> bool {
    matches!(
        word,
        "LOG"
            | "INFO"
            | "NOTICE"
            | "WARNING"
            | "ERROR"
            | "FATAL"
            | "PANIC"
            | "DETAIL"
            | "HINT"
            | "CONTEXT"
            | "STATEMENT"
            | "QUERY"
            | "LOCATION"
    ) || word.starts_with("DEBUG")
}

fn postgresql(severity: &str, text: &str) -> (Weight, String) {
    let weight = match severity {
        "FATAL" | "PANIC" if OF_CLIENT.iter().any(|begin| text.starts_with(begin)) => Weight::Quiet,
        "FATAL" | "PANIC" => Weight::Fatal,
        "ERROR" | "WARNING" => Weight::Trouble,
        "LOG" if TROUBLE.iter().any(|word| text.contains(word)) => Weight::Trouble,
        "DETAIL" | "HINT" => Weight::More,
        "STATEMENT" | "QUERY" | "CONTEXT" | "LOCATION" => Weight::Unsaid,
        _ => Weight::Quiet,
    };
    (weight, format!("{severity}: {text}"))
}

/// `log_destination = 'jsonlog'` (PostgreSQL 15 and later).
fn json(line: &str) -> Option<(Weight, String)> {
    #[derive(Deserialize)]
    struct Entry {
        error_severity: String,
        message: String,
        detail: Option<String>,
        hint: Option<String>,
    }
    let entry: Entry = line.starts_with('{').then(|| serde_json::from_str(line).ok())??;
    Some(whole(&entry.error_severity, &entry.message, entry.detail.as_deref(), entry.hint.as_deref()))
}

/// `log_destination = 'csvlog'`: the severity is the twelfth field, the message the fourteenth.
fn csv(line: &str) -> Option<(Weight, String)> {
    let fields = fields(line);
    let severity = fields.get(11).filter(|it| is_severity(it))?;
    let more = |at: usize| fields.get(at).map(String::as_str).filter(|it| !it.is_empty());
    Some(whole(severity, fields.get(13)?, more(14), more(15)))
}

fn whole(severity: &str, message: &str, detail: Option<&str>, hint: Option<&str>) -> (Weight, String) {
    let (weight, mut text) = postgresql(severity, message);
    for (name, more) in [("DETAIL", detail), ("HINT", hint)] {
        if let Some(more) = more {
            for piece in [super::STROKE, name, ": ", more] {
                text.push_str(piece);
            }
        }
    }
    (weight, text)
}

/// The fields of a line of CSV; a quote inside quotes is doubled.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut inside = false;
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if inside && chars.next_if_eq(&'"').is_some() => push(&mut fields, '"'),
            '"' => inside = !inside,
            ',' if !inside => fields.push(String::new()),
            _ => push(&mut fields, c),
        }
    }
    fields
}

fn push(fields: &mut [String], c: char) {
    if let Some(last) = fields.last_mut() {
        last.push(c);
    }
}

/// `229:M 27 Nov 2026 11:42:26.695 # …`: its mark and what it says.
fn redis(line: &str) -> Option<(&str, &str)> {
    let (process, rest) = line.split_once(' ')?;
    let (number, role) = process.split_once(':')?;
    if role.len() != 1 || number.is_empty() || !number.chars().all(|c| c.is_ascii_digit()) {
        return None;
    }
    let mut words = rest.splitn(6, ' ').skip(4);
    let mark = words.next().filter(|it| matches!(*it, "#" | "*" | "-" | "."))?;
    Some((mark, words.next()?))
}
