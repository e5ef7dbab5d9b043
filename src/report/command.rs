//! The words in a command: each as the shell takes it for what it is, or there is no command.

use super::Shell;
use super::words::{NO_PUBLIC, Words, names_empty_word, split};

/// Words that are parts of a command, as a judge wrote them: several arguments, each quoted where it must be.
const PARTS: [&str; 21] = [
    "add",
    "allowed",
    "recreate",
    "bar",
    "each",
    "gone",
    "grant",
    GRANTS,
    "log",
    "maker",
    "masked",
    "needed",
    "reset",
    "restart",
    "resume",
    "start",
    "table",
    "target",
    "ufw_rule",
    "ufw_second",
    "unwrite",
];

/// Names of PostgreSQL's.
const IDENTIFIERS: [&str; 5] = ["database", "own", "role", "schema", "heir"];

/// Statements of plain words, as their judge made them.
const GRANTS: &str = "grants";

/// Names of commands, one of which is meant: inside an extended regular expression.
const CHOICE: &str = "choice";

/// A network or a name in which each dot stands for itself.
const PATTERN: &str = "net_pattern";

/// The commands of a fix, filled in, without those whose word is empty: they are for a part of the fault that is not
/// there. `Err` holds a value that cannot be typed; half of the commands would do harm, so there are none then.
pub(super) fn commands(run: &[String], shell: Shell, words: &Words) -> Result<Vec<String>, String> {
    run.iter().filter(|line| !names_empty_word(line, words)).map(|line| command(line, shell, words)).collect()
}

/// One command with its words filled in. Names and paths come from files and from other people's snapshots, and must not
/// become commands. `Err` holds the value that would.
pub fn command(template: &str, shell: Shell, words: &Words) -> Result<String, String> {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    let mut quote = None;
    while let Some((before, name, value, behind)) = split(rest, words) {
        let value = if value == NO_PUBLIC { "SERVER_ADDRESS" } else { value };
        out.push_str(before);
        quote = quote_after(quote, before);
        let word = match quote {
            None => bare(name, value, shell, out.ends_with([' ', '(']) || out.is_empty()),
            Some(quote) => {
                let before = out.rsplit(quote).next().unwrap_or_default();
                let outside = out.get(..out.len() - before.len() - quote.len_utf8()).unwrap_or_default();
                within(name, value, before).map(|word| in_sql(name, word, quote, outside))
            }
        };
        out.push_str(&word.ok_or_else(|| value.to_owned())?);
        rest = behind;
    }
    Ok(out + rest)
}

/// The quote that is open behind a piece of a command.
fn quote_after(mut open: Option<char>, piece: &str) -> Option<char> {
    let mut chars = piece.chars();
    while let Some(c) = chars.next() {
        match (open, c) {
            (None | Some('"'), '\\') => _ = chars.next(),
            (None, '\'' | '"') => open = Some(c),
            (Some(quote), c) if quote == c => open = None,
            _ => {}
        }
    }
    open
}

/// Outside quotes: what is not plain is quoted, and what begins like an option is no name.
fn bare(name: &str, value: &str, shell: Shell, begins: bool) -> Option<String> {
    let quotable = |c: char| c.is_alphanumeric() || c.is_ascii_graphic() || c == ' ';
    if PARTS.contains(&name) {
        are_parts(value).then(|| value.to_owned())
    } else if begins && value.starts_with('-') {
        None
    } else if value.chars().all(is_plain) {
        Some(value.to_owned())
    } else {
        (shell == Shell::Sh && value.chars().all(quotable)).then(|| format!("'{}'", value.replace('\'', r"'\''")))
    }
}

/// Within quotes stands text for another program (sed, psql, a shell in the shell), with rules of its own: nothing but
/// what none of them knows. `before` is what stands there already.
fn within(name: &str, value: &str, before: &str) -> Option<String> {
    let parts = PARTS.contains(&name);
    // For sed, and for psql, where the rest would be a comment.
    let ends_it = value.contains('/') && before.contains("s/") || parts && value.contains("--");
    let dots = if name == PATTERN { value.replace(r"\.", ".") } else { value.to_owned() };
    let fits =
        |c: char| is_plain(c) || (parts && c == ' ') || (name == GRANTS && c == ';') || (name == CHOICE && c == '|');
    (!ends_it && dots.chars().all(fits)).then(|| value.to_owned())
}

