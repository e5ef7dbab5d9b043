//! The one door for running programs: a short environment, no more standard input than it is given, bounded output, and an end. What is
//! started is ended whole, with what it started itself, when its time is over or when this process ends.

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, Command};

#[cfg(unix)]
use super::place;
use super::{keeper, limits, variable};
use crate::fact::Unseen;

/// What one program may say. The rules of a host with a thousand containers are 3 MiB as nft's JSON.
const LONGEST: u64 = 32 << 20;

/// Where programs are if nothing says so: Debian's for root (login(1), `ENV_SUPATH`).
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What Docker's client is told by its user: which engine, and how to reach it (docker(1), "Environment variables").
const DOCKER: [&str; 9] = [
    "HOME",
    "XDG_RUNTIME_DIR",
    "SSH_AUTH_SOCK",
    "DOCKER_HOST",
    "DOCKER_CONTEXT",
    "DOCKER_CONFIG",
    "DOCKER_CERT_PATH",
    "DOCKER_TLS",
    "DOCKER_TLS_VERIFY",
];

/// What ssh is told by its user: whose keys, which agent, and the shell for a ProxyCommand (ssh(1), "ENVIRONMENT").
const SSH: [&str; 6] = ["HOME", "USER", "LOGNAME", "SHELL", "SSH_AUTH_SOCK", "KRB5CCNAME"];

/// Without these nothing starts on Windows.
const WINDOWS: [&str; 11] = [
    "SystemRoot",
    "SystemDrive",
    "windir",
    "ComSpec",
    "PATHEXT",
    "TEMP",
    "TMP",
    "USERPROFILE",
    "ProgramData",
    "ProgramFiles",
    "PSModulePath",
];

/// What a program is told by its environment. Passwords and settings that the user's shell has for other programs
/// (PGPASSWORD, WORKER_API_KEY) go to none.
pub(super) fn environment(program: &str) -> Vec<(&'static str, String)> {
    let path = variable("PATH").filter(|path| !path.is_empty()).unwrap_or_else(|| PATH.to_owned());
    let mut known = vec![("PATH", path), ("LC_ALL", "C.UTF-8".to_owned()), ("TZ", "UTC".to_owned())];
    let more: &[&str] = match program {
        "docker" => &DOCKER,
        "ssh" => &SSH,
        _ => &[],
    };
    let windows: &[&str] = if cfg!(windows) { &WINDOWS } else { &[] };
    known.extend(more.iter().chain(windows).filter_map(|name| Some((*name, variable(name)?))));
    known
}

/// What a program said.
#[derive(Debug, Default)]
pub struct Said {
    /// Whether it ended with 0.
    pub ok: bool,
    /// What it ended with, if it ended by itself.
    pub code: Option<i32>,
    /// The signal that ended it, if one did.
    pub signal: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error. May hold secrets: read it for known signatures, never keep it.
    pub err: String,
}

/// What a program is given besides its arguments.
#[derive(Default)]
pub(in crate::probe) struct Given {
    /// Its standard input, which may hold secrets; nothing, where it is empty.
    pub input: Vec<u8>,
    /// Variables that go before those of the short environment.
    pub variables: Vec<(String, String)>,
    /// The user and group to run as (Unix), in place of our own.
    #[cfg_attr(not(unix), expect(dead_code, reason = "only a Linux worker has another user"))]
    pub user: Option<(u32, u32)>,
    /// So many bytes it may say on either stream, where that is not what any program may.
    pub longest: Option<u64>,
    /// Whether it is none that is known here. Then it starts in `/`, and what of it leaves its group is looked for when this
    /// program ends.
    pub unknown: bool,
}

/// Runs a program, and ends it at the deadline.
pub async fn run(program: &str, args: &[&str], deadline: Duration) -> Result<Said, Unseen> {
    run_given(program, args, Given::default(), deadline).await
}

/// Runs a program with more than its arguments, and ends it at the deadline.
pub(in crate::probe) async fn run_given(
    program: &str,
    args: &[&str],
    given: Given,
    deadline: Duration,
) -> Result<Said, Unseen> {
    if given.unknown {
        // Never said to have ended.
        keeper::starting();
    }
    let longest = given.longest.unwrap_or(LONGEST);
    let mut group = Group::starting();
    let mut child = start(program, args, &given).map_err(|error| not_started(program, &error))?;
    group.begun(child.id());
    let tell = tell(child.stdin.take(), given.input);
    let heard = tokio::time::timeout(deadline, async { tokio::join!(tell, hear(&mut child, longest)).1 }).await;
    drop(group);
    match heard {
        Err(_) => Err(Unseen::NoTool(format!("`{program}` did not answer within {} s", deadline.as_secs()))),
        Ok(None) => Err(Unseen::NoTool(format!("`{program}` printed more than {} MiB", longest >> 20))),
        Ok(Some(Err(_))) => Err(Unseen::NoTool(format!("`{program}` could not be run"))),
        Ok(Some(Ok(said))) => Ok(said),
    }
}

/// By its path, where that can be told; where the system refuses that, it says itself of the name what is wrong.
#[cfg(unix)]
fn start(program: &str, args: &[&str], given: &Given) -> std::io::Result<Child> {
    if let Some(path) = place::of(program)
        && let Ok(child) = command(Command::new(path), args, given, program).arg0(program).spawn()
    {
        return Ok(child);
    }
    command(Command::new(program), args, given, program).spawn()
}

