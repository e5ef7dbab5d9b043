//! What stands around the findings: who looked, how each part stands, the way, what was not seen, what to do next.

use std::collections::BTreeMap;
use std::fmt::Write;

use anstyle::Style;

use super::super::{DIM, GREEN, Group, HOSTS, RED, YELLOW, ends, few, who, wrapped};
use crate::check::Category;
use crate::fact::Vantage;
use crate::report::{Answer, Counts, Outcome, Report, State, ways as all_ways};

/// How many reasons for what was not seen are shown.
const REASONS: usize = 4;

pub(super) fn header(out: &mut String, report: &Report, width: usize) {
    let version = format!("clipcheck {}", env!("CARGO_PKG_VERSION"));
    // Said once, where all agree.
    let first = report.hosts.iter().find(|host| host.vantage != Vantage::Outside).map(ends);
    wrapped(out, &first.iter().fold(version, |line, ends| format!("{line}: {ends}")), "", "  ", width);
    for host in report.hosts.iter().take(HOSTS) {
        let own = Some(ends(host)).filter(|own| first.as_ref() != Some(own) && !own.is_empty());
        wrapped(out, &own.iter().fold(who(host), |line, own| format!("{line}; {own}")), "", "  ", width);
    }
    let more = report.hosts.len().saturating_sub(HOSTS);
    if more > 0 {
        let _ = writeln!(out, "… and {more} more; `--format json` names all");
    }
    for note in &report.notes {
        wrapped(out, &format!("note: {note}"), "", "  ", width);
    }
    rights(out, report, width);
}

/// Once, with the command: what is missing only because who looked may not see it.
fn rights(out: &mut String, report: &Report, width: usize) {
    let missing: Vec<&Outcome> = report.outcomes.iter().filter(|it| it.rights).collect();
    if missing.is_empty() {
        return;
    }
    let hosts: Vec<_> = report.hosts.iter().filter(|host| missing.iter().any(|it| it.seat == host.seat)).collect();
    let windows = hosts.iter().any(|host| host.platform == "windows");
    let seats: Vec<String> = hosts.iter().map(|host| host.seat.clone()).collect();
    let (who, how) = if windows {
        ("Administrator", "run windows.ps1 in a PowerShell opened as Administrator".to_owned())
    } else if report.hosts.len() > 1 {
        ("root", format!("`sudo clipcheck snapshot` on the {}", few(&seats)))
    } else {
        ("root", "`sudo clipcheck all`".to_owned())
    };
    let line = format!("{} not seen, because only {who} may look: {how}", checks(missing.len()));
    wrapped(out, &line, &format!("{YELLOW}?{YELLOW:#} "), "  ", width);
}

fn checks(count: usize) -> String {
    if count == 1 { "1 check was".to_owned() } else { format!("{count} checks were") }
}

/// A line a category: the worst of it first.
pub(super) fn categories(out: &mut String, report: &Report, width: usize) {
    out.push('\n');
    for &category in Category::ALL {
        let counts = Counts::of(report.outcomes.iter().filter(|it| it.category == category));
        let parts = [
            (counts.roots + counts.explained, "failed"),
            (counts.warns, if counts.warns == 1 { "warning" } else { "warnings" }),
            (counts.holds, "OK"),
            (counts.notes, if counts.notes == 1 { "note" } else { "notes" }),
            (counts.unseen, "not seen"),
        ];
        let said: Vec<String> =
            parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
        if said.is_empty() {
            continue;
        }
        let (mark, style) = match counts {
            Counts { roots: 1.., .. } => ("✗", RED),
            Counts { explained: 1.., .. } => ("·", RED),
            Counts { warns: 1.., .. } => ("!", YELLOW),
            Counts { unseen, holds, .. } if unseen > holds => ("?", YELLOW),
            Counts { .. } => ("✓", GREEN),
        };
        let line = format!("{:9} {}", category.word(), said.join(", "));
        wrapped(out, &line, &format!("{style}{mark}{style:#} "), "  ", width);
    }
}

