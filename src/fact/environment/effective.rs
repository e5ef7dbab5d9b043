//! What the app makes of its variables: which one it takes a URL from, and its defaults by version and FLASK_ENV.

use super::{EnvUrl, Environment, Layer, Origin, Setting};
use crate::fact::app::{BROKER, DATABASE, RESULTS};

/// What the app uses for one of its URLs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effective<'a> {
    /// This variable's value.
    Set {
        /// The variable that supplied it, which may be another than the one asked for.
        variable: &'a str,
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
    fn non_empty<'a>(&'a self, variable: &'a str) -> Option<Effective<'a>> {
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
        if self.app.is_some() {
            return self.of_app(self.database_variable());
        }
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

    /// It reports by HTTP, as code of its version does, and nothing gives it a database: so do all workers that were set up
    /// without Docker as the project's docs/REMOTE_WORKER_SETUP.md says. In production the app would stop without one.
    pub fn reports_by_http_alone(&self) -> bool {
        let by_host = self.provenance.as_ref().is_some_and(|provenance| provenance.host.is_some());
        let new = self.app_version.as_deref().and_then(minor_version).is_some_and(|version| version >= (0, 12));
        self.app.is_none()
            && by_host
            && new
            && self.uses_api()
            && !self.is_production()
            && self.database() == Effective::CodeDefault
    }

    /// What the app uses for one of its Redis URLs. ClippyFront: the variable, else REDIS_URL, else
    /// `redis://localhost:6379/0` (config/settings.py). Celery reads the same variables itself.
    pub fn redis<'a>(&'a self, variable: &'a str) -> Effective<'a> {
        if self.app.is_some() {
            return self.of_app(Some(variable));
        }
        self.non_empty(variable).or_else(|| self.non_empty("REDIS_URL")).unwrap_or(Effective::CodeDefault)
    }

    /// Where the worker's tasks come from.
    pub fn broker(&self) -> Effective<'_> {
        self.redis(self.broker_variable())
    }

    /// Where its results go.
    pub fn results(&self) -> Effective<'_> {
        self.results_variable().map_or(Effective::Nothing, |variable| self.redis(variable))
    }

    /// The variable with the broker's URL.
    pub fn broker_variable(&self) -> &str {
        self.app.as_ref().map_or(BROKER, |app| &app.broker)
    }

    /// The variable with the result backend's URL, where the app has one.
    pub fn results_variable(&self) -> Option<&str> {
        self.app.as_ref().map_or(Some(RESULTS), |app| app.results.as_deref())
    }

    /// The variable with the database's URL, where the worker goes to one.
    pub fn database_variable(&self) -> Option<&str> {
        self.app.as_ref().map_or(Some(DATABASE), |app| app.database.as_deref())
    }

    /// What the code of another app does without a variable is not known.
    fn of_app<'a>(&'a self, variable: Option<&'a str>) -> Effective<'a> {
        let Some(variable) = variable else { return Effective::Nothing };
        self.non_empty(variable).unwrap_or(Effective::DefaultOrNothing)
    }
}

pub(crate) fn minor_version(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(version: Option<&str>, pairs: &[(&str, &str)]) -> Environment {
        Environment {
            owner: "test".to_owned(),
            app: None,
            app_version: version.map(str::to_owned),
            complete: true,
            provenance: None,
            sockets: Vec::new(),
            dialled: Vec::new(),
            variables: pairs
                .iter()
                .map(|(name, value)| {
                    let setting = if value.is_empty() { Setting::Empty } else { Setting::Word((*value).to_owned()) };
                    ((*name).to_owned(), vec![Layer { origin: Origin::Process, setting }])
                })
                .collect(),
        }
    }

    const URL: &str = "postgresql://u:p@10.8.0.1/clippy_front";

    #[test]
    fn production_reads_database_url_alone() {
        let only_dev = [("FLASK_ENV", "production"), ("DEV_DATABASE_URL", URL)];
        assert_eq!(environment(Some("0.10.0"), &only_dev).database(), Effective::CodeDefault);
        assert_eq!(environment(Some("0.11.0"), &only_dev).database(), Effective::Nothing);
        assert_eq!(environment(Some("1.6.2"), &only_dev).database(), Effective::Nothing);
        assert_eq!(environment(None, &only_dev).database(), Effective::DefaultOrNothing);
    }

    #[test]
    fn an_empty_value_counts_as_unset_but_shadows() {
        let empty = environment(Some("0.10.0"), &[("FLASK_ENV", "production"), ("DATABASE_URL", "")]);
        assert_eq!(empty.database(), Effective::CodeDefault);
    }

    #[test]
    fn anything_but_production_is_development() {
        for word in ["development", "Production", "prod", "production "] {
            let app = environment(None, &[("FLASK_ENV", word), ("DEV_DATABASE_URL", URL)]);
            assert!(matches!(app.database(), Effective::Set { variable: "DEV_DATABASE_URL", .. }), "{word}");
        }
        assert_eq!(environment(None, &[]).database(), Effective::CodeDefault);
    }

    #[test]
    fn results_fall_back_to_redis_url_and_not_to_the_broker() {
        let app = environment(None, &[("CELERY_BROKER_URL", "redis://10.8.0.1:6379/0")]);
        assert!(matches!(app.redis("CELERY_BROKER_URL"), Effective::Set { .. }));
        assert_eq!(app.redis("CELERY_RESULT_BACKEND"), Effective::CodeDefault);
    }
}
