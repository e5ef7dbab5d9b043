//! What every state said the last times it was made: kept, since making all of them takes the better part of an hour.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::fault::{Set, root};
use super::judged::Said;
use super::score::Score;
use super::times::Spread;

const TRIALS: &str = "fixtures/trials.json";

/// So many trials of each state are kept, the last.
const KEPT: usize = 3;

/// What is kept.
#[derive(Default, Serialize, Deserialize)]
pub struct Trials {
    /// How long the looks took when every state was made again, by what they met; what one run more or less of a few
    /// states takes is no news.
    pub times: BTreeMap<String, Spread>,
    states: BTreeMap<String, Vec<Trial>>,
}

/// What came out, and how many times in a row.
#[derive(Clone, Serialize, Deserialize)]
pub struct Trial {
    times: usize,
    #[serde(flatten)]
    outcome: Outcome,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// What the four together found, as `vantage code`.
    roots: BTreeSet<String>,
    warns: BTreeSet<String>,
    /// In what it differed from what was expected, of the four together and of each alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    wrong: Vec<String>,
}

impl Outcome {
    pub fn new(said: Option<&Said>, wrong: &[String]) -> Self {
        Self {
            roots: said.map(|said| said.roots.clone()).unwrap_or_default(),
            warns: said.map(|said| said.warns.clone()).unwrap_or_default(),
            wrong: wrong.to_vec(),
        }
    }
}

impl Trials {
    pub fn read() -> Result<Self, String> {
        match std::fs::read_to_string(root().join(TRIALS)) {
            Ok(text) => serde_json::from_str(&text).map_err(|error| format!("{TRIALS}: {error}")),
            Err(_) => Ok(Self::default()),
        }
    }

    /// Whether it came out otherwise than the last time, or for the first time.
    pub fn is_news(&self, id: &str, outcome: &Outcome) -> bool {
        self.states.get(id).and_then(|trials| trials.last()).is_none_or(|last| last.outcome != *outcome)
    }

    /// Adds one; the oldest goes when there are more than are kept.
    pub fn add(&mut self, id: String, outcome: Outcome) {
        let trials = self.states.entry(id).or_default();
        match trials.last_mut() {
            Some(last) if last.outcome == outcome => last.times += 1,
            _ => trials.push(Trial { times: 1, outcome }),
        }
        if trials.iter().map(|trial| trial.times).sum::<usize>() > KEPT {
            trials[0].times -= 1;
            trials.retain(|trial| trial.times > 0);
        }
    }

    /// One state a line, where all its trials came out the same.
    pub fn write(&self) -> Result<(), String> {
        let value = serde_json::to_value(self).map_err(|error| error.to_string())?;
        let (mut text, mut before) = (String::from("{"), "\n");
        for (part, entries) in value.as_object().into_iter().flatten() {
            let lines = entries.as_object().into_iter().flatten();
            let lines: Vec<String> =
                lines.map(|(name, it)| format!("  {}: {it}", serde_json::Value::from(name.as_str()))).collect();
            text.extend([before, &format!("\"{part}\": {{\n{}\n}}", lines.join(",\n"))]);
            before = ",\n";
        }
        text.push_str("\n}\n");
        std::fs::write(root().join(TRIALS), text).map_err(|error| format!("{TRIALS}: {}", error.kind()))
    }

    /// Of the states that there are now.
    fn of<'a>(&'a self, set: &'a Set) -> impl Iterator<Item = (&'a str, &'a [Trial])> {
        let known = set.states();
        let states = self.states.iter().filter(move |(id, _)| known.contains_key(*id));
        states.map(|(id, trials)| (id.as_str(), trials.as_slice()))
    }

    /// How many trials there were, and in how many something differed.
    fn count(trials: &[Trial]) -> (usize, usize) {
        let sum = |wrong: bool| {
            trials.iter().filter(|it| !wrong || !it.outcome.wrong.is_empty()).map(|it| it.times).sum::<usize>()
        };
        (sum(false), sum(true))
    }

    /// What the four together found of the faults and the pairs, over all trials.
    pub fn score(&self, set: &Set) -> Score {
        let mut score = Score::default();
        let mut add = |id: &str, wanted: &BTreeSet<String>, warns: bool| {
            for trial in self.states.get(id).into_iter().flatten() {
                let mut found = trial.outcome.roots.clone();
                found.extend(trial.outcome.warns.iter().filter(|_| warns).cloned());
                (0..trial.times).for_each(|_| score.add(&found, wanted));
            }
        };
        for fault in &set.faults {
            add(&fault.id, &fault.expect.joined.iter().chain(&fault.expect.warns).cloned().collect(), true);
        }
        for pair in &set.pairs {
            add(&pair.id, &pair.joined, false);
        }
        score
    }

    pub fn words(&self, set: &Set) -> String {
        let counts: Vec<(&str, usize, usize)> = self
            .of(set)
            .map(|(id, trials)| {
                let (count, wrong) = Self::count(trials);
                (id, count, wrong)
            })
            .collect();
        let some: BTreeSet<usize> = counts.iter().map(|(_, count, _)| *count).collect();
        let times = match (some.first(), some.last()) {
            (Some(least), Some(most)) if least == most => format!("{most} times"),
            (Some(least), Some(most)) => format!("{least} to {most} times"),
            _ => return "No live trials are stored.".to_owned(),
        };
        let states = counts.len();
        let missing = set.states().len() - states;
        let missing = if missing == 0 { String::new() } else { format!(" ({missing} states not yet)") };
        let differ = counts.iter().filter(|(.., wrong)| *wrong > 0);
        let differ: Vec<String> = differ.map(|(id, count, wrong)| format!("`{id}` {wrong} of {count}")).collect();
        let all: usize = counts.iter().map(|(_, count, _)| count).sum();
        let differed: usize = counts.iter().map(|(.., wrong)| wrong).sum();
        let named = if differ.is_empty() { String::new() } else { format!(" ({})", differ.join(", ")) };
        format!(
            "Live trials: each of {states} states{missing} was made for real {times}; in {} of {} trials the reports of all \
             together and of each alone are exactly as expected; {differed} differ{named}. Precision / recall / F1 of the root \
             causes and warnings that the four together named over these trials of the faults and pairs: {}.",
            all - differed,
            all,
            self.score(set).words()
        )
    }

    /// The share that agreed.
    pub fn agreed(&self, set: &Set) -> f64 {
        let counts = self.of(set).map(|(_, trials)| Self::count(trials));
        let (all, wrong) = counts.fold((0, 0), |sum, it| (sum.0 + it.0, sum.1 + it.1));
        super::score::share(all - wrong, all)
    }
}
