//! The one door out: what is printed, what is complained of, and how a run that breaks off ends.

use std::ffi::OsString;
use std::fs::File;
use std::io::{Read, Write};
use std::panic::set_hook;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

use anstream::{AutoStream, ColorChoice};
use clap::{CommandFactory, Parser};

use super::terminal::terminal;
use crate::catalog;
use crate::check::{Category, did_you_mean};
use crate::cli::{Cli, Color};
use crate::exit::Exit;
use crate::probe::host;
use crate::render::{Page, clean};

/// What a panic does: a look that panics is not seen, and the rest of the program ends as one that could not be done. It says
/// where it did, but never what the panic said: that may be a piece of somebody's file.
pub fn guard(words: &[OsString]) {
    let undone = ended(words, Exit::Undone);
    set_hook(Box::new(move |panic| {
        let place = panic.location().map_or_else(String::new, |at| format!(" at {}:{}", at.file(), at.line()));
        complain(&format!("stopped{place}; this is a bug in clipcheck"));
        host::leave_if_apart();
        #[expect(clippy::exit, reason = "there is nowhere to return to: the program is built without unwinding")]
        std::process::exit(undone.number().into())
    }));
}

/// How a run ends. Docker keeps 2 for itself: a health check that could not be done is not healthy.
pub fn ended(words: &[OsString], exit: Exit) -> Exit {
    let health = words.get(1).is_some_and(|word| word == "healthcheck");
    if health && exit != Exit::Fine { Exit::Broken } else { exit }
}

/// What was typed; or, where it is help or a mistake and was answered here, how that ends.
pub fn typed(words: &[OsString]) -> Result<Cli, Exit> {
    let words = &command_first(words).map_err(|message| failed(&message))?;
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

/// `clipcheck redis` is `clipcheck all redis`. A first word that is nothing is an error, with what may have been meant.
fn command_first(words: &[OsString]) -> Result<Vec<OsString>, String> {
    let mut all = words.to_vec();
    let Some(first) = words.get(1).and_then(|word| word.to_str()).filter(|word| !word.starts_with('-')) else {
        return Ok(all);
    };
    let program = Cli::command();
    let commands = || program.get_subcommands().map(clap::Command::get_name).chain(["help"]);
    if commands().any(|command| command == first) {
        return Ok(all);
    }
    let checks = catalog::built_in()?;
    let named = || {
        let categories = Category::ALL.iter().map(|category| category.word());
        categories.chain(checks.iter().map(|check| check.id.0.as_str()))
    };
    if named().any(|name| name == first) {
        all.insert(1, "all".into());
        return Ok(all);
    }
    let hint = did_you_mean(first, commands().chain(named()));
    Err(format!("there is no command, category or check `{first}`; {hint}"))
}

/// The last word of a run that could not be done.
pub fn failed(message: &str) -> Exit {
    complain(message);
    Exit::Undone
}

pub(super) fn complain(message: &str) {
    let _ = writeln!(std::io::stderr(), "clipcheck: {}", clean(message));
}

/// As long as it is there, the program ends when its time is over.
pub(super) struct Guard {
    _alive: Sender<()>,
}

/// Ends this program after so long, come what may: nothing that hangs is waited for. The error says that it cannot.
pub(super) fn end_after(limit: Duration, words: &'static str, exit: Exit) -> Result<Guard, String> {
    let (alive, gone) = channel::<()>();
    let watch = std::thread::Builder::new().spawn(move || {
        if gone.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
            complain(words);
            #[expect(clippy::exit, reason = "the main thread is what hangs")]
            std::process::exit(exit.number().into())
        }
    });
    watch
        .map(|_| Guard { _alive: alive })
        .map_err(|error| format!("cannot start: no thread could be started ({})", error.kind()))
}

/// A word on standard error while the program goes on.
pub(super) fn tell(page: &Page) {
    let _ = std::io::stderr().write_all(page.text().as_bytes());
}

/// Prints what more will follow; `Ok(false)` if nobody reads it any more.
pub(super) fn stream(page: &Page) -> Result<bool, String> {
    flows(page.text(), ColorChoice::Never)
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
    written(page.text(), choice(color))
}

fn choice(color: Color) -> ColorChoice {
    match (color, terminal().forced) {
        (Color::Auto, None) => ColorChoice::Auto,
        (Color::Always, _) | (Color::Auto, Some(true)) => ColorChoice::Always,
        (Color::Never, _) | (Color::Auto, Some(false)) => ColorChoice::Never,
    }
}

/// A reader that went away (`| head`) is no error of ours.
fn written(text: &str, choice: ColorChoice) -> Result<(), String> {
    flows(text, choice).map(|_| ())
}

/// Whether anybody reads it.
fn flows(text: &str, choice: ColorChoice) -> Result<bool, String> {
    match stdout().and_then(|out| AutoStream::new(out, choice).write_all(text.as_bytes())) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(format!("cannot print: {}", error.kind())),
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
