//! Interfaces, peers and handshakes; in [`valid`] and [`written`] the tunnel's file, in [`keys`] keys, in [`way`]
//! routes, echoes and names, in [`around`] what goes around the tunnel, in [`carry`] what goes through it, in [`shared`] keys on two machines.

use std::net::IpAddr;

use crate::case::Seat;
use crate::check::cause::{WgAllowedIps, WgEnabledAtBoot, WgPeersKnown};
use crate::check::{Finding, Judged, broken, holds, not_applicable};
use crate::fact::network::is_link_local;
use crate::fact::service::UnitState;
use crate::fact::wireguard::{ByHand, WgInterface, WgPeer, WgState, short_key};
use crate::fact::{Place, Unseen, Vantage};
use crate::judge::boot;
use crate::profile::{Known, Origin};

mod bypass;
mod connected;
mod container;
mod endpoint;
mod handshake;
mod ipsec;
mod keys;
mod odd;
mod other_end;
mod overlap;
mod payload;
pub(super) mod relay;
mod shared;
mod up;
mod valid;
mod way;
mod written;

pub(crate) use bypass::{tunnel_subnet_free, tunnel_used, wg_allowed_ips_narrow, wg_keepalive};
pub(crate) use container::{container_connected, container_way};
pub(crate) use endpoint::wg_endpoint;
pub(crate) use handshake::wg_handshake;
pub(crate) use keys::{wg_config_private, wg_key_files_private, wg_preshared_agrees};
pub(crate) use payload::{clocks_agree, tunnel_payload};
pub(crate) use shared::wg_key_unshared;
pub(crate) use up::wg_interface_up;
pub(crate) use valid::wg_config_valid;
pub(crate) use way::{names_resolve, tunnel_ping, tunnel_route};
pub(crate) use written::{
    wg_addresses, wg_allowed_ips_distinct, wg_listen_port_fixed, wg_peers_persisted, wg_running_as_written,
};

/// The far end's place and address in the tunnel, as this end knows it.
fn far(seat: &Seat<'_>) -> (Vantage, Place, Known<IpAddr>) {
    let addresses = seat.addresses();
    match seat.vantage() {
        Vantage::Server => (Vantage::Client, Place::Client, addresses.client.clone()),
        Vantage::Client | Vantage::Container | Vantage::Outside => {
            (Vantage::Server, Place::Server, addresses.server.clone())
        }
    }
}

fn running<'a>(seat: &Seat<'_>, state: &'a WgState) -> Option<&'a WgInterface> {
    state.interfaces.iter().find(|interface| interface.name == seat.addresses().interface.value)
}

/// There are peers, and with both ends in hand: the far end's key is among them.
pub(crate) fn wg_peers_known(seat: &Seat<'_>) -> Judged<WgPeersKnown> {
    let Some(interface) = running(seat, seat.wg()?) else { return Ok(not_applicable("the interface is not running")) };
    let (vantage, _, _) = far(seat);
    // A peer with the interface's own key is dropped without a word, so only the file shows it.
    if let Ok(conf) = seat.wg_conf()
        && let Some(own) = interface.public_key.as_ref().or(conf.derived_public.as_ref())
        && let Some(peer) = conf.peers.iter().find(|peer| peer.public_key.as_ref() == Some(own))
    {
        let line = peer.key_at.unwrap_or(peer.at).line;
        return Ok(broken(WgPeersKnown::OwnKey).with("key", short_key(own)).at(&conf.path, line).into());
    }
    let far_seat = seat.at(vantage).ok();
    let far_key = far_seat.and_then(|far| running(&far, far.wg().ok()?)?.public_key.clone());
    let server = seat.vantage() == Vantage::Server;
    if relay::between(seat).is_some() {
        return Ok(holds());
    }
    let finding = match far_key {
        Some(key) if !interface.peers.iter().any(|peer| peer.public_key == key) => {
            let replaced = keys::replaced(seat, interface);
            // Without an old key in the file the new one is added.
            let added = if replaced.is_some() { "" } else { key.as_str() };
            // The old one itself is not printed: it may be a private key that was pasted there.
            broken(if server { WgPeersKnown::ClientUnknown } else { WgPeersKnown::ServerUnknown })
                .with("added", added)
                .with("edit_line", replaced.map_or_else(String::new, |line| line.to_string()))
                .with("key", &key)
        }
        None if interface.peers.is_empty() => {
            broken(if server { WgPeersKnown::NoPeers } else { WgPeersKnown::NoServer })
        }
        Some(_) | None => return Ok(holds()),
    };
    Ok(finding.into())
}

