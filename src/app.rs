//! The stages in order: argv → looks → verdicts → report → screen. The only place that prints.

use std::collections::BTreeSet;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::sync::mpsc::unbounded_channel;

use crate::blame::blame;
use crate::case::Case;
use crate::catalog;
use crate::check::Check;
use crate::cli::{All, Cli, Command, Deployment as Told, ExplainArgs, JudgeArgs, ListArgs, Showing};
use crate::deployment::Deployment;
use crate::exit::Exit;
use crate::fact::{FactKey, Vantage};
use crate::judge::judge;
use crate::plan;
use crate::probe::{ProbeContext, host, inside, vantage};
use crate::profile::Profile;
use crate::read::windows::Recording;
use crate::render;
use crate::report::{Before, Report, merged, provenance, report, since};
use crate::run::{Event, Orders, run};
use crate::snapshot::Snapshot;

mod earlier;
pub mod screen;
mod terminal;

use screen::{end_after, print, print_styled};
use terminal::terminal;

/// How long judging and printing may take beyond the deadline of the looks. A report of the largest case takes 0.1 s.
const GRACE: Duration = Duration::from_secs(2);

/// Runs a command. `Err` is our input's fault: one message, exit code 2, nothing printed before it.
pub fn main(cli: Cli) -> Result<Exit, String> {
    match cli.command {
        Command::All(args) => all(&args),
        Command::Snapshot(args) => {
            if args.remove_own_copy {
                inside::remove_own_copy();
            }
            let seen = match &args.from {
                Some(path) => recorded(path, &args.deployment)?,
                None => look(&args.deployment, &checks(args.deployment.checks.as_deref())?, None)?.here,
            };
            print(&render::json(&seen.to_json()))?;
            Ok(Exit::Fine)
        }
        Command::Judge(args) => judge_files(&args),
        Command::List(args) => list(&args),
        Command::Explain(args) => explain(&args),
    }
}

fn all(args: &All) -> Result<Exit, String> {
    let checks = plan::select(checks(args.deployment.checks.as_deref())?, &args.only)?;
    // Read before looking: a file that is no snapshot must not cost the user a run.
    let mut snapshots = args.with.iter().map(|path| snapshot(path)).collect::<Result<Vec<_>, _>>()?;
    let before = args.since.as_deref().map(|path| earlier::before(path, &checks)).transpose()?;
    let seen = look(&args.deployment, &checks, before.as_ref().map(|before| (before, snapshots.as_slice())))?;
    let mut notes = Vec::new();
    // That it cannot be looked into takes nothing from what was seen here, and is often explained by it.
    match seen.inside {
        Some(Ok(inside)) => snapshots.push(inside),
        Some(Err(why)) => notes.push(format!("the inside of the container was not checked: {why}")),
        None => {}
    }
    snapshots.push(seen.here);
    show(snapshots, &checks, before.as_ref(), notes, &args.showing)
}

fn judge_files(args: &JudgeArgs) -> Result<Exit, String> {
    let checks = checks(args.checks.as_deref())?;
    show(snapshots(&args.files)?, &checks, None, Vec::new(), &args.showing)
}

fn list(args: &ListArgs) -> Result<Exit, String> {
    print(&render::list(&checks(args.checks.as_deref())?, args.format, terminal()))?;
    Ok(Exit::Fine)
}

fn explain(args: &ExplainArgs) -> Result<Exit, String> {
    let checks = checks(args.deployment.checks.as_deref())?;
    let snapshots = args.files.iter().map(|path| snapshot(path)).collect::<Result<Vec<_>, _>>()?;
    let named = provenance::variables().iter().find(|variable| **variable == args.id);
    let Some(variable) = named else {
        let mut page = render::explain(&checks, &args.id, terminal())?;
        if !snapshots.is_empty() {
            let case = Case::new(snapshots)?;
            let named: Vec<&str> =
                provenance::variables().iter().copied().filter(|name| page.text().contains(name)).collect();
            for variable in named {
                page.push(&render::provenances(&provenance::provenances(&case, variable), terminal()));
            }
        }
        print(&page)?;
        return Ok(Exit::Fine);
    };
    let snapshots = if snapshots.is_empty() {
        let environment = plan::select(checks, &["env-flask".to_owned()])?;
        let seen = look(&args.deployment, &environment, None)?;
        seen.inside.transpose()?.into_iter().chain([seen.here]).collect()
    } else {
        snapshots
    };
    let provenances = provenance::provenances(&Case::new(snapshots)?, variable);
    if provenances.is_empty() {
        return Err(format!("{variable}: no snapshot of a worker or of the web app's host contains the variables"));
    }
    print(&render::provenances(&provenances, terminal()))?;
    Ok(Exit::Fine)
}

/// What one run saw.
struct Seen {
    here: Snapshot,
    /// From inside the worker's container, if that was asked for.
    inside: Option<Result<Snapshot, String>>,
}

