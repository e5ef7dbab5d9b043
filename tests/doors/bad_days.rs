//! Bad days: no room on the disk, a limit to files, a kill half-way, a reader that is gone, a clock that jumps, no memory.
//! A report is whole under its name or not there, and the exit code is right.

use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::{ends, has_namespaces, program, snapshot};

/// What stood there before.
const OLD: &str = "the report of yesterday";

/// A command that judges a snapshot in which something failed, the file that it writes, and what is to be in it.
fn judged(folder: &Path) -> (Command, PathBuf, String) {
    let taken = folder.join("taken.json");
    // Loopback's closed ports are fault enough.
    let out = program().args(["snapshot", "--as", "container", "--server", "127.0.0.1", "--redis-port", "1"]).output();
    std::fs::write(&taken, out.expect("it runs").stdout).expect("written");
    let report = folder.join("report.html");
    std::fs::write(&report, OLD).expect("written");
    let args = ["judge", &taken.display().to_string(), "--format", "html"].map(str::to_owned);
    let whole = program().args(&args).output().expect("it runs");
    assert_eq!(whole.status.code(), Some(1));
    let mut command = program();
    command.args(&args).arg("--output").arg(&report);
    (command, report, String::from_utf8(whole.stdout).expect("UTF-8"))
}

fn left(folder: &Path) -> usize {
    let names = std::fs::read_dir(folder).expect("listed").flatten();
    names.filter(|it| it.file_name().to_string_lossy().starts_with(".clipcheck-")).count()
}

#[test]
fn on_a_full_disk_the_old_report_stays() {
    if !has_namespaces() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let (_, _, whole) = judged(folder.path());
    assert!(whole.len() > 8192, "it would fit");
    let mut tried = 0;
    // From no room at all to nearly enough: a page more each time.
    for pages in 1..=(whole.len() / 4096) {
        let script = "mount -t tmpfs -o size=$1k none /mnt && printf %s \"$3\" > /mnt/r && \"$0\" judge \"$2\" --format html --output /mnt/r
            echo $?; cat /mnt/r; echo; ls -A /mnt";
        let mut command = Command::new("unshare");
        command.args(["-m", "--propagation", "private", "sh", "-c", script, env!("CARGO_BIN_EXE_clipcheck")]);
        command.arg((4 * pages).to_string()).arg(folder.path().join("taken.json")).arg(OLD);
        let output = command.output().expect("unshare runs");
        let (out, said) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(out.trim_end(), format!("2\n{OLD}\nr"), "{pages} pages: {said}");
        assert!(said.starts_with("clipcheck: /mnt/r: ") && said.lines().count() == 1, "{pages} pages: {said}");
        tried += 1;
    }
    println!("full disks: {tried}, the old report stays");
}

#[test]
fn a_limit_to_files_leaves_the_old_report() {
    let folder = tempfile::tempdir().expect("a folder");
    let (command, report, _) = judged(folder.path());
    for bytes in [0, 1, 4096, 10_000] {
        let mut limited = Command::new("prlimit");
        limited.arg(format!("--fsize={bytes}")).arg(command.get_program()).args(command.get_args()).env_clear();
        let output = limited.stderr(Stdio::piped()).output().expect("prlimit runs");
        assert!(!output.status.success() && output.status.code() != Some(1), "{bytes}: {:?}", output.status);
        assert_eq!(std::fs::read_to_string(&report).expect("there"), OLD, "{bytes}");
    }
}

#[test]
fn killed_at_any_moment_the_report_is_the_old_or_the_new_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut command, report, whole) = judged(folder.path());
    let (mut old, mut new) = (0, 0);
    for step in 0..60_u64 {
        std::fs::write(&report, OLD).expect("written");
        let mut child = command.stderr(Stdio::null()).spawn().expect("it starts");
        std::thread::sleep(Duration::from_micros(step * 2500));
        let _ = child.kill();
        child.wait().expect("ours");
        let text = std::fs::read_to_string(&report).expect("there");
        assert!(text == OLD || text == whole, "killed after {} ms: {} bytes", step * 5 / 2, text.len());
        if text == OLD { old += 1 } else { new += 1 }
    }
    println!(
        "killed at 60 moments: {old} times the old report, {new} times the new one, {} leftovers",
        left(folder.path())
    );
}

