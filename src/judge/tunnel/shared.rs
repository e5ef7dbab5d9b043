//! One key, one machine.

use super::{other_end, running};
use crate::case::Seat;
use crate::check::cause::WgKeyUnshared;
use crate::check::{Judged, broken, holds, not_applicable};
use crate::fact::network::Way;
use crate::fact::wireguard::short_key;
use crate::fact::{Place, Vantage};

/// Whoever speaks to the server with the client's key is the client. Seen where both are in one network: the server then
/// sees the client's own address, and never a neighbour's. (A router that sends a network's packets back into it puts its
/// own address in their place; that is the client's next route.)
pub(crate) fn wg_key_unshared(seat: &Seat<'_>) -> Judged<WgKeyUnshared> {
    if seat.vantage() == Vantage::Client {
        return other_end::two_servers(seat);
    }
    let Some(here) = running(seat, seat.wg()?) else { return Ok(not_applicable("the interface is not running")) };
    let Ok(client) = seat.at(Vantage::Client) else {
        return Ok(not_applicable("this needs the snapshots of both ends"));
    };
    let there = running(&client, client.wg()?);
    let Some(key) = there.and_then(|there| there.public_key.as_ref()) else {
        return Ok(not_applicable("the client's interface does not run"));
    };
    let seen = here.peers.iter().find(|peer| peer.public_key == *key).and_then(|peer| peer.endpoint);
    let Some(seen) = seen.map(|at| at.ip().to_canonical()) else {
        return Ok(not_applicable("the server has received nothing from the client"));
    };
    let (links, entries) = (client.links()?, &client.routes()?.entries);
    let Way::Device { source: Some(own), .. } = client.route(Place::Public)?.way else {
        return Ok(not_applicable("the client's route to the server has no source address"));
    };
    let mut nets = links.links.iter().flat_map(|link| &link.addresses).filter(|net| net.addr() == own);
    let near = nets.any(|net| net.contains(&seen));
    let router = entries.iter().any(|route| route.gateway == Some(seen));
    // A router that sends the client's packets back into its own network (NAT loopback) puts its own address into them: the
    // very one that the client sends to.
    let back = there.is_some_and(|there| there.peers.iter().filter_map(|peer| peer.endpoint).any(|at| at.ip() == seen));
    if !near || router || back || links.holder(seen).is_some() {
        return Ok(holds());
    }
    Ok(broken(WgKeyUnshared::TwoMachines).with("key", short_key(key)).with("other", seen).into())
}
