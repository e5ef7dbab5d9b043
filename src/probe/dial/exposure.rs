//! A dial of a port that nobody should reach. Silence is the good answer there, and how long it takes to be sure of it is
//! measured: as long as any answer from there would take, for two packets one after the other, since one may be lost.

use std::net::IpAddr;
use std::pin::pin;
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::{Stream, connect_within};
use crate::fact::dial::{Dial, Endpoint};
use crate::probe::{AGAIN, DIAL, EXPOSURE, host, ping};

/// An answer is overdue after so many round trips: TCP itself takes a packet for lost after three times the first one that
/// it measured (RFC 6298, section 2.2).
const TRIPS: u32 = 4;

/// And not before this, whatever was measured: a busy machine answers late.
const LEAST: Duration = Duration::from_millis(60);

/// When the port is dialled a second time where the way is short: what swallowed one packet may swallow the next one too.
const STEP: Duration = Duration::from_millis(20);

/// Dials it, and once more a little later: what either dial brings counts. Echoes of `way`, addresses behind the same way,
/// tell how long an answer takes.
pub(super) async fn twice(endpoint: &Endpoint, way: &[IpAddr]) -> Result<Stream, Dial> {
    let mut first = pin!(connect_within(endpoint, DIAL));
    let patience = tokio::select! {
        said = &mut first => return said,
        patience = patience(way) => patience,
    };
    let second = connect_within(endpoint, DIAL);
    let either = async {
        tokio::select! { said = &mut first => said, said = second => said }
    };
    timeout(patience, either).await.unwrap_or(Err(Dial::Timeout))
}

/// How long the second dial may take; known when it is due.
async fn patience(way: &[IpAddr]) -> Duration {
    let begun = host::clock();
    let trip = timeout(AGAIN, ping::round_trip(way)).await.ok().flatten();
    let due = if trip.is_some() { STEP } else { AGAIN };
    sleep(due.saturating_sub(begun.elapsed())).await;
    trip.map_or(EXPOSURE.saturating_sub(AGAIN), |trip| trip * TRIPS + LEAST)
}

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
            assert_eq!(twice(&endpoint, way).await.err(), Some(Dial::Timeout));
            begun.elapsed()
        };
        assert!(took(&[]).await >= EXPOSURE, "nothing is measured");
        let mut least = took(&home).await;
        assert!(least >= STEP + LEAST);
        if measured.is_some() {
            // A busy machine may answer an echo late.
            for _ in 0..4 {
                least = least.min(took(&home).await);
            }
            assert!(least < EXPOSURE, "{least:?}");
        }
    }

    #[tokio::test]
    async fn an_answer_ends_it_at_once() {
        let (listens, _fills, endpoint) = silent();
        drop(listens);
        let begun = host::clock();
        assert_eq!(twice(&endpoint, &[]).await.err(), Some(Dial::Refused));
        assert!(begun.elapsed() < AGAIN);
    }
}
