//! The built-in checks with the user's own, or every mistake in those.

use std::path::Path;

use super::screen::{complain, tell};
use super::terminal::terminal;
use super::{host, read};
use crate::catalog;
use crate::check::{Check, Mistake};
use crate::render;

/// All checks, with those of a folder. What is wrong in its files is told at once, each with its line; the error is how
/// much there was.
pub(super) fn checks(own: Option<&Path>) -> Result<Vec<Check>, String> {
    let mut checks = catalog::built_in()?;
    let Some(folder) = own else { return Ok(checks) };
    let names = host::list(folder).map_err(|why| why.to_string())?;
    let names = names.ok_or_else(|| format!("{}: no such directory", folder.display()))?;
    let files: Vec<_> =
        names.iter().map(|name| folder.join(name)).filter(|path| path.extension() == Some("toml".as_ref())).collect();
    // A file that cannot be read whole may be what another one needs.
    let built_in: Vec<String> = checks.iter().map(|check| check.id.0.clone()).collect();
    let own = files.iter().filter_map(|path| path.file_stem()?.to_str());
    let known: Vec<&str> = built_in.iter().map(String::as_str).chain(own).collect();
    let mut mistakes = Vec::new();
    for path in &files {
        match catalog::own(path, &read(path)?, &checks, &known) {
            Ok(check) => checks.push(check),
            Err(wrong) => mistakes.extend(wrong),
        }
    }
    if mistakes.is_empty() {
        return Ok(checks);
    }
    show(&mistakes);
    let count = mistakes.len();
    let mistakes = if count == 1 { "1 mistake".to_owned() } else { format!("{count} mistakes") };
    Err(format!("{mistakes} in {}: nothing was checked", folder.display()))
}

fn show(mistakes: &[Mistake]) {
    for mistake in mistakes {
        complain(&mistake.to_string());
        tell(&render::mistake(mistake, terminal()));
    }
}
