//! Sessions with the peers.

use super::{covers, far, ipsec, running};
use crate::case::Seat;
use crate::check::cause::WgHandshake;
use crate::check::{Finding, Judged, broken, holds, not_applicable};
use crate::fact::wireguard::{Exchange, MadeFor, WgInterface, WgPeer, WgState, short_key};
use crate::fact::{Unseen, Vantage};
use crate::profile::Origin;

/// After the server was restarted the client sends into its dead session for 15 s (KEEPALIVE_TIMEOUT and REKEY_TIMEOUT of
/// the WireGuard paper, section 6.1) before it shakes hands again, and tries that every 5 s: 16 s were measured.
const GRACE: u64 = 20;

/// A session with a peer that matters: the one that has the far end's address if that is known, else any (a laptop
/// that is switched off is no fault).
pub(crate) fn wg_handshake(seat: &Seat<'_>) -> Judged<WgHandshake> {
    let state = seat.wg_again()?;
    let Some(interface) = running(seat, state) else { return Ok(not_applicable("the interface is not running")) };
    let (_, _, far) = far(seat);
    let mut peers: Vec<&WgPeer> = interface.peers.iter().filter(|peer| covers(peer, far.value)).collect();
    if far.origin == Origin::Assumed || peers.is_empty() {
        peers = interface.peers.iter().collect();
    }
    if peers.is_empty() {
        return Ok(not_applicable("the interface has no peers"));
    }
    if peers.iter().any(|peer| peer.has_session(state.read_at)) {
        return Ok(holds());
    }
    let Some(peer) = peers.into_iter().max_by_key(|peer| peer.handshake) else {
        return Ok(not_applicable("the interface has no peers"));
    };
    let young = |since: u64| seat.taken_at() < since + GRACE;
    // A client that was restarted speaks at once; a server waits to be spoken to.
    if seat.vantage() == Vantage::Server && seat.wireguard_unit().is_ok_and(|unit| unit.since.is_some_and(young)) {
        return Err(Unseen::Undecided(
            "the tunnel was started less than 20 s ago; the client may not have reconnected yet; run clipcheck again"
                .to_owned(),
        ));
    }
    if ipsec::outside(seat).is_some() {
        return Ok(not_applicable("a policy of IPsec takes packets to the Endpoint; tunnel-route reports it"));
    }
    if let Some(note) = switched_off(seat, interface, peer, state.read_at) {
        return Ok(note.into());
    }
    if let Some(seen) = witnessed(seat, state, interface, peer) {
        return Ok(seen.into());
    }
    let Some(at) = peer.handshake else {
        if seat.vantage() != Vantage::Server && peer.sent == 0 {
            return Err(Unseen::Undecided(
                "nothing was sent into the tunnel yet, so there is no answer yet".to_owned(),
            ));
        }
        let cause = if sent_here(seat, interface) {
            WgHandshake::LostOnTheWay
        } else if seat.vantage() == Vantage::Server && peer.received > 0 {
            WgHandshake::Unfinished
        } else if seat.vantage() == Vantage::Server {
            WgHandshake::NeverHeard
        } else {
            WgHandshake::NeverAnswered
        };
        let endpoint = peer.endpoint.map_or_else(|| "no endpoint".to_owned(), |at| at.to_string());
        return Ok(broken(cause)
            .with("key", short_key(&peer.public_key))
            .with("endpoint", endpoint)
            .with("sent", peer.sent)
            .with("received", peer.received)
            .into());
    };
    if !state.nudged.contains(&peer.public_key) {
        // Nothing was sent, so silence says nothing: an idle tunnel ages honestly.
        return Err(Unseen::Undecided(
            "the tunnel is idle, and no packet could be sent to trigger a handshake".to_owned(),
        ));
    }
    Ok(broken(WgHandshake::Stale)
        .with("age", state.read_at.saturating_sub(at))
        .with("key", short_key(&peer.public_key))
        .into())
}

