//! The files of this machine, or those of a container as its own processes see them. There every name, and every link in it,
//! is followed inside (openat2(2), `RESOLVE_IN_ROOT`): a link to /etc is the container's /etc. Nothing is run in it.

#[cfg(target_os = "linux")]
use std::fs::File;
#[cfg(target_os = "linux")]
use std::io;
use std::path::Path;

#[cfg(target_os = "linux")]
use rustix::fd::{AsFd, OwnedFd};
#[cfg(target_os = "linux")]
use rustix::fs::{CWD, Dir, Mode, OFlags, ResolveFlags, open, openat2};
#[cfg(target_os = "linux")]
use rustix::io::Errno;

#[cfg(target_os = "linux")]
use super::file::{self, LONGEST, MOST_NAMES, Refusal, stat_of};
use super::file::{Stat, Text};
use crate::fact::Unseen;

/// Whose files.
#[derive(Debug, Default)]
pub struct Files {
    #[cfg(target_os = "linux")]
    inside: Option<Inside>,
}

/// A container's.
#[cfg(target_os = "linux")]
#[derive(Debug)]
struct Inside {
    /// The container's name.
    of: String,
    root: OwnedFd,
}

impl Files {
    /// Those of the container `name`, whose first process is `process`, and whose id is `id`.
    #[cfg(target_os = "linux")]
    pub fn of_container(name: &str, id: &str, process: u32) -> Result<Self, Unseen> {
        let path = format!("/proc/{process}/root");
        let root = open(path.as_str(), OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).map_err(io::Error::from);
        let root = root.map_err(|error| {
            if error.kind() == io::ErrorKind::PermissionDenied {
                Unseen::NeedsRights(format!("run as root to see the files of the container {name}"))
            } else {
                Unseen::NotKnown(format!("the process {process} of the container {name} is not here"))
            }
        })?;
        // Docker's engine may be another machine's, and its numbers then belong to any process of this one.
        match super::read(format!("/proc/{process}/cgroup")) {
            Text::Read(groups) if !id.is_empty() && groups.contains(id) => {}
            Text::Read(_) | Text::Missing | Text::Forbidden | Text::Failed(_) => {
                return Err(Unseen::NotKnown(format!(
                    "the process {process} of this machine is none of the container {name}"
                )));
            }
        }
        Ok(Self { inside: Some(Inside { of: name.to_owned(), root }) })
    }

    /// Elsewhere than on Linux, containers run in a machine of their own.
    #[cfg(not(target_os = "linux"))]
    pub fn of_container(name: &str, _: &str, _: u32) -> Result<Self, Unseen> {
        Err(Unseen::NoTool(format!("the files of the container {name} can only be seen on Linux")))
    }

    /// How a file is called: in a container as `docker cp` has it.
    pub fn shown(&self, path: impl AsRef<Path>) -> String {
        let path = path.as_ref().display();
        #[cfg(target_os = "linux")]
        if let Some(inside) = &self.inside {
            return format!("{}:{path}", inside.of);
        }
        path.to_string()
    }

    /// Reads a text file that may not be there: none, if so.
    pub fn read_if_there(&self, path: impl AsRef<Path>) -> Result<Option<String>, Unseen> {
        let path = path.as_ref();
        match self.text(path) {
            Text::Read(text) => Ok(Some(text)),
            Text::Missing => Ok(None),
            Text::Forbidden => Err(Unseen::NeedsRights(format!("run as root to read {}", self.shown(path)))),
            Text::Failed(why) => Err(Unseen::Unreadable(format!("{}: {why}", self.shown(path)))),
        }
    }

    /// Reads a text file that ought to be there.
    pub fn read_or_unseen(&self, path: impl AsRef<Path>) -> Result<String, Unseen> {
        let path = path.as_ref();
        self.read_if_there(path)?.ok_or_else(|| Unseen::NotKnown(format!("there is no {}", self.shown(path))))
    }

    fn text(&self, path: &Path) -> Text {
        #[cfg(target_os = "linux")]
        if let Some(inside) = &self.inside {
            return file::text(inside.bytes(path));
        }
        super::read(path)
    }

    /// The names in a folder, sorted; none if there is no such folder.
    pub fn list(&self, path: impl AsRef<Path>) -> Result<Option<Vec<String>>, Unseen> {
        #[cfg(target_os = "linux")]
        if let Some(inside) = &self.inside {
            return match inside.names(path.as_ref()) {
                Ok(names) if names.len() > MOST_NAMES => {
                    Err(Unseen::Unreadable(format!("{}: it contains more than {MOST_NAMES} files", self.shown(path))))
                }
                Ok(names) => Ok(Some(names)),
                Err(error) if file::is_missing(&error) => Ok(None),
                Err(error) => Err(file::not_seen(Path::new(&self.shown(path)), &error)),
            };
        }
        super::list(path)
    }

