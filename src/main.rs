//! argv in, exit code out, nothing else.

use std::process::ExitCode;

use clipcheck::app::{self, screen};

fn main() -> ExitCode {
    let run = || match screen::typed(&std::env::args_os().collect::<Vec<_>>()) {
        Ok(cli) => app::main(cli).unwrap_or_else(|message| screen::failed(&message)),
        Err(answered) => answered,
    };
    screen::guarded(run).into()
}
