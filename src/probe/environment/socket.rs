//! The Unix sockets that the running web app's URLs name: whether they let its own user in.

use std::io::ErrorKind;
use std::time::Duration;

use procfs::process::Process;
use rustix::process::{Gid, Uid};
use tokio::time::timeout;

use super::Found;
use crate::fact::environment::{LocalSocket, SocketState, variables};
use crate::fact::touch::{Touch, connects, only, reads};
use crate::probe::as_user::{self, Ids};
use crate::probe::host;
use crate::read::url;

/// The kernel answers at once, unless whoever listens takes no connections any more.
const ANSWER: Duration = Duration::from_secs(1);

impl Found {
    /// Connects to each as the process `pid` would, without a word.
    pub(super) async fn with_sockets(mut self, pid: u32) -> Self {
        let Some((user, private)) = user_of(pid) else { return self };
        let named = variables(self.app.as_ref()).into_iter().filter_map(|variable| {
            let (_, value) = self.values.get(variable)?.first()?;
            Some((variable.to_owned(), url::read(value).ok()?.url.socket?))
        });
        let (own, named): (Vec<_>, Vec<_>) = named.partition(|(_, path)| private && is_temporary(path));
        // Of a file system of its own only what is not in it is told.
        let there = |path: &str| matches!(host::stat(path), Ok(Some(_)));
        let hidden = own
            .into_iter()
            .filter(|(_, path)| there(path) && matches!(host::stat(format!("/proc/{pid}/root{path}")), Ok(None)));
        let mut sockets: Vec<LocalSocket> =
            hidden.map(|(variable, path)| LocalSocket { variable, path, state: SocketState::Hidden }).collect();
        for (variable, path) in named {
            sockets.extend(state(&user, &path).await.map(|state| LocalSocket { variable, path, state }));
        }
        self.sockets = sockets;
        self
    }
}

/// Whether a service may have a file of its own by that name (systemd.exec(5), `PrivateTmp=`).
fn is_temporary(path: &str) -> bool {
    path.split('/').take(3).any(|part| part == "tmp")
}

/// The ids of a process, and whether it sees other files than we do. None where we are not root: then only our own ids can be
/// had.
fn user_of(pid: u32) -> Option<(Ids, bool)> {
    let process = Process::new(i32::try_from(pid).ok()?).ok()?;
    let status = process.status().ok().filter(|_| rustix::process::geteuid().is_root())?;
    let user = Ids {
        uid: Uid::from_raw(status.euid),
        gid: Gid::from_raw(status.egid),
        groups: status.groups.into_iter().map(Gid::from_raw).collect(),
    };
    let files = |process: &Process| Some(process.namespaces().ok()?.0.get(std::ffi::OsStr::new("mnt"))?.identifier);
    let private = Process::myself().ok().is_none_or(|own| files(&own) != files(&process));
    Some((user, private))
}

/// None where it was not to be seen.
async fn state(user: &Ids, path: &str) -> Option<SocketState> {
    let Ok(connected) = timeout(ANSWER, as_user::connect(Some(user.clone()), path, None)).await else {
        return None;
    };
    let error = match connected.ok()? {
        Ok(_) => return Some(SocketState::Open),
        Err(error) => error.kind(),
    };
    let found = host::stat(path).ok()?;
    match (error, found) {
        (ErrorKind::NotFound, None) => Some(SocketState::Missing),
        (ErrorKind::ConnectionRefused, Some(found)) if found.is_socket => Some(SocketState::Refused),
        (ErrorKind::ConnectionRefused, Some(_)) => Some(SocketState::Other),
        (ErrorKind::PermissionDenied, Some(found)) => Some(SocketState::Forbidden {
            user: name(&user.uid.as_raw().to_string(), "/etc/passwd"),
            owner: format!(
                "{}:{}",
                name(&found.owner.to_string(), "/etc/passwd"),
                name(&found.group.to_string(), "/etc/group")
            ),
            mode: found.mode & 0o777,
        }),
        _ => None,
    }
}

/// The name of a user or a group, by its number (passwd(5), group(5)).
fn name(number: &str, table: &str) -> String {
    let text = host::read_if_there(table).ok().flatten().unwrap_or_default();
    let of = |line: &str| {
        let fields: Vec<&str> = line.split(':').collect();
        (fields.get(2) == Some(&number)).then(|| fields.first().map(ToString::to_string)).flatten()
    };
    text.lines().find_map(of).unwrap_or_else(|| number.to_owned())
}

/// What [`Found::with_sockets`] does.
pub(super) fn touches() -> Vec<Touch> {
    let all =
        [reads(&["/etc/passwd", "/etc/group", "{socket}", "/proc/{pid}/root{socket}"]), connects(&["unix {socket}"])];
    only("where the web app's URL names a Unix socket", all.concat())
}
