//! The one door out: what is printed, what is complained of, and how a run that breaks off ends.

use std::ffi::OsString;
use std::fs::File;
use std::io::{Read, Write};
use std::panic::{UnwindSafe, catch_unwind, set_hook};
use std::time::Duration;

use anstream::{AutoStream, ColorChoice};
use clap::Parser;

use super::terminal::terminal;
use crate::cli::{Cli, Color};
use crate::exit::Exit;
use crate::render::{Page, clean};

/// Runs the program. One that panics ends as one that could not be done, and says where it did, but never what the
/// panic said: that may be a piece of somebody's file.
pub fn guarded(run: impl FnOnce() -> Exit + UnwindSafe) -> Exit {
    set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(String::new, |at| format!(" at {}:{}", at.file(), at.line()));
        complain(&format!("stopped{place}; this is a bug in clipcheck"));
    }));
    catch_unwind(run).unwrap_or(Exit::Undone)
}

/// What was typed; or, where it is help or a mistake and was answered here, how that ends.
pub fn typed(words: &[OsString]) -> Result<Cli, Exit> {
    Cli::try_parse_from(words).map_err(|error| {
        // It quotes what was typed, which may be the name of somebody else's file.
        let cleaned = words.iter().map(|word| clean(&word.to_string_lossy()).into_owned());
        let error = Cli::try_parse_from(cleaned).err().unwrap_or(error);
        let page = error.render().ansi().to_string();
        if error.use_stderr() {
            let _ = AutoStream::auto(std::io::stderr()).write_all(page.as_bytes());
            return Exit::Undone;
        }
        written(&page, ColorChoice::Auto).map_or_else(|why| failed(&why), |()| Exit::Fine)
    })
}

/// The last word of a run that could not be done.
pub fn failed(message: &str) -> Exit {
    complain(message);
    Exit::Undone
}

fn complain(message: &str) {
    let _ = writeln!(std::io::stderr(), "clipcheck: {}", clean(message));
}

/// Ends this program after so long, come what may: nothing that hangs is waited for. The error says that it cannot.
pub(super) fn end_after(limit: Duration, words: &'static str) -> Result<(), String> {
    let watch = std::thread::Builder::new().spawn(move || {
        std::thread::sleep(limit);
        complain(words);
        #[expect(clippy::exit, reason = "the main thread is what hangs")]
        std::process::exit(Exit::Undone.number().into())
    });
    watch.map(|_| ()).map_err(|error| format!("cannot start: no thread could be started ({})", error.kind()))
}

/// Prints a page that is all there is to a command.
pub(super) fn print(page: &Page) -> Result<(), String> {
    if stdout().is_ok_and(|out| was_closed(&out)) {
        return Err("cannot print: standard output is closed".to_owned());
    }
    written(page.text(), ColorChoice::Never)
}

/// Prints a report. Its exit code is an answer too, also where nobody reads it.
pub(super) fn print_styled(page: &Page, color: Color) -> Result<(), String> {
    let choice = match (color, terminal().forced) {
        (Color::Auto, None) => ColorChoice::Auto,
        (Color::Always, _) | (Color::Auto, Some(true)) => ColorChoice::Always,
        (Color::Never, _) | (Color::Auto, Some(false)) => ColorChoice::Never,
    };
    written(page.text(), choice)
}

/// A reader that went away (`| head`) is no error of ours.
fn written(text: &str, choice: ColorChoice) -> Result<(), String> {
    match stdout().and_then(|out| AutoStream::new(out, choice).write_all(text.as_bytes())) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(format!("cannot print: {}", error.kind())),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// As a file, whose errors are told: `Stdout` takes one that is not open for one that wants nothing.
fn stdout() -> std::io::Result<File> {
    #[cfg(unix)]
    return Ok(std::os::fd::AsFd::as_fd(&std::io::stdout()).try_clone_to_owned()?.into());
    #[cfg(not(unix))]
    return Ok(std::os::windows::io::AsHandle::as_handle(&std::io::stdout()).try_clone_to_owned()?.into());
}

/// Before `main`, Rust opens /dev/null in the place of a standard output that was closed (`>&-`): for reading, too, which
/// a shell's `>/dev/null` is not.
fn was_closed(mut out: &File) -> bool {
    #[cfg(unix)]
    let null = out.metadata().is_ok_and(|it| std::os::unix::fs::MetadataExt::rdev(&it) == NULL);
    #[cfg(not(unix))]
    let null = false;
    null && out.read(&mut [0]).is_ok()
}

/// The device /dev/null of Linux: major 1, minor 3.
#[cfg(unix)]
const NULL: u64 = 0x103;
