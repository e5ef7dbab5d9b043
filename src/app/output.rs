//! Where a report goes: to the screen, to the file that the user named, and to the summary of a job. The only files that
//! are written on anybody's machine.

use std::fs::{OpenOptions, Permissions};
use std::io::{Error, ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::screen::print_styled;
use super::terminal::terminal;
use crate::cli::{Format, Showing};
use crate::exit::Exit;
use crate::probe::host;
use crate::render::{self, Page};
use crate::report::{Report, fix_script};

/// GitHub's own limit for the summary of one step is 1 MiB.
const SUMMARY: usize = 1_000_000;

/// Puts a report where it was asked for.
pub(super) fn put(report: Report, showing: &Showing, exit: Exit) -> Result<(), String> {
    let format = format(showing);
    if showing.fix_script.is_none()
        && format == Format::Github
        && let Some(file) = host::variable("GITHUB_STEP_SUMMARY").filter(|file| !file.is_empty())
    {
        add_summary(Path::new(&file), &render::report(report.clone(), Format::Markdown, showing, exit, terminal()))?;
    }
    let page = match showing.fix_script.as_deref() {
        Some(host) => render::fix_script(&fix_script(&report, Some(host).filter(|host| !host.is_empty()))?),
        None => render::report(report, format, showing, exit, terminal()),
    };
    match &showing.output {
        Some(file) => replace(file, page.text()).map_err(|why| format!("{}: {why}", file.display())),
        None => print_styled(&page, showing.color),
    }
}

/// What was asked for, or what fits to where this runs.
fn format(showing: &Showing) -> Format {
    match showing.format {
        _ if showing.json => Format::Json,
        Some(format) => format,
        None if host::variable("GITHUB_ACTIONS").as_deref() == Some("true") => Format::Github,
        None => Format::Table,
    }
}

/// A file is replaced as a whole, or stays as it is. Its permissions stay, too.
pub(super) fn replace(file: &Path, text: &str) -> Result<(), String> {
    let text = anstream::adapter::strip_str(text).to_string();
    let written = |file: &Path, permissions: Option<Permissions>| -> Result<(), Error> {
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut builder = tempfile::Builder::new();
        builder.prefix(".clipcheck-");
        if let Some(permissions) = permissions {
            builder.permissions(permissions);
        }
        let mut new = builder.tempfile_in(folder)?;
        new.write_all(text.as_bytes())?;
        new.as_file().sync_all()?;
        new.persist(file).map_err(|error| error.error)?;
        Ok(())
    };
    // A link stays one; what it leads to is replaced.
    let real: PathBuf = match file.canonicalize() {
        Ok(real) => real,
        Err(error) if error.kind() == ErrorKind::NotFound && !file.is_symlink() => file.to_owned(),
        Err(error) => return Err(error.kind().to_string()),
    };
    let permissions = match real.metadata() {
        Ok(found) if !found.is_file() => return Err("it is not a regular file".to_owned()),
        Ok(found) => Some(found.permissions()),
        Err(_) => fresh(),
    };
    written(&real, permissions).map_err(|error| error.kind().to_string())
}

/// Whether there is something of this name, also a link that leads nowhere.
pub(super) fn exists(file: &Path) -> bool {
    file.symlink_metadata().is_ok()
}

/// As any program's new file: readable by all, less the umask.
fn fresh() -> Option<Permissions> {
    #[cfg(unix)]
    let permissions = Some(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    #[cfg(not(unix))]
    let permissions = None;
    permissions
}

fn add_summary(file: &Path, page: &Page) -> Result<(), String> {
    let whole = page.text();
    let text = if whole.len() > SUMMARY {
        let head = whole.lines().next().unwrap_or_default();
        format!(
            "{head}\n\nThe report is too long for a job's summary: `--format markdown --output FILE` has all of it.\n"
        )
    } else {
        whole.to_owned()
    };
    #[expect(clippy::disallowed_methods, reason = "the file that the job names for this")]
    let opened = OpenOptions::new().append(true).create(true).open(file);
    let added = opened.and_then(|mut summary| summary.write_all(text.as_bytes()));
    added.map_err(|error| format!("the job's summary, {}: {}", file.display(), error.kind()))
}
