//! Nothing that was started outlives this program, also where a signal ends it (SIGKILL cannot be caught): a small shell
//! holds the other end of a pipe, and ends what is left when the pipe closes.
//!
//! PR_SET_PDEATHSIG would reach a program and not what it started; and it needs unsafe code.

/// The variable by which the keeper knows what it is to end; its value is of one run.
pub(super) const MARK: &str = "CLIPCHECK_RUN";

#[cfg(unix)]
pub(super) use unix::{begun, ended, mark, starting};
#[cfg(unix)]
pub(in crate::probe) use unix::{copied, gone};

#[cfg(unix)]
mod unix {
    #![expect(clippy::disallowed_methods, reason = "part of the door")]

    use std::io::Write;
    use std::process::{ChildStdin, Command, Stdio};
    use std::sync::{LazyLock, Mutex, PoisonError};
    use std::time::{SystemTime, UNIX_EPOCH};

    use super::MARK;
    use crate::probe::host::program::environment;

    /// Groups first; then, by the mark, what was between fork and our word of it, and what left its group. A copy of this
    /// program in a container is removed by the container's own `rm`, else by itself; a second time, since the engine may
    /// still have been writing it.
    const SCRIPT: &str = r#"
        open=0 groups=' ' name= copy=
        while read -r sign one two; do
          case $sign in
            '?') open=$((open + 1)) ;;
            +) groups="$groups$one " ;;
            -) open=$((open - 1)) before=${groups%% $one *} after=${groups#* $one }
               groups="$before $after" ;;
            copied) name=$one copy=$two ;;
            gone) name= ;;
          esac
        done
        if [ "$open" -gt 0 ]; then
          for one in $groups; do kill -s KILL -- "-$one"; done
          for wait in 0 0.2; do
            sleep "$wait"
            for one in $(grep -ls "$1" /proc/[0-9]*/environ); do
              one=${one%/environ}
              kill -s KILL "${one#/proc/}"
            done
          done
        fi
        [ -n "$name" ] || exit 0
        for wait in 0 1; do
          sleep "$wait"
          docker exec --user 0 -- "$name" rm -f -- "$copy" ||
            docker exec --user 0 -- "$name" "$copy" snapshot --as container --remove-own-copy --deadline 0.1
        done"#;

    /// None where there is no shell; then hardly anything else can be started either.
    static KEEPER: LazyLock<Mutex<Option<ChildStdin>>> = LazyLock::new(|| Mutex::new(start()));

    static RUN: LazyLock<String> = LazyLock::new(|| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
        format!("{}.{now}", std::process::id())
    });

    /// The value of [`MARK`] for what this run starts.
    pub(in crate::probe::host) fn mark() -> String {
        RUN.clone()
    }

    fn start() -> Option<ChildStdin> {
        use std::os::unix::process::CommandExt;
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", SCRIPT, "clipcheck-keeper", &format!("{MARK}={}", *RUN)]);
        shell.env_clear().envs(environment("docker"));
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

    /// A program is about to be started; [`ended`] follows, whatever comes of it.
    pub(in crate::probe::host) fn starting() {
        tell("?\n");
    }

    /// It leads this process group.
    pub(in crate::probe::host) fn begun(group: u32) {
        tell(&format!("+ {group}\n"));
    }

    /// Nobody of it is left; none if it did not start.
    pub(in crate::probe::host) fn ended(group: Option<u32>) {
        tell(&group.map_or_else(|| "- none\n".to_owned(), |group| format!("- {group}\n")));
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
    pub(in crate::probe::host) fn mark() -> String {
        String::new()
    }
    pub(in crate::probe::host) fn starting() {}
    pub(in crate::probe::host) fn begun(_group: u32) {}
    pub(in crate::probe::host) fn ended(_group: Option<u32>) {}
    pub(in crate::probe) fn copied(_container: &str, _copy: &str) {}
    pub(in crate::probe) fn gone() {}
}
#[cfg(not(unix))]
pub(super) use other::{begun, ended, mark, starting};
#[cfg(not(unix))]
pub(in crate::probe) use other::{copied, gone};
