//! Do both ends use one Redis?

use crate::case::Seat;
use crate::check::cause::RedisSame;
use crate::check::{Judged, broken, holds, not_applicable};
use crate::fact::redis::{RedisIdentity, RedisSaid};
use crate::fact::{Unseen, Vantage};
use crate::judge::worker::set_by;

/// The worker's broker is the web app's. (Whether it is the same database of it, `env-agrees` says.)
pub(crate) fn redis_same(seat: &Seat<'_>) -> Judged<RedisSame> {
    let here = seat.redis()?;
    if here.said != RedisSaid::Pong {
        return Ok(not_applicable("Redis does not answer here"));
    }
    let server = seat.at(Vantage::Server)?;
    let there = server.redis()?;
    if there.said != RedisSaid::Pong {
        return Ok(not_applicable("Redis does not answer on the server"));
    }
    if let (Some(here_is), Some(there_is)) = (&here.identity, &there.identity)
        && here_is.run_id != there_is.run_id
    {
        if restarted((seat.taken_at(), here_is), (server.taken_at(), there_is)) {
            return Err(Unseen::Undecided(
                "Redis was restarted between the two snapshots; take both snapshots again".to_owned(),
            ));
        }
        let finding = broken(RedisSame::OtherServer).with("here", &here.endpoint).with("there", &there.endpoint);
        return Ok(set_by(seat, finding, |env| env.broker()).into());
    }
    match (&here.identity, &there.identity) {
        (Some(_), Some(_)) => Ok(holds()),
        _ => Err(Unseen::NotKnown("Redis does not report its run id to both ends (INFO)".to_owned())),
    }
}

/// Whether one of them began to run after the other end was looked at: then it may be the same one, restarted.
fn restarted((here_at, here): (u64, &RedisIdentity), (there_at, there): (u64, &RedisIdentity)) -> bool {
    here_at.saturating_sub(here.uptime) >= there_at || there_at.saturating_sub(there.uptime) >= here_at
}
