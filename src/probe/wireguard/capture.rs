//! Watches handshake packets go by: a passive socket on all interfaces, with a filter in the kernel. It needs the right
//! CAP_NET_RAW, sends nothing and changes nothing.
#![expect(clippy::disallowed_methods, reason = "the socket through which this looks")]

use std::io::Read;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use socket2::{Domain, Protocol, SockFilter, Socket, Type};

use crate::fact::order::InOrder;
use crate::fact::wireguard::{Exchange, Handshakes, WgInterface};
use crate::probe::{DIAL, host};
use crate::read::wg_packet::{self, Packet};

/// WireGuard begins a handshake again every 5 s, and up to a third of a second later (REKEY_TIMEOUT and its jitter,
/// section 6.1 of its paper).
const WATCH: Duration = Duration::from_millis(5400);
/// How long an answer may be on its way: as long as that of a dial; at the end of the time of a repetition less.
const ANSWER: Duration = DIAL;
const SHORT: Duration = Duration::from_millis(1100);
/// An other end that begins later than this after the first one is left out: its answer would not have its time.
const LATE: Duration = Duration::from_millis(500);
/// Packets that are looked at; with more, somebody floods this machine.
const PACKETS: usize = 2000;
/// Other ends that are told of.
const ENDS: usize = 16;
/// All protocols, to see what goes out as well: if_ether.h's ETH_P_ALL.
const ALL: u16 = 3;

pub(super) struct Capture {
    socket: Socket,
    own: Vec<IpAddr>,
    begun: Instant,
    first: Option<Instant>,
    left: usize,
    seen: Handshakes,
}

impl Capture {
    /// None without the right to do so.
    pub(super) fn begin(own: Vec<IpAddr>) -> Option<Self> {
        let socket = Socket::new(Domain::PACKET, Type::DGRAM, Some(Protocol::from(i32::from(ALL.to_be())))).ok()?;
        socket.attach_filter(&filter()).ok()?;
        socket.set_nonblocking(true).ok()?;
        let seen = Handshakes { seconds: WATCH.as_secs(), exchanges: Vec::new() };
        Some(Self { socket, own, begun: host::clock(), first: None, left: PACKETS, seen })
    }

    /// Takes what has come and gone until now.
    pub(super) fn drain(&mut self, interfaces: &[WgInterface]) {
        let mut packet = [0; 512];
        while self.left > 0
            && let Ok(length) = self.socket.read(&mut packet)
        {
            self.left -= 1;
            if let Some(packet) = packet.get(..length).and_then(wg_packet::read) {
                self.sort(packet, interfaces);
            }
        }
    }

    /// Whether enough was seen: a handshake whose answer had its time, or nothing in the time of a repetition.
    pub(super) fn is_over(&self) -> bool {
        self.left == 0
            || match self.first {
                Some(first) if self.begun.elapsed() < WATCH => first.elapsed() >= ANSWER,
                Some(first) => first.elapsed() >= SHORT,
                None => self.begun.elapsed() >= WATCH,
            }
    }

    /// None where more came by than was looked at: what was not seen then may have been there.
    pub(super) fn seen(mut self) -> Option<Handshakes> {
        self.seen.exchanges.in_order_by(|a, b| (&a.interface, a.with).cmp(&(&b.interface, b.with)));
        (self.left > 0).then_some(self.seen)
    }

    fn sort(&mut self, packet: Packet, interfaces: &[WgInterface]) {
        let end = |at: SocketAddr| {
            let own = self.own.contains(&at.ip());
            interfaces.iter().find(|interface| own && interface.listen_port == Some(at.port()))
        };
        let (from, to) = packet.ends();
        let (interface, with, arrives) = match (end(to), end(from)) {
            (Some(interface), _) => (interface, from, true),
            (None, Some(interface)) => (interface, to, false),
            (None, None) => return,
        };
        let Some(exchange) = self.exchange(interface, with) else { return };
        match (packet, arrives) {
            (Packet::Initiation { message, .. }, true) => {
                exchange.asked = own_key(interface).and_then(|key| wg_packet::made_for(&message, &key));
            }
            (Packet::Initiation { .. }, false) => exchange.begun = true,
            (Packet::Response { .. }, true) => exchange.answered = true,
            (Packet::Response { .. }, false) => exchange.replied = true,
            (Packet::Refused { what, .. }, false) => exchange.refused = Some(what),
            // This machine itself refused what came.
            (Packet::Refused { .. }, true) => {}
        }
    }

