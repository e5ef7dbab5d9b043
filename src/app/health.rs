//! `clipcheck healthcheck`: what Docker asks of a container, in one line and one of two codes.

use super::look::{Looker, Looks};
use super::screen::print;
use super::{checks, together};
use crate::cli::HealthcheckArgs;
use crate::exit::Exit;
use crate::fact::FactKey;
use crate::plan;
use crate::render;
use crate::report::{Answer, Outcome};

/// What the worker cannot be without: its URLs, and an answer behind each.
pub(super) const ASKED: [&str; 9] = [
    "env-redis",
    "env-database",
    "names-resolve",
    "redis-port-open",
    "redis-answers",
    "postgres-port-open",
    "postgres-answers",
    "api-url",
    "api-answers",
];

/// Docker knows 0 and 1 (and keeps 2 for itself): what could not be done is not healthy.
pub(super) fn healthcheck(args: &HealthcheckArgs) -> Result<Exit, String> {
    let all = checks(None)?;
    let asked = plan::select(all, &ASKED.map(str::to_owned))?;
    let looker = Looker::new()?;
    // The worker's own libraries take longer than all the rest. They are asked only where the rest is in doubt.
    let quick = [FactKey::Libraries];
    for without in [&quick[..], &[]] {
        let looks = Looks { without, brief: true, late: Exit::Broken, ..Looks::new(&args.deployment, &asked) };
        let (snapshots, notes, _guard) = looker.look(&looks)?.with(&[]);
        let (report, exit) = together(snapshots, &asked, None, notes, &[])?;
        let answered = |it: &Outcome| it.check.ends_with("-answers") && matches!(it.answer, Answer::Holds);
        let healthy = exit == Exit::Fine && report.outcomes.iter().any(answered);
        if healthy || without.is_empty() {
            print(&render::health(&report, healthy))?;
            return Ok(if healthy { Exit::Fine } else { Exit::Broken });
        }
    }
    Ok(Exit::Broken)
}
