//! Another program that has PostgreSQL's port and answers as PostgreSQL does: a pooler, a proxy.

use super::database;
use crate::case::Seat;
use crate::case::owner::Owner;
use crate::check::cause::PostgresAnswers;
use crate::check::{Finding, broken};
use crate::fact::postgres::{PgOutcome, PgSaid};
use crate::fact::{Service, Vantage};

/// What it is that refuses, where the server knows that it is not PostgreSQL.
pub(super) fn in_its_place(seat: &Seat<'_>, outcome: &PgOutcome) -> Option<Finding<PostgresAnswers>> {
    let server = seat.at(Vantage::Server).ok()?;
    let Owner::Program(program) = server.owner(Service::Postgres) else { return None };
    let role = outcome.role.as_deref().unwrap_or("<role>");
    let does = match &outcome.said {
        PgSaid::WrongPassword => format!("does not accept the password of {role}"),
        PgSaid::Refused(state) => {
            let words = outcome.refusal.as_ref().map_or_else(String::new, |text| format!(": `{text}`"));
            format!("answers {role} with an error{words} (SQLSTATE {state})")
        }
        PgSaid::NoSsl => "has no TLS, which the URL requires (`sslmode`)".to_owned(),
        PgSaid::NoSuchDatabase => format!("does not know the database {}", database(seat, outcome)),
        PgSaid::NoHbaEntry | PgSaid::HbaRejects | PgSaid::CannotLogIn | PgSaid::NoSuchRole | PgSaid::NotPermitted => {
            format!("refuses the log-in of {role}")
        }
        PgSaid::TooManyClients => "accepts no more connections".to_owned(),
        PgSaid::Unfinished => "does not finish a log-in within 5 s".to_owned(),
        // What does not answer as PostgreSQL is none that passes connections on; what the URL lacks it lacks whoever answers.
        PgSaid::One
        | PgSaid::Silent
        | PgSaid::Closed
        | PgSaid::NotPostgres
        | PgSaid::Speaks
        | PgSaid::StartingUp
        | PgSaid::Unreached(_)
        | PgSaid::NoPassword
        | PgSaid::NoRootCertificate(_)
        | PgSaid::OtherMethod
        | PgSaid::WantsCertificate => return None,
    };
    let stopped = server.behind(Service::Postgres);
    let finding = match stopped {
        Some(unit) => broken(PostgresAnswers::NothingBehind).with("unit", &unit.name).with("state", &unit.active),
        None => broken(PostgresAnswers::OtherProgram),
    };
    Some(finding.with("program", program).with("does", does).with("endpoint", &outcome.endpoint))
}
