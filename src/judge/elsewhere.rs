//! Where a service is not on the server, but on another host, what is asked of the server about it does not apply.

use super::met;
use crate::case::elsewhere::Elsewhere;
use crate::case::{Case, Seat};
use crate::check::{Category, Check, Rule};
use crate::fact::{Service, Vantage};

/// What is asked of the web app's own variables, or of the Redis that they name.
const OF_APP: [&str; 5] = ["env-agrees", "env-heeded", "env-ports", "postgres-password-strong", "web-sockets"];

/// What a URL of the app is needed for, that of Redis aside: root may read its password in redis.conf.
const BY_URL: [&str; 2] = ["postgres-answers", "postgres-role-ready"];

/// Whether nothing of the app is on the server's host, and a check is about what it has there.
fn no_app_here(check: &Check, seat: &Seat<'_>) -> bool {
    let id = check.id.0.as_str();
    let of_app = check.category == Category::Queue || OF_APP.contains(&id) || BY_URL.contains(&id);
    // With what the worker is compared is on another host as well.
    let compared = matches!(id, "env-agrees" | "env-ports") && seat.vantage() != Vantage::Server;
    ((of_app && seat.vantage() == Vantage::Server) || compared) && seat.is_without_app()
}

/// Why a check of a service does not apply, if so. A plain check reads one thing, whatever spares it.
pub(super) fn why_spared(check: &Check, seat: &Seat<'_>, case: &Case) -> Option<String> {
    let why = spared(check, seat);
    if matches!(check.rule, Rule::Expect(_)) {
        case.take_read();
    }
    why
}

fn spared(check: &Check, seat: &Seat<'_>) -> Option<String> {
    if no_app_here(check, seat) {
        return Some("nothing of the app was seen on the server's host".to_owned());
    }
    let id = check.id.0.as_str();
    // The worker's URL is compared with the host that has the service.
    let of_url = match id {
        "env-redis" => Some(Service::Redis),
        "env-database" => Some(Service::Postgres),
        _ => None,
    };
    if seat.is_split()
        && let Some(Elsewhere::At(address)) = of_url.and_then(|service| seat.elsewhere(service))
    {
        return Some(format!("that is judged with {address}, the host to which it must lead"));
    }
    let (service, name) = if check.category == Category::Redis {
        (Service::Redis, "Redis")
    } else if check.category == Category::Postgres {
        (Service::Postgres, "PostgreSQL")
    } else {
        return None;
    };
    // Whether strangers come to the server, and which password is in a URL, is asked wherever the service is.
    if id.ends_with("-not-exposed") || id == "postgres-password-strong" {
        return None;
    }
    if ["redis-listens", "redis-port-open", "postgres-listens", "postgres-port-open"].contains(&id)
        && let Some(why) = met::otherwise(id, seat, service, name)
    {
        return Some(why);
    }
    Some(match seat.elsewhere(service)? {
        // The worker's own looks went where its URL leads.
        Elsewhere::At(address)
            if !seat.is_split()
                && seat.vantage() != Vantage::Server
                && seat.addresses().of(service).ip() == address =>
        {
            return None;
        }
        Elsewhere::At(address) => format!("{name} is at {address}, on another host than the server"),
        Elsewhere::NotHere => format!("nothing of {name} is on this host"),
    })
}
