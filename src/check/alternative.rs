//! A cause that may be behind what is seen from one end.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

use super::CheckId;
use crate::fact::Vantage;

/// Another check that may be broken elsewhere, or one cause of it: `server redis-listens`,
/// `client wg-endpoint/other-port`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Alternative {
    /// Where it would be broken.
    pub on: Vantage,
    /// Which check.
    pub check: CheckId,
    /// Which cause of it; none for any.
    pub cause: Option<String>,
}

impl Alternative {
    /// Whether this stands for a cause of a check at a vantage.
    pub fn covers(&self, on: Vantage, check: &str, cause: &str) -> bool {
        self.on == on && self.check.0 == check && self.cause.as_deref().is_none_or(|own| own == cause)
    }

    /// `check` or `check/cause`: what `clipcheck explain` takes.
    pub fn code(&self) -> String {
        match &self.cause {
            Some(cause) => format!("{}/{cause}", self.check),
            None => self.check.to_string(),
        }
    }
}

impl fmt::Display for Alternative {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.on, self.code())
    }
}

impl FromStr for Alternative {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (on, code) = text.split_once(' ').ok_or_else(|| format!("`{text}` should be `VANTAGE CHECK[/CAUSE]`"))?;
        let (check, cause) =
            code.split_once('/').map_or((code, None), |(check, cause)| (check, Some(cause.to_owned())));
        Ok(Self { on: on.parse()?, check: CheckId(check.to_owned()), cause })
    }
}

impl<'de> Deserialize<'de> for Alternative {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
