//! A shell script that starts a worker, and the file of variables that it sources: which variables they set, as sh does.
//! Only assignments are understood; nothing is run, and what a command would print is not known.

use std::collections::BTreeMap;

use super::cursor::Cursor;
use crate::fact::environment::Ignored;
use crate::fact::limits::Budget;

/// One assignment. Holds its value, so it has no `Debug`.
pub struct Assignment {
    /// The name.
    pub name: String,
    /// The value; none where it takes a command to know it.
    pub value: Option<String>,
    /// Whether it only fills in what is unset or empty: `X=${X:-value}`.
    pub default: bool,
    /// Whether a `$name` in it had no value.
    pub blank: bool,
    /// Why the shell that reads on does not have it; the value is then all that is written.
    pub ignored: Option<Ignored>,
    /// From 1.
    pub line: u32,
}

/// What a line of a script does to the variables.
pub enum Step {
    /// It sets one.
    Set(Assignment),
    /// It reads another file: `source FILE`, `. FILE`; none where a part of its path is not known here.
    Source(Option<String>),
}

/// Reads a script. `known` are the variables that it starts with; none where it becomes more than there is a [`Budget`] for.
pub fn read(text: &str, known: &BTreeMap<String, String>) -> Option<Vec<Step>> {
    let mut budget = Budget::default();
    let mut own: BTreeMap<String, String> = BTreeMap::new();
    let mut steps = Vec::new();
    let mut rest = Cursor::new(text);
    while rest.peek().is_some() {
        let line = rest.line();
        if let Some(step) = statement(&mut rest, line, &own, known, &mut budget)? {
            if let Step::Set(Assignment { name, value: Some(value), default, ignored: None, .. }) = &step {
                let there = own.get(name).or_else(|| known.get(name)).is_some_and(|value| !value.is_empty());
                if !(*default && there) {
                    own.insert(name.clone(), value.clone());
                }
            }
            steps.push(step);
        }
    }
    Some(steps)
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t')
}

/// Whether a variable can have this name.
pub fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The end of a command, as far as such lines go.
fn is_end(c: char) -> bool {
    matches!(c, '\n' | ';' | '&' | '|')
}

/// One statement, and whatever follows it up to its end. The outer none is an empty budget.
#[expect(clippy::option_option, reason = "no step, and no more budget, are two things")]
fn statement(
    rest: &mut Cursor<'_>,
    line: u32,
    own: &BTreeMap<String, String>,
    known: &BTreeMap<String, String>,
    budget: &mut Budget,
) -> Option<Option<Step>> {
    rest.until(|c| !is_blank(c));
    let mut step = None;
    let mut first = rest.until(|c| c == '=' || c.is_whitespace() || is_end(c));
    let exports = first == "export";
    while matches!(first, "export" | "then" | "else" | "do" | "{") {
        rest.until(|c| !is_blank(c));
        first = rest.until(|c| c == '=' || c.is_whitespace() || is_end(c));
    }
    if is_name(first) && rest.eat('=') {
        let default = format!("${{{first}:-");
        let mut written = *rest;
        let word = word(rest, own, known, &default, budget)?;
        rest.until(|c| !is_blank(c));
        let whole = rest.peek().is_none_or(|c| matches!(c, '\n' | ';' | '#' | '\r'));
        let ignored = match rest.peek() {
            _ if whole || rest.rest().starts_with("&&") || rest.rest().starts_with("||") => None,
            Some('&' | '|') => Some(Ignored::Background),
            // `export` takes what follows for more names.
            Some(_) | None if exports => None,
            Some(_) | None => Some(Ignored::Command),
        };
        let whole = written.until(|c| c == '\n');
        budget.expand(whole.len())?;
        step = Some(Step::Set(Assignment {
            name: first.to_owned(),
            value: if ignored.is_some() { Some(whole.trim_end().to_owned()) } else { word.text },
            default: word.default,
            blank: word.blank,
            ignored,
            line,
        }));
    } else if matches!(first, "source" | ".") && rest.peek().is_some_and(is_blank) {
        rest.until(|c| !is_blank(c));
        // A virtual environment sets none of the app's variables, wherever it is.
        let written = rest.rest().split(['\n', ';', '&']).next().unwrap_or_default();
        let activates = written.trim_end().trim_end_matches(['"', '\'']).ends_with("/activate");
        let word = word(rest, own, known, "", budget)?;
        let path = word.text.filter(|path| !word.blank && !path.is_empty());
        step = Some(Step::Source(path)).filter(|step| !(activates && matches!(step, Step::Source(None))));
    }
    // A comment goes to the end of the line, whatever stands in it.
    if first.starts_with('#') || rest.peek() == Some('#') {
        rest.until(|c| c == '\n');
    }
    rest.until(is_end);
    rest.next();
    Some(step)
}

