//! The kernel's routing socket: what is asked there, and what it answers. The enum of all messages that netlink-packet-route
//! has knows every kind of interface and queue; of an interface four attributes are wanted here, and all the rest would be a
//! thirtieth of the program.

use std::io;
use std::net::IpAddr;
use std::pin::pin;

use futures_util::StreamExt;
use netlink_packet_core::{
    DecodeError, Emitable, NLM_F_DUMP, NLM_F_REQUEST, NetlinkDeserializable, NetlinkHeader, NetlinkMessage,
    NetlinkPayload, NetlinkSerializable, NlasIterator, Parseable,
};
use netlink_packet_route::AddressFamily;
use netlink_packet_route::address::AddressMessage;
use netlink_packet_route::link::LinkHeader;
use netlink_packet_route::route::{RouteAddress, RouteAttribute, RouteMessage};
use netlink_packet_route::rule::RuleMessage;
use netlink_proto::new_connection;
use netlink_proto::sys::SocketAddr;
use netlink_proto::sys::protocols::NETLINK_ROUTE;

/// rtnetlink(7), linux/rtnetlink.h.
mod kind {
    pub(super) const NEW_LINK: u16 = 16;
    pub(super) const GET_LINK: u16 = 18;
    pub(super) const NEW_ADDRESS: u16 = 20;
    pub(super) const GET_ADDRESS: u16 = 22;
    pub(super) const NEW_ROUTE: u16 = 24;
    pub(super) const GET_ROUTE: u16 = 26;
    pub(super) const NEW_RULE: u16 = 32;
    pub(super) const GET_RULE: u16 = 34;
}

/// The attributes of an interface, linux/if_link.h.
mod attribute {
    pub(super) const NAME: u16 = 3;
    pub(super) const MTU: u16 = 4;
    pub(super) const INFO: u16 = 18;
    pub(super) const INFO_KIND: u16 = 1;
}

/// A question.
#[derive(Debug)]
pub(super) enum Question {
    Links,
    Link(u32),
    Addresses,
    Routes(AddressFamily),
    /// To an address, from one of this machine's.
    RouteTo(IpAddr, Option<IpAddr>),
    Rules(AddressFamily),
}

/// An interface.
#[derive(Debug, Default)]
pub(super) struct LinkTold {
    pub(super) index: u32,
    pub(super) name: Option<String>,
    pub(super) kind: Option<String>,
    pub(super) up: bool,
    pub(super) mtu: u32,
}

/// What the kernel answers.
#[derive(Debug)]
pub(super) enum Told {
    Link(LinkTold),
    Address(AddressMessage),
    Route(RouteMessage),
    Rule(RuleMessage),
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Failure {
    /// There is no such socket.
    NoSocket(io::Error),
    /// The kernel's error number.
    Refused(i32),
    Unreadable,
}

/// What goes over the socket.
#[derive(Debug)]
enum Message {
    Asks { kind: u16, bytes: Vec<u8> },
    Tells(Told),
}

/// Asks one thing after the other; the answers in their order.
pub(super) async fn ask(questions: impl IntoIterator<Item = Question>) -> Result<Vec<Told>, Failure> {
    let (connection, handle, _) = new_connection::<Message>(NETLINK_ROUTE).map_err(Failure::NoSocket)?;
    let asked = async {
        let mut found = Vec::new();
        for question in questions {
            let sent = handle.request(question.message(), SocketAddr::new(0, 0));
            let mut answers = sent.map_err(|_| Failure::Unreadable)?;
            while let Some(answer) = answers.next().await {
                found.push(told(answer.payload)?);
            }
        }
        Ok(found)
    };
    // On this look's own thread: one that ends takes nothing else with it.
    tokio::select! {
        biased;
        found = pin!(asked) => found,
        () = connection => Err(Failure::Unreadable),
    }
}

fn told(payload: NetlinkPayload<Message>) -> Result<Told, Failure> {
    if let NetlinkPayload::InnerMessage(Message::Tells(told)) = payload {
        Ok(told)
    } else if let NetlinkPayload::Error(error) = payload {
        Err(Failure::Refused(error.raw_code().abs()))
    } else {
        Err(Failure::Unreadable)
    }
}

impl Question {
    fn message(&self) -> NetlinkMessage<Message> {
        let (kind, bytes) = match self {
            Self::Links => (kind::GET_LINK, emitted(&LinkHeader::default())),
            Self::Link(index) => (kind::GET_LINK, emitted(&LinkHeader { index: *index, ..LinkHeader::default() })),
            Self::Addresses => (kind::GET_ADDRESS, emitted(&AddressMessage::default())),
            Self::Routes(family) => {
                let mut message = RouteMessage::default();
                message.header.address_family = *family;
                (kind::GET_ROUTE, emitted(&message))
            }
            Self::RouteTo(to, from) => (kind::GET_ROUTE, emitted(&route_to(*to, *from))),
            Self::Rules(family) => {
                let mut message = RuleMessage::default();
                message.header.family = *family;
                (kind::GET_RULE, emitted(&message))
            }
        };
        let mut message =
            NetlinkMessage::new(NetlinkHeader::default(), NetlinkPayload::InnerMessage(Message::Asks { kind, bytes }));
        let all = !matches!(self, Self::Link(_) | Self::RouteTo(_, _));
        message.header.flags = NLM_F_REQUEST | if all { NLM_F_DUMP } else { 0 };
        message
    }
}

fn route_to(to: IpAddr, from: Option<IpAddr>) -> RouteMessage {
    let mut message = RouteMessage::default();
    message.header.address_family = if to.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 };
    message.header.destination_prefix_length = if to.is_ipv4() { 32 } else { 128 };
    message.attributes.push(RouteAttribute::Destination(RouteAddress::from(to)));
    if let Some(from) = from {
        message.header.source_prefix_length = message.header.destination_prefix_length;
        message.attributes.push(RouteAttribute::Source(RouteAddress::from(from)));
    }
    message
}

