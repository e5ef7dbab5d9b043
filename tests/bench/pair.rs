//! The file `fixtures/pairs.toml`: two independent faults at once, so two roots.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::fault::{Fault, root};
use super::judged::Said;

const FILE: &str = "fixtures/pairs.toml";

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    pair: Vec<Written>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    faults: [String; 2],
    /// Roots of one fault that cannot be seen as long as the other is there.
    #[serde(default)]
    hidden: Vec<String>,
}

/// Two faults of the set.
#[derive(Debug, Clone)]
pub struct Pair {
    /// `ONE+OTHER`
    pub id: String,
    pub faults: [Fault; 2],
    /// The roots of both, as `vantage code`, without what is hidden.
    pub joined: BTreeSet<String>,
}

impl Pair {
    pub fn wait(&self) -> u64 {
        self.faults.iter().map(|fault| fault.wait).max().unwrap_or(0)
    }
}

/// Reads the file.
pub fn read(faults: &[Fault]) -> Result<Vec<Pair>, String> {
    let text = std::fs::read_to_string(root().join(FILE)).map_err(|error| format!("{FILE}: {}", error.kind()))?;
    let form: Form = toml::from_str(&text).map_err(|error| format!("{FILE}: {}", error.message()))?;
    let find = |id: &String| {
        let fault = faults.iter().find(|fault| fault.id == *id).filter(|fault| !fault.expect.joined.is_empty());
        fault.cloned().ok_or_else(|| format!("{FILE}: there is no fault `{id}` with a root"))
    };
    let mut pairs = Vec::new();
    for written in form.pair {
        let [one, other] = &written.faults;
        let faults = [find(one)?, find(other)?];
        let mut joined: BTreeSet<String> = faults.iter().flat_map(|fault| fault.expect.joined.clone()).collect();
        for code in &written.hidden {
            if !joined.remove(code) {
                return Err(format!("{FILE}: {one} and {other}: `{code}` is hidden, and is a root of neither"));
            }
        }
        pairs.push(Pair { id: format!("{one}+{other}"), faults, joined });
    }
    Ok(pairs)
}

/// What is wrong with what all vantages together say.
pub fn differs(said: &Said, pair: &Pair) -> Vec<String> {
    let mut wrong: Vec<String> =
        pair.joined.difference(&said.roots).map(|code| format!("joined: {code} is missed")).collect();
    wrong.extend(said.roots.difference(&pair.joined).map(|code| format!("joined: {code} is said and not true")));
    wrong
}
