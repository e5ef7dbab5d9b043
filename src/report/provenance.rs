//! Where one variable's value comes from: every place that sets it, the strongest first, and the line to change.

use crate::case::Case;
use crate::fact::app::App;
use crate::fact::environment::{self, ContainerProvenance, Effective, Environment, Ignored, Origin, Setting};
use crate::fact::{Unseen, Vantage};

/// One place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Whether the value that is used comes from here.
    pub used: bool,
    /// Which place.
    pub place: String,
    /// What it says, without its secrets.
    pub value: String,
    /// Why it does or does not count.
    pub note: String,
}

/// The places that set one variable, on one host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provenance {
    /// The variable.
    pub variable: String,
    /// Whose: "the worker (container clippy-gpu-worker)".
    pub owner: String,
    /// What the app uses.
    pub uses: String,
    /// The line to change.
    pub line: Option<String>,
    /// The places, strongest first.
    pub sources: Vec<Source>,
    /// What was not seen.
    pub unseen: Vec<String>,
}

/// The variables that have a provenance: an app's, without one ClippyFront's.
pub fn variables(app: Option<&App>) -> Vec<&str> {
    environment::variables(app)
}

/// The provenances of a variable: the worker's, from inside and from the Docker host together, and the web app's.
pub fn provenances(case: &Case, variable: &str) -> Vec<Provenance> {
    let env = |vantage: Vantage| case.seat(vantage).and_then(|seat| seat.env());
    let (inside, outside) = (env(Vantage::Container), env(Vantage::Client));
    let mut provenances = Vec::new();
    // Without Docker there is no other place to look from.
    let inside = if case.native_worker().is_some() { outside.clone() } else { inside };
    if inside.is_ok() || outside.is_ok() {
        provenances.push(worker(variable, inside, outside));
    }
    if let Ok(web) = env(Vantage::Server) {
        let mut provenance = Provenance::new(variable, format!("the web app ({})", web.owner), web);
        provenance.layers(web, variable, |_| true);
        provenance.default(web, variable);
        provenances.push(provenance);
    }
    provenances
}

fn worker(variable: &str, inside: Result<&Environment, Unseen>, outside: Result<&Environment, Unseen>) -> Provenance {
    let owner = outside.as_ref().or(inside.as_ref()).map_or("", |env| env.owner.as_str());
    let full = inside.as_ref().or(outside.as_ref()).copied();
    let mut provenance = match full {
        Ok(env) => Provenance::new(variable, format!("the worker ({owner})"), env),
        Err(_) => return Provenance::default_of(variable),
    };
    let given = |origin: &Origin| matches!(origin, Origin::Process | Origin::Inspect | Origin::Command { .. });
    match (&inside, &outside) {
        (Ok(env), _) | (Err(_), Ok(env)) => provenance.layers(env, variable, given),
        (Err(_), Err(_)) => {}
    }
    match outside {
        Ok(Environment { provenance: Some(made), .. }) => provenance.sources(made, variable),
        Ok(_) => {}
        Err(why) => provenance.unseen.push(format!("how the container was created: {why}")),
    }
    match inside {
        Ok(env) => {
            provenance.layers(env, variable, |origin| !given(origin));
            provenance.default(env, variable);
        }
        Err(why) => provenance.unseen.push(format!("a .env inside the image, and the app's version: {why}")),
    }
    provenance
}

impl Provenance {
    fn default_of(variable: &str) -> Self {
        Self {
            variable: variable.to_owned(),
            owner: String::new(),
            uses: String::new(),
            line: None,
            sources: Vec::new(),
            unseen: Vec::new(),
        }
    }

    fn new(variable: &str, owner: String, env: &Environment) -> Self {
        Self { owner, uses: uses(env, variable), ..Self::default_of(variable) }
    }

    /// Whether a stronger place has spoken. One that is empty has, too.
    fn is_settled(&self) -> bool {
        self.sources.iter().any(|source| source.used)
    }

    /// The places that the app itself reads.
    fn layers(&mut self, env: &Environment, variable: &str, which: impl Fn(&Origin) -> bool) {
        for layer in env.variables.get(variable).into_iter().flatten().filter(|layer| which(&layer.origin)) {
            let used = !self.is_settled();
            let note = match (used, &layer.setting) {
                (true, Setting::Empty) => "empty, but overrides the entries below",
                (true, _) => "this is used",
                (false, _) => "not read: overridden by an entry above",
            };
            if used {
                self.line = layer.origin.place().map(|(path, line)| format!("{path}:{line}"));
            }
            // What gave the container its value is told by the places below.
            let place = if layer.origin == Origin::Inspect {
                "the container's configuration (`docker inspect`)".to_owned()
            } else {
                layer.origin.to_string()
            };
            self.sources.push(Source { used, place, value: layer.setting.to_string(), note: note.to_owned() });
        }
    }

