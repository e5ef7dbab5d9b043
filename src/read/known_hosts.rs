//! `known_hosts` as ssh reads it (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT): which lines speak of one host and port.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

use super::glob;
use super::ssh_wire::{fingerprint, kind_of};
use crate::fact::delivery::known_hosts::{KnownHosts, KnownLine, Marker, Names};
use crate::fact::delivery::ssh::PORT;

/// Reads a file's text, with an eye on one host and port.
pub fn read(text: &str, host: &str, port: u16) -> KnownHosts {
    let mut known = KnownHosts { lines: 0, host: Vec::new() };
    for (index, line) in text.lines().enumerate() {
        let mut words = line.split_ascii_whitespace();
        let marker = match words.clone().next() {
            None => continue,
            Some(word) if word.starts_with('#') => continue,
            Some("@revoked") => Some(Marker::Revoked),
            Some("@cert-authority") => Some(Marker::Authority),
            Some(_) => None,
        };
        if marker.is_some() {
            words.next();
        }
        let (Some(names), Some(_), Some(key)) = (words.next(), words.next(), words.next()) else { continue };
        let Ok(key) = STANDARD.decode(key) else { continue };
        let Some(kind) = kind_of(&key) else { continue };
        known.lines += 1;
        if let Some(how) = naming(names, host, port) {
            let line = u32::try_from(index).unwrap_or(u32::MAX).saturating_add(1);
            known.host.push(KnownLine { line, names: how, marker, kind, fingerprint: fingerprint(&key) });
        }
    }
    known
}

/// What ssh looks for. It compares in lower case (ssh_config(5): host names are matched so).
fn asked(host: &str, port: u16) -> String {
    let host = host.to_ascii_lowercase();
    if port == PORT { host } else { format!("[{host}]:{port}") }
}

fn naming(names: &str, host: &str, port: u16) -> Option<Names> {
    if matches(names, &asked(host, port)) {
        return Some(Names::Asked);
    }
    if port != PORT && matches(names, &asked(host, PORT)) {
        return Some(Names::WithoutPort);
    }
    let start = format!("[{}]:", host.to_ascii_lowercase());
    let other = names.split(',').find_map(|name| name.to_ascii_lowercase().strip_prefix(&start)?.parse().ok());
    // A hashed name does not tell its port; the usual second one of SSH is tried.
    let hashed =
        || (port != SECOND && names.starts_with('|') && matches(names, &asked(host, SECOND))).then_some(SECOND);
    other.or_else(hashed).map(Names::OtherPort)
}

/// The port that people give SSH when it is not 22, in the sidecar's documents too.
const SECOND: u16 = 2222;

/// Whether a line's names fit: patterns with `*` and `?`, `!` before one that must not fit, or one hashed name.
fn matches(names: &str, wanted: &str) -> bool {
    if let Some(hash) = names.strip_prefix("|1|") {
        return hashed(hash, wanted).unwrap_or(false);
    }
    let mut fits = false;
    for name in names.split(',').map(str::to_ascii_lowercase) {
        match name.strip_prefix('!') {
            Some(refused) if glob::fits(refused, wanted) => return false,
            Some(_) => {}
            None => fits |= glob::fits(&name, wanted),
        }
    }
    fits
}

/// `SALT|HASH`: HMAC-SHA1 of the name, with the salt as the key.
fn hashed(text: &str, wanted: &str) -> Option<bool> {
    let (salt, hash) = text.split_once('|')?;
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &STANDARD.decode(salt).ok()?);
    Some(hmac::verify(&key, wanted.as_bytes(), &STANDARD.decode(hash).ok()?).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGhnZmVkY2JhZ2ZlZGNiYWdmZWRjYmFnZmVkY2JhZ2Zl";

    fn how(names: &str, host: &str, port: u16) -> Option<Names> {
        read(&format!("{names} {KEY} x\n"), host, port).host.first().map(|line| line.names)
    }

    #[test]
    fn names_fit_as_ssh_says() {
        use Names::{Asked, OtherPort, WithoutPort};
        for (names, host, port, wanted) in [
            ("10.8.0.1", "10.8.0.1", 22, Some(Asked)),
            ("ingest,10.8.0.1", "INGEST", 22, Some(Asked)),
            ("[10.8.0.1]:2222", "10.8.0.1", 2222, Some(Asked)),
            ("[10.8.0.1]:2222", "10.8.0.1", 22, Some(OtherPort(2222))),
            ("10.8.0.1", "10.8.0.1", 2222, Some(WithoutPort)),
            ("10.8.0.*", "10.8.0.1", 22, Some(Asked)),
            ("10.8.0.*,!10.8.0.1", "10.8.0.1", 22, None),
            ("10.8.0.?", "10.8.0.10", 22, None),
            ("vpn.example.test", "10.8.0.1", 22, None),
        ] {
            assert_eq!(how(names, host, port), wanted, "{names} {host}:{port}");
        }
    }

    #[test]
    fn hashed_names_fit() {
        // Made by `ssh-keygen -H` of OpenSSH 9.2.
        let plain = "|1|z+ww974539j8vdNoiYal3zaQQtQ=|seqQaqFc62/RAvBmZ3ykkyx9b6w=";
        let port = "|1|udKYbwcoyiD2Z08ZAoplgTx02Cs=|CIkXmPxb49ZSEJBtoAOBvaYFTW8=";
        for (names, host, asked, wanted) in [
            (plain, "10.8.0.1", 22, Some(Names::Asked)),
            (plain, "10.8.0.2", 22, None),
            (plain, "10.8.0.1", 2222, Some(Names::WithoutPort)),
            (port, "10.8.0.1", 2222, Some(Names::Asked)),
            (port, "10.8.0.1", 22, Some(Names::OtherPort(2222))),
        ] {
            assert_eq!(how(names, host, asked), wanted, "{names} {host}:{asked}");
        }
        let known = read(&format!("{plain} {KEY}\n"), "10.8.0.1", 22);
        assert_eq!(known.host[0].fingerprint, "SHA256:POUQnE9to4BR3aAcrNyDvcJFIVuBINvPoBSgsmyzZ3Q");
    }

    #[test]
    fn lines_are_counted_and_numbered() {
        let text = format!("# a\n\n@revoked a {KEY}\na {KEY}\nnonsense\nb ssh-ed25519 !!\n@cert-authority *.b {KEY}\n");
        let known = read(&text, "a", 22);
        let seen: Vec<_> = known.host.iter().map(|line| (line.line, line.marker)).collect();
        assert_eq!((known.lines, seen), (3, vec![(3, Some(Marker::Revoked)), (4, None)]));
        assert_eq!(known.kinds().collect::<Vec<_>>(), ["ssh-ed25519"]);
    }
}
