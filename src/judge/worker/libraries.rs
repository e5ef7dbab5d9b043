//! The worker's own libraries, given its own URLs: what they say counts.

use super::named;
use crate::case::Seat;
use crate::check::cause::WorkerLibraries;
use crate::check::{Judged, broken, holds, not_applicable};
use crate::fact::environment::{Effective, Environment, VARIABLES};
use crate::fact::libraries::{LibraryAnswer, LibrarySaid};
use crate::fact::{Unseen, Vantage};

/// The worker's own libraries connect with its URLs.
pub(crate) fn worker_libraries(seat: &Seat<'_>) -> Judged<WorkerLibraries> {
    if seat.vantage() == Vantage::Client && !seat.host_worker().is_ok_and(|worker| worker.process.is_some()) {
        return Ok(not_applicable("no worker runs here outside of containers; a container's is asked inside it"));
    }
    let libraries = seat.libraries()?;
    let refused = |answer: &LibraryAnswer| match &answer.said {
        LibrarySaid::Refused(message) => Some((answer.clone(), message.clone())),
        LibrarySaid::Connected | LibrarySaid::Silent => None,
    };
    let Some((answer, message)) = libraries.answers.iter().find_map(refused) else {
        return match libraries.answers.iter().find(|answer| answer.said == LibrarySaid::Silent) {
            Some(silent) => {
                Err(Unseen::Undecided(format!("{} had no answer for {} in time", silent.library, silent.variable)))
            }
            None => Ok(holds()),
        };
    };
    let variable = VARIABLES.into_iter().find(|variable| *variable == answer.variable);
    let variable = variable.ok_or_else(|| Unseen::Unreadable(format!("{} is no variable", answer.variable)))?;
    let finding = broken(match variable {
        "FLASK_APP_URL" => WorkerLibraries::Proxy,
        "DATABASE_URL" | "DEV_DATABASE_URL" => WorkerLibraries::Database,
        _ => WorkerLibraries::Redis,
    });
    let finding = finding.with("message", message).with("library", &answer.library);
    Ok(match seat.env()?.winner(variable) {
        Some(layer) => named(seat, finding, variable, &layer.origin).into(),
        None => finding.with("variable", variable).with("origin", "").with("recreate", "").into(),
    })
}

/// Whether the worker's own library connected with the URL that the app takes: then it is no matter what this program
/// makes of that URL.
pub(in crate::judge) fn connects<'a>(seat: &Seat<'a>, url: impl FnOnce(&'a Environment) -> Effective<'a>) -> bool {
    let Ok(env) = seat.env() else { return false };
    let Effective::Set { variable, .. } = url(env) else { return false };
    seat.vantage() == Vantage::Container
        && seat.libraries().is_ok_and(|it| it.of(variable).is_some_and(|it| it.said == LibrarySaid::Connected))
}
