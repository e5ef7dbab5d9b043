//! Workers of version 0.12 and later: do they know where the web app is, and does it take their key?

use std::net::IpAddr;

use super::worker::{asked_outside, ignored, is_unreached, named, native};
use crate::case::Seat;
use crate::check::cause::{ApiAnswers, ApiMedia, ApiRuns, ApiUrl, cause_of};
use crate::check::{Finding, Judged, Verdict, broken, holds, not_applicable};
use crate::fact::api::{ApiOutcome, ApiSaid, Distrust};
use crate::fact::dial::Dial;
use crate::fact::environment::{ContainerProvenance, EnvUrl, Environment, Layer, Setting};
use crate::fact::web_app::WebApp;
use crate::fact::{Unseen, Vantage};
use crate::profile::Topology;

mod web;

pub(crate) use web::{web_at_boot, web_fresh, web_sockets};

const BY_DATABASE: &str = "the worker reports by the database, as set with `--topology`";

/// FLASK_APP_URL and WORKER_API_KEY are set, and the URL names another host than this.
pub(crate) fn api_url(seat: &Seat<'_>) -> Judged<ApiUrl> {
    let env = seat.env()?;
    match seat.addresses().topology {
        Some(Topology::Api) => {}
        Some(Topology::Database) => return Ok(not_applicable(BY_DATABASE)),
        None if env.uses_api() => {}
        None => {
            return Ok(not_applicable(
                "the worker does not report by HTTP: FLASK_APP_URL and WORKER_API_KEY are not set",
            ));
        }
    }
    let Some(Layer { origin, setting }) = set(env, "FLASK_APP_URL") else {
        return missing(seat, env, "FLASK_APP_URL");
    };
    let flawed = |flaw: String| broken(ApiUrl::Flawed).with("origin", origin).with("flaw", flaw).into();
    let url = match setting {
        Setting::Url(url) if url.is_http() => url,
        Setting::Url(url) => {
            return Ok(flawed(format!("begins with {}://", url.scheme)));
        }
        Setting::Flawed(flaw) => {
            return Ok(flawed(format!("is {}", flaw.words())));
        }
        Setting::Empty | Setting::Secret | Setting::Word(_) => {
            return Ok(flawed("is no URL at all".to_owned()));
        }
    };
    if url.is_local() || url.host == "host.docker.internal" {
        return Ok(broken(ApiUrl::Local).with("origin", origin).with("name", &url.host).into());
    }
    if set(env, "WORKER_API_KEY").is_none() {
        return missing(seat, env, "WORKER_API_KEY");
    }
    Ok(holds())
}

/// On the server: the web app runs, and a worker that reports by HTTP meets it where it goes.
pub(crate) fn api_runs(seat: &Seat<'_>) -> Judged<ApiRuns> {
    let web_app = seat.web_app();
    let (server, url) = (seat.addresses().server.value, url_of_worker(seat));
    let Some((url, port)) = url.filter(|(url, _)| url.host.parse() == Ok(server)) else {
        // Between two tries systemd calls it `activating`.
        let down = |web_app: &&WebApp| matches!(web_app.state.as_deref(), Some("failed" | "activating"));
        let failed = web_app.ok().filter(down);
        return Ok(match failed.and_then(ended) {
            Some(ended) => ended.into(),
            None => not_applicable("no worker that reports to this host by HTTP was seen"),
        });
    };
    let listeners = seat.listeners()?;
    // Docker may send a port on by the kernel's rules alone, with no socket on the host.
    if listeners.answers(server, port) || is_reached(seat) {
        return Ok(holds());
    }
    let found: Vec<String> = listeners.on(port).map(|it| it.address.to_string()).collect();
    if !found.is_empty() {
        let finding = broken(ApiRuns::OtherAddress).with("found", found.join(", "));
        return Ok(finding.with("port", port).with("url", url).into());
    }
    let web_app = web_app?;
    if web_app.pid.is_some() {
        let why = format!("it runs, {}; the worker's URL has another port", listens(web_app));
        return Ok(Verdict::NotApplicable(why.into()));
    }
    let finding = ended(web_app).unwrap_or_else(|| broken(ApiRuns::NotRunning));
    Ok(finding.with("port", port).with("url", url).into())
}

/// Where a worker reports, as its variables say.
fn url_of_worker<'a>(seat: &Seat<'a>) -> Option<(&'a EnvUrl, u16)> {
    let of = |vantage| seat.at(vantage).ok().and_then(|seat| seat.env().ok()).and_then(Environment::api);
    let url = of(Vantage::Client).or_else(|| of(Vantage::Container))?;
    Some((url, url.http_port()))
}

/// Whether a worker's machine got an answer from there.
fn is_reached(seat: &Seat<'_>) -> bool {
    let of = |vantage| seat.at(vantage).ok().and_then(|seat| seat.api().ok()).map(|outcome| outcome.said);
    let said = [Vantage::Client, Vantage::Container].into_iter().filter_map(of);
    said.into_iter().any(|said| !matches!(said, ApiSaid::Unreached(_)))
}

