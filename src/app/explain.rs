//! `clipcheck explain`: a check's page, or where a variable comes from.

use super::screen::print;
use super::terminal::terminal;
use super::{Looker, Looks, checks, profile, snapshot};
use crate::case::Case;
use crate::cli::ExplainArgs;
use crate::exit::Exit;
use crate::plan;
use crate::render;
use crate::report::provenance;

pub(super) fn explain(args: &ExplainArgs) -> Result<Exit, String> {
    let checks = checks(args.deployment.checks.as_deref())?;
    let snapshots = args.files.iter().map(|path| snapshot(path)).collect::<Result<Vec<_>, _>>()?;
    let told = profile(&args.deployment)?.app();
    let app = told.or_else(|| snapshots.iter().find_map(|snapshot| snapshot.addresses.app.clone()));
    let variables = provenance::variables(app.as_ref());
    let named = variables.iter().find(|variable| **variable == args.id);
    let Some(variable) = named else {
        let mut page = render::explain(&checks, &args.id, terminal())?;
        if !snapshots.is_empty() {
            let case = Case::new(snapshots)?;
            let named: Vec<&str> = variables.iter().copied().filter(|name| page.text().contains(name)).collect();
            for variable in named {
                page.push(&render::provenances(&provenance::provenances(&case, variable), terminal()));
            }
        }
        print(&page)?;
        return Ok(Exit::Fine);
    };
    let snapshots = if snapshots.is_empty() {
        let environment = plan::select(checks, &["env-flask".to_owned()])?;
        let seen = Looker::new()?.look(&Looks::new(&args.deployment, &environment))?;
        seen.elsewhere.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().chain(seen.here).collect()
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