#[cfg(not(unix))]
fn start(program: &str, args: &[&str], given: &Given) -> std::io::Result<Child> {
    command(Command::new(program), args, given, program).spawn()
}

fn command(mut command: Command, args: &[&str], given: &Given, program: &str) -> Command {
    command.args(args).env_clear().envs(environment(program));
    command.envs(given.variables.iter().map(|(name, value)| (name, value)));
    command.env(keeper::MARK, keeper::mark()).kill_on_drop(true);
    let input = if given.input.is_empty() { Stdio::null() } else { Stdio::piped() };
    command.stdin(input).stdout(Stdio::piped()).stderr(Stdio::piped());
    #[cfg(unix)]
    {
        command.process_group(0);
        given.user.into_iter().for_each(|(user, group)| {
            command.uid(user).gid(group);
        });
    }
    if given.unknown {
        command.current_dir("/");
    }
    command
}

/// Only a program that is not there is not installed.
fn not_started(program: &str, error: &std::io::Error) -> Unseen {
    if error.kind() == std::io::ErrorKind::NotFound {
        return Unseen::NotInstalled(program.to_owned());
    }
    if limits::note_start(error) {
        return limits::take().unwrap_or(Unseen::Crashed);
    }
    if error.kind() == std::io::ErrorKind::PermissionDenied {
        return Unseen::NeedsRights(format!("this user has no permission to run `{program}`"));
    }
    Unseen::NoTool(format!("`{program}` could not be run: {}", super::words(error)))
}

/// Tells a program its input. One that does not listen says so by what it prints.
async fn tell(stdin: Option<ChildStdin>, input: Vec<u8>) {
    if let Some(mut stdin) = stdin {
        let _ = stdin.write_all(&input).await;
    }
}

/// All that it says until it ends; none where that is too much.
async fn hear(child: &mut Child, longest: u64) -> Option<std::io::Result<Said>> {
    let (out, err) = (child.stdout.take()?, child.stderr.take()?);
    let (out, err) = tokio::join!(bounded(out, longest), bounded(err, longest));
    let (out, err) = (out?, err?);
    let text = |bytes: std::io::Result<Vec<u8>>| bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let said = async {
        let status = child.wait().await?;
        Ok(Said { ok: status.success(), code: status.code(), signal: signal(status), out: text(out)?, err: text(err)? })
    };
    Some(said.await)
}

async fn bounded(stream: impl AsyncRead + Unpin, longest: u64) -> Option<std::io::Result<Vec<u8>>> {
    let mut bytes = Vec::new();
    let read = stream.take(longest + 1).read_to_end(&mut bytes).await;
    (bytes.len() as u64 <= longest).then(|| read.map(|_| bytes))
}

#[cfg(unix)]
fn signal(status: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

#[cfg(not(unix))]
fn signal(_status: ExitStatus) -> Option<i32> {
    None
}

/// A program and all that it started. Ended when dropped, and by the keeper if this process ends before.
struct Group(Option<u32>);

impl Group {
    fn starting() -> Self {
        keeper::starting();
        Self(None)
    }

    fn begun(&mut self, leader: Option<u32>) {
        self.0 = leader;
        leader.into_iter().for_each(keeper::begun);
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Some(group) =
            self.0.and_then(|leader| i32::try_from(leader).ok()).and_then(rustix::process::Pid::from_raw)
        {
            // Nearly always nobody of it is left.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
        keeper::ended(self.0);
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test]
    async fn a_program_is_told_nothing_of_the_users() {
        let said = run("env", &[], SECOND).await.expect("env runs");
        let mut names: Vec<&str> = said.out.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
        names.sort_unstable();
        assert_eq!(
            names,
            ["CLIPCHECK_RUN", "LC_ALL", "PATH", "TZ"],
            "this test itself has CARGO_MANIFEST_DIR and more"
        );
    }

    #[tokio::test]
    async fn what_cannot_be_run_is_told_apart() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("program").display().to_string();
        assert_eq!(run(&path, &[], SECOND).await.expect_err("missing"), Unseen::NotInstalled(path.clone()));
        #[expect(clippy::disallowed_methods, reason = "the file under test is written here")]
        std::fs::write(&path, "#!/bin/sh\n").expect("written");
        assert!(matches!(run(&path, &[], SECOND).await, Err(Unseen::NeedsRights(_))), "no x bit");
    }

    #[tokio::test]
    async fn too_much_is_not_kept() {
        let said = run("cat", &["/dev/zero"], 20 * SECOND).await;
        assert_eq!(said.expect_err("endless"), Unseen::NoTool("`cat` printed more than 32 MiB".to_owned()));
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_time_out_ends_what_the_program_started() {
        let length = "86399.25";
        let begun = run("sh", &["-c", &format!("sleep {length} & sleep {length}")], SECOND / 4).await;
        assert!(matches!(begun, Err(Unseen::NoTool(_))), "{begun:?}");
        tokio::time::sleep(SECOND / 4).await;
        let left = procfs::process::all_processes().expect("/proc").flatten();
        let left = left.filter(|it| it.cmdline().is_ok_and(|words| words.iter().any(|word| word == length)));
        assert_eq!(left.count(), 0);
    }
}
