//! What a URL shows before anybody cuts it.

use crate::fact::environment::Flaw;

/// What can be seen before a URL is cut.
pub(super) fn look_around(text: &str) -> Result<(), Flaw> {
    let quotes = ['"', '\'', '\u{201c}', '\u{201d}'];
    if text.starts_with(quotes) || text.ends_with(quotes) {
        Err(Flaw::Quoted)
    } else if text.contains(" #") {
        Err(Flaw::Comment)
    } else if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        Err(Flaw::WhiteSpace)
    } else if is_placeholder(text) {
        Err(Flaw::Placeholder)
    } else {
        Ok(())
    }
}

/// Without what SQLAlchemy passes over: what follows on an IPv6 address in brackets and is no port, path or query.
pub(super) fn passed_over(text: &str) -> &str {
    let bracket = text.rsplit_once("@[").or_else(|| text.split_once("://["));
    let behind = bracket.and_then(|(_, rest)| rest.split_once(']')).map_or("", |(_, behind)| behind);
    let comment = text.starts_with("postgres") && behind.starts_with(" #");
    text.strip_suffix(behind).filter(|_| comment).unwrap_or(text)
}

/// Without what urlsplit takes for a fragment behind the number of a Redis database, which a comment is to it.
pub(super) fn without_fragment(text: &str) -> &str {
    // Where an `@` follows, it may be a password that was not encoded.
    let Some((before, _)) = text.split_once('#').filter(|(_, behind)| !behind.contains('@')) else { return text };
    let index = before.split_once("://").and_then(|(_, rest)| rest.split_once('/')).map(|(_, index)| index.trim_end());
    let is_number = |index: &str| !index.is_empty() && index.chars().all(|c| c.is_ascii_digit());
    if index.is_some_and(is_number) { before } else { text }
}

/// The placeholders of the guide, of the example compose files and of common templates.
fn is_placeholder(text: &str) -> bool {
    (text.contains('<') && text.contains('>'))
        || ["VPN_HOST_IP", "USER:PASSWORD", "YOUR_", "CHANGEME", "REPLACE_"].iter().any(|word| text.contains(word))
}

#[cfg(test)]
mod tests {
    use super::{passed_over, without_fragment};

    #[test]
    fn only_behind_brackets_is_a_comment_passed_over() {
        assert_eq!(passed_over("postgresql://u:p@[fd00::1] # note"), "postgresql://u:p@[fd00::1]");
        for text in ["postgresql://h # note", "postgresql://[fd00::1]/d # note", "redis://[fd00::1] # note"] {
            assert_eq!(passed_over(text), text);
        }
    }

    #[test]
    fn a_comment_behind_the_number_of_a_redis_database_is_a_fragment() {
        assert_eq!(without_fragment("redis://:p@h:6379/0 # note"), "redis://:p@h:6379/0 ");
        for text in ["redis://:p@h:6379 # note", "redis://:p#q@h:6379/0", "redis://:p/1 #q@h/0", "redis://h/0?a=b # c"]
        {
            assert_eq!(without_fragment(text), text);
        }
    }
}
