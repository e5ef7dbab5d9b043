//! A `.env` file as python-dotenv reads it: quotes and trailing comments are taken off, `${X}` and `${X:-y}` are
//! filled in, a byte-order mark makes the first name another name, and what cannot be read is passed over.

use std::collections::BTreeMap;

/// One binding of the file; the last one of a name wins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// The name before the `=`.
    pub name: String,
    /// Its value; none for a name without `=`, which python-dotenv does not export.
    pub value: Option<String>,
    /// The line on which it begins, from 1.
    pub line: u32,
}

/// Reads the text of a file. `environment` supplies `${X}` before the file does, since python-dotenv does not
/// override.
pub fn read(text: &str, environment: &BTreeMap<String, String>) -> Vec<Binding> {
    let mut bindings: Vec<Binding> = Vec::new();
    let mut reader = Reader { text, at: 0 };
    while let Some((line, name, raw)) = reader.binding() {
        let value = raw.map(|raw| expand(&raw, &bindings, environment));
        bindings.push(Binding { name, value, line });
    }
    bindings
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

/// White space within a line, as Python's `[^\S\r\n]`.
fn is_blank(c: char) -> bool {
    c.is_whitespace() && c != '\r' && c != '\n'
}

fn is_end(c: char) -> bool {
    c == '\r' || c == '\n'
}

/// The statement is none that python-dotenv can read.
struct Unreadable;

impl Reader<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn line_number(&self) -> u32 {
        u32::try_from(self.text[..self.at].matches('\n').count()).unwrap_or(u32::MAX).saturating_add(1)
    }

    fn skip(&mut self, what: fn(char) -> bool) {
        self.at += self.rest().find(|c| !what(c)).unwrap_or(self.rest().len());
    }

    fn line(&mut self) -> String {
        let line = self.rest().split(is_end).next().unwrap_or_default().to_owned();
        self.at += line.len();
        line
    }

    /// The next binding. What is none is passed over, from where it stops making sense to the end of that line.
    fn binding(&mut self) -> Option<(u32, String, Option<String>)> {
        loop {
            self.skip(char::is_whitespace);
            if self.rest().is_empty() {
                return None;
            }
            let line = self.line_number();
            match self.one() {
                Ok(Some((name, raw))) => return Some((line, name, raw)),
                Ok(None) => {}
                Err(Unreadable) => {
                    self.line();
                }
            }
        }
    }

    fn one(&mut self) -> Result<Option<(String, Option<String>)>, Unreadable> {
        if self.rest().strip_prefix("export").is_some_and(|after| after.starts_with(is_blank)) {
            self.at += "export".len();
            self.skip(is_blank);
        }
        let name = self.name()?;
        self.skip(is_blank);
        let raw = if self.rest().starts_with('=') {
            self.at += 1;
            self.skip(is_blank);
            Some(self.value()?)
        } else {
            None
        };
        self.skip(is_blank);
        if self.rest().starts_with('#') {
            self.line();
        }
        if !self.rest().is_empty() && !self.rest().starts_with(is_end) {
            return Err(Unreadable);
        }
        Ok(name.map(|name| (name, raw)))
    }

    /// None for a comment.
    fn name(&mut self) -> Result<Option<String>, Unreadable> {
        if self.rest().starts_with('#') {
            return Ok(None);
        }
        let name = if let Some(after) = self.rest().strip_prefix('\'') {
            let name = after.split_once('\'').map(|(name, _)| name.to_owned()).ok_or(Unreadable)?;
            self.at += name.len() + 2;
            name
        } else {
            let end = self.rest().find(|c: char| c == '=' || c == '#' || c.is_whitespace());
            let name = self.rest()[..end.unwrap_or(self.rest().len())].to_owned();
            self.at += name.len();
            name
        };
        if name.is_empty() { Err(Unreadable) } else { Ok(Some(name)) }
    }

    fn value(&mut self) -> Result<String, Unreadable> {
        match self.rest().chars().next() {
            Some(quote @ ('"' | '\'')) => self.quoted(quote),
            _ => Ok(self.unquoted()),
        }
    }

    /// The value ends at the first quotation mark without a backslash before it, or else at the last one with.
    fn quoted(&mut self, quote: char) -> Result<String, Unreadable> {
        let inner = &self.rest()[1..];
        let mut marks = inner.match_indices(quote).map(|(at, _)| at);
        let mut last = None;
        let end = marks.find(|at| {
            let escaped = inner[..*at].ends_with('\\');
            last = Some(*at);
            !escaped
        });
        let end = end.or(last).ok_or(Unreadable)?;
        let text = unescape(&inner[..end], quote);
        self.at += end + 2;
        Ok(text)
    }

    fn unquoted(&mut self) -> String {
        let line = self.line();
        let comment = line.match_indices('#').find(|(at, _)| line[..*at].ends_with(char::is_whitespace));
        comment.map_or(line.as_str(), |(at, _)| &line[..at]).trim_end().to_owned()
    }
}

