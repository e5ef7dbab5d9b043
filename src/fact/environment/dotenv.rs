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

impl Reader<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn line_number(&self) -> u32 {
        u32::try_from(self.text[..self.at].matches('\n').count()).unwrap_or(u32::MAX).saturating_add(1)
    }

    fn skip_line(&mut self) {
        self.at += self.rest().find('\n').map_or(self.rest().len(), |end| end + 1);
    }

    /// The next binding; lines that are no binding are passed over, as python-dotenv does with a warning.
    fn binding(&mut self) -> Option<(u32, String, Option<String>)> {
        loop {
            let blank = self.rest().len() - self.rest().trim_start().len();
            self.at += blank;
            if self.rest().is_empty() {
                return None;
            }
            if self.rest().starts_with('#') {
                self.skip_line();
                continue;
            }
            let line = self.line_number();
            let start = self.at;
            if let Some((name, raw)) = self.one() {
                return Some((line, name, raw));
            }
            self.at = start;
            self.skip_line();
        }
    }

    fn one(&mut self) -> Option<(String, Option<String>)> {
        if let Some(after) = self.rest().strip_prefix("export") {
            let gap = after.len() - after.trim_start_matches([' ', '\t']).len();
            if gap > 0 {
                self.at += "export".len() + gap;
            }
        }
        let name = if self.rest().starts_with('\'') {
            let inner = self.rest()[1..].find('\'')?;
            let name = self.rest()[1..=inner].to_owned();
            self.at += inner + 2;
            name
        } else {
            let end =
                self.rest().find(|c: char| c == '=' || c == '#' || c.is_whitespace()).unwrap_or(self.rest().len());
            let name = self.rest()[..end].to_owned();
            self.at += end;
            name
        };
        if name.is_empty() {
            return None;
        }
        self.skip_blanks();
        if !self.rest().starts_with('=') {
            return self.end_of_line().then_some((name, None));
        }
        self.at += 1;
        self.skip_blanks();
        let raw = match self.rest().chars().next() {
            Some(quote @ ('"' | '\'')) => {
                let text = self.quoted(quote)?;
                if !self.end_of_line() {
                    return None;
                }
                text
            }
            _ => self.unquoted(),
        };
        Some((name, Some(raw)))
    }

    fn skip_blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\x0b', '\x0c']).len();
    }

    /// Blanks, an optional comment, and the end of the line.
    fn end_of_line(&mut self) -> bool {
        self.skip_blanks();
        if self.rest().starts_with('#') || self.rest().starts_with('\n') || self.rest().is_empty() {
            self.skip_line();
            return true;
        }
        false
    }

    fn quoted(&mut self, quote: char) -> Option<String> {
        let mut out = String::new();
        let mut chars = self.rest().char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            if c == quote {
                self.at += at + 1;
                return Some(out);
            }
            if c != '\\' {
                out.push(c);
                continue;
            }
            let (_, escaped) = chars.next()?;
            match (quote, escaped) {
                (_, '\\') => out.push('\\'),
                (_, c) if c == quote => out.push(c),
                ('"', 'n') => out.push('\n'),
                ('"', 't') => out.push('\t'),
                ('"', 'r') => out.push('\r'),
                ('"', '\'') => out.push('\''),
                (_, other) => out.extend(['\\', other]),
            }
        }
        None
    }

    fn unquoted(&mut self) -> String {
        let end = self.rest().find('\n').unwrap_or(self.rest().len());
        let line = &self.rest()[..end];
        let mut cut = line.len();
        for (at, _) in line.match_indices('#') {
            if at == 0 || line[..at].ends_with([' ', '\t']) {
                cut = at;
                break;
            }
        }
        let value = line[..cut].trim_end().to_owned();
        self.skip_line();
        value
    }
}

/// `${X}` and `${X:-default}`; an unknown name without default vanishes. A bare `$X` stays.
fn expand(text: &str, earlier: &[Binding], environment: &BTreeMap<String, String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let Some(length) = rest[start..].find('}') else { break };
        let inner = &rest[start + 2..start + length];
        let (name, default) = inner.split_once(":-").unwrap_or((inner, ""));
        out.push_str(&rest[..start]);
        let found = environment.get(name).cloned().or_else(|| {
            earlier.iter().rev().find(|binding| binding.name == name).and_then(|binding| binding.value.clone())
        });
        out.push_str(found.as_deref().unwrap_or(default));
        rest = &rest[start + length + 1..];
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
