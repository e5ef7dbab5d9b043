//! What stands in an Endpoint that does not belong there.

use super::line::is_space;
use super::value::{Endpoint, Services, endpoint};
use crate::fact::wireguard::{EndpointFlaw, Foreign};

/// A character that nobody sees, or takes for a common space.
fn is_invisible(c: char) -> bool {
    let formats = matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202f}' | '\u{2060}'..='\u{2064}' | '\u{feff}');
    formats || (c.is_control() && !is_space(c)) || (c.is_whitespace() && !is_space(c))
}

/// What is wrong with a value that `wg` refuses, and how many characters stand before that; none where nothing of the kind is.
pub(super) fn of(raw: &str, services: &Services<'_>) -> Option<(usize, EndpointFlaw)> {
    let value = raw.trim_matches(is_space);
    let quote = |c: char| matches!(c, '"' | '\'' | '“' | '”' | '‘' | '’');
    let at = |found: usize| value.get(..found).unwrap_or_default().chars().count();
    let (place, what) = if let Some((found, c)) = value.char_indices().find(|(_, c)| is_invisible(*c)) {
        (at(found), Foreign::Invisible(c))
    } else if let Some((scheme, _)) = value.split_once("://") {
        (0, Foreign::Scheme(scheme.to_owned()))
    } else if let Some(found) = value.find(quote) {
        (at(found), Foreign::Quotes)
    } else if let Some(found) = value.find(',') {
        (at(found), Foreign::List)
    } else if let Some(found) = value.find(is_space) {
        (at(found), Foreign::Space)
    } else if let Some(found) = value.find('/') {
        (at(found), Foreign::Path)
    } else {
        return None;
    };
    let flaw = EndpointFlaw { shown: shown(value), what, meant: meant(value, services) };
    Some((place, flaw))
}

/// The value with what nobody sees made visible. A long word of letters may be a key that was pasted here, and what stands
/// before an `@` a password.
fn shown(value: &str) -> String {
    let long = value.split(|c: char| !(c.is_ascii_alphanumeric() || "+/=".contains(c))).any(|word| word.len() >= 40);
    if long || value.contains('@') || value.chars().count() > 120 {
        return String::new();
    }
    value.chars().map(|c| if is_invisible(c) { format!("<U+{:04X}>", u32::from(c)) } else { c.to_string() }).collect()
}

/// The value without all that does not belong there, if that is an address with a port.
fn meant(value: &str, services: &Services<'_>) -> Option<String> {
    let seen: String = value.chars().filter(|c| !is_invisible(*c) && !"\"'“”‘’".contains(*c)).collect();
    let bare = seen.split_once("://").map_or(seen.as_str(), |(_, rest)| rest);
    let first = bare.split([',', '/']).next().unwrap_or_default().trim_matches(is_space);
    let parts: Vec<&str> = first.split(is_space).filter(|part| !part.is_empty()).collect();
    let joined = match parts.as_slice() {
        [host, port] if !host.ends_with(':') && !port.starts_with(':') => format!("{host}:{port}"),
        parts => parts.concat(),
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || ".-_:[]".contains(c);
    let good = matches!(endpoint(&joined, services), Endpoint::Good(_, false)) && joined.chars().all(plain);
    good.then_some(joined)
}

/// Whether no host has such a name.
pub(super) fn is_no_host(host: &str) -> bool {
    host.contains([',', '"', '\'']) || host.chars().any(is_invisible)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_belong_there_is_found_with_its_place() {
        let good = Some("198.51.100.1:51820".to_owned());
        let cases = [
            (" udp://198.51.100.1:51820", 0, Foreign::Scheme("udp".to_owned())),
            ("198.51.100.1:51820/wg", 18, Foreign::Path),
            ("198.51.100.1 51820", 12, Foreign::Space),
            ("198.51.100.1:51820\u{a0}", 18, Foreign::Invisible('\u{a0}')),
            ("\u{200b}198.51.100.1:51820", 0, Foreign::Invisible('\u{200b}')),
            ("198.51.100.1:51820, 198.51.100.9:51820", 18, Foreign::List),
            ("\"198.51.100.1:51820\"", 0, Foreign::Quotes),
        ];
        for (value, place, what) in cases {
            let (at, flaw) = of(value, &Services::new("")).expect("a flaw");
            assert_eq!((at, &flaw.what, &flaw.meant), (place, &what, &good), "{value:?}");
        }
        assert_eq!(of("vpn.example.test:51820", &Services::new("")), None);
    }

    #[test]
    fn nobody_sees_a_key_or_a_password_that_stands_there() {
        let (_, flaw) = of("AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=, 1", &Services::new("")).expect("a flaw");
        assert_eq!(flaw.shown, "");
        let (_, flaw) = of("https://me:secret@vpn.example.test:51820", &Services::new("")).expect("a flaw");
        assert_eq!((flaw.shown.as_str(), flaw.meant), ("", None));
        let (_, flaw) = of("198.51.100.1:51820\u{a0}", &Services::new("")).expect("a flaw");
        assert_eq!(flaw.shown, "198.51.100.1:51820<U+00A0>");
    }
}
