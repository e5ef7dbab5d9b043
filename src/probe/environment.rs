//! The variables that the app reads: the worker's, from inside its container or through `docker inspect`; on the
//! server, the web app's file. Log-ins go into the keyring, and only what has no secret into the fact.

use std::collections::BTreeMap;

use super::{Keyring, Login, ProbeContext, ProbeResult, docker, host, host_worker};
use crate::fact::app::App;
use crate::fact::environment::{
    ContainerProvenance, Effective, EnvUrl, Environment, Layer, LocalSocket, Origin, PROXIES, Setting, variables,
};
use crate::fact::touch::{Touch, only, reads};
use crate::fact::{Fact, Observation, Unseen, Vantage};
use crate::read::variable::{app_version, setting};
use crate::read::{celery_command, dotenv, url};

mod beside;
mod libpq;
mod made;
mod native;
mod reached;
#[cfg(target_os = "linux")]
mod socket;
#[cfg(not(target_os = "linux"))]
#[path = "environment/socket_elsewhere.rs"]
mod socket;
mod web;

pub(super) use beside::has_its_files;
use libpq::{Files, Libpq};
pub(super) use made::provenance;
pub(super) use native::{dotenvs, environ};

/// Where `load_dotenv()` in /app/config/settings.py looks, first to last; it reads the first it finds.
const BAKED: [&str; 3] = ["/app/config/.env", "/app/.env", "/.env"];

/// What `requests` reads besides, the stronger first.
const BUNDLES: [&str; 2] = ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"];

/// What libpq takes where the URL does not say it (libpq, "Environment Variables"), and where its files are.
const LIBPQ: [&str; 13] = [
    "PGSSLMODE",
    "PGSSLROOTCERT",
    "PGPASSWORD",
    "PGHOST",
    "PGHOSTADDR",
    "PGPORT",
    "PGUSER",
    "PGDATABASE",
    "PGSERVICE",
    "PGSERVICEFILE",
    "PGSYSCONFDIR",
    "PGPASSFILE",
    "PGOPTIONS",
];

/// What is read: the app's variables, and those that are for the one who dials, and for no fact.
fn app_variables(app: Option<&App>) -> impl Iterator<Item = &str> {
    variables(app).into_iter().chain(PROXIES).chain(BUNDLES).chain(LIBPQ)
}

/// Where the image keeps the app's version.
const VERSION: &str = "/app/app/version.py";

/// Looks at the app's variables from where we stand.
pub(super) async fn look(context: &ProbeContext) -> ProbeResult {
    match context.vantage {
        Vantage::Container => looked("the process environment", Ok(container(context.profile.app()))),
        Vantage::Client => client(context).await,
        Vantage::Server => {
            let source = "the web app's process, or its environment file";
            let mut looked = looked(source, web::server(context).await);
            if let Observation::Seen(Fact::Env(environment)) = &mut looked.observation {
                environment.dialled = reached::others(environment).await;
            }
            looked
        }
        Vantage::Outside => looked("", Err(Unseen::NotKnown("the app does not run outside the deployment".to_owned()))),
    }
}

/// The worker's container, or the worker without one. What runs goes before what does not.
async fn client(context: &ProbeContext) -> ProbeResult {
    let containers = docker::workers(context).await;
    let found = match (&context.profile.container, host_worker::find(context).await) {
        (None, Ok(found)) => {
            let all = containers.as_deref().unwrap_or_default();
            Some(found).filter(|it| it.fact.goes_before(!all.is_empty(), all.iter().any(|it| it.running)))
        }
        (Some(_), _) | (None, Err(_)) => None,
    };
    match (found, containers) {
        (Some(worker), _) => looked(
            "the worker's process, and the files that it is started with",
            native::worker(&worker, context.profile.app()),
        ),
        (None, Ok(containers)) => looked("docker inspect", made::client(containers, context.profile.app()).await),
        (None, Err(why)) => looked("docker inspect", Err(why)),
    }
}

