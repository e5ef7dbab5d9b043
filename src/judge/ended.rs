//! Why a server that should run does not.

use crate::check::{Finding, broken};
use crate::fact::service::{FailReason, UnitState};

/// By what it said itself when it last tried to start, where that is known.
pub(super) fn not_running(unit: Option<&UnitState>) -> Finding {
    let finding = match unit.and_then(|unit| unit.reason.as_ref()) {
        Some(FailReason::ConfLine(path, line)) if !path.is_empty() => broken("config-line").at(path, *line),
        Some(FailReason::ConfLine(_, line)) => broken("config-line").with("line", line),
        Some(FailReason::BadValue(name)) => broken("bad-value").with("name", name),
        Some(FailReason::NoAccess(path)) if path.is_empty() => broken("no-data-access"),
        Some(FailReason::NoAccess(path)) => broken("no-access").with("path", path),
        Some(FailReason::FolderMode(path)) => broken("folder-mode").with("path", path),
        Some(FailReason::KeyMode(path)) => broken("key-mode").with("path", path),
        Some(FailReason::NoMemory) => broken("no-memory"),
        Some(_) | None => broken("not-running"),
    };
    finding.with("state", unit.map_or("not known", UnitState::label))
}
