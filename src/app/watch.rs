//! `clipcheck watch`: a line for each change, until a signal ends it.

use std::future::Future;

use super::look::{Looker, Looks};
use super::screen::stream;
use super::{checks, snapshot, together};
use crate::cli::WatchArgs;
use crate::exit::Exit;
use crate::plan;
use crate::render;
use crate::report::{Before, since};

pub(super) fn watch(args: &WatchArgs) -> Result<Exit, String> {
    let checks = plan::select(checks(args.deployment.checks.as_deref())?, &args.only)?;
    let others = args.with.iter().map(|path| snapshot(path)).collect::<Result<Vec<_>, _>>()?;
    let looks = Looks::new(&args.deployment, &checks);
    let looker = Looker::new()?;
    let mut signals = looker.wait(async { Signals::new() })?;
    let mut last: Option<(Before, Exit)> = None;
    loop {
        let Some(seen) = looker.look_until(&looks, signals.next())? else {
            return last.map(|(_, exit)| exit).ok_or_else(|| "stopped before the first report".to_owned());
        };
        let (snapshots, notes, guard) = seen.with(&others);
        let (report, exit) = together(snapshots, &checks, None, notes, &args.fail_on)?;
        let page = match &last {
            None => render::watched(&report, None),
            Some((before, _)) => render::watched(&report, Some(&since(&report, before, &checks))),
        };
        drop(guard);
        if !stream(&page)? {
            return Ok(exit);
        }
        last = Some((Before::from(&report), exit));
        let pause = async { tokio::time::timeout(args.every, signals.next()).await.is_ok() };
        if looker.wait(pause) {
            return Ok(exit);
        }
    }
}

/// What asks a program to end: SIGINT and SIGTERM.
#[cfg(unix)]
struct Signals(tokio::signal::unix::Signal, tokio::signal::unix::Signal);

#[cfg(unix)]
impl Signals {
    fn new() -> Result<Self, String> {
        use tokio::signal::unix::{SignalKind, signal};
        let open = |kind| signal(kind).map_err(|error| format!("cannot start: no signals: {}", error.kind()));
        Ok(Self(open(SignalKind::interrupt())?, open(SignalKind::terminate())?))
    }

    fn next(&mut self) -> impl Future<Output = ()> {
        let Self(interrupt, terminate) = self;
        async {
            tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    #[expect(clippy::unnecessary_wraps, reason = "as on Unix")]
    fn new() -> Result<Self, String> {
        Ok(Self)
    }

    fn next(&mut self) -> impl Future<Output = ()> {
        async { _ = tokio::signal::ctrl_c().await }
    }
}