#[derive(Default)]
struct Word {
    text: Option<String>,
    default: bool,
    blank: bool,
}

/// One word, with its quotation marks taken off and its `$name` filled in.
fn word(
    rest: &mut Cursor<'_>,
    own: &BTreeMap<String, String>,
    known: &BTreeMap<String, String>,
    default: &str,
    budget: &mut Budget,
) -> Option<Word> {
    let mut out = String::new();
    let mut word = Word::default();
    let mut clear = true;
    let mut quote = None;
    while let Some(c) = rest.peek() {
        match (quote, c) {
            (None, c) if c == '\n' || is_blank(c) || is_end(c) => break,
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            (Some('\''), c) => out.push(c),
            (_, '\\') => {
                rest.next();
                let kept = quote.is_some() && !rest.peek().is_some_and(|c| "\"\\$`".contains(c));
                if kept {
                    out.push('\\');
                }
                out.extend(rest.peek().filter(|c| *c != '\n'));
            }
            (_, '`') => clear = false,
            (_, '$') => {
                if !default.is_empty() && out.is_empty() && rest.rest().starts_with(default) {
                    rest.over(default.len());
                    let value = rest.until(|c| matches!(c, '}' | '\n'));
                    // A default that is itself made of others is not known here.
                    clear &= !value.contains(['$', '`', '\\', '"', '\'']);
                    budget.expand(value.len())?;
                    out.push_str(value);
                    word.default = true;
                } else {
                    rest.next();
                    match name(rest) {
                        Some("") => out.push('$'),
                        Some(name) => match own.get(name).or_else(|| known.get(name)) {
                            Some(value) => {
                                budget.expand(value.len())?;
                                out.push_str(value);
                            }
                            None => word.blank = true,
                        },
                        None => clear = false,
                    }
                    continue;
                }
            }
            (_, c) => out.push(c),
        }
        rest.next();
    }
    word.text = clear.then_some(out);
    Some(word)
}

