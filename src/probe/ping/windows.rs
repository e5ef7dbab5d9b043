//! Echoes by `IcmpSendEcho`: Windows lets no program have an ICMP socket that is not an administrator's
//! (github.com/kolapapa/surge-ping/issues/34). It measures whole milliseconds, and sends one size only.
#![expect(clippy::unused_async, reason = "they are async with sockets")]

use std::net::IpAddr;
use std::time::Duration;

use ping_async::{IcmpEchoReply, IcmpEchoRequestor, IcmpEchoStatus};

use super::{ECHO, FAR};
use crate::fact::Unseen;
use crate::fact::dial::payload_probe::SizedEcho;
use crate::fact::dial::{Echo, EchoSocket, PingOutcome};
use crate::probe::host::{self, limits};
use crate::probe::pace::Pace;

pub(in crate::probe) async fn ping(to: IpAddr) -> Result<PingOutcome, Unseen> {
    let failed = |error: std::io::Error| {
        limits::note(&error);
        Unseen::NoTool(format!("Windows sent no echo: {}", host::words(&error)))
    };
    let mut how = Echo::NoReply;
    // The first packet through an idle tunnel may be lost to the handshake, so silence is asked twice.
    for limit in [ECHO, FAR] {
        let asked = IcmpEchoRequestor::new(to, None, None, Some(limit)).map_err(failed)?;
        how = echo(to, &asked.send().await.map_err(failed)?)
            .ok_or_else(|| Unseen::NoTool("Windows sent no echo, and does not say why".to_owned()))?;
        if how != Echo::NoReply {
            break;
        }
    }
    Ok(PingOutcome { to, how, socket: EchoSocket::Windows })
}

/// None where it says nothing of the way: mostly a firewall that lets no echo out ("General failure").
fn echo(to: IpAddr, reply: &IcmpEchoReply) -> Option<Echo> {
    match reply.status() {
        IcmpEchoStatus::Success => {
            Some(Echo::Reply(u64::try_from(reply.round_trip_time().as_micros()).unwrap_or(u64::MAX)))
        }
        IcmpEchoStatus::Unreachable => Some(Echo::Unreachable),
        // Somebody else's "time exceeded" is told as the same.
        IcmpEchoStatus::TimedOut => (reply.destination() == to).then_some(Echo::NoReply),
        IcmpEchoStatus::Unknown => None,
    }
}

/// Not measured: a connection that is refused takes Windows seconds, and not a round trip.
pub(in crate::probe) async fn round_trip(_to: &[IpAddr]) -> Option<Duration> {
    None
}

/// Nor this.
pub(in crate::probe) async fn round_trips(_to: &[IpAddr], _apart: Duration) -> Option<Duration> {
    None
}

pub(in crate::probe) async fn sizes(_to: IpAddr, _pace: Pace) -> Vec<SizedEcho> {
    Vec::new()
}