fn looked(source: &str, found: Result<Found, Unseen>) -> ProbeResult {
    match found {
        Err(why) => ProbeResult::new(source, Err(why)),
        Ok(found) => {
            let (environment, keyring) = found.finish();
            ProbeResult { keyring: Some(keyring), ..ProbeResult::new(source, Ok(Fact::Env(environment))) }
        }
    }
}

/// What was read, secrets included. Lives for the length of one look, and has no `Debug`.
struct Found {
    owner: String,
    app: Option<App>,
    app_version: Option<String>,
    complete: bool,
    provenance: Option<ContainerProvenance>,
    sockets: Vec<LocalSocket>,
    /// None where they cannot be read from here.
    files: Option<Files>,
    /// Strongest first.
    values: BTreeMap<String, Vec<(Origin, String)>>,
}

impl Found {
    fn new(owner: String, app: Option<App>) -> Self {
        Self {
            owner,
            app,
            app_version: None,
            complete: false,
            provenance: None,
            sockets: Vec::new(),
            files: None,
            values: BTreeMap::new(),
        }
    }

    fn add(&mut self, name: &str, origin: Origin, value: String) {
        if app_variables(self.app.as_ref()).any(|variable| variable == name) {
            self.values.entry(name.to_owned()).or_default().push((origin, value));
        }
    }

    /// Adds what an option of Celery's command sets: Celery calls the variables by its own names.
    fn add_option(&mut self, name: &str, origin: Origin, value: String) {
        if let Some(own) = self.app.as_ref().map_or(Some(name), |app| app.own_name(name)).map(str::to_owned) {
            self.add(&own, origin, value);
        }
    }

    /// Adds the first of the files that the app itself reads. Of another app's a profile names them: where it does not, what
    /// is missing may stand in one.
    fn add_own_files(&mut self, root: &str, builtin: &[String], environment: &BTreeMap<String, String>) -> bool {
        let files = self.app.as_ref().map_or_else(|| Some(builtin.to_vec()), |app| app.env_files.clone());
        for path in files.iter().flatten() {
            match host::read(format!("{root}{path}")) {
                host::Text::Missing => {}
                host::Text::Read(text) => return self.add_file(path, &text, environment).is_some(),
                host::Text::Forbidden | host::Text::Failed(_) => return false,
            }
        }
        files.is_some()
    }

    /// Adds what a file sets. The last line of a name wins; a last line without `=` unsets it. None, and nothing is added,
    /// where its `${…}` become too much to be read.
    fn add_file(&mut self, path: &str, text: &str, environment: &BTreeMap<String, String>) -> Option<()> {
        let bindings = dotenv::read(text, environment)?;
        let unset: BTreeMap<&str, bool> =
            bindings.iter().map(|binding| (binding.name.as_str(), binding.value.is_none())).collect();
        for binding in bindings.iter().rev().filter(|binding| !unset[binding.name.as_str()]) {
            if let Some(value) = &binding.value {
                self.add(&binding.name, Origin::File { path: path.to_owned(), line: binding.line }, value.clone());
            }
        }
        Some(())
    }

