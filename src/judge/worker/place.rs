//! Where a worker's variable has its value from: the line to change.

use super::url::{self, UrlFault};
use crate::case::Seat;
use crate::check::{Finding, broken};
use crate::fact::Vantage;
use crate::fact::environment::{
    ContainerProvenance, Effective, Environment, Flaw, Interpolation, Origin, Setting, Source,
};

/// Names the line of the file that sets a URL here, where a file does.
pub(in crate::judge) fn set_by<'a, C>(
    seat: &Seat<'a>,
    finding: Finding<C>,
    url: impl FnOnce(&'a Environment) -> Effective<'a>,
) -> Finding<C> {
    match seat.env().map(url) {
        Ok(Effective::Set { origin: Origin::File { path, line }, .. }) => finding.at(path, *line),
        _ => finding.with("place", "the worker's variables"),
    }
}

/// How the container was made: seen where Docker runs.
pub(super) fn provenance<'a>(seat: &Seat<'a>) -> Option<&'a ContainerProvenance> {
    let own = seat.env().ok().and_then(|env| env.provenance.as_ref());
    own.or_else(|| seat.at(Vantage::Client).ok()?.env().ok()?.provenance.as_ref())
}

/// A variable whose value the container has from elsewhere than the files say now: then what is wrong with the value
/// is not what the files say.
pub(super) fn placed<C: From<UrlFault>>(
    seat: &Seat<'_>,
    finding: Finding<C>,
    variable: &str,
    origin: &Origin,
) -> Finding<C> {
    if let Some(given) = finding.words.get(url::GIVEN).cloned() {
        let recreate = provenance(seat).and_then(ContainerProvenance::recreate).unwrap_or_default();
        let finding = finding.with("origin", given).with("edit_file", "").with("edit_line", "");
        return finding.with("variable", variable).with("recreate", recreate);
    }
    let Some((provenance, source)) = outdated(seat, variable, origin) else {
        let filled_in = source_of(seat, variable).filter(|source| matches!(source.origin, Origin::Default { .. }));
        return match (filled_in, finding.words.contains_key("name")) {
            (Some(_), true) => named(seat, finding.map(|_| C::from(UrlFault::Default)), variable, origin),
            (_, _) => named(seat, finding, variable, origin),
        };
    };
    let fault = if provenance.is_newer(source) { UrlFault::Stale } else { UrlFault::Shell };
    let finding = broken(C::from(fault))
        .with("variable", variable)
        .with("origin", source)
        .with("recreate", provenance.recreate().unwrap_or_default());
    match source.line() {
        Some((path, line)) => finding.at(path, line),
        None => finding,
    }
}

fn outdated<'a>(seat: &Seat<'a>, variable: &str, origin: &Origin) -> Option<(&'a ContainerProvenance, &'a Source)> {
    if !matches!(origin, Origin::Process | Origin::Inspect) {
        return None;
    }
    let provenance = provenance(seat)?;
    Some((provenance, provenance.differs(variable)?))
}

/// The line that has the whole value, so that a command can change it there; none where `${…}` puts it together.
/// (Quotation marks that are wrong stand on such a line, too.)
fn literal(source: &Source) -> Option<(&str, u32)> {
    match source.via.as_slice() {
        _ if matches!(source.setting, Some(Setting::Flawed(Flaw::Quoted))) => source.line(),
        [Interpolation { at: Some(_), whole: true, .. }] => source.line(),
        // Without a name: a `$` that asked for nothing.
        via if via.iter().all(|via| via.name.is_empty()) => source.line(),
        _ => None,
    }
}

/// What gave a worker without Docker its value.
pub(super) fn source_of<'a>(seat: &Seat<'a>, variable: &str) -> Option<&'a Source> {
    provenance(seat).filter(|provenance| provenance.host.is_some())?.source(variable)
}

/// Names the line that a variable's value comes from.
pub(in crate::judge) fn named<C>(seat: &Seat<'_>, finding: Finding<C>, variable: &str, origin: &Origin) -> Finding<C> {
    let given = matches!(origin, Origin::Process | Origin::Inspect);
    let provenance = provenance(seat).filter(|provenance| given || provenance.host.is_some());
    let source = provenance.and_then(|provenance| provenance.source(variable));
    // What is not there cannot be replaced.
    let there = finding.words.get("name").is_none_or(|name| name != url::NO_HOST);
    let (edit_file, edit_line) = source.filter(|_| there).and_then(literal).unzip();
    let finding = finding
        .with("variable", variable)
        .with("recreate", provenance.and_then(ContainerProvenance::recreate).unwrap_or_default())
        .with("edit_file", edit_file.unwrap_or_default())
        .with("edit_line", edit_line.map(|line| line.to_string()).unwrap_or_default());
    let Some(source) = source else {
        return match origin.place() {
            Some((path, line)) => finding.at(path, line).with("origin", origin),
            None => finding.with("origin", origin),
        };
    };
    let finding = finding.with("origin", source);
    match source.line() {
        Some((path, line)) => finding.at(path, line),
        None => finding,
    }
}
