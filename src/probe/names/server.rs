//! One name server, asked by itself: for the addresses of IPv4 and of IPv6, a datagram each, and over TCP where the answer has
//! no room in one. An alias is followed as far as the answer has it, as libc does.
#![expect(clippy::disallowed_methods, reason = "this is where a name server is spoken to")]

use std::collections::BTreeSet;
use std::io::{Error, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use domain::base::iana::Rcode;
use domain::base::{Message, MessageBuilder, Name, Rtype};
use domain::rdata::{A, Aaaa};
use futures_util::future::join;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

use crate::fact::dial::NameAnswer;

/// How long a server may take for one question, and after which time it is asked again meanwhile: a datagram may get lost.
const PATIENCE: Duration = Duration::from_millis(1500);
const AGAIN: Duration = Duration::from_millis(500);
/// What an answer over UDP has room for where nothing else was agreed on (RFC 1035, 4.2.1) is 512 bytes; some send more.
const DATAGRAM: usize = 4096;

type Absolute = Name<Vec<u8>>;
type Packet = Message<Vec<u8>>;

/// The names that stand for one, asked in turn until one of them has an address; the last answer counts.
pub(super) async fn ask(server: SocketAddr, names: &[String]) -> NameAnswer {
    let mut last = NameAnswer::Failed;
    for name in names {
        let Ok(name) = Absolute::from_chars(name.chars()) else { continue };
        let (v4, v6) = join(question(server, &name, Rtype::A), question(server, &name, Rtype::AAAA)).await;
        let found: BTreeSet<IpAddr> = [&v4, &v6].into_iter().flatten().flatten().copied().collect();
        last = match v4 {
            _ if !found.is_empty() => return NameAnswer::Addresses(found.into_iter().collect()),
            Ok(_) => NameAnswer::NoSuchName,
            Err(why @ (NameAnswer::Silent | NameAnswer::Refused)) => return why,
            Err(why) => why,
        };
    }
    last
}

/// No addresses: there are none of this kind, or no such name.
async fn question(server: SocketAddr, name: &Absolute, kind: Rtype) -> Result<BTreeSet<IpAddr>, NameAnswer> {
    let query = query(name, kind).ok_or(NameAnswer::Failed)?;
    let answer = timeout(PATIENCE, answer(server, &query)).await.map_err(|_| NameAnswer::Silent)?;
    // Windows has the second word for a datagram that nobody takes.
    let refused = |error: &Error| matches!(error.kind(), ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset);
    let answer = answer.map_err(|error| if refused(&error) { NameAnswer::Refused } else { NameAnswer::Failed })?;
    match answer.header().rcode() {
        Rcode::NXDOMAIN => Ok(BTreeSet::new()),
        Rcode::NOERROR => addresses(&answer).ok_or(NameAnswer::Failed),
        _ => Err(NameAnswer::Failed),
    }
}

fn query(name: &Absolute, kind: Rtype) -> Option<Packet> {
    let mut message = MessageBuilder::new_vec();
    message.header_mut().set_random_id();
    message.header_mut().set_rd(true);
    let mut question = message.question();
    question.push((name, kind)).ok()?;
    Some(question.into_message())
}

async fn answer(server: SocketAddr, query: &Packet) -> Result<Packet, Error> {
    // A connected socket takes nothing from others, and is told that nobody listens there.
    let own = SocketAddr::new(if server.is_ipv4() { [0; 4].into() } else { [0; 16].into() }, 0);
    let socket = UdpSocket::bind(own).await?;
    socket.connect(server).await?;
    let answer = loop {
        socket.send(query.as_slice()).await?;
        if let Ok(answer) = timeout(AGAIN, received(&socket, query)).await {
            break answer?;
        }
    };
    if answer.header().tc() { at_length(server, query).await.map_err(|_| ErrorKind::Other.into()) } else { Ok(answer) }
}

async fn received(socket: &UdpSocket, query: &Packet) -> Result<Packet, Error> {
    let mut packet = vec![0; DATAGRAM];
    loop {
        let length = socket.recv(&mut packet).await?;
        if let Some(answer) = packet.get(..length).and_then(|answer| answers(answer, query)) {
            return Ok(answer);
        }
    }
}

/// A server that refuses may leave out the question.
fn answers(packet: &[u8], query: &Packet) -> Option<Packet> {
    let answer = Message::from_octets(packet.to_vec()).ok()?;
    let header = answer.header();
    let asked = answer.header_counts().qdcount() == 0 || answer.question() == query.question();
    (header.qr() && header.id() == query.header().id() && asked).then_some(answer)
}

/// Over TCP each message follows its length.
async fn at_length(server: SocketAddr, query: &Packet) -> Result<Packet, Error> {
    let mut stream = TcpStream::connect(server).await?;
    let length = u16::try_from(query.as_slice().len()).map_err(Error::other)?;
    stream.write_all(&[&length.to_be_bytes(), query.as_slice()].concat()).await?;
    let mut packet = vec![0; stream.read_u16().await?.into()];
    stream.read_exact(&mut packet).await?;
    answers(&packet, query).ok_or_else(|| ErrorKind::InvalidData.into())
}

/// The addresses of what the name stands for in the end. None for an answer that cannot be read.
fn addresses(answer: &Packet) -> Option<BTreeSet<IpAddr>> {
    let owner = answer.canonical_name()?;
    let records = answer.answer().ok()?;
    // One that cannot be read may be the very one.
    records.collect::<Result<Vec<_>, _>>().ok()?;
    let v4 = records.limit_to::<A>().flatten().filter(|it| *it.owner() == owner).map(|it| it.data().addr().into());
    let v6 = records.limit_to::<Aaaa>().flatten().filter(|it| *it.owner() == owner).map(|it| it.data().addr().into());
    Some(v4.chain(v6).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "vpn.example.test.";

    /// A record of a type in the answer: whose it is (a pointer to the question's name), and what it holds.
    fn record(kind: u8, data: &[u8]) -> Vec<u8> {
        let length = u16::try_from(data.len()).expect("short").to_be_bytes();
        [&[0xc0, 0x0c, 0, kind, 0, 1, 0, 0, 0, 60], &length[..], data].concat()
    }

    /// An answer to a query: its flags, and the records.
    fn answered(query: &[u8], flags: [u8; 2], records: &[Vec<u8>]) -> Vec<u8> {
        let count = u8::try_from(records.len()).expect("few");
        [&query[..2], &flags, &[0, 1, 0, count, 0, 0, 0, 0], &query[12..], &records.concat()].concat()
    }

    /// A port that is free on both transports: of what is free on one, somebody may have the other.
    async fn both() -> (UdpSocket, tokio::net::TcpListener) {
        for _ in 0..64 {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
            if let Ok(socket) = UdpSocket::bind(listener.local_addr().expect("bound")).await {
                return (socket, listener);
            }
        }
        panic!("no port is free on both transports");
    }

    /// A server on both transports, which says to each question what the first function makes of it, over TCP the second.
    async fn asked(
        names: &[&str],
        over_udp: impl Fn(&[u8]) -> Option<Vec<u8>>,
        over_tcp: impl Fn(&[u8]) -> Vec<u8>,
    ) -> NameAnswer {
        let (socket, listener) = both().await;
        let server = socket.local_addr().expect("bound");
        let udp = async {
            let mut packet = [0; 512];
            loop {
                let (length, from) = socket.recv_from(&mut packet).await.expect("asked");
                if let Some(answer) = over_udp(&packet[..length]) {
                    socket.send_to(&answer, from).await.expect("sent");
                }
            }
        };
        let tcp = async {
            loop {
                let (mut stream, _) = listener.accept().await.expect("connected");
                let mut packet = vec![0; stream.read_u16().await.expect("a length").into()];
                stream.read_exact(&mut packet).await.expect("a question");
                let answer = over_tcp(&packet);
                stream.write_u16(u16::try_from(answer.len()).expect("short")).await.expect("sent");
                stream.write_all(&answer).await.expect("sent");
            }
        };
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        tokio::select! {
            answer = ask(server, &names) => answer,
            () = udp => unreachable!(),
            () = tcp => unreachable!(),
        }
    }

    fn is_v4(query: &[u8]) -> bool {
        query[query.len() - 3] == 1
    }

    const FINE: [u8; 2] = [0x81, 0x80];

    #[tokio::test]
    async fn both_kinds_of_addresses_are_asked_for() {
        let both = |query: &[u8]| {
            let record = if is_v4(query) { record(1, &[10, 8, 0, 1]) } else { record(28, &[1; 16]) };
            Some(answered(query, FINE, &[record]))
        };
        let addresses = vec![IpAddr::from([10, 8, 0, 1]), IpAddr::from([1; 16])];
        assert_eq!(asked(&[NAME], both, |_| Vec::new()).await, NameAnswer::Addresses(addresses));
    }

    #[tokio::test]
    async fn what_has_no_room_comes_over_tcp() {
        let cut = |query: &[u8]| Some(answered(query, [0x83, 0x80], &[]));
        let whole = |query: &[u8]| answered(query, FINE, &[record(if is_v4(query) { 1 } else { 5 }, &[10, 8, 0, 9])]);
        assert_eq!(asked(&[NAME], cut, whole).await, NameAnswer::Addresses(vec![IpAddr::from([10, 8, 0, 9])]));
    }

    /// An alias of itself, and one that leads from name to name without end: both have no address, and are no reason to wait.
    #[tokio::test]
    async fn an_alias_that_leads_nowhere_has_no_address() {
        for target in [&b"\xc0\x0c"[..], b"\x01b\xc0\x0c"] {
            let alias = |query: &[u8]| Some(answered(query, FINE, &[record(5, target)]));
            let answer = asked(&[NAME], alias, |_| Vec::new()).await;
            assert!(matches!(answer, NameAnswer::NoSuchName | NameAnswer::Failed), "{target:?}: {answer:?}");
        }
    }

    #[tokio::test]
    async fn an_alias_with_its_address_has_it_and_no_other_has() {
        let alias = |query: &[u8]| {
            // The alias's own name stands behind the question: 12 bytes of header, the question, 12 bytes of its record.
            let at = u8::try_from(query.len() + 12).expect("short");
            let mut others = record(1, &[10, 8, 0, 7]);
            others[1] = at;
            let records = [record(5, b"\x02to\x04test\0"), others, record(1, &[192, 0, 2, 1])];
            Some(answered(query, FINE, &records))
        };
        let answer = asked(&[NAME], alias, |_| Vec::new()).await;
        assert_eq!(answer, NameAnswer::Addresses(vec![IpAddr::from([10, 8, 0, 7])]));
    }

    #[tokio::test]
    async fn each_answer_of_a_server_is_told_from_the_others() {
        let says = |code: u8| move |query: &[u8]| Some(answered(query, [0x81, 0x80 | code], &[]));
        for (code, expected) in [(0, NameAnswer::NoSuchName), (3, NameAnswer::NoSuchName), (2, NameAnswer::Failed)] {
            assert_eq!(asked(&[NAME], says(code), |_| Vec::new()).await, expected, "{code}");
        }
        // Refused without the question; another's answer is none.
        let bare = |query: &[u8]| Some([&query[..2], b"\x81\x85\0\0\0\0\0\0\0\0"].concat());
        assert_eq!(asked(&[NAME], bare, |_| Vec::new()).await, NameAnswer::Failed);
        let foreign = |query: &[u8]| Some(answered(&[&[!query[0]], &query[1..]].concat(), FINE, &[record(1, &[1; 4])]));
        assert_eq!(asked(&[NAME], foreign, |_| Vec::new()).await, NameAnswer::Silent);
    }

    #[tokio::test]
    async fn a_lost_datagram_is_sent_again_and_the_next_name_is_asked() {
        let times = std::cell::Cell::new(0);
        let late = |query: &[u8]| {
            times.set(times.get() + 1);
            (times.get() > 2).then(|| answered(query, FINE, &[record(1, &[10, 8, 0, 1])]))
        };
        let found = NameAnswer::Addresses(vec![IpAddr::from([10, 8, 0, 1])]);
        assert_eq!(asked(&[NAME], late, |_| Vec::new()).await, found);
        let second = |query: &[u8]| {
            let there = query.get(13..16) == Some(b"two");
            let records: Vec<_> = there.then(|| record(1, &[10, 8, 0, 1])).into_iter().collect();
            Some(answered(query, FINE, &records))
        };
        assert_eq!(asked(&["one.test", "two.test"], second, |_| Vec::new()).await, found);
    }

    #[tokio::test]
    async fn a_port_without_a_server_refuses() {
        let closed = UdpSocket::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("bound");
        assert_eq!(ask(closed, &[NAME.to_owned()]).await, NameAnswer::Refused);
    }
}
