//! A host that was looked at, as a report tells of it.

use crate::case::Case;
use crate::fact::{FactKey, Vantage};
use crate::profile::Addresses;
use crate::snapshot::{Rights, Snapshot};

/// A host that was looked at.
#[derive(Debug, Clone)]
pub struct Host {
    /// Its part in the deployment.
    pub vantage: Vantage,
    /// What it is called in the report: its part, and the client's name where there are several.
    pub seat: String,
    /// How that was known.
    pub vantage_by: String,
    /// Its name.
    pub name: String,
    /// `linux` or `windows`.
    pub platform: String,
    /// The public key of its end of the tunnel, where that was seen.
    pub public_key: Option<String>,
    /// Seconds since the epoch.
    pub taken_at: u64,
    /// Who looked.
    pub rights: Rights,
    /// The deployment's addresses as settled there.
    pub addresses: Addresses,
    /// Whether the address of the client among them is one of several.
    pub several_clients: bool,
    /// How long all looks took together, in microseconds.
    pub took_us: u64,
    /// The slowest single look.
    pub slowest: Option<(FactKey, u64)>,
}

pub(super) fn host(case: &Case, snapshot: &Snapshot, addresses: &Addresses) -> Host {
    Host {
        vantage: snapshot.vantage,
        seat: case.seat_name(snapshot.vantage),
        vantage_by: snapshot.vantage_by.clone(),
        name: snapshot.host.clone(),
        platform: snapshot.platform.clone(),
        public_key: snapshot.public_key(),
        taken_at: snapshot.taken_at,
        rights: snapshot.rights,
        addresses: addresses.clone(),
        several_clients: snapshot.vantage == Vantage::Server && case.client().is_some(),
        took_us: snapshot.took_us,
        slowest: snapshot
            .facts
            .iter()
            .map(|(key, observed)| (key.clone(), observed.took_us))
            .max_by_key(|(_, took)| *took),
    }
}
