//! The lines of a `[Peer]` section.

use super::line::Line;
use super::value::{self, Endpoint};
use super::{Settings, flaw};
use crate::fact::wireguard::{At, KeyShape, ParseError, Refusal, Taken};

impl Settings<'_> {
    pub(super) fn in_peer(&mut self, name: &'static str, value: &str, at: At, next: &str) {
        let shape = if name.ends_with("Key") { self.key(name, value, at, next) } else { KeyShape::Malformed };
        let Some(peer) = self.conf.peers.last_mut() else { return };
        match name {
            "PublicKey" => {
                (peer.key_shape, peer.key_at) = (Some(shape), Some(at));
                peer.public_key = (shape == KeyShape::Good).then(|| value.to_owned());
            }
            "PresharedKey" => peer.preshared_at = Some(at),
            "AllowedIPs" => self.allowed_ips(value, at),
            "Endpoint" => match value::endpoint(value, &self.services) {
                Endpoint::Good(written, wrapped) => {
                    peer.endpoint = Some((written, at));
                    if wrapped {
                        self.slip(Taken::Wrapped, name, at);
                    }
                }
                Endpoint::NoPort(written) => {
                    peer.endpoint = Some((written, at));
                    self.refuse(Refusal::NoPort, name, at);
                }
                Endpoint::Bad => self.refuse(Refusal::Value, name, at),
            },
            _ => match value::keepalive(value) {
                Some(seconds) => {
                    (peer.keepalive, peer.keepalive_at) = (Some(seconds).filter(|seconds| *seconds != 0), Some(at));
                }
                None => self.refuse(Refusal::Value, name, at),
            },
        }
    }

    /// Whether the Endpoint is refused for what does not belong there.
    pub(super) fn flawed(&mut self, value: &str, line: &Line<'_>) -> bool {
        let good = match value::endpoint(value, &self.services) {
            Endpoint::Good(written, _) => !flaw::is_no_host(&written.host),
            Endpoint::NoPort(_) | Endpoint::Bad => false,
        };
        let raw = line.text.split_once('=').map_or("", |(_, raw)| raw);
        let Some((before, flaw)) = flaw::of(raw, &self.services).filter(|_| !good) else { return false };
        let At { line, column } = line.value_at();
        let at = At { line, column: column.saturating_add(u32::try_from(before).unwrap_or(u32::MAX)) };
        self.conf.parse_errors.push(ParseError {
            what: Refusal::Value,
            name: "Endpoint".to_owned(),
            at,
            flaw: Some(flaw),
        });
        true
    }

    fn allowed_ips(&mut self, value: &str, at: At) {
        for item in value.split(',') {
            let Some(net) = value::allowed(item) else { return self.refuse(Refusal::Value, "AllowedIPs", at) };
            if net.trunc() != net {
                self.slip(Taken::HostBits, "AllowedIPs", at);
            }
            if let Some(peer) = self.conf.peers.last_mut() {
                peer.allowed_ips.push(net.trunc());
                peer.allowed_at.push(at);
            }
        }
    }
}
