//! A dial of a port that nobody should reach. Silence is the good answer there, and how long it takes to be sure of it is
//! measured: as long as any answer from there would take, for three packets one after the other, since any may be lost.

use std::future::pending;
use std::net::IpAddr;
use std::time::Duration;

use tokio::time::sleep;

use super::{Stream, connect_within};
use crate::fact::dial::{Dial, Endpoint};
use crate::probe::{DIAL, host, ping};

/// An answer is overdue after so many round trips: TCP itself takes a packet for lost after three times the first one that
/// it measured (RFC 6298, section 2.2).
const TRIPS: u32 = 4;

/// And not before this, whatever was measured: a busy machine answers late, and who answers echoes may be a router before it.
const LEAST: Duration = Duration::from_millis(60);

/// The same where the server itself has answered echoes that were sent behind all packets: however busy it is, and whatever is on
/// the way, an answer to these would have come before.
const BEHIND: Duration = Duration::from_millis(10);

/// Between the packets: what swallowed one may swallow the next one too. Where one of twenty is lost, all three are in one of a
/// thousand dials.
const STEP: Duration = Duration::from_millis(8);

/// So much later than a packet the echo behind it is sent.
const SURELY_BEHIND: Duration = Duration::from_millis(1);

/// Dials it three times: what any dial brings counts. Echoes of `way`, addresses behind the same way, tell how long an answer
/// takes. Where none is answered it takes as long as any dial: the kernel sends its packet again after 1 s and 3 s (RFC 6298,
/// section 2.1).
///
/// The second address of a way is the server's own in the tunnel, where no router answers for it.
pub(super) async fn dial(endpoint: &Endpoint, way: &[IpAddr]) -> Result<Stream, Dial> {
    let begun = host::clock();
    let later = async |packets: u32| {
        if packets > 0 {
            sleep(STEP * packets).await;
        }
        connect_within(endpoint, DIAL).await
    };
    let any = async {
        tokio::select! { said = later(0) => said, said = later(1) => said, said = later(2) => said }
    };
    let overtaken = async {
        sleep(SURELY_BEHIND).await;
        let trip = if way.len() > 1 { ping::round_trips(way, STEP).await } else { None };
        let Some(trip) = trip else { return pending().await };
        sleep((STEP * 2 + trip * TRIPS + BEHIND).saturating_sub(begun.elapsed())).await;
    };
    let overdue = async {
        let Some(trip) = ping::round_trip(way).await else { return pending().await };
        sleep(trip * TRIPS + LEAST).await;
    };
    // In this order: an answer counts that is there with those to the echoes.
    tokio::select! {
        biased;
        said = any => said,
        () = overtaken => Err(Dial::Timeout),
        () = overdue => Err(Dial::Timeout),
    }
}

#[cfg(target_os = "linux")]
#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use socket2::{Domain, Socket, Type};

    use super::*;

    /// A port of this machine on which a connection waits to be taken, and no more may: the kernel answers nobody else.
    fn silent() -> (Socket, Socket, Endpoint) {
        let socket = || Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        let (listens, fills) = (socket(), socket());
        listens.bind(&std::net::SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).expect("a port");
        listens.listen(0).expect("listens");
        let at = listens.local_addr().expect("bound").as_socket().expect("an address");
        fills.connect(&at.into()).expect("the one that fits");
        (listens, fills, Endpoint { host: at.ip().to_string(), port: at.port() })
    }

    #[tokio::test]
    async fn silence_is_waited_for_as_long_as_an_answer_takes() {
        let (_listens, _fills, endpoint) = silent();
        let home = [IpAddr::V4(Ipv4Addr::LOCALHOST)];
        let measured = ping::round_trip(&home).await;
        let took = async |way: &[IpAddr]| {
            let begun = host::clock();
            assert_eq!(dial(&endpoint, way).await.err(), Some(Dial::Timeout));
            begun.elapsed()
        };
        assert!(took(&[]).await >= DIAL, "nothing is measured");
        let mut least = took(&home).await;
        assert!(least >= LEAST);
        if measured.is_some() {
            // A busy machine may answer an echo late.
            for _ in 0..4 {
                least = least.min(took(&home).await);
            }
            assert!(least < DIAL / 2, "{least:?}");
        }
        // Two that answer echoes behind all packets.
        let both = [Ipv4Addr::LOCALHOST, Ipv4Addr::new(127, 0, 0, 2)].map(IpAddr::V4);
        let mut sooner = took(&both).await;
        assert!(sooner >= STEP * 2 + BEHIND);
        if ping::round_trips(&both, STEP).await.is_some() {
            for _ in 0..9 {
                sooner = sooner.min(took(&both).await);
            }
            assert!(sooner < least, "{sooner:?}, {least:?}");
        }
    }

    #[tokio::test]
    async fn an_answer_ends_it_at_once() {
        let (listens, _fills, endpoint) = silent();
        drop(listens);
        let begun = host::clock();
        assert_eq!(dial(&endpoint, &[]).await.err(), Some(Dial::Refused));
        assert!(begun.elapsed() < DIAL / 2);
    }
}
