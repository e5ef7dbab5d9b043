//! The tables of a database as one role finds them: whoever may log in and select 1 may still find no table, or may not
//! write to it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A schema.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schema {
    /// Its name.
    pub name: String,
    /// Whether the role has USAGE of it: without that, its tables cannot be found there.
    pub usable: bool,
}

/// Tables of extensions and of PostgreSQL itself are left out.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PgTables {
    /// The schemas that are searched, in order (`current_schemas`); those that the role may not use are not in it.
    pub search_path: String,
    /// How many tables are found without naming a schema.
    pub visible: u64,
    /// Schemas with tables that are not found so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub elsewhere: Vec<Schema>,
    /// The rights that are missing for what is found, 400 of them at most: `INSERT on users`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lacks: Vec<String>,
    /// The first tables whose rows row security keeps from this role, as no policy lets it to any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub guarded: Vec<String>,
    /// Columns that must have a value, have no default, and own a sequence, which so gives them none: `jobs.id jobs_id_seq`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unnumbered: Vec<String>,
    /// PostgreSQL's words, where it cancelled the question (SQLSTATE 57014).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
    /// `statement_timeout` of this session, in milliseconds; 0 is none.
    pub statement_timeout: u64,
}

/// Rights that are missing on the same tables or sequences.
pub struct Missing<'a> {
    /// SELECT, INSERT, UPDATE, DELETE; USAGE of sequences.
    pub rights: Vec<&'a str>,
    /// On what, by name as SQL has it.
    pub on: Vec<&'a str>,
}

/// So many names stand in a sentence.
const NAMES: usize = 4;

impl Missing<'_> {
    /// `SELECT, INSERT on jobs, users`.
    pub fn words(&self) -> String {
        let shown = self.on.iter().take(NAMES).copied().collect::<Vec<_>>().join(", ");
        let more = match self.on.len().saturating_sub(NAMES) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        format!("{} on {shown}{more}", self.rights.join(", "))
    }
}

impl PgTables {
    /// What is missing, the tables together that lack the same.
    pub fn missing(&self) -> impl Iterator<Item = Missing<'_>> {
        let mut rights: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (right, name) in self.lacks.iter().filter_map(|lack| lack.split_once(" on ")) {
            rights.entry(name).or_default().push(right);
        }
        let mut same: BTreeMap<Vec<&str>, Vec<&str>> = BTreeMap::new();
        for (name, rights) in rights {
            same.entry(rights).or_default().push(name);
        }
        same.into_iter().map(|(rights, on)| Missing { rights, on })
    }

    pub(super) fn summary(&self) -> String {
        let elsewhere = self.elsewhere.iter().map(|schema| {
            let closed = if schema.usable { "" } else { " (no USAGE)" };
            format!("{}{closed}", schema.name)
        });
        if let Some(refused) = &self.refused {
            return format!("asked for its tables: {refused}");
        }
        let mut words = vec![format!("{} tables found by the search path ({})", self.visible, self.search_path)];
        let elsewhere = elsewhere.collect::<Vec<_>>().join(", ");
        if !elsewhere.is_empty() {
            words.push(format!("others in {elsewhere}"));
        }
        if !self.lacks.is_empty() {
            words
                .push(format!("not permitted: {}", self.missing().map(|it| it.words()).collect::<Vec<_>>().join("; ")));
        }
        if !self.guarded.is_empty() {
            words.push(format!("row security without a policy on {}", self.guarded.join(", ")));
        }
        if !self.unnumbered.is_empty() {
            words.push(format!("owns a sequence and has no default: {}", self.unnumbered.join(", ")));
        }
        if self.statement_timeout > 0 {
            words.push(format!("statement_timeout {} ms", self.statement_timeout));
        }
        words.join("; ")
    }
}
