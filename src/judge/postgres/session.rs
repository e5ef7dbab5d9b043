//! What is set for each session of the app's role.

use crate::check::cause::PostgresRoleReady;
use crate::check::{Finding, broken};
use crate::fact::postgres::session::SessionSetting;
use crate::fact::postgres::state::PgState;

/// A worker that waits for its next task is idle for longer than this, in milliseconds.
const IDLE: u64 = 600_000;

/// Every transaction is read-only.
pub(super) fn read_only(state: &PgState, role: &str, database: &str) -> Option<Finding<PostgresRoleReady>> {
    let set = of(state, "default_transaction_read_only").filter(|it| it.is_on())?;
    Some(placed(broken(PostgresRoleReady::ReadOnly), set, role, database))
}

/// Something that ends or refuses some of what the app does.
pub(super) fn limited(state: &PgState, role: &str, database: &str) -> Option<Finding<PostgresRoleReady>> {
    let narrow =
        |it: &&SessionSetting| !matches!(it.setting.to_ascii_lowercase().as_str(), "utf8" | "utf-8" | "unicode");
    let short = |it: &&SessionSetting| it.milliseconds().is_some_and(|limit| (1..IDLE).contains(&limit));
    let finding = match (of(state, "client_encoding").filter(narrow), of(state, "idle_session_timeout").filter(short)) {
        (Some(set), _) => placed(broken(PostgresRoleReady::Encoding), set, role, database),
        (None, Some(set)) => placed(broken(PostgresRoleReady::IdleTimeout), set, role, database),
        (None, None) => return None,
    };
    Some(finding)
}

/// Who sets what an error names, and the statement that takes it back; nothing where no file and no role's setting has it.
pub(super) fn who_names(state: &PgState, role: &str, database: &str, words: &str) -> Option<(String, String)> {
    let word = words.split('"').skip(1).step_by(2).find(|it| !it.is_empty())?;
    let has = |it: &&SessionSetting| it.setting.split(|c: char| ", '\"".contains(c)).any(|part| part == word);
    let set = state.session.iter().find(has)?;
    let by = by(set, role, database);
    let reset = if set.path.is_some() { String::new() } else { format!("{by} RESET {}", set.name) };
    Some((format!("; `{}` is set by {by}", set.name), reset))
}

fn of<'a>(state: &'a PgState, name: &str) -> Option<&'a SessionSetting> {
    state.session.iter().find(|it| it.name == name)
}

fn by(set: &SessionSetting, role: &str, database: &str) -> String {
    match (&set.path, set.line) {
        (Some(path), Some(line)) => format!("{path}:{line}"),
        _ => format!("ALTER {}", target(set, role, database)),
    }
}

/// What takes it back: an `ALTER` of the same kind; nothing where it is a file's line.
fn target(set: &SessionSetting, role: &str, database: &str) -> String {
    let of_system = set.path.as_deref().is_some_and(|path| path.ends_with("/postgresql.auto.conf"));
    match (set.role, set.database) {
        (true, true) => format!("ROLE {role} IN DATABASE {database}"),
        (true, false) => format!("ROLE {role}"),
        (false, true) => format!("DATABASE {database}"),
        (false, false) if of_system => "SYSTEM".to_owned(),
        (false, false) if set.path.is_none() => "ROLE ALL".to_owned(),
        (false, false) => String::new(),
    }
}

/// With who sets it, and where that is mended.
fn placed(
    finding: Finding<PostgresRoleReady>,
    set: &SessionSetting,
    role: &str,
    database: &str,
) -> Finding<PostgresRoleReady> {
    let (target, by) = (target(set, role, database), by(set, role, database));
    let finding = finding.with("setting", &set.setting).with("edit_file", "").with("edit_line", "");
    let finding = match (&set.path, set.line) {
        (Some(path), Some(line)) if target == "SYSTEM" => finding.at(path, line),
        (Some(path), Some(line)) => finding.at(path, line).with("edit_file", path).with("edit_line", line),
        _ => finding,
    };
    finding.with("by", by).with("target", target)
}
