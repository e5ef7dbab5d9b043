//! A hub that both ends dial, and that passes their packets on.

use super::running;
use crate::case::Seat;
use crate::fact::dial::{Dial, Echo};
use crate::fact::wireguard::WgPeer;
use crate::fact::{Place, Service, Vantage};

/// The client's peer that is a relay: the server has it too, and neither end has the other.
pub(in crate::judge) fn between<'a>(seat: &Seat<'a>) -> Option<&'a WgPeer> {
    let (server, client) = (seat.at(Vantage::Server).ok()?, seat.at(Vantage::Client).ok()?);
    let (here, there) = (running(&client, client.wg().ok()?)?, running(&server, server.wg().ok()?)?);
    let knows =
        |peers: &[WgPeer], key: &Option<String>| peers.iter().any(|peer| Some(&peer.public_key) == key.as_ref());
    if knows(&here.peers, &there.public_key) || knows(&there.peers, &here.public_key) {
        return None;
    }
    here.peers.iter().find(|peer| there.peers.iter().any(|other| other.public_key == peer.public_key))
}

/// Both ends speak with a relay, and neither an echo nor a connection of the client's comes through it.
pub(super) fn loses<'a>(seat: &Seat<'a>) -> Option<&'a WgPeer> {
    let peer = between(seat)?;
    let (server, client) = (seat.at(Vantage::Server).ok()?, seat.at(Vantage::Client).ok()?);
    let speaks = |seat: &Seat<'_>| {
        let Ok(state) = seat.wg_again() else { return false };
        let mut peers = state.interfaces.iter().flat_map(|interface| &interface.peers);
        peers.any(|it| it.public_key == peer.public_key && it.has_session(state.read_at))
    };
    let silent = |service| client.tcp(service).is_ok_and(|tcp| tcp.how == Dial::Timeout);
    let echo = matches!(client.ping(Place::Server).ok()?.how, Echo::Reply(_));
    let lost = !echo && silent(Service::Redis) && silent(Service::Postgres);
    (lost && speaks(&server) && speaks(&client)).then_some(peer)
}

/// Whether this end only dials: its file has no port, and every peer of it an Endpoint. Then nobody needs to find it, and
/// nobody's first packet needs to be let in.
pub(in crate::judge) fn only_dials(seat: &Seat<'_>) -> bool {
    let Ok(conf) = seat.wg_conf() else { return false };
    conf.listen_port.is_none() && !conf.peers.is_empty() && conf.peers.iter().all(|peer| peer.endpoint.is_some())
}

/// What is said of checks that ask whether others find this end.
pub(in crate::judge) const DIALS: &str = "this end dials its peer, and nobody needs to find it";
