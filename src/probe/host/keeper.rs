//! Nothing that was started outlives this program, also where a signal ends it (SIGKILL cannot be caught): a small shell
//! holds the other end of a pipe, and ends what is left when the pipe closes.
//!
//! PR_SET_PDEATHSIG would reach a program and not what it started; and it needs unsafe code.

#[cfg(unix)]
pub(in crate::probe) use unix::{copied, gone};
#[cfg(unix)]
pub(super) use unix::{ended, started};

#[cfg(unix)]
mod unix {
    #![expect(clippy::disallowed_methods, reason = "part of the door")]

    use std::io::Write;
    use std::process::{ChildStdin, Command, Stdio};
    use std::sync::{LazyLock, Mutex, PoisonError};

    use crate::probe::host::program::environment;

    /// Killing comes first. A copy of this program in a container is removed by the container's own `rm`, else by itself;
    /// a second time, since the engine may still have been writing it.
    const SCRIPT: &str = r#"
        groups=' ' name= copy=
        while read -r sign one two; do
          case $sign in
            +) groups="$groups$one " ;;
            -) groups="${groups%% "$one" *} ${groups#* "$one" }" ;;
            copied) name=$one copy=$two ;;
            gone) name= ;;
          esac
        done
        for one in $groups; do kill -s KILL -- "-$one"; done
        [ -n "$name" ] || exit 0
        for wait in 0 1; do
          sleep "$wait"
          docker exec --user 0 -- "$name" rm -f -- "$copy" ||
            docker exec --user 0 -- "$name" "$copy" snapshot --as container --remove-own-copy --deadline 0.1
        done"#;

    /// None where there is no shell; then hardly anything else can have been started either.
    static KEEPER: LazyLock<Mutex<Option<ChildStdin>>> = LazyLock::new(|| Mutex::new(start()));

    fn start() -> Option<ChildStdin> {
        use std::os::unix::process::CommandExt;
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", SCRIPT, "clipcheck-keeper"]).env_clear().envs(environment("docker"));
        // In a group of its own, so that Ctrl-C does not reach it.
        shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        shell.spawn().ok()?.stdin
    }

    fn tell(line: &str) {
        let mut keeper = KEEPER.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pipe) = keeper.as_mut() {
            // A keeper that was killed keeps nothing.
            let _ = pipe.write_all(line.as_bytes());
        }
    }

    /// A process group begins.
    pub(in crate::probe::host) fn started(group: u32) {
        tell(&format!("+ {group}\n"));
    }

    /// Nobody of it is left.
    pub(in crate::probe::host) fn ended(group: u32) {
        tell(&format!("- {group}\n"));
    }

    /// A copy of this program is put into a container. Neither name has a blank.
    pub(in crate::probe) fn copied(container: &str, copy: &str) {
        tell(&format!("copied {container} {copy}\n"));
    }

    /// The copy is there no more.
    pub(in crate::probe) fn gone() {
        tell("gone\n");
    }
}

#[cfg(not(unix))]
mod other {
    //! Windows has no process groups of this kind; what was started there ends with its time.
    pub(in crate::probe::host) fn started(_group: u32) {}
    pub(in crate::probe::host) fn ended(_group: u32) {}
    pub(in crate::probe) fn copied(_container: &str, _copy: &str) {}
    pub(in crate::probe) fn gone() {}
}
#[cfg(not(unix))]
pub(in crate::probe) use other::{copied, gone};
#[cfg(not(unix))]
pub(super) use other::{ended, started};
