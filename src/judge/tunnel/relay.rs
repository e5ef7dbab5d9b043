//! A hub that both ends dial, and that passes their packets on.

use super::running;
use crate::case::Seat;
use crate::fact::Vantage;
use crate::fact::wireguard::WgPeer;

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

/// Whether this end only dials: its file has no port, and every peer of it an Endpoint. Then nobody needs to find it, and
/// nobody's first packet needs to be let in.
pub(in crate::judge) fn only_dials(seat: &Seat<'_>) -> bool {
    let Ok(conf) = seat.wg_conf() else { return false };
    conf.listen_port.is_none() && !conf.peers.is_empty() && conf.peers.iter().all(|peer| peer.endpoint.is_some())
}

/// What is said of checks that ask whether others find this end.
pub(in crate::judge) const DIALS: &str = "this end dials its peer, and nobody needs to find it";
