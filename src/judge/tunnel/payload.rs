//! What the open connections carry: large answers, and the server's clock.

use crate::case::Seat;
use crate::check::cause::{ClocksAgree, TunnelPayload};
use crate::check::{Judged, broken, holds, not_applicable};
use crate::fact::dial::payload_probe::{PayloadProbe, ServerClock};
use crate::fact::{Unseen, Vantage};

/// What IPv6 promises of every path (RFC 8200, section 5), and what WireGuard's users fall back to.
const SAFE_MTU: u16 = 1280;

/// Celery warns of a worker whose clock is 16 s off ("Substantial drift", `celery.events.state.HEARTBEAT_DRIFT_MAX`).
const DRIFT: u64 = 16;

/// The two services' connections, those that were seen. None where neither answered.
fn carries<'a>(seat: &Seat<'a>) -> Result<Vec<(&'static str, &'a PayloadProbe)>, Unseen> {
    let redis = seat.redis().map(|outcome| outcome.carried.as_ref());
    let postgres = seat.postgres().map(|outcome| outcome.carried.as_ref());
    if let (Err(why), Err(_)) = (&redis, &postgres) {
        return Err(why.clone());
    }
    let why = redis.as_ref().err().or(postgres.as_ref().err()).cloned();
    let found = [("Redis", redis.ok().flatten()), ("PostgreSQL", postgres.ok().flatten())];
    let found: Vec<_> = found.into_iter().filter_map(|(name, carry)| Some((name, carry?))).collect();
    // Where one was not asked, or nobody knows with which log-in, that none was accepted says nothing.
    match why.or_else(|| seat.env().err()).filter(|_| found.is_empty()) {
        Some(why) => Err(why),
        None => Ok(found),
    }
}

const NOBODY: &str = "neither Redis nor PostgreSQL accepted a log-in, so no larger answer could be requested";

/// A path that passes a PING passes a few kilobytes.
pub(crate) fn tunnel_payload(seat: &Seat<'_>) -> Judged<TunnelPayload> {
    let carries = carries(seat)?;
    if carries.is_empty() {
        return Ok(not_applicable(NOBODY));
    }
    let hanging = carries.iter().find_map(|(name, carry)| Some((*name, carry.hangs()?)));
    let Some((name, (passes, hangs))) = hanging else {
        if carries.iter().any(|(_, carry)| carry.is_whole()) {
            return Ok(holds());
        }
        return Err(Unseen::Undecided("no answer larger than one packet was received".to_owned()));
    };
    let other = carries.iter().find(|(other, _)| *other != name);
    let whole_elsewhere = other.is_some_and(|(_, carry)| carry.is_whole());
    // One lost and one whole on the same path: the server's answer was late, or only what goes out is lost.
    if whole_elsewhere && name == "PostgreSQL" {
        return Err(Unseen::Undecided(
            "PostgreSQL's larger answer was late, but Redis' was complete; run clipcheck again".to_owned(),
        ));
    }
    let seen = carries.iter().find_map(|(_, carry)| carry.largest_packet());
    let mtu = seen.filter(|packet| *packet >= 1000).unwrap_or(SAFE_MTU);
    let by = if seen.is_some() {
        "the size of the largest packet that was answered"
    } else {
        "a size that every path can carry"
    };
    let host_is_whole = seat.vantage() == Vantage::Container
        && seat.at(Vantage::Client).is_ok_and(|client| {
            self::carries(&client)
                .is_ok_and(|all| all.iter().any(|(_, carry)| carry.is_whole() && carry.hangs().is_none()))
        });
    let finding = if host_is_whole { broken(TunnelPayload::HangsInContainer) } else { broken(TunnelPayload::Hangs) };
    let far = if whole_elsewhere { "packets that this machine sends" } else { "answers" };
    Ok(finding
        .with("name", name)
        .with("passes", passes)
        .with("hangs", hangs)
        .with("mtu", mtu)
        .with("by", by)
        .with("lost", far)
        .into())
}

/// The server's clock and this one's say the same, as far as Celery's heartbeats mind.
pub(crate) fn clocks_agree(seat: &Seat<'_>) -> Judged<ClocksAgree> {
    let clocks: Vec<(&str, ServerClock)> =
        carries(seat)?.into_iter().filter_map(|(name, carry)| Some((name, carry.clock?))).collect();
    let Some((name, clock)) = clocks.iter().max_by_key(|(_, clock)| clock.ahead_ms.unsigned_abs()) else {
        return Ok(not_applicable(NOBODY));
    };
    let (off_ms, doubt_ms) = (clock.ahead_ms.unsigned_abs(), clock.round_trip_us / 2000);
    if off_ms.saturating_sub(doubt_ms) < DRIFT * 1000 {
        return Ok(holds());
    }
    let way = if clock.ahead_ms < 0 { "behind" } else { "ahead of" };
    Ok(broken(ClocksAgree::Apart).with("name", name).with("seconds", off_ms / 1000).with("way", way).into())
}
