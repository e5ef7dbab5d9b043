//! argv in, exit code out, nothing else.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use clipcheck::cli::Cli;
use clipcheck::exit::Exit;

fn main() -> ExitCode {
    let exit = clipcheck::app::main(Cli::parse()).unwrap_or_else(|message| {
        let _ = writeln!(std::io::stderr(), "clipcheck: {message}");
        Exit::Undone
    });
    exit.into()
}
