//! How a report is shown.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// How the report is shown, and what counts as failure.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "The report")]
pub struct Showing {
    /// How to print the report [table; in a job of GitHub Actions github].
    #[arg(long, value_enum)]
    pub format: Option<Format>,
    /// The same as `--format json`.
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
    /// Print a script that mends one host, in place of the report: HOST as the report calls it [the only one with something to
    /// mend].
    #[arg(long, value_name = "HOST", num_args = 0..=1, require_equals = true, default_missing_value = "", conflicts_with_all = ["format", "json"])]
    pub fix_script: Option<String>,
    /// Write the report to this file. It is complete whenever it is read.
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Colors; `auto` follows NO_COLOR, FORCE_COLOR and CLICOLOR_FORCE.
    #[arg(long, value_enum, default_value_t = Color::Auto)]
    pub color: Color,
    /// Also fail (exit 1) on warnings, or (exit 3) on anything that was not seen.
    #[arg(long, value_enum, value_name = "WHAT")]
    pub fail_on: Vec<FailOn>,
    /// Show every check, also those that do not apply, and every finding with all its evidence.
    #[arg(short, long)]
    pub verbose: bool,
    /// Show the verdict alone.
    #[arg(short, long, conflicts_with = "verbose")]
    pub quiet: bool,
}

/// The formats of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "the words typed")]
pub enum Format {
    Table,
    /// Everything, for programs; `clipcheck schema` describes it.
    Json,
    /// For the test report of a CI.
    Junit,
    /// Annotations for GitHub Actions; in a job also its summary.
    Github,
    /// To paste into an issue.
    Markdown,
    /// For node_exporter's textfile collector; `clipcheck alert-rules` has the rules.
    Prometheus,
    /// A page for a browser, with a picture of the deployment.
    Html,
}

/// What has a JSON Schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "the words typed")]
pub enum SchemaOf {
    Report,
    List,
}

/// When to colour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "the words typed")]
pub enum Color {
    #[default]
    Auto,
    Always,
    Never,
}

/// What else counts as failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "the words typed")]
pub enum FailOn {
    #[value(alias = "warn")]
    Warning,
    #[value(alias = "unseen")]
    NotSeen,
}

/// How a plan is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "the words typed")]
pub enum DryRun {
    Text,
    /// For programs; fields may be added.
    Json,
}
