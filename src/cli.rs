//! What can be typed. Types only; no logic.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use ipnet::IpNet;

use crate::fact::Vantage;
use crate::fact::app::App;
use crate::profile::{Profile, Topology};

mod init;
mod pages;
mod showing;
mod value;

pub use init::InitArgs;
pub use pages::{CompletionsArgs, ExplainArgs, ListArgs, ListFormat, ManArgs, RecreateArgs, SchemaArgs};
pub use showing::{Color, DryRun, FailOn, Format, SchemaOf, Showing};
use value::{destination, seconds, time, vantage};

/// Finds out why a private ClippyFront deployment does not connect, and which line to change.
#[derive(Debug, Parser)]
#[command(
    version = env!("CLIPCHECK_VERSION"),
    max_term_width = 100,
    after_help = "Exit codes: 0 nothing failed; 1 something failed; \
2 the run could not be done; 3 nothing failed, but an essential check could not be seen.\n\
`clipcheck redis` is `clipcheck all redis`: a category or a check in place of a command."
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands. They differ only in where they enter and leave the same pipe.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check everything from here and report the result.
    All(All),
    /// Check everything from here and print what was seen, to be judged elsewhere.
    Snapshot(SnapshotArgs),
    /// Judge snapshots of several machines together.
    Judge(JudgeArgs),
    /// Print a profile of the application whose worker or web app runs here, to be looked over, for `--profile`.
    Init(InitArgs),
    /// List the checks.
    List(ListArgs),
    /// Explain a category, a check, one cause of it (`check-id/cause`), or where a variable comes from.
    Explain(ExplainArgs),
    /// Print a script that starts the worker again with what its fixes correct: the `docker run` of its container anew, or
    /// the lines of its compose files.
    Recreate(RecreateArgs),
    /// Check again and again, and print a line for each change; ends with SIGINT or SIGTERM.
    Watch(WatchArgs),
    /// Docker's HEALTHCHECK: whether the worker's services answer, in one line; exit 0 or 1.
    Healthcheck(HealthcheckArgs),
    /// Print the JSON Schema of `--format json`.
    Schema(SchemaArgs),
    /// Print Prometheus' alert rules for `--format prometheus`.
    AlertRules,
    /// Print a shell's completions.
    Completions(CompletionsArgs),
    /// Print the man page.
    Man(ManArgs),
}

/// What the user says about the deployment and this machine.
#[derive(Debug, Args)]
#[command(next_help_heading = "The deployment")]
pub struct Deployment {
    /// Which host this is: server, client, container or outside [detected].
    #[arg(long = "as", value_name = "VANTAGE", value_parser = vantage)]
    pub vantage: Option<Vantage>,
    /// A TOML file with any of the values below (`server = "10.9.0.1"`, `redis_port = 6380`).
    #[arg(long, value_name = "FILE")]
    pub profile: Option<PathBuf>,
    /// The server's address in the tunnel [the guide's: 10.8.0.1].
    #[arg(long, value_name = "ADDRESS")]
    pub server: Option<IpAddr>,
    /// The client's address in the tunnel [the guide's: 10.8.0.2].
    #[arg(long, value_name = "ADDRESS")]
    pub client: Option<IpAddr>,
    /// The tunnel's subnet [the guide's: 10.8.0.0/24].
    #[arg(long, value_name = "SUBNET")]
    pub subnet: Option<IpNet>,
    /// The server's address outside the tunnel, to see what is exposed there.
    #[arg(long, value_name = "ADDRESS")]
    pub public: Option<IpAddr>,
    /// The WireGuard interface [the guide's: wg0].
    #[arg(long, value_name = "NAME")]
    pub interface: Option<String>,
    /// WireGuard's UDP port on the server [the guide's: 51820].
    #[arg(long, value_name = "PORT")]
    pub wireguard_port: Option<u16>,
    /// Redis' port [6379].
    #[arg(long, value_name = "PORT")]
    pub redis_port: Option<u16>,
    /// PostgreSQL's port [5432].
    #[arg(long, value_name = "PORT")]
    pub postgres_port: Option<u16>,
    /// The worker container's name [the guide's: clippy-gpu-worker]. With `all` on the Docker host, with or
    /// without a name: also check from inside the container; this program is copied into it, and removed afterwards.
    #[arg(long, value_name = "NAME", num_args = 0..=1, default_missing_value = "")]
    pub container: Option<String>,
    /// The web app's environment file on the server.
    #[arg(long, value_name = "FILE")]
    pub web_env: Option<String>,
    /// How the worker gets its jobs and reports: by the database, or by FLASK_APP_URL (0.12 and later) [detected from
    /// its variables].
    #[arg(long, value_enum, value_name = "HOW")]
    pub topology: Option<Topology>,
    /// Another application than ClippyFront, as JSON: how a profile reaches this program in a container.
    #[arg(long, hide = true, value_parser = init::application)]
    pub application: Option<App>,
    /// Stop checking after this many seconds; what has not answered by then is not seen. The program itself ends at most two
    /// seconds later.
    #[arg(long, value_name = "SECONDS", default_value = "6", value_parser = seconds)]
    pub deadline: Duration,
    /// A directory with your own check files.
    #[arg(long, value_name = "DIR")]
    pub checks: Option<PathBuf>,
    /// Do nothing; print which files would be read, which programs run, and which addresses connected to, by each look.
    #[arg(long, value_enum, value_name = "FORMAT", num_args = 0..=1, require_equals = true, default_missing_value = "text")]
    pub dry_run: Option<DryRun>,
}

