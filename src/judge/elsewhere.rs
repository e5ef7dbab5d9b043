//! Where a service is not on the server, but on another host, what is asked of the server about it does not apply.

use crate::case::Seat;
use crate::case::elsewhere::Elsewhere;
use crate::check::{Category, Check};
use crate::fact::{Service, Vantage};

/// What is asked of the web app's own variables, or of the Redis that they name.
const OF_APP: [&str; 5] = ["env-agrees", "env-heeded", "env-ports", "postgres-password-strong", "web-sockets"];

/// Whether the server is the tunnel's hub alone, and a check is about what runs on another host.
fn no_app_here(check: &Check, seat: &Seat<'_>) -> bool {
    let id = check.id.0.as_str();
    let of_app = check.category == Category::Queue || OF_APP.contains(&id);
    // With what the worker is compared is on another host as well.
    let compared = matches!(id, "env-agrees" | "env-ports") && seat.vantage() != Vantage::Server;
    ((of_app && seat.vantage() == Vantage::Server) || compared) && seat.is_hub_alone()
}

/// Why a check of a service does not apply, if so.
pub(super) fn why_spared(check: &Check, seat: &Seat<'_>) -> Option<String> {
    if no_app_here(check, seat) {
        return Some("nothing of the app, of Redis and of PostgreSQL is on this host".to_owned());
    }
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
        // The worker's own looks went where its URL leads.
        Elsewhere::At(address) if seat.vantage() != Vantage::Server && seat.addresses().of(service).ip() == address => {
            return None;
        }
        Elsewhere::At(address) => format!("{name} is at {address}, on another host than the server"),
        Elsewhere::NotHere => format!("nothing of {name} is on this host"),
    })
}
