//! ufw's own files: `ufw.conf`, `/etc/default/ufw`, and `user.rules`, where ufw keeps each rule in a comment of its
//! own before the iptables lines made from it:
//!
//! `### tuple ### ACTION[_LOG] PROTOCOL DPORT DST SPORT SRC [DAPP SAPP] DIRECTION[_INTERFACE] [comment=HEX]`
//!
//! ACTION begins with `route:` for forwarded packets (ufw 0.36, `backend_iptables.py`).

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

use ipnet::{IpNet, Ipv4Net};

use crate::fact::firewall::{Action, Protocol, UfwRule};

/// The value of a `NAME=value` line as ufw reads it: the last one wins, quotes and case mean nothing.
pub fn setting(text: &str, name: &str) -> Option<String> {
    let mut found = None;
    for line in text.lines() {
        if let Some((key, value)) = line.split_once('=')
            && key == name
        {
            found = Some(value.trim().trim_matches(['"', '\'']).to_ascii_lowercase());
        }
    }
    found
}

/// `DEFAULT_INPUT_POLICY` in words of ufw(8).
pub fn policy(word: &str) -> Option<Action> {
    match word {
        "accept" => Some(Action::Allow),
        "drop" => Some(Action::Deny),
        "reject" => Some(Action::Reject),
        _ => None,
    }
}

/// The incoming rules of `user.rules` and, where ufw handles IPv6, of `user6.rules`, numbered as `ufw status numbered`
/// numbers them: those for IPv6 last. Outgoing and forwarding rules, and rules for one source port, which a client's
/// connection does not have, count and are not kept.
pub fn read(four: &str, six: Option<&str>) -> Vec<UfwRule> {
    let mut rules = Vec::new();
    let mut number = 0;
    read_file(four, false, &mut number, &mut rules);
    if let Some(six) = six {
        read_file(six, true, &mut number, &mut rules);
    }
    rules
}

fn read_file(text: &str, six: bool, number: &mut u32, rules: &mut Vec<UfwRule>) {
    let mut profiles = BTreeSet::new();
    for (line, tuple) in (1..).zip(text.lines()) {
        let Some(fields) = tuple.strip_prefix("### tuple ###") else { continue };
        let fields = fields.split(" comment=").next().unwrap_or_default();
        let fields: Vec<&str> = fields.split_whitespace().collect();
        let Some(Tuple { incoming, profile, rule }) = read_tuple(&fields) else { continue };
        // The rules of one application profile (one per protocol) share one number.
        if profile.is_none_or(|profile| profiles.insert(profile)) {
            *number += 1;
        }
        if incoming {
            rules.extend(rule.map(|rule| UfwRule { number: *number, line, six, ..rule }));
        }
    }
}

struct Tuple {
    incoming: bool,
    /// What ufw itself compares to see that two rules are of one profile.
    profile: Option<String>,
    /// None where a rule cannot be kept.
    rule: Option<UfwRule>,
}

/// None for what ufw skips as malformed, and does not count.
fn read_tuple(fields: &[&str]) -> Option<Tuple> {
    let ([action, protocol, dport, dst, sport, src], rest) = fields.split_first_chunk::<6>()?;
    let (apps, direction) = match rest {
        [] => (None, "in"),
        [direction] => (None, *direction),
        [dapp, sapp] => (Some((*dapp, *sapp)), "in"),
        [dapp, sapp, direction] => (Some((*dapp, *sapp)), *direction),
        _ => return None,
    };
    let (forward, action) = match action.split_once(':') {
        Some((_, action)) => (true, action),
        None => (false, *action),
    };
    let action = match action.split('_').next().unwrap_or_default() {
        "allow" => Action::Allow,
        "reject" => Action::Reject,
        "limit" => Action::Limit,
        _ => Action::Deny,
    };
    let protocol = match *protocol {
        "tcp" => Protocol::Tcp,
        "udp" => Protocol::Udp,
        "any" => Protocol::Any,
        _ => Protocol::Other,
    };
    let (way, interface) = match direction.split_once('_') {
        Some((way, name)) => (way, Some(name.to_owned())),
        None => (direction, None),
    };
    let profile = apps.filter(|apps| *apps != ("-", "-")).map(|(dapp, sapp)| {
        let from = |app: &str, port: &str| if app == "-" { port.to_owned() } else { app.to_owned() };
        format!("{} {dst} {} {src} {direction}", from(dapp, dport), from(sapp, sport))
    });
    let rule = match (ports(dport), net(src), net(dst)) {
        (Some(ports), Ok(from), Ok(to)) if *sport == "any" => {
            Some(UfwRule { number: 0, line: 0, six: false, action, protocol, ports, from, to, interface })
        }
        _ => None,
    };
    Some(Tuple { incoming: way == "in" && !forward, profile, rule })
}

