//! What a profile says of another application than ClippyFront.

use super::{Profile, Topology};
use crate::fact::app::App;

impl Profile {
    /// What cannot be meant so, and the key that it is about.
    pub(super) fn mistake(&self) -> Option<(&'static str, String)> {
        let words = [
            ("app", self.app.as_ref()),
            ("broker", self.broker.as_ref()),
            ("results", self.results.as_ref()),
            ("database", self.database.as_ref()),
            ("database_name", self.database_name.as_ref()),
            ("unit", self.unit.as_ref()),
        ];
        if let Some((key, _)) = words.iter().find(|(_, word)| word.is_some_and(|word| !is_plain(word))) {
            return Some((key, format!("`{key}` is empty, or has characters that no such name has")));
        }
        let queues = self.queues.as_deref().unwrap_or_default();
        if self.queues.is_some() && (queues.is_empty() || !queues.iter().all(|queue| is_plain(queue))) {
            return Some(("queues", "`queues` is the list of the queues' names, at least one".to_owned()));
        }
        let of_app = words[1..].iter().filter(|(_, word)| word.is_some()).map(|(key, _)| *key);
        let lists = [("queues", self.queues.is_some()), ("env_files", self.env_files.is_some())];
        let first = of_app.chain(lists.into_iter().filter(|(_, told)| *told).map(|(key, _)| key)).next();
        match (&self.app, &self.broker, first) {
            (None, _, Some(key)) => {
                Some((key, format!("`{key}` belongs to another application than ClippyFront: name it with `app`")))
            }
            (Some(_), None, _) => {
                Some(("app", "`app` needs `broker`, the variable that has the URL of Celery's broker".to_owned()))
            }
            (Some(_), Some(_), _) if self.api == Some(true) || self.topology == Some(Topology::Api) => {
                let key = if self.api == Some(true) { "api" } else { "topology" };
                Some((
                    key,
                    format!("`{key}`: only ClippyFront's interface for workers is known; for `app`, say `api = false`"),
                ))
            }
            _ => None,
        }
    }

    /// The application, where it is not ClippyFront.
    pub fn app(&self) -> Option<App> {
        Some(App {
            name: self.app.clone()?,
            profile: self.path.clone(),
            broker: self.broker.clone()?,
            results: self.results.clone(),
            database: self.database.clone(),
            database_name: self.database_name.clone(),
            queues: self.queues.clone().unwrap_or_else(|| vec!["celery".to_owned()]),
            unit: self.unit.clone().map(|unit| if unit.contains('.') { unit } else { unit + ".service" }),
            env_files: self.env_files.clone(),
        })
    }
}

impl From<App> for Profile {
    fn from(app: App) -> Self {
        Self {
            app: Some(app.name),
            broker: Some(app.broker),
            results: app.results,
            database: app.database,
            database_name: app.database_name,
            queues: Some(app.queues),
            unit: app.unit,
            env_files: app.env_files,
            api: Some(false),
            ..Self::default()
        }
    }
}

/// A name as variables, queues, units and databases have it: it goes into sentences and commands.
pub(super) fn is_plain(word: &str) -> bool {
    let known = |c: char| c.is_alphanumeric() || "_-.:@ ".contains(c);
    !word.trim().is_empty() && word.len() <= 100 && word.chars().all(known)
}
