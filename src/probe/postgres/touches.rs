//! What looking at PostgreSQL does to the machine and the network.

use super::{administrator, conf};
use crate::fact::Vantage;
use crate::fact::touch::{Touch, connects, only, reads, runs};
use crate::probe::containers;

/// What asking PostgreSQL by the worker's URL does.
pub(in crate::probe) fn touches(vantage: Vantage) -> Vec<Touch> {
    let own = if vantage == Vantage::Container { reads(&["{home}/.postgresql/root.crt"]) } else { Vec::new() };
    let roots =
        only("where the URL has sslmode require, verify-ca or verify-full", [own, reads(&["{authorities}"])].concat());
    let log = if vantage == Vantage::Server {
        let log = reads(&["/var/log/postgresql/postgresql-*.log", "{log}"]);
        only("while it starts up or recovers", [conf::touches(), log].concat())
    } else {
        Vec::new()
    };
    [connects(&["tcp {server}:{postgres-port}"]), roots, log].concat()
}

/// What [`super::conf`] does.
pub(in crate::probe) fn conf_touches() -> Vec<Touch> {
    conf::touches()
}

/// What [`super::hba`] does.
pub(in crate::probe) fn hba_touches() -> Vec<Touch> {
    let named = only("where pg_hba.conf names them", reads(&["{included}"]));
    [conf::touches(), reads(&["/etc/postgresql/*/*/pg_hba.conf"]), named].concat()
}

/// What [`super::state`] does.
pub(in crate::probe) fn state_touches() -> Vec<Touch> {
    let log = reads(&["/var/log/postgresql/postgresql-*.log", "{log}"]);
    let log = only("where the log was written in the last ten minutes", log);
    let named = only("where its settings name them", reads(&["{named}"]));
    only("as root", [conf::touches(), hba_touches(), administrator::touches(), named, log].concat())
}

/// What [`super::hba_inside`] does.
pub(in crate::probe) fn hba_inside_touches() -> Vec<Touch> {
    let inside = only("where a container has PostgreSQL's port, as root", administrator::inside_touches());
    [containers::service_touches(), inside].concat()
}

/// What [`super::state_inside`] does.
pub(in crate::probe) fn state_inside_touches() -> Vec<Touch> {
    let log = runs(&["docker logs --timestamps --since {time} --tail 200 -- {container}"]);
    let log = only("where a container has PostgreSQL's port, as root, and the engine's socket does not answer", log);
    [hba_inside_touches(), log].concat()
}
