//! The packets that rules have met, of those rules and policies that stop each packet that they count. A rule of which that
//! is not sure is none of them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{iptables, nft};
use crate::fact::firewall::netfilter::{Act, Chain, Rule, Table, Tool};
use crate::fact::firewall::walk::Step;

/// The queues that programs read: the first column of `/proc/net/netfilter/nfnetlink_queue`.
pub fn queues(text: &str) -> BTreeSet<u16> {
    text.lines().filter_map(|line| line.split_whitespace().next()?.parse().ok()).collect()
}

/// What `iptables-save -c` lists: `[12:720] -A INPUT …`, and `:INPUT DROP [5:300]` for policies. `read` are the queues that
/// programs read, where that is known.
pub fn iptables(tool: Tool, text: &str, read: Option<&BTreeSet<u16>>) -> Vec<(Step, u64)> {
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
    let stops = |rule: &Rule| {
        let queue = matches!(&rule.act, Act::Jump(to) if to == "NFQUEUE");
        matches!(rule.act, Act::Drop | Act::Reject) || (queue && read.is_some_and(|read| is_unread(&rule.text, read)))
    };
    collect(&iptables::read(tool, &lines), stops, |table, chain, number, _| {
        let key = (table.to_owned(), chain.to_owned());
        let place = usize::try_from(number).ok()?.checked_sub(1)?;
        let rules = packets.get(&key).map(Vec::as_slice).unwrap_or_default();
        if place == rules.len() { policies.get(&key).copied() } else { rules.get(place).copied() }
    })
}

/// Whether a rule hands packets to queues that no program reads: the kernel then drops them (iptables-extensions(8), NFQUEUE).
fn is_unread(rule: &str, read: &BTreeSet<u16>) -> bool {
    let words: Vec<&str> = rule.split_whitespace().collect();
    let option = |flag: &str| words.iter().position(|word| *word == flag).and_then(|at| words.get(at + 1).copied());
    let queues = match (option("--queue-balance"), option("--queue-num")) {
        (Some(range), _) => range.split_once(':').and_then(|(from, to)| Some((from.parse().ok()?, to.parse().ok()?))),
        (None, Some(number)) => number.parse().ok().map(|number| (number, number)),
        (None, None) => Some((0, 0)),
    };
    !words.contains(&"--queue-bypass")
        && queues.is_some_and(|(from, to): (u16, u16)| from <= to && read.range(from..=to).next().is_none())
}

fn packets_of(count: &str) -> Option<u64> {
    count.split_once(':')?.0.parse().ok()
}

/// What `nft -j list ruleset` counts, of the rules in a listing that drop or reject all that they count: nothing is asked
/// behind the `counter`. A rule without one counts nothing.
pub fn nft(json: &str, listing: &[String]) -> Vec<(Step, u64)> {
    let Ok(whole) = serde_json::from_str::<Value>(json) else { return Vec::new() };
    let rules = whole.get("nftables").and_then(Value::as_array).into_iter().flatten();
    let mut counted: BTreeMap<(String, u64), u64> = BTreeMap::new();
    for rule in rules.filter_map(|object| object.get("rule")) {
        let word = |key: &str| rule.get(key).and_then(Value::as_str).unwrap_or_default();
        let statements = rule.get("expr").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let packets = match statements {
            [.., before, last] if last.get("drop").or(last.get("reject")).is_some() => {
                before.get("counter").and_then(|counter| counter.get("packets")?.as_u64())
            }
            _ => None,
        };
        if let (Some(packets), Some(handle)) = (packets, rule.get("handle").and_then(Value::as_u64)) {
            counted.insert((format!("{} {}", word("family"), word("table")), handle), packets);
        }
    }
    collect(&nft::read(listing), |_| true, |table, _, _, handle| counted.get(&(table.to_owned(), handle?)).copied())
}

fn collect(
    tables: &[Table],
    stops: impl Fn(&Rule) -> bool,
    packets: impl Fn(&str, &str, u32, Option<u64>) -> Option<u64>,
) -> Vec<(Step, u64)> {
    let mut found: Vec<(Step, u64)> = Vec::new();
    for table in tables {
        for (name, chain) in &table.chains {
            for step in steps(table, name, chain, &stops) {
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

fn steps(table: &Table, name: &str, chain: &Chain, stops: impl Fn(&Rule) -> bool) -> Vec<Step> {
    let step = |number, handle, rule| Step {
        tool: table.tool,
        table: table.name.clone(),
        chain: name.to_owned(),
        number,
        handle,
        rule,
    };
    let rules = chain.rules.iter().filter(|rule| stops(rule));
    let mut found: Vec<Step> = rules.map(|rule| step(rule.number, rule.handle, Some(rule.text.to_string()))).collect();
    if chain.base.as_ref().is_some_and(|base| base.drops) && table.tool != Tool::Nft {
        let number = u32::try_from(chain.rules.len()).unwrap_or(u32::MAX).saturating_add(1);
        found.push(step(number, None, None));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stops_has_its_counter_and_what_passes_has_none() {
        let text = "*filter\n:INPUT DROP [7:420]\n:FORWARD ACCEPT [0:0]\n:mine - [0:0]\n[9:540] -A INPUT -i lo -j ACCEPT\n\
                    [3:180] -A INPUT -s 10.8.0.1/32 -p tcp -j DROP\n[2:90] -A mine -j NFQUEUE --queue-num 0\nCOMMIT\n";
        let found = iptables(Tool::Iptables, text, Some(&BTreeSet::new()));
        let shown: Vec<_> =
            found.iter().map(|(step, count)| (step.chain.as_str(), step.number, step.rule.is_some(), *count)).collect();
        assert_eq!(shown, [("INPUT", 2, true, 3), ("INPUT", 3, false, 7), ("mine", 1, true, 2)]);
        assert_eq!(found[0].0.rule.as_deref(), Some("-A INPUT -s 10.8.0.1/32 -p tcp -j DROP"));
    }

    #[test]
    fn a_rule_that_may_let_packets_pass_stops_none() {
        let counted = |rule: &str, read: Option<&BTreeSet<u16>>| {
            !iptables(Tool::Iptables, &format!("*filter\n:OUTPUT ACCEPT [0:0]\n[3:180] -A OUTPUT {rule}\n"), read)
                .is_empty()
        };
        let (nobody, second) = (BTreeSet::new(), queues("    2   1234     0 2 65531     0     0        0  1\n"));
        assert!(counted("-j NFQUEUE --queue-num 0", Some(&nobody)));
        assert!(counted("-j NFQUEUE --queue-balance 3:4", Some(&second)));
        for (rule, read) in [
            ("-j NFQUEUE --queue-num 2", Some(&second)),
            ("-j NFQUEUE --queue-balance 0:3", Some(&second)),
            ("-j NFQUEUE --queue-num 0", None),
            ("-j NFQUEUE --queue-num 0 --queue-bypass", Some(&nobody)),
            ("-j SYNPROXY", Some(&nobody)),
            ("-p tcp -j DNAT --to-destination 10.8.0.2", Some(&nobody)),
        ] {
            assert!(!counted(rule, read), "{rule}");
        }
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
        let asked_behind = json("{\"packets\":4,\"bytes\":1}").replace(",{\"drop\"", ",{\"match\":{}},{\"drop\"");
        assert_eq!(nft(&asked_behind, &listing), [], "it counts more than it drops");
        assert_eq!(nft("", &listing), []);
        assert_eq!(nft(&json("null"), &listing), [], "a rule that counts nothing");
    }
}