/// The control character that a backslash and this letter stand for, in Python, in C and in compose's reader.
pub(super) fn control(letter: char) -> Option<char> {
    Some(match letter {
        'a' => '\u{7}',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\u{b}',
        _ => return None,
    })
}

fn unescape(text: &str, quote: char) -> String {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match (quote, chars.next()) {
            (_, Some(c @ ('\\' | '\''))) | ('"', Some(c @ '"')) => out.push(c),
            (quote, Some(other)) => match control(other).filter(|_| quote == '"') {
                Some(control) => out.push(control),
                None => out.extend(['\\', other]),
            },
            (_, None) => out.push('\\'),
        }
    }
    out
}

/// `${X}` and `${X:-default}`; an unknown name without default vanishes. A bare `$X` stays.
fn expand(text: &str, earlier: &[Binding], environment: &BTreeMap<String, String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let inner = &rest[start + 2..];
        let Some(length) = inner.find('}') else { break };
        let inner = &inner[..length];
        let (name, default) = inner.split_once(":-").unwrap_or((inner, ""));
        if name.contains(':') {
            // Not its syntax, so it stays as it is.
            out.push_str(&rest[..start + 2]);
            rest = &rest[start + 2..];
            continue;
        }
        out.push_str(&rest[..start]);
        let earlier = || earlier.iter().rev().find(|binding| binding.name == name);
        let found = environment.get(name).cloned().or_else(|| Some(earlier()?.value.clone().unwrap_or_default()));
        out.push_str(found.as_deref().unwrap_or(default));
        rest = &rest[start + length + 3..];
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str, name: &str) -> Option<String> {
        read(text, &BTreeMap::new())
            .into_iter()
            .rev()
            .find(|binding| binding.name == name)
            .and_then(|binding| binding.value)
    }

    #[test]
    fn values_are_read_as_python_dotenv_reads_them() {
        // Each row was checked against python-dotenv 1.0.0.
        for (text, expected) in [
            ("X=p@ss$word", Some("p@ss$word")),
            ("X=\"x\"", Some("x")),
            ("X='x'", Some("x")),
            ("X=val # c", Some("val")),
            ("X=val#c", Some("val#c")),
            ("X=a b c", Some("a b c")),
            ("X=back\\slash", Some("back\\slash")),
            ("X=it's", Some("it's")),
            ("X=${UNDEF:-dflt}", Some("dflt")),
            ("X=a${UNDEF}b", Some("ab")),
            ("export X=1", Some("1")),
            ("X = x", Some("x")),
            ("X=", Some("")),
            ("X", None),
            ("X=1\r\nY=2\r\n", Some("1")),
            ("X=\"unclosed\nX=2", Some("2")),
            ("\u{feff}X=1", None),
            ("Y=1\nX=${Y}/x", Some("1/x")),
        ] {
            assert_eq!(value(text, "X").as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn lines_are_counted() {
        let bindings = read("# one\n\nA=1\nB=\"2\n3\"\nC=4\n", &BTreeMap::new());
        assert_eq!(
            bindings.iter().map(|b| (b.name.as_str(), b.line)).collect::<Vec<_>>(),
            [("A", 3), ("B", 4), ("C", 6)]
        );
    }
}