/// The ways, a line each, and what their marks mean.
pub(super) fn ways(out: &mut String, report: &Report, width: usize) {
    let ways = all_ways(&report.outcomes);
    if ways.is_empty() {
        return;
    }
    out.push('\n');
    let mut used = [false; 3];
    for way in &ways {
        let longest: usize = way.hops.iter().map(|hop| hop.name.len() + 5).sum();
        let join = if longest < width { " ─ " } else { "─" };
        let glue = if longest < width { " " } else { "" };
        let hops: Vec<String> = way
            .hops
            .iter()
            .map(|hop| {
                let (mark, style) = match hop.state {
                    State::Works => ("✓", GREEN),
                    State::Broken => ("✗", RED),
                    State::Behind => ("·", DIM),
                    State::Unseen => ("?", DIM),
                };
                for (used, state) in used.iter_mut().zip([State::Broken, State::Behind, State::Unseen]) {
                    *used |= hop.state == state;
                }
                // What works keeps the plain colour of its name.
                let (open, close) =
                    if hop.state == State::Works { (Style::new(), Style::new()) } else { (style, style) };
                format!("{style}{mark}{style:#}{glue}{open}{}{close:#}", hop.name)
            })
            .collect();
        let _ = writeln!(out, "{}", hops.join(join));
    }
    let of = |used: bool, words: &'static str| used.then_some(words);
    let [broken, behind, unseen] = used;
    let several = report.hosts.iter().any(|host| host.several_clients);
    let here = if several { "✗ broken here for at least one client" } else { "✗ broken here" };
    let key: Vec<&str> = [of(broken, here), of(behind, "· fails because of that"), of(unseen, "? not seen")]
        .into_iter()
        .flatten()
        .collect();
    if !key.is_empty() {
        wrapped(out, &format!("{DIM}{}{DIM:#}", key.join("   ")), "", "  ", width);
    }
}

/// What was not seen, by its reason. What more rights would show stands at the top.
pub(super) fn unseen(out: &mut String, report: &Report, width: usize) {
    let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut order: Vec<&str> = Vec::new();
    for outcome in report.outcomes.iter().filter(|it| !it.rights) {
        let Answer::Unseen(why) = &outcome.answer else { continue };
        let names = reasons.entry(why.as_str()).or_default();
        if names.is_empty() {
            order.push(why);
        }
        if !names.contains(&outcome.check.as_str()) {
            names.push(&outcome.check);
        }
    }
    if order.is_empty() {
        return;
    }
    out.push_str("\nNot seen (neither OK nor failed):\n");
    for why in order.iter().take(REASONS) {
        let names: Vec<String> = reasons.get(why).into_iter().flatten().map(|name| (*name).to_owned()).collect();
        wrapped(out, &format!("{why}: {}", few(&names)), &format!("{YELLOW}?{YELLOW:#} "), "  ", width);
    }
    let more = order.len().saturating_sub(REASONS);
    if more > 0 {
        let reasons = if more == 1 { "reason" } else { "reasons" };
        let _ = writeln!(out, "  … and for {more} more {reasons} (`-v`)");
    }
}

/// The one thing to do now.
pub(super) fn next(out: &mut String, report: &Report, roots: &[&Group<'_>], width: usize) {
    let first = roots.first().and_then(|group| group.outcomes.first());
    let line = match first.map(|it| &it.answer) {
        Some(Answer::Root { diagnosis, .. }) if !diagnosis.alternatives.is_empty() => {
            let Some(way) = diagnosis.tell.first() else { return };
            format!("Next, to be sure of the cause: {way}")
        }
        Some(Answer::Root { .. }) if roots.len() > 1 => {
            "Next: fix the first one above, then run clipcheck again; others may be gone with it. (`-v`: every check, all evidence)".to_owned()
        }
        Some(_) => "Next: fix it, then run clipcheck again. (`-v`: every check, all evidence)".to_owned(),
        None if report.essential_unseen => "Next: what is not seen above says what would show it".to_owned(),
        None => return,
    };
    wrapped(out, &line, "", "  ", width);
}
