//! `clipcheck recreate`: how the worker is started again with what its fixes correct.

use super::screen::print;
use super::{Looker, Looks, checks, profile, snapshot, together};
use crate::cli::RecreateArgs;
use crate::exit::Exit;
use crate::fact::{Fact, FactKey, Vantage};
use crate::probe::{ProbeContext, recipe};
use crate::render;
use crate::report::recreation;

pub(super) fn recreate(args: &RecreateArgs) -> Result<Exit, String> {
    let checks = checks(args.deployment.checks.as_deref())?;
    let others = args.with.iter().map(|path| snapshot(path)).collect::<Result<Vec<_>, _>>()?;
    let looker = Looker::new()?;
    let seen = looker.look(&Looks::new(&args.deployment, &checks))?;
    let here = seen.here.as_ref();
    if let Some(here) = here.filter(|here| here.vantage != Vantage::Client) {
        return Err(format!(
            "this is the {}: the worker is started on the client's own system (`--as client` if this is it)",
            here.vantage
        ));
    }
    let Some(Fact::Env(env)) = here.and_then(|here| here.fact(&FactKey::Env)).cloned() else {
        return Err("the worker's variables were not seen; `clipcheck all worker` says why".to_owned());
    };
    let (snapshots, notes, _guard) = seen.with(&others);
    let (report, _) = together(snapshots, &checks, None, notes, &[])?;
    let context = ProbeContext::bare(Vantage::Client, profile(&args.deployment)?);
    let recreation = recreation(&report, &env, || looker.wait(recipe::look(&context)))?;
    print(&render::recreation(&recreation))?;
    Ok(Exit::Fine)
}