/// The far end may use its own address: with its snapshot at hand, by its key and its address, else by any peer.
pub(crate) fn wg_allowed_ips(seat: &Seat<'_>) -> Judged<WgAllowedIps> {
    let Some(interface) = running(seat, seat.wg()?) else { return Ok(not_applicable("the interface is not running")) };
    if interface.peers.is_empty() {
        return Ok(not_applicable("the interface has no peers"));
    }
    let (vantage, _, assumed) = far(seat);
    let far_key = seat.at(vantage).ok().and_then(|far| {
        let runs = far.wg().ok().and_then(|state| running(&far, state)?.public_key.clone());
        runs.or_else(|| far.wg_conf().ok()?.derived_public.clone())
    });
    let known = far_key.and_then(|key| interface.peers.iter().find(|peer| peer.public_key == key));
    let far = match known {
        Some(_) => own_address(seat, vantage).unwrap_or_else(|| assumed.clone()),
        None => assumed.clone(),
    };
    let covered = match known {
        Some(peer) => covers(peer, far.value),
        None => interface.peers.iter().any(|peer| covers(peer, far.value)),
    };
    let robbed = interface.peers.iter().find(|peer| peer.allowed_ips.is_empty());
    // A peer that shakes hands and may send nothing has lost its address to another one.
    let robbed = match known {
        Some(peer) => robbed.filter(|robbed| robbed.public_key == peer.public_key),
        None => robbed.filter(|peer| !covered || peer.handshake.is_some()),
    };
    if let Some(peer) = robbed {
        return Ok(broken(WgAllowedIps::None).with("key", &peer.public_key).with("far", far.value).into());
    }
    // What this end calls the other one is covered: the other end's own address is the odd one (`wg-addresses`).
    let odd =
        seat.vantage() == Vantage::Client && assumed.origin != Origin::Assumed && covers_any(interface, assumed.value);
    if covered || odd {
        return Ok(holds());
    }
    if far.origin == Origin::Assumed {
        return Err(Unseen::Undecided(
            "the other end's address in the tunnel is not known; set it with `--client` or `--server`".to_owned(),
        ));
    }
    let Some(peer) = known.or(interface.peers.first()) else { return Ok(not_applicable("the interface has no peers")) };
    // The guide's form: the server lists each client's own address, the client the tunnel's subnet; and so does who has a relay.
    let needed = match seat.vantage() {
        Vantage::Server if relay::between(seat).is_some() => seat.addresses().subnet.value.to_string(),
        Vantage::Server => format!("{}/{}", far.value, if far.value.is_ipv4() { 32 } else { 128 }),
        Vantage::Client | Vantage::Container | Vantage::Outside => seat.addresses().subnet.value.to_string(),
    };
    let allowed = known.map_or_else(|| interface.peers.iter().map(networks).collect::<Vec<_>>().join("; "), networks);
    Ok(broken(WgAllowedIps::NotCovered)
        .with("far", far.value)
        .with("allowed", allowed)
        .with("needed", needed)
        .with("key", &peer.public_key)
        .into())
}

fn covers_any(interface: &WgInterface, address: IpAddr) -> bool {
    interface.peers.iter().any(|peer| covers(peer, address))
}

