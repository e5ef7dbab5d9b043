//! A `.env` file as python-dotenv reads it: quotes and trailing comments are taken off, `${X}` and `${X:-y}` are
//! filled in, a byte-order mark makes the first name another name, and what cannot be read is passed over.

use std::collections::BTreeMap;

use super::cursor::Cursor;
use crate::fact::limits::Budget;

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

/// What was read so far, and which binding is a name's last.
#[derive(Default)]
struct Bindings {
    all: Vec<Binding>,
    last: BTreeMap<String, usize>,
}

/// Reads the text of a file. `environment` supplies `${X}` before the file does, since python-dotenv does not
/// override. None where it becomes more than there is a [`Budget`] for.
pub fn read(text: &str, environment: &BTreeMap<String, String>) -> Option<Vec<Binding>> {
    let mut bindings = Bindings::default();
    let mut budget = Budget::default();
    let mut rest = Cursor::new(text);
    while let Some((line, name, raw)) = binding(&mut rest) {
        let value = match raw {
            Some(raw) => Some(expand(&raw, &bindings, environment, &mut budget)?),
            None => None,
        };
        bindings.last.insert(name.to_owned(), bindings.all.len());
        bindings.all.push(Binding { name: name.to_owned(), value, line });
    }
    Some(bindings.all)
}

/// White space within a line, as Python's `[^\S\r\n]`.
fn is_blank(c: char) -> bool {
    c.is_whitespace() && !is_end(c)
}

fn is_end(c: char) -> bool {
    c == '\r' || c == '\n'
}

/// The statement is none that python-dotenv can read.
struct Unreadable;

/// The next binding: its line, its name and its raw value. What is none is passed over, from where it stops making sense
/// to the end of that line.
fn binding<'a>(rest: &mut Cursor<'a>) -> Option<(u32, &'a str, Option<String>)> {
    loop {
        rest.until(|c| !c.is_whitespace());
        rest.peek()?;
        let line = rest.line();
        match statement(rest) {
            Ok(Some((name, raw))) => return Some((line, name, raw)),
            Ok(None) => {}
            Err(Unreadable) => {
                rest.until(is_end);
            }
        }
    }
}

/// None for a comment.
fn statement<'a>(rest: &mut Cursor<'a>) -> Result<Option<(&'a str, Option<String>)>, Unreadable> {
    let blanks = |rest: &mut Cursor<'a>| rest.until(|c| !is_blank(c));
    if rest.rest().strip_prefix("export").is_some_and(|after| after.starts_with(is_blank)) {
        rest.over("export".len());
        blanks(rest);
    }
    let name = name(rest)?;
    blanks(rest);
    let raw = if rest.eat('=') {
        blanks(rest);
        Some(value(rest)?)
    } else {
        None
    };
    blanks(rest);
    if rest.peek() == Some('#') {
        rest.until(is_end);
    }
    if rest.peek().is_some_and(|c| !is_end(c)) {
        return Err(Unreadable);
    }
    Ok(name.map(|name| (name, raw)))
}

/// None for a comment.
fn name<'a>(rest: &mut Cursor<'a>) -> Result<Option<&'a str>, Unreadable> {
    let name = match rest.peek() {
        Some('#') => return Ok(None),
        Some('\'') => {
            let mut ahead = *rest;
            ahead.next();
            let name = ahead.until(|c| c == '\'');
            if !ahead.eat('\'') {
                return Err(Unreadable);
            }
            *rest = ahead;
            name
        }
        _ => rest.until(|c| c == '=' || c == '#' || c.is_whitespace()),
    };
    if name.is_empty() { Err(Unreadable) } else { Ok(Some(name)) }
}

fn value(rest: &mut Cursor<'_>) -> Result<String, Unreadable> {
    match rest.peek() {
        Some(quote @ ('"' | '\'')) => quoted(rest, quote),
        _ => Ok(unquoted(rest.until(is_end))),
    }
}

/// The value ends at the first quotation mark without a backslash before it, or else at the last one with.
fn quoted(rest: &mut Cursor<'_>, quote: char) -> Result<String, Unreadable> {
    let inner = rest.rest().strip_prefix(quote).ok_or(Unreadable)?;
    let (mut before, mut last) = (quote, None);
    for (at, c) in inner.char_indices() {
        if c == quote {
            last = Some(at);
            if before != '\\' {
                break;
            }
        }
        before = c;
    }
    let end = last.ok_or(Unreadable)?;
    rest.next();
    let text = unescape(rest.over(end), quote);
    rest.next();
    Ok(text)
}

/// Up to the first `#` behind white space.
fn unquoted(line: &str) -> String {
    let mut cuts = line.match_indices('#').filter_map(|(at, _)| line.get(..at));
    cuts.find(|before| before.ends_with(char::is_whitespace)).unwrap_or(line).trim_end().to_owned()
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
fn expand(
    text: &str,
    earlier: &Bindings,
    environment: &BTreeMap<String, String>,
    budget: &mut Budget,
) -> Option<String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let mut inner = Cursor::new(after);
        let name = inner.until(|c| c == ':' || c == '}');
        let default = inner.rest().strip_prefix(":-").map(|it| it.split_once('}'));
        let (default, behind) = match (default, inner.rest().strip_prefix('}')) {
            (_, Some(behind)) => ("", behind),
            (Some(Some(found)), None) => found,
            // Nothing closes any more, or nothing is asked for.
            (Some(None), None) => break,
            (None, None) if inner.rest().is_empty() => break,
            (None, None) => {
                // Not its syntax, so it stays as it is; no other name begins before the `:`.
                out.extend([before, "${", name]);
                rest = inner.rest();
                continue;
            }
        };
        let of_file = || earlier.all.get(*earlier.last.get(name)?).map(|it| it.value.as_deref().unwrap_or_default());
        let value = environment.get(name).map(String::as_str).or_else(of_file).unwrap_or(default);
        budget.expand(value.len())?;
        out.extend([before, value]);
        rest = behind;
    }
    Some(out + rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str, name: &str) -> Option<String> {
        let bindings = read(text, &BTreeMap::new()).expect("within the budget");
        bindings.into_iter().rev().find(|binding| binding.name == name).and_then(|binding| binding.value)
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
            ("X=${a:${b}c}", Some("${a:c}")),
            ("X=${a:-b${c", Some("${a:-b${c")),
            ("X='\u{2013}\\'\u{2013}'", Some("\u{2013}'\u{2013}")),
            ("X=\u{2013} #\u{2013}", Some("\u{2013}")),
        ] {
            assert_eq!(value(text, "X").as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn lines_are_counted() {
        let bindings = read("# one\n\nA=1\nB=\"2\n3\"\nC=4\n", &BTreeMap::new()).expect("within the budget");
        assert_eq!(
            bindings.iter().map(|b| (b.name.as_str(), b.line)).collect::<Vec<_>>(),
            [("A", 3), ("B", 4), ("C", 6)]
        );
    }

    #[test]
    fn what_doubles_without_end_is_not_read() {
        let doubling: Vec<String> = (1..41).map(|n| format!("A{n}=${{A{0}}}${{A{0}}}\n", n - 1)).collect();
        assert_eq!(read(&format!("A0=xxxxxxxx\n{}", doubling.concat()), &BTreeMap::new()), None);
    }
}
