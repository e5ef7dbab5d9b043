//! What keeps an Endpoint from being `ADDRESS:PORT`.

use serde::{Deserialize, Serialize};

/// What stands in an Endpoint's value that does not belong there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointFlaw {
    /// The value as written, with what nobody can see as `<U+00A0>`. Empty where it may hold a secret.
    pub shown: String,
    /// What is wrong.
    pub what: Foreign,
    /// The value without it, where that is one that is taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meant: Option<String>,
}

/// What does not belong into an Endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Foreign {
    /// A character that is not seen, or looks like a space and is none.
    Invisible(char),
    /// `udp://` and the like; holds the scheme.
    Scheme(String),
    /// A comma: more than one.
    List,
    /// A space between two parts. (`wg` takes it away, and what is left is no address with a port.)
    Space,
    /// Quotation marks.
    Quotes,
    /// A slash behind the port.
    Path,
}

impl EndpointFlaw {
    /// What is wrong, in words.
    pub fn words(&self) -> String {
        match &self.what {
            Foreign::Invisible(c) => {
                format!("it contains the character U+{:04X} ({}), which is not visible", u32::from(*c), name_of(*c))
            }
            Foreign::Scheme(scheme) => format!("`{scheme}://` does not belong before the address"),
            Foreign::List => "it has a comma, and an Endpoint is one address with one port".to_owned(),
            Foreign::Space => "it has a space in the middle, and a colon stands between address and port".to_owned(),
            Foreign::Quotes => "it stands in quotation marks".to_owned(),
            Foreign::Path => "a slash does not belong behind the port".to_owned(),
        }
    }
}

fn name_of(c: char) -> &'static str {
    match c {
        '\u{a0}' => "no-break space",
        '\u{ad}' => "soft hyphen",
        '\u{200b}' => "zero width space",
        '\u{200c}' | '\u{200d}' => "zero width joiner or non-joiner",
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' => "a mark of the writing direction",
        '\u{202f}' => "narrow no-break space",
        '\u{2060}' => "word joiner",
        '\u{feff}' => "byte order mark",
        c if c.is_whitespace() => "a space of another kind",
        _ => "a control character",
    }
}
