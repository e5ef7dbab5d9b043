//! Whether the tunnel of a client ends at the server at all: another machine may have the same keys and addresses, as one has from
//! which the server was moved.

use super::endpoint::{is_elsewhere, public_of};
use super::{relay, running};
use crate::case::Seat;
use crate::check::cause::WgKeyUnshared;
use crate::check::{Judged, broken, holds, not_applicable};
use crate::fact::dial::Dial;
use crate::fact::firewall::walk::{Disposition, PacketTrace};
use crate::fact::wireguard::WgPeer;
use crate::fact::{Service, Vantage};
use crate::judge::firewall;

/// A session that is still in use is renewed before this age, in seconds (REJECT_AFTER_TIME of the WireGuard paper, section 6.1).
const SESSION: u64 = 180;

/// The client's own view: whoever has the server's key and answers is the server.
pub(super) fn two_servers(seat: &Seat<'_>) -> Judged<WgKeyUnshared> {
    let Ok(server) = seat.at(Vantage::Server) else {
        return Ok(not_applicable("this needs the snapshots of both ends"));
    };
    if relay::between(seat).is_some() {
        return Ok(not_applicable("a relay is between the two ends"));
    }
    let state = seat.wg()?;
    let Some(here) = running(seat, state) else { return Ok(not_applicable("the interface is not running")) };
    let key = running(&server, server.wg()?).and_then(|there| there.public_key.as_ref());
    let Some(peer) = here.peers.iter().find(|peer| Some(&peer.public_key) == key && peer.has_session(state.read_at))
    else {
        return Ok(not_applicable("this end has no session with the server's key"));
    };
    let Some(told) = told(seat, &server, peer) else { return Ok(holds()) };
    let runs = peer.endpoint.map_or_else(String::new, |runs| format!(" ({runs})"));
    let finding = broken(WgKeyUnshared::TwoServers).with("asked", runs).with("port", told.port).with("why", told.why);
    let finding = finding.with("right", public_of(seat, Some(&server)));
    let conf = if seat.on_windows() { None } else { Some(seat.wg_conf()?) };
    Ok(match conf {
        Some(conf) => {
            let written = conf.peers.iter().find(|it| it.public_key.as_ref() == Some(&peer.public_key));
            let line = written.map_or(1, |it| it.endpoint.as_ref().map_or(it.at, |(_, at)| *at).line);
            finding.at(&conf.path, line).into()
        }
        None => finding.into(),
    })
}

/// What shows that another machine answers.
struct Told {
    /// A port that was refused there, and is open at the server.
    port: u16,
    /// What else the two ends say of each other.
    why: String,
}

/// What is refused at the far end though the server has it open, and what the two ends' sessions have that cannot be one's.
/// Neither alone will do: a service may have been restarted in between, and routers change ports.
fn told(seat: &Seat<'_>, server: &Seat<'_>, peer: &WgPeer) -> Option<Told> {
    let listeners = server.listeners().ok()?;
    let refused = |service: &Service| {
        let tcp = seat.tcp(*service).ok().filter(|tcp| tcp.how == Dial::Refused)?;
        let host = tcp.endpoint.host.parse().ok()?;
        (host == server.addresses().server.value && listeners.answers(host, tcp.endpoint.port))
            .then_some(tcp.endpoint.port)
    };
    let port = [Service::Redis, Service::Postgres].iter().find_map(refused)?;
    // What a rule of the server's refuses is the server's refusal.
    let rejects = |trace: &PacketTrace| matches!(trace.disposition, Disposition::Rejected | Disposition::Dropped);
    if firewall::trace(server, &firewall::flow(server, port)).is_ok_and(|trace| rejects(&trace)) {
        return None;
    }
    // Only what both ends had at the same time can be compared.
    let looked_at = server.wg().ok()?.read_at;
    peer.handshake.filter(|at| *at <= looked_at)?;
    let (here, there) = (running(seat, seat.wg().ok()?)?, running(server, server.wg().ok()?)?);
    let own = there.peers.iter().find(|it| here.public_key.as_ref() == Some(&it.public_key))?;
    let heard =
        own.endpoint.map(|at| (at, seat.links().is_ok_and(|links| links.holder(at.ip().to_canonical()).is_some())));
    let why = match (own.handshake, heard) {
        (None, _) => "the server has had no handshake with this client".to_owned(),
        (Some(at), _) if looked_at.saturating_sub(at) > SESSION && peer.handshake > Some(at + SESSION) => {
            let age = peer.handshake?.saturating_sub(at);
            format!("the server's last handshake with this client is {age} s older than this client's own")
        }
        // No router is between the two: the port is the one that this end sends from.
        (Some(_), Some((at, true))) if here.listen_port.is_some_and(|port| port != at.port()) => {
            format!(
                "the server's session with this client is with {at}, and this client sends from port {}",
                here.listen_port?
            )
        }
        (Some(_), Some((at, _)))
            if peer.endpoint.is_some_and(|to| is_elsewhere(seat, server, to) && at.ip() != to.ip()) =>
        {
            "the server has no such address".to_owned()
        }
        (Some(_), Some(_) | None) => return None,
    };
    Some(Told { port, why })
}
