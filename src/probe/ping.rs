//! ICMP echoes.

use std::time::Duration;

use super::{ProbeContext, ProbeResult, network};
use crate::fact::touch::{Touch, sends};
use crate::fact::{Fact, Place};

#[cfg(unix)]
mod socket;
#[cfg(windows)]
#[path = "ping/windows.rs"]
mod socket;

pub(super) use socket::{ping, round_trip, round_trips, sizes};

const ECHO: Duration = Duration::from_secs(1);

/// And for two more: a way by satellite takes most of a second, twice of them more. All together are as long as a dial may
/// take.
const FAR: Duration = Duration::from_millis(2200);

/// The last one is sent so much later. By then one of 1.6 s still comes back in time.
#[cfg(unix)]
const LAST: Duration = Duration::from_millis(500);

pub(super) async fn look(to: Place, context: &ProbeContext) -> ProbeResult {
    let outcome = match network::address(to, context) {
        Ok(to) => ping(to).await.map(Fact::Ping),
        Err(why) => Err(why),
    };
    ProbeResult::new("ICMP", outcome)
}

/// What [`look`] does.
pub(super) fn touches(to: Place) -> Vec<Touch> {
    match to {
        Place::Server => sends(&["icmp {server}"]),
        Place::Client => sends(&["icmp {client}"]),
        Place::Public => sends(&["icmp {public}"]),
        Place::Peer(address) => sends(&[&format!("icmp {address}")]),
    }
}
