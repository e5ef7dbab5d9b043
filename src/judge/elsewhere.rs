//! Where a service is not on the server, but on another host, what is asked of the server about it does not apply.

use crate::case::Seat;
use crate::case::elsewhere::Elsewhere;
use crate::check::{Category, Check};
use crate::fact::Service;

/// Why a check of a service does not apply, if so.
pub(super) fn why_spared(check: &Check, seat: &Seat<'_>) -> Option<String> {
    let (service, name) = if check.category == Category::Redis {
        (Service::Redis, "Redis")
    } else if check.category == Category::Postgres {
        (Service::Postgres, "PostgreSQL")
    } else {
        return None;
    };
    let id = check.id.0.as_str();
    // Whether strangers come to the server, and which password is in a URL, is asked wherever the service is.
    if id.ends_with("-not-exposed") || id == "postgres-password-strong" {
        return None;
    }
    Some(match seat.elsewhere(service)? {
        Elsewhere::At(address) => format!("{name} is at {address}, on another host than the server"),
        Elsewhere::NotHere => format!("nothing of {name} is on this host"),
    })
}
