//! Whether a folder's file system takes data.

use crate::fact::disk::ShutFolder;
use crate::fact::touch::{Touch, only, reads};

/// What [`shut`] looks at.
pub fn shut_touches(folders: &[&str]) -> Vec<Touch> {
    let outside: Vec<String> = folders.iter().map(|folder| format!("/proc/1/root{folder}")).collect();
    let outside: Vec<&str> = outside.iter().map(String::as_str).collect();
    [reads(folders), only("where it is mounted read-only", reads(&outside))].concat()
}

/// What keeps the folder's file system from taking data; none where nothing does, or where that cannot be seen.
#[cfg(unix)]
pub fn shut(folder: &str) -> Option<ShutFolder> {
    use rustix::fs::{StatVfsMountFlags, statvfs};

    use crate::fact::disk::{ROOM, Shut};

    let told = statvfs(folder).ok()?;
    let left = told.f_bavail.saturating_mul(told.f_frsize);
    // A sandbox of our own (`ProtectSystem=`) makes it so for us alone: it counts as the machine's first process sees it.
    let read_only = |flags: StatVfsMountFlags| flags.contains(StatVfsMountFlags::RDONLY);
    let for_all = || statvfs(format!("/proc/1/root{folder}")).is_ok_and(|told| read_only(told.f_flag));
    let shut = if read_only(told.f_flag) && for_all() {
        Shut::ReadOnly
    } else if told.f_blocks > 0 && left < ROOM {
        Shut::NoSpace(left)
    } else if told.f_files > 0 && told.f_favail == 0 {
        // A file system that makes inodes as it needs them counts none.
        Shut::NoFiles
    } else {
        return None;
    };
    Some(ShutFolder { path: folder.to_owned(), shut })
}

/// Windows' own services are none that are looked at.
#[cfg(not(unix))]
pub fn shut(_: &str) -> Option<ShutFolder> {
    None
}
