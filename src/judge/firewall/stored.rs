//! Whether the rules that keep others out are in a file, or in memory only.

use crate::case::Seat;
use crate::check::cause::FirewallAfterBoot;
use crate::check::{Finding, Judged, broken, holds, not_applicable};
use crate::fact::firewall::netfilter::{Netfilter, Tool};
use crate::fact::firewall::walk::{Disposition, Step};
use crate::fact::firewall::{NewFlow, Protocol};
use crate::fact::service::UnitState;
use crate::fact::{UnitTarget, Unseen};
use crate::judge::boot;

/// What nftables.service loads at boot (Debian, Ubuntu, Arch).
const NFTABLES: &str = "/etc/nftables.conf";

/// A rule that today keeps strangers from Redis or PostgreSQL is loaded at the next boot too.
pub(crate) fn firewall_after_boot(seat: &Seat<'_>) -> Judged<FirewallAfterBoot> {
    let enabled = seat.ufw()?.enabled;
    if let Some(finding) = loaded_next(seat) {
        return Ok(finding.into());
    }
    if enabled {
        return Ok(not_applicable("ufw stores its own rules; ufw-loaded compares them"));
    }
    let (netfilter, links, listeners) = (seat.netfilter()?, seat.links()?, seat.listeners()?);
    let addresses = seat.addresses();
    let model = seat.rules()?;
    let mut guards: Vec<(u16, Step)> = Vec::new();
    for port in [addresses.redis_port.value, addresses.postgres_port.value] {
        for (interface, net) in crate::judge::external_addresses(links, &addresses.interface.value) {
            let to = net.addr();
            let flow = NewFlow { interface, from: super::stranger(to), to, protocol: Protocol::Tcp, port };
            let trace = model.trace(&flow, Some(links));
            let shut = matches!(trace.disposition, Disposition::Dropped | Disposition::Rejected);
            if shut && listeners.answers(to, port) && !guards.iter().any(|(guarded, _)| *guarded == port) {
                guards.extend(trace.by().map(|step| (port, step.clone())));
            }
        }
    }
    let Some((_, first)) = guards.first() else {
        return Ok(not_applicable("no rule here blocks Redis or PostgreSQL"));
    };
    if is_stored(seat, netfilter, first)? {
        return Ok(holds());
    }
    let ports = guards.iter().filter(|(_, step)| (step.tool, &step.table) == (first.tool, &first.table));
    let ports = ports.map(|(port, _)| format!("port {port}")).collect::<Vec<_>>().join(" and ");
    let cause = if first.tool == Tool::Nft { FirewallAfterBoot::NotStoredNft } else { FirewallAfterBoot::NotStored };
    let finding = broken(cause).with("ports", ports).with("rule", super::rule(first)).with("chain", &first.chain);
    Ok(finding.with("table", &first.table).with("tool", first.tool.command()).with("file", NFTABLES).into())
}

/// A file of nft's that refuses somebody, and that the next boot loads for the first time.
fn loaded_next(seat: &Seat<'_>) -> Option<Finding<FirewallAfterBoot>> {
    let lines = seat.netfilter().ok()?.stored_in(NFTABLES)?;
    let unit = seat.unit(UnitTarget::Named("nftables.service".to_owned())).ok()?;
    let waits = unit.known && unit.active == "inactive" && unit.enabled.starts_with("enabled");
    let refuses = lines.iter().any(|line| line.contains("drop") || line.contains("reject"));
    (waits && refuses).then(|| broken(FirewallAfterBoot::LoadedNext).with("file", NFTABLES))
}

fn is_stored(seat: &Seat<'_>, netfilter: &Netfilter, step: &Step) -> Result<bool, Unseen> {
    if step.tool != Tool::Nft {
        return Ok(match &step.rule {
            Some(rule) => netfilter.stored.iter().any(|stored| super::holds_rule(&stored.rules, rule)),
            // A chain's policy is in the same file as its rules.
            None => netfilter.stored.iter().any(|stored| !stored.path.starts_with("/etc/ufw/")),
        });
    }
    // firewalld writes its table itself.
    if step.table.ends_with(" firewalld") {
        return Ok(true);
    }
    let unit = seat.unit(UnitTarget::Named("nftables.service".to_owned()))?;
    boot::told(&unit.name, &unit.at_boot)?;
    let enabled = |unit: &UnitState| unit.known && boot::starts(unit);
    let lines = netfilter.stored_in(NFTABLES).unwrap_or_default();
    if enabled(unit) && lines.iter().any(|line| line.starts_with("include")) {
        return Err(Unseen::Undecided(format!("{NFTABLES} includes other files, which clipcheck does not read")));
    }
    // The same rule can be written in many ways; a file that refuses nobody is certainly not it.
    let refuses = lines.iter().any(|line| line.contains("drop") || line.contains("reject"));
    Ok(enabled(unit) && refuses)
}
