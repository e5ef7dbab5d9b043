//! What must hold for a check to mean anything, and the names of what several need.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use serde::Deserialize;

use super::CheckId;
use crate::fact::Vantage;

/// `checks/prerequisites.toml`, as it is written.
static NAMED: LazyLock<BTreeMap<String, Vec<String>>> =
    LazyLock::new(|| toml::from_str(include_str!("../../checks/prerequisites.toml")).unwrap_or_default());

/// A check that must hold for another to mean anything: `redis-port-open`, or at one vantage
/// `redis-answers@server`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// Which check.
    pub check: CheckId,
    /// At which vantage; none for this one, or, if it is not judged here, wherever it is.
    pub at: Option<Vantage>,
}

impl Need {
    /// Whether a check at a vantage is what is meant; without a vantage, it is at any.
    pub fn is(&self, (check, vantage): &(CheckId, Vantage)) -> bool {
        self.check == *check && self.at.is_none_or(|at| at == *vantage)
    }
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at {
            Some(at) => write!(f, "{} ({at})", self.check),
            None => self.check.fmt(f),
        }
    }
}

impl FromStr for Need {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (check, at) = text.split_once('@').map_or((text, None), |(check, at)| (check, Some(at)));
        Ok(Self { check: CheckId(check.to_owned()), at: at.map(str::parse).transpose()? })
    }
}

/// A list of needs, in which a name (`@tunnel`) stands for all that it is short for. Their order means nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Needs(Vec<Need>);

impl std::ops::Deref for Needs {
    type Target = [Need];
    fn deref(&self) -> &[Need] {
        &self.0
    }
}

impl std::ops::DerefMut for Needs {
    fn deref_mut(&mut self) -> &mut [Need] {
        &mut self.0
    }
}

impl<'a> IntoIterator for &'a Needs {
    type Item = &'a Need;
    type IntoIter = std::slice::Iter<'a, Need>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<'de> Deserialize<'de> for Needs {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (mut found, mut known) = (Vec::new(), BTreeSet::new());
        let mut open = Vec::<String>::deserialize(deserializer)?;
        while let Some(text) = open.pop() {
            // Names that stand in each other come to an end.
            if !known.insert(text.clone()) {
                continue;
            }
            match text.strip_prefix('@') {
                Some(name) => open.extend(named(name).map_err(serde::de::Error::custom)?.iter().cloned()),
                None => found.push(text.parse().map_err(serde::de::Error::custom)?),
            }
        }
        found.reverse();
        Ok(Self(found))
    }
}

fn named(name: &str) -> Result<&'static [String], String> {
    NAMED.get(name).map(Vec::as_slice).ok_or_else(|| {
        let known = NAMED.keys().map(|name| format!("@{name}")).collect::<Vec<_>>().join(", ");
        format!("`@{name}` is not defined; known are {known}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Form {
        needs: Needs,
    }

    fn read(text: &str) -> Result<Vec<String>, String> {
        let form: Form = toml::from_str(text).map_err(|error| error.message().to_owned())?;
        Ok(form.needs.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_name_stands_for_several_and_may_stand_in_another() {
        let whole = read(r#"needs = ["a", "@server-firewall", "b@client"]"#).expect("needs");
        assert_eq!(whole, ["a", "ufw-admits-worker (server)", "firewall-admits-worker (server)", "b (client)"]);
        let nested = read(r#"needs = ["@tcp-path"]"#).expect("needs");
        assert!(nested.contains(&"wg-handshake (client)".to_owned()), "{nested:?}");
        let unknown = read(r#"needs = ["@nobody"]"#).expect_err("no such name");
        assert!(unknown.starts_with("`@nobody` is not defined; known are @"), "{unknown}");
    }
}
