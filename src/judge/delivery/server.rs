//! The server as the ingest host: only where the sidecar, as the client's snapshot shows it, delivers to the server's
//! address in the tunnel.

use crate::case::Seat;
use crate::check::cause::{DeliveryAdmitted, DeliveryListens};
use crate::check::{Judged, broken, holds, not_applicable};
use crate::fact::Vantage;
use crate::fact::firewall::netfilter::Tool;
use crate::fact::firewall::walk::{Disposition, PacketTrace};
use crate::judge::firewall::{self, defeated, flow, let_past};

/// OpenSSH's server, by its process' name.
const SSHD: &str = "sshd";

/// Why there is nothing to judge.
const NOT_HERE: &str = "no delivery sidecar that uses this address is known";

/// The port at the server's address in the tunnel to which the sidecar delivers.
fn port(seat: &Seat<'_>) -> Option<u16> {
    let delivery = seat.at(Vantage::Client).ok()?.delivery().ok()?;
    let ssh = delivery.sidecar.as_ref()?.ssh.as_ref()?;
    (ssh.address == Some(seat.addresses().server.value)).then_some(ssh.endpoint.port)
}

/// A socket waits for the sidecar.
pub(crate) fn delivery_listens(seat: &Seat<'_>) -> Judged<DeliveryListens> {
    let Some(port) = port(seat) else { return Ok(not_applicable(NOT_HERE)) };
    let (listeners, server) = (seat.listeners()?, seat.addresses().server.value);
    if listeners.answers(server, port) || trace(seat, port).is_some_and(|trace| trace.sent_on.is_some()) {
        return Ok(holds());
    }
    let found: Vec<String> = listeners.on(port).map(|listener| listener.address.ip().to_string()).collect();
    let is_sshd = |program: &Option<String>| program.as_deref() == Some(SSHD);
    let other =
        listeners.tcp.iter().filter(|listener| is_sshd(&listener.program) && !listener.address.ip().is_loopback());
    let other: Option<u16> = other.map(|listener| listener.address.port()).next();
    let finding = match (found.is_empty(), other) {
        (false, _) => broken(DeliveryListens::NotOnTunnel).with("found", found.join(", ")),
        (true, Some(other)) => broken(DeliveryListens::OtherPort).with("other", other),
        (true, None) => broken(DeliveryListens::NotRunning),
    };
    Ok(finding.with("port", port).into())
}

fn trace(seat: &Seat<'_>, port: u16) -> Option<PacketTrace> {
    firewall::trace(seat, &flow(seat, port)).ok()
}

/// The server's firewall lets the sidecar in.
pub(crate) fn delivery_admitted(seat: &Seat<'_>) -> Judged<DeliveryAdmitted> {
    let Some(port) = port(seat) else { return Ok(not_applicable(NOT_HERE)) };
    let (ufw, coming) = (seat.ufw()?, flow(seat, port));
    if ufw.enabled && !ufw.admits(&coming) && !let_past(seat, port) {
        let rule = defeated(ufw, &coming).map(|(deny, _)| deny).or_else(|| ufw.first_match(&coming));
        let finding = match rule {
            Some(rule) => {
                let finding = broken(DeliveryAdmitted::Denied).with("number", rule.number).with("rule", rule.words());
                finding.at(&ufw.path_of(rule), rule.line)
            }
            None => broken(DeliveryAdmitted::NotAllowed),
        };
        return Ok(finding.with("port", port).into());
    }
    let trace = firewall::trace(seat, &coming)?;
    match trace.disposition {
        Disposition::Accepted => Ok(holds()),
        Disposition::Unknown => Err(firewall::undecided(&trace)),
        Disposition::Dropped | Disposition::Rejected => {
            let Some(step) = trace.by() else { return Ok(holds()) };
            let finding = if step.tool == Tool::Nft {
                broken(DeliveryAdmitted::DroppedByNft)
            } else {
                broken(DeliveryAdmitted::Dropped)
            };
            let finding =
                finding.with("rule", firewall::rule(step)).with("chain", &step.chain).with("number", step.number);
            let finding = finding.with("table", &step.table).with("tool", step.tool.command());
            Ok(finding.with("add", firewall::add(step)).with("port", port).into())
        }
    }
}
