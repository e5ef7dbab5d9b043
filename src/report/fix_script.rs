//! What one host's script does: the edits and the commands of all that can be mended there without a person's knowledge.

use super::{Answer, Diagnosis, Host, Outcome, Report, Shell};
use crate::fact::Vantage;
use crate::fact::order::InOrder;
use typed::Typed;

pub(super) mod typed;

/// One host's script.
#[derive(Debug, Clone)]
pub struct FixScript {
    /// Where it is for, as the report calls it.
    pub seat: String,
    /// That host's name.
    pub host: String,
    /// The public key of its end of the tunnel, where that was seen.
    pub public_key: Option<String>,
    /// When that was seen, as a file's name has it.
    pub seen: String,
    /// What is mended.
    pub mended: Vec<Told>,
    /// What only a person can mend, or mends elsewhere.
    pub left: Vec<Told>,
    /// The files that change, as a shell takes them.
    pub files: Vec<String>,
    /// The commands that change them, on copies that lie below `"$new"`.
    pub edits: Vec<String>,
    /// The other commands, in order.
    pub actions: Vec<String>,
    /// Those of them that take what is in the files into use.
    pub reloads: Vec<String>,
    /// Those of them that putting the files back does not take back.
    pub lasting: Vec<String>,
}

/// A finding, and what to do.
#[derive(Debug, Clone)]
pub struct Told {
    /// `check-id/cause`.
    pub code: String,
    /// What is seen.
    pub says: String,
    /// What to do.
    pub say: String,
}

/// What stands for what only a person knows.
const PLACEHOLDERS: [&str; 4] = ["PASSWORD", "CLIENT_PUBLIC_KEY", "SERVER_PUBLIC_KEY", "SERVER_ADDRESS"];

/// The script for a host: the one that is named as the report names it, else the only one with something to mend.
pub fn fix_script(report: &Report, wanted: Option<&str>) -> Result<FixScript, String> {
    let mut scripts: Vec<FixScript> =
        report.hosts.iter().filter(|host| host.vantage != Vantage::Container).map(|host| of(report, host)).collect();
    let seats = |scripts: &[FixScript]| scripts.iter().map(|it| it.seat.clone()).collect::<Vec<_>>().join(", ");
    if let Some(wanted) = wanted {
        let known = seats(&scripts);
        let found = scripts.into_iter().find(|script| script.seat == wanted);
        return found.ok_or_else(|| format!("no host `{wanted}` was looked at; there is a script for: {known}"));
    }
    if scripts.len() > 1 {
        scripts.retain(|script| !script.mended.is_empty() || !script.left.is_empty());
    }
    let known = seats(&scripts);
    match <[FixScript; 1]>::try_from(scripts) {
        Ok([script]) => Ok(script),
        Err(none) if none.is_empty() => Err("there is nothing to mend on any host that was looked at".to_owned()),
        Err(_) => {
            Err(format!("there is something to mend on several hosts; name one, as in `--fix-script=HOST`: {known}"))
        }
    }
}

fn of(report: &Report, host: &Host) -> FixScript {
    let mut script = FixScript {
        seat: host.seat.clone(),
        host: host.name.clone(),
        public_key: host.public_key.clone(),
        seen: host.at().replace(':', ""),
        mended: Vec::new(),
        left: Vec::new(),
        files: Vec::new(),
        edits: Vec::new(),
        actions: Vec::new(),
        reloads: Vec::new(),
        lasting: Vec::new(),
    };
    let mut edits: Vec<(u32, String)> = Vec::new();
    for (outcome, diagnosis) in report.roots().filter(|(outcome, diagnosis)| is_there(report, host, outcome, diagnosis))
    {
        let told =
            || Told { code: diagnosis.code.clone(), says: diagnosis.says.clone(), say: diagnosis.fix.say.clone() };
        let mine = typed::typed(&diagnosis.fix.run).filter(|_| is_complete(diagnosis) && is_whole(outcome));
        let mine = mine.filter(|mine| !mine.edited.is_empty() || !wants_edit(diagnosis));
        let mine = mine.filter(|mine| !mine.only_reloads() || is_start(diagnosis));
        let Some(Typed { edited, actions }) = mine else {
            let mut left = told();
            if diagnosis.correction.is_some() {
                left.say.push_str(" (`sudo clipcheck recreate` prints a script that starts the worker again.)");
            }
            script.left.push(left);
            continue;
        };
        script.mended.push(told());
        let line = diagnosis.place.as_ref().map_or(0, |place| place.line);
        for edit in edited {
            edits.push((line, edit.staged));
            script.files.extend(edit.files);
        }
        for action in actions {
            script.files.extend(action.files);
            script.actions.retain(|known| *known != action.line);
            if action.is_reload {
                script.reloads.retain(|known| *known != action.line);
                script.reloads.push(action.line.clone());
            } else if !action.is_kept {
                script.lasting.push(action.line.clone());
            }
            script.actions.push(action.line);
        }
        // What a shell in the shell edits is not seen in its command.
        if let Some(place) = &diagnosis.place {
            script.files.push(typed::quoted(&place.file));
        }
    }
    // A line that is added or taken away moves those below it.
    edits.in_order_of(|(line, _)| std::cmp::Reverse(*line));
    script.edits = edits.into_iter().map(|(_, edit)| edit).collect();
    script.edits.dedup();
    script.files.in_order();
    script.files.dedup();
    script
}

/// Whether a finding is mended on a host.
fn is_there(report: &Report, host: &Host, outcome: &Outcome, diagnosis: &Diagnosis) -> bool {
    let on = match diagnosis.fix.on.unwrap_or(outcome.vantage) {
        Vantage::Container => Vantage::Client,
        on @ (Vantage::Server | Vantage::Client | Vantage::Outside) => on,
    };
    let alone = report.hosts.iter().filter(|other| other.vantage == on).count() == 1;
    host.vantage == on && (alone || outcome.seat == host.seat)
}

/// Whether nothing in it is for a person to fill in, and it is typed into a shell of Linux.
fn is_complete(diagnosis: &Diagnosis) -> bool {
    let open = |text: &str| PLACEHOLDERS.iter().any(|word| text.contains(word));
    let run = &diagnosis.fix.run;
    diagnosis.shell == Shell::Sh
        && !run.iter().any(|line| open(line))
        // The value that is to follow.
        && diagnosis.fix.variable.is_none()
        // What else it may be has another fix.
        && diagnosis.alternatives.is_empty()
}

/// Whether starting the worker again mends nothing by itself: its variable must be corrected before, where that is done.
fn wants_edit(diagnosis: &Diagnosis) -> bool {
    let edit = diagnosis.correction.as_ref().is_some_and(|it| it.edit.is_some());
    edit || diagnosis.correction.is_some() && diagnosis.fix.say.contains("PASSWORD")
}

/// How a fix begins that is a start and nothing else. What begins otherwise is done by a person before the commands.
const STARTS: [&str; 4] = ["Start", "Restart", "Recreate", "Reload"];

/// Whether to start something, or to start it again, is all there is to do.
fn is_start(diagnosis: &Diagnosis) -> bool {
    STARTS.iter().any(|word| diagnosis.fix.say.starts_with(word))
}

/// Whether nothing that could not be seen may be the deeper cause.
fn is_whole(outcome: &Outcome) -> bool {
    matches!(&outcome.answer, Answer::Root { open, .. } if open.is_empty())
}
