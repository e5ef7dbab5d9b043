//! `${NAME}` and the like in compose files and in the env files that compose reads.

use crate::fact::limits::Budget;

/// What a text becomes.
#[derive(Clone, Default, PartialEq, Eq)]
pub(in crate::read) struct Filled {
    /// The text; secrets and all.
    pub text: String,
    /// The names that were asked for, in order. That of a bare `$name` without a value is empty: it may be a piece of a
    /// password.
    pub names: Vec<String>,
    /// Whether a bare `$name` before an `@`, as in a URL's password, had no value, and nothing was put in its place.
    pub blank: bool,
}

/// What knows the value of a name.
pub(in crate::read) type Known<'a> = &'a dyn Fn(&str) -> Option<&'a str>;

/// Fills in a text: `$NAME`, `${NAME}`, `${NAME:-default}`, `${NAME-default}`, `${NAME:?error}`, `${NAME?error}`,
/// `${NAME:+other}`, `${NAME+other}`, nested; `$$` is a `$`. None where compose gives up: a required variable is
/// missing, or the text is no template. None also where it becomes more than there is a [`Budget`] for.
pub(in crate::read) fn fill(text: &str, known: Known<'_>, budget: &mut Budget) -> Option<Filled> {
    let mut filled = Filled::default();
    filled.take(text, known, budget)?;
    Some(filled)
}

impl Filled {
    fn take(&mut self, text: &str, known: Known<'_>, budget: &mut Budget) -> Option<()> {
        let behind_login = text.rsplit_once('@').map(|(_, tail)| tail.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('$') {
            self.text.push_str(before);
            rest = if let Some(after) = after.strip_prefix('$') {
                self.text.push('$');
                after
            } else if let Some(after) = after.strip_prefix('{') {
                let (inner, after) = braces(after)?;
                self.braced(inner, known, budget)?;
                after
            } else {
                let (name, after) = name(after)?;
                let value = known(name);
                self.blank |= value.is_none() && behind_login.is_some_and(|tail| after.len() > tail);
                self.names.push(value.map_or("", |_| name).to_owned());
                self.put(value, budget)?;
                after
            };
        }
        self.text.push_str(rest);
        Some(())
    }

    fn put(&mut self, value: Option<&str>, budget: &mut Budget) -> Option<()> {
        let value = value.unwrap_or_default();
        budget.expand(value.len())?;
        self.text.push_str(value);
        Some(())
    }

    fn braced(&mut self, inner: &str, known: Known<'_>, budget: &mut Budget) -> Option<()> {
        let (name, operator) = name(inner)?;
        let value = known(name);
        self.names.push(name.to_owned());
        let (operator, empty_counts) = operator.strip_prefix(':').map_or((operator, true), |rest| (rest, false));
        let there = value.is_some_and(|value| empty_counts || !value.is_empty());
        let mut letters = operator.chars();
        match (letters.next(), there) {
            // `${NAME:}` is no template.
            (None, _) if empty_counts => self.put(value, budget),
            (Some('-' | '?'), true) => self.put(value, budget),
            (Some('-'), false) | (Some('+'), true) => {
                budget.enter()?;
                self.take(letters.as_str(), known, budget)?;
                budget.leave();
                Some(())
            }
            (Some('+'), false) => Some(()),
            _ => None,
        }
    }
}

/// What stands between a brace that was opened and the one that closes it, and what comes behind.
fn braces(text: &str) -> Option<(&str, &str)> {
    let mut open = 1;
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        match c {
            '{' if before == '$' => open += 1,
            '}' => open -= 1,
            _ => {}
        }
        if open == 0 {
            let (inner, behind) = text.split_at_checked(at)?;
            return Some((inner, behind.strip_prefix('}')?));
        }
        before = c;
    }
    None
}

/// The name at the beginning of a text, and what comes behind.
fn name(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    text.split_at_checked(end).filter(|(name, _)| name.starts_with(|c: char| !c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(text: &str, known: Known<'_>) -> Option<Filled> {
        super::fill(text, known, &mut Budget::default())
    }

    #[test]
    fn templates_are_filled_as_compose_fills_them() {
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
            ("${A:}", None),
            ("${A}\u{2013}$A\u{2013}", Some("a\u{2013}a\u{2013}")),
        ] {
            assert_eq!(
                fill(text, &|name| [("A", "a"), ("EMPTY", "")].into_iter().find(|it| it.0 == name).map(|it| it.1))
                    .map(|filled| filled.text)
                    .as_deref(),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn a_piece_of_a_password_is_no_name() {
        let filled = fill("u:Si$lly7horse@${HOST}/${NONE:-d}", &|name| (name == "HOST").then_some("h"));
        let filled = filled.expect("fills");
        assert!(filled.blank && filled.text == "u:Si@h/d");
        assert_eq!(filled.names, ["", "HOST", "NONE"]);
        assert!(!fill("${NONE:-d}$$a", &|_| None).expect("fills").blank);
        // What is behind the password is not of it, and who writes braces means a name.
        assert!(!fill("u:p@h/$DB", &|_| None).expect("fills").blank);
        assert!(!fill("u:${PASSWORD}@h/d", &|_| None).expect("fills").blank);
    }

    #[test]
    fn what_grows_or_nests_without_end_is_given_up() {
        let big = "x".repeat(1 << 20);
        assert!(fill("$A$A$A", &|_| Some(&big)).is_some() && fill("$A$A$A$A$A", &|_| Some(&big)).is_none());
        let nested = |deep: usize| format!("{}x{}", "${A:-".repeat(deep), "}".repeat(deep));
        assert_eq!(fill(&nested(60), &|_| None).map(|filled| filled.text).as_deref(), Some("x"));
        assert!(fill(&nested(20_000), &|_| None).is_none() && fill(&"${A:-".repeat(20_000), &|_| None).is_none());
    }
}
