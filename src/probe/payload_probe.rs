//! Answers of growing size over a connection that is open already, and the server's clock. A path can pass the small
//! packets of a PING and lose every large one.

use std::net::IpAddr;
use std::time::{Duration, UNIX_EPOCH};

use tokio::time::timeout;

use super::pace::Pace;
use super::{host, ping};
use crate::fact::dial::payload_probe::{Carried, PayloadProbe, SIZES, ServerClock, Step};

/// How long one size may take. Linux sends a lost segment again after 200 ms, 600 ms and 1.4 s (each wait doubles, tcp(7)),
/// so by then it was lost four times. Where the way is long, the first wait is longer than a round trip, and the largest size
/// comes in several windows (RFC 5681 section 3.1: ten segments, then twenty, then forty).
const PATIENCE: Duration = Duration::from_millis(1500);
const TRIPS: u32 = 10;

/// Why a question brought no answer.
pub(super) enum Failed {
    /// The connection ended.
    Ended,
    /// The server refused.
    Refused,
}

/// Asks for the server's clock in microseconds since the epoch, then for each size in turn until one fails, and where one
/// was silent for echoes of several sizes.
pub(super) async fn carry(
    (to, pace): (Option<IpAddr>, Pace),
    clock: impl Future<Output = Result<i64, Failed>>,
    mut ask: impl AsyncFnMut(u32) -> Result<(), Failed>,
) -> PayloadProbe {
    let patience = pace.within(PATIENCE, TRIPS);
    let clock = read_clock(clock, patience).await;
    let mut steps = Vec::new();
    for bytes in SIZES {
        let begun = host::clock();
        let how = match timeout(patience, ask(bytes)).await {
            Ok(Ok(())) => Carried::Whole(u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX)),
            Ok(Err(Failed::Ended)) => Carried::Ended,
            Ok(Err(Failed::Refused)) => Carried::Refused,
            Err(_) => Carried::Silent,
        };
        steps.push(Step { bytes, how });
        if !matches!(how, Carried::Whole(_)) {
            break;
        }
    }
    let mut carried = PayloadProbe { clock, steps, echoes: Vec::new() };
    if let (Some(_), Some(to)) = (carried.hangs(), to) {
        carried.echoes = ping::sizes(to, pace).await;
    }
    carried
}

async fn read_clock(clock: impl Future<Output = Result<i64, Failed>>, patience: Duration) -> Option<ServerClock> {
    let (before, begun) = (host::precise_now(), host::clock());
    let theirs = timeout(patience, clock).await.ok()?.ok()?;
    let round_trip = begun.elapsed();
    let ours = (before + round_trip / 2).duration_since(UNIX_EPOCH).ok()?;
    let ahead_us = theirs.checked_sub(i64::try_from(ours.as_micros()).ok()?)?;
    let round_trip_us = u64::try_from(round_trip.as_micros()).ok()?;
    Some(ServerClock { ahead_ms: ahead_us / 1000, round_trip_us })
}
