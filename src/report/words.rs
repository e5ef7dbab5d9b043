//! The words in a check's sentences, and what fills them.

use std::collections::BTreeMap;

use crate::check::{Cause, Check, Finding};
use crate::snapshot::Snapshot;

/// The words that every sentence may use: the deployment's own values.
pub fn common_words(snapshot: &Snapshot) -> BTreeMap<&'static str, String> {
    let addresses = &snapshot.addresses;
    // The far end's public address is a word only where it is known.
    let public = addresses.public.map_or_else(|| "<the server's public address>".to_owned(), |ip| ip.to_string());
    BTreeMap::from([
        ("server", addresses.server.value.to_string()),
        ("client", addresses.client.value.to_string()),
        ("subnet", addresses.subnet.value.to_string()),
        ("interface", addresses.interface.value.clone()),
        ("wireguard_port", addresses.wireguard_port.value.to_string()),
        ("redis_port", addresses.redis_port.value.to_string()),
        ("postgres_port", addresses.postgres_port.value.to_string()),
        ("public", public),
        ("host", snapshot.host.clone()),
        ("here", snapshot.vantage.word().to_owned()),
    ])
}

/// Whether a template has a word in it that is known, and is nothing.
pub(super) fn names_empty_word(template: &str, words: &BTreeMap<&'static str, String>) -> bool {
    words.iter().any(|(name, value)| value.is_empty() && template.contains(&format!("{{{name}}}")))
}

/// Fills `{name}`. A name that nobody gave stays, so that a test can find it.
pub(super) fn fill(template: &str, words: &BTreeMap<&'static str, String>) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(start) = rest.find('{') {
        let name_end =
            rest[start + 1..].find(|c: char| !(c.is_ascii_lowercase() || c == '_')).map(|end| start + 1 + end);
        let word = name_end
            .filter(|&end| rest[end..].starts_with('}'))
            .and_then(|end| words.get(&rest[start + 1..end]).map(|word| (end, word)));
        if let Some((end, word)) = word {
            out.push_str(&rest[..start]);
            out.push_str(word);
            rest = &rest[end + 1..];
        } else {
            out.push_str(&rest[..=start]);
            rest = &rest[start + 1..];
        }
    }
    out + rest
}

/// What is seen, and what that means for later.
pub(super) fn says(check: &Check, cause: &Cause, finding: &Finding) -> String {
    match &check.later {
        Some(later) if finding.later => format!("{}; {later}", cause.says),
        Some(_) | None => cause.says.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_filled_and_unknown_ones_stay() {
        let words = BTreeMap::from([("server", "10.8.0.1".to_owned())]);
        assert_eq!(
            fill("at {server}: {} {nobody} awk '{print $1}' {server}", &words),
            "at 10.8.0.1: {} {nobody} awk '{print $1}' 10.8.0.1"
        );
    }
}
