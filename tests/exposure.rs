//! The two well-known wrong verdicts of the field, and what the kernel's rules change in them.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::net::IpAddr;

use clipcheck::case::Case;
use clipcheck::catalog::built_in;
use clipcheck::check::{Judged, Verdict, holds};
use clipcheck::fact::firewall::netfilter::{Listing, Netfilter, Tool};
use clipcheck::fact::network::{Listener, Listeners};
use clipcheck::fact::{Fact, FactKey, Observation, Unseen, Vantage};
use clipcheck::judge::judge;
use clipcheck::plan::select;

mod recorded;

/// What is said of Redis, bound like this, behind these rules (none: they could not be seen).
fn said(bind: &[&str], rules: Option<&[&str]>) -> Judged {
    let mut snapshot = recorded::read("healthy").expect("a recording").remove(&Vantage::Server).expect("a server");
    let mut put = |key: FactKey, observation: Observation| {
        if let Some(observed) = snapshot.facts.get_mut(&key) {
            observed.observation = observation;
        }
    };
    let listener =
        |ip: &&str| Listener { address: (ip.parse::<IpAddr>().unwrap(), 6379).into(), program: None, stopped: None };
    let tcp = bind.iter().map(listener).collect();
    put(
        FactKey::Listeners,
        Observation::Seen(Fact::Listeners(Listeners { tcp, any_address: false, relays: Vec::new() })),
    );
    let listing = |lines: &[&str]| {
        let lines = lines.iter().map(|line| (*line).to_owned()).collect();
        let listings = vec![Listing { tool: Tool::Iptables, lines }];
        Observation::Seen(Fact::Netfilter(Netfilter { listings, stored: Vec::new(), missing: Vec::new() }))
    };
    put(FactKey::Netfilter, rules.map_or(Observation::Unseen(Unseen::NeedsRights(String::new())), listing));
    if rules.is_some() {
        put(FactKey::Ufw, Observation::Unseen(Unseen::NotKnown(String::new())));
    }
    let case = Case::new(vec![snapshot]).expect("a case");
    let checks = built_in().expect("the files in checks/ are sound");
    let mut answers = judge(&case, &select(checks, &["redis-not-exposed".to_owned()]).expect("a check"));
    answers.pop().expect("judged at the server").judged
}

fn cause(judged: &Judged) -> Option<&'static str> {
    match judged {
        Ok(Verdict::Broken(finding)) => Some(finding.cause),
        Ok(Verdict::Holds | Verdict::NotApplicable(_)) | Err(_) => None,
    }
}

/// Whether a rule is named that lets others in.
fn allowed(judged: &Judged) -> bool {
    let Ok(Verdict::Broken(finding)) = judged else { return false };
    finding.words.get("why").is_some_and(|why| why.contains("dport 6379") || why.contains("198.51.100.0/24"))
}

#[test]
fn every_address_counts_and_their_order_does_not() {
    let open: Option<&[&str]> = Some(&[]);
    let wide = said(&["127.0.0.1", "0.0.0.0"], open);
    assert_eq!((cause(&wide), allowed(&wide)), (Some("listens-widely"), false));
    assert_eq!(said(&["10.8.0.1", "127.0.0.1"], open), Ok(holds()));
    assert_eq!(said(&["127.0.0.1", "10.8.0.1"], open), Ok(holds()));
    assert_eq!(cause(&said(&["127.0.0.1", "198.51.100.1"], open)), Some("listens-widely"));
    // `[::]` takes IPv4 too.
    assert_eq!(cause(&said(&["::1", "::"], open)), Some("listens-widely"));
}

#[test]
fn what_the_kernel_drops_is_not_exposed() {
    let drops = ["*filter", ":INPUT DROP", "-A INPUT -i wg0 -j ACCEPT", "COMMIT"];
    assert_eq!(said(&["0.0.0.0"], Some(&drops)), Ok(holds()));
    let admits = ["*filter", ":INPUT DROP", "-A INPUT -p tcp -m tcp --dport 6379 -j ACCEPT", "COMMIT"];
    let by_rule = said(&["0.0.0.0"], Some(&admits));
    assert_eq!((cause(&by_rule), allowed(&by_rule)), (Some("listens-widely"), true));
    // To the LAN is around the tunnel as well.
    let lan = ["*filter", ":INPUT DROP", "-A INPUT -s 198.51.100.0/24 -j ACCEPT", "COMMIT"];
    let by_rule = said(&["0.0.0.0"], Some(&lan));
    assert_eq!((cause(&by_rule), allowed(&by_rule)), (Some("listens-widely"), true));
    let unsupported = ["*filter", ":INPUT DROP", "-A INPUT -m set --match-set friends src -j ACCEPT", "COMMIT"];
    assert!(matches!(said(&["0.0.0.0"], Some(&unsupported)), Err(Unseen::Undecided(_))));
}

#[test]
fn without_rights_ufws_stored_rules_are_asked() {
    assert_eq!(said(&["0.0.0.0"], None), Ok(holds()));
}

#[test]
fn a_published_port_needs_no_listener() {
    let rules = [
        "*nat",
        ":PREROUTING ACCEPT",
        "-A PREROUTING -p tcp -m tcp --dport 6379 -j DNAT --to-destination 172.17.0.2:6379",
        "COMMIT",
        "*filter",
        ":INPUT DROP",
        ":FORWARD ACCEPT",
        "COMMIT",
    ];
    assert_eq!(cause(&said(&[], Some(&rules))), Some("published"));
}
