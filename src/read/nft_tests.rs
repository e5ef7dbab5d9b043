//! Objects as nft 1.0.6 and its like list them.

use super::*;
use crate::fact::firewall::netfilter::{End, REPLY, TRANSLATED};

const HEAD: &str = "{\"table\": {\"family\": \"inet\", \"name\": \"t\", \"handle\": 1}}, {\"chain\": {\"family\": \"inet\", \
    \"table\": \"t\", \"name\": \"in\", \"handle\": 1, \"type\": \"filter\", \"hook\": \"input\", \"prio\": -5, \"policy\": \"drop\"}}";

fn rules(expr: &str) -> Vec<Rule> {
    let rule = format!(
        "{{\"rule\": {{\"family\": \"inet\", \"table\": \"t\", \"chain\": \"in\", \"handle\": 9, \"expr\": [{expr}]}}}}"
    );
    let json = format!("{{\"nftables\": [{{\"metainfo\": {{}}}}, {HEAD}, {rule}]}}");
    let listing = "table inet t { # handle 1\n\tchain in { # handle 1\n\t\tsome words counter packets 3 bytes 9 # handle 9\n\t}\n}\n";
    let lines = tidy(&json, listing, &[]).expect("JSON");
    let mut tables = read(&lines);
    let chain = tables.remove(0).chains.remove("in").expect("a chain");
    assert_eq!(chain.base.map(|base| (base.hook, base.priority, base.drops)), Some((Hook::Input, -5, true)));
    chain.rules
}

#[test]
fn a_rule_is_shown_in_nfts_own_words() {
    assert_eq!(rules("{\"accept\": null}")[0].text.as_ref(), "some words counter");
}

#[test]
fn each_way_of_a_map_is_a_rule() {
    let ways = rules(
        "{\"vmap\": {\"key\": {\"meta\": {\"key\": \"iifname\"}}, \"data\": {\"set\": [[\"wg0\", {\"jump\": {\"target\": \
         \"c\"}}], [\"eth*\", {\"drop\": null}]]}}}",
    );
    assert_eq!(ways[0].tests, [Test::Interface(End::From, vec!["wg0".to_owned()])]);
    assert_eq!(ways[0].act, Act::Jump("c".to_owned()));
    assert_eq!((ways[1].number, ways[1].act.clone()), (1, Act::Drop));
}

#[test]
fn what_nft_adds_and_does_not_show_is_asked_too() {
    let reset = rules("{\"reject\": {\"type\": \"tcp reset\"}}");
    assert_eq!(reset[0].tests, [Test::Number(Field::Protocol, vec![(6, 6)])]);
    let dnat = rules("{\"dnat\": {\"family\": \"ip\", \"addr\": \"172.17.0.2\", \"port\": 80}}");
    assert_eq!(dnat[0].tests, [Test::Number(Field::Version, vec![(4, 4)])]);
    assert_eq!(dnat[0].act, Act::Dnat("172.17.0.2".parse().ok(), Some(80)));
    let routing = "{\"match\": {\"op\": \"==\", \"left\": {\"exthdr\": {\"name\": \"rt\", \"field\": \"type\"}}, \"right\": 0}}, {\"drop\": null}";
    assert_eq!(rules(routing)[0].tests[0], Test::Never);
    let status = rules(
        "{\"match\": {\"op\": \"in\", \"left\": {\"ct\": {\"key\": \"status\"}}, \"right\": \"dnat\"}}, {\"accept\": null}",
    );
    assert_eq!(status[0].tests, [Test::Number(Field::Status, vec![(TRANSLATED, TRANSLATED)])]);
    let direction = rules(
        "{\"match\": {\"op\": \"==\", \"left\": {\"ct\": {\"key\": \"direction\"}}, \"right\": \"reply\"}}, {\"drop\": null}",
    );
    assert_eq!(direction[0].tests, [Test::Number(Field::Direction, vec![(REPLY, REPLY)])]);
}

#[test]
fn the_unknown_is_a_puzzle() {
    let new =
        "{\"match\": {\"op\": \"==\", \"left\": {\"tunnel\": {\"key\": \"id\"}}, \"right\": 1}}, {\"accept\": null}";
    assert_eq!(rules(new)[0].tests, [Test::Unsupported]);
    assert_eq!(rules("{\"queue\": {\"num\": 1}}")[0].act, Act::Unsupported);
    assert_eq!(rules("{\"xt\": {\"type\": \"target\", \"name\": \"DNAT\"}}")[0].act, Act::Unsupported);
}

#[test]
fn tables_that_iptables_shows_are_left_to_it() {
    let json = format!("{{\"nftables\": [{HEAD}]}}");
    assert_eq!(tidy(&json, "", &[("inet".to_owned(), "t".to_owned())]), Some(Vec::new()));
    assert_eq!(tidy("nothing", "", &[]), None);
}

#[test]
fn the_devices_of_ingress_chains_are_in_the_text_only() {
    let json = "{\"nftables\": [{\"table\": {\"family\": \"netdev\", \"name\": \"n\"}}, {\"chain\": {\"family\": \"netdev\", \
        \"table\": \"n\", \"name\": \"i\", \"hook\": \"ingress\", \"prio\": 0, \"policy\": \"accept\"}}]}";
    let listing = "table netdev n { # handle 3\n\tchain i { # handle 1\n\t\ttype filter hook ingress device \"eth0\" priority filter; policy accept;\n\t}\n}\n";
    let tables = read(&tidy(json, listing, &[]).expect("JSON"));
    assert_eq!(tables[0].chains["i"].base.as_ref().map(|base| base.devices.clone()), Some(vec!["eth0".to_owned()]));
}
