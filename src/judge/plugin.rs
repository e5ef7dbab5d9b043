//! A monitoring plug-in's answer: OK, a warning, critical; all else is not seen.

use crate::case::Seat;
use crate::check::{Judged, PLUGIN_CAUSES, Verdict, broken, holds};
use crate::fact::plugin::{Ended, PluginRun};
use crate::fact::{Fact, FactKey, Unseen};

pub(super) fn answer(key: &FactKey, seat: &Seat<'_>) -> Judged {
    let Fact::Plugin(run) = seat.fact(key)? else { return Err(Unseen::NotAsked(key.clone())) };
    let PluginRun { program, line, .. } = run;
    let name = program.rsplit('/').next().unwrap_or_default();
    let [warning, critical] = PLUGIN_CAUSES;
    let broken =
        |cause| Ok(Verdict::from(broken(cause).with("output", line).with("program", program).with("name", name)));
    let unseen = |why: String| Err(Unseen::Undecided(why));
    match run.ended {
        Ended::Signal(number) => unseen(format!("{program} was ended by signal {number}")),
        // A shell ends with 1 and 2 too where it cannot do what a script says, and Python where a script breaks off.
        Ended::Exit(code @ 0..=3) if line.is_empty() => {
            let said = run.complaint.as_ref().map_or_else(String::new, |said| format!("; its standard error: {said}"));
            unseen(format!("{program} printed no line, so its exit code {code} may not be an answer{said}"))
        }
        Ended::Exit(0) => Ok(holds()),
        Ended::Exit(1) => broken(warning),
        Ended::Exit(2) => broken(critical),
        Ended::Exit(3) => unseen(format!("{program} does not know: {line}")),
        Ended::Exit(code) => unseen(format!("{program} ended with {code}; a plug-in ends with 0, 1, 2 or 3")),
    }
}
