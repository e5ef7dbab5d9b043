//! The certificate that Redis or PostgreSQL shows, where the URL has the app's library verify it.

use std::fmt;

use crate::case::Seat;
use crate::check::cause::{PostgresAnswers, RedisAnswers, causes_of};
use crate::check::{Finding, broken};
use crate::fact::Vantage;
use crate::fact::api::Distrust;
use crate::fact::certificate::{Demand, ShownCertificate, day};
use crate::fact::environment::Environment;
use crate::fact::postgres::PgOutcome;
use crate::fact::redis::RedisOutcome;

/// What can be wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::enum_variant_names, reason = "the causes' names, which are those of both checks")]
enum Unverified {
    CertificateDates,
    CertificateName,
    CertificateAuthority,
    CertificateSoon,
}

causes_of!(Unverified as RedisAnswers: CertificateDates, CertificateName, CertificateAuthority, CertificateSoon);
causes_of!(Unverified as PostgresAnswers: CertificateDates, CertificateName, CertificateAuthority, CertificateSoon);

/// What renews by itself does so when a third of the lifetime is left (Let's Encrypt's advice: at two thirds of the
/// lifetime), so what is past that is renewed by hand or not at all. A year's certificate would be told of
/// for four months then: two weeks are enough for somebody to do it.
const SHARE: u64 = 3;
const SOON: u64 = 14 * 24 * 3600;

/// Two that end within it are one: a recording moves the times of a snapshot by seconds.
const MINUTE: u64 = 60;

/// What is wrong with the certificate of a Redis that answers.
pub(super) fn of_redis(seat: &Seat<'_>, outcome: &RedisOutcome) -> Option<Finding<RedisAnswers>> {
    let finding = unverified(seat, &outcome.endpoint, |seat| seat.redis().ok()?.certificate.as_ref())?;
    let finding = untaken(finding, super::worker::connects(seat, Environment::broker))?;
    Some(in_redis_conf(seat, finding).map(Into::into))
}

/// What is wrong with the certificate of a PostgreSQL that answers.
pub(super) fn of_postgres(seat: &Seat<'_>, outcome: &PgOutcome) -> Option<Finding<PostgresAnswers>> {
    let finding = unverified(seat, &outcome.endpoint, |seat| seat.postgres().ok()?.certificate.as_ref())?;
    untaken(finding, super::worker::connects(seat, Environment::database)).map(|it| it.map(Into::into))
}

/// What the worker's own library takes is taken, and may end nevertheless.
fn untaken(finding: Finding<Unverified>, connects: bool) -> Option<Finding<Unverified>> {
    Some(finding).filter(|it| !connects || it.cause == Unverified::CertificateSoon)
}

/// What keeps the app's library away, or will soon.
fn unverified<'a>(
    seat: &Seat<'a>,
    endpoint: impl fmt::Display,
    of: impl Fn(&Seat<'a>) -> Option<&'a ShownCertificate>,
) -> Option<Finding<Unverified>> {
    let shown = of(seat)?;
    // It is one certificate: the server tells of its end, else the client.
    let told = |vantage: Vantage| {
        let other = seat.at(vantage).ok().filter(|_| seat.vantage() != vantage);
        other.and_then(|other| of(&other)).is_some_and(|it| it.valid_until.abs_diff(shown.valid_until) < MINUTE)
    };
    let (by_server, by_client) = (told(Vantage::Server), told(Vantage::Client));
    let told = by_server || (by_client && seat.vantage() == Vantage::Container);
    let until = |until: u64| format!("was valid until {}", day(until));
    let roots = shown.roots.as_deref().unwrap_or("its file of authorities");
    let (cause, fault) = match (shown.distrust, shown.authority_until) {
        (Some(Distrust::Expired), None) => (Unverified::CertificateDates, until(shown.valid_until)),
        (Some(Distrust::NotYetValid), _) => {
            let (from, now) = (day(shown.valid_from), day(seat.taken_at()));
            (
                Unverified::CertificateDates,
                format!("is valid from {from} on, and today is {now} by this machine's clock"),
            )
        }
        (Some(Distrust::OtherName), _) => {
            let names = if shown.names.is_empty() { "no name at all".to_owned() } else { shown.names.join(", ") };
            (Unverified::CertificateName, names)
        }
        (Some(Distrust::Expired), Some(authority)) => {
            let fault = format!("is signed by an authority whose own certificate {}", until(authority));
            (Unverified::CertificateAuthority, fault)
        }
        (Some(Distrust::UnknownIssuer), _) => {
            (Unverified::CertificateAuthority, format!("is not signed by an authority in {roots}"))
        }
        (Some(Distrust::NoBundle), _) => {
            (Unverified::CertificateAuthority, format!("cannot be verified, since {roots} is not there"))
        }
        (None, _) if !told && is_soon(shown, seat.taken_at()) => {
            (Unverified::CertificateSoon, format!("is valid until {}", day(shown.valid_until)))
        }
        (None, _) => return None,
    };
    let demand = match shown.demand {
        Demand::RequireWithRoots => format!("{}, and {roots} is there: libpq verifies with it", shown.demand.words()),
        Demand::VerifyCa | Demand::VerifyFull | Demand::CertReqs | Demand::CertReqsAndName => {
            shown.demand.words().to_owned()
        }
    };
    let early = shown.distrust == Some(Distrust::NotYetValid);
    let clock = if early { " Or set this machine's clock, if that is what is wrong." } else { "" };
    let finding =
        broken(cause).with("endpoint", endpoint).with("clock", clock).with("fault", fault).with("demand", demand);
    Some(finding.with("roots", roots).with("name", shown.wanted.as_deref().unwrap_or_default()))
}

/// The line of redis.conf that names it, if the server was looked at.
fn in_redis_conf(seat: &Seat<'_>, finding: Finding<Unverified>) -> Finding<Unverified> {
    let conf = seat.at(Vantage::Server).ok().and_then(|server| server.redis_conf().ok());
    let of_server = matches!(finding.cause, Unverified::CertificateDates | Unverified::CertificateSoon);
    match conf.and_then(|conf| conf.certificate.as_ref()).filter(|_| of_server) {
        Some(line) => finding.with("certificate", &line.value).marks(&line.value).at(&line.path, line.line),
        None => finding.with("certificate", ""),
    }
}

fn is_soon(shown: &ShownCertificate, now: u64) -> bool {
    let left = shown.valid_until.saturating_sub(now);
    left < SOON && left < shown.valid_until.saturating_sub(shown.valid_from) / SHARE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn soon_is_within_two_weeks_and_past_two_thirds_of_the_time() {
        let day = 24 * 3600;
        let shown = |lifetime: u64| ShownCertificate {
            valid_from: 1000 * day,
            valid_until: (1000 + lifetime) * day,
            names: Vec::new(),
            demand: Demand::VerifyCa,
            wanted: None,
            roots: None,
            distrust: None,
            authority_until: None,
        };
        let soon = |lifetime, left| is_soon(&shown(lifetime), (1000 + lifetime - left) * day);
        assert_eq!([soon(365, 13), soon(365, 14), soon(365, 0), soon(90, 13)], [true, false, true, true]);
        // One that lives a week is renewed by a machine.
        assert_eq!([soon(7, 3), soon(7, 2), soon(30, 10), soon(30, 9)], [false, true, false, true]);
    }
}
