//! Env files as Docker's two readers take them: compose (`env_file:`, and the project's own `.env`), which knows
//! quotation marks, comments and `${…}`, and `docker run --env-file`, which knows none of these.

use std::collections::BTreeMap;

use super::compose::fill::{Filled, Known, fill};
use super::cursor::Cursor;
use super::dotenv::control;
use crate::fact::limits::Budget;

/// One line of an env file that sets a variable. Holds its value, so it has no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Line {
    /// The name.
    pub name: String,
    /// The value.
    pub value: String,
    /// The names that `${…}` in it asked for.
    pub names: Vec<String>,
    /// Whether one of them had no value.
    pub blank: bool,
    /// From 1.
    pub line: u32,
}

/// A reader refuses the whole file, or it becomes more than there is a [`Budget`] for; holds the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused(pub u32);

/// What compose reads. `known` answers `${…}` before the file itself does, and `earlier` after it; both answer lines
/// without `=`.
pub fn compose(text: &str, known: Known<'_>, earlier: Known<'_>, budget: &mut Budget) -> Result<Vec<Line>, Refused> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n");
    let mut rest = Cursor::new(&text);
    let mut lines: Vec<Line> = Vec::new();
    // Which line has a name's last value.
    let mut last: BTreeMap<String, usize> = BTreeMap::new();
    while let Some(line) = start(&mut rest) {
        let refused = Refused(line);
        let (name, inherited) = name(&mut rest).ok_or(refused)?;
        let here = |wanted: &str| lines.get(*last.get(wanted)?).map(|line| line.value.as_str());
        let made = if inherited {
            // What a line above gives it stays.
            let Some(value) = known(name).or_else(|| earlier(name).filter(|_| here(name).is_none())) else { continue };
            budget.expand(value.len()).ok_or(refused)?;
            Filled { text: value.to_owned(), ..Filled::default() }
        } else {
            let (raw, expands) = value(&mut rest).ok_or(refused)?;
            if expands {
                let lookup = |wanted: &str| known(wanted).or_else(|| here(wanted)).or_else(|| earlier(wanted));
                fill(&raw, &lookup, budget).ok_or(refused)?
            } else {
                Filled { text: raw, ..Filled::default() }
            }
        };
        last.insert(name.to_owned(), lines.len());
        lines.push(Line { name: name.to_owned(), value: made.text, names: made.names, blank: made.blank, line });
    }
    Ok(lines)
}

/// Go's `isSpace` of that reader: white space but the line's end.
fn is_blank(c: char) -> bool {
    matches!(c, '\t' | '\u{b}' | '\u{c}' | '\r' | ' ' | '\u{85}' | '\u{a0}')
}

/// Steps over blank lines and comments; the line on which the next statement begins.
fn start(rest: &mut Cursor<'_>) -> Option<u32> {
    loop {
        rest.until(|c| !c.is_whitespace());
        if rest.peek()? != '#' {
            return Some(rest.line());
        }
        rest.until(|c| c == '\n');
    }
}

/// The name, and whether the line ends with it.
fn name<'a>(rest: &mut Cursor<'a>) -> Option<(&'a str, bool)> {
    if rest.rest().strip_prefix("export").is_some_and(|after| after.starts_with(char::is_whitespace)) {
        rest.over("export".len());
        rest.until(|c| !is_blank(c));
    }
    let mut ahead = *rest;
    let name = ahead.until(|c| !is_blank(c) && !c.is_alphanumeric() && !"_.-[]".contains(c)).trim_end();
    let inherited = match ahead.next() {
        Some('=' | ':') => false,
        Some('\n') => true,
        Some(_) => return None,
        // compose takes a bare name at the very end, without a line end, for the value of a name that is empty.
        None => return Some(("", false)),
    };
    if name.is_empty() || name.contains(' ') {
        return None;
    }
    if !inherited {
        ahead.until(|c| !is_blank(c));
    }
    *rest = ahead;
    Some((name, inherited))
}

