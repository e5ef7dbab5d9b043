//! SSH's binary form: what a server sends, and what stands in a key.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use ring::digest::{SHA256, digest};

/// A public key's fingerprint as OpenSSH prints it.
pub fn fingerprint(key: &[u8]) -> String {
    format!("SHA256:{}", STANDARD_NO_PAD.encode(digest(&SHA256, key)))
}

/// Reads SSH's binary form (RFC 4251, section 5).
pub struct Wire<'a>(&'a [u8]);

impl<'a> Wire<'a> {
    /// From its beginning.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// So many bytes.
    pub fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(head)
    }

    /// A `uint32`.
    pub fn number(&mut self) -> Option<u32> {
        self.take(4)?.try_into().ok().map(u32::from_be_bytes)
    }

    /// A `string`.
    pub fn string(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        self.take(length)
    }

    /// A `name-list`.
    pub fn names(&mut self) -> Option<Vec<&'a str>> {
        Some(std::str::from_utf8(self.string()?).ok()?.split(',').collect())
    }
}

/// The type of a public key in SSH's form: its first string.
pub fn kind_of(key: &[u8]) -> Option<String> {
    let kind = std::str::from_utf8(Wire::new(key).string()?).ok()?;
    let plain = !kind.is_empty() && kind.len() <= 64 && kind.chars().all(|c| c.is_ascii_graphic());
    plain.then(|| kind.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_off_is_not_read() {
        let text = [0, 0, 0, 3, b'a', b',', b'b', 0, 0, 0, 9, b'x'];
        let mut wire = Wire::new(&text);
        assert_eq!(wire.names(), Some(vec!["a", "b"]));
        assert_eq!(wire.string(), None);
        assert_eq!(kind_of(&[0, 0, 0, 2, b'\n', b'x']), None);
    }
}
