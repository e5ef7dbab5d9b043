//! The one door for reading files, also those that the user names: no waiting, regular files only, and none that is
//! longer than its limit. What is not read whole is not read.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::path::Path;

use super::limits;
use crate::fact::Unseen;
use crate::fact::order::InOrder;

/// No file that a look reads is longer in life: ufw's rules for a thousand addresses are 200 KiB.
pub(super) const LONGEST: u64 = 4 << 20;

/// A snapshot of a server with ten thousand peers is 8 MiB.
const LONGEST_NAMED: u64 = 64 << 20;

/// This program with all that a debugger wants to know of it has 70 MiB.
const LONGEST_PROGRAM: u64 = 256 << 20;

/// No folder that is looked into has more in life; /home of a large machine has some hundreds.
pub(super) const MOST_NAMES: usize = 10_000;

/// A file that is not there is a fact; one that may not be read, or not whole, is unseen.
#[derive(Debug)]
pub enum Text {
    /// Its text; bytes that are no UTF-8 are replaced.
    Read(String),
    /// `ENOENT`.
    Missing,
    /// `EACCES` or `EPERM`.
    Forbidden,
    /// Anything else; holds why.
    Failed(String),
}

/// Why bytes were not read.
pub(super) enum Refusal {
    Error(io::Error),
    Unfit(String),
}

/// Opens without waiting for another end (open(2), `O_NONBLOCK`: a FIFO) and without becoming anybody's terminal.
pub(super) fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;

        use rustix::fs::OFlags;
        let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits();
        options.custom_flags(i32::try_from(flags).unwrap_or_default());
    }
    options.open(path)
}

/// What the file is in place of a regular one. Only that is opened: to open a device may do something to it.
fn kind(found: &Metadata) -> Option<&'static str> {
    if found.is_file() {
        return None;
    }
    if found.is_dir() {
        return Some("a directory");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::{FileTypeExt, MetadataExt};
        let kind = found.file_type();
        // The major and minor number of /dev/null (null(4)).
        if kind.is_char_device() && found.rdev() == (1 << 8 | 3) {
            return Some("a link to /dev/null (a masked unit has one)");
        }
        for (is, name) in
            [(kind.is_fifo(), "a FIFO"), (kind.is_socket(), "a socket"), (kind.is_char_device(), "a device")]
        {
            if is {
                return Some(name);
            }
        }
    }
    Some("not a regular file")
}

/// Reads all of a file, or nothing.
fn bytes(path: &Path, longest: u64) -> Result<Vec<u8>, Refusal> {
    fits(&std::fs::metadata(path).map_err(Refusal::Error)?, longest)?;
    let file = open(path).map_err(Refusal::Error)?;
    // It may be another one by now.
    fits(&file.metadata().map_err(Refusal::Error)?, longest)?;
    bounded(file, longest)
}

/// An error where it is no regular file.
pub(super) fn is_regular(path: &Path) -> Result<(), Unseen> {
    match kind(&std::fs::metadata(path).map_err(|error| not_seen(path, &error))?) {
        Some(kind) => Err(Unseen::Unreadable(format!("{}: it is {kind}", path.display()))),
        None => Ok(()),
    }
}

/// Whether it is a regular file, and no longer than that.
pub(super) fn fits(found: &Metadata, longest: u64) -> Result<(), Refusal> {
    match kind(found) {
        Some(kind) => Err(Refusal::Unfit(format!("it is {kind}"))),
        None if found.len() > longest => Err(too_long(longest)),
        None => Ok(()),
    }
}

fn too_long(longest: u64) -> Refusal {
    Refusal::Unfit(format!("it is longer than {} MiB", longest >> 20))
}

pub(super) fn bounded(file: impl Read, longest: u64) -> Result<Vec<u8>, Refusal> {
    // Nearly all that is read here is shorter: one reading and one that says that it was all.
    let mut bytes = Vec::with_capacity(8 << 10);
    file.take(longest.saturating_add(1)).read_to_end(&mut bytes).map_err(Refusal::Error)?;
    if bytes.len() as u64 > longest { Err(too_long(longest)) } else { Ok(bytes) }
}

pub(super) fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

pub(super) fn not_seen(path: &Path, error: &io::Error) -> Unseen {
    if error.kind() == ErrorKind::PermissionDenied {
        Unseen::NeedsRights(format!("run as root to see {}", path.display()))
    } else {
        Unseen::Unreadable(format!("{}: {}", path.display(), reason(error)))
    }
}

fn reason(error: &io::Error) -> String {
    limits::note(error);
    error.kind().to_string()
}

/// Reads a text file.
pub fn read(path: impl AsRef<Path>) -> Text {
    text(bytes(path.as_ref(), LONGEST))
}

