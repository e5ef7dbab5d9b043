//! What the next boot brings: which units start, and whether after the tunnel.

use std::collections::BTreeMap;

use crate::case::Seat;
use crate::check::cause::{PostgresAfterBoot, RedisAfterBoot, WebAtBoot, WgEnabledAtBoot, WorkerAtBoot, causes_of};
use crate::check::{Finding, broken};
use crate::fact::service::UnitState;
use crate::fact::service::at_boot::AtBoot;
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
    unit.at_boot.starts(&unit.enabled)
}

/// Whether it was told what starts a unit: who cannot tell says neither that it starts nor that it does not.
pub(super) fn told(unit: &str, at_boot: &AtBoot) -> Result<(), Unseen> {
    match &at_boot.untold {
        Some(why) => Err(Unseen::Undecided(format!("whether {unit} is started at boot is not known: {why}"))),
        None => Ok(()),
    }
}

/// What can be wrong with the files of a unit.
#[derive(Debug, Clone, Copy)]
pub(super) enum Files {
    UnitRefused,
}

causes_of!(Files as RedisAfterBoot: UnitRefused);
causes_of!(Files as PostgresAfterBoot: UnitRefused);
causes_of!(Files as WgEnabledAtBoot: UnitRefused);
causes_of!(Files as WebAtBoot: UnitRefused);
causes_of!(Files as WorkerAtBoot: UnitRefused);

/// That systemd refuses to start a unit with its files as they are.
pub(super) fn refused(unit: &str, at_boot: &AtBoot) -> Option<Finding<Files>> {
    let said = at_boot.unloaded.as_ref()?;
    let finding = super::said::said(broken(Files::UnitRefused), said);
    Some(finding.with("unit", unit))
}

/// Why a unit is not started although it is enabled; empty where it is not even that.
pub(super) fn why_not(unit: &UnitState) -> String {
    unit.at_boot.why_not().map(|why| format!(" ({why})")).unwrap_or_default()
}

/// How a unit that is down ended, or that it was not started since the boot; nothing where neither is known.
pub(super) fn since(seat: &Seat<'_>, unit: &UnitState) -> String {
    if let Some(ended) = unit.ended.as_ref().filter(|_| unit.active != "active") {
        format!("; systemd says how its last run ended: {ended}")
    } else if unit.at_boot.untried && starts(unit) {
        format!(", and was not started since the boot{}", left_out(seat, unit))
    } else {
        String::new()
    }
}

/// That systemd may have left out a unit that is down; nothing where it had no reason to.
pub(super) fn left_out(seat: &Seat<'_>, unit: &UnitState) -> String {
    let circle = circle(seat, unit).filter(|_| starts(unit)).map(|circle| {
        format!("; units wait for each other at boot ({}), and systemd may have left it out", circle.join(" after "))
    });
    circle.unwrap_or_default()
}

/// Why one that is down does not start at boot, either; none of others. Of a unit that nobody wants systemd forgets that it ran, so
/// that it never did since the boot is not known.
pub(super) fn not_at_boot(unit: &UnitState) -> Option<String> {
    if !unit.at_boot.untried || unit.at_boot.untold.is_some() || starts(unit) {
        return None;
    }
    let disabled =
        || if unit.enabled.is_empty() { "it is not enabled".to_owned() } else { format!("it is {}", unit.enabled) };
    Some(unit.at_boot.why_not().unwrap_or_else(disabled))
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
    let enabled = |unit: &&UnitState| starts(unit);
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
