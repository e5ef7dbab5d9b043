//! Every figure of the table, from the recordings.

use std::collections::{BTreeMap, BTreeSet};

use clipcheck::check::Check;
use clipcheck::fact::Vantage;

use super::ambiguity;
use super::fault::{Family, Fault, Set};
use super::fix::Proved;
use super::judged::{Said, Verdicts, bare, differs_joined, verdicts};
use super::score::Score;
use super::trials::Trials;
use super::unseen::{Unseen, unseen};

/// Of one family, of the pairs, or of all.
#[derive(Default)]
pub struct Row {
    pub name: String,
    pub count: usize,
    pub joined: Score,
    pub alone: [Score; 4],
    /// Roots of the single faults, and how many single faults there are.
    pub red: (usize, usize),
    /// Files named, of those in which a line is at fault.
    pub places: (usize, usize),
}

/// All of them.
pub struct Figures {
    pub rows: Vec<Row>,
    pub trials: Trials,
    /// Said and untrue: where, and what.
    pub false_statements: Vec<String>,
    pub false_alarms: Vec<String>,
    /// States that are well.
    pub states: usize,
    /// Sets of causes that look alike, and how many of them are claimed exactly as they are.
    pub alike: (usize, usize),
    /// How often something is named from a set of vantages, and how often the true cause is among what is left.
    pub kept: (usize, usize),
    pub proved: Proved,
    /// What nobody has seen yet, and how many are named as they should be.
    pub made_up: (usize, usize),
    /// Of healthy deployments.
    pub unseen: Unseen,
}

/// The figures are of what was seen; what is made up is only counted.
pub fn figures(set: &Set, checks: &[Check]) -> Result<Figures, String> {
    let mut figures = Figures {
        rows: Vec::new(),
        trials: Trials::read()?,
        false_statements: Vec::new(),
        false_alarms: Vec::new(),
        states: 0,
        alike: (0, 0),
        kept: (0, 0),
        proved: Proved::read()?,
        made_up: (0, 0),
        unseen: unseen(set, checks)?,
    };
    for fault in set.faults.iter().filter(|fault| fault.is_made_up()) {
        figures.made_up.0 += 1;
        let differs = differs_joined(verdicts(&fault.id, &fault.blind)?.together(), &fault.expect);
        figures.made_up.1 += usize::from(differs.is_empty());
    }
    let with_made_up = set;
    let set = &set.seen();
    let mut pooled = Row { name: "**all**".to_owned(), ..Row::default() };
    for &family in Family::ALL {
        let mut row = Row { name: family.word().to_owned(), ..Row::default() };
        for fault in set.faults.iter().filter(|fault| fault.family == family) {
            let verdicts = verdicts(&fault.id, &fault.blind)?;
            let together = verdicts.together();
            for row in [&mut row, &mut pooled] {
                single(row, fault, &verdicts);
            }
            figures.untrue(&fault.id, &verdicts);
            let said = together.roots.iter().chain(&together.warns);
            let of_it = |code: &&String| fault.expect.joined.contains(code) || fault.expect.warns.contains(code);
            let untrue = said.filter(|code| !of_it(code)).map(|code| format!("{}: all together say {code}", fault.id));
            figures.false_statements.extend(untrue);
            let (sets, lost) = ambiguity::kept(fault, &verdicts);
            figures.kept.0 += sets;
            figures.kept.1 += sets - lost.len();
        }
        if row.count > 0 {
            figures.rows.push(row);
        }
    }
    let mut pairs = Row { name: "pairs of faults".to_owned(), ..Row::default() };
    for pair in &set.pairs {
        let verdicts = verdicts(&pair.id, &[])?;
        let together = verdicts.together();
        for row in [&mut pairs, &mut pooled] {
            row.joined.add(&together.roots, &pair.joined);
            row.count += 1;
        }
        figures.untrue(&pair.id, &verdicts);
    }
    figures.rows.extend([pairs, pooled]);
    figures.well(set)?;
    for it in ambiguity::alike(with_made_up, checks)? {
        figures.alike.0 += 1;
        figures.alike.1 += usize::from(it.wrong(checks).is_empty());
    }
    Ok(figures)
}

