//! What this process itself runs short of. That it has no file handle left says nothing about the machine that it looks
//! at, and must never be told as a closed port or a program that is not installed.
//!
//! Each look has a thread of its own. The doors note here what makes its outcome worthless; it is taken when the look
//! ends, and then nothing counts that the look made of it.

use std::cell::RefCell;
use std::io;

use crate::fact::Unseen;

/// The least limit to a process' address space under which a run ends well.
#[cfg(unix)]
const ADDRESSES: u64 = 1 << 30;

thread_local! {
    static WORTHLESS: RefCell<Option<Unseen>> = const { RefCell::new(None) };
}

/// What an error says of this process, if it does: errno(3), with Linux' numbers.
fn named(error: &io::Error) -> Option<&'static str> {
    if cfg!(windows) {
        return None;
    }
    Some(match error.raw_os_error()? {
        24 => "this process has no file handles left (EMFILE); `ulimit -n` shows the limit",
        23 => "the system has no file handles left (ENFILE)",
        12 => "out of memory (ENOMEM)",
        105 => "no buffer space left (ENOBUFS)",
        _ => return None,
    })
}

/// Notes an error that is this process' own; whether it is one.
pub(in crate::probe) fn note(error: &io::Error) -> bool {
    let short_of = named(error);
    if let Some(what) = short_of {
        spoil(Unseen::OwnLimit(what.to_owned()));
    }
    short_of.is_some()
}

/// Whatever this look will bring is worth nothing, and this is why.
pub(in crate::probe) fn spoil(why: Unseen) {
    WORTHLESS.set(Some(why));
}

/// Notes an error of starting a process or a thread, where `EAGAIN` too is our own limit (fork(2)).
pub(in crate::probe) fn note_start(error: &io::Error) -> bool {
    const EAGAIN: i32 = 11;
    if cfg!(unix) && error.raw_os_error() == Some(EAGAIN) {
        let what = "no more processes can be started (EAGAIN); `ulimit -u` shows the limit";
        spoil(Unseen::OwnLimit(what.to_owned()));
        return true;
    }
    note(error)
}

/// Why no thread could be started.
pub fn not_started(error: &io::Error) -> Unseen {
    note_start(error);
    take().unwrap_or_else(|| Unseen::OwnLimit(format!("no thread could be started: {}", super::words(error))))
}

/// Notes that the system does not let this process do what any other may: a filter of system calls (seccomp(2)). What it
/// then does not hear says nothing about who did not say it.
pub(in crate::probe) fn note_filter(error: &io::Error) {
    if error.kind() == io::ErrorKind::PermissionDenied {
        spoil(Unseen::OwnLimit(
            "this process may not use the network (EPERM): a filter of its system calls".to_owned(),
        ));
    }
}

/// Notes it where no handle can be had now: for libraries that do not tell why they failed.
pub(in crate::probe) fn note_handles() {
    if cfg!(unix)
        && let Err(error) = super::file::open_nothing()
    {
        note(&error);
    }
}

/// Whether there is what a run takes: the handles for waiting itself (tokio panics without them), and addresses for every
/// thread's stack and memory, which the allocator takes much of and uses little (without them the process is aborted).
pub fn room() -> Result<(), Unseen> {
    const HANDLES: usize = 8;
    #[cfg(unix)]
    if let Some(limit) = rustix::process::getrlimit(rustix::process::Resource::As).current
        && limit < ADDRESSES
    {
        let what = format!(
            "it has {} MiB of address space and needs {} MiB; `ulimit -v` shows the limit",
            limit >> 20,
            ADDRESSES >> 20
        );
        return Err(Unseen::OwnLimit(what));
    }
    let opened: io::Result<Vec<_>> = (0..HANDLES).map(|_| super::file::open_nothing()).collect();
    match opened {
        Err(error) if cfg!(unix) && note(&error) => Err(take().unwrap_or(Unseen::Crashed)),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// What made the look on this thread worthless since the last time this was asked.
pub(in crate::probe) fn take() -> Option<Unseen> {
    WORTHLESS.take()
}

// The numbers are Linux's.
#[cfg(target_os = "linux")]
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_limits_are_told_from_the_worlds_state() {
        let errno = io::Error::from_raw_os_error;
        for (number, own) in [(24, true), (23, true), (12, true), (105, true), (11, false), (111, false), (13, false)] {
            assert_eq!(note(&errno(number)), own, "{number}");
            assert_eq!(take().is_some(), own, "{number}");
        }
        assert!(note_start(&errno(11)) && take().is_some());
        assert_eq!(take(), None, "it is told once");
    }
}