    /// A file's mode, owner and age; `Ok(None)` if there is no such file.
    pub fn stat(&self, path: impl AsRef<Path>) -> Result<Option<Stat>, Unseen> {
        #[cfg(target_os = "linux")]
        if let Some(inside) = &self.inside {
            return match inside.open(path.as_ref(), OFlags::PATH).and_then(|file| file.metadata()) {
                Ok(found) => Ok(Some(stat_of(&found))),
                Err(error) if file::is_missing(&error) => Ok(None),
                Err(error) => Err(file::not_seen(Path::new(&self.shown(path)), &error)),
            };
        }
        super::stat(path)
    }

    /// A handle on something that is not read: a socket.
    #[cfg(target_os = "linux")]
    pub fn handle(&self, path: &str) -> Result<Option<File>, Unseen> {
        let Some(inside) = &self.inside else { return Ok(None) };
        let opened = inside.open(Path::new(path), OFlags::PATH);
        opened.map(Some).map_err(|error| file::not_seen(Path::new(&self.shown(path)), &error))
    }
}

#[cfg(target_os = "linux")]
impl Inside {
    fn open(&self, path: &Path, flags: OFlags) -> io::Result<File> {
        let path = path.strip_prefix("/").unwrap_or(path);
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        let flags = flags | OFlags::CLOEXEC;
        let open = || openat2(&self.root, path, flags, Mode::empty(), ResolveFlags::IN_ROOT);
        let opened = match open() {
            // Where a name is changed at that moment, the kernel asks to try again (openat2(2), `EAGAIN`).
            Err(Errno::AGAIN) => open(),
            opened => opened,
        };
        Ok(File::from(opened?))
    }

    /// Reads all of a regular file, or nothing: what it is, is known before it is opened for reading.
    fn bytes(&self, path: &Path) -> Result<Vec<u8>, Refusal> {
        let found = self.open(path, OFlags::PATH).map_err(Refusal::Error)?;
        file::fits(&found.metadata().map_err(Refusal::Error)?, LONGEST)?;
        // The same file again, whatever has its name by now.
        let own = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&found));
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let opened = rustix::fs::openat(CWD, own.as_str(), flags, Mode::empty());
        file::bounded(File::from(opened.map_err(|error| Refusal::Error(error.into()))?), LONGEST)
    }

    fn names(&self, path: &Path) -> io::Result<Vec<String>> {
        let folder = self.open(path, OFlags::RDONLY | OFlags::DIRECTORY)?;
        let mut names = Vec::new();
        for entry in Dir::read_from(folder.as_fd())?.take(MOST_NAMES + 3) {
            // A name that is no UTF-8 is none that anything here asks for.
            names.extend(entry?.file_name().to_str().ok().map(str::to_owned));
        }
        names.retain(|name| name != "." && name != "..");
        names.sort();
        Ok(names)
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    fn link(to: &str, from: impl AsRef<Path>) -> rustix::io::Result<()> {
        rustix::fs::symlinkat(to, CWD, from.as_ref())
    }

    fn files(root: &Path) -> Files {
        let root = open(root, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).expect("a folder");
        Files { inside: Some(Inside { of: "redis".to_owned(), root }) }
    }

    #[test]
    fn a_link_is_followed_inside() {
        let root = tempfile::tempdir().expect("a folder");
        let at = |name: &str| root.path().join(name);
        std::fs::create_dir(at("x")).expect("made");
        std::fs::write(at("x/hostname"), "inside").expect("written");
        link("/x/hostname", at("absolute")).expect("linked");
        link("../../../../../x/hostname", at("x/above")).expect("linked");
        link("/x/shadow", at("x/other")).expect("linked");
        let files = files(root.path());
        for path in ["/x/hostname", "/absolute", "/x/above", "/../x/hostname"] {
            assert_eq!(files.read_or_unseen(path).expect(path), "inside", "{path}");
        }
        assert!(matches!(files.read_if_there("/x/other"), Ok(None)), "there is none inside");
        assert_eq!(files.list("/x").expect("a list").expect("there"), ["above", "hostname", "other"]);
        assert!(files.list("/none").expect("seen").is_none() && files.stat("/none").expect("seen").is_none());
        assert!(files.stat("/absolute").expect("seen").expect("there").is_file);
        assert_eq!(files.shown("/x/hostname"), "redis:/x/hostname");
    }

    #[test]
    fn what_is_no_file_is_not_opened() {
        let root = tempfile::tempdir().expect("a folder");
        let fifo = root.path().join("fifo");
        rustix::fs::mknodat(CWD, &fifo, rustix::fs::FileType::Fifo, Mode::from_raw_mode(0o600), 0).expect("made");
        assert!(matches!(files(root.path()).read_or_unseen("/fifo"), Err(Unseen::Unreadable(_))));
        assert!(matches!(files(root.path()).read_or_unseen("/"), Err(Unseen::Unreadable(_))));
    }

    #[test]
    fn a_process_that_is_not_the_containers_is_not_taken_for_it() {
        let own = std::process::id();
        let other = Files::of_container("redis", "6af66d8bf1eb05f49c52a69972245a10", own);
        assert!(matches!(other, Err(Unseen::NotKnown(why)) if why.contains("none of the container redis")));
        assert!(Files::of_container("redis", "", own).is_err());
    }
}
