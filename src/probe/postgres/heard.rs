//! What a conversation with PostgreSQL brought.

use std::net::IpAddr;

use crate::fact::dial::payload_probe::PayloadProbe;
use crate::fact::postgres::PgSaid;
use crate::fact::postgres::tables::PgTables;

/// What one brought.
pub(super) struct Heard {
    pub(super) said: PgSaid,
    /// A refusal that no other word stands for, as PostgreSQL worded it.
    pub(super) refusal: Option<String>,
    pub(super) seen_as: Option<IpAddr>,
    pub(super) tls: bool,
    pub(super) carried: Option<PayloadProbe>,
    pub(super) system: Option<String>,
    pub(super) read_only: Option<bool>,
    pub(super) tables: Option<PgTables>,
}

impl Heard {
    pub(super) fn bare(said: PgSaid) -> Self {
        Self {
            said,
            refusal: None,
            seen_as: None,
            tls: false,
            carried: None,
            system: None,
            read_only: None,
            tables: None,
        }
    }

    pub(super) fn is_about_hba(&self) -> bool {
        matches!(self.said, PgSaid::NoHbaEntry | PgSaid::HbaRejects)
    }
}

/// Of two attempts, the one that came further; the first where both end at `pg_hba.conf`.
pub(super) fn better(first: Heard, second: Heard) -> Heard {
    if first.is_about_hba() && second.is_about_hba() { first } else { second }
}
