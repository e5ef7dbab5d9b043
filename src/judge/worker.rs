//! Do the worker's URLs exist, and do they name the server's address in the tunnel?

use crate::case::Seat;
use crate::check::{Finding, Judged, Verdict, broken, holds};
use crate::fact::Unseen;
use crate::fact::dial::NameAnswer;
use crate::fact::environment::{Effective, EnvUrl, Environment, Flaw, Layer, Origin, Setting};
use crate::profile::Source;

mod ports;

pub use ports::env_ports;

/// DATABASE_URL, as the app resolves it.
pub fn env_database(seat: &Seat<'_>) -> Judged {
    let env = seat.env()?;
    match env.database() {
        Effective::Set { variable, origin, setting } => match trouble(seat, setting, EnvUrl::is_postgres)? {
            Some(finding) => Ok(placed(finding.with("variable", variable), origin).into()),
            None => match setting {
                Setting::Url(url) if url.scheme == "postgres" => {
                    Ok(placed(broken("postgres-scheme").with("variable", variable), origin).into())
                }
                Setting::Url(_) | Setting::Empty | Setting::Word(_) | Setting::Flawed(_) => Ok(holds()),
            },
        },
        Effective::CodeDefault | Effective::Nothing | Effective::DefaultOrNothing => {
            unset(env, "DATABASE_URL", env.winner("DEV_DATABASE_URL").filter(|layer| layer.setting != Setting::Empty))
        }
    }
}

/// The broker's and the results' URL, as the app resolves them. (The worker has no use for REDIS_URL itself.)
pub fn env_redis(seat: &Seat<'_>) -> Judged {
    let env = seat.env()?;
    for wanted in ["CELERY_BROKER_URL", "CELERY_RESULT_BACKEND"] {
        match env.redis(wanted) {
            Effective::Set { variable, origin, setting } => {
                if let Some(finding) = trouble(seat, setting, EnvUrl::is_redis)? {
                    return Ok(placed(finding.with("variable", variable), origin).into());
                }
            }
            Effective::CodeDefault | Effective::Nothing | Effective::DefaultOrNothing => {
                return unset(env, wanted, None);
            }
        }
    }
    Ok(holds())
}

/// FLASK_ENV decides which variables count.
pub fn env_flask(seat: &Seat<'_>) -> Judged {
    let env = seat.env()?;
    if env.is_production() {
        return Ok(holds());
    }
    Ok(match env.winner("FLASK_ENV") {
        Some(Layer { origin, setting }) => placed(broken("not-production").with("value", setting), origin).into(),
        None if env.complete => broken("unset").into(),
        None => return Err(hidden(env, "FLASK_ENV")),
    })
}

/// What is wrong with a value that is set.
fn trouble(seat: &Seat<'_>, setting: &Setting, right_kind: fn(&EnvUrl) -> bool) -> Result<Option<Finding>, Unseen> {
    let url = match setting {
        Setting::Url(url) => url,
        Setting::Flawed(Flaw::Placeholder) => return Ok(Some(broken("placeholder"))),
        Setting::Flawed(flaw) => return Ok(Some(broken("flawed").with("flaw", flaw.words()))),
        Setting::Empty | Setting::Word(_) => return Ok(Some(broken("flawed").with("flaw", "no URL"))),
    };
    if !right_kind(url) {
        return Ok(Some(broken("wrong-kind").with("scheme", &url.scheme)));
    }
    if url.is_local() {
        return Ok(Some(broken("local").with("name", if url.host.is_empty() { "no host at all" } else { &url.host })));
    }
    let server = &seat.addresses().server;
    let there = match url.host.parse() {
        Ok(address) => vec![address],
        Err(_) => resolved(seat, &url.host)?,
    };
    if there.contains(&server.value) {
        return Ok(None);
    }
    if server.source == Source::Guide {
        return Err(Unseen::Undecided(format!(
            "{} is not the guide's {}; if it is your server's address in the tunnel, say `--server`",
            url.host, server.value
        )));
    }
    Ok(Some(broken("elsewhere").with("name", &url.host)))
}

fn resolved(seat: &Seat<'_>, name: &str) -> Result<Vec<std::net::IpAddr>, Unseen> {
    let names = seat.names()?;
    match names.names.iter().find(|look| look.name == name).map(|look| &look.libc) {
        Some(NameAnswer::Addresses(found)) => Ok(found.clone()),
        Some(NameAnswer::NoSuchName | NameAnswer::Silent | NameAnswer::Refused | NameAnswer::Failed) | None => {
            Err(Unseen::Undecided(format!("the name {name} does not resolve here")))
        }
    }
}

/// Nothing, or an empty value: seen from inside it is certain; from outside a baked /app/.env may still set it,
/// but cannot override a value that is there and empty.
fn unset(env: &Environment, variable: &'static str, dev: Option<&Layer>) -> Judged {
    let finding: Verdict = match env.winner(variable) {
        Some(Layer { origin, setting: Setting::Empty }) => {
            placed(broken("empty"), origin).with("variable", variable).into()
        }
        _ if !env.complete => return Err(hidden(env, variable)),
        _ => match dev {
            Some(layer) => placed(broken("dev-only"), &layer.origin).into(),
            None => broken("unset").with("variable", variable).into(),
        },
    };
    Ok(finding)
}

fn hidden(env: &Environment, variable: &str) -> Unseen {
    Unseen::Undecided(format!(
        "the configuration of {} does not set {variable}; a .env inside the image may: look from inside with `docker exec`",
        env.owner
    ))
}

fn placed(finding: Finding, origin: &Origin) -> Finding {
    match origin {
        Origin::File { path, line } => finding.at(path, *line).with("origin", origin),
        Origin::Process | Origin::Inspect => finding.with("origin", origin),
    }
}
