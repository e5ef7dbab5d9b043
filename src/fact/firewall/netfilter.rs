//! The kernel's own rules: what its tools list, and the ordered model made of it, which [`walk`](super::walk) follows.

use serde::{Deserialize, Serialize};

use crate::fact::limits::Budget;
use crate::fact::words::words;

mod model;

pub use model::*;

/// Who lists rules. The two generations of iptables keep their rules apart, and both are obeyed; one of them is
/// simply called `iptables`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the programs' names")]
#[strum(serialize_all = "kebab-case")]
pub enum Tool {
    Iptables,
    Ip6tables,
    IptablesNft,
    Ip6tablesNft,
    IptablesLegacy,
    Ip6tablesLegacy,
    Nft,
}

impl Tool {
    /// The command that changes what it lists.
    pub fn command(self) -> &'static str {
        self.into()
    }

    /// For IPv6 alone.
    pub fn is_six(self) -> bool {
        matches!(self, Self::Ip6tables | Self::Ip6tablesNft | Self::Ip6tablesLegacy)
    }
}

/// What one tool listed, one chain or rule a line, without counters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing {
    /// Which.
    pub tool: Tool,
    /// iptables-save's lines, or the objects of `nft -j` that are not iptables' own.
    pub lines: Vec<String>,
}

/// Rules in a file from which they are restored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stored {
    /// The file.
    pub path: String,
    /// Its iptables rules (`-A …`), or the lines of nft's language.
    pub rules: Vec<String>,
}

/// The kernel's rules, and the files they may be from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Netfilter {
    /// In the order of [`Tool`].
    pub listings: Vec<Listing>,
    /// ufw's own files, and those of the programs that restore iptables rules at boot.
    pub stored: Vec<Stored>,
    /// Programs that are missing though the kernel may hold rules that only they can list.
    pub missing: Vec<String>,
}

impl Netfilter {
    /// The rules of a file.
    pub fn stored_in(&self, path: &str) -> Option<&[String]> {
        self.stored.iter().find(|stored| stored.path == path).map(|stored| stored.rules.as_slice())
    }

    /// The words of its model.
    pub const WORDS: &[&str] = Model::WORDS;
}

impl Model {
    words! {
        /// The one word for it.
        pub fn label(&self) of self => {
            model if model.tables.iter().all(Table::is_idle) => "empty",
            _ => "rules",
        }
    }

    /// Its chains, in lines.
    pub fn summary(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let mut budget = Budget::default();
        for table in &self.tables {
            let rules = table.chains.values().map(|chain| chain.rules.len()).sum();
            for (name, chain) in &table.chains {
                let Some(base) = &chain.base else { continue };
                let policy = if base.drops { "drop" } else { "accept" };
                // Each way is gone again for each chain.
                let reached = budget.expand(rules).map(|()| table.reached(name).len());
                let reached = reached.map_or_else(|| "many".to_owned(), |reached| reached.to_string());
                lines.push(format!(
                    "{} table {}, chain {name}: policy {policy}, {} rules, {reached} more chains reached from it",
                    table.tool.command(),
                    table.name,
                    chain.rules.len()
                ));
            }
        }
        if lines.is_empty() {
            lines.push("the kernel has no firewall rules".to_owned());
        }
        lines.extend(self.missing.iter().map(|program| format!("{program} is missing, so its rules are not seen")));
        lines
    }
}