/// The far end's address as it has it itself; none where it has this end's, which is another fault.
fn own_address(seat: &Seat<'_>, vantage: Vantage) -> Option<Known<IpAddr>> {
    let addresses = seat.at(vantage).ok()?.addresses();
    let (its, ours) = match vantage {
        Vantage::Server => (&addresses.server, &seat.addresses().client),
        Vantage::Client | Vantage::Container | Vantage::Outside => (&addresses.client, &seat.addresses().server),
    };
    (its.origin != Origin::Assumed && its.value != ours.value).then(|| its.clone())
}

pub(super) fn covers(peer: &WgPeer, address: IpAddr) -> bool {
    peer.allowed_ips.iter().any(|net| net.contains(&address))
}

fn networks(peer: &WgPeer) -> String {
    peer.allowed_ips.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Nothing starts it, whether it is enabled or not.
fn not_enabled(unit: &UnitState) -> Finding<WgEnabledAtBoot> {
    broken(WgEnabledAtBoot::NotEnabled).with("unit", &unit.name).with("why", boot::why_not(unit))
}

/// systemd starts the tunnel at boot.
pub(crate) fn wg_enabled_at_boot(seat: &Seat<'_>) -> Judged<WgEnabledAtBoot> {
    let unit = seat.wireguard_unit()?;
    if seat.tunnel_apart().is_none() && seat.links()?.named(&seat.addresses().interface.value).is_none() {
        return Ok(not_applicable("the interface is not running"));
    }
    let conf = seat.wg_conf();
    let maker = conf.as_ref().ok().and_then(|conf| conf.made_by.as_ref());
    let named = maker.and_then(|maker| maker.name.clone()).unwrap_or_default();
    match maker.and_then(|maker| maker.by_hand) {
        Some(ByHand::Line(line)) => {
            let finding = broken(WgEnabledAtBoot::ByHand).with("connection", named);
            return Ok(finding.at(&conf?.path, line).into());
        }
        Some(ByHand::RestartPolicy) => {
            return Ok(broken(WgEnabledAtBoot::RestartPolicy).with("connection", named).into());
        }
        None => {}
    }
    // Where it has no address any more, that is what fails.
    let addressed = seat.links()?.named(&seat.addresses().interface.value).is_some_and(|link| {
        let mut own = link.addresses.iter();
        own.any(|net| !is_link_local(net.addr()))
    });
    if let Some(file) = conf.as_ref().ok().and_then(|conf| written::without_network(conf)).filter(|_| addressed) {
        return Ok(broken(WgEnabledAtBoot::NoNetwork).with("file", file).into());
    }
    // An interface that wg-quick has no file for is another's work, and who makes it again is not known.
    if matches!(conf, Err(Unseen::NotKnown(_))) && unit.active != "active" && !unit.enabled.starts_with("enabled") {
        return Err(Unseen::Undecided(
            "another program than wg-quick, systemd-networkd or NetworkManager made the interface, and whether it does so at boot was \
             not seen"
                .to_owned(),
        ));
    }
    // Another unit that makes the interface may need no file of wg-quick's.
    let enabled = unit.known && boot::starts(unit) && unit.at_boot.started_by.is_empty();
    if let Some(file) = unit.at_boot.file_gone.as_ref().filter(|_| enabled && maker.is_none()) {
        return Ok(broken(WgEnabledAtBoot::FileGone).with("unit", &unit.name).with("gone", file).into());
    }
    if let Some(refused) = boot::refused(&unit.name, &unit.at_boot) {
        return Ok(refused.map(Into::into).into());
    }
    boot::told(&unit.name, &unit.at_boot)?;
    if boot::starts(unit)
        && let Some(circle) = boot::circle(seat, unit)
    {
        return Ok(broken(WgEnabledAtBoot::Circle).with("circle", circle.join(" after ")).into());
    }
    Ok(match unit.enabled.as_str() {
        // It is gone after the next boot.
        "enabled-runtime" => not_enabled(unit).into(),
        _ if boot::starts(unit) => holds(),
        _ if !unit.known && seat.on_windows() => not_applicable("Windows has no service for this tunnel"),
        _ if !unit.known => not_applicable("wg-quick is not installed"),
        _ => not_enabled(unit).into(),
    })
}
