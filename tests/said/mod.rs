//! Runs the program as a user does, without any variables, and takes down what it said.

use std::process::{Command, Stdio};

/// How a run ended, and what it said.
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

pub(crate) fn run(args: &[String]) -> Said {
    let output = Command::new(env!("CARGO_BIN_EXE_clipcheck"))
        .args(args)
        .env_clear()
        .stdin(Stdio::null())
        .output()
        .expect("clipcheck runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    Said { code: output.status.code().expect("not killed"), out: text(output.stdout), err: text(output.stderr) }
}