/// What the packets themselves show, where they were watched.
fn witnessed(seat: &Seat<'_>, state: &WgState, here: &WgInterface, peer: &WgPeer) -> Option<Finding<WgHandshake>> {
    let exchanges = || state.handshakes.iter().flat_map(|seen| seen.of(&here.name));
    let with = |cause: WgHandshake, exchange: &Exchange| {
        broken(cause)
            .with("key", short_key(&peer.public_key))
            .with("own_key", here.public_key.as_deref().unwrap_or_default())
            .with("endpoint", exchange.with)
            .with("from", exchange.with.ip())
            .with("received", peer.received)
            .with("sent", peer.sent)
    };
    if seat.vantage() == Vantage::Server {
        let asked = exchanges().find(|exchange| exchange.asked.is_some() && !exchange.replied);
        let asked = asked.or_else(|| exchanges().find(|exchange| exchange.asked.is_some()))?;
        let cause = match asked.asked? {
            MadeFor::AnotherKey => WgHandshake::OtherKey,
            MadeFor::ThisKey if asked.replied => WgHandshake::Unfinished,
            MadeFor::ThisKey => WgHandshake::Unanswered,
        };
        return Some(with(cause, asked));
    }
    let ours = || exchanges().filter(|exchange| peer.endpoint == Some(exchange.with));
    if let Some(answered) = ours().find(|exchange| exchange.answered) {
        return Some(with(WgHandshake::AnswerNotTaken, answered));
    }
    let (exchange, refused) = ours().find_map(|exchange| Some((exchange, exchange.refused.as_ref()?)))?;
    Some(with(WgHandshake::Refused, exchange).with("by", refused.by).with("reason", &refused.reason))
}

/// One of several peers that is silent while another one is not: nobody knows whether its machine is on, unless that was
/// looked at.
fn switched_off(seat: &Seat<'_>, here: &WgInterface, peer: &WgPeer, now: u64) -> Option<Finding<WgHandshake>> {
    let off = others_speak(seat, here, now) && seat.at(Vantage::Client).is_err();
    let last = peer.handshake.map_or_else(
        || "has never sent anything".to_owned(),
        |at| format!("had its last handshake {} s ago", now.saturating_sub(at)),
    );
    off.then(|| broken(WgHandshake::Away).with("key", short_key(&peer.public_key)).with("last", last))
}

fn others_speak(seat: &Seat<'_>, here: &WgInterface, now: u64) -> bool {
    seat.vantage() == Vantage::Server && here.peers.iter().any(|other| other.has_session(now))
}

/// Whether the client of this case may be switched off: it has no session with the server, and another client has.
pub(super) fn is_switched_off(seat: &Seat<'_>) -> bool {
    let here = || {
        let state = seat.wg_again().ok()?;
        let interface = running(seat, state).filter(|it| others_speak(seat, it, state.read_at))?;
        let far = far(seat).2.value;
        Some(interface.peers.iter().any(|peer| covers(peer, far) && !peer.has_session(state.read_at)))
    };
    seat.vantage() == Vantage::Server && seat.at(Vantage::Client).is_err() && here() == Some(true)
}

/// With both ends at hand: the client sends to one of this server's own addresses, at the port on which it listens, and
/// nothing has arrived.
fn sent_here(seat: &Seat<'_>, here: &WgInterface) -> bool {
    if seat.vantage() != Vantage::Server {
        return false;
    }
    let (Ok(client), Ok(links)) = (seat.at(Vantage::Client), seat.links()) else { return false };
    let Ok(state) = client.wg_again() else { return false };
    let Some(there) = running(&client, state) else { return false };
    let known = here.peers.iter().find(|peer| there.public_key.as_ref() == Some(&peer.public_key));
    let to_here = there.peers.iter().find(|peer| here.public_key.as_ref() == Some(&peer.public_key));
    let (Some(known), Some(to_here)) = (known, to_here) else { return false };
    let aimed = to_here
        .endpoint
        .is_some_and(|at| Some(at.port()) == here.listen_port && links.holder(at.ip().to_canonical()).is_some());
    // Until a session is over the client sends by its keys, which a server that was started since does not know, or count.
    aimed && to_here.sent > 0 && known.received == 0 && !to_here.has_session(state.read_at)
}
