//! The host key that the ingest host shows against the lines of known_hosts, as ssh with strict checking compares them
//! (check_host_key in OpenSSH's sshconnect.c).

use super::{NONE, at_file, named, of, sidecar};
use crate::case::Seat;
use crate::check::cause::DeliveryHostKey;
use crate::check::{Judged, broken, holds, not_applicable};
use crate::fact::Unseen;
use crate::fact::delivery::Found;
use crate::fact::delivery::known_hosts::{KnownLine, Marker, Names};
use crate::fact::delivery::ssh::{HostKey, PORT, SshOutcome, SshSaid};

/// The key that the ingest host shows is the one that is trusted.
pub(crate) fn delivery_host_key(seat: &Seat<'_>) -> Judged<DeliveryHostKey> {
    let Some(sidecar) = sidecar(seat)? else { return Ok(not_applicable(NONE)) };
    let Some(SshOutcome { endpoint, said: SshSaid::Speaks { key, .. }, .. }) = &sidecar.ssh else {
        return Ok(not_applicable("no SSH server answers"));
    };
    let Found::File { holds: known, .. } = &sidecar.known_hosts.found else {
        return Ok(not_applicable("there are no known hosts to compare with"));
    };
    let (kind, fingerprint) = match key {
        HostKey::Shown { kind, fingerprint } => (kind, fingerprint),
        HostKey::NothingInCommon => {
            return Err(Unseen::NotKnown("clipcheck supports none of the server's key exchange methods".to_owned()));
        }
        HostKey::Lost => {
            return Err(Unseen::Undecided("the connection was closed before the host key was received".to_owned()));
        }
    };
    let same = |line: &&KnownLine| line.fingerprint == *fingerprint;
    let lines = known.host.iter().filter(|line| !matches!(line.names, Names::OtherPort(_)));
    let of_marker = |marker: Option<Marker>| lines.clone().filter(move |line: &&KnownLine| line.marker == marker);
    let finding = if let Some(line) = of_marker(Some(Marker::Revoked)).find(same) {
        broken(DeliveryHostKey::Revoked).with("number", line.line)
    } else if of_marker(None).any(|line| same(&line)) {
        return Ok(holds());
    } else if of_marker(Some(Marker::Authority)).next().is_some() {
        return Err(Unseen::Undecided(
            "known_hosts trusts a certificate authority, and clipcheck does not read certificates".to_owned(),
        ));
    } else if let Some(line) = of_marker(None).find(|line| line.kind == *kind) {
        broken(DeliveryHostKey::Changed).with("number", line.line).with("trusted", &line.fingerprint)
    } else if let Some(line) = of_marker(None).next() {
        broken(DeliveryHostKey::OtherType).with("number", line.line).with("trusted", &line.kind)
    } else {
        return Ok(not_applicable("no line of known_hosts lists the ingest host"));
    };
    let finding = named(sidecar, of(sidecar, at_file(&sidecar.known_hosts, finding)));
    // As ssh writes it.
    let entry =
        if endpoint.port == PORT { endpoint.host.clone() } else { format!("[{}]:{}", endpoint.host, endpoint.port) };
    Ok(finding.with("entry", entry).with("kind", kind).with("shown", fingerprint).into())
}
