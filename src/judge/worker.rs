//! The worker: does it run, which values does it really use, and are they right?

use crate::case::Seat;
use crate::check::cause::{EnvDatabase, EnvFlask, EnvRedis};
use crate::check::{Judged, broken, holds, not_applicable};
use crate::fact::dial::NameAnswer;
use crate::fact::environment::{
    ByHost, ContainerProvenance, Effective, EnvUrl, Environment, Layer, Origin, Setting, Source,
};
use crate::fact::postgres::PgSaid;
use crate::fact::redis::RedisSaid;
use crate::fact::{Unseen, Vantage};

mod agree;
mod beside;
mod confined;
mod container;
mod file;
mod host;
mod ignored;
mod libraries;
mod log;
mod place;
mod url;

use place::{placed, provenance};
use url::UrlFault;

pub(crate) use agree::{env_agrees, env_heeded, env_ports};
pub(in crate::judge) use beside::goes_beside;
pub(in crate::judge) use confined::asked_outside;
pub(crate) use confined::worker_confined;
pub(crate) use container::{worker_fresh, worker_one, worker_running};
pub(crate) use file::env_file;
pub(crate) use host::{docker_runs, worker_at_boot};
pub(in crate::judge) use ignored::ignored;
pub(crate) use libraries::worker_libraries;
pub(in crate::judge) use libraries::{connects, is_unreached};
pub(crate) use log::worker_log;
pub(in crate::judge) use place::{named, set_by};

/// The database's URL, as the app resolves it.
pub(crate) fn env_database(seat: &Seat<'_>) -> Judged<EnvDatabase> {
    let env = seat.env()?;
    let none = || not_applicable("the profile has no `database`: the worker goes to none");
    let Some(wanted) = env.database_variable() else { return Ok(none()) };
    match env.database() {
        Effective::Set { variable, origin, setting } => {
            let finding = match url::diagnosis(seat, setting, EnvUrl::is_postgres)? {
                Some(finding) => finding,
                None => match setting {
                    Setting::Url(url) if url.scheme == "postgres" => broken(EnvDatabase::PostgresScheme),
                    Setting::Url(_) if is_cut(seat, variable, origin) && postgres_refuses(seat) => {
                        broken(EnvDatabase::Dollar)
                    }
                    Setting::Url(_) | Setting::Empty | Setting::Word(_) | Setting::Secret | Setting::Flawed(_) => {
                        return Ok(holds());
                    }
                },
            };
            Ok(ignored(seat, broken(EnvDatabase::Ignored), wanted)
                .unwrap_or_else(|| placed(seat, finding, variable, origin))
                .into())
        }
        Effective::CodeDefault if env.reports_by_http_alone() => Ok(broken(EnvDatabase::UnsetPreviews).into()),
        Effective::CodeDefault | Effective::Nothing | Effective::DefaultOrNothing => unset(
            seat,
            env,
            wanted,
            env.winner("DEV_DATABASE_URL")
                .filter(|layer| layer.setting != Setting::Empty)
                .map(|layer| (EnvDatabase::DevOnly, "DEV_DATABASE_URL", layer)),
        ),
    }
}

/// The broker's and the results' URL, as the app resolves them. (The worker has no use for REDIS_URL itself.)
pub(crate) fn env_redis(seat: &Seat<'_>) -> Judged<EnvRedis> {
    let env = seat.env()?;
    for wanted in [Some(env.broker_variable()), env.results_variable()].into_iter().flatten() {
        match env.redis(wanted) {
            Effective::Set { setting: Setting::Url(url), .. }
                if url.is_other_results() && Some(wanted) == env.results_variable() => {}
            Effective::Set { variable, origin, setting } => {
                let finding = match url::diagnosis(seat, setting, EnvUrl::is_redis)? {
                    Some(finding) => finding,
                    None => match setting {
                        // redis-py then logs in as that user, with an empty password.
                        Setting::Url(url) if url.user.is_present() && !url.password.is_present() => {
                            broken(EnvRedis::PasswordAsUser)
                        }
                        // Only the broker's password was tried.
                        Setting::Url(_)
                            if wanted == env.broker_variable()
                                && is_cut(seat, variable, origin)
                                && redis_refuses(seat) =>
                        {
                            broken(EnvRedis::Dollar)
                        }
                        Setting::Url(_) | Setting::Empty | Setting::Word(_) | Setting::Secret | Setting::Flawed(_) => {
                            continue;
                        }
                    },
                };
                return Ok(ignored(seat, broken(EnvRedis::Ignored), wanted)
                    .unwrap_or_else(|| placed(seat, finding, variable, origin))
                    .into());
            }
            Effective::CodeDefault | Effective::Nothing | Effective::DefaultOrNothing => {
                return unset(seat, env, wanted, None);
            }
        }
    }
    Ok(holds())
}

