//! What the statements of the app's database wait for, as `pg_stat_activity`, `pg_locks` and `pg_stat_replication` show it.

use serde::{Deserialize, Serialize};

/// Who waits, and for whom. Empty where nobody does.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PgWaits {
    /// Statements that have run for 5 s or longer and wait for a lock or a standby now; the oldest first, three at most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub statements: Vec<PgWait>,
    /// Locks that keep others out, in a transaction that has been idle for 30 s or longer; three at most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<PgHeld>,
    /// The same of transactions that were prepared 30 s ago or longer, and neither committed nor rolled back; three at most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prepared: Vec<PgPrepared>,
    /// The standbys that a COMMIT waits for; none where it waits for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standby: Option<PgStandby>,
}

/// A statement that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PgWait {
    /// `wait_event_type` and `wait_event`: `Lock: relation`, `IPC: SyncRep`.
    pub event: String,
    /// How long ago the statement began, in seconds.
    pub seconds: u64,
    /// Whose it is.
    pub role: Option<String>,
    /// The first of those that hold what it waits for (`pg_blocking_pids`).
    pub by: Option<PgSession>,
}

/// A lock on a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PgHeld {
    /// The table.
    pub table: String,
    /// `AccessExclusiveLock` and the like.
    pub mode: String,
    /// Who holds it.
    pub by: PgSession,
}

/// A transaction that was prepared for a commit in two phases, and the first table that it keeps locked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PgPrepared {
    /// As who prepared it named it (`gid`).
    pub name: String,
    /// Whose it is.
    pub role: String,
    /// The table.
    pub table: String,
    /// `AccessExclusiveLock` and the like.
    pub mode: String,
    /// How long ago it was prepared, in seconds.
    pub seconds: u64,
}

/// Another session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PgSession {
    /// Its process.
    pub pid: u32,
    /// Whose it is; none for a process of the server's own.
    pub role: Option<String>,
    /// `application_name`, as the client gave it; empty where it gave none.
    pub application: Option<String>,
    /// `active`, `idle in transaction` …
    pub state: Option<String>,
    /// For how long it has been in that state, in seconds.
    pub seconds: Option<u64>,
}

/// `synchronous_standby_names` in force, while `synchronous_commit` asks for a standby.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PgStandby {
    /// Its value.
    pub names: String,
    /// How many standbys that it names are connected.
    pub connected: u32,
    /// The file that sets it.
    pub path: Option<String>,
    /// From 1.
    pub line: Option<u32>,
}

impl PgWaits {
    /// Whether nobody waits.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn summary(&self) -> Vec<String> {
        let wait = |it: &PgWait| {
            let by = it.by.as_ref().map(|by| format!(", held by {}", by.summary())).unwrap_or_default();
            format!("a statement that began {} s ago waits ({}){by}", it.seconds, it.event)
        };
        let held = |it: &PgHeld| format!("{} on {}: {}", it.mode, it.table, it.by.summary());
        let prepared = |it: &PgPrepared| {
            format!(
                "{} on {}: the prepared transaction {} of {}, {} s old",
                it.mode, it.table, it.name, it.role, it.seconds
            )
        };
        let standby =
            |it: &PgStandby| format!("synchronous_standby_names = '{}', {} of them connected", it.names, it.connected);
        let mut lines: Vec<String> = self.statements.iter().map(wait).collect();
        lines.extend(self.held.iter().map(held));
        lines.extend(self.prepared.iter().map(prepared));
        lines.extend(self.standby.iter().map(standby));
        lines
    }
}

impl PgSession {
    /// Its process, whose it is, and what it does.
    pub fn summary(&self) -> String {
        let words = [self.role.as_deref(), self.application.as_deref(), self.state.as_deref()];
        let words: Vec<&str> = words.into_iter().flatten().filter(|word| !word.is_empty()).collect();
        let since = self.seconds.map_or_else(String::new, |seconds| format!(" for {seconds} s"));
        format!("process {} ({}{since})", self.pid, words.join(", "))
    }
}
