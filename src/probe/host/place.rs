//! Where a program stands that is called by its name. Started by its path it takes one `posix_spawn(3)`; by its name, with the `PATH`
//! that it is given, the standard library forks, which copies the tables of all our memory for each.
#![expect(clippy::disallowed_methods, reason = "part of the door")]

use std::fs::{File, metadata, symlink_metadata};
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::program::environment;

/// The first file of this name that somebody may run, in the folders where the system would look for it.
pub(super) fn of(program: &str) -> Option<PathBuf> {
    let runs = |path: &Path| metadata(path).is_ok_and(|met| met.is_file() && met.permissions().mode() & 0o111 != 0);
    if program.contains('/') { None } else { paths(program).into_iter().find(|path| runs(path)) }
}

/// Whether there is a program of this name.
pub(in crate::probe) fn is_installed(program: &str) -> bool {
    of(program).is_some()
}

/// Whether what would be run by this name is a program of this very name: no script, and no link to another.
pub(in crate::probe) fn is_itself(program: &str) -> bool {
    let found = paths(program).into_iter().find_map(|path| symlink_metadata(&path).ok().map(|met| (path, met)));
    let Some((found, _)) = found.filter(|(_, met)| met.is_file()) else { return false };
    let mut start = [0; 4];
    let read = File::open(found).and_then(|mut file| file.read_exact(&mut start));
    read.is_ok() && start == *b"\x7fELF"
}

fn paths(program: &str) -> Vec<PathBuf> {
    let path = environment(program).into_iter().find(|(name, _)| *name == "PATH").map(|(_, path)| path);
    let folders = path.unwrap_or_default();
    // An empty one would be the folder we are in.
    std::env::split_paths(&folders).filter(|it| !it.as_os_str().is_empty()).map(|it| it.join(program)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_told_from_a_script_and_a_link() {
        assert!(is_itself("bash"), "a program of this machine");
        assert!(!is_itself("no-such-program"));
        // A link to dash or bash, or on some a link to busybox.
        assert!(!is_itself("sh"));
    }

    #[test]
    fn a_program_is_found_where_the_system_finds_it() {
        let found = of("sh").expect("a shell");
        assert!(found.is_absolute() && found.ends_with("sh"), "{}", found.display());
        assert_eq!(of("no-such-program"), None);
        assert_eq!(of("/bin/sh"), None, "a path is where it says");
    }
}
