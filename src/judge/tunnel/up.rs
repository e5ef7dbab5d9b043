//! Whether the interface is there, and why not.

use super::{endpoint, way};
use crate::case::Seat;
use crate::check::cause::WgInterfaceUp;
use crate::check::{Finding, Judged, broken, holds};
use crate::fact::service::quote::Quote;
use crate::fact::service::{FailReason, UnitState};
use crate::fact::wireguard::WgConf;
use crate::judge::boot;

/// What wg-quick takes for the name of an interface (its source, `parse_options`; the kernel's IFNAMSIZ).
fn is_name(name: &str) -> bool {
    name.len() <= 15 && name.chars().all(|c| c.is_ascii_alphanumeric() || "_=+.-".contains(c))
}

const NO_NAME: &str = "the name of an interface, and so of its file, has at most 15 letters, digits and `_=+.-`";

/// The interface is there and up.
pub(crate) fn wg_interface_up(seat: &Seat<'_>) -> Judged<WgInterfaceUp> {
    let name = &seat.addresses().interface.value;
    if let Some(link) = seat.links()?.named(name) {
        let starting = seat.wireguard_unit().is_ok_and(|unit| unit.active == "activating");
        return Ok(match (link.up, starting.then(|| endpoint::name_of_endpoint(seat)).flatten()) {
            (true, _) => holds(),
            // wg-quick makes the interface first, and tries the name until it resolves.
            (false, Some(it)) => waits_for(seat, &it).into(),
            (false, None) => broken(WgInterfaceUp::Down).into(),
        });
    }
    // The unit only tells why; that the interface is missing was seen.
    let Ok(unit) = seat.wireguard_unit() else { return Ok(broken(WgInterfaceUp::Missing).into()) };
    let conf = seat.wg_conf().ok();
    let own = || unit.said.as_ref().map(Quote::told);
    let finding = match (unit.active.as_str(), &unit.reason) {
        (active, _) if unit.is_masked() && active != "active" => broken(WgInterfaceUp::Masked).with("unit", &unit.name),
        ("active" | "failed", _) if let Some(file) = conf.filter(|conf| conf.made_by.is_some()) => {
            let program = unit.name.trim_end_matches(".service");
            broken(WgInterfaceUp::NotMade).with("program", program).with("file", &file.path)
        }
        (_, Some(FailReason::NoResolvconf)) => {
            match conf.and_then(|conf| conf.dns.as_ref().map(|(_, at)| (conf, at))) {
                Some((conf, at)) => broken(WgInterfaceUp::NoResolvconf).at(&conf.path, at.line),
                None => broken(WgInterfaceUp::Failed).with("reason", FailReason::NoResolvconf.words()),
            }
        }
        (_, Some(FailReason::NameNotKnown)) => match endpoint::name_of_endpoint(seat) {
            Some(it) if it.resolves => broken(WgInterfaceUp::NameAtBoot).with("name", it.name).at(it.path, it.line),
            Some(_) | None => broken(WgInterfaceUp::Failed).with("reason", FailReason::NameNotKnown.words()),
        },
        (_, Some(FailReason::Hook(name, line))) => match conf {
            Some(conf) => broken(WgInterfaceUp::HookFailed).with("name", name).at(&conf.path, *line),
            None => broken(WgInterfaceUp::Failed).with("reason", format!("the command of its {name} line failed")),
        },
        (_, Some(FailReason::Condition(path, line))) => broken(WgInterfaceUp::Condition).at(path, *line),
        (_, Some(FailReason::Step(step))) if step == "ip -6 address add" => match conf.and_then(with_six) {
            Some((conf, line)) => broken(WgInterfaceUp::NoIpv6).at(&conf.path, line),
            None => broken(WgInterfaceUp::Failed).with("reason", FailReason::Step(step.clone()).words()),
        },
        (_, Some(FailReason::AddressInUse)) if let Some(held) = held(seat, unit, name) => held,
        // A step of wg-quick's own says where it gave up, and the program that it called says why.
        (_, Some(reason @ (FailReason::Step(_) | FailReason::OldHook))) => {
            let why = own().map_or_else(|| reason.words(), |said| format!("{}: {said}", reason.words()));
            broken(WgInterfaceUp::Failed).with("reason", why)
        }
        (_, Some(reason)) => broken(WgInterfaceUp::Failed).with("reason", reason.words()),
        ("failed", None) => {
            let unknown = || "its journal shows no reason that clipcheck knows".to_owned();
            let why = own().unwrap_or_else(unknown);
            broken(WgInterfaceUp::Failed).with("reason", if is_name(name) { why } else { format!("{why}; {NO_NAME}") })
        }
        ("active", None) => broken(WgInterfaceUp::Gone),
        // Windows keeps the file encrypted, and tells by the app's list that it is there.
        _ if unit.known && (conf.is_some() || seat.on_windows()) => {
            broken(WgInterfaceUp::NotStarted).with("circle", boot::left_out(seat, unit))
        }
        _ => broken(WgInterfaceUp::Missing),
    };
    Ok(finding.into())
}

/// The name for which wg-quick waits, and whether it stands in a file that nobody asks.
fn waits_for(seat: &Seat<'_>, it: &endpoint::Named<'_>) -> Finding<WgInterfaceUp> {
    let hosts = seat.names().ok().and_then(|names| names.of(it.name)).map_or_else(String::new, way::passed_over);
    broken(WgInterfaceUp::WaitsForName).with("name", it.name).with("hosts", hosts).at(it.path, it.line)
}

/// Who has WireGuard's port: another interface, or a program.
fn held(seat: &Seat<'_>, unit: &UnitState, name: &str) -> Option<Finding<WgInterfaceUp>> {
    let conf = seat.wg_conf().ok()?;
    let (port, at) = conf.listen_port?;
    let interfaces = seat.wg().ok().map(|state| state.interfaces.as_slice()).unwrap_or_default();
    let other = interfaces.iter().find(|it| it.listen_port == Some(port) && it.name != name);
    let holder = unit.holder.as_ref();
    let process =
        holder.and_then(|holder| holder.process.filter(|_| holder.unit.is_none() && holder.container.is_none()));
    let (by, of_unit, container, process) = match (other, holder) {
        (Some(other), _) => {
            let by = format!("the WireGuard interface {}", other.name);
            (by, format!("wg-quick@{}.service", other.name), String::new(), None)
        }
        (None, Some(holder)) => {
            let unit = holder.unit.clone().filter(|_| holder.container.is_none());
            (holder.words(), unit.unwrap_or_default(), holder.container.clone().unwrap_or_default(), process)
        }
        (None, None) => return None,
    };
    let finding = broken(WgInterfaceUp::PortHeld).with("by", by).with("port", port).with("other_unit", of_unit);
    let process = process.map_or_else(String::new, |process| process.to_string());
    Some(finding.with("other_container", container).with("process", process).at(&conf.path, at.line))
}

/// The file, and the line of its IPv6 address.
fn with_six(conf: &WgConf) -> Option<(&WgConf, u32)> {
    Some((conf, conf.address_six_at?.line))
}
