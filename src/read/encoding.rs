//! Whether a file of variables is in an encoding that a shell and systemd do not read.

use crate::fact::environment::Encoding;

/// Of a text in which bytes that are no UTF-8 were replaced. Every second byte of UTF-16 is 0 in such a file, and no text in
/// UTF-8 has one. A mark in front of a comment or an empty line changes nothing.
pub fn of(text: &str) -> Option<Encoding> {
    if text.contains('\0') {
        return Some(Encoding::Utf16);
    }
    let first = text.strip_prefix('\u{feff}')?.lines().next()?.trim();
    (!first.is_empty() && !first.starts_with('#')).then_some(Encoding::ByteOrderMark)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_editors_of_windows_write_is_told() {
        let wide: Vec<u8> = "\u{feff}A=1\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(of(&String::from_utf8_lossy(&wide)), Some(Encoding::Utf16));
        assert_eq!(of("\u{feff}A=1\nB=2\n"), Some(Encoding::ByteOrderMark));
        for fine in ["", "A=\u{feff}\n", "\u{feff}# Redis\nA=1\n", "\u{feff}\nA=1\n", "A=ä\n"] {
            assert_eq!(of(fine), None, "{fine:?}");
        }
    }
}
