//! Echoes by an ICMP socket of our own, without root wherever the kernel allows it.

use std::io::ErrorKind;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use surge_ping::{Client, Config, ICMP, IcmpPacket, PingIdentifier, PingSequence, Pinger, SurgeError};

use futures_util::future::{Either, join_all, select, select_ok};

use super::{ECHO, FAR, LAST};
use crate::fact::Unseen;
use crate::fact::dial::payload_probe::SizedEcho;
use crate::fact::dial::{Echo, EchoSocket, PingOutcome};
use crate::fact::order::InOrder;
use crate::probe::DIAL;
use crate::probe::host::{self, limits};
use crate::probe::pace::Pace;

/// The kernel asks the same key for IPv6.
const ICMP_RIGHTS: &str = "run as root (CAP_NET_RAW), or let every group send echoes with \
    `sudo sysctl -w net.ipv4.ping_group_range='0 2147483647'`";

fn client(to: IpAddr) -> Result<Client, Unseen> {
    let kind = if to.is_ipv4() { ICMP::V4 } else { ICMP::V6 };
    Client::new(&Config::builder().kind(kind).build()).map_err(|error| {
        limits::note(&error);
        if error.kind() == ErrorKind::PermissionDenied {
            Unseen::NeedsRights(ICMP_RIGHTS.to_owned())
        } else {
            Unseen::NoTool(format!("no ICMP socket: {}", host::words(&error)))
        }
    })
}

fn identifier() -> PingIdentifier {
    PingIdentifier(u16::try_from(std::process::id() & 0xffff).unwrap_or_default())
}

pub(in crate::probe) async fn ping(to: IpAddr) -> Result<PingOutcome, Unseen> {
    let client = client(to)?;
    let mut pinger = client.pinger(to, identifier()).await;
    // On a datagram socket the kernel chooses the identifier.
    let socket = if pinger.ident.is_none() { EchoSocket::Datagram } else { EchoSocket::Raw };
    pinger.timeout(ECHO);
    let mut how = answer(&mut pinger, PingSequence(0), &[0; 16]).await;
    // The first packet through an idle tunnel may be lost to the handshake, so silence is asked again; and twice, since any
    // packet of a bad line may be lost.
    if how == Echo::NoReply {
        let mut later = client.pinger(to, identifier()).await;
        pinger.timeout(FAR);
        later.timeout(FAR.saturating_sub(LAST));
        let second = answer(&mut pinger, PingSequence(1), &[0; 16]);
        let third = async {
            tokio::time::sleep(LAST).await;
            answer(&mut later, PingSequence(2), &[0; 16]).await
        };
        how = first_said(second, third).await;
    }
    Ok(PingOutcome { to, how, socket })
}

/// What the first of two echoes brought of which anything is heard.
async fn first_said(one: impl Future<Output = Echo>, other: impl Future<Output = Echo>) -> Echo {
    let (one, other) = (std::pin::pin!(one), std::pin::pin!(other));
    match select(one, other).await {
        Either::Left((Echo::NoReply, rest)) => rest.await,
        Either::Right((Echo::NoReply, rest)) => rest.await,
        Either::Left((said, _)) | Either::Right((said, _)) => said,
    }
}

/// How many echoes measure a way, and how far apart they are sent.
const MEASURING: u16 = 3;
const APART: Duration = Duration::from_millis(8);

/// No two echoes of a run have the same number: on a raw socket everybody hears all replies.
static NEXT: AtomicU16 = AtomicU16::new(1000);

/// The round trip to the first of these addresses that answers every echo. None where not one does: then nothing is known of
/// how long an answer takes.
pub(in crate::probe) async fn round_trip(to: &[IpAddr]) -> Option<Duration> {
    let asked: Vec<_> = to.iter().map(|to| Box::pin(async { trips(*to, APART).await.ok_or(()) })).collect();
    if asked.is_empty() { None } else { select_ok(asked).await.ok().map(|(trip, _)| trip) }
}

/// The longest round trip to all of these addresses, of three echoes so far apart; none where one is not answered.
pub(in crate::probe) async fn round_trips(to: &[IpAddr], apart: Duration) -> Option<Duration> {
    let all: Option<Vec<Duration>> = join_all(to.iter().map(|to| trips(*to, apart))).await.into_iter().collect();
    all?.into_iter().max()
}

/// The longest of several; none where one is lost.
async fn trips(to: IpAddr, apart: Duration) -> Option<Duration> {
    let client = client(to).ok()?;
    let mut asked = Vec::new();
    for place in 0..MEASURING {
        let mut pinger = client.pinger(to, identifier()).await;
        pinger.timeout(DIAL);
        asked.push(async move {
            tokio::time::sleep(apart * u32::from(place)).await;
            let sequence = PingSequence(NEXT.fetch_add(1, Ordering::Relaxed));
            match answer(&mut pinger, sequence, &[0; 16]).await {
                Echo::Reply(micros) => Some(Duration::from_micros(micros)),
                Echo::NoReply
                | Echo::NoRoute
                | Echo::Unreachable
                | Echo::NoPeer
                | Echo::NoEndpoint
                | Echo::Forbidden
                | Echo::Other(_) => None,
            }
        });
    }
    let trips: Option<Vec<Duration>> = join_all(asked).await.into_iter().collect();
    trips?.into_iter().max()
}

