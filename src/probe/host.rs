//! The door: read a file, run a program, read the clock. Every probe goes through here, so that what this program
//! can do to a machine stands on one page: it reads, and removes its own copy.
#![expect(clippy::disallowed_methods, reason = "this is the door that the other files may not open")]

use std::io::Read;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::process::Command;

use crate::fact::Unseen;
use crate::snapshot::Rights;

/// No file that is read here is larger in life; a larger one is not read.
const LARGEST_FILE: u64 = 4 << 20;

/// A file that is not there is a fact; one that may not be read is unseen.
#[derive(Debug)]
pub enum Text {
    /// Its text; bytes that are no UTF-8 are replaced.
    Read(String),
    /// `ENOENT`.
    Missing,
    /// `EACCES` or `EPERM`.
    Forbidden,
    /// Anything else; holds the kind of error.
    Failed(String),
}

/// Reads a text file.
pub fn read(path: impl AsRef<Path>) -> Text {
    let path = path.as_ref();
    let opened = std::fs::File::open(path).and_then(|file| {
        let mut bytes = Vec::new();
        file.take(LARGEST_FILE).read_to_end(&mut bytes)?;
        Ok(bytes)
    });
    match opened {
        Ok(bytes) => Text::Read(String::from_utf8_lossy(&bytes).into_owned()),
        Err(error) => {
            let kind = error.kind();
            if matches!(kind, std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) {
                Text::Missing
            } else if kind == std::io::ErrorKind::PermissionDenied {
                Text::Forbidden
            } else {
                Text::Failed(kind.to_string())
            }
        }
    }
}

/// The time of day by this machine's own clock, to compare it with another's.
pub fn precise_now() -> SystemTime {
    SystemTime::now()
}

/// Reads a text file that ought to be there.
pub fn read_or_unseen(path: &str) -> Result<String, Unseen> {
    match read(path) {
        Text::Read(text) => Ok(text),
        Text::Missing => Err(Unseen::NotKnown(format!("there is no {path}"))),
        Text::Forbidden => Err(Unseen::NeedsRights(format!("run as root to read {path}"))),
        Text::Failed(why) => Err(Unseen::Unreadable(format!("{path}: {why}"))),
    }
}

/// The names in a folder, sorted; none if it cannot be read.
pub fn list(path: impl AsRef<Path>) -> Option<Vec<String>> {
    let mut names: Vec<String> =
        std::fs::read_dir(path).ok()?.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    names.sort();
    Some(names)
}

/// Permission bits, owner and time of last change (seconds since the epoch).
#[derive(Debug, Clone, Copy)]
pub struct Stat {
    /// Permission bits.
    pub mode: u32,
    /// User id.
    pub owner: u32,
    /// Seconds since the epoch.
    pub changed_at: u64,
    /// Whether it is a plain file.
    pub is_file: bool,
}

/// A file's mode, owner and age; `Ok(None)` if there is no such file.
pub fn stat(path: impl AsRef<Path>) -> Result<Option<Stat>, Unseen> {
    let path = path.as_ref();
    match std::fs::metadata(path) {
        Ok(found) => Ok(Some(stat_of(&found))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(_) => Err(Unseen::NeedsRights(format!("run as root to see {}", path.display()))),
    }
}

#[cfg(unix)]
fn stat_of(found: &std::fs::Metadata) -> Stat {
    use std::os::unix::fs::MetadataExt;
    Stat {
        mode: found.mode() & 0o7777,
        owner: found.uid(),
        changed_at: u64::try_from(found.mtime()).unwrap_or(0),
        is_file: found.is_file(),
    }
}

#[cfg(not(unix))]
fn stat_of(found: &std::fs::Metadata) -> Stat {
    let changed = found.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    Stat { mode: 0o600, owner: 0, changed_at: changed.map_or(0, |age| age.as_secs()), is_file: found.is_file() }
}

/// What a program said.
#[derive(Debug)]
pub struct Said {
    /// Whether it ended with 0.
    pub ok: bool,
    /// Standard output.
    pub out: String,
    /// Standard error. May hold secrets: read it for known signatures, never keep it.
    pub err: String,
}

/// Runs a program with no standard input, in the C locale, and ends it at the deadline.
pub async fn run(program: &str, args: &[&str], deadline: Duration) -> Result<Said, Unseen> {
    let child = Command::new(program)
        .args(args)
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|_| Unseen::NoTool(format!("`{program}` is not installed")))?;
    match tokio::time::timeout(deadline, child.wait_with_output()).await {
        Err(_) => Err(Unseen::NoTool(format!("`{program}` did not answer within {} s", deadline.as_secs()))),
        Ok(Err(_)) => Err(Unseen::NoTool(format!("`{program}` could not be run"))),
        Ok(Ok(output)) => Ok(Said {
            ok: output.status.success(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }),
    }
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

/// With which rights we look.
pub fn rights() -> Rights {
    if cfg!(windows) {
        // This folder is shown to administrators alone.
        let folder = variable("SystemRoot").map(|root| format!("{root}\\System32\\config\\systemprofile"));
        return if folder.and_then(list).is_some() { Rights::Administrator } else { Rights::User };
    }
    let Text::Read(status) = read("/proc/self/status") else { return Rights::User };
    let effective =
        status.lines().find_map(|line| line.strip_prefix("Uid:")).and_then(|ids| ids.split_whitespace().nth(1));
    if effective == Some("0") { Rights::Root } else { Rights::User }
}
