//! What `iptables-save` and `ip6tables-save` list, and the same lines in the files that are restored at boot.

use std::collections::BTreeMap;

use crate::fact::firewall::netfilter::{Base, Chain, Family, Hook, Rule, Table, Test, Tool};

mod argument;
mod rule;

pub(super) use argument::{flag_bit, protocol};
pub use rule::rule;

/// The lines that matter, without packet counters and the time of day.
pub fn tidy(text: &str) -> Vec<String> {
    text.lines()
        .filter(|line| line.starts_with(['*', ':', '-']))
        .map(|line| match line.strip_prefix(':').and_then(|chain| chain.split_once(" [")) {
            Some((chain, _)) => format!(":{chain}"),
            None => line.to_owned(),
        })
        .collect()
}

/// The tables that a listing shows in full; nft lists them too, and worse.
pub fn tables(lines: &[String]) -> Vec<&str> {
    lines.iter().filter_map(|line| line.strip_prefix('*')).collect()
}

/// The model of a listing.
pub fn read(tool: Tool, lines: &[String]) -> Vec<Table> {
    let mut tables: Vec<Table> = Vec::new();
    for line in lines {
        if let Some(name) = line.strip_prefix('*') {
            let family = if tool.is_six() { Family::Ip6 } else { Family::Ip };
            tables.push(Table { tool, name: name.to_owned(), family, chains: BTreeMap::new() });
        }
        let Some(table) = tables.last_mut() else { continue };
        if let Some((name, policy)) = line.strip_prefix(':').and_then(|chain| chain.split_once(' ')) {
            let base = base(&table.name, name, policy);
            table.chains.insert(name.to_owned(), Chain { base, rules: Vec::new() });
        } else if let Some((chain, parsed)) = rule(line) {
            let rules = &mut table.chains.entry(chain).or_default().rules;
            let number = u32::try_from(rules.len()).unwrap_or(u32::MAX).saturating_add(1);
            rules.push(Rule { number, ..parsed });
        }
    }
    tables
}

/// A chain with a policy is one of the kernel's own.
fn base(table: &str, chain: &str, policy: &str) -> Option<Base> {
    let hook = match chain {
        _ if policy == "-" => return None,
        "PREROUTING" => Hook::Prerouting,
        "INPUT" => Hook::Input,
        "FORWARD" => Hook::Forward,
        "POSTROUTING" => Hook::Postrouting,
        "OUTPUT" => Hook::Output,
        _ => return None,
    };
    let priority = match table {
        "raw" => -300,
        "mangle" => -150,
        "nat" if hook == Hook::Prerouting => -100,
        "nat" => 100,
        "security" => 50,
        _ => 0,
    };
    Some(Base { hook, priority, nat: table == "nat", drops: policy == "DROP", devices: Vec::new() })
}

/// The rules (`-A …`) of a file of iptables-restore.
pub fn stored(text: &str) -> Vec<String> {
    text.lines().map(str::trim).filter(|line| line.starts_with("-A ")).map(str::to_owned).collect()
}

/// The rules that wg-quick adds by the hooks of a tunnel's file, as `-A …`.
pub fn hooks(text: &str, interface: &str) -> Vec<String> {
    let mut rules = Vec::new();
    for line in text.lines() {
        let Some((key, value)) = line.split_once('=') else { continue };
        if !["preup", "postup"].contains(&key.trim().to_ascii_lowercase().as_str()) {
            continue;
        }
        for command in value.replace("%i", interface).split([';', '&']) {
            let words: Vec<&str> = command.split_whitespace().filter(|word| *word != "-w").collect();
            if let ["iptables" | "ip6tables" | "/usr/sbin/iptables", "-A" | "-I", chain, rest @ ..] = words.as_slice() {
                let place = usize::from(rest.first().is_some_and(|word| word.parse::<u32>().is_ok()));
                rules.push(format!("-A {chain} {}", rest[place..].join(" ")));
            }
        }
    }
    rules
}

/// Whether two rules do the same: their order of tests and their comments mean nothing.
pub fn same(one: &Rule, other: &Rule) -> bool {
    let covers = |a: &Rule, b: &Rule| a.tests.iter().all(|test| b.tests.contains(test));
    one.act == other.act && covers(one, other) && covers(other, one) && !one.tests.contains(&Test::Unsupported)
}

#[cfg(test)]
#[path = "iptables_tests.rs"]
mod tests;
