//! Files of sections and settings, as systemd (systemd.syntax(7)) and GLib (the keyfiles of NetworkManager) read them.

use crate::fact::wireguard::At;

/// A section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section<'a> {
    /// The name in its brackets.
    pub name: &'a str,
    /// Where it begins.
    pub at: At,
    /// Its settings, in order.
    pub settings: Vec<Setting<'a>>,
}

/// A setting. Its value may be a secret, so it has no `Debug` of its own.
#[derive(Clone, PartialEq, Eq)]
pub struct Setting<'a> {
    /// Before the `=`.
    pub name: &'a str,
    /// Behind it.
    pub value: &'a str,
    /// Where the value begins.
    pub at: At,
}

impl std::fmt::Debug for Setting<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} at {}", self.name, self.at)
    }
}

impl<'a> Section<'a> {
    /// The last setting of that name, which is the one that counts.
    pub fn last(&self, name: &str) -> Option<&Setting<'a>> {
        self.settings.iter().rev().find(|it| it.name == name)
    }

    /// All settings of that name.
    pub fn all<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s Setting<'a>> {
        self.settings.iter().filter(move |it| it.name == name)
    }
}

/// The sections in order. What stands before the first one says nothing.
pub fn sections(text: &str) -> Vec<Section<'_>> {
    let mut found: Vec<Section<'_>> = Vec::new();
    for (line, written) in (1..).zip(text.lines()) {
        let start = |before: &str| At { line, column: column(before) };
        let trimmed = written.trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            continue;
        }
        let indent = written.split_once(trimmed).map_or("", |(indent, _)| indent);
        if let Some(name) = trimmed.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            found.push(Section { name, at: start(indent), settings: Vec::new() });
        } else if let (Some((name, value)), Some(section)) = (written.split_once('='), found.last_mut()) {
            let spaces = value.chars().take_while(|c| c.is_whitespace()).count();
            let spaces = if value.trim().is_empty() { 0 } else { u32::try_from(spaces).unwrap_or(0) };
            let at = At { line, column: column(name).saturating_add(1).saturating_add(spaces) };
            section.settings.push(Setting { name: name.trim(), value: value.trim(), at });
        }
    }
    found
}

/// The column behind a text.
fn column(before: &str) -> u32 {
    u32::try_from(before.chars().count()).unwrap_or(u32::MAX).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_and_their_settings_have_places() {
        let found = sections("x=1\n# [no]\n [a] \nb = c d\n;e=f\ng=\n[a]\nb=1\nb=2\n");
        let told: Vec<_> = found.iter().map(|it| (it.name, it.at.to_string(), it.settings.len())).collect();
        assert_eq!(told, [("a", "3:2".to_owned(), 2), ("a", "7:1".to_owned(), 2)]);
        let b = found[0].last("b").expect("is there");
        assert_eq!((b.value, b.at.to_string()), ("c d", "4:5".to_owned()));
        assert_eq!(found[0].last("g").map(|it| (it.value, it.at.to_string())), Some(("", "6:3".to_owned())));
        assert_eq!(found[1].last("b").map(|it| it.value), Some("2"));
        assert_eq!(found[1].all("b").count(), 2);
        assert!(!format!("{found:?}").contains("c d"));
    }
}
