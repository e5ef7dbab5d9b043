//! `clipcheck init`, and how an application reaches this program in a container.

use std::path::PathBuf;

use clap::Args;

use super::DryRun;
use crate::fact::app::App;

/// `clipcheck init`
#[derive(Debug, Args)]
pub struct InitArgs {
    /// Write it into this file instead; one that exists stays as it is, unless `--force` is given.
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Replace the file of `--output` if it exists.
    #[arg(long, requires = "output")]
    pub force: bool,
    /// Do nothing; print which files would be read, and which programs run.
    #[arg(long, value_enum, value_name = "FORMAT", num_args = 0..=1, require_equals = true, default_missing_value = "text")]
    pub dry_run: Option<DryRun>,
}

/// What [`crate::profile::Profile::flags`] passes on.
pub(super) fn application(text: &str) -> Result<App, String> {
    serde_json::from_str(text).map_err(|_| "it is not the JSON that this program itself passes on".to_owned())
}