    /// Parts what may be shown from what may not.
    fn finish(self) -> (Environment, Keyring) {
        let app = self.app.as_ref();
        let first = |name: &str| self.values.get(name).and_then(|all| Some(all.first()?.1.as_str()));
        let libpq = Libpq { set: &first, files: self.files.as_ref() };
        let read = |text: &str| url::read(text).map(|read| libpq.complete(text, read));
        let layers = |name: &str, values: &[(Origin, String)]| -> Vec<Layer> {
            let layer = |(at, value): &(Origin, String)| {
                let setting = match setting(app, name, value) {
                    // What it asks of TLS is shown as it stands there.
                    Setting::Url(url) if url.is_postgres() => Setting::Url(match read(value) {
                        Ok(read) => EnvUrl { sslmode: url.sslmode, ..read.url },
                        Err(_) => url,
                    }),
                    other @ (Setting::Empty
                    | Setting::Secret
                    | Setting::Word(_)
                    | Setting::Url(_)
                    | Setting::Flawed(_)) => other,
                };
                Layer { origin: at.clone(), setting }
            };
            values.iter().map(layer).collect()
        };
        let own = variables(app);
        let is_shown = |name: &str| own.contains(&name) || PROXIES.contains(&name);
        let shown = self.values.iter().filter(|(name, _)| is_shown(name));
        let environment = Environment {
            owner: self.owner,
            app: self.app.clone(),
            app_version: self.app_version,
            variables: shown.map(|(name, values)| (name.clone(), layers(name, values))).collect(),
            complete: self.complete,
            provenance: self.provenance,
            sockets: self.sockets,
            dialled: Vec::new(),
        };
        let login = |effective: Effective<'_>| {
            let Effective::Set { variable, .. } = effective else { return None };
            let (_, value) = self.values.get(variable)?.first()?;
            let read = read(value).ok()?;
            Some(Login {
                variable: variable.to_owned(),
                text: value.as_str().into(),
                url: read.url,
                user: read.user,
                password: read.password,
                root: read.root,
                options: read.options,
            })
        };
        let keyring = Keyring {
            redis: login(environment.broker()).filter(|login| login.url.is_redis()),
            results: login(environment.results()).filter(|login| login.url.is_redis()),
            postgres: login(environment.database()).filter(|login| login.url.is_postgres()),
            api: first("WORKER_API_KEY").map(Into::into),
            bundle: BUNDLES.into_iter().filter_map(first).find(|path| !path.is_empty()).map(str::to_owned),
        };
        (environment, keyring)
    }
}

/// We are in the worker's container, or beside it. Where no worker runs, our environment is what it would have.
fn container(app: Option<App>) -> Found {
    let here = || (beside::of_process(app.as_ref()).unwrap_or_else(beside::own), "");
    let (own, root) = beside::worker(app.as_ref()).unwrap_or_else(here);
    let mut found = Found::new("this container".to_owned(), app);
    // What a container was started with is its first process.
    if let host::Text::Read(line) = host::read("/proc/1/cmdline") {
        let words: Vec<String> = line.split_terminator('\0').map(str::to_owned).collect();
        for (variable, value) in celery_command::read(&words).map(|it| it.urls).unwrap_or_default() {
            found.add_option(variable, Origin::Command { at: None }, value);
        }
    }
    for (name, value) in &own {
        found.add(name, Origin::Process, value.clone());
    }
    found.files = Some(Files { root: root.to_owned(), home: own.get("HOME").cloned() });
    found.complete = found.add_own_files(root, &BAKED.map(str::to_owned), &own);
    if found.app.is_none()
        && let host::Text::Read(text) = host::read(format!("{root}{VERSION}"))
    {
        found.app_version = app_version(&text);
    }
    found
}

/// What [`look`] does.
pub(super) fn touches(vantage: Vantage) -> Vec<Touch> {
    match vantage {
        Vantage::Container => {
            let beside = ["/proc/1/environ", "/proc/1/root/**"];
            [
                reads(&BAKED),
                reads(&[VERSION, "/proc/1/cmdline"]),
                reads(&["/proc/self", "/proc/{pid}", "/proc/{pid}/ns", "/proc/{pid}/ns/*", "/proc/{pid}/stat"]),
                only("where the first process has other files than this one", reads(&beside)),
                only("where a worker runs there", reads(&["/proc/{pid}/environ"])),
                libpq::touches(),
            ]
            .concat()
        }
        Vantage::Client => {
            [docker::look_touches(), host_worker::touches(), made::touches(), native::touches()].concat()
        }
        Vantage::Server => [web::touches(), reached::touches()].concat(),
        Vantage::Outside => Vec::new(),
    }
}

#[cfg(test)]
#[path = "environment_tests.rs"]
mod tests;
