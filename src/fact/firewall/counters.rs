//! Rules that stop packets, as the kernel's own counters tell.

use serde::{Deserialize, Serialize};

use super::walk::Step;
use crate::fact::dial::Endpoint;
use crate::fact::words::words;

/// What the counters of this machine's rules showed of the connections that got no answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// One for each connection that was tried again.
    pub tried: Vec<Tried>,
}

/// A connection that was tried three times more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tried {
    /// Where to.
    pub endpoint: Endpoint,
    /// The rules and policies that drop or reject packets, or hand them to a queue that no program reads, whose counters
    /// rose by at least three meanwhile, and not at all just before.
    pub risen: Vec<Step>,
}

impl Counters {
    /// What rose while this was dialled.
    pub fn risen(&self, endpoint: &Endpoint) -> &[Step] {
        self.tried.iter().find(|tried| tried.endpoint == *endpoint).map_or(&[], |tried| &tried.risen)
    }

    words! {
        /// The one word for it.
        pub(crate) fn label(&self) of self.tried.as_slice() => {
            [] => "unneeded",
            tried if tried.iter().all(|tried| tried.risen.is_empty()) => "still",
            _ => "risen",
        }
    }

    pub(crate) fn summary(&self) -> Vec<String> {
        if self.tried.is_empty() {
            return vec!["no connection had to be tried again".to_owned()];
        }
        let mut lines = Vec::new();
        for Tried { endpoint, risen } in &self.tried {
            if risen.is_empty() {
                lines.push(format!("three more connections to {endpoint}: no rule that stops packets counted them"));
            }
            lines.extend(risen.iter().map(|step| {
                let rule = step.rule.as_deref().unwrap_or("its policy");
                let (tool, table, chain) = (step.tool.command(), &step.table, &step.chain);
                format!(
                    "three more connections to {endpoint} were counted by: {tool} table {table}, chain {chain}: {rule}"
                )
            }));
        }
        lines
    }
}
