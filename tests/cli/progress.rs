//! What a terminal shows while the looks go on: one line on standard error that is gone at the end, and nothing elsewhere.

use std::fs::File;
use std::io::Read as _;
use std::process::Stdio;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::{at_loopback, closed_port, here, program, run};

/// What a run writes to a terminal of so many columns, in turn, and what it prints elsewhere.
fn shown(columns: u16, variables: &[(&str, &str)], more: &[&str]) -> (String, String) {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
    grantpt(&ours).and_then(|()| unlockpt(&ours)).expect("ours");
    tcsetwinsize(&ours, Winsize { ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }).expect("ours");
    let name = ptsname(&ours, Vec::new()).expect("its name").into_string().expect("a path");
    let theirs = File::options().read(true).write(true).open(name).expect("the other end");
    let here = here(closed_port());
    let mut command = program(variables);
    command.args(at_loopback(&["all"], &here)).args(more).stderr(theirs).stdout(Stdio::piped());
    let child = command.spawn().expect("clipcheck runs");
    // With it goes our handle of the terminal, so that reading ends.
    drop(command);
    let reader = std::thread::spawn(move || {
        let (mut ours, mut all, mut piece) = (File::from(ours), Vec::new(), [0; 4096]);
        // At the end Linux says EIO.
        while let Ok(count @ 1..) = ours.read(&mut piece) {
            all.extend(&piece[..count]);
        }
        all
    });
    let printed = child.wait_with_output().expect("it ends").stdout;
    let shown = String::from_utf8(reader.join().expect("read")).expect("UTF-8");
    (shown, String::from_utf8(printed).expect("UTF-8"))
}

#[test]
fn a_terminal_shows_what_is_waited_for_in_one_line_that_is_gone_at_the_end() {
    for columns in [12, 19, 30, 80] {
        let (shown, printed) = shown(columns, &[("TERM", "xterm")], &[]);
        assert!(!printed.contains("checking") && printed.contains("redis-port-open"), "{printed}");
        let lines: Vec<&str> = shown.split("\r\x1b[K").collect();
        assert_eq!((lines.first(), lines.last()), (Some(&""), Some(&"")), "{columns}: {shown:?}");
        for line in &lines {
            assert!(line.chars().count() < usize::from(columns), "{columns}: a line that wraps stays: {line:?}");
            assert!(!line.contains(|c: char| c.is_control()), "{columns}: {line:?}");
        }
        let told = lines.iter().filter(|line| line.starts_with("checking … ") && line.contains(" left")).count();
        assert_eq!(told > 3, columns > 12, "{columns}: {shown:?}");
        assert_eq!(lines.iter().any(|line| line.contains("left: ")), columns > 19, "{columns}: {shown:?}");
    }
}

#[test]
fn a_terminal_that_cannot_take_a_line_back_and_what_is_no_terminal_are_shown_none() {
    assert_eq!(shown(80, &[("TERM", "dumb")], &[]).0, "");
    assert_eq!(run(&at_loopback(&["all"], &here(closed_port()))).err, "");
    // A report for programs is as before: what is shown goes to the terminal alone.
    let (shown, printed) = shown(80, &[("TERM", "xterm"), ("LC_ALL", "C")], &["--format", "json"]);
    assert!(shown.is_ascii() && shown.contains("checking ... "), "{shown:?}");
    assert_eq!(crate::json(&printed)["schema"], 2);
}