    /// The places that the container's own value can come from.
    fn sources(&mut self, provenance: &ContainerProvenance, variable: &str) {
        let sources = provenance.sources.get(variable).map_or(&[][..], Vec::as_slice);
        let from = sources.iter().position(|source| source.agrees);
        let by_host = provenance.host.is_some();
        for (index, source) in sources.iter().enumerate() {
            let note = match from {
                _ if source.ignored.is_some() => source.ignored.map(Ignored::words).unwrap_or_default().to_owned(),
                Some(from) if from == index && by_host => "the worker has this value".to_owned(),
                Some(from) if from == index => "the container has its value from here".to_owned(),
                Some(from) if from < index => "not passed on: overridden by an entry above".to_owned(),
                None if index > 0 && by_host => "not passed on: overridden by an entry above".to_owned(),
                Some(_) | None if by_host => "differs from the running worker: the next start takes this".to_owned(),
                Some(_) | None if provenance.is_newer(source) => {
                    "differs from the container: changed after the container was created".to_owned()
                }
                Some(_) | None if source.setting.is_none() => "a name without a value passes nothing".to_owned(),
                Some(_) | None => "differs from the container: the shell that ran compose had another value".to_owned(),
            };
            if from == Some(index)
                || (from.is_none() && index == 0)
                || (self.line.is_none() && source.ignored.is_some())
            {
                self.line = source.line().map(|(path, line)| format!("{path}:{line}"));
            }
            self.sources.push(Source {
                used: from == Some(index),
                place: source.to_string(),
                value: source.setting.as_ref().map_or_else(|| "(no value)".to_owned(), ToString::to_string),
                note,
            });
        }
        if from.is_none() && self.is_settled() && provenance.service.is_none() && !by_host {
            self.sources.push(Source {
                used: true,
                place: "`docker run`: -e, or a line of an --env-file".to_owned(),
                value: String::new(),
                note: "Docker does not record which".to_owned(),
            });
        }
        self.unseen.extend(provenance.unread.iter().map(|what| format!("{what} was not read")));
    }

    /// The default in the app's code.
    fn default(&mut self, env: &Environment, variable: &str) {
        if let Some(app) = &env.app {
            if !self.is_settled() {
                self.unseen.push(format!("what {} does without it", app.name));
            }
            return;
        }
        let version = env.app_version.as_deref().unwrap_or("of unknown version");
        let value = match variable {
            "REDIS_URL" => "redis://localhost:6379/0",
            "CELERY_BROKER_URL" | "CELERY_RESULT_BACKEND" => "REDIS_URL, else redis://localhost:6379/0",
            "DATABASE_URL" if !env.is_production() => "DEV_DATABASE_URL, else a database on localhost",
            "DATABASE_URL" => match env_default(env) {
                Effective::Nothing => "none: the app stops",
                Effective::CodeDefault => "postgresql://user:***@localhost/clippy_front",
                Effective::Set { .. } | Effective::DefaultOrNothing => "up to 0.10 a database on localhost, then none",
            },
            "FLASK_ENV" => "development",
            _ => return,
        };
        let used = !self.is_settled();
        self.sources.push(Source {
            used,
            place: format!("the app's code ({version})"),
            value: value.to_owned(),
            note: if used { "this is used" } else { "not needed" }.to_owned(),
        });
    }
}

/// What the code falls back to where DATABASE_URL is missing.
fn env_default(env: &Environment) -> Effective<'static> {
    let mut bare = env.clone();
    bare.variables.remove("DATABASE_URL");
    match bare.database() {
        Effective::Nothing => Effective::Nothing,
        Effective::CodeDefault => Effective::CodeDefault,
        Effective::Set { .. } | Effective::DefaultOrNothing => Effective::DefaultOrNothing,
    }
}

fn uses(env: &Environment, variable: &str) -> String {
    let effective = match variable {
        _ if env.app.is_some() => env.redis(variable),
        "DATABASE_URL" => env.database(),
        "REDIS_URL" => env.redis("REDIS_URL"),
        "CELERY_BROKER_URL" => env.broker(),
        "CELERY_RESULT_BACKEND" => env.results(),
        _ => {
            return env.winner(variable).map_or_else(|| "nothing is set".to_owned(), |layer| layer.setting.to_string());
        }
    };
    match effective {
        Effective::Set { variable: by, setting, .. } if by == variable => setting.to_string(),
        Effective::Set { variable: by, setting, .. } => format!("{setting}, by {by}"),
        Effective::CodeDefault => "the default in the app's code, on localhost".to_owned(),
        Effective::Nothing => "nothing: the app stops".to_owned(),
        Effective::DefaultOrNothing => "nothing, or a default on localhost, depending on the app's version".to_owned(),
    }
}
