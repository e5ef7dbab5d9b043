//! The printed fixes, typed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use clipcheck::check::Check;
use clipcheck::fact::Vantage;
use clipcheck::report::Answer;

use super::fault::{Fault, Set, root};
use super::judged::{Judged, diagnosis, judged};
use super::lab::{Lab, LabError};
use super::live::{broken, in_labs, seen};

/// How long a deployment may take to come back after its fix.
const RECOVERY: Duration = Duration::from_secs(40);

/// A fix may bring to light what the fault had hidden; that is then fixed too.
const ROUNDS: usize = 3;

/// What became of each fix when it was last typed; kept, since typing them all takes an hour.
const PROVED: &str = "fixtures/proved.json";

/// By fault: `printed`, `by hand`, or `not` and why.
#[derive(Default)]
pub struct Proved(BTreeMap<String, String>);

impl Proved {
    pub fn read() -> Result<Self, String> {
        match std::fs::read_to_string(root().join(PROVED)) {
            Ok(text) => serde_json::from_str(&text).map(Self).map_err(|error| format!("{PROVED}: {error}")),
            Err(_) => Ok(Self::default()),
        }
    }

    fn write(&self) -> Result<(), String> {
        let text = serde_json::to_string_pretty(&self.0).unwrap_or_default() + "\n";
        std::fs::write(root().join(PROVED), text).map_err(|error| format!("{PROVED}: {}", error.kind()))
    }

    /// Of the faults that there are now.
    pub fn words(&self, set: &Set) -> String {
        let faults: Vec<&Fault> = set.faults.iter().collect();
        let count = |what: &str| {
            faults.iter().filter(|fault| self.0.get(&fault.id).is_some_and(|how| how.starts_with(what))).count()
        };
        let (printed, by_hand, not) = (count("printed"), count("by hand"), count("not"));
        let open = faults.len() - printed - by_hand - not;
        let open = if open == 0 { String::new() } else { format!("; {open} not run yet") };
        format!(
            "{} of {} ({printed} with the commands as printed, {by_hand} by a script that does what the text says{open})",
            printed + by_hand,
            printed + by_hand + not
        )
    }
}

/// Types the fix of every fault; returns how many do not mend it.
pub fn prove(set: &Set, jobs: usize, checks: &[Check]) -> Result<usize, LabError> {
    let notes = Mutex::new(Vec::new());
    let proved = Mutex::new(Proved::read()?);
    let faults: Vec<&Fault> = set.faults.iter().filter(|fault| !fault.broken.is_empty()).collect();
    let count = faults.len();
    let by_hand = faults.iter().filter(|fault| fault.fix.is_some()).count();
    let wrong = in_labs(faults, jobs, |lab, fault| {
        let started = Instant::now();
        let result = one(lab, fault, checks);
        let took = started.elapsed().as_secs_f32();
        match &result {
            Ok(typed) => println!("mended     {} ({took:.0} s): {}", fault.id, typed.join("; ")),
            Err(why) => println!("NOT MENDED {} ({took:.0} s): {why}", fault.id),
        }
        if let Ok(mut proved) = proved.lock() {
            let how = match (&result, &fault.fix) {
                (Err(why), _) => format!("not: {why}"),
                (Ok(_), Some(_)) => "by hand".to_owned(),
                (Ok(_), None) => "printed".to_owned(),
            };
            proved.0.insert(fault.id.clone(), how);
            if let Err(why) = proved.write() {
                println!("{why}");
            }
        }
        if let Ok(mut notes) = notes.lock() {
            match (&result, &fault.fix) {
                (Err(why), _) => notes.push(format!("{}: not mended: {why}", fault.id)),
                (Ok(_), Some(fix)) => notes.push(format!("{}: by hand, as printed: {}", fault.id, fix.reason)),
                (Ok(_), None) => {}
            }
        }
        result.is_ok()
    })?;
    println!(
        "{} of {count} fixes proved, {} of them with the commands as printed",
        count - wrong,
        (count - by_hand).saturating_sub(wrong)
    );
    let mut notes = notes.into_inner().unwrap_or_default();
    notes.sort();
    for note in notes {
        println!("    {note}");
    }
    Ok(wrong)
}

fn one(lab: &mut Lab, fault: &Fault, checks: &[Check]) -> Result<Vec<String>, String> {
    // The fix before this one may have been typed on a host that its fault had not touched.
    lab.mend_all()?;
    broken(lab, fault)?;
    let (snapshots, wrong) = seen(lab, fault, checks)?;
    if !wrong.is_empty() {
        return Err(format!("it is not recognised: {}", wrong.join("; ")));
    }
    let mut said = judged(&snapshots, checks)?;
    let held = holding(&said);
    let mut typed = Vec::new();
    for _ in 0..ROUNDS {
        typed.extend(mend(lab, fault, &said)?);
        said = recovered(lab, fault, &said, checks)?;
        if open(fault, &said).is_empty() {
            break;
        }
    }
    let open = open(fault, &said);
    if !open.is_empty() {
        return Err(format!("still there after `{}`: {}", typed.join("; "), join(&open)));
    }
    // A restart of the tunnel takes its connections down for some seconds.
    let started = Instant::now();
    loop {
        let broken = all_broken(&said);
        let lost: BTreeSet<String> =
            held.difference(&holding(&said)).filter(|it| broken.contains(*it)).cloned().collect();
        if lost.is_empty() {
            return Ok(typed);
        }
        if started.elapsed() > RECOVERY {
            return Err(format!("the fix breaks {}", join(&lost)));
        }
        thread::sleep(Duration::from_secs(2));
        said = judged(&lab.look(&fault.args, &fault.blind)?, checks)?;
    }
}

