//! What else may be behind a broken check, as far as the case at hand has not ruled it out.

use super::Places;
use crate::check::{Alternative, Check, Verdict};
use crate::fact::Vantage;
use crate::judge::Answer;

/// What else looks like this cause at this vantage, likeliest first, without what other answers rule out. Empty where
/// nothing else is left: then the cause is what it says.
pub(super) fn alternatives(
    places: &Places<'_>,
    check: &Check,
    cause: &str,
    here: Vantage,
    answers: &[Answer],
) -> Vec<Alternative> {
    let claimed = check.causes.get(cause).and_then(|cause| cause.alternatives.get(&here));
    let others = claimed.into_iter().flatten().filter(|it| !it.covers(here, &check.id.0, cause));
    others.filter(|it| !ruled_out(it, places, answers)).cloned().collect()
}

/// Somebody looked, saw all there is to see, and it is not so. A check that compares both ends and has only one of
/// them has not seen it all: where it holds, it holds for what it saw.
fn ruled_out(alternative: &Alternative, places: &Places<'_>, answers: &[Answer]) -> bool {
    let Some(number) = places.at(&alternative.check, alternative.on) else { return false };
    let answer = &answers[number];
    let Some(check) = places.check_of(answer) else { return false };
    let whole = check.with.keys().all(|other| places.judged[*other as usize]);
    match &answer.judged {
        Ok(Verdict::Broken(finding)) => alternative.cause.as_deref().is_some_and(|cause| cause != finding.cause),
        Ok(Verdict::Holds | Verdict::NotApplicable(_)) => whole,
        Err(_) => false,
    }
}