/// FLASK_ENV decides which variables count.
pub(crate) fn env_flask(seat: &Seat<'_>) -> Judged<EnvFlask> {
    let env = seat.env()?;
    if env.is_production() {
        return Ok(holds());
    }
    Ok(match env.winner("FLASK_ENV") {
        Some(Layer { origin, setting }) => {
            let finding = broken(EnvFlask::NotProduction).with("value", setting);
            named(seat, finding, "FLASK_ENV", origin).into()
        }
        // The project's own set-up does not set it. With DATABASE_URL its URLs are the same in both modes, and one that
        // has none renders in development mode only.
        None if native(seat).is_some() && (env.reports_by_http_alone() || env.winner("DATABASE_URL").is_some()) => {
            not_applicable("a worker without Docker runs in development mode, and its variables mean the same in it")
        }
        None if env.provenance.as_ref().is_some_and(|it| it.ignored("FLASK_ENV").is_some()) => {
            not_applicable("its line has no effect, as that of the URLs beside it")
        }
        None if env.complete => broken(EnvFlask::Unset).into(),
        None => return Err(hidden(env, "FLASK_ENV")),
    })
}

/// The worker, where the host runs it without Docker.
pub(super) fn native<'a>(seat: &Seat<'a>) -> Option<&'a ByHost> {
    if seat.vantage() == Vantage::Client { provenance(seat)?.host.as_ref() } else { None }
}

/// The container has the value from a line in which compose put nothing in the place of a `$name`. That may be meant so.
fn is_cut(seat: &Seat<'_>, variable: &str, origin: &Origin) -> bool {
    (matches!(origin, Origin::Process | Origin::Inspect) || native(seat).is_some())
        && provenance(seat).and_then(|provenance| provenance.source(variable)).is_some_and(Source::is_cut)
}

fn postgres_refuses(seat: &Seat<'_>) -> bool {
    seat.postgres().is_ok_and(|outcome| outcome.said == PgSaid::WrongPassword)
}

fn redis_refuses(seat: &Seat<'_>) -> bool {
    let wrong = [RedisSaid::NoAuth, RedisSaid::WrongPassword, RedisSaid::WrongUserOrPassword];
    seat.redis().is_ok_and(|outcome| wrong.contains(&outcome.said))
}

/// Nothing, or an empty value: seen from inside it is certain; from outside a baked /app/.env may still set it,
/// but cannot override a value that is there and empty.
fn unset<C: From<UrlFault>>(
    seat: &Seat<'_>,
    env: &Environment,
    variable: &str,
    dev: Option<(C, &'static str, &Layer)>,
) -> Judged<C> {
    if let Some(finding) = ignored(seat, broken(UrlFault::Ignored.into()), variable) {
        return Ok(finding.into());
    }
    let finding = match env.winner(variable) {
        Some(Layer { origin, setting: Setting::Empty }) => {
            placed(seat, broken(UrlFault::Empty.into()), variable, origin)
        }
        _ if !env.complete => return Err(hidden(env, variable)),
        _ => {
            if let Some((cause, variable, layer)) = dev {
                placed(seat, broken(cause), variable, &layer.origin)
            } else {
                let provenance = provenance(seat);
                let finding = broken(UrlFault::Unset.into()).with("variable", variable);
                let finding =
                    finding.with("recreate", provenance.and_then(ContainerProvenance::recreate).unwrap_or_default());
                match provenance.and_then(|provenance| provenance.place.as_ref()) {
                    Some((path, line)) => finding.at(path, *line),
                    None => finding,
                }
            }
        }
    };
    Ok(finding.into())
}

fn hidden(env: &Environment, variable: &str) -> Unseen {
    if let Some(app) = &env.app {
        return Unseen::Undecided(format!(
            "the configuration of {} does not set {variable}, but a file that {} itself reads may: name such files with `env_files` in the profile (`[]`: there is none)",
            env.owner, app.name
        ));
    }
    Unseen::Undecided(format!(
        "the configuration of {} does not set {variable}, but a .env inside the image may; run clipcheck inside the container with `docker exec`",
        env.owner
    ))
}

/// Where a URL's name leads nowhere, the service was asked at the tunnel's address in its place: a refusal there is not what
/// the worker meets.
pub(super) fn leads_nowhere(seat: &Seat<'_>, url: Option<&EnvUrl>) -> Result<(), Unseen> {
    let nowhere = |url: &&EnvUrl| {
        seat.names().is_ok_and(|names| names.of(&url.host).is_some_and(|look| look.libc == NameAnswer::NoSuchName))
    };
    url.filter(nowhere).map_or(Ok(()), |url| {
        Err(Unseen::Undecided(format!("the URL points to {}, which does not resolve here", url.host)))
    })
}
