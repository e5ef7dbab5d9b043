//! `${NAME}` and its kin in compose files and in the env files that compose reads.

/// What a text becomes.
#[derive(Clone, PartialEq, Eq)]
pub struct Filled {
    /// The text; secrets and all.
    pub text: String,
    /// The names that were asked for, in order. That of a bare `$name` without a value is empty: it may be a piece of a
    /// password.
    pub names: Vec<String>,
    /// Whether a bare `$name` before an `@`, as in a URL's password, had no value, and nothing was put in its place.
    pub blank: bool,
}

/// Fills in a text: `$NAME`, `${NAME}`, `${NAME:-default}`, `${NAME-default}`, `${NAME:?error}`, `${NAME?error}`,
/// `${NAME:+other}`, `${NAME+other}`, nested; `$$` is a `$`. None where compose gives up: a required variable is
/// missing, or the text is no template.
pub fn fill(text: &str, known: &dyn Fn(&str) -> Option<String>) -> Option<Filled> {
    let mut filled = Filled { text: String::new(), names: Vec::new(), blank: false };
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        filled.text.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            filled.text.push('$');
            rest = after;
        } else if let Some(after) = rest.strip_prefix('{') {
            let end = closing(after)?;
            braced(&after[..end], known, &mut filled)?;
            rest = &after[end + 1..];
        } else {
            let length = name_length(rest);
            if length == 0 {
                return None;
            }
            let value = known(&rest[..length]);
            filled.blank |= value.is_none() && rest.contains('@');
            filled.names.push(value.as_ref().map_or("", |_| &rest[..length]).to_owned());
            filled.text.push_str(&value.unwrap_or_default());
            rest = &rest[length..];
        }
    }
    filled.text.push_str(rest);
    Some(filled)
}

/// Where the brace closes that stands open before the text.
fn closing(text: &str) -> Option<usize> {
    let mut open = 1;
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        match c {
            '{' if before == '$' => open += 1,
            '}' => {
                open -= 1;
                if open == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
        before = c;
    }
    None
}

fn name_length(text: &str) -> usize {
    let first = text.chars().next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    if !first {
        return 0;
    }
    text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len())
}

fn braced(inner: &str, known: &dyn Fn(&str) -> Option<String>, filled: &mut Filled) -> Option<()> {
    let length = name_length(inner);
    if length == 0 {
        return None;
    }
    let (name, operator) = inner.split_at(length);
    let value = known(name);
    filled.names.push(name.to_owned());
    let (kind, other, empty_counts) = match operator.strip_prefix(':') {
        Some(rest) => (rest.chars().next(), rest.get(1..), false),
        None => (operator.chars().next(), operator.get(1..), true),
    };
    let there = value.as_deref().is_some_and(|value| empty_counts || !value.is_empty());
    let other = |filled: &mut Filled| -> Option<String> {
        let nested = fill(other.unwrap_or_default(), known)?;
        filled.names.extend(nested.names);
        filled.blank |= nested.blank;
        Some(nested.text)
    };
    let text = match kind {
        None if operator.is_empty() => value.unwrap_or_default(),
        Some('-') if there => value.unwrap_or_default(),
        Some('-') => other(filled)?,
        Some('+') if there => other(filled)?,
        Some('+') => String::new(),
        Some('?') if there => value.unwrap_or_default(),
        _ => return None,
    };
    filled.text.push_str(&text);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_filled_as_compose_fills_them() {
        let known = |name: &str| match name {
            "A" => Some("a".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        };
        for (text, expected) in [
            ("$A-${A}", Some("a-a")),
            ("$$A $${A}", Some("$A ${A}")),
            ("${NONE}", Some("")),
            ("${NONE:-d${A}e}", Some("dae")),
            ("${EMPTY:-d}${EMPTY-d}", Some("d")),
            ("${A:+x}${EMPTY:+x}${EMPTY+y}", Some("xy")),
            ("${NONE:?gone}", None),
            ("${EMPTY?gone}", Some("")),
            ("${", None),
            ("a$", None),
            ("$1", None),
        ] {
            assert_eq!(fill(text, &known).map(|filled| filled.text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_piece_of_a_password_is_no_name() {
        let filled = fill("u:Si$lly7horse@${HOST}/${NONE:-d}", &|name| (name == "HOST").then(|| "h".to_owned()));
        let filled = filled.expect("fills");
        assert!(filled.blank && filled.text == "u:Si@h/d");
        assert_eq!(filled.names, ["", "HOST", "NONE"]);
        assert!(!fill("${NONE:-d}$$a", &|_| None).expect("fills").blank);
        // What is behind the password is not of it, and who writes braces means a name.
        assert!(!fill("u:p@h/$DB", &|_| None).expect("fills").blank);
        assert!(!fill("u:${PASSWORD}@h/d", &|_| None).expect("fills").blank);
    }
}
