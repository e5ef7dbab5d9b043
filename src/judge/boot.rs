//! What the next boot brings: which units start, and whether after the tunnel.

use crate::case::Seat;
use crate::fact::Unseen;
use crate::fact::service::UnitState;
use crate::fact::wireguard::Program;

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
    matches!(unit.enabled.as_str(), "enabled" | "enabled-runtime" | "static" | "generated" | "alias" | "indirect")
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
