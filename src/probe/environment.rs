//! The variables that the app reads: the worker's, from inside its container or through `docker inspect`; on the
//! server, the web app's file. Log-ins go into the keyring, and only what has no secret into the fact.

use std::collections::BTreeMap;

use super::{Keyring, Login, ProbeContext, ProbeResult, docker, host, host_worker};
use crate::fact::environment::{
    ContainerProvenance, Effective, EnvUrl, Environment, Layer, Origin, PROXIES, VARIABLES,
};
use crate::fact::{Fact, Unseen, Vantage};
use crate::read::variable::{app_version, setting};
use crate::read::{celery_command, dotenv, url};

mod beside;
mod made;
mod native;

pub(super) use made::provenance;

/// Where `load_dotenv()` in /app/config/settings.py looks, first to last; it reads the first it finds.
const BAKED: [&str; 3] = ["/app/config/.env", "/app/.env", "/.env"];

/// What `requests` reads besides, the stronger first.
const BUNDLES: [&str; 2] = ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"];

/// What libpq takes where the URL has no `sslmode` and no `sslrootcert` (libpq, environment variables).
const PGSSL: [&str; 2] = ["PGSSLMODE", "PGSSLROOTCERT"];

/// What is read: the app's variables, and those that are for the one who dials, and for no fact.
fn app_variables() -> impl Iterator<Item = &'static str> {
    VARIABLES.into_iter().chain(PROXIES).chain(BUNDLES).chain(PGSSL)
}

/// Where the image keeps the app's version.
const VERSION: &str = "/app/app/version.py";

/// Where the web app's variables stand in life.
const WEB_FILES: [&str; 5] = [
    "/opt/clippyfront/.env",
    "/opt/clippy-front/.env",
    "/srv/clippyfront/.env",
    "/var/www/clippyfront/.env",
    "/etc/clippyfront/clippyfront.env",
];

/// Looks at the app's variables from where we stand.
pub(super) async fn look(context: &ProbeContext) -> ProbeResult {
    match context.vantage {
        Vantage::Container => looked("the process environment", Ok(container())),
        Vantage::Client => client(context).await,
        Vantage::Server => looked("the web app's environment file", server(context)),
        Vantage::Outside => looked("", Err(Unseen::NotKnown("the app does not run outside the deployment".to_owned()))),
    }
}

/// The worker's container, or the worker without one. What runs goes before what does not.
async fn client(context: &ProbeContext) -> ProbeResult {
    let containers = docker::workers(context).await;
    let found = match (&context.profile.container, host_worker::find().await) {
        (None, Ok(found)) => {
            let all = containers.as_deref().unwrap_or_default();
            Some(found).filter(|it| it.fact.goes_before(!all.is_empty(), all.iter().any(|it| it.running)))
        }
        (Some(_), _) | (None, Err(_)) => None,
    };
    match (found, containers) {
        (Some(worker), _) => {
            looked("the worker's process, and the files that it is started with", native::worker(&worker))
        }
        (None, Ok(containers)) => looked("docker inspect", made::client(containers).await),
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
    app_version: Option<String>,
    complete: bool,
    provenance: Option<ContainerProvenance>,
    /// Strongest first.
    values: BTreeMap<&'static str, Vec<(Origin, String)>>,
}

impl Found {
    fn new(owner: String) -> Self {
        Self { owner, app_version: None, complete: false, provenance: None, values: BTreeMap::new() }
    }

    fn add(&mut self, name: &str, origin: Origin, value: String) {
        if let Some(variable) = app_variables().find(|variable| *variable == name) {
            self.values.entry(variable).or_default().push((origin, value));
        }
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
        let layers = |name: &str, values: &[(Origin, String)]| -> Vec<Layer> {
            values.iter().map(|(at, value)| Layer { origin: at.clone(), setting: setting(name, value) }).collect()
        };
        let shown = self.values.iter().filter(|(name, _)| VARIABLES.contains(name) || PROXIES.contains(name));
        let environment = Environment {
            owner: self.owner,
            app_version: self.app_version,
            variables: shown.map(|(name, values)| ((*name).to_owned(), layers(name, values))).collect(),
            complete: self.complete,
            provenance: self.provenance,
        };
        let login = |effective: Effective<'_>| {
            let Effective::Set { variable, .. } = effective else { return None };
            let (_, value) = self.values.get(variable)?.first()?;
            let read = url::read(value).ok()?;
            Some(Login {
                variable,
                text: value.as_str().into(),
                url: read.url,
                user: read.user,
                password: read.password,
                root: read.root,
            })
        };
        let first = |name: &str| self.values.get(name).and_then(|all| Some(all.first()?.1.as_str()));
        let keyring = Keyring {
            redis: login(environment.redis("CELERY_BROKER_URL")).filter(|login| login.url.is_redis()),
            results: login(environment.redis("CELERY_RESULT_BACKEND")).filter(|login| login.url.is_redis()),
            postgres: login(environment.database()).filter(|login| login.url.is_postgres()).map(|login| Login {
                root: login.root.or_else(|| first("PGSSLROOTCERT").map(str::to_owned)),
                url: EnvUrl {
                    sslmode: login.url.sslmode.or_else(|| first("PGSSLMODE").map(str::to_owned)),
                    ..login.url
                },
                ..login
            }),
            api: first("WORKER_API_KEY").map(Into::into),
            bundle: BUNDLES.into_iter().filter_map(first).find(|path| !path.is_empty()).map(str::to_owned),
        };
        (environment, keyring)
    }
}