impl Deployment {
    /// The values as a profile.
    pub fn said(&self) -> Profile {
        Profile {
            server: self.server,
            client: self.client,
            subnet: self.subnet,
            public: self.public,
            interface: self.interface.clone(),
            wireguard_port: self.wireguard_port,
            redis_port: self.redis_port,
            postgres_port: self.postgres_port,
            container: self.container.clone().filter(|name| !name.is_empty()),
            web_env: self.web_env.clone(),
            topology: self.topology,
            ..self.application.clone().map_or_else(Profile::default, Profile::from)
        }
    }
}

/// `clipcheck all`
#[derive(Debug, Args)]
pub struct All {
    /// Only these categories or checks.
    #[arg(value_name = "CATEGORY|CHECK")]
    pub only: Vec<String>,
    /// Judge together with this snapshot from another vantage; can be repeated.
    #[arg(long, value_name = "FILE")]
    pub with: Vec<PathBuf>,
    /// Also look on this host over `ssh` (`user@host`, or a name of ~/.ssh/config), and judge together; can be repeated. This
    /// program is copied there, and removed afterwards; nobody is asked for a password.
    #[arg(long, value_name = "HOST", value_parser = destination)]
    pub ssh: Vec<String>,
    /// With `--ssh`: look there as root, by `sudo -n`.
    #[arg(long, requires = "ssh")]
    pub sudo: bool,
    /// Compare with an earlier report (`--format json`) or snapshot from here, and say what changed.
    #[arg(long, value_name = "FILE")]
    pub since: Option<PathBuf>,
    /// Check again until all is well, at most for this long (60s, 5m); then report.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub wait: Option<Duration>,
    /// The deployment.
    #[command(flatten)]
    pub deployment: Deployment,
    /// The report.
    #[command(flatten)]
    pub showing: Showing,
}

/// `clipcheck watch`
#[derive(Debug, Args)]
pub struct WatchArgs {
    /// Only these categories or checks.
    #[arg(value_name = "CATEGORY|CHECK")]
    pub only: Vec<String>,
    /// Judge together with this snapshot from another vantage; can be repeated.
    #[arg(long, value_name = "FILE")]
    pub with: Vec<PathBuf>,
    /// The pause between two runs (10s, 5m).
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = time)]
    pub every: Duration,
    /// Also end with 1 on warnings, or with 3 on anything that was not seen.
    #[arg(long, value_enum, value_name = "WHAT")]
    pub fail_on: Vec<FailOn>,
    /// The deployment.
    #[command(flatten)]
    pub deployment: Deployment,
}

/// `clipcheck healthcheck`
#[derive(Debug, Args)]
pub struct HealthcheckArgs {
    /// The deployment.
    #[command(flatten)]
    pub deployment: Deployment,
}

/// `clipcheck snapshot`
#[derive(Debug, Args)]
pub struct SnapshotArgs {
    /// Remove this program's own file first, if it is a copy that `all --container` made.
    #[arg(long, hide = true)]
    pub remove_own_copy: bool,
    /// Check nothing here: use what windows.ps1 recorded on a Windows client, which does not need this program.
    #[arg(long, value_name = "RECORDING")]
    pub from: Option<PathBuf>,
    /// The deployment.
    #[command(flatten)]
    pub deployment: Deployment,
}

/// `clipcheck judge`
#[derive(Debug, Args)]
pub struct JudgeArgs {
    /// Snapshot files, or folders of them: of the server, any number of clients and containers; `-` is standard input.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// A directory with your own check files.
    #[arg(long, value_name = "DIR")]
    pub checks: Option<PathBuf>,
    /// The report.
    #[command(flatten)]
    pub showing: Showing,
}
