//! Packets of WireGuard's handshake (sections 5.4 of the WireGuard paper), and the ICMP messages that refuse them.
//! Nothing is decrypted, and no key but a public one is used.

use std::net::{IpAddr, SocketAddr};

use blake2::digest::consts::U16;
use blake2::digest::{Digest, KeyInit, Mac};
use blake2::{Blake2s256, Blake2sMac};
use etherparse::{Icmpv4Type, Icmpv6Type, LaxNetSlice, LaxSlicedPacket, TransportSlice, icmpv4, icmpv6};

use crate::fact::wireguard::{MadeFor, Unreachable};

/// A packet that belongs to a handshake.
#[derive(Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words of the WireGuard paper")]
pub enum Packet {
    Initiation {
        from: SocketAddr,
        to: SocketAddr,
        message: Vec<u8>,
    },
    Response {
        from: SocketAddr,
        to: SocketAddr,
    },
    /// A router, a firewall or the host itself did not take a datagram.
    Refused {
        from: SocketAddr,
        to: SocketAddr,
        what: Unreachable,
    },
}

impl Packet {
    /// From where to where it goes; for a refusal, the datagram that is refused.
    pub fn ends(&self) -> (SocketAddr, SocketAddr) {
        match self {
            Self::Initiation { from, to, .. } | Self::Response { from, to } | Self::Refused { from, to, .. } => {
                (*from, *to)
            }
        }
    }
}

/// Bytes of a first message, and of those before its mac1 (section 5.4.2).
const INITIATION: (usize, usize) = (148, 116);
/// Bytes of an answer.
const RESPONSE: usize = 92;
/// What the key of mac1 is derived from, before the public key.
const LABEL: &[u8] = b"mac1----";

/// Reads one IP packet; none if it is no part of a handshake.
pub fn read(packet: &[u8]) -> Option<Packet> {
    let packet = LaxSlicedPacket::from_ip(packet).ok()?;
    let (source, target) = addresses(packet.net.as_ref()?)?;
    let refused = |payload: &[u8], reason: &str| {
        let (from, to) = datagram(payload)?;
        Some(Packet::Refused { from, to, what: Unreachable { by: source, reason: reason.to_owned() } })
    };
    let transport = packet.transport?;
    if let TransportSlice::Udp(udp) = &transport {
        let (from, to) = (SocketAddr::new(source, udp.source_port()), SocketAddr::new(target, udp.destination_port()));
        return match udp.payload() {
            message @ [1, 0, 0, 0, ..] if message.len() == INITIATION.0 => {
                Some(Packet::Initiation { from, to, message: message.to_vec() })
            }
            message @ [2, 0, 0, 0, ..] if message.len() == RESPONSE => Some(Packet::Response { from, to }),
            _ => None,
        };
    }
    if let TransportSlice::Icmpv4(icmp) = &transport
        && let Icmpv4Type::DestinationUnreachable(header) = icmp.icmp_type()
    {
        return refused(icmp.payload(), four(&header)?);
    }
    if let TransportSlice::Icmpv6(icmp) = &transport
        && let Icmpv6Type::DestinationUnreachable(code) = icmp.icmp_type()
    {
        return refused(icmp.payload(), six(code));
    }
    None
}

fn addresses(net: &LaxNetSlice<'_>) -> Option<(IpAddr, IpAddr)> {
    match net {
        LaxNetSlice::Ipv4(ip) => Some((ip.header().source_addr().into(), ip.header().destination_addr().into())),
        LaxNetSlice::Ipv6(ip) => Some((ip.header().source_addr().into(), ip.header().destination_addr().into())),
        LaxNetSlice::Arp(_) => None,
    }
}

/// The ends of a datagram whose beginning ICMP sends back.
fn datagram(packet: &[u8]) -> Option<(SocketAddr, SocketAddr)> {
    let packet = LaxSlicedPacket::from_ip(packet).ok()?;
    let (source, target) = addresses(packet.net.as_ref()?)?;
    let TransportSlice::Udp(udp) = packet.transport? else { return None };
    Some((SocketAddr::new(source, udp.source_port()), SocketAddr::new(target, udp.destination_port())))
}

/// None where it only says that a packet is too long.
fn four(header: &icmpv4::DestUnreachableHeader) -> Option<&'static str> {
    use icmpv4::DestUnreachableHeader as Code;
    Some(match header {
        Code::Network | Code::NetworkUnknown => "network unreachable",
        Code::Host | Code::HostUnknown | Code::Isolated => "host unreachable",
        Code::Protocol => "protocol unreachable",
        Code::Port => "port unreachable",
        Code::FragmentationNeeded { .. } => return None,
        Code::NetworkProhibited | Code::HostProhibited | Code::FilterProhibited => "administratively prohibited",
        Code::SourceRouteFailed
        | Code::TosNetwork
        | Code::TosHost
        | Code::HostPrecedenceViolation
        | Code::PrecedenceCutoff => "destination unreachable",
    })
}

