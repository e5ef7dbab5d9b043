//! A connection to a Unix socket as another user of this machine: whether it is let through, and as whom, the kernel decides by
//! the ids of the thread that connects (unix(7)). Linux has ids per thread; only one thread takes them, for one connect.
#![expect(clippy::disallowed_methods, reason = "dialling is this room's work")]

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use rustix::process::{Gid, Uid};
use rustix::thread;

use crate::fact::Unseen;
use crate::probe::host::{self, limits};

/// A user, by numbers.
#[derive(Debug, Clone)]
pub(super) struct Ids {
    pub(super) uid: Uid,
    pub(super) gid: Gid,
    /// The groups besides.
    pub(super) groups: Vec<Gid>,
}

/// Connects to a socket by its path, or by a handle to it where no path of this machine leads there for that user. Without a
/// user as we are ourselves.
pub(super) async fn connect(
    user: Option<Ids>,
    path: &str,
    handle: Option<Arc<File>>,
) -> Result<io::Result<UnixStream>, Unseen> {
    // A thread of this process may follow its handles, whosever ids it has.
    let path = handle.as_ref().map_or_else(|| path.to_owned(), |it| format!("/proc/self/fd/{}", it.as_raw_fd()));
    // The thread ends with it: nothing else ever runs with these ids.
    let begun = host::apart(move || {
        let connected = connect_as(user.as_ref(), &path);
        drop(handle);
        connected
    });
    let heard = begun.map_err(|error| {
        limits::note_start(&error);
        Unseen::NoTool("no thread could be started".to_owned())
    })?;
    heard.await.map_err(|_| Unseen::Crashed)
}

fn connect_as(user: Option<&Ids>, path: &str) -> io::Result<UnixStream> {
    if let Some(Ids { uid, gid, groups }) = user {
        thread::set_thread_groups(groups)?;
        thread::set_thread_res_gid(*gid, *gid, *gid)?;
        thread::set_thread_res_uid(*uid, *uid, *uid)?;
    }
    let stream = UnixStream::connect(path)?;
    stream.set_nonblocking(true)?;
    Ok(stream)
}
