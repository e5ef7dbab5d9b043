//! A cause with its sentences filled in.

use super::by_hand::by_hand;
use super::command::commands;
use super::correction::{Correction, correction};
use super::words::{Words, common_words, fill, of_web_app, says, unseen_worker, without_docker};
use super::{advice, contained, doubt, instance, maker};
use crate::blame::Blamed;
use crate::case::Case;
use crate::check::{Alternative, Cause, Check, Finding, Fix, Position, UNEXPECTED};
use crate::fact::Vantage;

/// A cause with its sentences filled in.
#[derive(Debug, Clone)]
pub struct Diagnosis {
    /// `check-id/cause`: stable, and what `clipcheck explain` takes.
    pub code: String,
    /// What is seen.
    pub says: String,
    /// How to mend it.
    pub fix: Fix,
    /// What the commands are typed into.
    pub shell: Shell,
    /// The worker's variable that is corrected, if one is.
    pub correction: Option<Correction>,
    /// The line at fault.
    pub place: Option<Position>,
    /// What is wrong in that line, where that is known.
    pub marked: Option<String>,
    /// What looks the same from here and was not ruled out, likeliest first; empty where the cause is certain.
    pub alternatives: Vec<Candidate>,
    /// How to tell those apart, the surest way first.
    pub tell: Vec<String>,
}

/// What commands are typed into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Shell {
    /// A shell of Linux.
    Sh,
    /// Windows' own.
    PowerShell,
}

/// A check that may be broken elsewhere, and look from here as this does.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Where.
    pub on: Vantage,
    /// `check` or `check/cause`: what `clipcheck explain` takes.
    pub code: String,
    /// What would not hold.
    pub title: String,
}

pub(super) fn diagnosis(case: &Case, check: &Check, blamed: &Blamed, checks: &[Check]) -> Diagnosis {
    let here = blamed.answer.vantage;
    let (Some(finding), Some(snapshot), Some(addresses)) =
        (blamed.finding(), case.snapshot(here), case.addresses(here))
    else {
        return Diagnosis {
            code: check.id.to_string(),
            says: String::new(),
            fix: unexpected_fix(),
            shell: Shell::Sh,
            correction: None,
            place: None,
            marked: None,
            alternatives: Vec::new(),
            tell: Vec::new(),
        };
    };
    let mut words = common_words(snapshot, addresses, case.container());
    // Of several addresses of the server each service has its own.
    if let (Some(service), Ok(seat)) = (check.category.service(), case.seat(here)) {
        words.insert("server", seat.meets(service).0.to_string());
    }
    words.extend(case.native_worker().as_ref().map(without_docker).unwrap_or_default());
    if case.snapshots().all(|it| !matches!(it.vantage, Vantage::Client | Vantage::Container)) {
        words.extend(unseen_worker());
    }
    let text = check.causes.get(finding.cause);
    if here == Vantage::Server && text.is_none_or(|text| text.fix.on.is_none()) {
        words.extend(of_web_app(case.web_unit()));
    }
    words.extend(finding.words.iter().map(|(name, value)| (*name, value.clone())));
    let (says, fix, shell) = text.map_or_else(
        || {
            let says = "the result is \u{201c}{seen}\u{201d}, which this check does not know";
            (says.to_owned(), unexpected_fix(), Shell::Sh)
        },
        |text| in_words_of_the_host(case, check, text, blamed, finding),
    );
    let fix = advice::added(fix, &fill(&says, &words));
    let fix = Fix { variable: fix.variable.map(|variable| fill(&variable, &words)), ..fix };
    let service = contained::of(case, check, &fix);
    let fix = match service {
        Some(container) => {
            words.extend(contained::words(container, &words));
            contained::translated(fix, check.category, &words)
        }
        None => match instance::of(case, check, &fix) {
            Some(instance) => instance::translated(fix, &instance),
            None => fix,
        },
    };
    // What is typed is typed where the fix is made.
    let made = fix.on.map_or(Some(snapshot), |on| case.snapshot(on)).and_then(maker::of);
    let (fix, own) = match made {
        Some(conf) => {
            let about = finding.place.as_ref().map(|place| &place.file).or_else(|| finding.words.get("file"));
            (maker::translated(fix, conf, about.is_some_and(|about| *about == conf.path)), maker::words(conf))
        }
        None => (fix, Words::new()),
    };
    words.extend(own);
    let said = fill(&fix.say, &words);
    // A worker without Docker has no container in which anything could be wrong.
    let contained = case.native_worker().is_none();
    let left: Vec<Alternative> =
        blamed.alternatives.iter().filter(|it| contained || it.on != Vantage::Container).cloned().collect();
    let correction = correction(finding, &fix, &words, addresses.app.as_ref()).filter(|_| shell == Shell::Sh);
    let mut on = fix.on;
    let (say, run) = match commands(&fix.run, shell, &words) {
        Ok(run) if run.is_empty() && shell == Shell::Sh && !case.on_windows(on.unwrap_or(here)) => {
            let there = case.addresses(on.unwrap_or(here)).unwrap_or(addresses);
            let run = by_hand(finding, &fix, &words, here, there.app.as_ref());
            // A container does not know what gave it its variables; its host does.
            on = on.or((here == Vantage::Container && !run.is_empty()).then_some(Vantage::Client));
            (said, run)
        }
        Ok(run) => (said, run),
        Err(value) => (format!("{said} The commands are left out: `{value}` is not safe in a command."), Vec::new()),
    };
    Diagnosis {
        code: format!("{}/{}", check.id, finding.cause),
        says: fill(&says, &words),
        fix: Fix { on, say, run, variable: fix.variable, know: fill(&fix.know, &words) },
        shell,
        correction,
        place: finding.place.clone(),
        marked: finding.marked.clone(),
        alternatives: doubt::alternatives(&left, checks),
        tell: doubt::tell(&left, case, check.causes.get(finding.cause), |text| fill(text, &words)),
    }
}

