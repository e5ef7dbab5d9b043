//! The rules of the routing policy, which say what table is asked for a packet.

use crate::fact::order::InOrder;
use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::routes::{MAIN, Route};

/// The rule that asks the main table (`ip rule`: `32766: from all lookup main`).
const MAIN_RULE: u32 = 32766;

/// A rule as `ip rule` lists it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PolicyRule {
    /// The lower is asked first.
    pub priority: u32,
    /// Source; none for any.
    pub from: Option<IpNet>,
    /// Destination; none for any.
    pub to: Option<IpNet>,
    /// It asks for more than that: a mark, an interface, a user, a port, or for the contrary.
    pub asks_more: bool,
    /// What that is, where it is one thing that is known here: `iif docker0`, `fwmark 0x7`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub asks: String,
    /// The table that it names; none where it bars the way, or sends to another rule.
    pub table: Option<u32>,
    /// It bars the way itself (`unreachable`, `prohibit`, `blackhole`).
    pub bars: bool,
}

impl PolicyRule {
    /// As `ip rule` writes it.
    pub fn words(&self) -> String {
        let net = |net: &IpNet| {
            if net.prefix_len() == net.max_prefix_len() { net.addr().to_string() } else { net.to_string() }
        };
        let from = self.from.as_ref().map_or_else(|| "all".to_owned(), net);
        let to = self.to.as_ref().map_or_else(String::new, |to| format!(" to {}", net(to)));
        let more = match (self.asks_more, self.asks.as_str()) {
            (true, "") => " …".to_owned(),
            (true, asks) => format!(" {asks}"),
            (false, _) => String::new(),
        };
        let act = match self.table {
            Some(MAIN) => " lookup main".to_owned(),
            Some(table) => format!(" lookup {table}"),
            None if self.bars => " which blocks packets".to_owned(),
            None => String::new(),
        };
        format!("{}: from {from}{to}{more}{act}", self.priority)
    }

    /// Whether the kernel adds it to every machine: tables local, main and default.
    pub fn is_usual(&self) -> bool {
        let all = self.from.is_none() && self.to.is_none() && !self.asks_more;
        all && matches!((self.priority, self.table), (0, Some(255)) | (MAIN_RULE, Some(MAIN)) | (32767, Some(253)))
    }

    /// Whether it comes before the main table's, and takes packets away from where that one would send them.
    pub fn bars_early(&self) -> bool {
        self.bars && self.priority < MAIN_RULE
    }

    /// Whether it may speak of such a packet.
    pub fn meets(&self, from: IpAddr, to: IpAddr) -> bool {
        let within = |net: &Option<IpNet>, address: IpAddr| net.is_none_or(|net| net.contains(&address));
        within(&self.from, from) && within(&self.to, to)
    }
}

/// The rule before the main table's that decides of a packet, and the route that its table has for it: none where no
/// rule does, or one that asks more than is known of a packet may be the one.
pub fn decides<'a>(
    rules: &'a [PolicyRule],
    entries: &'a [Route],
    from: IpAddr,
    to: IpAddr,
) -> Option<(&'a PolicyRule, Option<&'a Route>)> {
    let mut rules: Vec<&PolicyRule> =
        rules.iter().filter(|rule| rule.priority < MAIN_RULE && rule.meets(from, to)).collect();
    rules.in_order_of(|rule| rule.priority);
    let hop_of = |table: u32| {
        let there = entries.iter().filter(move |route| route.table == table && route.net.contains(&to));
        there.max_by_key(|route| (route.net.prefix_len(), std::cmp::Reverse(route.metric)))
    };
    let found = rules.into_iter().find_map(|rule| {
        let route = rule.table.and_then(hop_of);
        // A table without a route for it leaves it to the next rule.
        (route.is_some() || rule.bars || (rule.asks_more && rule.table.is_none())).then_some((rule, route))
    });
    found.filter(|(rule, _)| !rule.asks_more)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(priority: u32, from: Option<&str>, table: u32) -> PolicyRule {
        let from = from.map(|net| net.parse().unwrap());
        PolicyRule { priority, from, to: None, asks_more: false, asks: String::new(), table: Some(table), bars: false }
    }

    fn route(net: &str, device: &str, table: u32) -> Route {
        let (net, device) = (net.parse().unwrap(), device.to_owned());
        Route { net, device, kind: None, gateway: None, metric: 0, table }
    }

    #[test]
    fn the_first_rule_whose_table_has_a_route_decides() {
        let (from, to) = ("10.8.0.1".parse().unwrap(), "10.8.0.2".parse().unwrap());
        let rules =
            [rule(20, Some("10.8.0.1/32"), 100), rule(10, Some("10.8.0.0/16"), 7), rule(5, Some("10.9.0.0/16"), 100)];
        let mut entries = vec![route("0.0.0.0/0", "eth0", 100), route("192.0.2.0/24", "eth1", 7)];
        let (found, by) = decides(&rules, &entries, from, to).unwrap();
        assert_eq!((found.priority, by.unwrap().device.as_str()), (20, "eth0"));
        assert_eq!(found.words(), "20: from 10.8.0.1 lookup 100");
        entries.push(route("10.8.0.0/24", "wg0", 100));
        assert_eq!(decides(&rules, &entries, from, to).unwrap().1.unwrap().device, "wg0");
        let marked = [PolicyRule { asks_more: true, ..rules[0].clone() }];
        assert_eq!(decides(&marked, &entries, from, to), None);
        assert_eq!(decides(&rules[2..], &entries, from, to), None);
        assert!(rule(32766, None, MAIN).is_usual() && !rules[0].is_usual());
    }
}
