//! The packets that rules have met, of those rules and policies that stop packets or send them elsewhere.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{iptables, nft};
use crate::fact::firewall::netfilter::{Act, Chain, Table, Tool};
use crate::fact::firewall::walk::Step;

/// What `iptables-save -c` lists: `[12:720] -A INPUT …`, and `:INPUT DROP [5:300]` for policies.
pub fn iptables(tool: Tool, text: &str) -> Vec<(Step, u64)> {
    let mut packets: BTreeMap<(String, String), Vec<u64>> = BTreeMap::new();
    let mut policies: BTreeMap<(String, String), u64> = BTreeMap::new();
    let mut lines = Vec::new();
    let mut table = String::new();
    for line in text.lines() {
        let counted = line.strip_prefix('[').and_then(|line| line.split_once("] "));
        let counted = counted.and_then(|(count, rule)| Some((packets_of(count)?, rule)));
        if let Some((count, rule)) = counted {
            let chain = rule.split_whitespace().nth(1).unwrap_or_default().to_owned();
            packets.entry((table.clone(), chain)).or_default().push(count);
            lines.push(rule.to_owned());
        } else if let Some((chain, count)) = line.strip_prefix(':').and_then(|line| line.split_once(" [")) {
            let name = chain.split_whitespace().next().unwrap_or_default().to_owned();
            policies.insert((table.clone(), name), packets_of(count.trim_end_matches(']')).unwrap_or(0));
            lines.push(format!(":{chain}"));
        } else if let Some(name) = line.strip_prefix('*') {
            name.clone_into(&mut table);
            lines.push(line.to_owned());
        }
    }
    collect(&iptables::read(tool, &lines), |table, chain, number, _| {
        let key = (table.to_owned(), chain.to_owned());
        let place = usize::try_from(number).ok()?.checked_sub(1)?;
        let rules = packets.get(&key).map(Vec::as_slice).unwrap_or_default();
        if place == rules.len() { policies.get(&key).copied() } else { rules.get(place).copied() }
    })
}

fn packets_of(count: &str) -> Option<u64> {
    count.split_once(':')?.0.parse().ok()
}

/// What `nft -j list ruleset` counts, of the rules in a listing. A rule without `counter` counts nothing.
pub fn nft(json: &str, listing: &[String]) -> Vec<(Step, u64)> {
    let Ok(whole) = serde_json::from_str::<Value>(json) else { return Vec::new() };
    let rules = whole.get("nftables").and_then(Value::as_array).into_iter().flatten();
    let mut counted: BTreeMap<(String, u64), u64> = BTreeMap::new();
    for rule in rules.filter_map(|object| object.get("rule")) {
        let word = |key: &str| rule.get(key).and_then(Value::as_str).unwrap_or_default();
        let mut statements = rule.get("expr").and_then(Value::as_array).into_iter().flatten();
        let packets = statements.find_map(|statement| statement.get("counter")?.get("packets")?.as_u64());
        if let (Some(packets), Some(handle)) = (packets, rule.get("handle").and_then(Value::as_u64)) {
            counted.insert((format!("{} {}", word("family"), word("table")), handle), packets);
        }
    }
    collect(&nft::read(listing), |table, _, _, handle| counted.get(&(table.to_owned(), handle?)).copied())
}

fn collect(tables: &[Table], packets: impl Fn(&str, &str, u32, Option<u64>) -> Option<u64>) -> Vec<(Step, u64)> {
    let mut found: Vec<(Step, u64)> = Vec::new();
    for table in tables {
        for (name, chain) in &table.chains {
            for step in stops(table, name, chain) {
                let count = packets(&table.name, name, step.number, step.handle);
                // The parts of one of nft's rules share its counter.
                if let Some(count) = count.filter(|_| found.last().is_none_or(|(last, _)| *last != step)) {
                    found.push((step, count));
                }
            }
        }
    }
    found
}

fn stops(table: &Table, name: &str, chain: &Chain) -> Vec<Step> {
    let step = |number, handle, rule| Step {
        tool: table.tool,
        table: table.name.clone(),
        chain: name.to_owned(),
        number,
        handle,
        rule,
    };
    let stopping = |act: &Act| match act {
        Act::Drop | Act::Reject | Act::Dnat(..) | Act::Unsupported => true,
        // What is no chain of the table is a target that is not known here: NFQUEUE, TARPIT.
        Act::Jump(to) | Act::Goto(to) => !table.chains.contains_key(to),
        Act::Accept | Act::Return | Act::Continue | Act::Mark | Act::Untrack => false,
    };
    let rules = chain.rules.iter().filter(|rule| stopping(&rule.act));
    let mut steps: Vec<Step> = rules.map(|rule| step(rule.number, rule.handle, Some(rule.text.to_string()))).collect();
    if chain.base.as_ref().is_some_and(|base| base.drops) && table.tool != Tool::Nft {
        let number = u32::try_from(chain.rules.len()).unwrap_or(u32::MAX).saturating_add(1);
        steps.push(step(number, None, None));
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stops_has_its_counter_and_what_passes_has_none() {
        let text = "*filter\n:INPUT DROP [7:420]\n:FORWARD ACCEPT [0:0]\n:mine - [0:0]\n[9:540] -A INPUT -i lo -j ACCEPT\n\
                    [3:180] -A INPUT -s 10.8.0.1/32 -p tcp -j DROP\n[2:90] -A mine -j NFQUEUE --queue-num 0\nCOMMIT\n";
        let found = iptables(Tool::Iptables, text);
        let shown: Vec<_> =
            found.iter().map(|(step, count)| (step.chain.as_str(), step.number, step.rule.is_some(), *count)).collect();
        assert_eq!(shown, [("INPUT", 2, true, 3), ("INPUT", 3, false, 7), ("mine", 1, true, 2)]);
        assert_eq!(found[0].0.rule.as_deref(), Some("-A INPUT -s 10.8.0.1/32 -p tcp -j DROP"));
    }

    #[test]
    fn an_nft_rule_is_found_by_its_handle() {
        let json = |counter: &str| {
            format!(
                "{{\"nftables\":[{{\"rule\":{{\"family\":\"inet\",\"table\":\"t\",\"chain\":\"in\",\"handle\":9,\
                 \"expr\":[{{\"counter\":{counter}}},{{\"drop\":null}}]}}}}]}}"
            )
        };
        let listing = [
            "{\"table\":{\"family\":\"inet\",\"name\":\"t\"}}".to_owned(),
            "{\"chain\":{\"family\":\"inet\",\"table\":\"t\",\"name\":\"in\",\"hook\":\"input\",\"prio\":0,\"policy\":\"accept\"}}".to_owned(),
            "{\"rule\":{\"family\":\"inet\",\"table\":\"t\",\"chain\":\"in\",\"handle\":9,\"expr\":[{\"counter\":null},{\"drop\":null}]}}".to_owned(),
        ];
        let found = nft(&json("{\"packets\":4,\"bytes\":1}"), &listing);
        assert_eq!(found.iter().map(|(step, count)| (step.handle, *count)).collect::<Vec<_>>(), [(Some(9), 4)]);
        assert_eq!(nft("", &listing), []);
        assert_eq!(nft(&json("null"), &listing), [], "a rule that counts nothing");
    }
}
