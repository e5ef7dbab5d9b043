//! WireGuard keys as text. A private key goes in, at most its public half comes out.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use secrecy::zeroize::Zeroizing;
use x25519_dalek::{PublicKey, StaticSecret};

use crate::fact::wireguard::KeyShape;
use crate::fact::wireguard::keys::KeyFile;

/// A key's bytes. They may be a private key's, so they are wiped when dropped.
pub type KeyBytes = Zeroizing<[u8; 32]>;

/// A key as `wg` prints it.
pub fn to_base64(key: &[u8; 32]) -> String {
    BASE64_STANDARD.encode(key)
}

/// Reads a key as `wg` does: 44 characters, no spare bits set.
pub fn from_base64(text: &str) -> Option<KeyBytes> {
    let mut key = KeyBytes::default();
    // The decoder wants room for three more bytes than a key has.
    let mut room = Zeroizing::new([0; 36]);
    if text.len() != 44 || BASE64_STANDARD.decode_slice(text, room.as_mut_slice()) != Ok(32) {
        return None;
    }
    key.copy_from_slice(&room[..32]);
    Some(key)
}

/// Reads a key as the userspace implementations print it: 64 hexadecimal digits.
pub fn from_hex(text: &str) -> Option<KeyBytes> {
    let mut key = KeyBytes::default();
    if text.len() != 64 {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    for (byte, pair) in key.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let [high, low] = pair else { return None };
        *byte = (digit(*high)? << 4) | digit(*low)?;
    }
    Some(key)
}

/// The public key of a private one, in base64.
pub fn public_of(private: &[u8; 32]) -> String {
    to_base64(PublicKey::from(&StaticSecret::from(*private)).as_bytes())
}

/// What a written key looks like, with the line behind it. Neither has white space in it: `wg` drops all of it.
pub fn shape(written: &str, next: &str) -> KeyShape {
    const STAND_INS: [&str; 8] = ["REPLACE", "YOUR", "CHANGE", "PASTE", "INSERT", "EXAMPLE", "PRIVATE", "PUBLIC"];
    let quoted = |c: char| matches!(c, '"' | '\'' | '`' | '\u{201c}' | '\u{201d}' | '\u{2018}' | '\u{2019}');
    if written.is_empty() {
        return KeyShape::Empty;
    }
    if from_base64(written).is_some() {
        return KeyShape::Good;
    }
    if written.starts_with(quoted) || written.ends_with(quoted) {
        return KeyShape::Quoted;
    }
    let upper = written.to_ascii_uppercase();
    let named = STAND_INS.iter().any(|word| upper.trim_start_matches(['<', '[', '{', '$', '(']).starts_with(word));
    if named || written.contains(['<', '>', '{', '}', '[', ']', '$', '_', '\u{2026}']) || written.contains("...") {
        return KeyShape::Placeholder;
    }
    if !written.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')) {
        return KeyShape::Malformed;
    }
    if from_base64(&Zeroizing::new(format!("{written}="))).is_some() {
        return KeyShape::Unpadded;
    }
    if from_base64(&Zeroizing::new(format!("{written}{next}"))).is_some() {
        return KeyShape::Wrapped;
    }
    if written.len() < 44 { KeyShape::Truncated } else { KeyShape::Malformed }
}

/// What a file holds, by its text.
pub fn file(path: String, (mode, owner): (u32, u32), reachable: bool, text: &str) -> KeyFile {
    let written: String = text.split_whitespace().collect();
    let public_key = from_base64(&written).map(|private| public_of(&private));
    KeyFile { path, mode, owner, reachable, shape: shape(&written, ""), public_key }
}

/// Whether a file's name says that it holds a private key.
pub fn is_private(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let other = ["pub", "psk", "preshared", ".conf", ".pem"].iter().any(|word| name.contains(word));
    (name.contains("private") || name.rsplit('.').next() == Some("key")) && !other
}

#[cfg(test)]
mod tests {
    use super::*;

    // The bytes 1 to 32, and what `wg pubkey` makes of them.
    const HEX: &str = "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20";
    const PRIVATE: &str = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";
    const PUBLIC: &str = "B6N8vBQgk8i3VdwbEOhstCY3StFqqFPtC9/AsrhtHHw=";

    #[test]
    fn hex_and_base64_are_one_key_and_wg_agrees_on_its_public_half() {
        let key = from_hex(HEX).unwrap();
        assert_eq!(from_base64(PRIVATE).as_deref(), Some(&*key));
        assert_eq!(to_base64(&key), PRIVATE);
        assert_eq!(public_of(&key), PUBLIC);
    }

    #[test]
    fn shapes_are_told_apart() {
        let (head, tail) = PRIVATE.split_at_checked(20).unwrap();
        assert_eq!(shape(head, tail), KeyShape::Wrapped);
        for (written, expected) in [
            (PRIVATE, KeyShape::Good),
            ("", KeyShape::Empty),
            ("\"AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=\"", KeyShape::Quoted),
            ("AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA='", KeyShape::Quoted),
            ("REPLACE_SERVER_PRIVATE_KEY", KeyShape::Placeholder),
            ("<CLIENT_PUBLIC_KEY>", KeyShape::Placeholder),
            ("...", KeyShape::Placeholder),
            // One character short, no padding, spare bits set, a no-break space.
            ("AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHy=", KeyShape::Truncated),
            ("AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA", KeyShape::Unpadded),
            ("AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=\u{a0}", KeyShape::Malformed),
            ("AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyB=", KeyShape::Malformed),
        ] {
            assert_eq!(shape(written, ""), expected, "{written}");
        }
    }

    #[test]
    fn a_private_key_file_is_known_by_its_public_half_alone() {
        let file = super::file("/x".to_owned(), (0o600, 0), false, "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=\n");
        assert_eq!(file.public_key.as_deref(), Some("B6N8vBQgk8i3VdwbEOhstCY3StFqqFPtC9/AsrhtHHw="));
        assert!(!serde_json::to_string(&file).unwrap().contains("AQIDBAUG"));
    }

    #[test]
    fn names_of_private_keys() {
        assert!(["server_private.key", "client_private.key", "privatekey", "wg0.key"].into_iter().all(is_private));
        assert!(!["server_public.key", "publickey", "wg0.conf", "psk.key", "notes"].into_iter().any(is_private));
    }
}