/// PostgreSQL folds the letters of a name that has no quotation marks of its own: another role's password would be changed
/// (PostgreSQL's manual, "Identifiers and Key Words"). `outside` is what stands before the quote.
fn in_sql(name: &str, word: String, quote: char, outside: &str) -> String {
    let folds = |c: char| !(c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    let statement = outside.contains("psql ") && outside.ends_with("-c ");
    match quote {
        _ if !(statement && IDENTIFIERS.contains(&name) && word.contains(folds)) => word,
        '"' => format!("\\\"{word}\\\""),
        _ => format!("\"{word}\""),
    }
}

/// What no shell and no program that is handed it takes for more than a letter.
fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_-./:@%+=,".contains(c)
}

/// Plain arguments, and quoted ones.
fn are_parts(value: &str) -> bool {
    let mut quoted = false;
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            '\'' => quoted = !quoted,
            '\\' if !quoted && chars.next() == Some('\'') => {}
            c if (quoted && !c.is_control()) || is_plain(c) || c == ' ' => {}
            _ => return false,
        }
    }
    !quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(template: &str, value: &str) -> Option<String> {
        command(template, Shell::Sh, &Words::from([("name", value.to_owned()), ("recreate", value.to_owned())])).ok()
    }

    #[test]
    fn what_is_no_plain_word_is_quoted_or_is_not_typed() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(filled("docker start {name}", "gpu-1"), some("docker start gpu-1"));
        assert_eq!(filled("docker start {name}", "x; reboot"), some("docker start 'x; reboot'"));
        assert_eq!(filled("chmod 600 {name}", "/it's"), some(r"chmod 600 '/it'\''s'"));
        assert_eq!(filled("chmod 600 '/a b'{name}", "$(x)"), some("chmod 600 '/a b''$(x)'"));
        assert_eq!(filled("sed -i 's/a/b/' {name}", "/b c"), some("sed -i 's/a/b/' '/b c'"));
        assert_eq!(filled("psql -c 'ALTER ROLE {name}'", "app"), some("psql -c 'ALTER ROLE app'"));
        for (template, value) in [
            ("docker start {name}", "--all"),
            ("docker start {name}", "x\ny"),
            ("docker start {name}", "x\u{202e}y"),
            ("psql -c 'ALTER ROLE {name}'", "x'; reboot; '"),
            ("psql -c 'ALTER ROLE {name}'", "x SUPERUSER"),
            ("psql -c \"ALTER ROLE {name}\"", "$(x)"),
            ("sed -i 's/{name}/b/' f", "a/e"),
            ("echo \"\\\"{name}\"", "`x`"),
            ("{recreate}", "docker compose up; reboot"),
            ("{recreate}", "docker compose -f 'x"),
            ("psql -c 'ALTER {recreate} RESET x'", "ROLE x SUPERUSER --"),
        ] {
            assert_eq!(filled(template, value), None, "{template} {value:?}");
        }
        let role = |template| command(template, Shell::Sh, &Words::from([("role", "App-1".to_owned())])).ok();
        assert_eq!(role("psql -c 'ALTER ROLE {role}'").as_deref(), Some("psql -c 'ALTER ROLE \"App-1\"'"));
        assert_eq!(role("psql -c \"ALTER ROLE {role}\"").as_deref(), Some(r#"psql -c "ALTER ROLE \"App-1\"""#));
        assert_eq!(role("createuser -P {role}").as_deref(), Some("createuser -P App-1"));
        let net = Words::from([
            ("net_pattern", r"10\.0\.0\.0/8".to_owned()),
            ("grants", "GRANT A ON b TO c; GRANT".to_owned()),
        ]);
        let of = |template| command(template, Shell::Sh, &net).ok();
        assert_eq!(of("sed 's@{net_pattern}@@'").as_deref(), Some(r"sed 's@10\.0\.0\.0/8@@'"));
        assert_eq!(of("sed 's/{net_pattern}//'"), None);
        assert_eq!(of("psql -c '{grants}'").as_deref(), Some("psql -c 'GRANT A ON b TO c; GRANT'"));
        assert_eq!(filled("{recreate}", r"compose -f '/it'\''s;' up"), some(r"compose -f '/it'\''s;' up"));
    }
}