fn emitted(message: &impl Emitable) -> Vec<u8> {
    let mut bytes = vec![0; message.buffer_len()];
    message.emit(&mut bytes);
    bytes
}

impl NetlinkSerializable for Message {
    fn message_type(&self) -> u16 {
        if let Self::Asks { kind, .. } = self { *kind } else { 0 }
    }

    fn buffer_len(&self) -> usize {
        if let Self::Asks { bytes, .. } = self { bytes.len() } else { 0 }
    }

    fn serialize(&self, buffer: &mut [u8]) {
        if let Self::Asks { bytes, .. } = self {
            buffer.copy_from_slice(bytes);
        }
    }
}

impl NetlinkDeserializable for Message {
    type Error = DecodeError;

    fn deserialize(header: &NetlinkHeader, payload: &[u8]) -> Result<Self, DecodeError> {
        Ok(Self::Tells(match header.message_type {
            kind::NEW_LINK => Told::Link(link(payload)?),
            kind::NEW_ADDRESS => Told::Address(AddressMessage::parse(payload)?),
            kind::NEW_ROUTE => Told::Route(RouteMessage::parse(payload)?),
            kind::NEW_RULE => Told::Rule(RuleMessage::parse(payload)?),
            other => return Err(format!("a message of type {other}").into()),
        }))
    }
}

fn link(payload: &[u8]) -> Result<LinkTold, DecodeError> {
    /// `struct ifinfomsg`: family, type, index, flags, changed flags.
    const HEADER: usize = 16;
    const UP: u32 = 1;
    let short = || DecodeError::from("an interface without a header");
    let header: &[u8; HEADER] = payload.first_chunk().ok_or_else(short)?;
    let number = |at: usize| u32::from_ne_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
    let mut told = LinkTold { index: number(4), up: number(8) & UP != 0, ..LinkTold::default() };
    for found in NlasIterator::new(&payload[HEADER..]) {
        let found = found?;
        match found.kind() {
            attribute::NAME => told.name = text(found.value()),
            attribute::MTU => told.mtu = found.value().first_chunk().map_or(0, |bytes| u32::from_ne_bytes(*bytes)),
            attribute::INFO => {
                for info in NlasIterator::new(found.value()).filter_map(Result::ok) {
                    if info.kind() == attribute::INFO_KIND {
                        told.kind = text(info.value());
                    }
                }
            }
            _ => {}
        }
    }
    Ok(told)
}

/// Text ends with a NUL.
fn text(bytes: &[u8]) -> Option<String> {
    let bytes = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    String::from_utf8(bytes.to_vec()).ok().filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interface_is_read_and_a_cut_one_is_not() {
        let written = |kind: u16, value: &[u8]| {
            let length = u16::try_from(4 + value.len()).expect("short");
            let mut bytes = [&length.to_ne_bytes(), &kind.to_ne_bytes(), value].concat();
            bytes.resize(bytes.len().next_multiple_of(4), 0);
            bytes
        };
        let header = [&[0, 0, 0, 0][..], &7_u32.to_ne_bytes(), &0x1043_u32.to_ne_bytes(), &[0; 4]].concat();
        let info = [written(1, b"wireguard\0"), written(2, b"\x08\0\x01\0\0\0\0\0")].concat();
        let nested = written(attribute::INFO | 0x8000, &info);
        let whole = [header, written(3, b"wg0\0"), written(4, &1420_u32.to_ne_bytes()), nested].concat();
        let told = link(&whole).expect("an interface");
        assert_eq!((told.index, told.name.as_deref(), told.mtu, told.up), (7, Some("wg0"), 1420, true));
        assert_eq!(told.kind.as_deref(), Some("wireguard"));
        assert!(link(&whole[..15]).is_err(), "no header");
        assert!(link(&whole[..22]).is_err(), "an attribute that is cut off");
    }
}