/// The name behind a `$`: empty where it begins none, and none where it is more than a name.
fn name<'a>(rest: &mut Cursor<'a>) -> Option<&'a str> {
    let is_in_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if rest.eat('{') {
        let name = rest.until(|c| !is_in_name(c));
        let whole = rest.peek() == Some('}') && !name.is_empty();
        rest.until(|c| matches!(c, '}' | '\n'));
        rest.eat('}');
        return whole.then_some(name);
    }
    match rest.peek() {
        Some(c) if c.is_ascii_alphabetic() || c == '_' => Some(rest.until(|c| !is_in_name(c))),
        // `$(`, `$1`, `$?` and the like.
        Some('(' | '0'..='9' | '?' | '!' | '$' | '@' | '*' | '#' | '-') => None,
        Some(_) | None => Some(""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<(String, Option<String>, bool, u32)> {
        let steps = read(text, &BTreeMap::from([("HOME".to_owned(), "/home/u".to_owned())])).expect("little");
        let told = steps.into_iter().map(|step| match step {
            Step::Set(it) => (it.name, it.value, it.default, it.line),
            Step::Source(path) => ("source".to_owned(), path, false, 0),
        });
        told.collect()
    }

    #[test]
    fn a_file_whose_path_is_not_known_here_is_no_other_file() {
        let sourced = |text: &str| told(text).into_iter().map(|(_, path, ..)| path).collect::<Vec<_>>();
        assert_eq!(sourced(". \"$CREDENTIALS_DIRECTORY/env\"\n"), [None]);
        assert_eq!(sourced("source $(dirname \"$0\")/.env\n"), [None]);
        assert_eq!(sourced(". $HOME/.env\n"), [Some("/home/u/.env".to_owned())]);
        assert_eq!(sourced(". \"$(dirname \"$0\")/venv/bin/activate\"\n"), []);
    }

    #[test]
    fn a_sourced_file_is_read_as_the_shell_does() {
        for (text, value) in [
            ("X=redis://:pw@10.8.0.1:6379/0", Some("redis://:pw@10.8.0.1:6379/0")),
            ("export X='a b'  # c", Some("a b")),
            ("X=a#b", Some("a#b")),
            ("X=a # b", Some("a")),
            ("X=\"a\\$b\"", Some("a$b")),
            ("X=a\\$b", Some("a$b")),
            ("X=$HOME/x", Some("/home/u/x")),
            ("X=p$word@h", Some("p@h")),
            ("X=a\r\n", Some("a\r")),
            ("X=$(hostname)", None),
            ("X=", Some("")),
        ] {
            let told = told(text);
            assert_eq!(told.first().map(|it| it.1.as_deref()), Some(value), "{text:?}");
        }
    }

    #[test]
    fn a_command_s_own_and_what_is_set_in_the_background_are_ignored() {
        for (text, expected) in [
            ("X=1 celery worker", (Some("1 celery worker"), Some(Ignored::Command))),
            ("X=redis://h/0?a=1&b=2\nY=1", (Some("redis://h/0?a=1&b=2"), Some(Ignored::Background))),
            ("export X=a|b", (Some("a|b"), Some(Ignored::Background))),
            ("export X=a b", (Some("a"), None)),
            ("X=a && Y=b", (Some("a"), None)),
            ("X='a&b'", (Some("a&b"), None)),
            ("X=a;b", (Some("a"), None)),
        ] {
            let steps = read(text, &BTreeMap::new()).expect("little");
            let Some(Step::Set(it)) = steps.into_iter().next() else { panic!("{text}") };
            assert_eq!((it.value.as_deref(), it.ignored), expected, "{text:?}");
        }
        let steps = read("X=1&\nY=a$X", &BTreeMap::new()).expect("little");
        assert!(matches!(steps.last(), Some(Step::Set(it)) if it.value.as_deref() == Some("a") && it.blank));
    }

    #[test]
    fn a_start_script_is_read_for_what_it_sources_and_fills_in() {
        let text = "#!/usr/bin/env bash\n# X=comment\nsource venv/bin/activate\nif [[ -f .env.worker ]]; then\n  set -a\n  source .env.worker\nfi\n\
            export X=\"${X:-redis://192.168.1.100:6379/0}\"\nY=\"${Y:-gpu,celery}\"\nexport T=\"${T:-${I}/tmp}\"\n";
        assert_eq!(
            told(text),
            [
                ("source".to_owned(), Some("venv/bin/activate".to_owned()), false, 0),
                ("source".to_owned(), Some(".env.worker".to_owned()), false, 0),
                ("X".to_owned(), Some("redis://192.168.1.100:6379/0".to_owned()), true, 8),
                ("Y".to_owned(), Some("gpu,celery".to_owned()), true, 9),
                ("T".to_owned(), None, true, 10),
            ]
        );
        let inline = "cd /srv && . ./worker.env && exec celery -A a worker";
        assert_eq!(told(inline), [("source".to_owned(), Some("./worker.env".to_owned()), false, 0)]);
    }
}