fn ports(written: &str) -> Option<Vec<(u16, u16)>> {
    if written == "any" {
        return Some(Vec::new());
    }
    written
        .split(',')
        .map(|part| match part.split_once(':') {
            Some((low, high)) => Some((low.parse().ok()?, high.parse().ok()?)),
            None => part.parse().ok().map(|port| (port, port)),
        })
        .collect()
}

/// None is any address; the error, something that is no address. ufw also takes a netmask behind the slash.
fn net(written: &str) -> Result<Option<IpNet>, ()> {
    if matches!(written, "any" | "0.0.0.0/0" | "::/0") {
        return Ok(None);
    }
    let masked = || {
        let (address, mask) = written.split_once('/')?;
        let (address, mask) = (address.parse::<Ipv4Addr>().ok()?, mask.parse::<Ipv4Addr>().ok()?);
        Ipv4Net::with_netmask(address, mask).ok().map(IpNet::V4)
    };
    let net = written.parse().ok().or_else(|| written.parse::<IpAddr>().ok().map(IpNet::from)).or_else(masked);
    net.map(|net| Some(net.trunc())).ok_or(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(tuple: &str) -> UfwRule {
        let mut rules = read(&format!("### tuple ### {tuple}\n"), None);
        assert_eq!(rules.len(), 1, "{tuple}");
        rules.remove(0)
    }

    #[test]
    fn the_guides_rules_keep_their_order_and_numbers() {
        let text = "*filter\n### RULES ###\n\n\
            ### tuple ### allow udp 51820 0.0.0.0/0 any 0.0.0.0/0 in\n-A ufw-user-input -p udp --dport 51820 -j ACCEPT\n\n\
            ### tuple ### deny tcp 6379 0.0.0.0/0 any 0.0.0.0/0 in\n-A ufw-user-input -p tcp --dport 6379 -j DROP\n\n\
            ### tuple ### allow tcp 6379 0.0.0.0/0 any 10.8.0.0/24 in_wg0 comment=776f726b6572\n";
        let rules = read(text, None);
        assert_eq!(
            rules.iter().map(|rule| (rule.number, rule.line, rule.words())).collect::<Vec<_>>(),
            [
                (1, 4, "allow from any to any port 51820 proto udp".to_owned()),
                (2, 7, "deny from any to any port 6379 proto tcp".to_owned()),
                (3, 10, "allow in on wg0 from 10.8.0.0/24 to any port 6379 proto tcp".to_owned()),
            ]
        );
    }

    #[test]
    fn actions_ports_and_addresses_in_all_their_forms() {
        assert_eq!(one("limit_log tcp 22 0.0.0.0/0 any 0.0.0.0/0 in").action, Action::Limit);
        assert_eq!(one("reject_log-all tcp 22 0.0.0.0/0 any 0.0.0.0/0 in").action, Action::Reject);
        assert_eq!(
            one("allow tcp 80,443,1000:2000 0.0.0.0/0 any 0.0.0.0/0 in").ports,
            [(80, 80), (443, 443), (1000, 2000)]
        );
        assert_eq!(one("allow any any 10.8.0.1 any 10.8.0.2 in").to, Some("10.8.0.1/32".parse().unwrap()));
        assert_eq!(one("allow any any any any 10.8.0.2/255.255.255.0 in").from, Some("10.8.0.0/24".parse().unwrap()));
        assert_eq!(one("allow esp any 0.0.0.0/0 any 0.0.0.0/0 in").protocol, Protocol::Other);
        assert_eq!(one("allow tcp 22 0.0.0.0/0 any 0.0.0.0/0").interface, None);
        assert_eq!(one("allow tcp 22 0.0.0.0/0 any 0.0.0.0/0 in_br_lan").interface.as_deref(), Some("br_lan"));
    }

    #[test]
    fn rules_that_are_not_kept_count_and_malformed_ones_do_not() {
        let rules = read(
            "### tuple ### allow tcp 22 0.0.0.0/0 any 0.0.0.0/0 out\n\
             ### tuple ### route:allow tcp 80 0.0.0.0/0 any 0.0.0.0/0 in_eth0!out_wg0\n\
             ### tuple ### allow tcp any 0.0.0.0/0 123 0.0.0.0/0 in\n\
             ### tuple ### allow tcp\n\
             ### tuple ### allow tcp 22 0.0.0.0/0 any 0.0.0.0/0 in\n",
            None,
        );
        assert_eq!(rules.iter().map(|rule| rule.number).collect::<Vec<_>>(), [4]);
    }

    #[test]
    fn the_rules_of_one_profile_share_a_number() {
        let rules = read(
            "### tuple ### allow udp 137,138 0.0.0.0/0 any 0.0.0.0/0 Samba - in\n\
             ### tuple ### allow tcp 139,445 0.0.0.0/0 any 0.0.0.0/0 Samba - in\n\
             ### tuple ### allow tcp 80 0.0.0.0/0 any 10.0.0.0/8 WWW%20Full - in\n",
            None,
        );
        assert_eq!(rules.iter().map(|rule| rule.number).collect::<Vec<_>>(), [1, 1, 2]);
        assert_eq!(rules[1].ports, [(139, 139), (445, 445)]);
    }

    #[test]
    fn the_rules_for_ipv6_come_last_and_speak_of_ipv6_only() {
        let rules = read(
            "### tuple ### allow tcp 22 0.0.0.0/0 any 0.0.0.0/0 in\n",
            Some(
                "\n### tuple ### allow tcp 22 ::/0 any ::/0 in\n### tuple ### allow tcp 6379 ::/0 any fd42:8::/64 in_wg0\n",
            ),
        );
        let seen: Vec<_> = rules.iter().map(|rule| (rule.number, rule.line, rule.six)).collect();
        assert_eq!(seen, [(1, 1, false), (2, 2, true), (3, 3, true)]);
        let flow = |to: &'static str, from: &'static str| crate::fact::firewall::NewFlow {
            interface: "wg0",
            from: from.parse().expect("an address"),
            to: to.parse().expect("an address"),
            protocol: Protocol::Tcp,
            port: 22,
        };
        let first = |flow| rules.iter().find(|rule| rule.matches(&flow)).map(|rule| rule.number);
        assert_eq!(first(flow("10.8.0.1", "10.8.0.2")), Some(1));
        assert_eq!(first(flow("fd42:8::1", "fd42:8::2")), Some(2));
    }

    #[test]
    fn settings_are_read_as_ufw_reads_them() {
        assert_eq!(setting("# ENABLED=yes\nENABLED=no\n", "ENABLED").as_deref(), Some("no"));
        assert_eq!(
            setting("DEFAULT_INPUT_POLICY=\"DROP\"\n", "DEFAULT_INPUT_POLICY").as_deref().and_then(policy),
            Some(Action::Deny)
        );
        assert_eq!(policy("maybe"), None);
    }
}
