//! What the driver's errors mean.

use std::error::Error as _;
use std::io::{self, ErrorKind};

use tokio_postgres::Error;
use tokio_postgres::error::DbError;

use super::Heard;
use crate::fact::postgres::PgSaid;
use crate::read::pg_refusal::Refusal;

/// The driver keeps its kinds of error to itself, but words each with one fixed sentence of its own: these are
/// compared. The server's text is only looked into where its code and routine leave two meanings.
pub(super) fn failure(error: &Error) -> Heard {
    if let Some(refused) = error.as_db_error() {
        let refusal = Refusal { code: refused.code().code(), routine: refused.routine(), message: refused.message() };
        let said = refusal.read();
        let text = matches!(said, PgSaid::Refused(_) | PgSaid::TooManyClients).then(|| worded(refused));
        return Heard { refusal: text, seen_as: refusal.seen_as(), ..Heard::bare(said) };
    }
    let said = match error.to_string().as_str() {
        // "password missing"; no other setting of ours can be wrong.
        "invalid configuration" => PgSaid::NoPassword,
        "authentication error" => PgSaid::OtherMethod,
        "error performing TLS handshake" => PgSaid::NoSsl,
        // What cannot be taken apart was not ended by the other end, but by the driver.
        "error communicating with the server" if is_garbled(error) => PgSaid::NotPostgres,
        "connection closed" | "error communicating with the server" => PgSaid::Closed,
        _ => PgSaid::NotPostgres,
    };
    Heard::bare(said)
}

/// As PostgreSQL words it, with what it adds: which value, and what would help.
fn worded(refused: &DbError) -> String {
    let more = [("DETAIL", refused.detail()), ("HINT", refused.hint())];
    let more = more.into_iter().filter_map(|(name, more)| Some(format!(" / {name}: {}", more?)));
    format!("{}: {}", refused.severity(), refused.message()) + &more.collect::<String>()
}

fn is_garbled(error: &Error) -> bool {
    let cause = error.source().and_then(|cause| cause.downcast_ref::<io::Error>());
    cause.is_some_and(|cause| matches!(cause.kind(), ErrorKind::InvalidInput | ErrorKind::InvalidData))
}
