//! What every state said the last times it was made anew: kept, since making all of them takes the better part of an hour.

use std::collections::{BTreeMap, BTreeSet};

use clipcheck::check::Check;
use serde::{Deserialize, Serialize};

use super::fault::{Set, root};
use super::judged::{Snapshots, judged};
use super::score::Score;
use super::times::{self, Looks, Times};

const TRIALS: &str = "fixtures/trials.json";

/// So many trials of each state are kept, the last.
const KEPT: usize = 3;

/// By state.
#[derive(Default)]
pub struct Trials(BTreeMap<String, Vec<Trial>>);

/// One time.
#[derive(Serialize, Deserialize)]
pub struct Trial {
    /// What the four together found, as `vantage code`.
    roots: BTreeSet<String>,
    warns: BTreeSet<String>,
    /// By vantage: what it met on the way, and how many milliseconds it looked.
    looks: Looks,
    /// In what it differed from what was expected, of the four together and of each alone.
    wrong: Vec<String>,
}

impl Trial {
    pub fn new(snapshots: Option<&Snapshots>, wrong: &[String], checks: &[Check]) -> Self {
        let said = snapshots.and_then(|snapshots| judged(snapshots, checks).ok());
        Self {
            roots: said.as_ref().map(|said| said.roots.clone()).unwrap_or_default(),
            warns: said.map(|said| said.warns).unwrap_or_default(),
            looks: snapshots.map(times::looks).unwrap_or_default(),
            wrong: wrong.to_vec(),
        }
    }
}

impl Trials {
    pub fn read() -> Result<Self, String> {
        match std::fs::read_to_string(root().join(TRIALS)) {
            Ok(text) => serde_json::from_str(&text).map(Self).map_err(|error| format!("{TRIALS}: {error}")),
            Err(_) => Ok(Self::default()),
        }
    }

    /// Adds one; the oldest goes when there are more than are kept.
    pub fn add(&mut self, id: String, trial: Trial) {
        let trials = self.0.entry(id).or_default();
        trials.push(trial);
        trials.drain(..trials.len().saturating_sub(KEPT));
    }

    /// One trial a line.
    pub fn write(&self) -> Result<(), String> {
        let line = |trial: &Trial| serde_json::to_string(trial).unwrap_or_default();
        let states = self.0.iter().map(|(id, trials)| {
            let lines: Vec<String> = trials.iter().map(line).collect();
            format!("{}: [\n  {}\n]", serde_json::Value::from(id.as_str()), lines.join(",\n  "))
        });
        let text = format!("{{\n{}\n}}\n", states.collect::<Vec<_>>().join(",\n"));
        std::fs::write(root().join(TRIALS), text).map_err(|error| format!("{TRIALS}: {}", error.kind()))
    }

    /// Of the states that there are now.
    fn of<'a>(&'a self, set: &'a Set) -> impl Iterator<Item = (&'a str, &'a [Trial])> {
        let known = set.states();
        self.0.iter().filter(move |(id, _)| known.contains(*id)).map(|(id, trials)| (id.as_str(), trials.as_slice()))
    }

    pub fn times(&self, set: &Set) -> Times {
        let mut times = Times::default();
        for trial in self.of(set).flat_map(|(_, trials)| trials) {
            times.add(&trial.looks);
        }
        times
    }

    /// What the four together found of the faults and the pairs, over all trials.
    pub fn score(&self, set: &Set) -> Score {
        let mut score = Score::default();
        for fault in &set.faults {
            let wanted = fault.expect.joined.iter().chain(&fault.expect.warns).cloned().collect();
            for trial in self.0.get(&fault.id).into_iter().flatten() {
                score.add(&trial.roots.union(&trial.warns).cloned().collect(), &wanted);
            }
        }
        for pair in &set.pairs {
            for trial in self.0.get(&pair.id).into_iter().flatten() {
                score.add(&trial.roots, &pair.joined);
            }
        }
        score
    }

    pub fn words(&self, set: &Set) -> String {
        let all: Vec<&Trial> = self.of(set).flat_map(|(_, trials)| trials).collect();
        let counts: BTreeSet<usize> = self.of(set).map(|(_, trials)| trials.len()).collect();
        let times = match (counts.first(), counts.last()) {
            (Some(least), Some(most)) if least == most => format!("{most} times"),
            (Some(least), Some(most)) => format!("{least} to {most} times"),
            _ => return "No live trial is kept.".to_owned(),
        };
        let states = self.of(set).count();
        let missing = set.states().len() - states;
        let missing = if missing == 0 { String::new() } else { format!(" ({missing} states not yet)") };
        let differ: Vec<String> = self
            .of(set)
            .filter_map(|(id, trials)| {
                let wrong = trials.iter().filter(|trial| !trial.wrong.is_empty()).count();
                (wrong > 0).then(|| format!("`{id}` {wrong} of {}", trials.len()))
            })
            .collect();
        let differed = all.iter().filter(|trial| !trial.wrong.is_empty()).count();
        let named = if differ.is_empty() { String::new() } else { format!(" ({})", differ.join(", ")) };
        format!(
            "Live trials: each of {states} states{missing} made for real {times}; in {} of {} what all together and each \
             alone say is exactly what is expected; it differs in {differed}{named}. Precision / recall / F1 of the roots and \
             warnings that the four together named over these trials of the faults and pairs: {}.",
            all.len() - differed,
            all.len(),
            self.score(set).words()
        )
    }

    /// The share that agreed.
    pub fn agreed(&self, set: &Set) -> f64 {
        let all: Vec<&Trial> = self.of(set).flat_map(|(_, trials)| trials).collect();
        super::score::share(all.iter().filter(|trial| trial.wrong.is_empty()).count(), all.len())
    }
}
