//! What libpq takes from the environment and from its files where a URL does not say it.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret, SecretString};

use crate::fact::environment::EnvUrl;
use crate::fact::touch::{Touch, only, reads};
use crate::probe::host;
use crate::read::libpq::{self, Wanted};
use crate::read::url::{self, ReadUrl};

/// Where Debian's libpq looks for services besides (its `sysconfdir`).
const SYSTEM: &str = "/etc/postgresql-common";

/// Where the files are that the one who connects sees.
#[derive(Clone)]
pub(super) struct Files {
    /// Where its file system stands here; empty if it is our own.
    pub(super) root: String,
    /// Its `HOME`.
    pub(super) home: Option<String>,
}

/// The variables of one who connects, and its files where they can be read from here.
pub(super) struct Libpq<'a> {
    pub(super) set: &'a dyn Fn(&str) -> Option<&'a str>,
    pub(super) files: Option<&'a Files>,
}

/// What a file says, or that it is not known.
enum Said<T> {
    Read(T),
    Nothing,
    Unread,
}

impl Libpq<'_> {
    /// The URL `text`, cut as `read`, with what libpq adds to it.
    pub(super) fn complete(&self, text: &str, read: ReadUrl) -> ReadUrl {
        if !read.url.is_postgres() {
            return read;
        }
        let (service, unread) = match self.service(text) {
            Said::Read(found) => (found, false),
            Said::Nothing => (BTreeMap::new(), false),
            Said::Unread => (BTreeMap::new(), true),
        };
        // What a service says goes before the environment.
        let set = |name: &str| service.get(word(name)).map(String::as_str).or_else(|| self.set(name));
        let mode = read.url.sslmode.clone().or_else(|| set("PGSSLMODE").map(str::to_owned));
        let mut url = url::with_libpq(EnvUrl { service: unread, sslmode: mode, ..read.url }, set);
        let user = read.user.or_else(|| set("PGUSER").map(Into::into));
        let mut password = read.password.or_else(|| set("PGPASSWORD").map(Into::into));
        if password.is_none() && !unread {
            match self.password(text, &url, user.as_ref(), set("passfile")) {
                Said::Read(found) => password = Some(found),
                Said::Nothing => {}
                Said::Unread => url.passfile = true,
            }
        }
        let root = read.root.or_else(|| set("PGSSLROOTCERT").map(str::to_owned));
        let options = read.options.or_else(|| set("PGOPTIONS").map(str::to_owned));
        ReadUrl { url, user, password, root, options }
    }

    fn set(&self, name: &str) -> Option<&str> {
        (self.set)(name).filter(|value| !value.is_empty())
    }

    fn service(&self, text: &str) -> Said<BTreeMap<String, String>> {
        let asked = url::asked(text, "service");
        let Some(name) = asked.as_deref().or_else(|| self.set("PGSERVICE")) else { return Said::Nothing };
        let own = self.set("PGSERVICEFILE").map(str::to_owned).or_else(|| self.at_home(".pg_service.conf"));
        let folder = self.set("PGSYSCONFDIR").unwrap_or(SYSTEM);
        for path in own.into_iter().chain([format!("{folder}/pg_service.conf")]) {
            match self.file(&path) {
                Said::Read(text) => {
                    if let Some(found) = libpq::service(&text, name) {
                        return Said::Read(found);
                    }
                }
                Said::Nothing => {}
                Said::Unread => return Said::Unread,
            }
        }
        // A service that is nowhere is an error, and what it would have said is not known.
        Said::Unread
    }

    fn password(
        &self,
        text: &str,
        url: &EnvUrl,
        user: Option<&SecretString>,
        of_service: Option<&str>,
    ) -> Said<SecretString> {
        let asked = url::asked(text, "passfile");
        let named = asked.as_deref().or(of_service).or_else(|| self.set("PGPASSFILE")).map(str::to_owned);
        let Some(path) = named.clone().or_else(|| self.at_home(".pgpass")) else {
            // Whose home that would be is not known: there may be one.
            return if self.files.is_some() { Said::Unread } else { Said::Nothing };
        };
        let host = if url.host.is_empty() { "localhost" } else { &url.host };
        let role = user.map_or("", |user| user.expose_secret());
        let database = url.database.as_deref().unwrap_or(role);
        match self.file(&path) {
            Said::Read(text) => {
                let wanted = Wanted { host, port: url.port_or_default(), database, role };
                libpq::password(&text, wanted).map_or(Said::Nothing, Said::Read)
            }
            Said::Unread if named.is_some() => Said::Unread,
            Said::Unread | Said::Nothing => Said::Nothing,
        }
    }

    fn at_home(&self, name: &str) -> Option<String> {
        self.files?.home.as_ref().map(|home| format!("{home}/{name}"))
    }

    fn file(&self, path: &str) -> Said<String> {
        let Some(files) = self.files.filter(|_| path.starts_with('/')) else { return Said::Unread };
        match host::read(format!("{}{path}", files.root)) {
            host::Text::Read(text) => Said::Read(text),
            host::Text::Missing => Said::Nothing,
            host::Text::Forbidden | host::Text::Failed(_) => Said::Unread,
        }
    }
}

/// A variable's own word in a file of services (libpq, "Parameter Key Words").
fn word(variable: &str) -> &str {
    match variable {
        "PGHOST" => "host",
        "PGHOSTADDR" => "hostaddr",
        "PGPORT" => "port",
        "PGDATABASE" => "dbname",
        "PGUSER" => "user",
        "PGPASSWORD" => "password",
        "PGSSLMODE" => "sslmode",
        "PGSSLROOTCERT" => "sslrootcert",
        "PGOPTIONS" => "options",
        other => other,
    }
}

/// What [`Libpq::complete`] does.
pub(super) fn touches() -> Vec<Touch> {
    only(
        "where DATABASE_URL leaves a part of the log-in to a file of libpq's",
        reads(&["{libpq-file}", "/**/.pgpass", "/**/.pg_service.conf", "/etc/postgresql-common/pg_service.conf"]),
    )
}