/// The packet sizes that are tried, in steps of 20 between what IPv6 promises (1280) and a full packet, and two below.
const PACKETS: [u16; 14] = [1000, 1200, 1280, 1300, 1320, 1340, 1360, 1380, 1400, 1420, 1440, 1460, 1480, 1500];

/// Several echoes lost to chance are not lost twice.
const SIZED: Duration = Duration::from_millis(350);

/// Echoes of several sizes at once, smallest first. Empty where no echo may be sent.
pub(in crate::probe) async fn sizes(to: IpAddr, pace: Pace) -> Vec<SizedEcho> {
    let Ok(client) = client(to) else { return Vec::new() };
    let headers = if to.is_ipv4() { 28 } else { 48 };
    let mut asked = Vec::new();
    for (index, packet) in (0_u16..).zip(PACKETS) {
        let mut pinger = client.pinger(to, identifier()).await;
        pinger.timeout(pace.within(SIZED, 2));
        let payload = vec![0; usize::from(packet - headers)];
        asked.push(async move {
            let mut back = false;
            for round in 0..2 {
                let sequence = PingSequence(100 + 100 * round + index);
                back = back || matches!(answer(&mut pinger, sequence, &payload).await, Echo::Reply(_));
            }
            SizedEcho { packet, back }
        });
    }
    let mut echoes = join_all(asked).await;
    echoes.in_order_of(|echo| echo.packet);
    echoes
}

/// How often an echo is sent again that a router passed on with word of a shorter way.
const PASSED_ON: usize = 3;

/// What one echo brings. A router that passes it on by the interface on which it came sends word of that first (ICMP
/// redirect), as a relay of the tunnel does. That is no answer, and is not sent with every packet: the echo is sent again.
async fn answer(pinger: &mut Pinger, mut sequence: PingSequence, payload: &[u8]) -> Echo {
    for _ in 0..PASSED_ON {
        let outcome = pinger.ping(sequence, payload).await;
        if !matches!(&outcome, Ok((packet, _)) if is_redirect(packet)) {
            return echo(outcome);
        }
        sequence = PingSequence(NEXT.fetch_add(1, Ordering::Relaxed));
    }
    Echo::NoReply
}

/// The numbers of RFC 792 and RFC 4861.
fn is_redirect(packet: &IcmpPacket) -> bool {
    match packet {
        IcmpPacket::V4(packet) => packet.get_icmp_type().0 == 5,
        IcmpPacket::V6(packet) => packet.get_icmpv6_type().0 == 137,
    }
}

fn echo(outcome: Result<(IcmpPacket, Duration), SurgeError>) -> Echo {
    match outcome {
        // On a raw socket "destination unreachable" comes back as a packet like any other.
        Ok((packet, took)) => {
            let reply = match packet {
                IcmpPacket::V4(packet) => packet.get_icmp_type().0 == 0,
                IcmpPacket::V6(packet) => packet.get_icmpv6_type().0 == 129,
            };
            if reply { Echo::Reply(u64::try_from(took.as_micros()).unwrap_or(u64::MAX)) } else { Echo::Unreachable }
        }
        Err(SurgeError::IOError(error)) if limits::note(&error) => Echo::Other(0),
        Err(SurgeError::IOError(error)) => error.raw_os_error().map_or(Echo::Other(0), of_errno),
        Err(SurgeError::Timeout { .. }) => Echo::NoReply,
        Err(
            SurgeError::IncorrectBufferSize
            | SurgeError::MalformedPacket(_)
            | SurgeError::EchoRequestPacket
            | SurgeError::NetworkError
            | SurgeError::IdenticalRequests { .. }
            | SurgeError::ClientDestroyed,
        ) => Echo::Other(0),
    }
}

/// Linux' numbers. 126 and 89 are the kernel's WireGuard speaking: no peer for the address, no endpoint for the peer.
fn of_errno(errno: i32) -> Echo {
    match errno {
        101 => Echo::NoRoute,
        113 => Echo::Unreachable,
        126 => Echo::NoPeer,
        89 => Echo::NoEndpoint,
        1 | 13 => Echo::Forbidden,
        other => Echo::Other(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_errors_keep_their_meaning() {
        let failed = |errno| echo(Err(SurgeError::IOError(std::io::Error::from_raw_os_error(errno))));
        assert_eq!(failed(101), Echo::NoRoute);
        assert_eq!(failed(126), Echo::NoPeer);
        assert_eq!(failed(89), Echo::NoEndpoint);
        assert_eq!(failed(13), Echo::Forbidden);
        assert_eq!(failed(22), Echo::Other(22));
        assert_eq!(echo(Err(SurgeError::Timeout { seq: PingSequence(0) })), Echo::NoReply);
    }
}
