//! SSH up to the server's host key: both sides' names, what both can do, and the first answer of the key exchange (RFC
//! 4253 sections 4, 6 to 8; RFC 5656 section 4; RFC 8731). There it ends: nobody logs in, and nothing was encrypted.
//!
//! No key is made, since none is used: what is sent as ours is a point that everybody knows. So the server's signature is
//! not verified either; what is compared is the key that the sidecar's ssh is shown, too.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

use crate::fact::delivery::ssh::{HostKey, SshSaid};
use crate::read::ssh_wire::{Wire, fingerprint, kind_of};

/// How long a server may take for its greeting, and again for its key. ssh's own probe in the sidecar waits 5 s for both.
const PATIENCE: Duration = Duration::from_millis(2500);

const OWN_NAME: &str = concat!("SSH-2.0-clipcheck_", env!("CARGO_PKG_VERSION"), "\r\n");

/// Lines that a server may send before its name (RFC 4253 section 4.2), as far as OpenSSH reads them.
const GREETING: usize = 8192;

/// No packet of a key exchange is longer (RFC 4253 section 6.1).
const LONGEST: usize = 35_000;

/// What sshd says before it closes at once: too many are logging in, or this address failed too often (OpenSSH's sshd.c).
const TURNED_AWAY: [&[u8]; 2] = [b"Exceeded MaxStartups", b"Not allowed at this time"];

/// Message numbers (RFC 4253 section 12, RFC 5656 section 7.1).
const DISCONNECT: u8 = 1;
const KEXINIT: u8 = 20;
const KEX_ECDH_INIT: u8 = 30;
const KEX_ECDH_REPLY: u8 = 31;

/// SSH_DISCONNECT_BY_APPLICATION.
const BY_APPLICATION: u32 = 11;

/// The ways to agree on a key that are known here. The server's host key comes with the first answer of each.
const EXCHANGES: [&str; 3] = ["curve25519-sha256", "curve25519-sha256@libssh.org", "ecdh-sha2-nistp256"];

/// ssh's order of host keys (ssh_config(5), HostKeyAlgorithms), each with the type that known_hosts has for it.
const HOST_KEYS: [(&str, &str); 6] = [
    ("ssh-ed25519", "ssh-ed25519"),
    ("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256"),
    ("ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384"),
    ("ecdsa-sha2-nistp521", "ecdsa-sha2-nistp521"),
    ("rsa-sha2-512", "ssh-rsa"),
    ("rsa-sha2-256", "ssh-rsa"),
];

/// Named so that both sides agree on one; never used.
const CIPHERS: &str =
    "aes128-ctr,aes256-ctr,aes128-gcm@openssh.com,aes256-gcm@openssh.com,chacha20-poly1305@openssh.com";
const MACS: &str = "hmac-sha2-256,hmac-sha2-512,hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com,\
    umac-128-etm@openssh.com,hmac-sha1";

/// The base point of Curve25519 (RFC 7748 section 4.1).
const CURVE25519: [u8; 32] = {
    let mut point = [0; 32];
    point[0] = 9;
    point
};

/// The base point of P-256, not compressed (SEC 2 section 2.4.2).
const P256: [u8; 65] = [
    0x04, 0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6, 0xe5, 0x63, 0xa4, 0x40, 0xf2, 0x77, 0x03,
    0x7d, 0x81, 0x2d, 0xeb, 0x33, 0xa0, 0xf4, 0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2, 0x96, 0x4f, 0xe3, 0x42, 0xe2, 0xfe,
    0x1a, 0x7f, 0x9b, 0x8e, 0xe7, 0xeb, 0x4a, 0x7c, 0x0f, 0x9e, 0x16, 0x2b, 0xce, 0x33, 0x57, 0x6b, 0x31, 0x5e, 0xce,
    0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51, 0xf5,
];

