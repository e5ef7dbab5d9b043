//! Whether nobody but root and this user can change what lies at a path: the file, every folder above it, and every link on
//! the way.

use std::path::Path;

use crate::fact::Unseen;

/// The error says who could, or why that was not seen.
#[cfg(unix)]
pub(in crate::probe) fn only_ours(path: &Path) -> Result<(), Unseen> {
    unix::walk(path)
}

/// Windows' rights are not read here.
#[cfg(not(unix))]
pub(in crate::probe) fn only_ours(path: &Path) -> Result<(), Unseen> {
    Err(Unseen::NoTool(format!("whether others can write to {} is not looked at on Windows", path.display())))
}

#[cfg(unix)]
mod unix {
    use std::ffi::OsString;
    use std::fs::Metadata;
    use std::os::unix::fs::MetadataExt;
    use std::path::{Component, Path, PathBuf};

    use super::super::file::not_seen;
    use crate::fact::Unseen;

    /// As many as the kernel follows (path_resolution(7)).
    const LINKS: usize = 40;

    /// Others may write.
    const OTHERS: u32 = 0o022;

    /// In such a folder everybody may make files, and nobody may take away or rename another's (inode(7), S_ISVTX).
    const STICKY: u32 = 0o1000;

    pub(super) fn walk(path: &Path) -> Result<(), Unseen> {
        let own = rustix::process::geteuid().as_raw();
        let whole = std::path::absolute(path).map_err(|error| not_seen(path, &error))?;
        let mut here = PathBuf::from("/");
        let mut open = names(&whole);
        let mut links = 0;
        check(&here, &look(&here)?, own)?;
        while let Some(name) = open.pop() {
            if name == ".." {
                here.pop();
                continue;
            }
            let next = here.join(&name);
            let found = look(&next)?;
            check(&next, &found, own)?;
            if !found.is_symlink() {
                here = next;
                continue;
            }
            links += 1;
            if links > LINKS {
                return Err(Unseen::NotKnown(format!("{} leads in a circle of links", path.display())));
            }
            let target = std::fs::read_link(&next).map_err(|error| not_seen(&next, &error))?;
            if target.is_absolute() {
                here = PathBuf::from("/");
            }
            open.extend(names(&target));
        }
        Ok(())
    }

    /// The last one first.
    fn names(path: &Path) -> Vec<OsString> {
        let name = |part: Component<'_>| match part {
            Component::Normal(name) => Some(name.to_owned()),
            Component::ParentDir => Some("..".into()),
            Component::Prefix(_) | Component::RootDir | Component::CurDir => None,
        };
        path.components().rev().filter_map(name).collect()
    }

    fn look(path: &Path) -> Result<Metadata, Unseen> {
        std::fs::symlink_metadata(path).map_err(|error| {
            if error.kind() == std::io::ErrorKind::NotFound {
                return Unseen::NotKnown(format!("there is no {}", path.display()));
            }
            not_seen(path, &error)
        })
    }

    fn check(path: &Path, found: &Metadata, own: u32) -> Result<(), Unseen> {
        let shown = path.display();
        if found.uid() != 0 && found.uid() != own {
            return Err(Unseen::Declined(format!(
                "{shown} belongs to user {}, and what is run here may be changed by root and this user alone",
                found.uid()
            )));
        }
        // A link's own mode means nothing, and whoever may write to a sticky folder may not touch what is ours in it.
        let kept = found.is_symlink() || (found.is_dir() && found.mode() & STICKY != 0);
        if !kept && found.mode() & OTHERS != 0 {
            return Err(Unseen::Declined(format!(
                "others can write to {shown} (mode {:04o}), and so could choose what is run; `chmod go-w {shown}` takes that away",
                found.mode() & 0o7777
            )));
        }
        Ok(())
    }

    #[cfg(test)]
    mod tests {
        #[cfg(unix)]
        use std::os::unix::fs::{PermissionsExt, symlink};

        use super::super::only_ours;
        use super::*;

        fn mode(path: &Path, mode: u32) {
            std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).expect("its mode is set");
        }

        #[test]
        #[expect(clippy::disallowed_methods, reason = "the files under test are written here")]
        fn the_file_the_folders_and_the_links_are_all_looked_at() {
            let top = tempfile::tempdir().expect("a folder");
            let (inner, other) = (top.path().join("inner"), top.path().join("other"));
            std::fs::create_dir_all(&inner).expect("made");
            std::fs::create_dir_all(&other).expect("made");
            let (file, link) = (inner.join("check"), other.join("link"));
            std::fs::write(&file, "").expect("written");
            symlink("../inner/check", &link).expect("linked");
            mode(&file, 0o755);
            mode(&inner, 0o755);
            mode(&other, 0o755);
            assert_eq!(only_ours(&file), Ok(()));
            assert_eq!(only_ours(&link), Ok(()));
            let refused = |path: &Path, named: &Path| {
                let Err(Unseen::Declined(why)) = only_ours(path) else { panic!("{}", path.display()) };
                assert!(why.contains(&named.display().to_string()), "{why}");
            };
            for wide in [0o775, 0o757] {
                mode(&file, wide);
                refused(&link, &file);
                mode(&file, 0o755);
                mode(&inner, wide);
                refused(&file, &inner);
                refused(&link, &inner);
                mode(&inner, 0o755);
                mode(&other, wide);
                refused(&link, &other);
                assert_eq!(only_ours(&file), Ok(()), "the link's folder is not on the way to the file");
                mode(&other, 0o755);
            }
            symlink("round", top.path().join("round")).expect("linked");
            assert!(
                matches!(only_ours(&top.path().join("round")), Err(Unseen::NotKnown(why)) if why.contains("circle"))
            );
            assert!(matches!(only_ours(&top.path().join("gone")), Err(Unseen::NotKnown(_))));
        }
    }
}