fn six(code: icmpv6::DestUnreachableCode) -> &'static str {
    use icmpv6::DestUnreachableCode as Code;
    match code {
        Code::NoRoute => "no route to destination",
        Code::Prohibited => "administratively prohibited",
        Code::Address => "address unreachable",
        Code::Port => "port unreachable",
        Code::BeyondScope | Code::SourceAddressFailedPolicy | Code::RejectRoute => "destination unreachable",
    }
}

/// For whose public key a handshake's first message is made.
pub fn made_for(message: &[u8], public_key: &[u8; 32]) -> Option<MadeFor> {
    let (before, rest) = message.split_at_checked(INITIATION.1)?;
    let mac1 = rest.get(..16)?;
    let key = Blake2s256::new().chain_update(LABEL).chain_update(public_key).finalize();
    let mut mac = Blake2sMac::<U16>::new_from_slice(&key).ok()?;
    mac.update(before);
    Some(if mac.verify_slice(mac1).is_ok() { MadeFor::ThisKey } else { MadeFor::AnotherKey })
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    /// As a real client and a real server sent them.
    const FIRST: &str = concat!(
        "450000b09d0f4000401148c3c6336402c6336401e76aca6c009c5518010000006f13f5d227210609d2c29d1b16fc07d1357f",
        "d2f538373f4c107a5bb651759b364a166343fe2a662e1c5ca1644b9ac80d27ad4b970e0481dbbb29572f2ca899f02beaa97d",
        "474bd345c7ffb41e22633fd4d6606386d968ab02a061c1fd71608f316bbe2415a47e050a570d31298219b18a59a8f2622774",
        "a3420f2fdf080ecfefd600000000000000000000000000000000",
    );
    const ANSWER: &str = concat!(
        "450000785fcc40004011863ec6336401c6336402ca6ce76a006454e002000000b64d91436f13f5d23e4892befd87685b54eb",
        "bde02ce29c3c639cedcc9e6c02ec0175188b36ca4650178d355d56de58a087c10dca6e559d4f97e4843544244283d113a7aa",
        "7925c2c100000000000000000000000000000000",
    );
    const REFUSAL: &str = concat!(
        "45c000cc795500004001abb1c6336401c63364020303c40500000000450000b09fe54000401145edc6336402c6336401b1a3",
        "ca6c009c55180100000050110f1cfd6e8039fe588e65a167ba71ae0230919288a9236b13c26375374d98bf8f715585117e92",
        "d1ee6eae2e6a9599bfb4e7baeb8af7824ee55e78585c49b18941993ba60fb968979035d7028ed47bd088a68ebf37cb710140",
        "cfced26e5bc0959fdcaeaaf84f52bb4617acbd705b4caaeb4ef63d9983ae738a1120a197220f000000000000000000000000",
        "00000000",
    );
    const SERVER_KEY: &str = "iDDhz4To046r0RsM4nisjS66tVKrbUDC0S5QOt+GHmY=";
    const CLIENT_KEY: &str = "/PmuYrbeNmcVZaUxocA9TNPhm64UvakAH4HQAa2Ku0U=";

    fn bytes(hex: &str) -> Vec<u8> {
        let digits: Vec<char> = hex.chars().collect();
        digits.chunks(2).map(|two| u8::from_str_radix(&two.iter().collect::<String>(), 16).expect("hex")).collect()
    }

    fn key(text: &str) -> [u8; 32] {
        STANDARD.decode(text).expect("base64").try_into().expect("32 bytes")
    }

    #[test]
    fn the_key_for_which_a_handshake_is_made_is_seen() {
        let Some(Packet::Initiation { from, to, message }) = read(&bytes(FIRST)) else { panic!("a first message") };
        assert_eq!((from.to_string(), to.to_string()), ("198.51.100.2:59242".into(), "198.51.100.1:51820".into()));
        assert_eq!(made_for(&message, &key(SERVER_KEY)), Some(MadeFor::ThisKey));
        assert_eq!(made_for(&message, &key(CLIENT_KEY)), Some(MadeFor::AnotherKey));
        assert_eq!(made_for(&message[..130], &key(SERVER_KEY)), None);
    }

    #[test]
    fn an_answer_and_a_refusal_are_told_by_their_ends() {
        let (client, server) = ("198.51.100.2:59242".parse(), "198.51.100.1:51820".parse());
        let (client, server) = (client.expect("an address"), server.expect("an address"));
        assert_eq!(read(&bytes(ANSWER)), Some(Packet::Response { from: server, to: client }));
        let Some(Packet::Refused { from, to, what }) = read(&bytes(REFUSAL)) else { panic!("a refusal") };
        assert_eq!((from.ip(), to), (client.ip(), server));
        assert_eq!(what, Unreachable { by: server.ip(), reason: "port unreachable".to_owned() });
    }

    #[test]
    fn nothing_else_is_taken_for_a_handshake() {
        let whole = bytes(FIRST);
        for length in 0..whole.len() {
            assert!(!matches!(read(&whole[..length]), Some(Packet::Initiation { .. })), "{length} bytes");
        }
        // Data of a session, and a message whose reserved bytes are not zero.
        for (place, value) in [(28, 4), (29, 1)] {
            let mut other = whole.clone();
            other[place] = value;
            assert_eq!(read(&other), None);
        }
    }
}
