//! The door: read a file, run a program, read the clock. Every probe goes through here, so that what this program
//! can do to a machine stands in one room: it reads, and removes its own copy.
#![expect(clippy::disallowed_methods, reason = "this is the door that the other files may not open")]

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::fact::touch::{Touch, only, reads, runs};
use crate::snapshot::Rights;

mod apart;
mod disk;
mod end;
mod file;
mod files;
mod keeper;
pub mod limits;
mod ours;
#[cfg(unix)]
mod place;
mod program;

pub use apart::{apart, leave_if_apart};
pub use disk::{shut, shut_touches};
pub use end::end;
pub(super) use file::read_program;
pub use file::{Stat, Text, list, read, read_if_there, read_named, read_or_unseen, stat};
pub use files::Files;
pub(super) use keeper::{copied, gone};
pub(super) use ours::only_ours;
#[cfg(unix)]
pub(super) use place::{is_installed, is_itself};
pub(super) use program::{Given, run_given};
pub use program::{Said, run};

/// Whether there is a program of this name: none of those that are asked for is on Windows.
#[cfg(not(unix))]
pub(super) fn is_installed(_: &str) -> bool {
    false
}

/// The time of day by this machine's own clock, to compare it with another's.
pub fn precise_now() -> SystemTime {
    SystemTime::now()
}

/// The file of this running program.
pub fn own_program() -> Option<String> {
    std::env::current_exe().ok()?.to_str().map(str::to_owned)
}

/// This process' number.
pub fn process_id() -> u32 {
    std::process::id()
}

/// Removes a file: the program's own copy in a container, and nothing else. That it cannot be removed is no error:
/// whoever made it tries, too.
pub(super) fn remove(path: &str) {
    let _ = std::fs::remove_file(path);
}

/// What an error is, in words: the kind, or what the system calls it.
pub(super) fn words(error: &std::io::Error) -> String {
    let kind = error.kind().to_string();
    if kind == "uncategorized error" { error.to_string() } else { kind }
}

/// Removes the folder of such a copy; one that has something in it stays.
pub(super) fn remove_folder(path: &str) {
    let _ = std::fs::remove_dir(path);
}

/// A variable of this process.
pub fn variable(name: &str) -> Option<String> {
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}

/// Seconds since the epoch.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |age| age.as_secs())
}

/// A clock for durations.
pub fn clock() -> Instant {
    Instant::now()
}

/// The machine's name.
pub fn hostname() -> String {
    for path in ["/proc/sys/kernel/hostname", "/etc/hostname"] {
        if let Text::Read(name) = read(path) {
            return name.trim().to_owned();
        }
    }
    variable("COMPUTERNAME").unwrap_or_else(|| "unnamed".to_owned())
}

/// The kernel's release (proc_sys_kernel(5), osrelease); empty where it is not told.
pub fn kernel() -> String {
    match read("/proc/sys/kernel/osrelease") {
        Text::Read(release) => release.trim().to_owned(),
        Text::Missing | Text::Forbidden | Text::Failed(_) => String::new(),
    }
}

/// Whether we have a user's rights, where users have numbers.
pub(super) fn is_user(number: u32) -> bool {
    #[cfg(unix)]
    return rustix::process::geteuid().as_raw() == number;
    #[cfg(not(unix))]
    return {
        let _ = number;
        false
    };
}

/// With which rights we look.
pub fn rights() -> Rights {
    if cfg!(windows) {
        // This folder is shown to administrators alone.
        let folder = variable("SystemRoot").map(|root| format!("{root}\\System32\\config\\systemprofile"));
        let seen = folder.is_some_and(|folder| matches!(list(folder), Ok(Some(_))));
        return if seen { Rights::Administrator } else { Rights::User };
    }
    let Text::Read(status) = read("/proc/self/status") else { return Rights::User };
    let effective =
        status.lines().find_map(|line| line.strip_prefix("Uid:")).and_then(|ids| ids.split_whitespace().nth(1));
    if effective == Some("0") { Rights::Root } else { Rights::User }
}

/// What every run does, whatever it looks at.
pub fn touches() -> Vec<Touch> {
    let own = ["/dev/null", "/proc/self/exe", "/proc/self/maps", "/proc/self/status"];
    // The allocator's and the runtime's own.
    let runtime = ["/proc/sys/vm/overcommit_memory", "/sys/devices/system/cpu/online"];
    let name = ["/proc/sys/kernel/hostname", "/proc/sys/kernel/osrelease"];
    [
        reads(&own),
        reads(&runtime),
        reads(&name),
        only("if the kernel does not tell the name", reads(&["/etc/hostname"])),
        only(
            "before the first program that is run",
            runs(&["/bin/sh -c {keeper} clipcheck-keeper CLIPCHECK_RUN={run}"]),
        ),
    ]
    .concat()
}
