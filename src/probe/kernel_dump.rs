//! A list that the kernel keeps, asked for over netlink(7) in one message; its answers are there as soon as the question is sent.
#![expect(clippy::disallowed_methods, reason = "asking is this room's work")]

use std::io::{self, Error, ErrorKind, Read};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};

/// `AF_NETLINK` and, of its protocols, those that are asked here: linux/socket.h, linux/netlink.h.
const NETLINK: i32 = 16;
pub(super) const SOCK_DIAG: i32 = 4;
pub(super) const NETFILTER: i32 = 12;

/// `struct nlmsghdr`: length, type, flags, number, port.
const HEADER: usize = 16;
/// `NLM_F_REQUEST` and `NLM_F_DUMP`.
const WHOLE_LIST: u16 = 0x301;
/// `NLMSG_ERROR` and `NLMSG_DONE`.
const ERROR: u16 = 2;
const DONE: u16 = 3;

/// This only keeps a lost answer from holding up the run.
const DEADLINE: Duration = Duration::from_secs(1);
/// More than the kernel puts into one answer.
const ANSWER: usize = 64 << 10;
/// Answers: a host has hundreds of sockets and tables.
const MOST: usize = 4096;

/// What each message of the list holds behind its header.
pub(super) fn ask(protocol: i32, kind: u16, question: &[u8]) -> io::Result<Vec<Vec<u8>>> {
    let mut socket = Socket::new(Domain::from(NETLINK), Type::RAW, Some(Protocol::from(protocol)))?;
    socket.set_read_timeout(Some(DEADLINE))?;
    let length = u32::try_from(HEADER + question.len()).map_err(|_| Error::from(ErrorKind::InvalidInput))?;
    let header = [&length.to_ne_bytes()[..], &kind.to_ne_bytes(), &WHOLE_LIST.to_ne_bytes(), &[0; 8]].concat();
    socket.send(&[&header, question].concat())?;
    let (mut found, mut bytes) = (Vec::new(), vec![0; ANSWER]);
    for _ in 0..MOST {
        let count = socket.read(&mut bytes)?;
        if take(bytes.get(..count).unwrap_or_default(), &mut found)? {
            return Ok(found);
        }
    }
    Err(Error::from(ErrorKind::InvalidData))
}

/// Whether the list is at its end.
fn take(mut bytes: &[u8], found: &mut Vec<Vec<u8>>) -> io::Result<bool> {
    let cut = || Error::from(ErrorKind::InvalidData);
    while !bytes.is_empty() {
        let length = usize::try_from(number(bytes, 0).ok_or_else(cut)?).map_err(|_| cut())?;
        let kind = bytes.get(4..6).map(|kind| u16::from_ne_bytes([kind[0], kind[1]])).ok_or_else(cut)?;
        let held = bytes.get(HEADER..length).ok_or_else(cut)?;
        match kind {
            ERROR | DONE => match number(held, 0).unwrap_or_default().cast_signed() {
                code if code < 0 => return Err(Error::from_raw_os_error(-code)),
                _ => return Ok(true),
            },
            _ => found.push(held.to_vec()),
        }
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    Ok(false)
}

/// A number in the machine's own order.
pub(super) fn number(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..)?.first_chunk()?;
    Some(u32::from_ne_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: u16, held: &[u8]) -> Vec<u8> {
        let length = u32::try_from(HEADER + held.len()).expect("short");
        let mut bytes = [&length.to_ne_bytes()[..], &kind.to_ne_bytes(), &[0; 10], held].concat();
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    #[test]
    fn a_list_is_read_to_its_end_and_a_refusal_is_an_error() {
        let mut found = Vec::new();
        let first = [message(20, b"one"), message(20, b"two!")].concat();
        assert!(!take(&first, &mut found).expect("a list"), "there is more");
        assert!(take(&message(DONE, &0_i32.to_ne_bytes()), &mut found).expect("its end"));
        assert_eq!(found, [b"one".to_vec(), b"two!".to_vec()]);
        let refused = take(&message(ERROR, &(-1_i32).to_ne_bytes()), &mut found).expect_err("EPERM");
        assert_eq!(refused.kind(), ErrorKind::PermissionDenied);
        for end in [3, 15, 17] {
            assert!(take(&first[..end], &mut Vec::new()).is_err(), "cut at {end}");
        }
        // Of length 0 there would be no end.
        assert!(take(&[0; 16], &mut Vec::new()).is_err());
    }
}
