//! Do both ends use one PostgreSQL?

use crate::case::Seat;
use crate::check::cause::PostgresSame;
use crate::check::{Judged, broken, holds, not_applicable};
use crate::fact::postgres::PgSaid;
use crate::fact::{Unseen, Vantage};
use crate::judge::worker::set_by;

/// The worker's PostgreSQL is the web app's. (Whether it is the same database of it, `env-agrees` says.)
pub(crate) fn postgres_same(seat: &Seat<'_>) -> Judged<PostgresSame> {
    let here = seat.postgres()?;
    if here.said != PgSaid::One {
        return Ok(not_applicable("PostgreSQL does not accept the worker's log-in here"));
    }
    let there = seat.at(Vantage::Server)?.postgres()?;
    if there.said != PgSaid::One {
        return Ok(not_applicable("PostgreSQL does not accept the web app's log-in on the server"));
    }
    if let (Some(here_is), Some(there_is)) = (&here.system, &there.system)
        && here_is != there_is
    {
        let finding = broken(PostgresSame::OtherCluster).with("here", &here.endpoint).with("there", &there.endpoint);
        return Ok(set_by(seat, finding, |env| env.database()).into());
    }
    match (&here.system, &there.system) {
        (Some(_), Some(_)) => Ok(holds()),
        _ => Err(Unseen::NotKnown(
            "PostgreSQL does not report its system identifier to both ends (pg_control_system())".to_owned(),
        )),
    }
}
