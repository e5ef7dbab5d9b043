//! What to type where only a person knows what to write: what shows the line to change, or what opens it.

use super::command::command;
use super::provenance::variables;
use super::{Shell, Words};
use crate::check::{Finding, Fix};
use crate::fact::Vantage;

/// For a cause whose file has no commands, or none that fits here. A variable's line is wherever its worker gets it from,
/// which is more than one file can say.
pub(super) fn by_hand(finding: &Finding, fix: &Fix, words: &Words, here: Vantage) -> Vec<String> {
    let named = |name: &&str| variables().contains(name);
    let found = finding.words.get("variable").map(String::as_str).filter(|_| fix.on != Some(Vantage::Server));
    if let Some(variable) = fix.variable.as_deref().or(found).filter(named) {
        return vec![format!("sudo clipcheck explain {variable}")];
    }
    // Of a container only its host knows which file that is.
    let open = finding.place.is_some() && fix.on.unwrap_or(here) == here && here != Vantage::Container;
    if open { command("sudoedit {file}", Shell::Sh, words).into_iter().collect() } else { Vec::new() }
}