/// As nohup(1) starts a program; it cannot be undone by a shell.
fn ignores_hangups() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("SigIgn:")?.trim(), 16).ok());
    ignored.is_some_and(|signals| signals & 1 == 1)
}

#[test]
fn where_nobody_reads_the_exit_code_is_still_the_answer() {
    let folder = tempfile::tempdir().expect("a folder");
    let (command, _, _) = judged(folder.path());
    let taken = folder.path().join("taken.json");
    // A reader that goes away after the first byte, or before it.
    for reader in ["head -c1 >/dev/null", "true", "exec 0<&-; sleep 0.1"] {
        let mut shell = Command::new("bash");
        shell.args(["-c", &format!("\"$0\" judge \"$1\" -v | {{ {reader}; }}; exit ${{PIPESTATUS[0]}}")]);
        let output = shell.arg(command.get_program()).arg(&taken).output().expect("bash runs");
        assert_eq!(output.status.code(), Some(1), "{reader}");
        assert!(output.stderr.is_empty(), "{reader}: {}", String::from_utf8_lossy(&output.stderr));
    }
    if ignores_hangups() {
        return println!("skipped: this test itself was told to go on when its terminal is closed");
    }
    // A terminal that is closed: it ends by the signal, unless it was told to go on (nohup).
    for (how, ends) in [("", false), ("trap '' HUP; ", true)] {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("{how}exec \"$0\" all --as container --server 127.0.0.1 --wait 3s")]);
        let mut child =
            shell.arg(command.get_program()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("sh");
        std::thread::sleep(Duration::from_millis(300));
        let _ = Command::new("kill").args(["-s", "HUP", &child.id().to_string()]).status();
        let status = child.wait().expect("ours");
        assert!(
            if ends { status.code().is_some_and(|code| code != 2) } else { status.signal() == Some(1) },
            "{how}: {status}"
        );
    }
}

/// The clock of the day goes a day back or forth at each look at it; the deadline is by another one.
#[test]
fn a_clock_that_jumps_makes_no_run_longer() {
    const JUMPS: &str = "#define _GNU_SOURCE\n#include <dlfcn.h>\n#include <time.h>\n
        int clock_gettime(clockid_t id, struct timespec *at) {
            static int (*real)(clockid_t, struct timespec *); static long count;
            if (!real) real = dlsym(RTLD_NEXT, \"clock_gettime\");
            int code = real(id, at);
            if (id == CLOCK_REALTIME) at->tv_sec += ++count % 2 ? 86400 * (count % 5) : -86400 * (count % 7);
            return code; }";
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("jumps.c"), JUMPS).expect("written");
    let library = folder.path().join("jumps.so");
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-o"]).arg(&library).arg(folder.path().join("jumps.c")).arg("-ldl");
    if !compiler.status().is_ok_and(|status| status.success()) {
        return println!("skipped: no C compiler (cc)");
    }
    for vantage in ["server", "client", "container"] {
        let mut command = program();
        command.env("LD_PRELOAD", &library).args([
            "snapshot",
            "--as",
            vantage,
            "--server",
            "127.0.0.1",
            "--deadline",
            "3",
        ]);
        let seen = snapshot(&ends(&mut command, 3, vantage), vantage);
        assert!(seen["took_us"].as_u64().is_some_and(|took| took < 5_000_000), "{vantage}: {}", seen["took_us"]);
    }
}

#[test]
fn without_memory_it_says_so_and_does_not_begin() {
    for mebibytes in [64_u64, 128, 256, 512, 768] {
        let mut command = Command::new("prlimit");
        command.arg(format!("--as={}", mebibytes << 20)).arg(env!("CARGO_BIN_EXE_clipcheck"));
        command.args(["all", "--as", "client", "--server", "127.0.0.1"]).env_clear();
        let output = ends(&mut command, 6, &format!("{mebibytes} MiB"));
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{mebibytes} MiB: {said}");
        assert!(said.contains("ulimit -v") && output.stdout.is_empty(), "{mebibytes} MiB: {said}");
    }
}
