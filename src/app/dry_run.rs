//! `--dry-run`: what a command would do, told by the same probes that would do it. Only what the user named on the command
//! line for the plan itself is read: the profile and the check files.

use super::screen::print;
use super::{checks, health, profile};
use crate::check::Check;
use crate::cli::{Cli, Command, Deployment as Told, DryRun as How, InitArgs};
use crate::exit::Exit;
use crate::fact::touch::{Touch, reads, writes};
use crate::fact::{FactKey, Vantage};
use crate::plan;
use crate::probe::{self, application, host, inside, recipe, ssh, vantage};
use crate::profile::Profile;
use crate::render;
use crate::report::dry_run::{DryRun, Part, Planned};

/// A command that looks at the machine.
struct Asked<'a> {
    deployment: &'a Told,
    only: Vec<String>,
    /// The files that it was told to read.
    reads: Vec<String>,
    /// Where it was told to write.
    writes: Option<String>,
    ssh: bool,
    recreates: bool,
    own_checks: bool,
}

impl<'a> Asked<'a> {
    fn new(deployment: &'a Told) -> Self {
        let none = (Vec::new(), Vec::new());
        let (only, reads) = none;
        Self { deployment, only, reads, writes: None, ssh: false, recreates: false, own_checks: true }
    }
}

/// Prints the plan of a command that was given `--dry-run`; none if it was not.
pub(super) fn dry_run(cli: &Cli) -> Option<Result<Exit, String>> {
    if let Command::Init(args) = &cli.command {
        return args.dry_run.map(|how| put(how, &of_init(args)));
    }
    let asked = asked(&cli.command)?;
    let how = asked.deployment.dry_run?;
    if !cfg!(target_os = "linux") {
        return Some(Err("what a run would do is only declared for Linux".to_owned()));
    }
    Some(plan_of(&asked).and_then(|plan| put(how, &plan)))
}

fn put(how: How, plan: &DryRun) -> Result<Exit, String> {
    print(&match how {
        How::Text => render::dry_run(plan),
        How::Json => render::dry_run_json(plan),
    })?;
    Ok(Exit::Fine)
}

fn asked(command: &Command) -> Option<Asked<'_>> {
    let path = |path: &std::path::PathBuf| path.display().to_string();
    Some(match command {
        Command::All(args) => Asked {
            only: args.only.clone(),
            reads: args.with.iter().chain(&args.since).map(path).collect(),
            writes: args.showing.output.as_ref().map(path),
            ssh: !args.ssh.is_empty(),
            ..Asked::new(&args.deployment)
        },
        Command::Snapshot(args) => {
            Asked { reads: args.from.iter().map(path).collect(), ..Asked::new(&args.deployment) }
        }
        Command::Watch(args) => Asked {
            only: args.only.clone(),
            reads: args.with.iter().map(path).collect(),
            ..Asked::new(&args.deployment)
        },
        Command::Healthcheck(args) => {
            Asked { only: health::ASKED.map(str::to_owned).to_vec(), own_checks: false, ..Asked::new(&args.deployment) }
        }
        Command::Recreate(args) => {
            Asked { reads: args.with.iter().map(path).collect(), recreates: true, ..Asked::new(&args.deployment) }
        }
        Command::Explain(args) => Asked {
            only: vec!["env-flask".to_owned()],
            reads: args.files.iter().map(path).collect(),
            ..Asked::new(&args.deployment)
        },
        Command::Judge(_)
        | Command::Init(_)
        | Command::List(_)
        | Command::Schema(_)
        | Command::AlertRules
        | Command::Completions(_)
        | Command::Man(_) => return None,
    })
}

fn plan_of(asked: &Asked<'_>) -> Result<DryRun, String> {
    let Told { vantage: told, container, .. } = asked.deployment;
    let folder = asked.deployment.checks.as_deref().filter(|_| asked.own_checks);
    let (profile, checks) = (profile(asked.deployment)?, plan::select(checks(folder)?, &asked.only)?);
    let mut parts = vec![start()];
    let named: Vec<&str> = asked.reads.iter().map(String::as_str).collect();
    let named = [reads(&named), asked.writes.iter().flat_map(|path| writes(path)).collect()].concat();
    if !named.is_empty() {
        parts.push(Part::of("files", "the files that you named", named));
    }
    if told.is_none() {
        parts.push(Part::of("vantage", "to find out which host this is (`--as` tells it)", vantage::touches()));
    }
    if asked.ssh {
        parts.push(Part::of(
            "ssh",
            "for the hosts of `--ssh`; there this program does what it does here",
            ssh::touches(),
        ));
    }
    if asked.recreates {
        parts.push(Part::of("recreate", "to see how the container was created", recipe::touches()));
    }
    let inside = container.is_some() && told.is_none_or(|it| it == Vantage::Client);
    if inside {
        parts.push(Part::of("inside", "on the client: to look inside the worker's container", inside::touches()));
    }
    let also = |vantage| inside && vantage == Vantage::Container;
    let wanted = Vantage::ALL.into_iter().filter(|it| told.is_none_or(|told| told == *it) || also(*it));
    parts.extend(wanted.map(|vantage| seat(vantage, &checks, &profile)));
    Ok(DryRun::new(parts, &profile))
}

fn of_init(args: &InitArgs) -> DryRun {
    let output = args.output.iter().flat_map(|path| writes(&path.display().to_string())).collect();
    let parts = [
        start(),
        Part::of("vantage", "to find out which host this is", vantage::touches()),
        Part::of("init", "to find the application", [application::touches(), output].concat()),
    ];
    DryRun::new(parts.into(), &Profile::default())
}

fn start() -> Part {
    Part::of("start", "in every run", host::touches())
}

/// All looks from one vantage.
fn seat(vantage: Vantage, checks: &[Check], profile: &Profile) -> Part {
    let keys = plan::looks(checks, vantage);
    let plugins = plan::plugins(checks);
    let look = |key: &FactKey| Planned::new(key.to_string(), key.says(), probe::touches(key, vantage, &plugins));
    let mut looks: Vec<Planned> = keys.iter().map(look).collect();
    let later: Vec<Touch> = plan::later(&keys, vantage);
    if !later.is_empty() {
        looks.push(Planned::new("more".to_owned(), "what the first looks lead to", later));
    }
    // From outside there is nothing to look at but this address.
    if vantage == Vantage::Outside && profile.public.is_none() {
        looks.clear();
    }
    Part { id: vantage.word(), title: format!("as the {vantage}"), looks }
}
