//! Sets that are worth a name; `tests/differential_firewall.rs` tries the others on the kernel itself.

use super::*;
use crate::fact::firewall::netfilter::{Listing, Netfilter};
use crate::fact::firewall::{Protocol, nft};

fn iptables(text: &str) -> Model {
    listed(vec![Listing { tool: Tool::Iptables, lines: crate::fact::firewall::iptables::tidy(text) }])
}

fn nftables(objects: &str) -> Model {
    let json = format!("{{\"nftables\": [{objects}]}}");
    listed(vec![Listing { tool: Tool::Nft, lines: nft::tidy(&json, "", &[]).expect("JSON") }])
}

fn listed(listings: Vec<Listing>) -> Model {
    Netfilter { listings, stored: Vec::new(), missing: Vec::new() }.model()
}

fn links() -> Links {
    let link = |name: &str, net: &str| crate::fact::network::Link {
        name: name.to_owned(),
        kind: None,
        up: true,
        mtu: 1420,
        addresses: vec![net.parse().unwrap()],
    };
    Links { links: vec![link("wg0", "10.8.0.1/24"), link("eth0", "192.168.1.10/24"), link("docker0", "172.17.0.1/16")] }
}

fn trace(model: &Model, interface: &str, port: u16) -> PacketTrace {
    let (from, to) = if interface == "wg0" { ("10.8.0.2", "10.8.0.1") } else { ("203.0.113.1", "192.168.1.10") };
    let (from, to) = (from.parse().unwrap(), to.parse().unwrap());
    model.trace(&NewFlow { interface, from, to, protocol: Protocol::Tcp, port }, Some(&links()))
}

fn disposition(model: &Model, interface: &str, port: u16) -> Disposition {
    trace(model, interface, port).disposition
}

#[test]
fn no_rules_let_everything_in() {
    assert_eq!(disposition(&iptables(""), "wg0", 6379), Disposition::Accepted);
    assert!(trace(&iptables(""), "wg0", 6379).by().is_none());
}

#[test]
fn the_first_match_wins_and_is_named() {
    let model = iptables(
        "*filter\n:INPUT DROP [0:0]\n:user - [0:0]\n-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n\
         -A INPUT -j user\n-A user -p tcp -m tcp --dport 6379 -j DROP\n\
         -A user -s 10.8.0.0/24 -i wg+ -p tcp -m multiport --dports 5432,6379 -j ACCEPT\nCOMMIT\n",
    );
    let stopped = trace(&model, "wg0", 6379);
    assert_eq!(stopped.disposition, Disposition::Dropped);
    assert_eq!(
        stopped.trail.iter().map(|step| (step.chain.as_str(), step.number)).collect::<Vec<_>>(),
        [("INPUT", 2), ("user", 1)]
    );
    assert_eq!(disposition(&model, "wg0", 5432), Disposition::Accepted);
    let policy = trace(&model, "eth0", 5432);
    assert_eq!((policy.disposition, policy.by().unwrap().rule.as_deref()), (Disposition::Dropped, None));
}

#[test]
fn a_rule_that_is_not_understood_is_no_guess() {
    let both = |end: &str| {
        iptables(&format!(
            "*filter\n:INPUT DROP [0:0]\n-A INPUT -m set --match-set friends src -j ACCEPT\n{end}COMMIT\n"
        ))
    };
    assert_eq!(disposition(&both(""), "wg0", 6379), Disposition::Unknown);
    assert!(trace(&both(""), "wg0", 6379).by().unwrap().rule.as_ref().unwrap().contains("friends"));
    // It cannot change the answer.
    assert_eq!(disposition(&both("-A INPUT -j ACCEPT\n"), "wg0", 6379), Disposition::Accepted);
    // It is not reached.
    let other =
        iptables("*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p udp -m string --string x --algo bm -j DROP\nCOMMIT\n");
    assert_eq!(disposition(&other, "wg0", 6379), Disposition::Accepted);
    // Neither may a program be missing.
    let mut half = iptables("");
    half.missing.push("nft".to_owned());
    assert_eq!(disposition(&half, "wg0", 6379), Disposition::Unknown);
}

#[test]
fn who_lets_in_the_first_packet_only_lets_in_nobody() {
    let model = iptables(
        "*filter\n:INPUT DROP [0:0]\n-A INPUT -p tcp --dport 6379 -m conntrack --ctstate NEW -j ACCEPT\nCOMMIT\n",
    );
    let trace = trace(&model, "wg0", 6379);
    assert_eq!((trace.disposition, trace.later), (Disposition::Dropped, true));
}

#[test]
fn a_published_port_is_judged_where_it_goes_through() {
    let docker = |user: &str| {
        iptables(&format!(
            "*nat\n:PREROUTING ACCEPT [0:0]\n:DOCKER - [0:0]\n-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER\n\
             -A DOCKER ! -i docker0 -p tcp -m tcp --dport 6379 -j DNAT --to-destination 172.17.0.2:6379\nCOMMIT\n\
             *filter\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n:DOCKER-USER - [0:0]\n:DOCKER - [0:0]\n\
             -A FORWARD -j DOCKER-USER\n-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n\
             -A FORWARD -o docker0 -j DOCKER\n{user}\
             -A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 6379 -j ACCEPT\nCOMMIT\n"
        ))
    };
    let open = trace(&docker(""), "eth0", 6379);
    assert_eq!(open.disposition, Disposition::Accepted);
    assert_eq!(open.sent_on, Some("172.17.0.2:6379".parse().unwrap()));
    let closed = trace(&docker("-A DOCKER-USER -i eth0 -j DROP\n"), "eth0", 6379);
    assert_eq!((closed.disposition, closed.by().unwrap().chain.as_str()), (Disposition::Dropped, "DOCKER-USER"));
    assert_eq!(disposition(&docker(""), "eth0", 5432), Disposition::Dropped);
}

#[test]
fn what_one_table_accepts_another_may_drop() {
    let table = "{\"table\": {\"family\": \"inet\", \"name\": \"mine\"}}, {\"chain\": {\"family\": \"inet\", \
        \"table\": \"mine\", \"name\": \"in\", \"type\": \"filter\", \"hook\": \"input\", \"prio\": 10, \"policy\": \
        \"drop\"}}, {\"rule\": {\"family\": \"inet\", \"table\": \"mine\", \"chain\": \"in\", \"handle\": 7, \"expr\": \
        [{\"match\": {\"op\": \"==\", \"left\": {\"payload\": {\"protocol\": \"tcp\", \"field\": \"dport\"}}, \
        \"right\": {\"set\": [22, {\"range\": [5000, 6000]}]}}}, {\"counter\": {\"packets\": 1, \"bytes\": 60}}, \
        {\"accept\": null}]}}";
    let model = nftables(table);
    assert_eq!(disposition(&model, "wg0", 5432), Disposition::Accepted);
    assert_eq!(trace(&model, "wg0", 5432).by().unwrap().handle, Some(7));
    assert_eq!(disposition(&model, "wg0", 6379), Disposition::Dropped);
    let mut both = iptables("*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -i wg0 -j ACCEPT\nCOMMIT\n");
    both.tables.extend(model.tables);
    assert_eq!(trace(&both, "wg0", 6379).by().unwrap().table, "inet mine");
    // A table that sleeps does nothing.
    let asleep = nftables(&table.replacen("\"mine\"}", "\"mine\", \"flags\": \"dormant\"}", 1));
    assert_eq!(disposition(&asleep, "wg0", 6379), Disposition::Accepted);
}
