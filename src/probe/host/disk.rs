//! Whether a folder's file system takes data.

use crate::fact::disk::ShutFolder;

/// What keeps the folder's file system from taking data; none where nothing does, or where that cannot be seen.
#[cfg(unix)]
pub fn shut(folder: &str) -> Option<ShutFolder> {
    use rustix::fs::{StatVfsMountFlags, statvfs};

    use crate::fact::disk::{ROOM, Shut};

    let told = statvfs(folder).ok()?;
    let left = told.f_bavail.saturating_mul(told.f_frsize);
    let shut = if told.f_flag.contains(StatVfsMountFlags::RDONLY) {
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
