//! What the next boot brings: which units start, and whether after the tunnel.

use std::collections::BTreeMap;

use crate::case::Seat;
use crate::fact::service::UnitState;
use crate::fact::wireguard::Program;
use crate::fact::{UnitTarget, Unseen, Vantage};

/// When a service that binds the tunnel's address starts.
pub(super) enum Start {
    /// The address is there.
    AfterTunnel,
    /// It may not be there yet.
    BeforeTunnel,
    /// The question does not arise; holds why.
    Open(&'static str),
}

/// systemd starts the unit by itself.
pub(super) fn starts(unit: &UnitState) -> bool {
    let enabled =
        matches!(unit.enabled.as_str(), "enabled" | "enabled-runtime" | "static" | "generated" | "alias" | "indirect");
    (enabled && unit.lost.is_empty()) || !unit.started_by.is_empty()
}

/// Why a unit is not started although it is enabled; empty where it is not even that.
pub(super) fn why_not(lost: &[String]) -> String {
    match lost {
        [] => String::new(),
        lost => format!(" (it is enabled for {} alone, and there is no such unit)", lost.join(", ")),
    }
}

/// The units that wait for each other, from this one back to it, as far as they were seen here: at boot systemd leaves
/// one of them out, and which one is chance (systemd.unit(5), "ordering cycle").
pub(super) fn circle(seat: &Seat<'_>, from: &UnitState) -> Option<Vec<String>> {
    let tunnel = seat.wireguard_unit().ok()?;
    let (seen, worker) = if seat.vantage() == Vantage::Server {
        let shell = seat.unit(UnitTarget::Named("postgresql.service".to_owned())).ok();
        ([seat.redis_unit().ok(), seat.postgres_unit().ok(), shell], None)
    } else {
        let worker = seat.host_worker().ok().and_then(|worker| worker.unit.as_ref());
        ([seat.docker_unit().ok(), None, None], worker.filter(|unit| unit.enabled.starts_with("enabled")))
    };
    // Who is started by nobody at boot waits for nobody then.
    let enabled = |unit: &&UnitState| unit.enabled.starts_with("enabled") || !unit.started_by.is_empty();
    let seen = seen.into_iter().flatten().chain([tunnel]).filter(|unit| unit.known).filter(enabled);
    let seen = seen.map(|unit| (unit.name.as_str(), unit.after.as_slice()));
    let after = seen.chain(worker.map(|unit| (unit.name.as_str(), unit.after.as_slice()))).collect();
    way_back(&from.name, &from.name, &after, &mut vec![from.name.clone()])
}

/// The shortest is not looked for: there are a handful of units.
fn way_back(from: &str, to: &str, after: &BTreeMap<&str, &[String]>, way: &mut Vec<String>) -> Option<Vec<String>> {
    for next in *after.get(from)? {
        if next == to {
            return Some([way.as_slice(), &[to.to_owned()]].concat());
        }
        if !way.contains(next) && after.contains_key(next.as_str()) {
            way.push(next.clone());
            if let Some(found) = way_back(next, to, after, way) {
                return Some(found);
            }
            way.pop();
        }
    }
    None
}

/// Whether the unit waits for the tunnel, by its name, its device, or all tunnels' target.
pub(super) fn start(seat: &Seat<'_>, unit: &UnitState) -> Result<Start, Unseen> {
    let tunnel = seat.wireguard_unit()?;
    if !tunnel.known || tunnel.active != "active" {
        return Ok(Start::Open("the tunnel is not started by wg-quick"));
    }
    let made_by = seat.wg_conf().ok().and_then(|conf| conf.made_by.as_ref());
    if seat.listeners()?.any_address {
        return Ok(Start::AfterTunnel);
    }
    let interface = &seat.addresses().interface.value;
    // networkd and NetworkManager have started long before the addresses are there; who waits for those is a unit of its own.
    let own = match made_by.map(|maker| maker.program) {
        None => [tunnel.name.as_str(), "wg-quick.target"],
        Some(Program::Networkd) => ["network-online.target", "systemd-networkd-wait-online.service"],
        // Nobody can wait for what a container does; that Docker comes first is no help.
        Some(Program::Container) => return Ok(Start::Open("a container makes the tunnel")),
        Some(Program::NetworkManager) => ["network-online.target", "NetworkManager-wait-online.service"],
    };
    let devices = [
        format!("sys-subsystem-net-devices-{interface}.device"),
        format!("sys-devices-virtual-net-{interface}.device"),
    ];
    let waits = |after: &String| own.contains(&after.as_str()) || devices.contains(after);
    Ok(if unit.after.iter().any(waits) { Start::AfterTunnel } else { Start::BeforeTunnel })
}

/// The unit without its instance, whose drop-ins hold for every instance: `postgresql@15-main.service` is one of
/// `postgresql@.service`.
pub(super) fn template(name: &str) -> String {
    match (name.split_once('@'), name.rsplit_once('.')) {
        (Some((stem, _)), Some((_, suffix))) => format!("{stem}@.{suffix}"),
        _ => name.to_owned(),
    }
}
