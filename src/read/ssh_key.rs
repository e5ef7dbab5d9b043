//! A private key's file: of which kind it is, and whether a passphrase locks it. Of its content only the public half goes
//! on, as a fingerprint.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::ssh_wire::{Wire, fingerprint};
use crate::fact::delivery::key::KeyKind;

/// Reads a file's text.
pub fn read(text: &str) -> KeyKind {
    let text = text.trim_start();
    if text.starts_with("PuTTY-User-Key-File-") {
        return KeyKind::Putty;
    }
    let public = ["ssh-", "ecdsa-", "sk-", "---- BEGIN SSH2 PUBLIC KEY", "-----BEGIN PUBLIC KEY"];
    if public.iter().any(|start| text.starts_with(start)) {
        return KeyKind::Public;
    }
    let Some(name) = text.strip_prefix("-----BEGIN ").and_then(|rest| rest.split_once("-----")).map(|it| it.0) else {
        return KeyKind::Other;
    };
    // A file that was cut off has a beginning and no end.
    let Some((text, _)) = text.split_once(&format!("-----END {name}-----")) else { return KeyKind::Other };
    let body: String = text.lines().skip(1).map(str::trim).collect();
    match name {
        "OPENSSH PRIVATE KEY" => openssh(&body).unwrap_or(KeyKind::Other),
        "ENCRYPTED PRIVATE KEY" => KeyKind::Pem { locked: true },
        // RFC 1421: `Proc-Type: 4,ENCRYPTED`.
        _ if name.ends_with("PRIVATE KEY") => KeyKind::Pem { locked: body.contains("ENCRYPTED") },
        _ => KeyKind::Other,
    }
}

/// `openssh-key-v1`, cipher, kdf, its options, how many keys, the public one; what comes after is not read.
fn openssh(body: &str) -> Option<KeyKind> {
    let bytes = STANDARD.decode(body).ok()?;
    let mut wire = Wire::new(bytes.strip_prefix(b"openssh-key-v1\0")?);
    let cipher = wire.string()?;
    let (_kdf, _options, _count) = (wire.string()?, wire.string()?, wire.number()?);
    Some(KeyKind::Openssh { locked: cipher != b"none", fingerprint: fingerprint(wire.string()?) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_told_apart() {
        for (text, kind) in [
            ("ssh-ed25519 AAAA sidecar\n", KeyKind::Public),
            ("PuTTY-User-Key-File-3: ssh-ed25519\n", KeyKind::Putty),
            ("-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n", KeyKind::Pem { locked: false }),
            (
                "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAA\n-----END RSA PRIVATE KEY-----\n",
                KeyKind::Pem { locked: true },
            ),
            (
                "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAA\n-----END ENCRYPTED PRIVATE KEY-----",
                KeyKind::Pem { locked: true },
            ),
            ("-----BEGIN OPENSSH PRIVATE KEY-----\nb3Blbn\n", KeyKind::Other),
            ("-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----\n", KeyKind::Other),
            ("", KeyKind::Other),
        ] {
            assert_eq!(read(text), kind, "{text:?}");
        }
    }

    #[test]
    fn only_the_public_half_of_openssh_s_form_goes_on() {
        let string = |bytes: &[u8]| {
            let length = u32::try_from(bytes.len()).expect("short").to_be_bytes();
            [&length, bytes].concat()
        };
        for (cipher, locked) in [("none", false), ("aes256-ctr", true)] {
            let parts = [
                b"openssh-key-v1\0".to_vec(),
                string(cipher.as_bytes()),
                string(b"none"),
                string(b""),
                1_u32.to_be_bytes().to_vec(),
                string(b"the public half"),
                string(b"the private half"),
            ];
            let text = format!(
                "-----BEGIN OPENSSH PRIVATE KEY-----\n{}\n-----END OPENSSH PRIVATE KEY-----\n",
                STANDARD.encode(parts.concat())
            );
            let wanted = KeyKind::Openssh { locked, fingerprint: fingerprint(b"the public half") };
            assert_eq!(read(&text), wanted);
        }
    }
}