/// What is still to be mended: every root, and of a fault that is a warning that warning.
fn open(fault: &Fault, said: &Judged) -> BTreeSet<String> {
    let warns = said.warns.iter().filter(|code| fault.expect.joined.is_empty() && fault.expect.warns.contains(code));
    let notes = said.notes.iter().filter(|code| fault.expect.notes.contains(code));
    said.roots.iter().chain(warns).chain(notes).cloned().collect()
}

/// Types what is printed for each of them, or what it describes where only the user has a value.
fn mend(lab: &Lab, fault: &Fault, said: &Judged) -> Result<Vec<String>, String> {
    let mut typed = Vec::new();
    let open = open(fault, said);
    // The script mends the fault; what it brings to light has printed commands of its own.
    let expect = &fault.expect;
    let own = |code: &String| [&expect.joined, &expect.warns, &expect.notes].iter().any(|codes| codes.contains(code));
    if let Some(fix) = fault.fix.as_ref().filter(|_| open.iter().any(own)) {
        for (host, script) in [("server", &fix.server), ("client", &fix.client)] {
            if let Some(script) = script {
                let done = lab.inside(host, &["bash", "-euo", "pipefail", "-c", script])?;
                if !done.ok {
                    return Err(format!("the script of [fix] failed on {host}: {}", done.err.trim()));
                }
                typed.push(format!("[fix] on {host}"));
            }
        }
        lab.put()?;
        return Ok(typed);
    }
    let mut done: BTreeSet<(String, String)> = BTreeSet::new();
    let named = said.report.outcomes.iter().filter(|outcome| !matches!(outcome.answer, Answer::Explained { .. }));
    for (outcome, diagnosis) in named.filter_map(|outcome| Some((outcome, diagnosis(outcome)?))) {
        if !open.contains(&format!("{} {}", outcome.vantage, diagnosis.code)) {
            continue;
        }
        let host = match diagnosis.fix.on.unwrap_or(outcome.vantage) {
            Vantage::Server => "server",
            Vantage::Client | Vantage::Container => "client",
            Vantage::Outside => "outside",
        };
        if diagnosis.fix.run.is_empty() {
            return Err(format!("{} prints no command, and the file has no [fix]", diagnosis.code));
        }
        // In one shell, as they are pasted: one line may set what the next one uses.
        let lines: Vec<&str> = diagnosis.fix.run.iter().map(String::as_str).collect();
        let script = lines.join("\n");
        if done.insert((host.to_owned(), script.clone())) {
            let said = lab.inside(host, &["bash", "-c", &script])?;
            typed.extend(lines.into_iter().map(str::to_owned));
            if !said.ok {
                typed.push(format!("(failed: {})", said.err.trim().lines().last().unwrap_or_default()));
            }
        }
    }
    // A command may have recreated the container.
    lab.put()?;
    Ok(typed)
}

/// Looks until nothing is broken, or other roots than before are, or it takes too long.
fn recovered(lab: &Lab, fault: &Fault, before: &Judged, checks: &[Check]) -> Result<Judged, String> {
    let started = Instant::now();
    loop {
        let said = judged(&lab.look(&fault.args, &fault.blind)?, checks)?;
        if open(fault, &said).is_empty()
            || started.elapsed() > RECOVERY
            || (open(fault, &said).is_disjoint(&open(fault, before)) && started.elapsed() > RECOVERY / 2)
        {
            return Ok(said);
        }
        thread::sleep(Duration::from_secs(2));
    }
}

/// `check (vantage)` of everything that holds.
fn holding(said: &Judged) -> BTreeSet<String> {
    let holds =
        said.report.outcomes.iter().filter(|outcome| matches!(outcome.answer, Answer::Holds | Answer::Despite(_)));
    holds.map(|outcome| format!("{} ({})", outcome.check, outcome.vantage)).collect()
}

fn all_broken(said: &Judged) -> BTreeSet<String> {
    let broken =
        said.report.outcomes.iter().filter(|outcome| {
            matches!(outcome.answer, Answer::Root { .. } | Answer::Explained { .. } | Answer::Warns(_))
        });
    broken.map(|outcome| format!("{} ({})", outcome.check, outcome.vantage)).collect()
}

fn join(words: &BTreeSet<String>) -> String {
    words.iter().cloned().collect::<Vec<_>>().join(", ")
}