/// What a server says. `known` are the types of its keys that known_hosts holds: ssh asks for these first.
pub(super) async fn greet(mut stream: impl AsyncRead + AsyncWrite + Unpin, known: &[&str]) -> SshSaid {
    let mut heard = Vec::new();
    let software = match timeout(PATIENCE, name(&mut stream, &mut heard)).await {
        Ok(Ok(software)) => software,
        Ok(Err(said)) => return said,
        Err(_) if heard.is_empty() => return SshSaid::Silent,
        Err(_) => return SshSaid::NotSsh,
    };
    let key = timeout(PATIENCE, host_key(&mut stream, known)).await.ok().flatten().unwrap_or(HostKey::Lost);
    // A word of good-bye keeps the server's log calm.
    let bye = [&[DISCONNECT][..], &BY_APPLICATION.to_be_bytes(), &string(b"looked"), &string(b"")].concat();
    let _ = timeout(PATIENCE, stream.write_all(&packet(&bye))).await;
    SshSaid::Speaks { software, key }
}

/// Says our name and hears the server's.
async fn name(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), heard: &mut Vec<u8>) -> Result<String, SshSaid> {
    // As ssh does, before anything is heard: a server may wait for it. That it cannot be sent will show.
    let _ = stream.write_all(OWN_NAME.as_bytes()).await;
    loop {
        // One by one, since what follows the line is the first packet.
        match stream.read_u8().await {
            Ok(byte) => heard.push(byte),
            Err(_) if heard.is_empty() => return Err(SshSaid::Closed),
            Err(_) => return Err(SshSaid::NotSsh),
        }
        if heard.last() != Some(&b'\n') && heard.len() < GREETING {
            continue;
        }
        let line = heard.strip_suffix(b"\n").unwrap_or(heard).rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
        // 1.99 is a server that speaks the old version too.
        let software = [b"SSH-2.0-".as_slice(), b"SSH-1.99-"].iter().find_map(|start| line.strip_prefix(*start));
        if let Some(software) = software {
            let plain = software.iter().take(64).filter(|byte| byte.is_ascii_graphic() || **byte == b' ');
            return Ok(plain.map(|byte| char::from(*byte)).collect());
        }
        if TURNED_AWAY.iter().any(|words| line.starts_with(words)) {
            return Err(SshSaid::Closed);
        }
        if heard.len() >= GREETING || line.starts_with(b"SSH-") {
            return Err(SshSaid::NotSsh);
        }
    }
}

async fn host_key(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), known: &[&str]) -> Option<HostKey> {
    let ours = host_keys(known);
    stream.write_all(&packet(&offer(&ours))).await.ok()?;
    let theirs = message(stream, KEXINIT).await?;
    let mut reader = Wire::new(&theirs);
    reader.take(16)?;
    let (exchanges, keys) = (reader.names()?, reader.names()?);
    // The first of ours that the server has, too.
    let exchange = EXCHANGES.iter().find(|name| exchanges.contains(name));
    let (Some(exchange), true) = (exchange, ours.iter().any(|name| keys.contains(name))) else {
        return Some(HostKey::NothingInCommon);
    };
    let point: &[u8] = if exchange.starts_with("curve25519") { &CURVE25519 } else { &P256 };
    stream.write_all(&packet(&[&[KEX_ECDH_INIT][..], &string(point)].concat())).await.ok()?;
    let reply = message(stream, KEX_ECDH_REPLY).await?;
    let key = Wire::new(&reply).string()?;
    Some(HostKey::Shown { kind: kind_of(key)?, fingerprint: fingerprint(key) })
}

/// In ssh's order, unless known_hosts has keys of the host and none of the first type: then what it has goes before
/// (order_hostkeyalgs in OpenSSH's sshconnect2.c).
fn host_keys(known: &[&str]) -> Vec<&'static str> {
    let mut order = HOST_KEYS;
    if !known.contains(&order[0].1) {
        order.sort_by_key(|(_, kind)| !known.contains(kind));
    }
    order.iter().map(|(name, _)| *name).collect()
}

