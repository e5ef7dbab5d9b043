//! argv in, exit code out, nothing else.

use std::process::ExitCode;

use clipcheck::app::{self, screen};

fn main() -> ExitCode {
    let words: Vec<_> = std::env::args_os().collect();
    screen::guard(&words);
    let exit = match screen::typed(&words) {
        Ok(cli) => app::main(cli).unwrap_or_else(|message| screen::failed(&message)),
        Err(answered) => answered,
    };
    screen::ended(&words, exit).into()
}
