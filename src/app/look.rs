//! Looking from here, once or again and again.

use std::collections::BTreeSet;
use std::future::Future;
use std::io::IsTerminal;
use std::mem::ManuallyDrop;
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::sync::mpsc::unbounded_channel;
use tokio::task::JoinSet;

use super::screen::{Guard, end_after};
use super::terminal::terminal;
use super::{earlier, profile};
use crate::check::Check;
use crate::cli::Deployment as Told;
use crate::exit::Exit;
use crate::fact::{FactKey, Vantage};
use crate::plan;
use crate::probe::ssh::{self, There};
use crate::probe::{ProbeContext, host, inside, vantage};
use crate::profile::Profile;
use crate::render;
use crate::report::Before;
use crate::run::{Event, Orders, run};
use crate::snapshot::Snapshot;

/// How long judging and printing may take beyond the deadline of the looks. A report of the largest case takes 0.1 s.
const GRACE: Duration = Duration::from_secs(2);

/// What one run saw.
pub(super) struct Seen {
    /// None on a host that is no part of the deployment, from which others are looked at.
    pub(super) here: Option<Snapshot>,
    /// From where else this was asked for: inside the worker's container, on hosts over ssh. The error names it.
    pub(super) elsewhere: Vec<Result<Snapshot, String>>,
    /// As long as this is there, the program ends soon after its deadline, also where judging hangs.
    guard: Guard,
}

impl Seen {
    /// Together with the other ends' snapshots; and what is to be noted.
    pub(super) fn with(self, others: &[Snapshot]) -> (Vec<Snapshot>, Vec<String>, Guard) {
        let (mut snapshots, mut notes) = (others.to_vec(), Vec::new());
        // That it cannot be looked into takes nothing from what was seen here, and is often explained by it.
        for seen in self.elsewhere {
            match seen {
                Ok(seen) => snapshots.push(seen),
                Err(why) => notes.push(why),
            }
        }
        snapshots.extend(self.here);
        (snapshots, notes, self.guard)
    }
}

/// What to look at.
pub(super) struct Looks<'a> {
    pub(super) deployment: &'a Told,
    pub(super) checks: &'a [Check],
    /// An earlier report and the other ends' snapshots: its roots are told of as soon as what they need is seen.
    pub(super) before: Option<(&'a Before, &'a [Snapshot])>,
    /// Hosts where this program looks, too.
    pub(super) ssh: &'a [There],
    /// Looks that are left out.
    pub(super) without: &'a [FactKey],
    /// Whether an answer is enough, and nothing else is asked of who answers.
    pub(super) brief: bool,
    /// What the program ends with where something hangs.
    pub(super) late: Exit,
}

impl<'a> Looks<'a> {
    pub(super) fn new(deployment: &'a Told, checks: &'a [Check]) -> Self {
        Self { deployment, checks, before: None, ssh: &[], without: &[], brief: false, late: Exit::Undone }
    }
}

/// What a look still waits for must not hold up the end, nor wake up in a runtime that is gone: both end with the process.
pub(super) struct Looker(ManuallyDrop<Runtime>);

impl Looker {
    pub(super) fn new() -> Result<Self, String> {
        host::limits::room().map_err(|why| why.to_string())?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| format!("cannot start: {}", error.kind()))?;
        Ok(Self(ManuallyDrop::new(runtime)))
    }

    /// Looks from here.
    pub(super) fn look(&self, looks: &Looks<'_>) -> Result<Seen, String> {
        let seen = self.look_until(looks, std::future::pending())?;
        seen.ok_or_else(|| "stopped".to_owned())
    }

    /// The same; none if something else comes first.
    pub(super) fn look_until(&self, looks: &Looks<'_>, end: impl Future<Output = ()>) -> Result<Option<Seen>, String> {
        let guard = end_after(
            looks.deployment.deadline + GRACE + if looks.ssh.is_empty() { Duration::ZERO } else { ssh::REACH },
            "stopped after its deadline, before the results could be judged",
            looks.late,
        )?;
        let seen = self.0.block_on(async {
            tokio::select! { seen = look(looks) => Some(seen), () = end => None }
        });
        let seen = seen.transpose()?;
        Ok(seen.map(|(here, elsewhere)| Seen { here, elsewhere, guard }))
    }

    /// Waits for something else.
    pub(super) fn wait<T>(&self, what: impl Future<Output = T>) -> T {
        self.0.block_on(what)
    }
}

type SeenAt = (Option<Snapshot>, Vec<Result<Snapshot, String>>);

async fn look(looks: &Looks<'_>) -> Result<SeenAt, String> {
    let Looks { deployment, checks, before, .. } = looks;
    let profile = profile(deployment)?;
    let mut there = JoinSet::new();
    for host in looks.ssh {
        there.spawn(look_there(host.clone(), profile.clone(), deployment.deadline));
    }
    let (vantage, vantage_by) = match deployment.vantage {
        Some(vantage) => (vantage, "--as".to_owned()),
        None => vantage::find()?,
    };
    let mut keys = plan::looks(checks, vantage);
    keys.retain(|key| !looks.without.contains(key));
    // Who looks at others from outside may mean them alone.
    if vantage == Vantage::Outside && profile.public.is_none() && !looks.ssh.is_empty() {
        return Ok((None, there.join_all().await));
    }
    needs_public(vantage, &profile, &keys)?;
    let again = before.map(|(before, _)| plan::with_needs(checks, &before.roots(vantage))).unwrap_or_default();
    let first = if again.is_empty() { BTreeSet::new() } else { plan::looks(&again, vantage) };
    let (events, heard) = unbounded_channel();
    let within = vantage == Vantage::Client && deployment.container.is_some();
    let inside = within.then(|| look_inside(profile.clone(), deployment.deadline));
    let plugins = plan::plugins(checks);
    let (deadline, brief) = (deployment.deadline, looks.brief);
    let orders = Orders { vantage, vantage_by, profile, keys, first, plugins, brief, deadline };
    let told = |event: &Event| match (event, before) {
        (Event::First(seen), Some((before, others))) => earlier::first_words(seen, others, &again, before),
        (Event::First(_) | Event::Waiting(_) | Event::Done(_), _) => String::new(),
    };
    let screen = Some(terminal()).filter(|screen| screen.moves && std::io::stderr().is_terminal());
    let progress = render::progress::show(heard, screen, told);
    let inside = async { if let Some(looking) = inside { Some(looking.await) } else { None } };
    let (here, (), inside, there) = tokio::join!(run(orders, events), progress, inside, there.join_all());
    Ok((Some(here), inside.into_iter().chain(there).collect()))
}

/// What is seen inside the worker's container on this machine.
async fn look_inside(profile: Profile, deadline: Duration) -> Result<Snapshot, String> {
    let said = profile.flags();
    let context = ProbeContext::bare(Vantage::Client, profile);
    let text = inside::snapshot(&context, &said, deadline).await;
    let seen = text.and_then(|text| Snapshot::parse(&text, "the container's snapshot"));
    seen.map_err(|why| format!("the inside of the container was not checked: {why}"))
}

/// What is seen on another host.
async fn look_there(there: There, profile: Profile, deadline: Duration) -> Result<Snapshot, String> {
    let text = ssh::snapshot(&there, &profile, deadline).await;
    let seen = text.and_then(|text| Snapshot::parse(&text, "its snapshot"));
    seen.map_err(|why| format!("{} was not checked: {why}", there.destination))
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
