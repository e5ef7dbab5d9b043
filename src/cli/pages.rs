//! The commands that print something else than a report.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{Deployment, SchemaOf};

/// `clipcheck list`
#[derive(Debug, Args)]
pub struct ListArgs {
    /// How to print the list.
    #[arg(long, value_enum, default_value_t = ListFormat::Text)]
    pub format: ListFormat,
    /// A directory with your own check files.
    #[arg(long, value_name = "DIR")]
    pub checks: Option<PathBuf>,
}

/// `clipcheck explain`
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// `check-id`, `check-id/cause`, a category, or a variable such as DATABASE_URL (shows every place that sets it).
    #[arg(value_name = "ID")]
    pub id: String,
    /// Snapshots with the worker's variables; without any, the variable is checked from here.
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// The deployment.
    #[command(flatten)]
    pub deployment: Deployment,
}

/// `clipcheck recreate`
#[derive(Debug, Args)]
pub struct RecreateArgs {
    /// Judge together with this snapshot from another vantage; can be repeated.
    #[arg(long, value_name = "FILE")]
    pub with: Vec<PathBuf>,
    /// The deployment.
    #[command(flatten)]
    pub deployment: Deployment,
}

/// `clipcheck completions`
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell.
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

/// `clipcheck man`
#[derive(Debug, Args)]
pub struct ManArgs {
    /// A command's page in place of the program's.
    #[arg(value_name = "COMMAND")]
    pub command: Option<String>,
}

/// `clipcheck schema`
#[derive(Debug, Args)]
pub struct SchemaArgs {
    /// Of what: a report, or the list of checks.
    #[arg(value_enum, default_value_t = SchemaOf::Report)]
    pub of: SchemaOf,
}

/// The formats of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "the words typed")]
pub enum ListFormat {
    Text,
    Markdown,
    Json,
}
