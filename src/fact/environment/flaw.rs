//! What can be wrong with a value that was meant to be a URL.

use serde::{Deserialize, Serialize};

/// What is wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Flaw {
    /// It begins or ends with a quotation mark.
    Quoted,
    /// It ends with ` # …`.
    Comment,
    /// It has no `scheme://`.
    NoScheme,
    /// It still has a placeholder: `<user>`, `VPN_HOST_IP`, `USER:PASSWORD`.
    Placeholder,
    /// The password has a character in it at which the app's library cuts, and is not percent-encoded.
    UnencodedPassword,
    /// White space or a carriage return inside or around it.
    WhiteSpace,
    /// Anything else.
    Unreadable,
}

impl Flaw {
    /// What is seen, in a few words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Quoted => "in quotation marks",
            Self::Comment => "followed by a comment, which is part of it",
            Self::NoScheme => "without a scheme",
            Self::Placeholder => "with a placeholder left in it",
            Self::UnencodedPassword => "with an unencoded special character in the password",
            Self::WhiteSpace => "with white space or a carriage return in it",
            Self::Unreadable => "unreadable",
        }
    }

    /// What can be seen before a URL is cut.
    pub(super) fn around(text: &str) -> Result<(), Self> {
        let quotes = ['"', '\'', '\u{201c}', '\u{201d}'];
        if text.starts_with(quotes) || text.ends_with(quotes) {
            Err(Self::Quoted)
        } else if text.contains(" #") {
            Err(Self::Comment)
        } else if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            Err(Self::WhiteSpace)
        } else if is_placeholder(text) {
            Err(Self::Placeholder)
        } else {
            Ok(())
        }
    }
}

/// Without what SQLAlchemy passes over: what follows on an IPv6 address in brackets and is no port, path or query.
pub(super) fn passed_over(text: &str) -> &str {
    let bracket = text.rsplit_once("@[").or_else(|| text.split_once("://["));
    let behind = bracket.and_then(|(_, rest)| rest.split_once(']')).map_or("", |(_, behind)| behind);
    let comment = text.starts_with("postgres") && behind.starts_with(" #");
    text.strip_suffix(behind).filter(|_| comment).unwrap_or(text)
}

/// The placeholders of the guide, of the example compose files and of common templates.
fn is_placeholder(text: &str) -> bool {
    (text.contains('<') && text.contains('>'))
        || ["VPN_HOST_IP", "USER:PASSWORD", "YOUR_", "CHANGEME", "REPLACE_"].iter().any(|word| text.contains(word))
}

#[cfg(test)]
mod tests {
    use super::passed_over;

    #[test]
    fn only_behind_brackets_is_a_comment_passed_over() {
        assert_eq!(passed_over("postgresql://u:p@[fd00::1] # note"), "postgresql://u:p@[fd00::1]");
        for text in ["postgresql://h # note", "postgresql://[fd00::1]/d # note", "redis://[fd00::1] # note"] {
            assert_eq!(passed_over(text), text);
        }
    }
}
