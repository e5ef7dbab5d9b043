//! `clipcheck init`, and how an application reaches this program in a container.

use std::path::PathBuf;

use clap::Args;

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
}

/// What [`crate::profile::Profile::flags`] passes on.
pub(super) fn application(text: &str) -> Result<App, String> {
    serde_json::from_str(text).map_err(|_| "it is not the JSON that this program itself passes on".to_owned())
}
