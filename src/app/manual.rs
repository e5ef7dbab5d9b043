//! What is made of the command line's own description: completions and the man page.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::check::did_you_mean;
use crate::cli::Cli;

pub(super) fn completions(shell: Shell) -> Vec<u8> {
    let mut out = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "clipcheck", &mut out);
    out
}

/// The program's page, or a command's.
pub(super) fn man(name: Option<&str>) -> Result<Vec<u8>, String> {
    let mut program = Cli::command();
    program.build();
    let command = match name {
        None => program,
        Some(name) => program.find_subcommand(name).cloned().ok_or_else(|| {
            let known = program.get_subcommands().map(clap::Command::get_name);
            format!("there is no command `{name}`; {}", did_you_mean(name, known))
        })?,
    };
    let mut out = Vec::new();
    clap_mangen::Man::new(command).render(&mut out).map_err(|error| format!("no man page: {}", error.kind()))?;
    Ok(out)
}
