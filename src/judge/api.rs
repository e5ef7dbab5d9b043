//! Workers of version 0.12 and later: do they know where the web app is, and does it take their key?

use std::net::IpAddr;

use crate::case::Seat;
use crate::check::cause::{ApiAnswers, ApiUrl, cause_of};
use crate::check::{Finding, Judged, broken, holds, not_applicable};
use crate::fact::Unseen;
use crate::fact::api::{ApiSaid, Distrust};
use crate::fact::dial::Dial;
use crate::fact::environment::{Environment, Layer, Setting};
use crate::profile::Topology;

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
        return missing(env, "FLASK_APP_URL");
    };
    let url = match setting {
        Setting::Url(url) if url.is_http() => url,
        Setting::Url(url) => {
            return Ok(broken(ApiUrl::NotHttp).with("origin", origin).with("scheme", &url.scheme).into());
        }
        Setting::Flawed(flaw) => {
            return Ok(broken(ApiUrl::Flawed).with("origin", origin).with("flaw", flaw.words()).into());
        }
        Setting::Empty | Setting::Secret | Setting::Word(_) => {
            return Ok(broken(ApiUrl::Flawed).with("origin", origin).with("flaw", "no URL").into());
        }
    };
    if url.is_local() || url.host == "host.docker.internal" {
        return Ok(broken(ApiUrl::Local).with("origin", origin).with("name", &url.host).into());
    }
    if set(env, "WORKER_API_KEY").is_none() {
        return missing(env, "WORKER_API_KEY");
    }
    Ok(holds())
}

/// The web app answers a worker, and takes its key.
pub(crate) fn api_answers(seat: &Seat<'_>) -> Judged<ApiAnswers> {
    if seat.addresses().topology == Some(Topology::Database) {
        return Ok(not_applicable(BY_DATABASE));
    }
    if seat.env()?.api().is_none() {
        return Ok(not_applicable("no FLASK_APP_URL is set"));
    }
    let outcome = seat.api()?;
    let finding = cause_of!(outcome.said => {
        ApiSaid::Well => return Ok(holds()),
        ApiSaid::NoKey => {
            return Err(Unseen::Declined(
                "whether the key is correct: no key is set, or it would have been sent over http outside the tunnel, or to \
                 an https server whose certificate can only be judged inside the container"
                    .to_owned(),
            ));
        }
        ApiSaid::Unreached(dial) => unreached(seat, &outcome.endpoint.host, dial),
        ApiSaid::FailedInside(status) => broken(ApiAnswers::FailedInside).with("status", status),
        ApiSaid::Redirects { to_https: true } => broken(ApiAnswers::RedirectsToHttps),
        ApiSaid::Redirects { to_https: false } => broken(ApiAnswers::Redirects),
        ApiSaid::OtherStatus(status) => broken(ApiAnswers::OtherStatus).with("status", status),
        ApiSaid::Distrusted(why) => distrusted(why).with("name", &outcome.endpoint.host),    } ApiSaid as ApiAnswers: WrongKey, NotConfigured, Limited, NotTheApi, NotHttp, NoTls);
    Ok(finding.with("endpoint", &outcome.endpoint).with("port", outcome.endpoint.port).into())
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
        Dial::Refused | Dial::Reset => broken(ApiAnswers::Refused),
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

fn missing(env: &Environment, variable: &'static str) -> Judged<ApiUrl> {
    // A .env that was baked into the image may set what `docker inspect` does not show.
    if !env.complete && env.winner(variable).is_none() {
        return Err(Unseen::Undecided(format!(
            "the configuration of {} does not set {variable}; run clipcheck inside the container",
            env.owner
        )));
    }
    Ok(broken(ApiUrl::Missing).with("variable", variable).into())
}
