//! The variables of the web app, on the server.

use std::collections::BTreeMap;

use super::libpq::{self, Files};
use super::{Found, native};
use crate::fact::Unseen;
use crate::fact::environment::Origin;
use crate::fact::touch::{Touch, only, reads};
use crate::probe::{ProbeContext, host, web_app};
use crate::read::variable::app_version;

/// Where the web app's variables stand in life.
const WEB_FILES: [&str; 5] = [
    "/opt/clippyfront/.env",
    "/opt/clippy-front/.env",
    "/srv/clippyfront/.env",
    "/var/www/clippyfront/.env",
    "/etc/clippyfront/clippyfront.env",
];

/// The web app's variables: those of its process and the file that it reads itself. Where it does not run here, or may not be
/// looked at, its file tells: what systemd or a shell adds is not in that.
pub(super) async fn server(context: &ProbeContext) -> Result<Found, Unseen> {
    let app = context.profile.app();
    if context.profile.web_env.is_none()
        && app.is_none()
        && let Some(running) = web_app::find()
    {
        return Ok(of_process(&running).with_sockets(running.pid).await);
    }
    let path = match (&context.profile.web_env, &app) {
        (Some(path), _) => path.as_str(),
        (None, Some(app)) => {
            return Err(Unseen::NotKnown(format!(
                "where {}'s web app has its variables is not known; set the path of its file with `--web-env FILE`",
                app.name
            )));
        }
        (None, None) => {
            WEB_FILES.into_iter().find(|path| !matches!(host::read(path), host::Text::Missing)).ok_or_else(|| {
                let places = WEB_FILES.join(", ");
                Unseen::NotKnown(format!(
                    "none of {places} exists; set the path of the web app's file with `--web-env FILE`"
                ))
            })?
        }
    };
    let mut found = Found::new(path.to_owned(), app);
    // Who starts it, and with which home, is not known.
    found.files = Some(Files { root: String::new(), home: None });
    found
        .add_file(path, &host::read_or_unseen(path)?, &BTreeMap::new())
        .ok_or_else(|| Unseen::Unreadable(format!("{path}: its `${{…}}` expand to too much text")))?;
    if let Some((folder, _)) = path.rsplit_once('/') {
        found.app_version = version_in(folder).filter(|_| found.app.is_none());
    }
    Ok(found)
}

fn of_process(running: &web_app::Found) -> Found {
    let owner = running
        .unit
        .as_ref()
        .map_or(format!("process {}", running.pid), |unit| format!("process {} of {unit}", running.pid));
    let mut found = Found::new(owner, None);
    running.environ.iter().for_each(|(name, value)| found.add(name, Origin::Process, value.clone()));
    found.files =
        Some(Files { root: format!("/proc/{}/root", running.pid), home: running.environ.get("HOME").cloned() });
    found.complete = found.add_own_files("", &native::dotenvs(&running.folder), &running.environ);
    found.app_version = version_in(&running.folder);
    found
}

/// The app's version, as its code has it.
fn version_in(folder: &str) -> Option<String> {
    match host::read(format!("{folder}/app/version.py")) {
        host::Text::Read(text) => app_version(&text),
        host::Text::Missing | host::Text::Forbidden | host::Text::Failed(_) => None,
    }
}

/// What [`server`] does.
pub(super) fn touches() -> Vec<Touch> {
    let beside =
        WEB_FILES.map(|path| path.rsplit_once('/').map_or_else(String::new, |(it, _)| format!("{it}/app/version.py")));
    [
        web_app::find_touches(),
        super::socket::touches(),
        only(
            "where the web app runs without Docker",
            reads(&["{web-app}/config/.env", "/**/.env", "{web-app}/app/version.py"]),
        ),
        only("where it does not", reads(&WEB_FILES)),
        only("where it does not", reads(&beside.each_ref().map(String::as_str))),
        only("where `--web-env` names it", reads(&["{web-env}"])),
        libpq::touches(),
    ]
    .concat()
}
