//! The worker's own libraries, given its own URLs: what they say counts.

use super::{asked_outside, named};
use crate::case::Seat;
use crate::check::cause::WorkerLibraries;
use crate::check::{Judged, broken, holds, not_applicable};
use crate::fact::dial::Dial;
use crate::fact::environment::{Effective, Environment};
use crate::fact::libraries::{Libraries, LibraryAnswer, LibrarySaid};
use crate::fact::postgres::PgSaid;
use crate::fact::redis::RedisSaid;
use crate::fact::{Service, Unseen, Vantage};
use crate::judge::firewall::in_doubt;

/// The worker's own libraries connect with its URLs.
pub(crate) fn worker_libraries(seat: &Seat<'_>) -> Judged<WorkerLibraries> {
    if seat.vantage() == Vantage::Client && !seat.host_worker().is_ok_and(|worker| worker.process.is_some()) {
        return Ok(not_applicable("no worker runs here outside of containers; a container's is asked inside it"));
    }
    asked_outside(seat)?;
    still_loading(seat)?;
    still_starting(seat)?;
    let libraries = seat.libraries()?;
    let refused = |answer: &LibraryAnswer| match &answer.said {
        LibrarySaid::Refused(message) => Some((answer.clone(), message.clone())),
        LibrarySaid::Led(to) => Some((answer.clone(), to.to_string())),
        LibrarySaid::Connected | LibrarySaid::Silent => None,
    };
    let Some((answer, message)) = libraries.answers.iter().find_map(refused) else {
        return match libraries.answers.iter().find(|answer| answer.said == LibrarySaid::Silent) {
            Some(silent) => {
                Err(Unseen::Undecided(format!("the worker's library had no answer for {} in time", silent.variable)))
            }
            None => all_asked(seat.env()?, libraries),
        };
    };
    let (env, variable) = (seat.env()?, answer.variable.as_str());
    if !env.variables.contains_key(variable) {
        return Err(Unseen::Unreadable(format!("{variable} is no variable of the worker")));
    }
    let finding = match variable {
        _ if matches!(answer.said, LibrarySaid::Led(_)) => broken(WorkerLibraries::Led),
        _ if variable != "FLASK_APP_URL" && answer.said.is_unreached() && connects_here(seat) => {
            broken(WorkerLibraries::Unreached).with("rule", doubt(seat))
        }
        "FLASK_APP_URL" => broken(WorkerLibraries::Proxy),
        "DEV_DATABASE_URL" => broken(WorkerLibraries::Database),
        _ if env.database_variable() == Some(variable) => broken(WorkerLibraries::Database),
        _ => broken(WorkerLibraries::Redis),
    };
    let finding = finding.with("message", message).with("library", &answer.library);
    Ok(match env.winner(variable) {
        Some(layer) => named(seat, finding, variable, &layer.origin).into(),
        None => finding.with("variable", variable).with("origin", "").with("recreate", "").into(),
    })
}

/// While Redis loads its data it refuses everybody.
pub(super) fn still_loading(seat: &Seat<'_>) -> Result<(), Unseen> {
    if seat.redis().is_ok_and(|redis| redis.said == RedisSaid::Loading) {
        return Err(Unseen::Undecided("Redis is still loading its data, and refuses everybody until then".to_owned()));
    }
    Ok(())
}

/// While PostgreSQL starts up, recovers or shuts down, too.
fn still_starting(seat: &Seat<'_>) -> Result<(), Unseen> {
    let here = seat.postgres().is_ok_and(|postgres| postgres.said == PgSaid::StartingUp);
    let there = seat.libraries().is_ok_and(|it| it.answers.iter().any(|answer| answer.said.is_starting_up()));
    if here || there {
        return Err(Unseen::Undecided(
            "PostgreSQL is starting up, recovering or shutting down, and refuses everybody meanwhile".to_owned(),
        ));
    }
    Ok(())
}

/// The rules that clipcheck did not follow, on the worker's machine and on the server, one of which may be the one.
fn doubt(seat: &Seat<'_>) -> String {
    let own = (seat.vantage() == Vantage::Client).then_some(Vantage::Client);
    let ends = own.into_iter().chain([Vantage::Server]);
    let doubts = ends.filter_map(|vantage| Some((vantage, in_doubt(&seat.at(vantage).ok()?)?)));
    let told: Vec<String> = doubts.map(|(vantage, why)| format!("; on the {vantage}, {why}")).collect();
    told.concat()
}

/// Whether this program connects. (Where it does not connect to the service in question, that is the root.)
fn connects_here(seat: &Seat<'_>) -> bool {
    [Service::Redis, Service::Postgres]
        .map(|service| seat.tcp(service).is_ok_and(|tcp| tcp.how == Dial::Open))
        .contains(&true)
}

/// Whether the worker's own library could not connect. Where this program can, the difference is who connects.
pub(in crate::judge) fn is_unreached(seat: &Seat<'_>) -> bool {
    seat.libraries().is_ok_and(|libraries| libraries.answers.iter().any(|answer| answer.said.is_unreached()))
}

/// All URLs that the app uses were given to a library: a URL that was left out is not OK.
fn all_asked(env: &Environment, libraries: &Libraries) -> Judged<WorkerLibraries> {
    let used = [env.database(), env.broker(), env.results()];
    let left_out = used.iter().find_map(|url| match url {
        Effective::Set { variable, .. } if libraries.of(variable).is_none() => Some(*variable),
        Effective::Set { .. } | Effective::CodeDefault | Effective::Nothing | Effective::DefaultOrNothing => None,
    });
    match left_out {
        Some(variable) => Err(Unseen::NotKnown(format!("no library of the worker was asked with {variable}"))),
        None => Ok(holds()),
    }
}

/// Whether the worker's own library connected with the URL that the app takes: then it is no matter what this program
/// makes of that URL.
pub(in crate::judge) fn connects<'a>(seat: &Seat<'a>, url: impl FnOnce(&'a Environment) -> Effective<'a>) -> bool {
    let Ok(env) = seat.env() else { return false };
    let Effective::Set { variable, .. } = url(env) else { return false };
    seat.vantage() == Vantage::Container
        && seat.libraries().is_ok_and(|it| it.of(variable).is_some_and(|it| it.said == LibrarySaid::Connected))
}
