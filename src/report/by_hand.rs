//! What to type where only a person knows what to write: what shows the line to change, or what opens it.

use super::command::command;
use super::provenance::variables;
use super::{Shell, Words};
use crate::check::{Finding, Fix};
use crate::fact::Vantage;
use crate::fact::app::App;

/// For a cause whose file has no commands, or none that fits here. A variable's line is wherever its worker gets it from,
/// which is more than one file can say.
pub(super) fn by_hand(finding: &Finding, fix: &Fix, words: &Words, here: Vantage, app: Option<&App>) -> Vec<String> {
    let profile = app.and_then(|app| app.profile.as_deref());
    // Without its profile nobody knows another app's variables.
    let named = |name: &&str| variables(app).contains(name) && (app.is_none() || profile.is_some());
    let found = finding.words.get("variable").map(String::as_str).filter(|_| fix.on != Some(Vantage::Server));
    if let Some(variable) = fix.variable.as_deref().or(found).filter(named) {
        let options = profile.map(|path| format!(" --profile {path}")).unwrap_or_default();
        let template = format!("sudo clipcheck explain{options} {variable}");
        return command(&template, Shell::Sh, &Words::new()).into_iter().collect();
    }
    // Of a container only its host knows which file that is.
    let open = finding.place.is_some() && fix.on.unwrap_or(here) == here && here != Vantage::Container;
    if open { command("sudoedit {file}", Shell::Sh, words).into_iter().collect() } else { Vec::new() }
}