fn single(row: &mut Row, fault: &Fault, verdicts: &Verdicts) {
    let together = verdicts.together();
    // Where a fault is a warning, the warning is what must be said.
    let wanted = fault.expect.joined.iter().chain(&fault.expect.warns).chain(&fault.expect.notes).cloned().collect();
    // Of the notes only those that are the fault: others are true of every deployment by the guide.
    let notes = together.notes.iter().filter(|code| fault.expect.notes.contains(code));
    row.joined.add(&together.roots.iter().chain(&together.warns).chain(notes).cloned().collect(), &wanted);
    for (score, vantage) in row.alone.iter_mut().zip(Vantage::ALL) {
        if fault.blind.contains(&vantage) {
            continue;
        }
        let found = bare(&verdicts.alone(vantage).roots);
        score.add(&found, &fault.expect.alone(vantage).iter().cloned().collect());
    }
    row.count += 1;
    if !fault.several && !fault.expect.joined.is_empty() {
        row.red.0 += together.roots.len();
        row.red.1 += 1;
    }
    if let Some(place) = &fault.expect.place {
        let file = |named: &String| named.split(':').next() == Some(place.file.as_str());
        row.places.0 += usize::from(together.places.values().any(file));
        row.places.1 += 1;
    }
}

fn all(said: &Said) -> BTreeSet<String> {
    said.roots.iter().chain(&said.warns).chain(&said.explained).cloned().collect()
}

impl Figures {
    /// What one vantage says by itself, be it a root, a warning or explained, is untrue if the four together, who see
    /// all, find that the same check holds there. What the four together say is untrue if it is not of this fault.
    fn untrue(&mut self, id: &str, verdicts: &Verdicts) {
        let broken: BTreeSet<String> = all(verdicts.together()).iter().map(|code| check(code)).collect();
        for vantage in verdicts.vantages() {
            let said = all(verdicts.alone(vantage));
            // Of the container's way its host speaks where nobody looked from inside, and the container where somebody did.
            let of_its_own = |code: &String| check(&code.replace("client container-way/", "container container-way/"));
            // The end of one certificate is told at one seat, and by each where it is alone.
            let once = |code: &String| {
                let (_, cause) = code.split_once(' ').unwrap_or_default();
                cause.ends_with("/certificate-soon") && all(verdicts.together()).iter().any(|it| it.ends_with(cause))
            };
            let untrue = said
                .iter()
                .filter(|code| !broken.contains(&check(code)) && !broken.contains(&of_its_own(code)) && !once(code));
            self.false_statements.extend(untrue.map(|code| format!("{id}: {vantage} alone says {code}")));
        }
    }

    /// Everything red or yellow that is said of a healthy state and is not true of it.
    fn well(&mut self, set: &Set) -> Result<(), String> {
        let near = set
            .faults
            .iter()
            .map(|fault| (format!("{}.near", fault.id), fault.near_warns.clone(), fault.blind.clone()));
        let variants = set.healthy.iter().map(|it| (it.id.clone(), it.warns.clone(), it.blind.clone()));
        for (id, warns, blind) in near.chain(variants).chain([("healthy".to_owned(), Vec::new(), Vec::new())]) {
            let verdicts = verdicts(&id, &blind)?;
            let mut said = all(verdicts.together());
            for vantage in verdicts.vantages() {
                said.extend(all(verdicts.alone(vantage)));
            }
            self.false_alarms.extend(said.into_iter().filter(|it| !warns.contains(it)).map(|it| format!("{id}: {it}")));
            self.states += 1;
        }
        Ok(())
    }

    /// What is kept from run to run, so that nobody makes it worse unseen. Of each, more is better.
    pub fn kept(&self, set: &Set) -> BTreeMap<String, f64> {
        let mut kept = BTreeMap::new();
        for row in &self.rows {
            let name = row.name.trim_matches('*');
            kept.insert(format!("{name}: F1 joined"), row.joined.f1());
            for (score, vantage) in row.alone.iter().zip(Vantage::ALL).filter(|(score, _)| !score.is_empty()) {
                kept.insert(format!("{name}: F1 {vantage} alone"), score.f1());
            }
            kept.insert(format!("{name}: places"), super::score::share(row.places.0, row.places.1));
            // One red line per fault; each more is worse.
            kept.insert(format!("{name}: red lines, one by"), super::score::share(row.red.1, row.red.0.max(row.red.1)));
        }
        let count = |list: &[String]| -f64::from(u32::try_from(list.len()).unwrap_or(u32::MAX));
        kept.insert("less false statements".to_owned(), count(&self.false_statements));
        kept.insert("less false alarms".to_owned(), count(&self.false_alarms));
        kept.insert("live trials, agreed".to_owned(), self.trials.agreed(set));
        kept.insert("sets alike, exact".to_owned(), super::score::share(self.alike.1, self.alike.0));
        kept.insert("true cause kept".to_owned(), super::score::share(self.kept.1, self.kept.0));
        kept
    }
}

/// `vantage check/cause` → `vantage check`.
fn check(code: &str) -> String {
    code.split('/').next().unwrap_or_default().to_owned()
}
