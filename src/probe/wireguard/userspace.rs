//! Userspace implementations, over the sockets they leave in one folder.
#![expect(clippy::disallowed_methods, reason = "dialling is this probe's work")]

use std::io::ErrorKind;
use std::time::Duration;

use secrecy::zeroize::Zeroizing;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use super::running::{Found, needs_root};
use crate::fact::Unseen;
use crate::fact::network::Link;
use crate::fact::touch::{Touch, connects, only, reads};
use crate::probe::host;
use crate::read::wg_uapi;

const FOLDER: &str = "/var/run/wireguard";
/// Where every service leaves what it runs with.
const ALL: &str = "/run";
const DEADLINE: Duration = Duration::from_secs(1);

/// All that answer. `links` tells which interfaces there are, if that is known.
pub(super) async fn interfaces(links: Option<&[Link]>) -> Found {
    // An implementation in userspace needs a tun device.
    let none = links.is_some_and(|links| links.iter().all(|link| link.kind.as_deref() != Some("tun")));
    let files = match host::list(FOLDER) {
        Ok(Some(files)) => files,
        // No machine runs with nothing there: it is another one, for this process alone.
        Ok(None) if !none && host::list(ALL).ok().flatten().is_none_or(|names| names.is_empty()) => {
            return Err(Unseen::NotKnown(format!("{ALL} is empty here, so no program's tunnel can be asked")));
        }
        Ok(None) => Vec::new(),
        Err(Unseen::NeedsRights(_)) => return if none { Ok(Vec::new()) } else { Err(needs_root()) },
        Err(why) => return Err(why),
    };
    let mut found = Vec::new();
    for name in files.iter().filter_map(|file| file.strip_suffix(".sock")) {
        // A socket that outlived its interface says nothing.
        if links.is_some_and(|links| links.iter().all(|link| link.name != name)) {
            continue;
        }
        let path = format!("{FOLDER}/{name}.sock");
        let answer = match tokio::time::timeout(DEADLINE, ask(&path)).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(ErrorKind::PermissionDenied)) => return Err(needs_root()),
            // Nobody listens any more.
            Ok(Err(ErrorKind::ConnectionRefused | ErrorKind::NotFound)) => continue,
            Ok(Err(kind)) => return Err(Unseen::NoTool(format!("{path}: {kind}"))),
            Err(_) => return Err(Unseen::NoTool(format!("{path}: no answer"))),
        };
        let text = String::from_utf8_lossy(&answer);
        let interface =
            wg_uapi::read(name, &text).map_err(|errno| Unseen::Unreadable(format!("{path}: errno {errno}")))?;
        found.push((interface, format!("userspace ({path})")));
    }
    Ok(found)
}

/// The answer holds private keys: it is wiped when dropped.
async fn ask(path: &str) -> Result<Zeroizing<Vec<u8>>, ErrorKind> {
    const LARGEST: usize = 4 << 20;
    let mut socket = UnixStream::connect(path).await.map_err(|error| error.kind())?;
    socket.write_all(b"get=1\n\n").await.map_err(|error| error.kind())?;
    let mut answer = Zeroizing::new(Vec::with_capacity(64 << 10));
    while !answer.ends_with(b"\n\n") && answer.len() < LARGEST {
        if socket.read_buf(&mut *answer).await.map_err(|error| error.kind())? == 0 {
            break;
        }
    }
    Ok(answer)
}

/// What [`interfaces`] does.
pub(super) fn touches() -> Vec<Touch> {
    let sockets = connects(&["unix /var/run/wireguard/{interface}.sock"]);
    let hidden = only("where that is not there, and there is a tun device", reads(&[ALL]));
    [reads(&[FOLDER]), hidden, only("where WireGuard runs in userspace", sockets)].concat()
}
