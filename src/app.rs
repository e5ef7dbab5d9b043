//! The stages in order: argv → looks → verdicts → report → screen. The only place that prints.

use std::path::{Path, PathBuf};

use crate::blame::blame;
use crate::case::Case;
use crate::check::Check;
use crate::cli::{All, Cli, Command, Deployment as Told, FailOn, JudgeArgs, ListArgs};
use crate::deployment::Deployment;
use crate::exit::Exit;
use crate::fact::Vantage;
use crate::judge::judge;
use crate::plan;
use crate::probe::ssh::There;
use crate::probe::{host, inside};
use crate::profile::Profile;
use crate::read::windows::Recording;
use crate::render;
use crate::report::{About, Before, Report, merged, report, since};
use crate::snapshot::Snapshot;

mod dry_run;
mod earlier;
mod explain;
mod health;
mod init;
mod look;
mod manual;
mod output;
mod own_checks;
mod recreate;
pub mod screen;
mod terminal;
mod wait;
mod watch;

use look::{Looker, Looks};
use own_checks::checks;
use screen::print;
use terminal::terminal;

/// Runs a command. `Err` is our input's fault: one message, exit code 2, nothing printed before it.
pub fn main(cli: Cli) -> Result<Exit, String> {
    if let Some(told) = dry_run::dry_run(&cli) {
        return told;
    }
    match cli.command {
        Command::All(args) => all(&args),
        Command::Snapshot(args) => {
            if args.remove_own_copy {
                inside::remove_own_copy();
            }
            let seen = if let Some(path) = &args.from {
                recorded(path, &args.deployment)?
            } else {
                let checks = checks(args.deployment.checks.as_deref())?;
                Looker::new()?.look(&Looks::new(&args.deployment, &checks))?.here.ok_or("nothing was looked at")?
            };
            print(&render::json(seen.to_json()))?;
            Ok(Exit::Fine)
        }
        Command::Judge(args) => judge_files(&args),
        Command::Init(args) => init::init(&args),
        Command::List(args) => list(&args),
        Command::Explain(args) => explain::explain(&args),
        Command::Recreate(args) => recreate::recreate(&args),
        Command::Watch(args) => watch::watch(&args),
        Command::Healthcheck(args) => health::healthcheck(&args),
        Command::AlertRules => {
            print(&render::alert_rules())?;
            Ok(Exit::Fine)
        }
        Command::Completions(args) => {
            print(&render::generated(&manual::completions(args.shell)))?;
            Ok(Exit::Fine)
        }
        Command::Man(args) => {
            print(&render::generated(&manual::man(args.command.as_deref())?))?;
            Ok(Exit::Fine)
        }
        Command::Schema(args) => {
            print(&render::schema(args.of))?;
            Ok(Exit::Fine)
        }
    }
}

fn all(args: &All) -> Result<Exit, String> {
    let checks = plan::select(checks(args.deployment.checks.as_deref())?, &args.only)?;
    // Read before looking: a file that is no snapshot must not cost the user a run.
    let others = args.with.iter().map(|path| snapshot(path)).collect::<Result<Vec<_>, _>>()?;
    let before = args.since.as_deref().map(|path| earlier::before(path, &checks)).transpose()?;
    let ssh: Vec<There> = args.ssh.iter().map(|host| There { destination: host.clone(), sudo: args.sudo }).collect();
    let looks = Looks {
        before: before.as_ref().map(|before| (before, others.as_slice())),
        ssh: &ssh,
        ..Looks::new(&args.deployment, &checks)
    };
    let looker = Looker::new()?;
    let mut wait = args.wait.map(wait::Wait::new);
    loop {
        let seen = looker.look(&looks)?;
        let (snapshots, notes, _guard) = seen.with(&others);
        if snapshots.is_empty() {
            return Err(notes.join("; "));
        }
        let (report, exit) = together(snapshots, &checks, before.as_ref(), notes, &args.showing.fail_on)?;
        if exit == Exit::Fine || !wait.as_mut().is_some_and(|wait| wait.again(&report, &args.showing.fail_on)) {
            output::put(report, &args.showing, exit)?;
            return Ok(exit);
        }
    }
}

