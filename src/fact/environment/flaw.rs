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
}
