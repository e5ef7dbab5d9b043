//! A line of the tunnel's file, and the names that may stand in it.

use crate::fact::wireguard::At;

/// The names that wg-quick takes for itself.
pub(super) const QUICK: [&str; 9] =
    ["Address", "MTU", "DNS", "Table", "PreUp", "PreDown", "PostUp", "PostDown", "SaveConfig"];
/// The names that `wg` knows in `[Interface]`.
pub(super) const INTERFACE: [&str; 3] = ["ListenPort", "FwMark", "PrivateKey"];
/// And in `[Peer]`.
pub(super) const PEER: [&str; 5] = ["Endpoint", "PublicKey", "AllowedIPs", "PersistentKeepalive", "PresharedKey"];

/// Every name of a wg-quick file, as it is usually written.
pub fn names() -> impl Iterator<Item = &'static str> {
    QUICK.into_iter().chain(INTERFACE).chain(PEER)
}

/// A line without its comment.
pub(super) struct Line<'a> {
    pub(super) text: &'a str,
    number: u32,
}

impl<'a> Line<'a> {
    pub(super) fn of(raw: &'a str, index: usize) -> Self {
        let text = raw.split('#').next().unwrap_or_default();
        Self { text, number: u32::try_from(index + 1).unwrap_or(u32::MAX) }
    }

    fn at(&self, before: usize) -> At {
        At { line: self.number, column: u32::try_from(before + 1).unwrap_or(u32::MAX) }
    }

    /// Its first character that is none of white space.
    pub(super) fn start(&self) -> At {
        self.at(self.text.chars().take_while(|c| is_space(*c)).count())
    }

    /// Its value's first character, or the place behind the `=`.
    pub(super) fn value_at(&self) -> At {
        let Some((name, after)) = self.text.split_once('=') else { return self.start() };
        let spaces = after.chars().take_while(|c| is_space(*c)).count();
        let empty = after.chars().all(is_space);
        self.at(name.chars().count() + 1 + if empty { 0 } else { spaces })
    }
}

pub(super) fn known(names: &[&'static str], written: &str) -> Option<&'static str> {
    names.iter().find(|name| name.eq_ignore_ascii_case(written)).copied()
}

/// White space as C has it: without the no-break space that web pages have between words.
pub(super) fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t'..='\r')
}

/// `wg` drops white space anywhere in a line.
pub(super) fn squeeze(text: &str) -> String {
    text.split('#').next().unwrap_or_default().chars().filter(|c| !is_space(*c)).collect()
}

/// The name before the `=` of a line that was not understood, if it can be no piece of a key: a plain word with a
/// value after it. (A key that was broken in two ends in `=`, with nothing behind.)
pub(super) fn plain_name(line: &str) -> Option<String> {
    let (name, value) = line.split_once('=')?;
    let name = name.trim();
    let value = value.trim_matches(|c: char| c.is_whitespace() || c == '=');
    let plain = !name.is_empty() && name.len() <= 24 && name.bytes().all(|byte| byte.is_ascii_alphabetic());
    (plain && !value.is_empty()).then(|| name.to_owned())
}

/// The command of a line such as `PostUp = …`, as wg-quick runs it for an interface. It may hold a secret.
pub fn command(line: &str, interface: &str) -> Option<String> {
    let (_, value) = line.split('#').next().unwrap_or_default().split_once('=')?;
    Some(value.trim_matches(is_space).replace("%i", interface))
}