    /// What is known of these two ends; none for another one that comes too late for its answer to be waited for, and
    /// where there are too many.
    fn exchange(&mut self, interface: &WgInterface, with: SocketAddr) -> Option<&mut Exchange> {
        let exchanges = &mut self.seen.exchanges;
        let known = exchanges.iter().position(|it| it.interface == interface.name && it.with == with);
        let late = self.first.get_or_insert_with(host::clock).elapsed() >= LATE;
        if known.is_none() && (late || exchanges.len() == ENDS) {
            return None;
        }
        let place = known.unwrap_or_else(|| {
            let interface = interface.name.clone();
            let (begun, answered, replied) = (false, false, false);
            exchanges.push(Exchange { interface, with, begun, answered, refused: None, asked: None, replied });
            exchanges.len() - 1
        });
        exchanges.get_mut(place)
    }
}

fn own_key(interface: &WgInterface) -> Option<[u8; 32]> {
    STANDARD.decode(interface.public_key.as_ref()?).ok()?.try_into().ok()
}

/// Lets through what begins or answers a handshake (WireGuard's message types 1 and 2), and "destination unreachable".
/// In the instructions of classic BPF (bpf(4) of FreeBSD, linux/filter.h); an IP header is at 0.
fn filter() -> Vec<SockFilter> {
    const BYTE: u16 = 0x30; // ldb [k]
    const HALF: u16 = 0x28; // ldh [k]
    const WORD: u16 = 0x20; // ld [k]
    const BYTE_AT: u16 = 0x50; // ldb [x + k]
    const WORD_AT: u16 = 0x40; // ld [x + k]
    const HEADER: u16 = 0xb1; // ldxb 4 * ([k] & 0xf)
    const AND: u16 = 0x54;
    const IS: u16 = 0x15; // jeq #k
    const HAS: u16 = 0x45; // jset #k
    const RETURN: u16 = 0x06;
    const NO: u8 = 24;
    const YES: u8 = 25;
    /// Code, value, where to go if so, where if not (a line's number).
    const PROGRAM: [(u16, u32, u8, u8); 26] = [
        (BYTE, 0, 0, 0),
        (AND, 0xf0, 0, 0),
        (IS, 0x40, 3, 15),
        (BYTE, 9, 0, 0),
        (IS, 17, 5, 11),
        (HALF, 6, 0, 0),
        (HAS, 0x1fff, NO, 7), // a later fragment
        (HEADER, 0, 0, 0),
        (WORD_AT, 8, 0, 0),
        (IS, 0x0100_0000, YES, 10),
        (IS, 0x0200_0000, YES, NO),
        (IS, 1, 12, NO),
        (HEADER, 0, 0, 0),
        (BYTE_AT, 0, 0, 0),
        (IS, 3, YES, NO),
        (IS, 0x60, 16, NO),
        (BYTE, 6, 0, 0),
        (IS, 17, 18, 21),
        (WORD, 48, 0, 0),
        (IS, 0x0100_0000, YES, 20),
        (IS, 0x0200_0000, YES, NO),
        (IS, 58, 22, NO),
        (BYTE, 40, 0, 0),
        (IS, 1, YES, NO),
        (RETURN, 0, 0, 0),
        (RETURN, 0xffff, 0, 0),
    ];
    let lines = (1u8..).zip(PROGRAM);
    let jump = |next: u8, to: u8| to.saturating_sub(next);
    lines
        .map(|(next, (code, value, yes, no))| match code {
            IS | HAS => SockFilter::new(code, jump(next, yes), jump(next, no), value),
            _ => SockFilter::new(code, 0, 0, value),
        })
        .collect()
}