/// The raw value, and whether `${…}` in it is filled in.
fn value(rest: &mut Cursor<'_>) -> Option<(String, bool)> {
    let Some(quote @ ('"' | '\'')) = rest.peek() else {
        let line = rest.until(|c| c == '\n');
        let line = line.split_once(" #").map_or(line, |(value, _)| value);
        return Some((line.trim_end().to_owned(), true));
    };
    rest.next();
    let mut out = String::new();
    let mut escaped = false;
    while let Some(c) = rest.next() {
        if c != quote {
            if c == '\\' && !escaped {
                escaped = true;
                continue;
            }
            if std::mem::take(&mut escaped) {
                out.push('\\');
            }
            out.push(c);
        } else if std::mem::take(&mut escaped) {
            out.push(c);
        } else {
            let double = quote == '"';
            return Some((if double { unescape(&out) } else { out }, double));
        }
    }
    None
}

/// The escapes of a value in double quotation marks. `\$` is a dollar sign that starts nothing.
fn unescape(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('$') => out.push_str("$$"),
            Some(c @ ('"' | '\\')) => out.push(c),
            Some(other) => match control(other) {
                Some(control) => out.push(control),
                None => out.extend(['\\', other]),
            },
            None => out.push('\\'),
        }
    }
    out
}

/// What `docker run --env-file` reads: everything after the first `=`, to the end of the line. `known` is the
/// environment of the Docker client, from which a line without `=` takes its value.
pub fn docker(text: &str, known: Known<'_>, budget: &mut Budget) -> Result<Vec<Line>, Refused> {
    let mut lines = Vec::new();
    for (index, line) in text.strip_prefix('\u{feff}').unwrap_or(text).split('\n').enumerate() {
        let number = u32::try_from(index).unwrap_or(u32::MAX).saturating_add(1);
        let line = line.strip_suffix('\r').unwrap_or(line).trim_start();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (name, value) = line.split_once('=').map_or((line, None), |(name, value)| (name, Some(value)));
        if name.is_empty() || name.contains(char::is_whitespace) {
            return Err(Refused(number));
        }
        if let Some(value) = value.or_else(|| known(name)) {
            budget.expand(value.len()).ok_or(Refused(number))?;
            let (name, value) = (name.to_owned(), value.to_owned());
            lines.push(Line { name, value, names: Vec::new(), blank: false, line: number });
        }
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(lines: Result<Vec<Line>, Refused>, name: &str) -> Option<String> {
        lines.ok()?.into_iter().rev().find(|line| line.name == name).map(|line| line.value)
    }

    #[test]
    fn compose_takes_quotation_marks_and_comments_off() {
        for (text, expected) in [
            ("X=1 # c", Some("1")),
            ("X=a#b", Some("a#b")),
            ("X=\"a # b\" # c\n", Some("a # b")),
            ("X='${Y}\\n'", Some("${Y}\\n")),
            ("X=\"a\\nb\"", Some("a\nb")),
            ("X: yaml", Some("yaml")),
            ("export X=1\r\n", Some("1")),
            ("Y=1\nX=${Y}/x", Some("1/x")),
            ("\u{feff}X=1", Some("1")),
            ("X=\"open", None),
            ("X", None),
            ("A\u{2013}B=1\nX=1", None),
            ("\u{c9}t\u{e9}=1\nX=\u{2013}", Some("\u{2013}")),
        ] {
            assert_eq!(
                value(compose(text, &|_| None, &|_| None, &mut Budget::default()), "X").as_deref(),
                expected,
                "{text:?}"
            );
        }
    }

    #[test]
    fn docker_keeps_them() {
        for (text, expected) in [
            ("X=1 # c", Some("1 # c")),
            ("X=\"a\"", Some("\"a\"")),
            ("X=1\r\n", Some("1")),
            ("  X= 1 ", Some(" 1 ")),
            ("X", None),
            ("X =1", None),
        ] {
            assert_eq!(value(docker(text, &|_| None, &mut Budget::default()), "X").as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn lines_that_double_are_refused_and_many_lines_are_read() {
        let read = |text: &str| compose(text, &|_| None, &|_| None, &mut Budget::default());
        let doubling: Vec<String> = (1..41).map(|n| format!("A{n}=${{A{0}}}${{A{0}}}\n", n - 1)).collect();
        assert_eq!(read(&format!("A0=xxxxxxxx\n{}", doubling.concat())).err(), Some(Refused(20)));
        let lines = read(&"X=1\nY\n".repeat(40_000)).unwrap_or_default();
        assert_eq!((lines.len(), lines.last().map(|line| line.line)), (40_000, Some(79_999)));
    }
}
