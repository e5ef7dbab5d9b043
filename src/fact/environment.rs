//! The variables that tell the app where Redis and PostgreSQL are: every place that sets one, and what the app
//! makes of them all. URLs are kept without user and password.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::Presence;

pub mod dotenv;
pub mod inspect;
pub mod url;

pub use url::{EnvUrl, Flaw};

/// The variables that are read, in the order in which they are shown.
pub const VARIABLES: [&str; 9] = [
    "DATABASE_URL",
    "DEV_DATABASE_URL",
    "REDIS_URL",
    "CELERY_BROKER_URL",
    "CELERY_RESULT_BACKEND",
    "FLASK_ENV",
    "USE_GPU_QUEUE",
    "FLASK_APP_URL",
    "WORKER_API_KEY",
];

/// The variable whose value is a secret: only whether it is set is kept.
const SECRET: &str = "WORKER_API_KEY";

/// Which variables hold URLs; the others hold a word.
pub fn is_url(variable: &str) -> bool {
    variable.ends_with("_URL") || variable == "CELERY_RESULT_BACKEND"
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// The environment of the process itself.
    Process,
    /// The container's configuration, as `docker inspect` shows it.
    Inspect,
    /// A line of a file that python-dotenv reads.
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
            Self::Inspect => f.write_str("the container's configuration"),
            Self::File { path, line } => write!(f, "{path}:{line}"),
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
    /// `__version__` in app/version.py, where it can be read.
    pub app_version: Option<String>,
    /// By name; a variable that nothing sets is not in it.
    pub variables: BTreeMap<String, Vec<Layer>>,
    /// Whether every place that the app reads was read. (`docker inspect` does not show a baked /app/.env.)
    pub complete: bool,
}

/// What the app uses for one of its URLs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effective<'a> {
    /// This variable's value.
    Set {
        /// The variable that supplied it, which may be another than the one asked for.
        variable: &'static str,
        /// Where it is set.
        origin: &'a Origin,
        /// To what; never [`Setting::Empty`].
        setting: &'a Setting,
    },
    /// The default in the app's code, which names localhost.
    CodeDefault,
    /// Nothing: this version of the app stops with an error.
    Nothing,
    /// Nothing is set, and without the app's version it is open which of the two above follows.
    DefaultOrNothing,
}

impl<'a> Effective<'a> {
    /// The URL, where it is one; it lives as long as the environment.
    pub fn into_url(self) -> Option<&'a EnvUrl> {
        match self {
            Self::Set { setting: Setting::Url(url), .. } => Some(url),
            Self::Set { .. } | Self::CodeDefault | Self::Nothing | Self::DefaultOrNothing => None,
        }
    }

    /// The URL, where it is one.
    pub fn url(&self) -> Option<&EnvUrl> {
        match self {
            Self::Set { setting: Setting::Url(url), .. } => Some(url),
            Self::Set { .. } | Self::CodeDefault | Self::Nothing | Self::DefaultOrNothing => None,
        }
    }
}

impl Environment {
    /// The layer that wins.
    pub fn winner(&self, variable: &str) -> Option<&Layer> {
        self.variables.get(variable)?.first()
    }

    fn non_empty(&self, variable: &'static str) -> Option<Effective<'_>> {
        let layer = self.winner(variable)?;
        (layer.setting != Setting::Empty).then_some(Effective::Set {
            variable,
            origin: &layer.origin,
            setting: &layer.setting,
        })
    }

    /// `create_app()` compares exactly: `production` is production, everything else that is not `testing` is
    /// development, an unset variable included (app/__init__.py).
    pub fn is_production(&self) -> bool {
        matches!(self.winner("FLASK_ENV"), Some(Layer { setting: Setting::Word(word), .. }) if word == "production")
    }

    /// What the app uses to reach PostgreSQL (config/settings.py). Production: DATABASE_URL alone; up to 0.10 an
    /// unset or empty one falls back to localhost, from 0.11 on the app stops. Development: DATABASE_URL, else
    /// DEV_DATABASE_URL, else localhost.
    pub fn database(&self) -> Effective<'_> {
        if let Some(set) = self.non_empty("DATABASE_URL") {
            return set;
        }
        if !self.is_production() {
            return self.non_empty("DEV_DATABASE_URL").unwrap_or(Effective::CodeDefault);
        }
        match self.app_version.as_deref().and_then(minor_version) {
            Some(version) if version >= (0, 11) => Effective::Nothing,
            Some(_) => Effective::CodeDefault,
            None => Effective::DefaultOrNothing,
        }
    }

    /// What the app uses for one of its three Redis URLs: the variable, else REDIS_URL, else
    /// `redis://localhost:6379/0` (config/settings.py). Celery reads the same variables itself.
    pub fn redis(&self, variable: &'static str) -> Effective<'_> {
        self.non_empty(variable).or_else(|| self.non_empty("REDIS_URL")).unwrap_or(Effective::CodeDefault)
    }

    pub(crate) fn summary(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for variable in VARIABLES {
            for (rank, layer) in self.variables.get(variable).into_iter().flatten().enumerate() {
                let shadowed = if rank > 0 { " (shadowed)" } else { "" };
                lines.push(format!("{variable}={} from {}{shadowed}", layer.setting, layer.origin));
            }
        }
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

/// Reads `__version__ = "0.10.0"` out of app/version.py.
pub fn app_version(text: &str) -> Option<String> {
    let value =
        text.lines().find_map(|line| line.trim().strip_prefix("__version__")?.trim_start().strip_prefix('='))?;
    let version = value.split('#').next()?.trim().trim_matches(['"', '\'']);
    let plain = version.starts_with(|c: char| c.is_ascii_digit())
        && version.len() <= 32
        && version.chars().all(|c| c.is_ascii_alphanumeric() || ".-+".contains(c));
    plain.then(|| version.to_owned())
}

fn minor_version(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// Reads one value as the fact keeps it. For URL variables the secrets stay behind.
pub fn setting(variable: &str, value: &str) -> Setting {
    if value.is_empty() {
        return Setting::Empty;
    }
    if variable == SECRET {
        return Setting::Secret;
    }
    if !is_url(variable) {
        let plain = value.len() <= 32 && value.chars().all(|c| c.is_ascii_alphanumeric() || " _-.'\"".contains(c));
        return if plain { Setting::Word(value.to_owned()) } else { Setting::Flawed(Flaw::Unreadable) };
    }
    match url::read(value) {
        Ok(read) => Setting::Url(read.url),
        Err(flaw) => Setting::Flawed(flaw),
    }
}

/// True if any layer of the variable holds a password.
pub fn has_password(layers: &[Layer]) -> Presence {
    Presence::of(layers.iter().any(|layer| matches!(&layer.setting, Setting::Url(url) if url.password.is_present())))
}

#[cfg(test)]
mod tests;
