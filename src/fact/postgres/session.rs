//! Settings that rule each session of a role in a database, and who sets them.

use serde::{Deserialize, Serialize};

/// One place that sets one. A role's setting in a database goes before the role's own, that before the database's, that before
/// one for all roles, and that before the files (the manual's `ALTER ROLE`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionSetting {
    /// Its name.
    pub name: String,
    /// As written: `on`, `2s`, `LATIN1`.
    pub setting: String,
    /// Set for the role.
    pub role: bool,
    /// Set for the database.
    pub database: bool,
    /// The file, where a file sets it.
    pub path: Option<String>,
    /// From 1.
    pub line: Option<u32>,
}

impl SessionSetting {
    /// Whether it is on. PostgreSQL takes any beginning of `true` and `yes`, `on` and `1` (`parse_bool`).
    pub fn is_on(&self) -> bool {
        let word = self.setting.to_ascii_lowercase();
        !word.is_empty() && (word == "on" || word == "1" || "true".starts_with(&word) || "yes".starts_with(&word))
    }

    /// A time as PostgreSQL reads it, in milliseconds: without a unit it is in those (the manual, 20.1.1).
    pub fn milliseconds(&self) -> Option<u64> {
        let text = self.setting.trim();
        let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == ' ');
        let unit = match text.strip_prefix(digits)?.trim() {
            "" | "ms" => 1,
            "s" => 1000,
            "min" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return None,
        };
        digits.parse::<u64>().ok()?.checked_mul(unit)
    }

    pub(super) fn summary(&self) -> String {
        let by = match (&self.path, self.line, self.role, self.database) {
            (Some(path), Some(line), ..) => format!("{path}:{line}"),
            (.., true, true) => "ALTER ROLE … IN DATABASE".to_owned(),
            (.., true, false) => "ALTER ROLE".to_owned(),
            (.., false, true) => "ALTER DATABASE".to_owned(),
            (.., false, false) => "ALTER ROLE ALL".to_owned(),
        };
        format!("{} = {} ({by})", self.name, self.setting)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_postgresql_reads_them() {
        let of = |setting: &str| {
            let (name, setting) = ("idle_session_timeout".to_owned(), setting.to_owned());
            SessionSetting { name, setting, role: false, database: false, path: None, line: None }.milliseconds()
        };
        assert_eq!([of("2s"), of("0"), of("5 min"), of("1h")], [Some(2000), Some(0), Some(300_000), Some(3_600_000)]);
        assert_eq!(of("soon"), None);
    }
}
