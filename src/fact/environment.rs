//! The variables that tell the app where Redis and PostgreSQL are: every place that sets one, and what the app
//! makes of them all. URLs are kept without user and password.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::app::App;
use super::dial::{Dial, Endpoint};

pub mod effective;
mod encoding;
pub mod flaw;
pub mod ignored;
pub mod provenance;
pub mod proxy;
pub mod socket;
pub mod url;

pub use effective::Effective;
pub use encoding::Encoding;
pub use flaw::Flaw;
pub use ignored::Ignored;
pub use provenance::{ByHost, ContainerProvenance, HostLine, Ingredient, Interpolation, Source};
pub use socket::{LocalSocket, SocketState};
pub use url::EnvUrl;

/// ClippyFront's variables, in the order in which they are shown.
const VARIABLES: [&str; 14] = [
    "DATABASE_URL",
    "DEV_DATABASE_URL",
    "REDIS_URL",
    "CELERY_BROKER_URL",
    "CELERY_RESULT_BACKEND",
    "REDIS_DB",
    "FLASK_ENV",
    "USE_GPU_QUEUE",
    "CELERY_QUEUES",
    "CELERY_CONCURRENCY",
    "TABLE_PREFIX",
    "FLASK_APP_URL",
    "WORKER_API_KEY",
    "MEDIA_BASE_URL",
];

/// What the app's HTTP library takes a proxy from (Python's urllib.request, `getproxies_environment`). Kept only where set.
pub const PROXIES: [&str; 8] =
    ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"];

/// The variables of an app that are read, in the order in which they are shown: without an app ClippyFront's.
pub fn variables(app: Option<&App>) -> Vec<&str> {
    app.map_or_else(|| VARIABLES.to_vec(), |app| app.variables().collect())
}

/// Which variables hold URLs; the others hold a word.
pub fn is_url(app: Option<&App>, variable: &str) -> bool {
    let own = match app {
        Some(app) => app.variables().any(|own| own == variable),
        None => variable.ends_with("_URL") || variable == "CELERY_RESULT_BACKEND",
    };
    own || is_proxy(variable)
}

/// Which of them name a proxy.
pub fn is_proxy(variable: &str) -> bool {
    PROXIES[..6].contains(&variable)
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// The environment of the process itself.
    Process,
    /// The container's configuration, as `docker inspect` shows it.
    Inspect,
    /// An option of the container's command, which goes before the variables.
    Command {
        /// The line of a compose file's `command`; none where it is not known.
        at: Option<(String, u32)>,
    },
    /// The image's own `ENV`.
    Image,
    /// What the script that starts the worker takes where nothing sets the variable.
    Default {
        /// The script.
        path: String,
        /// From 1.
        line: u32,
    },
    /// A line of a compose file's `environment`.
    Compose {
        /// The file.
        path: String,
        /// From 1.
        line: u32,
    },
    /// A line of an env file that compose passes on.
    EnvFile {
        /// The file.
        path: String,
        /// From 1.
        line: u32,
    },
    /// A line of a file that the worker reads by itself: a `.env`, what its start script sources, its unit.
    File {
        /// The file.
        path: String,
        /// From 1.
        line: u32,
    },
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Process => f.write_str("the process environment"),
            Self::Inspect => {
                f.write_str("the command that created the container: `-e`, `--env-file` or a compose file")
            }
            Self::Command { at: Some((path, line)) } => {
                write!(f, "an option of `command` at {path}:{line}, which overrides the variables")
            }
            Self::Command { at: None } => {
                f.write_str("an option of the worker's command, which overrides the variables")
            }
            Self::Image => f.write_str("the image's ENV"),
            Self::Default { path, line } => write!(f, "the default at {path}:{line}"),
            Self::Compose { path, line } => write!(f, "`environment` at {path}:{line}"),
            Self::EnvFile { path, line } => write!(f, "`env_file` at {path}:{line}"),
            Self::File { path, line } => write!(f, "{path}:{line}"),
        }
    }
}

impl Origin {
    /// The file and the line, where it is one.
    pub fn place(&self) -> Option<(&str, u32)> {
        match self {
            Self::Compose { path, line } | Self::EnvFile { path, line } | Self::File { path, line } => {
                Some((path, *line))
            }
            Self::Command { at } => at.as_ref().map(|(path, line)| (path.as_str(), *line)),
            Self::Process | Self::Inspect | Self::Image | Self::Default { .. } => None,
        }
    }
}