fn judge_files(args: &JudgeArgs) -> Result<Exit, String> {
    let checks = checks(args.checks.as_deref())?;
    let (report, exit) = together(snapshots(&args.files)?, &checks, None, Vec::new(), &args.showing.fail_on)?;
    output::put(report, &args.showing, exit)?;
    Ok(exit)
}

fn list(args: &ListArgs) -> Result<Exit, String> {
    print(&render::list(&checks(args.checks.as_deref())?, args.format, terminal()))?;
    Ok(Exit::Fine)
}

fn profile(deployment: &Told) -> Result<Profile, String> {
    let file = match &deployment.profile {
        Some(path) => Profile::parse(&read(path)?, path)?,
        None => Profile::default(),
    };
    Ok(deployment.said().or(file))
}

fn judged(deployment: Deployment, checks: &[Check]) -> Report {
    let notes = deployment.notes().to_vec();
    let of = |case: &Case| report(case, checks, &blame(checks, judge(case, checks)));
    // A client's snapshot is let go of as soon as it is judged.
    let mut report = merged(deployment.into_cases().map(|case| (About::of(&case), of(&case))));
    report.notes.extend(notes);
    report
}

/// The report on what was seen together, and how it ends.
fn together(
    snapshots: Vec<Snapshot>,
    checks: &[Check],
    before: Option<&Before>,
    notes: Vec<String>,
    fail_on: &[FailOn],
) -> Result<(Report, Exit), String> {
    let deployment = Deployment::new(snapshots)?;
    if let Some(why) = deployment.different_deployments() {
        return Err(why);
    }
    let mut report = judged(deployment, checks);
    report.essential_unseen |= !notes.is_empty();
    report.notes.extend(notes);
    report.since = before.map(|before| since(&report, before, checks)).unwrap_or_default();
    report.notes.extend(before.map(|before| before.notes(&report)).unwrap_or_default());
    let exit = Exit::of(report.counts, report.essential_unseen, fail_on);
    Ok((report, exit))
}

/// Of files, and of folders all that is named like a snapshot in them.
fn snapshots(paths: &[PathBuf]) -> Result<Vec<Snapshot>, String> {
    let mut found = Vec::new();
    for path in paths {
        let Ok(Some(names)) = host::list(path) else {
            found.push(snapshot(path)?);
            continue;
        };
        let files = names.iter().map(|name| path.join(name));
        let before = found.len();
        for file in files.filter(|file| file.extension() == Some("json".as_ref())) {
            found.push(snapshot(&file)?);
        }
        if found.len() == before {
            return Err(format!("{}: no snapshot (*.json) in this folder", path.display()));
        }
    }
    Ok(found)
}

fn snapshot(path: &Path) -> Result<Snapshot, String> {
    Snapshot::parse(&read(path)?, &path.display().to_string())
}

/// A recording of a Windows client.
fn recorded(path: &Path, deployment: &Told) -> Result<Snapshot, String> {
    let shown = path.display();
    if let Some(vantage) = deployment.vantage.filter(|vantage| *vantage != Vantage::Client) {
        return Err(format!("{shown}: a recording of Windows is the client's, but `--as {vantage}` was given"));
    }
    let recording = Recording::parse(&read(path)?, &shown.to_string())?;
    Ok(Snapshot::of_windows(&recording, &profile(deployment)?))
}

/// A file that the user named; `-` is standard input.
fn read(path: &Path) -> Result<String, String> {
    let read = host::read_named(path).and_then(|bytes| text(bytes).ok_or_else(|| "it is not UTF-8 text".to_owned()));
    read.map_err(|why| format!("{}: {why}", path.display()))
}

/// PowerShell 5 writes what is sent to a file (`>`) as UTF-16, and as UTF-8 with a mark.
fn text(bytes: Vec<u8>) -> Option<String> {
    match bytes.as_slice() {
        [0xff, 0xfe, rest @ ..] => {
            let units: Vec<u16> = rest.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
            String::from_utf16(&units).ok()
        }
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8(rest.to_vec()).ok(),
        _ => String::from_utf8(bytes).ok(),
    }
}
