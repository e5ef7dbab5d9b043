//! Env files as Docker's two readers take them: compose (`env_file:`, and the project's own `.env`), which knows
//! quotation marks, comments and `${…}`, and `docker run --env-file`, which knows none of these.

use super::compose::fill;
use super::dotenv::control;

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

/// A reason why a reader refuses the whole file; holds the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused(pub u32);

/// What knows the value of a name.
type Known<'a> = &'a dyn Fn(&str) -> Option<String>;

/// What compose reads. `known` answers `${…}` before the file itself does, and `earlier` after it; both answer lines
/// without `=`.
pub fn compose(text: &str, known: Known<'_>, earlier: Known<'_>) -> Result<Vec<Line>, Refused> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n");
    let mut reader = Reader { text: &text, at: 0 };
    let mut lines: Vec<Line> = Vec::new();
    while let Some(line) = reader.start() {
        let refused = Refused(line);
        let (name, inherited) = reader.name().ok_or(refused)?;
        if inherited {
            // What a line above gives it stays.
            let above = lines.iter().any(|line| line.name == name);
            if let Some(value) = known(&name).or_else(|| earlier(&name).filter(|_| !above)) {
                lines.push(Line { name, value, names: Vec::new(), blank: false, line });
            }
            continue;
        }
        let (raw, expands) = reader.value().ok_or(refused)?;
        let lookup = |wanted: &str| {
            let here = || lines.iter().rev().find(|line| line.name == wanted).map(|line| line.value.clone());
            known(wanted).or_else(here).or_else(|| earlier(wanted))
        };
        let (value, names, blank) = if expands {
            let filled = fill::fill(&raw, &lookup).ok_or(refused)?;
            (filled.text, filled.names, filled.blank)
        } else {
            (raw, Vec::new(), false)
        };
        lines.push(Line { name, value, names, blank, line });
    }
    Ok(lines)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

/// Go's `isSpace` of that reader: white space but the line's end.
fn is_blank(c: char) -> bool {
    matches!(c, '\t' | '\u{b}' | '\u{c}' | '\r' | ' ' | '\u{85}' | '\u{a0}')
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// Steps over blank lines and comments; the line on which the next statement begins.
    fn start(&mut self) -> Option<u32> {
        loop {
            self.at += self.rest().len() - self.rest().trim_start().len();
            if !self.rest().starts_with('#') {
                break;
            }
            self.at += self.rest().find('\n').unwrap_or(self.rest().len());
        }
        let before = self.text[..self.at].matches('\n').count();
        (!self.rest().is_empty()).then(|| u32::try_from(before).unwrap_or(u32::MAX).saturating_add(1))
    }

    /// The name, and whether the line ends with it.
    fn name(&mut self) -> Option<(String, bool)> {
        if let Some(after) = self.rest().strip_prefix("export")
            && after.starts_with(char::is_whitespace)
        {
            self.at += "export".len() + after.len() - after.trim_start_matches(is_blank).len();
        }
        let rest = self.rest();
        let end = rest.find(|c: char| !is_blank(c) && !c.is_alphanumeric() && !"_.-[]".contains(c));
        let (end, inherited) = match end.map(|end| (end, &rest[end..=end])) {
            Some((end, "=" | ":")) => (end, false),
            Some((end, "\n")) => (end, true),
            Some(_) => return None,
            // compose takes a bare name at the very end, without a line end, for the value of a name that is empty.
            None => return Some((String::new(), false)),
        };
        let name = rest[..end].trim_end();
        if name.is_empty() || name.contains(' ') {
            return None;
        }
        self.at = (self.at + end + 1).min(self.text.len());
        let rest = self.rest();
        if !inherited {
            self.at += rest.len() - rest.trim_start_matches(is_blank).len();
        }
        Some((name.to_owned(), inherited))
    }

    /// The raw value, and whether `${…}` in it is filled in.
    fn value(&mut self) -> Option<(String, bool)> {
        let rest = self.rest();
        let Some(quote @ ('"' | '\'')) = rest.chars().next() else {
            let end = rest.find('\n').unwrap_or(rest.len());
            self.at += end;
            let line = &rest[..end];
            let line = line.split_once(" #").map_or(line, |(value, _)| value);
            return Some((line.trim_end().to_owned(), true));
        };
        let mut out = String::new();
        let mut escaped = false;
        for (at, c) in rest.char_indices().skip(1) {
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
                self.at += at + 1;
                let double = quote == '"';
                return Some((if double { unescape(&out) } else { out }, double));
            }
        }
        None
    }
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
pub fn docker(text: &str, known: Known<'_>) -> Result<Vec<Line>, Refused> {
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
        if let Some(value) = value.map(str::to_owned).or_else(|| known(name)) {
            lines.push(Line { name: name.to_owned(), value, names: Vec::new(), blank: false, line: number });
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
        let none = |_: &str| None;
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
        ] {
            assert_eq!(value(compose(text, &none, &none), "X").as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn docker_keeps_them() {
        let none = |_: &str| None;
        for (text, expected) in [
            ("X=1 # c", Some("1 # c")),
            ("X=\"a\"", Some("\"a\"")),
            ("X=1\r\n", Some("1")),
            ("  X= 1 ", Some(" 1 ")),
            ("X", None),
            ("X =1", None),
        ] {
            assert_eq!(value(docker(text, &none), "X").as_deref(), expected, "{text:?}");
        }
    }
}