/// A value without its secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Setting {
    /// Set, to nothing.
    Empty,
    /// Set, and a secret.
    Secret,
    /// A word (FLASK_ENV, USE_GPU_QUEUE).
    Word(String),
    /// A URL.
    Url(EnvUrl),
    /// Something that was meant to be a URL.
    Flawed(Flaw),
}

/// One place that sets a variable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layer {
    /// Where.
    pub origin: Origin,
    /// To what.
    pub setting: Setting,
}

/// Whose variables were read, and all places that set each. The first layer of each wins, even if it is empty:
/// python-dotenv does not override what the environment has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    /// Whose they are: "container clippy-gpu-worker", "/opt/clippyfront/.env".
    pub owner: String,
    /// Whose names these are; none for ClippyFront.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<App>,
    /// `__version__` in app/version.py, where it can be read.
    pub app_version: Option<String>,
    /// By name; a variable that nothing sets is not in it.
    pub variables: BTreeMap<String, Vec<Layer>>,
    /// Whether every place that the app reads was read. (`docker inspect` does not show a baked /app/.env.)
    pub complete: bool,
    /// How the container was made; seen where Docker runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provenance: Option<ContainerProvenance>,
    /// The Unix sockets that the web app's URLs name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sockets: Vec<LocalSocket>,
    /// Where the web app's URLs of Redis lead besides the one that Redis is asked with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dialled: Vec<DialledUrl>,
}

/// Whether somebody listens where a URL leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DialledUrl {
    /// The variable.
    pub variable: String,
    /// Where it leads.
    pub endpoint: Endpoint,
    /// What became of a connection.
    pub how: Dial,
}

impl Environment {
    /// The layer that wins.
    pub fn winner(&self, variable: &str) -> Option<&Layer> {
        self.variables.get(variable)?.first()
    }

    pub(crate) fn summary(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.sockets.iter().map(LocalSocket::summary).collect();
        let dialled = |it: &DialledUrl| format!("{} leads to {}: {}", it.variable, it.endpoint, it.how.said());
        lines.extend(self.dialled.iter().map(dialled));
        let by_host = self.provenance.as_ref().is_some_and(|provenance| provenance.host.is_some());
        for variable in variables(self.app.as_ref()).into_iter().chain(PROXIES) {
            for (rank, layer) in self.variables.get(variable).into_iter().flatten().enumerate() {
                let shadowed = if rank > 0 { " (shadowed)" } else { "" };
                lines.push(format!("{variable}={} from {}{shadowed}", layer.setting, layer.origin));
            }
            let sources = self.provenance.as_ref().and_then(|provenance| provenance.sources.get(variable));
            let sources = sources.map_or(&[][..], Vec::as_slice);
            let from = sources.iter().position(|source| source.agrees);
            for (index, source) in sources.iter().enumerate() {
                let other = match (source.ignored, from, by_host) {
                    (Some(ignored), _, _) => format!(" ({})", ignored.words()),
                    (None, Some(from), _) if from == index => String::new(),
                    // Of a container each that has another value is told.
                    (None, _, false) if source.agrees => String::new(),
                    (None, _, false) => " (differs from the container)".to_owned(),
                    (None, Some(from), true) if index > from => " (overridden)".to_owned(),
                    (None, None, true) if index > 0 => " (overridden)".to_owned(),
                    (None, _, true) => " (differs from the running worker)".to_owned(),
                };
                match &source.setting {
                    Some(setting) => lines.push(format!("  {variable}={setting} by {source}{other}")),
                    None => lines.push(format!("  {variable} by {source}, without a value")),
                }
            }
        }
        lines.extend(
            self.provenance
                .iter()
                .flat_map(|provenance| &provenance.hosts)
                .map(|line| format!("{}: {line}", line.name)),
        );
        if lines.is_empty() {
            lines.push(format!("{} sets none of the connection variables", self.owner));
        }
        lines
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("(empty)"),
            Self::Secret => f.write_str("(set)"),
            Self::Word(word) => f.write_str(word),
            Self::Url(url) => url.fmt(f),
            Self::Flawed(flaw) => write!(f, "({})", flaw.words()),
        }
    }
}
