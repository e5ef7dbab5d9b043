//! Sets that are worth a name; `tests/differential_firewall.rs` tries the others on the kernel itself.

use super::*;
use crate::fact::firewall::netfilter::{Listing, Tool};
use crate::fact::firewall::walk::{Departure, Disposition, PacketTrace, Sent};
use crate::fact::firewall::{NewFlow, Protocol};
use crate::fact::network::Links;

fn iptables(text: &str) -> Model {
    listed(vec![Listing { tool: Tool::Iptables, lines: crate::read::iptables::tidy(text) }])
}

fn nftables(objects: &str) -> Model {
    let json = format!("{{\"nftables\": [{objects}]}}");
    listed(vec![Listing { tool: Tool::Nft, lines: nft::tidy(&json, "", &[]).expect("JSON") }])
}

fn listed(listings: Vec<Listing>) -> Model {
    model(&Netfilter { listings, stored: Vec::new(), missing: Vec::new() })
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
fn what_comes_back_for_a_container_meets_the_rules_for_forwarded_packets() {
    let rules = |user: &str| {
        iptables(&format!(
            "*filter\n:FORWARD DROP [0:0]\n:DOCKER-USER - [0:0]\n-A FORWARD -j DOCKER-USER\n\
             -A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n-A FORWARD -i docker0 -j ACCEPT\n\
             {user}COMMIT\n"
        ))
    };
    let (from, to) = ("172.17.0.2".parse().unwrap(), "10.8.0.1".parse().unwrap());
    let flow = NewFlow { interface: "docker0", from, to, protocol: Protocol::Tcp, port: 6379 };
    let back = |user: &str| rules(user).forwarded_answer(&flow, "wg0", &links()).disposition;
    assert_eq!(back(""), Disposition::Accepted);
    for dropped in ["-i wg0", "-i wg0 -p tcp --sport 6379", "-m conntrack --ctdir REPLY", "! -s 192.168.0.0/16 -i wg0"]
    {
        assert_eq!(back(&format!("-A DOCKER-USER {dropped} -j DROP\n")), Disposition::Dropped, "{dropped}");
    }
    for passed in
        ["-i eth0", "-i wg0 -p tcp --sport 80", "-m conntrack --ctdir ORIGINAL", "-i wg0 -m conntrack --ctstate NEW"]
    {
        assert_eq!(back(&format!("-A DOCKER-USER {passed} -j DROP\n")), Disposition::Accepted, "{passed}");
    }
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

fn outgoing(rules: &str) -> Model {
    let text = format!("*filter\n:OUTPUT ACCEPT [0:0]\n{rules}\nCOMMIT\n");
    let listings = vec![Listing { tool: Tool::Iptables, lines: crate::read::iptables::tidy(&text) }];
    listed(listings)
}

fn sent(rules: &str, what: Sent, protocol: Protocol) -> Disposition {
    let (interface, from, to) = match protocol {
        Protocol::Udp => ("eth0", "192.168.1.10", "203.0.113.1"),
        Protocol::Tcp | Protocol::Any | Protocol::Other => ("wg0", "10.8.0.1", "10.8.0.2"),
    };
    let (from, to) = (from.parse().expect("an address"), to.parse().expect("an address"));
    let packet = Departure { interface: Some(interface), from, to, protocol, what };
    outgoing(rules).departure(&packet, Some(0).filter(|_| protocol != Protocol::Udp), None).disposition
}

#[test]
fn what_is_sent_meets_the_rules_for_what_goes_out() {
    let first = Sent::First(51820, Some(51820));
    let udp = |rules| sent(rules, first, Protocol::Udp);
    assert_eq!(udp("-A OUTPUT -p udp -m udp --dport 51820 -j DROP"), Disposition::Dropped);
    assert_eq!(udp("-A OUTPUT -p udp -m udp --dport 51821 -j DROP"), Disposition::Accepted);
    assert_eq!(udp("-A OUTPUT -o wg0 -j REJECT --reject-with icmp-port-unreachable"), Disposition::Accepted);
    assert_eq!(udp("-A OUTPUT -o eth+ -j REJECT --reject-with icmp-port-unreachable"), Disposition::Rejected);
    assert_eq!(udp("-A OUTPUT -p udp -m udp --sport 51820 -j DROP"), Disposition::Dropped);
    assert_eq!(udp("-A OUTPUT -m addrtype ! --dst-type LOCAL -j DROP"), Disposition::Dropped);
    let marked = "-A OUTPUT -m mark ! --mark 0xca6c -j DROP";
    assert_eq!(udp(marked), Disposition::Unknown);
    let (from, to) = ("192.168.1.10".parse().expect("an address"), "203.0.113.1".parse().expect("an address"));
    let packet = Departure { interface: Some("eth0"), from, to, protocol: Protocol::Udp, what: first };
    assert_eq!(outgoing(marked).departure(&packet, Some(0xca6c), None).disposition, Disposition::Accepted);
}

#[test]
fn an_answer_is_told_from_a_first_packet() {
    let known = "-A OUTPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n";
    let answer = |rules: &str| sent(rules, Sent::Answer(6379), Protocol::Tcp);
    let drops = "-A OUTPUT -o wg0 -p tcp -m tcp --sport 6379 -j DROP";
    assert_eq!(answer(drops), Disposition::Dropped);
    assert_eq!(answer(&format!("{known}{drops}")), Disposition::Accepted);
    let first = sent(&format!("{known}-A OUTPUT -j DROP"), Sent::First(6379, None), Protocol::Tcp);
    assert_eq!(first, Disposition::Dropped);
    assert_eq!(answer("-A OUTPUT -p tcp -m tcp --dport 443 -j DROP"), Disposition::Accepted);
    assert_eq!(answer("-A OUTPUT -p tcp -m tcp --dport 40000 -j DROP"), Disposition::Unknown);
}
