//! What systemd itself keeps away from a service, beside all rules of the firewall.

use crate::case::Seat;
use crate::check::cause::FirewallAdmitsWorker;
use crate::check::{Finding, broken};
use crate::fact::dial::Dial;
use crate::fact::service::UnitState;
use crate::fact::{Service, Unseen};

/// The unit of Redis or PostgreSQL throws away what the worker sends. Its slices may let in what it denies, and what
/// they say is not known: so the service must have been silent to its own machine, whose tunnel address is denied too.
pub(super) fn denied(seat: &Seat<'_>) -> Option<Finding<FirewallAdmitsWorker>> {
    let redis = denies(seat, Service::Redis, seat.redis_unit());
    redis.or_else(|| denies(seat, Service::Postgres, seat.postgres_unit()))
}

fn denies(
    seat: &Seat<'_>,
    service: Service,
    unit: Result<&UnitState, Unseen>,
) -> Option<Finding<FirewallAdmitsWorker>> {
    let unit = unit.ok()?;
    let addresses = seat.addresses();
    let silent = seat.tcp(service).is_ok_and(|tcp| tcp.how == Dial::Timeout);
    let away = [addresses.client.value, addresses.server.value].iter().all(|address| unit.filter.denies(*address));
    if !(silent && away) {
        return None;
    }
    let port = if service == Service::Redis { addresses.redis_port.value } else { addresses.postgres_port.value };
    let finding = broken(FirewallAdmitsWorker::DeniedByUnit).with("unit", &unit.name).with("port", port);
    Some(match &unit.filter.at {
        Some((path, line)) => finding.at(path, *line),
        None => finding.with("place", format!("`systemctl show {}`", unit.name)),
    })
}
