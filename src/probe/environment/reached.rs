//! The web app has up to three URLs of Redis, and Redis is asked with one of them. Whether somebody listens where the others
//! lead.

use crate::fact::dial::{Dial, Endpoint};
use crate::fact::environment::{DialledUrl, Effective, EnvUrl, Environment, Setting};
use crate::fact::touch::{Touch, connects, only};
use crate::probe::dial;

/// Connects to each place of which no other look asks, without a word.
pub(super) async fn others(environment: &Environment) -> Vec<DialledUrl> {
    let place = |url: &EnvUrl| {
        let named = url.is_redis() && url.socket.is_none() && !url.host.is_empty();
        named.then(|| Endpoint { host: url.host.clone(), port: url.port_or_default() })
    };
    let asked = environment.broker().url().and_then(place);
    let mut found: Vec<DialledUrl> = Vec::new();
    for effective in [environment.results(), environment.redis("REDIS_URL")] {
        let Effective::Set { variable, setting: Setting::Url(url), .. } = effective else { continue };
        let Some(endpoint) = place(url).filter(|it| asked.as_ref().is_some_and(|at| at != it)) else {
            continue;
        };
        if found.iter().any(|it| it.endpoint == endpoint) {
            continue;
        }
        let how = dial::connect(&endpoint).await.err().unwrap_or(Dial::Open);
        found.push(DialledUrl { variable: variable.to_owned(), endpoint, how });
    }
    found
}

/// What [`others`] does.
pub(super) fn touches() -> Vec<Touch> {
    only("where the web app's URLs of Redis lead to several places", connects(&["tcp {web-redis}"]))
}