/// We are in the worker's container: our environment is its environment. Beside it, it is that of its first process.
fn container() -> Found {
    let mut found = Found::new("this container".to_owned());
    let (own, root) = beside::worker().unwrap_or_else(|| (own_variables(), ""));
    // What a container was started with is its first process.
    if let host::Text::Read(line) = host::read("/proc/1/cmdline") {
        let words: Vec<String> = line.split_terminator('\0').map(str::to_owned).collect();
        for (variable, value) in celery_command::read(&words).map(|it| it.urls).unwrap_or_default() {
            found.add(variable, Origin::Command { at: None }, value);
        }
    }
    for variable in app_variables() {
        if let Some(value) = own.get(variable) {
            found.add(variable, Origin::Process, value.clone());
        }
    }
    found.complete = true;
    for path in BAKED {
        match host::read(format!("{root}{path}")) {
            host::Text::Missing => continue,
            host::Text::Read(text) => found.complete = found.add_file(path, &text, &own).is_some(),
            host::Text::Forbidden | host::Text::Failed(_) => found.complete = false,
        }
        break;
    }
    if let host::Text::Read(text) = host::read(format!("{root}{VERSION}")) {
        found.app_version = app_version(&text);
    }
    found
}

fn own_variables() -> BTreeMap<String, String> {
    #[expect(clippy::disallowed_methods, reason = "here the environment becomes a fact")]
    let all = std::env::vars_os();
    all.filter_map(|(name, value)| Some((name.into_string().ok()?, value.to_string_lossy().into_owned()))).collect()
}

/// The web app's file. What systemd or a shell adds to its environment is not in it.
fn server(context: &ProbeContext) -> Result<Found, Unseen> {
    let path = match &context.profile.web_env {
        Some(path) => path.as_str(),
        None => {
            WEB_FILES.into_iter().find(|path| !matches!(host::read(path), host::Text::Missing)).ok_or_else(|| {
                let places = WEB_FILES.join(", ");
                Unseen::NotKnown(format!(
                    "none of {places} exists; set the path of the web app's file with `--web-env FILE`"
                ))
            })?
        }
    };
    let mut found = Found::new(path.to_owned());
    found
        .add_file(path, &host::read_or_unseen(path)?, &BTreeMap::new())
        .ok_or_else(|| Unseen::Unreadable(format!("{path}: its `${{…}}` expand to too much text")))?;
    if let Some((folder, _)) = path.rsplit_once('/')
        && let host::Text::Read(text) = host::read(format!("{folder}/app/version.py"))
    {
        found.app_version = app_version(&text);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    const FILE: &str = "# the app\nFLASK_ENV=production\nDATABASE_URL='postgresql://u:p%40ss@10.8.0.1/d'\n\
        REDIS_URL=redis://:old@10.8.0.1/0\nREDIS_URL=redis://:s3cret@10.8.0.1/1\nSECRET_KEY=never\n";

    fn found() -> Found {
        let mut found = Found::new("test".to_owned());
        found.add("CELERY_BROKER_URL", Origin::Process, String::new());
        found.add_file("/app/.env", FILE, &BTreeMap::new()).expect("little");
        found
    }

    #[test]
    fn the_effective_urls_make_the_keyring() {
        let (environment, keyring) = found().finish();
        let redis = keyring.redis.expect("REDIS_URL, since the broker's is empty");
        assert_eq!(redis.password.as_ref().map(ExposeSecret::expose_secret), Some("s3cret"));
        assert_eq!(redis.url.redis_index(), 1);
        let postgres = keyring.postgres.expect("DATABASE_URL");
        assert_eq!(postgres.password.as_ref().map(ExposeSecret::expose_secret), Some("p@ss"));
        assert!(!environment.complete && !environment.variables.contains_key("SECRET_KEY"));
        let layers = &environment.variables["REDIS_URL"];
        assert_eq!(layers[0].origin, Origin::File { path: "/app/.env".to_owned(), line: 5 });
        assert_eq!(layers.len(), 2);
    }

    #[test]
    fn no_secret_stays_in_the_fact() {
        let looked = looked("test", Ok(found()));
        let shown = format!("{:?} {:?}", looked.observation, looked.keyring);
        for secret in ["s3cret", "old", "p%40ss", "p@ss", "never"] {
            assert!(!shown.contains(secret), "{secret} in {shown}");
        }
    }

    #[test]
    fn a_last_line_without_a_value_unsets() {
        let mut found = Found::new("test".to_owned());
        found.add_file("/app/.env", "REDIS_URL=redis://10.8.0.1/0\nREDIS_URL\n", &BTreeMap::new()).expect("little");
        assert!(found.values.is_empty());
    }
}