fn listens(web_app: &WebApp) -> String {
    if web_app.listens.is_empty() {
        return "and listens on no TCP port".to_owned();
    }
    format!("and listens on {}", web_app.listens.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
}

/// Its unit, with its last words.
fn ended(web_app: &WebApp) -> Option<Finding<ApiRuns>> {
    let (unit, state) = (web_app.unit.as_ref()?, web_app.state.as_ref()?);
    let words = web_app.said.as_ref().map(|said| format!(", and said last: {}", said.told()));
    let finding = broken(ApiRuns::EndedItself).with("unit", unit).with("state", state);
    Some(finding.with("words", words.unwrap_or_default()))
}

/// The worker's own code asks for MEDIA_BASE_URL, and it is set.
pub(crate) fn api_media(seat: &Seat<'_>) -> Judged<ApiMedia> {
    let env = seat.env()?;
    let Some((path, line)) = native(seat).and_then(|worker| worker.media.as_ref()) else {
        return Ok(not_applicable("no code of a worker without Docker that asks for it was seen"));
    };
    let app_url = env.api().map_or_else(|| "the web app's address".to_owned(), ToString::to_string);
    let finding = match env.winner("MEDIA_BASE_URL") {
        None if !env.complete => {
            return missing(seat, env, "MEDIA_BASE_URL").map(|verdict| verdict.map(|_| ApiMedia::Missing));
        }
        None if let Some(finding) = ignored(seat, broken(ApiMedia::Ignored), "MEDIA_BASE_URL") => finding,
        None => {
            let recreate = env.provenance.as_ref().and_then(ContainerProvenance::recreate).unwrap_or_default();
            broken(ApiMedia::Missing).at(path, *line).with("recreate", recreate)
        }
        Some(Layer { origin, setting: Setting::Empty }) => {
            named(seat, broken(ApiMedia::Blank), "MEDIA_BASE_URL", origin)
        }
        Some(Layer { origin, setting: Setting::Url(url) }) if url.is_local() => {
            named(seat, broken(ApiMedia::Local).with("name", &url.host).marks(&url.host), "MEDIA_BASE_URL", origin)
        }
        Some(_) => return Ok(holds()),
    };
    Ok(finding.with("app_url", app_url).into())
}

/// The web app answers a worker, and takes its key.
pub(crate) fn api_answers(seat: &Seat<'_>) -> Judged<ApiAnswers> {
    if seat.addresses().topology == Some(Topology::Database) {
        return Ok(not_applicable(BY_DATABASE));
    }
    if seat.env()?.api().is_none() {
        return Ok(not_applicable("no FLASK_APP_URL is set"));
    }
    asked_outside(seat)?;
    if seat.vantage() == Vantage::Client && is_unreached(seat) {
        return Err(Unseen::Undecided(
            "the worker's own libraries cannot connect, so what clipcheck is answered says nothing of the worker"
                .to_owned(),
        ));
    }
    let outcome = seat.api()?;
    // What only the app says has come from the app, whatever was in between.
    let of_app = matches!(outcome.said, ApiSaid::Well | ApiSaid::NotConfigured);
    if let Some(proxy) = outcome.proxy.as_ref().filter(|_| !of_app) {
        return through(seat, outcome, proxy);
    }
    let finding = cause_of!(outcome.said => {
        ApiSaid::Well => return Ok(holds()),
        ApiSaid::NoKey => {
            return Err(Unseen::Declined(
                "whether the key is correct: no key is set, or it would have been sent over http outside the tunnel, or to \
                 an https server whose certificate can only be judged inside the container"
                    .to_owned(),
            ));
        }
        ApiSaid::Unreached(dial @ Dial::Other(_)) => {
            return Err(Unseen::Undecided(format!("no connection to {} came about: {}", outcome.endpoint, dial.said())));
        }
        ApiSaid::Unreached(dial) => unreached(seat, &outcome.endpoint.host, dial),
        ApiSaid::FailedInside(status @ (502 | 504)) => broken(ApiAnswers::Gateway).with("status", status),
        ApiSaid::FailedInside(status) => failed_inside(seat).with("status", status),
        ApiSaid::Redirects { to_https: true } => broken(ApiAnswers::RedirectsToHttps),
        ApiSaid::Redirects { to_https: false } => broken(ApiAnswers::Redirects),
        ApiSaid::OtherStatus(status) => broken(ApiAnswers::OtherStatus).with("status", status),
        ApiSaid::Distrusted(why) => distrusted(why).with("name", &outcome.endpoint.host),    } ApiSaid as ApiAnswers: KeyRefused, NotConfigured, Limited, NotTheApi, NotHttp, Closed, Silent, NoTls);
    let finding = match seat.env()?.winner("FLASK_APP_URL") {
        Some(layer) if native(seat).is_some() => {
            named(seat, finding.with("name", &outcome.endpoint.host), "FLASK_APP_URL", &layer.origin)
        }
        Some(_) | None => finding,
    };
    let sender = outcome.sender.as_ref().map_or_else(String::new, |sender| format!(" ({sender})"));
    let finding = finding.with("endpoint", &outcome.endpoint).with("port", outcome.endpoint.port);
    Ok(finding.with("sender", sender).into())
}

/// What its log says, if the server was looked at.
fn failed_inside(seat: &Seat<'_>) -> Finding<ApiAnswers> {
    let server = seat.at(Vantage::Server).ok();
    let web_app = server.as_ref().and_then(|server| server.web_app().ok());
    let said = web_app.and_then(|it| it.said.as_ref());
    let words = said.map(|said| format!("; its log says: {}", said.told()));
    let unit = web_app.and_then(|it| it.unit.as_ref());
    let log = unit.map_or_else(|| "clipcheck all".to_owned(), |it| format!("sudo journalctl -u {it} -n 50 --no-pager"));
    broken(ApiAnswers::FailedInside).with("words", words.unwrap_or_default()).with("log", log)
}

/// The worker's library goes to a proxy, which was asked without the key. Only the app says that it wants one (401).
fn through(seat: &Seat<'_>, outcome: &ApiOutcome, proxy: &str) -> Judged<ApiAnswers> {
    if outcome.said == ApiSaid::NoKey {
        return Err(Unseen::Declined(format!(
            "whether the key is correct: the worker's requests go through the proxy {proxy}, and the key was not sent to it"
        )));
    }
    let env = seat.env()?;
    let how = match outcome.said {
        ApiSaid::Unreached(dial) => format!("no connection to the proxy: {}", dial.label()),
        ApiSaid::FailedInside(status) | ApiSaid::OtherStatus(status) => format!("status {status}"),
        ApiSaid::NotTheApi => "status 404".to_owned(),
        ApiSaid::Limited => "status 429".to_owned(),
        ApiSaid::Redirects { .. } => "a redirect".to_owned(),
        ApiSaid::KeyRefused | ApiSaid::NoKey => "status 401".to_owned(),
        ApiSaid::NotHttp | ApiSaid::Closed | ApiSaid::Silent | ApiSaid::NoTls | ApiSaid::Distrusted(_) => {
            "no answer in HTTP".to_owned()
        }
        ApiSaid::Well | ApiSaid::NotConfigured => "the web app's own answer".to_owned(),
    };
    let finding = broken(ApiAnswers::ThroughProxy).with("proxy", proxy).with("how", how);
    let finding = finding.with("name", &outcome.endpoint.host).with("endpoint", &outcome.endpoint);
    let named_by = env.api().and_then(|url| env.proxy(url)).and_then(|(name, _)| Some((name, env.winner(name)?)));
    Ok(match named_by {
        Some((variable, layer)) => named(seat, finding, variable, &layer.origin).into(),
        None => finding.with("variable", "a variable").with("origin", "its environment").with("recreate", "").into(),
    })
}

fn distrusted(why: Distrust) -> Finding<ApiAnswers> {
    cause_of!(why => {
        Distrust::UnknownIssuer => broken(ApiAnswers::NotTrusted),
    } Distrust as ApiAnswers: OtherName, Expired, NotYetValid, NoBundle)
}

fn unreached(seat: &Seat<'_>, host: &str, dial: Dial) -> Finding<ApiAnswers> {
    // A name is taken at its word; an address that is not the tunnel's has another way, and that is what is wrong.
    let addresses = seat.addresses();
    let inside =
        host.parse().map_or(true, |ip: IpAddr| ip == addresses.server.value || addresses.subnet.value.contains(&ip));
    let finding = match dial {
        Dial::Refused | Dial::Reset => {
            let server = seat.at(Vantage::Server).ok();
            let runs = server.and_then(|server| server.web_app().ok()).filter(|it| it.pid.is_some());
            let elsewhere = runs.map_or_else(String::new, |it| format!(" (it runs, {})", listens(it)));
            broken(ApiAnswers::Refused).with("elsewhere", elsewhere)
        }
        Dial::Timeout if inside => broken(ApiAnswers::Timeout),
        Dial::NoSuchName | Dial::ResolverFailed => broken(ApiAnswers::NoSuchName),
        Dial::Timeout | Dial::HostUnreachable | Dial::NoRoute | Dial::Forbidden | Dial::Open | Dial::Other(_) => {
            broken(ApiAnswers::NoWay)
        }
    };
    finding.with("how", dial.label())
}

fn set<'a>(env: &'a Environment, name: &str) -> Option<&'a Layer> {
    env.winner(name).filter(|layer| layer.setting != Setting::Empty)
}

fn missing(seat: &Seat<'_>, env: &Environment, variable: &'static str) -> Judged<ApiUrl> {
    // A .env that was baked into the image may set what `docker inspect` does not show.
    if !env.complete && env.winner(variable).is_none() {
        return Err(Unseen::Undecided(format!(
            "the configuration of {} does not set {variable}; run clipcheck inside the container",
            env.owner
        )));
    }
    let finding = ignored(seat, broken(ApiUrl::Ignored), variable);
    Ok(finding.unwrap_or_else(|| broken(ApiUrl::Missing).with("variable", variable)).into())
}