/// As text, or why not.
pub(super) fn text(bytes: Result<Vec<u8>, Refusal>) -> Text {
    match bytes {
        Ok(bytes) => Text::Read(String::from_utf8_lossy(&bytes).into_owned()),
        Err(Refusal::Unfit(why)) => Text::Failed(why),
        Err(Refusal::Error(error)) if is_missing(&error) => Text::Missing,
        Err(Refusal::Error(error)) if error.kind() == ErrorKind::PermissionDenied => Text::Forbidden,
        Err(Refusal::Error(error)) => Text::Failed(reason(&error)),
    }
}

/// Reads a text file that may not be there: none, if so.
pub fn read_if_there(path: impl AsRef<Path>) -> Result<Option<String>, Unseen> {
    let path = path.as_ref();
    match read(path) {
        Text::Read(text) => Ok(Some(text)),
        Text::Missing => Ok(None),
        Text::Forbidden => Err(Unseen::NeedsRights(format!("run as root to read {}", path.display()))),
        Text::Failed(why) => Err(Unseen::Unreadable(format!("{}: {why}", path.display()))),
    }
}

/// Reads a text file that ought to be there.
pub fn read_or_unseen(path: impl AsRef<Path>) -> Result<String, Unseen> {
    let path = path.as_ref();
    read_if_there(path)?.ok_or_else(|| Unseen::NotKnown(format!("there is no {}", path.display())))
}

/// Reads what the user named, or standard input for `-`. The error says what is wrong.
pub fn read_named(path: &Path) -> Result<Vec<u8>, String> {
    // What a shell hands over as `<(command)` is a pipe that is open already, as standard input is.
    let handed = path.starts_with("/dev/fd") || path.starts_with("/proc/self/fd");
    let read = if path == Path::new("-") {
        bounded(io::stdin().lock(), LONGEST_NAMED)
    } else if handed {
        File::open(path).map_err(Refusal::Error).and_then(|file| bounded(file, LONGEST_NAMED))
    } else {
        bytes(path, LONGEST_NAMED)
    };
    read.map_err(told)
}

fn told(refusal: Refusal) -> String {
    match refusal {
        Refusal::Unfit(why) => why,
        Refusal::Error(error) if error.kind() == ErrorKind::NotFound => "no such file or directory".to_owned(),
        Refusal::Error(error) => error.kind().to_string(),
    }
}

/// Reads a program.
pub(in crate::probe) fn read_program(path: &str) -> Result<Vec<u8>, String> {
    bytes(Path::new(path), LONGEST_PROGRAM).map_err(|refusal| format!("{path}: {}", told(refusal)))
}

/// The names in a folder, sorted; none if there is no such folder.
pub fn list(path: impl AsRef<Path>) -> Result<Option<Vec<String>>, Unseen> {
    let path = path.as_ref();
    let entries = match std::fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if is_missing(&error) => return Ok(None),
        Err(error) => return Err(not_seen(path, &error)),
    };
    let mut names = Vec::new();
    for entry in entries.take(MOST_NAMES + 1) {
        // A name that is no UTF-8 is none that anything here asks for.
        names.extend(entry.map_err(|error| not_seen(path, &error))?.file_name().into_string());
    }
    if names.len() > MOST_NAMES {
        return Err(Unseen::Unreadable(format!("{}: it contains more than {MOST_NAMES} files", path.display())));
    }
    names.in_order();
    Ok(Some(names))
}

/// Permission bits, owner and time of last change (seconds since the epoch).
#[derive(Debug, Clone, Copy)]
pub struct Stat {
    /// Permission bits.
    pub mode: u32,
    /// User id.
    pub owner: u32,
    /// Group id.
    pub group: u32,
    /// Seconds since the epoch.
    pub changed_at: u64,
    /// Whether it is a plain file.
    pub is_file: bool,
    /// Whether it is a Unix socket.
    pub is_socket: bool,
}

/// A file's mode, owner and age; `Ok(None)` if there is no such file.
pub fn stat(path: impl AsRef<Path>) -> Result<Option<Stat>, Unseen> {
    let path = path.as_ref();
    match std::fs::metadata(path) {
        Ok(found) => Ok(Some(stat_of(&found))),
        Err(error) if is_missing(&error) => Ok(None),
        Err(error) => Err(not_seen(path, &error)),
    }
}

#[cfg(unix)]
pub(super) fn stat_of(found: &Metadata) -> Stat {
    use std::os::unix::fs::{FileTypeExt, MetadataExt};
    Stat {
        mode: found.mode() & 0o7777,
        owner: found.uid(),
        group: found.gid(),
        changed_at: u64::try_from(found.mtime()).unwrap_or(0),
        is_file: found.is_file(),
        is_socket: found.file_type().is_socket(),
    }
}

#[cfg(not(unix))]
pub(super) fn stat_of(found: &Metadata) -> Stat {
    let changed = found.modified().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
    Stat {
        mode: 0o600,
        owner: 0,
        group: 0,
        is_socket: false,
        changed_at: changed.map_or(0, |age| age.as_secs()),
        is_file: found.is_file(),
    }
}

/// Whether a handle can be had at all.
pub(super) fn open_nothing() -> io::Result<File> {
    File::open("/dev/null")
}
