//! The lab, broken for real, and judged.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use clipcheck::check::Check;
use clipcheck::fact::Vantage;

use super::fault::{Fault, Healthy, Set};
use super::judged::{Said, Snapshots, Verdicts, differs_alone, differs_healthy, differs_joined, differs_near, judged};
use super::lab::{Lab, LabError, binary};
use super::pair::{self, Pair};
use super::store::keep;
use super::times::Times;
use super::trials::{Outcome, Trials};

/// After a change of the tunnel the two ends need up to 15 s to speak again, and to see that they do not.
const SETTLING: Duration = Duration::from_secs(25);

pub struct Orders {
    pub jobs: usize,
    pub record: bool,
    pub sample: Option<usize>,
    /// How often each state is made again, and every time counted. Where it is not said: once, and only what comes out
    /// otherwise than the last time is news.
    pub trials: Option<usize>,
    /// Whether every state is made, so that the times are worth keeping.
    pub whole: bool,
}

/// What is written down of the trials.
struct Kept {
    trials: Trials,
    times: Times,
    /// Whether a trial that came out as the last one counts.
    all: bool,
}

/// One state of the lab.
#[derive(Clone, Copy)]
enum Item<'a> {
    Fault(&'a Fault),
    Near(&'a Fault),
    Healthy(&'a Healthy),
    Pair(&'a Pair),
    Plain,
}

impl Item<'_> {
    fn id(&self) -> String {
        match self {
            Self::Fault(fault) => fault.id.clone(),
            Self::Near(fault) => format!("{}.near", fault.id),
            Self::Healthy(variant) => variant.id.clone(),
            Self::Pair(pair) => pair.id.clone(),
            Self::Plain => "healthy".to_owned(),
        }
    }
}

/// Runs all; returns how many disagree.
pub fn live(set: &Set, plain: bool, orders: &Orders, checks: &[Check]) -> Result<usize, LabError> {
    for fault in set.faults.iter().filter(|fault| fault.broken.is_empty()) {
        println!("left out  {}: it is made up, and has no [break] that would make it", fault.id);
    }
    let mut faults: Vec<&Fault> = set.faults.iter().filter(|fault| !fault.broken.is_empty()).collect();
    let mut variants: Vec<&Healthy> = set.healthy.iter().collect();
    let mut pairs: Vec<&Pair> = set.pairs.iter().collect();
    if let Some(count) = orders.sample {
        faults = sample(faults, count);
        variants = sample(variants, 1);
        pairs = sample(pairs, 1);
    }
    let mut items: Vec<Item> = Vec::new();
    items.extend(plain.then_some(Item::Plain));
    items.extend(faults.iter().flat_map(|fault| [Item::Fault(fault), Item::Near(fault)]));
    items.extend(variants.into_iter().map(Item::Healthy));
    items.extend(pairs.into_iter().map(Item::Pair));
    // The longest first, so that no job waits for another at the end.
    items.sort_by_key(|item| {
        std::cmp::Reverse(match item {
            Item::Fault(fault) | Item::Near(fault) => fault.wait,
            Item::Pair(pair) => pair.wait(),
            Item::Healthy(_) | Item::Plain => 0,
        })
    });
    // One after the other, not each three times in a row: what comes and goes is then not met three times.
    let items: Vec<Item> = (0..orders.trials.unwrap_or(1)).flat_map(|_| items.iter().copied()).collect();
    let started = Instant::now();
    let count = items.len();
    let kept = orders
        .record
        .then(|| {
            let all = orders.trials.is_some();
            Trials::read().map(|trials| Mutex::new(Kept { trials, times: Times::default(), all }))
        })
        .transpose()?;
    let wrong = in_labs(items, orders.jobs, |lab, item| one(lab, item, kept.as_ref(), checks))?;
    if let Some(Ok(mut kept)) = kept.map(Mutex::into_inner)
        && orders.whole
    {
        kept.trials.times = kept.times.spreads();
        kept.trials.write()?;
    }
    println!("{} of {count} agree, in {:.0} s", count - wrong, started.elapsed().as_secs_f32());
    Ok(wrong)
}

/// Hands out work to labs that stand side by side; returns how often it was not well done.
pub fn in_labs<T: Send + Copy>(
    items: Vec<T>,
    jobs: usize,
    work: impl Fn(&mut Lab, T) -> bool + Sync,
) -> Result<usize, LabError> {
    let binary = binary()?;
    let prefix = std::env::var("CLIPCHECK_LAB").unwrap_or_else(|_| "cf".to_owned());
    let queue = Mutex::new(VecDeque::from(items));
    let wrong = Mutex::new(0);
    thread::scope(|scope| {
        let labs: Vec<_> = (1..=jobs)
            .map(|job| {
                let (queue, wrong, work, binary, prefix) = (&queue, &wrong, &work, &binary, &prefix);
                scope.spawn(move || -> Result<(), LabError> {
                    let mut lab = Lab::up(&format!("{prefix}{job}"), binary)?;
                    loop {
                        let Some(item) = queue.lock().ok().and_then(|mut queue| queue.pop_front()) else {
                            return Ok(());
                        };
                        if !work(&mut lab, item)
                            && let Ok(mut wrong) = wrong.lock()
                        {
                            *wrong += 1;
                        }
                    }
                })
            })
            .collect();
        labs.into_iter()
            .try_for_each(|lab| lab.join().unwrap_or_else(|_| Err(LabError::Failed("a job panicked".to_owned()))))
    })?;
    Ok(wrong.into_inner().unwrap_or(1))
}

/// Makes one state; keeps what is seen where something is `kept`.
fn one(lab: &mut Lab, item: Item<'_>, kept: Option<&Mutex<Kept>>, checks: &[Check]) -> bool {
    let started = Instant::now();
    let (snapshots, wrong) = match state(lab, item, checks) {
        Ok((snapshots, wrong)) => (Some(snapshots), wrong),
        Err(why) => (None, vec![why]),
    };
    let mut lines = vec![format!(
        "{} {} ({:.0} s, {} secrets looked for)",
        if wrong.is_empty() { "agree   " } else { "DISAGREE" },
        item.id(),
        started.elapsed().as_secs_f32(),
        lab.secrets()
    )];
    lines.extend(wrong.iter().map(|line| format!("    {line}")));
    if let Some(kept) = kept {
        match record(&item.id(), snapshots.as_ref(), &wrong, kept, checks) {
            Ok(true) => lines.push("    recorded: something that can be said of it changed".to_owned()),
            Ok(false) => {}
            Err(why) => lines.push(format!("    not recorded: {why}")),
        }
    }
    println!("{}", lines.join("\n"));
    wrong.is_empty()
}

/// Keeps what is new in what was seen, and how the trial came out; says whether the recording changed.
fn record(
    id: &str,
    snapshots: Option<&Snapshots>,
    wrong: &[String],
    kept: &Mutex<Kept>,
    checks: &[Check],
) -> Result<bool, String> {
    let said = snapshots.map(|snapshots| judged(snapshots, checks)).transpose()?;
    let mut kept = kept.lock().map_err(|_| "another job panicked".to_owned())?;
    let outcome = Outcome::new(said.as_deref(), wrong);
    if kept.all || kept.trials.is_news(id, &outcome) {
        kept.trials.add(id.to_owned(), outcome);
        kept.trials.write()?;
    }
    let Some(snapshots) = snapshots else { return Ok(false) };
    kept.times.add(snapshots);
    keep(id, snapshots, checks)
}

fn state(lab: &mut Lab, item: Item<'_>, checks: &[Check]) -> Result<(Snapshots, Vec<String>), String> {
    let nothing = BTreeMap::new();
    lab.mend()?;
    match item {
        Item::Fault(fault) => {
            broken(lab, fault)?;
            seen(lab, fault, checks)
        }
        Item::Near(fault) => {
            lab.make_well(&item.id(), fault.after.as_deref())?;
            thread::sleep(Duration::from_secs(fault.wait));
            let snapshots = lab.look(&fault.args, &fault.blind)?;
            let wrong = differs_near(&Verdicts::of(&item.id(), &snapshots, &[], checks)?, fault);
            Ok((snapshots, wrong))
        }
        Item::Healthy(variant) => {
            lab.make_well(&variant.id, variant.after.as_deref())?;
            thread::sleep(Duration::from_secs(variant.wait));
            let snapshots = lab.look(&variant.args, &variant.blind)?;
            let wrong = differs_healthy(&Verdicts::of(&item.id(), &snapshots, &[], checks)?, &variant.warns);
            Ok((snapshots, wrong))
        }
        Item::Pair(pair) => {
            for fault in &pair.faults {
                lab.make(&fault.id, fault.after.as_deref())?;
            }
            thread::sleep(Duration::from_secs(pair.wait()));
            until_right(lab, (&nothing, &[]), |snapshots| Ok(pair::differs(&*judged(snapshots, checks)?, pair)))
        }
        Item::Plain => {
            let snapshots = lab.look(&nothing, &[])?;
            let wrong = differs_healthy(&Verdicts::of(&item.id(), &snapshots, &[], checks)?, &[]);
            Ok((snapshots, wrong))
        }
    }
}

/// Breaks a healthy lab.
pub fn broken(lab: &mut Lab, fault: &Fault) -> Result<(), String> {
    lab.make(&fault.id, fault.after.as_deref())?;
    thread::sleep(Duration::from_secs(fault.wait));
    Ok(())
}

/// Looks until what is seen is what must be, or the time for settling is over.
pub fn seen(lab: &Lab, fault: &Fault, checks: &[Check]) -> Result<(Snapshots, Vec<String>), String> {
    until_right(lab, (&fault.args, &fault.blind), |snapshots| {
        let verdicts = Verdicts::of(&fault.id, snapshots, &[], checks)?;
        let mut wrong = differs_alone(&verdicts, &fault.expect);
        wrong.extend(differs_joined(verdicts.together(), &fault.expect));
        wrong.extend(place(lab, fault, verdicts.together())?);
        Ok(wrong)
    })
}

/// Looks until nothing differs, or the time for settling is over.
pub fn until_right(
    lab: &Lab,
    (said, blind): (&BTreeMap<Vantage, Vec<String>>, &[Vantage]),
    differs: impl Fn(&Snapshots) -> Result<Vec<String>, String>,
) -> Result<(Snapshots, Vec<String>), String> {
    let started = Instant::now();
    loop {
        let snapshots = lab.look(said, blind)?;
        let wrong = differs(&snapshots)?;
        if wrong.is_empty() || started.elapsed() > SETTLING {
            return Ok((snapshots, wrong));
        }
        thread::sleep(Duration::from_secs(2));
    }
}

/// Whether the line that a root names is the wrong one.
fn place(lab: &Lab, fault: &Fault, said: &Said) -> Result<Option<String>, String> {
    let Some(wanted) = &fault.expect.place else { return Ok(None) };
    for (root, place) in &said.places {
        // FILE:LINE or FILE:LINE:COLUMN
        let (Some((file, line)), Some((host, _))) = (place.split_once(':'), root.split_once(' ')) else { continue };
        let line = line.split(':').next().unwrap_or_default();
        let host = if host == Vantage::Container.word() { Vantage::Client.word() } else { host };
        let text = lab.inside(host, &["sed", "-n", &format!("{line}p"), file])?.out;
        if file == wanted.file && text.contains(&wanted.holds) {
            return Ok(None);
        }
    }
    Ok(Some(format!("no root names the line of {} that holds `{}`", wanted.file, wanted.holds)))
}

/// Others every day, the same all day.
fn sample<T>(mut all: Vec<T>, count: usize) -> Vec<T> {
    let day = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |age| age.as_secs() / 86400);
    let mut state = day.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
    let mut chosen = Vec::new();
    while chosen.len() < count && !all.is_empty() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let index = usize::try_from(state >> 33).unwrap_or(0) % all.len();
        chosen.push(all.swap_remove(index));
    }
    chosen
}
