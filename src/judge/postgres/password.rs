//! A password that is refused here, while the same role is admitted from elsewhere: then this end's is the odd one.

use crate::case::Seat;
use crate::check::cause::PostgresAnswers;
use crate::check::{Finding, broken};
use crate::fact::Vantage;
use crate::fact::postgres::{PgOutcome, PgSaid};

/// None where nobody else was admitted as that role, or its password is not what is refused.
pub(super) fn right_elsewhere(seat: &Seat<'_>, outcome: &PgOutcome) -> Option<Finding<PostgresAnswers>> {
    if outcome.said != PgSaid::WrongPassword {
        return None;
    }
    let (role, own) = (outcome.role.as_deref()?, seat.vantage());
    // A worker's container and its machine have the same URL.
    let other = match own {
        Vantage::Server => Vantage::Client,
        Vantage::Client | Vantage::Container => Vantage::Server,
        Vantage::Outside => return None,
    };
    let admitted = || {
        let Ok(there) = seat.at(other) else { return false };
        // Whom a line trusts from there needs no password, and a URL may have none.
        let url = there.env().ok().and_then(|env| env.database().into_url());
        let asked = url.is_some_and(|url| url.password.is_present());
        asked && there.postgres().is_ok_and(|it| it.said == PgSaid::One && it.role.as_deref() == Some(role))
    };
    let whose = if other == Vantage::Server { "the web app's" } else { "the worker's" };
    let finding = broken(PostgresAnswers::PasswordHere).with("other", whose).with("role", role);
    admitted().then(|| finding.with("endpoint", &outcome.endpoint))
}
