//! What starts a unit at the next boot.

use serde::{Deserialize, Serialize};

use super::quote::Quote;

/// What its being enabled does not tell.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AtBoot {
    /// The units that it is enabled for (its `WantedBy=`), where none of them is started at boot.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lost: Vec<String>,
    /// The target that this machine boots to (systemd.special(7), `default.target`), where those of `lost` exist and are not
    /// part of it; none where there are no such units.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub boots_to: Option<String>,
    /// The units started at boot that start it, where it is not enabled itself.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub started_by: Vec<String>,
    /// The sockets that the boot starts, and whose first connection starts it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub on_demand: Vec<String>,
    /// Why it is not known whether anything starts it, where nothing was seen that does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub untold: Option<String>,
    /// What systemd says of its files, where it refuses to start it with them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unloaded: Option<Quote>,
    /// The file that its command reads, and that is not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_gone: Option<String>,
    /// Whether systemd has never set about starting it since the last boot.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub untried: bool,
}

impl AtBoot {
    /// Whether there is nothing to tell.
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }

    /// Whether systemd starts it by itself; `enabled` is its `UnitFileState`.
    pub fn starts(&self, enabled: &str) -> bool {
        let enabled = matches!(enabled, "enabled" | "enabled-runtime" | "generated" | "alias");
        self.unloaded.is_none() && ((enabled && self.lost.is_empty()) || !self.started_by.is_empty())
    }

    /// Why it is not started although it is enabled; nothing where it is not even that.
    pub fn why_not(&self) -> Option<String> {
        let names = self.lost.join(", ");
        match &self.boots_to {
            _ if self.lost.is_empty() => None,
            None => Some(format!("it is enabled for {names} alone, and there is no such unit")),
            Some(target) => Some(format!(
                "it is enabled for {names} alone, which is no part of {target}, to which this machine boots"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_enabled_for_nothing_that_starts_is_not_started() {
        assert!(AtBoot::default().starts("enabled") && !AtBoot::default().starts("static"));
        let lost = AtBoot { lost: vec!["x.target".to_owned()], ..AtBoot::default() };
        assert!(!lost.starts("enabled") && lost.why_not().is_some_and(|why| why.contains("no such unit")));
        let aside = AtBoot { boots_to: Some("multi-user.target".to_owned()), ..lost.clone() };
        assert!(aside.why_not().is_some_and(|why| why.contains("no part of multi-user.target")));
        assert!(AtBoot { started_by: vec!["y.service".to_owned()], ..lost }.starts("disabled"));
    }
}
