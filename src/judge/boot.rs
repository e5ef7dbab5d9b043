//! What the next boot brings: which units start, and whether after the tunnel.

use crate::case::Seat;
use crate::fact::Unseen;
use crate::fact::service::UnitState;

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
    if seat.listeners()?.any_address {
        return Ok(Start::AfterTunnel);
    }
    let interface = &seat.addresses().interface.value;
    let names = [
        tunnel.name.clone(),
        "wg-quick.target".to_owned(),
        format!("sys-subsystem-net-devices-{interface}.device"),
        format!("sys-devices-virtual-net-{interface}.device"),
    ];
    Ok(if unit.after.iter().any(|after| names.contains(after)) { Start::AfterTunnel } else { Start::BeforeTunnel })
}

/// The unit without its instance, whose drop-ins hold for every instance: `postgresql@15-main.service` is one of
/// `postgresql@.service`.
pub(super) fn template(name: &str) -> String {
    match (name.split_once('@'), name.rsplit_once('.')) {
        (Some((stem, _)), Some((_, suffix))) => format!("{stem}@.{suffix}"),
        _ => name.to_owned(),
    }
}