/// KEXINIT: a cookie, ten lists, and two words that say no. The cookie makes nothing secret here.
fn offer(host_keys: &[&str]) -> Vec<u8> {
    let (exchanges, host_keys) = (EXCHANGES.join(","), host_keys.join(","));
    let lists = [exchanges.as_str(), &host_keys, CIPHERS, CIPHERS, MACS, MACS, "none", "none", "", ""];
    let mut offer = vec![KEXINIT];
    offer.extend([0; 16]);
    offer.extend(lists.iter().flat_map(|list| string(list.as_bytes())));
    offer.extend([0; 5]);
    offer
}

fn string(bytes: &[u8]) -> Vec<u8> {
    let mut out = u32::try_from(bytes.len()).unwrap_or(0).to_be_bytes().to_vec();
    out.extend(bytes);
    out
}

/// A packet before encryption begins: its whole length is a multiple of 8, and at least 4 bytes of it are padding.
fn packet(payload: &[u8]) -> Vec<u8> {
    let padding = 4 + (8 - (payload.len() + 5 + 4) % 8) % 8;
    let mut out = u32::try_from(payload.len() + padding + 1).unwrap_or(0).to_be_bytes().to_vec();
    out.push(u8::try_from(padding).unwrap_or(4));
    out.extend(payload);
    out.resize(out.len() + padding, 0);
    out
}

/// What follows the number of the next message of this kind. IGNORE and DEBUG may come between.
async fn message(stream: &mut (impl AsyncRead + Unpin), wanted: u8) -> Option<Vec<u8>> {
    const BETWEEN: usize = 8;
    for _ in 0..BETWEEN {
        let length =
            usize::try_from(stream.read_u32().await.ok()?).ok().filter(|length| (2..=LONGEST).contains(length))?;
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.ok()?;
        let payload = body.get(1..length.checked_sub(usize::from(body[0]))?)?;
        match payload.split_first() {
            Some((number, rest)) if *number == wanted => return Some(rest.to_vec()),
            Some((&DISCONNECT, _)) | None => return None,
            Some(_) => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_whole_blocks() {
        for length in 0..40 {
            let packet = packet(&vec![7; length]);
            assert!(packet.len().is_multiple_of(8) && packet[4] >= 4, "{length}: {packet:?}");
            let said = usize::try_from(u32::from_be_bytes(packet[..4].try_into().expect("four"))).expect("small");
            assert_eq!((said + 4, said - 1 - usize::from(packet[4])), (packet.len(), length));
        }
    }

    #[test]
    fn what_known_hosts_has_is_asked_for_first() {
        assert_eq!(host_keys(&[])[0], "ssh-ed25519");
        assert_eq!(host_keys(&["ssh-rsa"])[..3], ["rsa-sha2-512", "rsa-sha2-256", "ssh-ed25519"]);
        assert_eq!(host_keys(&["ssh-rsa", "ssh-ed25519"])[0], "ssh-ed25519");
    }

    #[tokio::test]
    async fn other_programs_are_no_ssh() {
        for (said, wanted) in [
            ("-ERR unknown command\r\n", SshSaid::NotSsh),
            ("SSH-1.5-old\r\n", SshSaid::NotSsh),
            ("", SshSaid::Closed),
            ("Exceeded MaxStartups\r\n", SshSaid::Closed),
            ("Welcome\r\nSSH-2.0-x y\r\n", SshSaid::Speaks { software: "x y".to_owned(), key: HostKey::Lost }),
            ("SSH-2.0-x\r\n\0\0\0\x02\x09", SshSaid::Speaks { software: "x".to_owned(), key: HostKey::Lost }),
        ] {
            let (ours, mut theirs) = tokio::io::duplex(4096);
            theirs.write_all(said.as_bytes()).await.expect("room");
            let answer = async {
                theirs.shutdown().await.expect("shuts");
                // Whoever only listens no more is not gone yet.
                let mut rest = Vec::new();
                let _ = theirs.read_to_end(&mut rest).await;
            };
            let (heard, ()) = tokio::join!(greet(ours, &[]), answer);
            assert_eq!(heard, wanted, "{said:?}");
        }
    }
}
