//! The lab, broken for real, and judged.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use clipcheck::check::Check;
use clipcheck::fact::Vantage;

use super::fault::{Fault, Healthy, Set, recorded};
use super::judged::{Said, Snapshots, differs_alone, differs_healthy, differs_joined, differs_near, judged};
use super::lab::{Lab, Trouble, binary};
use super::pair::{self, Pair};
use super::trials::{Trial, Trials};

/// After a change of the tunnel the two ends need up to 15 s to speak again, and to see that they do not.
const SETTLING: Duration = Duration::from_secs(25);

pub struct Orders {
    pub jobs: usize,
    pub record: bool,
    pub sample: Option<usize>,
    /// How often each state is made anew.
    pub trials: usize,
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
pub fn live(set: &Set, plain: bool, orders: &Orders, checks: &[Check]) -> Result<usize, Trouble> {
    let mut faults: Vec<&Fault> = set.faults.iter().collect();
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
    let items: Vec<Item> = (0..orders.trials).flat_map(|_| items.iter().copied()).collect();
    let started = Instant::now();
    let count = items.len();
    let kept = orders.record.then(|| Trials::read().map(Mutex::new)).transpose()?;
    let wrong = in_labs(items, orders.jobs, |lab, item| one(lab, item, kept.as_ref(), checks))?;
    println!("{} of {count} agree, in {:.0} s", count - wrong, started.elapsed().as_secs_f32());
    Ok(wrong)
}

/// Hands out work to labs that stand side by side; returns how often it was not well done.
pub fn in_labs<T: Send + Copy>(
    items: Vec<T>,
    jobs: usize,
    work: impl Fn(&mut Lab, T) -> bool + Sync,
) -> Result<usize, Trouble> {
    let binary = binary()?;
    let prefix = std::env::var("CLIPCHECK_LAB").unwrap_or_else(|_| "cf".to_owned());
    let queue = Mutex::new(VecDeque::from(items));
    let wrong = Mutex::new(0);
    thread::scope(|scope| {
        let labs: Vec<_> = (1..=jobs)
            .map(|job| {
                let (queue, wrong, work, binary, prefix) = (&queue, &wrong, &work, &binary, &prefix);
                scope.spawn(move || -> Result<(), Trouble> {
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
            .try_for_each(|lab| lab.join().unwrap_or_else(|_| Err(Trouble::Failed("a job panicked".to_owned()))))
    })?;
    Ok(wrong.into_inner().unwrap_or(1))
}

/// Makes one state; keeps what is seen where something is `kept`.
fn one(lab: &mut Lab, item: Item<'_>, kept: Option<&Mutex<Trials>>, checks: &[Check]) -> bool {
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
    if let Some(Ok(mut trials)) = kept.map(Mutex::lock) {
        trials.add(item.id(), Trial::new(snapshots.as_ref(), &wrong, checks));
        let files = snapshots.as_ref().map_or(Ok(()), |snapshots| keep(&item.id(), snapshots));
        if let Err(why) = files.map_err(|error| error.to_string()).and_then(|()| trials.write()) {
            lines.push(format!("    not recorded: {why}"));
        }
    }
    println!("{}", lines.join("\n"));
    wrong.is_empty()
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
            let snapshots = lab.look(&nothing, &fault.blind)?;
            let wrong = differs_near(&snapshots, fault, checks)?;
            Ok((snapshots, wrong))
        }
        Item::Healthy(variant) => {
            lab.make_well(&variant.id, variant.after.as_deref())?;
            thread::sleep(Duration::from_secs(variant.wait));
            let snapshots = lab.look(&variant.args, &[])?;
            let wrong = differs_healthy(&snapshots, &variant.warns, checks)?;
            Ok((snapshots, wrong))
        }
        Item::Pair(pair) => {
            for fault in &pair.faults {
                lab.make(&fault.id, fault.after.as_deref())?;
            }
            thread::sleep(Duration::from_secs(pair.wait()));
            until_right(lab, &[], |snapshots| pair::differs(snapshots, pair, checks))
        }
        Item::Plain => {
            let snapshots = lab.look(&nothing, &[])?;
            let wrong = differs_healthy(&snapshots, &[], checks)?;
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
    until_right(lab, &fault.blind, |snapshots| {
        let mut wrong = differs_alone(snapshots, &fault.expect, checks)?;
        wrong.extend(differs_joined(snapshots, &fault.expect, checks)?);
        wrong.extend(place(lab, fault, &judged(snapshots, checks)?)?);
        Ok(wrong)
    })
}

/// Looks until nothing differs, or the time for settling is over.
pub fn until_right(
    lab: &Lab,
    blind: &[Vantage],
    differs: impl Fn(&Snapshots) -> Result<Vec<String>, String>,
) -> Result<(Snapshots, Vec<String>), String> {
    let started = Instant::now();
    loop {
        let snapshots = lab.look(&BTreeMap::new(), blind)?;
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

fn keep(id: &str, snapshots: &Snapshots) -> std::io::Result<()> {
    std::fs::create_dir_all(recorded(id))?;
    for (vantage, snapshot) in snapshots {
        std::fs::write(recorded(id).join(format!("{vantage}.json")), one_fact_a_line(&snapshot.to_json()))?;
    }
    Ok(())
}

/// The same JSON with each fact on a line of its own, so that a change of one is one line of a diff.
fn one_fact_a_line(json: &str) -> String {
    let mut out = String::new();
    let mut deep = false;
    for line in json.lines() {
        let indent = line.len() - line.trim_start().len();
        deep = indent > 4 || (deep && indent == 4 && line.trim_start().starts_with('}'));
        if deep {
            out.push_str(line.trim_start());
        } else {
            if !out.is_empty() {
                out.push('\n');
            }
            out.push_str(line);
        }
    }
    out.push('\n');
    out
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