/// Without Docker other things are typed than with it, and on Windows other things than on Linux: what counts is the host that is to be mended, and for what is seen
/// the one that saw it.
fn in_words_of_the_host(
    case: &Case,
    check: &Check,
    text: &Cause,
    blamed: &Blamed,
    finding: &Finding,
) -> (String, Fix, Shell) {
    let here = blamed.answer.vantage;
    // Those words are of Linux.
    let of_app = case.addresses(here).is_some_and(|addresses| addresses.app.is_some())
        && !case.on_windows(text.fix.on.unwrap_or(here));
    if let Some(other) = text.other_app.as_ref().filter(|_| of_app) {
        let seen = other.says.clone().unwrap_or_else(|| says(check, text, finding));
        return (seen, Fix { on: text.fix.on, ..other.fix.clone() }, Shell::Sh);
    }
    if let Some(other) = text.contained.as_ref().filter(|_| contained::of(case, check, &text.fix).is_some()) {
        let seen = other.says.clone().unwrap_or_else(|| says(check, text, finding));
        return (seen, Fix { on: text.fix.on, ..other.fix.clone() }, Shell::Sh);
    }
    if let Some(native) = text.native.as_ref().filter(|_| case.native_worker().is_some()) {
        let seen = native.says.clone().unwrap_or_else(|| says(check, text, finding));
        return (seen, Fix { on: text.fix.on, ..native.fix.clone() }, Shell::Sh);
    }
    let windows = |at: Vantage| text.windows.as_ref().filter(|_| case.on_windows(at));
    let seen = windows(here).and_then(|there| there.says.clone());
    let (fix, shell) = match windows(text.fix.on.unwrap_or(here)) {
        Some(there) => (&there.fix, Shell::PowerShell),
        None => (&text.fix, Shell::Sh),
    };
    (seen.unwrap_or_else(|| says(check, text, finding)), Fix { on: text.fix.on, ..fix.clone() }, shell)
}

fn unexpected_fix() -> Fix {
    Fix {
        on: None,
        say: format!("Compare it with the words that the check expects (cause `{UNEXPECTED}`)."),
        run: Vec::new(),
        variable: None,
        know: "The check is OK.".to_owned(),
    }
}