/// What is seen inside the worker's container on this machine.
async fn look_inside(profile: Profile, deadline: Duration) -> Result<Snapshot, String> {
    let said = profile.flags();
    let context = ProbeContext::bare(Vantage::Client, profile);
    let text = inside::snapshot(&context, &said, deadline).await?;
    Snapshot::parse(&text, "the container's snapshot")
}

fn profile(deployment: &Told) -> Result<Profile, String> {
    let file = match &deployment.profile {
        Some(path) => Profile::parse(&read(path)?, path)?,
        None => Profile::default(),
    };
    Ok(deployment.said().or(file))
}

fn runtime() -> Result<tokio::runtime::Runtime, String> {
    host::limits::room().map_err(|why| why.to_string())?;
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("cannot start: {}", error.kind()))
}

/// Looks from here. The roots of an earlier report are told of as soon as what they need is seen, by this look and the
/// other ends' snapshots.
fn look(deployment: &Told, checks: &[Check], before: Option<(&Before, &[Snapshot])>) -> Result<Seen, String> {
    let profile = profile(deployment)?;
    end_after(deployment.deadline + GRACE, "stopped after its deadline, before the results could be judged")?;
    let runtime = runtime()?;
    let looked = runtime.block_on(async {
        let (vantage, vantage_by) = match deployment.vantage {
            Some(vantage) => (vantage, "--as".to_owned()),
            None => vantage::find()?,
        };
        let keys = plan::looks(checks, vantage);
        needs_public(vantage, &profile, &keys)?;
        let again = before.map(|(before, _)| plan::with_needs(checks, &before.roots(vantage))).unwrap_or_default();
        let first = if again.is_empty() { BTreeSet::new() } else { plan::looks(&again, vantage) };
        let (events, heard) = unbounded_channel();
        let within = vantage == Vantage::Client && deployment.container.is_some();
        let inside = within.then(|| look_inside(profile.clone(), deployment.deadline));
        let orders = Orders { vantage, vantage_by, profile, keys, first, deadline: deployment.deadline };
        let told = |event: &Event| match (event, before) {
            (Event::First(seen), Some((before, others))) => earlier::first_words(seen, others, &again, before),
            (Event::First(_) | Event::Waiting(_) | Event::Done(_), _) => String::new(),
        };
        let progress = render::progress::show(heard, std::io::stderr().is_terminal() && terminal().moves, told);
        let inside = async { if let Some(looking) = inside { Some(looking.await) } else { None } };
        let (here, (), inside) = tokio::join!(run(orders, events), progress, inside);
        Ok(Seen { here, inside })
    });
    // What a look still waits for must not hold up the end, nor wake up in a runtime that is gone: both end with the process.
    std::mem::forget(runtime);
    looked
}

/// From outside, the server's public address is all there is to look at.
fn needs_public(vantage: Vantage, profile: &Profile, keys: &BTreeSet<FactKey>) -> Result<(), String> {
    if vantage == Vantage::Outside && profile.public.is_none() && !keys.is_empty() {
        return Err(
            "from outside the tunnel only the server's public address can be checked: set it with `--public ADDRESS` \
                    (or `--as` if this host is not outside)"
                .to_owned(),
        );
    }
    Ok(())
}

fn judged(deployment: &Deployment, checks: &[Check]) -> Report {
    let of = |case: &Case| report(case, checks, &blame(checks, judge(case, checks)));
    let mut report = merged(deployment.cases().iter().map(|case| (case.client().map(str::to_owned), of(case))));
    report.notes.extend_from_slice(deployment.notes());
    report
}

fn show(
    snapshots: Vec<Snapshot>,
    checks: &[Check],
    before: Option<&Before>,
    notes: Vec<String>,
    showing: &Showing,
) -> Result<Exit, String> {
    let deployment = Deployment::new(snapshots)?;
    if let Some(why) = deployment.different_deployments() {
        return Err(why);
    }
    let mut report = judged(&deployment, checks);
    report.essential_unseen |= !notes.is_empty();
    report.notes.extend(notes);
    report.since = before.map(|before| since(&report, before, checks)).unwrap_or_default();
    report.notes.extend(before.map(|before| before.notes(&report)).unwrap_or_default());
    let exit = Exit::of(report.counts, report.essential_unseen, &showing.fail_on);
    print_styled(&render::report(&report, showing, exit, terminal()), showing.color)?;
    Ok(exit)
}

fn checks(own: Option<&Path>) -> Result<Vec<Check>, String> {
    let mut checks = catalog::built_in()?;
    let Some(folder) = own else { return Ok(checks) };
    let names = host::list(folder).map_err(|why| why.to_string())?;
    let names = names.ok_or_else(|| format!("{}: no such directory", folder.display()))?;
    for path in names.iter().map(|name| folder.join(name)).filter(|path| path.extension() == Some("toml".as_ref())) {
        let check = catalog::own(&path, &read(&path)?, &checks)?;
        checks.push(check);
    }
    catalog::needs_exist(&checks)?;
    Ok(checks)
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
