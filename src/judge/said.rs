//! What a service said last itself, in a finding.

use crate::check::Finding;
use crate::fact::service::quote::Quote;

/// Its words, where they stand, and the line of its settings that has what they name, where one has.
pub(super) fn said<C>(finding: Finding<C>, said: &Quote) -> Finding<C> {
    let finding = finding.with("quote", &said.text).with("source", &said.source);
    match &said.named {
        Some((path, line)) => finding.at(path, *line).with("named", format!("; what it names is set at {path}:{line}")),
        None => finding.with("named", "").with("file", "").with("line", ""),
    }
}
