//! Which variable of the worker's a fix corrects, and how.

use super::command::command;
use super::provenance::variables;
use super::{Shell, Words};
use crate::check::{Finding, Fix};
use crate::fact::Vantage;
use crate::fact::app::App;

/// A variable of the worker's that a fix corrects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Correction {
    /// The variable.
    pub variable: String,
    /// What `sed` is told to correct a line of it, as it is typed; none where only a person knows the value.
    pub edit: Option<String>,
}

/// The variable that a finding is about. The command for a file's line holds for any line that sets it.
pub(super) fn correction(finding: &Finding, fix: &Fix, words: &Words, app: Option<&App>) -> Option<Correction> {
    let found = finding.words.get("variable").or(fix.variable.as_ref());
    let variable = found.filter(|it| fix.on != Some(Vantage::Server) && variables(app).contains(&it.as_str()))?;
    let mut anywhere = words.clone();
    anywhere.insert("edit_line", String::new());
    let typed = |line: &String| {
        let told = line.strip_prefix("sed -i ")?.strip_suffix(" {edit_file}")?;
        command(told, Shell::Sh, &anywhere).ok()
    };
    Some(Correction { variable: variable.clone(), edit: fix.run.iter().find_map(typed) })
}
