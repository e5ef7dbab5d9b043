//! The last line of a service's journal that reports an error, where it can be quoted. A line may hold anything that the
//! service was given, so one that has a URL, an assignment or a long word of letters and digits is not kept at all.

use super::quoted::{self, Secrets};

/// Nobody reads more of it in a table.
const LONGEST: usize = 160;

/// What an error says of itself, in Python and in a shell.
const SIGNS: [&str; 8] = ["rror", "not found", "o such", "denied", "unbound variable", "refused", "annot", "FATAL"];

/// The line, if there is one.
pub fn read(log: &str) -> Option<String> {
    let line = log.lines().rev().map(str::trim).find(|line| SIGNS.iter().any(|sign| line.contains(sign)))?;
    let line = of_shell(line).unwrap_or_else(|| line.to_owned());
    // What stands between quotation marks is looked at as the rest where it is known to be no secret by itself.
    let plain = if quoted::hides(&line) { is_plain(&line) } else { is_plain(&line.replace(['"', '\''], "")) };
    plain.then_some(line)
}

/// So many lines at the end, where none of them reports an error.
const LAST: usize = 3;

/// The same of a container's log, whose variables are known: the last line that reports an error, with what stands below
/// it where it only begins one, or else how it ends; without `secrets` and what looks like one.
pub fn quoted(log: &str, secrets: &Secrets) -> Option<String> {
    let lines: Vec<&str> = log.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let Some(at) = lines.iter().rposition(|line| SIGNS.iter().any(|sign| line.contains(sign))) else {
        let end = lines.get(lines.len().saturating_sub(LAST)..).filter(|end| !end.is_empty())?;
        return Some(quoted::quoted(&end.join(" / "), secrets, &[]));
    };
    let mut text = of_shell(lines.get(at)?).unwrap_or_else(|| (*lines[at]).to_owned());
    if let Some(next) = lines.get(at + 1).filter(|_| text.ends_with(':')) {
        text = format!("{text} {next}");
    }
    Some(quoted::quoted(&text, secrets, &[]))
}

/// `FILE: line 3: WORD: command not found`: the word may be a piece of a password that the shell took apart. The path of a
/// program that a script calls is none.
fn of_shell(line: &str) -> Option<String> {
    let (file, rest) = line.split_once(": line ")?;
    let (number, rest) = rest.split_once(": ")?;
    let (word, said) = rest.rsplit_once(": ")?;
    number.parse::<u32>().ok()?;
    if word.starts_with('/') && !file.contains(".env") {
        return None;
    }
    // What may not be opened is a file that is there.
    if said == "Permission denied" {
        return None;
    }
    Some(format!("{file}: line {number}: \u{2026}: {said}"))
}

fn is_plain(line: &str) -> bool {
    let token = |word: &str| {
        word.len() >= 16 && word.chars().any(|c| c.is_ascii_digit()) && word.chars().any(|c| c.is_ascii_alphabetic())
    };
    let marks = ["://", "@", "=", "`", "\"", " '", "Bearer", "assword", "ecret", "oken"];
    line.len() <= LONGEST
        && line.chars().all(|c| c == ' ' || c == '\u{2026}' || c.is_ascii_graphic())
        && !marks.iter().any(|mark| line.contains(mark))
        && !line.split(|c: char| !c.is_ascii_alphanumeric()).any(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_container_says_last_is_quoted_without_its_variables() {
        let log = "Traceback (most recent call last):\n  File \"/app/a.py\"\nValueError:\nA rediss:// URL must have parameter ssl_cert_reqs\n";
        assert_eq!(
            quoted(log, &Secrets::default()).as_deref(),
            Some("ValueError: A rediss:// URL must have parameter ssl_cert_reqs")
        );
        let said = quoted("KeyError: hunter22 of redis://u:s3cret@h/0\n", &Secrets::of(["hunter22"])).expect("said");
        assert!(!said.contains("hunter22") && !said.contains("s3cret"), "{said}");
        let entry = "exec /entry.sh: no such file or directory\n";
        assert_eq!(quoted(entry, &Secrets::default()).as_deref(), Some("exec /entry.sh: no such file or directory"));
        assert_eq!(quoted("one\ntwo\n\nthree\nfour\n", &Secrets::default()).as_deref(), Some("two / three / four"));
    }

    #[test]
    fn an_error_is_quoted_and_what_may_be_a_secret_is_not() {
        let log = "Loading .env.worker\nError: CLIPPY_INSTANCE_PATH not found: /app/instance\nEnsure shared storage is mounted.\n";
        assert_eq!(read(log).as_deref(), Some("Error: CLIPPY_INSTANCE_PATH not found: /app/instance"));
        let barred = "run.sh: line 9: .env.worker: Permission denied";
        assert_eq!(read(barred).as_deref(), Some(barred));
        let program = "/opt/run.sh: line 24: /opt/venv/bin/celery: cannot execute: required file not found";
        assert_eq!(read(program).as_deref(), Some(program));
        let piece = ".env: line 3: /pa55: No such file or directory";
        assert_eq!(read(piece).as_deref(), Some(".env: line 3: \u{2026}: No such file or directory"));
        let split = ".env.worker: line 3: pa55: command not found";
        assert_eq!(read(split).as_deref(), Some(".env.worker: line 3: \u{2026}: command not found"));
        for line in [
            "PermissionError: [Errno 13] Permission denied: '/var/log/clippy/worker.log'",
            "AttributeError: 'EntryPoints' object has no attribute 'get'",
        ] {
            assert_eq!(read(line).as_deref(), Some(line));
        }
        for line in [
            "ValueError: invalid literal for int() with base 10: 'hunter2'",
            "Error: cannot connect to redis://:s3cret@10.8.0.1",
            "KeyError: WORKER_API_KEY=abc",
            "error: token 0123456789abcdef0123 refused",
            "Error: the token of '/etc/x' is abc",
            "Error: can't log in, the password hunter2 isn't right",
        ] {
            assert_eq!(read(line), None, "{line}");
        }
        assert_eq!(read("all is well"), None);
    }
}
