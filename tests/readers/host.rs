//! Readers of what a host is made of: the tunnel, the firewall, SSH, names, Windows; and of what users hand over.

use std::path::Path;

use clipcheck::check::{Category, Check};
use clipcheck::fact::firewall::netfilter::{Listing, Netfilter, Tool};
use clipcheck::fact::firewall::{NewFlow, Protocol};
use clipcheck::fact::{Fact, Vantage};
use clipcheck::profile::Profile;
use clipcheck::read::windows::{Recording, route_print};
use clipcheck::read::{
    Says, counters, glob, hosts, iptables, known_hosts, netfilter, nft, snmp, ssh_key, ssh_wire, ufw, variable,
    wg_dump, wg_key, wg_quick, wg_uapi, xfrm,
};
use clipcheck::report::Before;
use clipcheck::snapshot::Snapshot;

use super::{Kept, Reader, lines, many, nested, within};

const SERVICES: &str = "openvpn 1194/udp vpn\n";
const KEY: &str = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";
const WG: &str = "[Interface]\nAddress = 10.8.0.1/24, fd00::1/64\nListenPort = 51820\nPrivateKey = AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=\nPostUp = iptables -I INPUT 1 -i %i -j ACCEPT\nDNS = 10.8.0.1\n[Peer]\nPublicKey = AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=\nAllowedIPs = 10.8.0.2/32\nEndpoint = h:vpn\nPersistentKeepalive = 25\n";
const DUMP: &str =
    "wg0\tPRIVATE\tPUBLIC\t51820\toff\nwg0\tPEER\t(none)\t198.51.100.2:40000\t10.8.0.2/32\t1\t2\t3\t25\n";
const SAVE: &str = "*filter\n:INPUT DROP [0:0]\n:a - [0:0]\n-A INPUT -s 10.8.0.0/24 -i wg+ -p tcp -m tcp --dport 6379 -m conntrack --ctstate NEW -m comment --comment \"a \\\" b\" -j a\n-A a -m recent --update --seconds 30 --hitcount 6 -j DROP\n-A a -m addrtype ! --dst-type LOCAL --limit-iface-in -j RETURN\nCOMMIT\n";
const NFT: &str = r#"{"nftables": [{"table": {"family": "inet", "name": "f", "handle": 1}}, {"chain": {"family": "inet", "table": "f", "name": "i", "type": "filter", "hook": "input", "prio": 0, "policy": "drop"}}, {"set": {"family": "inet", "table": "f", "name": "s", "elem": ["10.8.0.2", {"prefix": {"addr": "10.9.0.0", "len": 16}}]}}, {"rule": {"family": "inet", "table": "f", "chain": "i", "handle": 4, "expr": [{"match": {"op": "==", "left": {"payload": {"protocol": "ip", "field": "saddr"}}, "right": "@s"}}, {"counter": {"packets": 1, "bytes": 2}}, {"vmap": {"key": {"meta": {"key": "iifname"}}, "data": {"set": [["wg0", {"accept": null}], ["*", {"jump": {"target": "i"}}]]}}}]}}]}"#;
const NFT_TEXT: &str = "table inet f { # handle 1\n\tchain i { # handle 2\n\t\ttype filter hook ingress device \"eth0\" priority 0; policy drop;\n\t\tip saddr @s counter packets 1 bytes 2 accept # handle 4\n\t}\n}\n";
const UFW: &str = "ENABLED=yes\n### tuple ### allow tcp 80,443 0.0.0.0/0 any 10.8.0.0/255.255.255.0 WWW%20Full - in_wg0 comment=61\n### tuple ### deny any any any any any\n";
const RECORDING: &str = "{\"clipcheck_windows\": 1, \"host\": \"pc\", \"taken_at\": 1700000000, \"administrator\": true, \"installed\": true, \"wg\": [\"wg0\\tP\\tP\\t1\\toff\"], \"tunnels\": [\"wg0\"], \"services\": [], \"adapters\": [{\"name\": \"wg0\", \"description\": \"WireGuard Tunnel\", \"index\": 5, \"up\": true, \"mtu\": 1420, \"addresses\": [\"10.8.0.2/24\", \"fe80::1%5/64\"]}], \"route_print\": [\"0.0.0.0 0.0.0.0 10.8.0.1 10.8.0.2 25\", \"5 1 fd00::/64 On-link\"], \"pings\": [{\"to\": \"10.8.0.1\", \"status\": 0, \"ms\": 3}], \"dials\": [{\"to\": \"10.8.0.1\", \"port\": 6379, \"code\": 0}], \"docker\": []}";
const SNAPSHOT: &str = "{\"schema\": 1, \"version\": \"0.1.0\", \"vantage\": \"client\", \"vantage_by\": \"--as\", \"host\": \"h\", \"platform\": \"linux\", \"rights\": \"root\", \"taken_at\": 1, \"took_us\": 1, \"addresses\": {\"server\": {\"value\": \"10.8.0.1\", \"origin\": \"assumed\"}, \"client\": {\"value\": \"10.8.0.2\", \"origin\": \"assumed\"}, \"subnet\": {\"value\": \"10.8.0.0/24\", \"origin\": \"assumed\"}, \"public\": null, \"interface\": {\"value\": \"wg0\", \"origin\": \"assumed\"}, \"wireguard_port\": {\"value\": 51820, \"origin\": \"assumed\"}, \"redis_port\": {\"value\": 6379, \"origin\": \"assumed\"}, \"postgres_port\": {\"value\": 5432, \"origin\": \"assumed\"}}, \"facts\": {\"links\": {\"observation\": {\"unseen\": {\"not-known\": \"x\"}}, \"source\": \"s\", \"took_us\": 1}}}";
const REPORT: &str = "{\"tool\": \"clipcheck\", \"schema\": 1, \"hosts\": [{\"vantage\": \"client\", \"name\": \"h\"}], \"checks\": [{\"id\": \"redis-answers\", \"vantage\": \"client\", \"status\": \"broken\", \"root\": true, \"diagnosis\": {\"code\": \"redis-answers/silent\"}}]}";
const CHECK: &str = "title = \"t\"\nguide = \"1\"\nlooks.server = [\"links\"]\nexpect = [\"up\"]\n[cause.down]\nsays = \"s\"\nfix.say = \"f\"\nfix.know = \"k\"\n";
const KNOWN: &str = "ingest,10.8.0.*,!10.8.0.9 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGhnZmVkY2JhZ2ZlZGNiYWdmZWRjYmFnZmVkY2JhZ2Zl\n|1|z+ww974539j8vdNoiYal3zaQQtQ=|seqQaqFc62/RAvBmZ3ykkyx9b6w= ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGhnZmVkY2JhZ2ZlZGNiYWdmZWRjYmFnZmVkY2JhZ2Zl\n";

pub(super) const READERS: [Reader; 28] = [
    Reader {
        name: "xfrm",
        read: |text| Box::new((xfrm::policies(text, &xfrm::states(text)), xfrm::counters(text))),
        example: "src 10.8.0.2/32 dst 10.8.0.1/32 proto tcp \\\tdir in priority 0 \\\ttmpl src 0.0.0.0 dst 0.0.0.0\\\t\tproto esp reqid 0 mode transport\\\nXfrmInError \t1\n",
        shapes: &[
            many("src 10.8.0.2/32 dst 10.8.0.1/32 dir in\n"),
            within("src 1.1.1.1 dst 1.1.1.2 dir out", " tmpl src 1.1.1.1 dst 1.1.1.2", "\n"),
        ],
    },
    Reader {
        name: "snmp",
        read: |text| Box::new(snmp::drops(text)),
        example: "Tcp: RtoAlgorithm InCsumErrors\nTcp: 1 3\n",
        shapes: &[many("Tcp: a\nTcp: 1\n"), within("Tcp:", " InCsumErrors", "\nTcp: 1")],
    },
    Reader {
        name: "check",
        read: check,
        example: CHECK,
        shapes: &[
            nested("a = ", "[", "]", "\n"),
            nested("a = ", "{a=", "}", "\n"),
            many("[a<n>]\n"),
            many("a<n> = 1\n"),
            many("a."),
            many("a = \"\"\""),
            many("[[a]]\n"),
        ],
    },
    Reader {
        name: "delivery-value",
        read: |text| Box::new(variable::sidecars(text)),
        example: "ingest.example.test",
        shapes: &[],
    },
    Reader {
        name: "glob",
        read: |text| Box::new(glob::fits(text, &"a".repeat(255))),
        example: "a*b?c",
        shapes: &[many("*a"), many("*"), many("?")],
    },
    Reader {
        name: "hosts",
        read: |text| Box::new(hosts::lines(text, "web")),
        example: "10.8.0.2 web # mine\n::1 localhost\n",
        shapes: &[within("10.8.0.1", " a", "")],
    },
    Reader {
        name: "iptables-hooks",
        read: |text| Box::new(iptables::hooks(text, "wg0")),
        example: WG,
        shapes: &[
            within("PostUp=", "iptables -A a;", ""),
            within("PostUp=iptables -A a ", "%i ", ""),
            within("PostUp=iptables -A a", " -w", ""),
        ],
    },
    Reader {
        name: "iptables-save",
        read: iptables_save,
        example: SAVE,
        shapes: &[
            many("*filter\n:INPUT DROP\n"),
            within(
                "*filter\n:INPUT ACCEPT\n:c0 -\n-A INPUT -j c1\n",
                ":c<n> -\n-A c<m> -j c<n>\n-A c<m> -j c<n>\n",
                "",
            ),
            within(
                "*filter\n:INPUT ACCEPT\n-A INPUT -m x -j c1\n",
                ":c<n> -\n-A c<m> -m x -g c<n>\n-A c<m> -m x -j c<n>\n",
                "",
            ),
            within("*nat\n:PREROUTING ACCEPT\n", "-A PREROUTING -m x -j DNAT --to-destination 10.8.0.1:<n>\n", ""),
            within("*filter\n:INPUT ACCEPT\n-A INPUT", " --src-type LOCAL --limit-iface-in", ""),
            within("*filter\n:INPUT ACCEPT\n-A INPUT --dports 1", ",1", " -j DROP\n"),
            within("*filter\n", ":c<n> ACCEPT\n-A c<n> -j c<m>\n", ""),
            within("*filter\n:INPUT ACCEPT\n-A INPUT ", "! ", ""),
            within("*filter\n:INPUT ACCEPT\n-A INPUT --x", " x", ""),
        ],
    },
    Reader {
        name: "rule-counters-iptables",
        read: |text| Box::new(counters::iptables(Tool::Iptables, text, Some(&counters::queues(text)))),
        example: "*filter\n:INPUT DROP [5:300]\n[3:180] -A INPUT -p tcp -j DROP\n[0:0] -A INPUT -j NFQUEUE\n",
        shapes: &[
            within("*filter\n:INPUT DROP [5:300]\n", "[3:180] -A INPUT -p tcp -j DROP\n", ""),
            within("*filter\n", ":c<n> DROP [5:300]\n[1:1] -A c<n> -j c<m>\n", ""),
        ],
    },
    Reader {
        name: "rule-counters-nft",
        read: |text| Box::new(counters::nft(text, &[])),
        example: NFT,
        shapes: &[within(
            "{\"nftables\": [{}",
            ",{\"rule\": {\"family\": \"ip\", \"table\": \"t\", \"chain\": \"c\", \"handle\": <n>, \"expr\": [{\"counter\": {\"packets\": 1}}]}}",
            "]}",
        )],
    },
    Reader {
        name: "iptables-stored",
        read: |text| Box::new(iptables::stored(text).iter().filter_map(|it| iptables::rule(it)).collect::<Vec<_>>()),
        example: SAVE,
        shapes: &[],
    },
    Reader {
        name: "known-hosts",
        read: known,
        example: KNOWN,
        shapes: &[
            within("", "a,", " a AAAAC3NzaC1lZDI1NTE5AAAAIGhnZmVkY2JhZ2ZlZGNiYWdmZWRjYmFnZmVkY2JhZ2Zl\n"),
            within("", "*1", " a AAAAC3NzaC1lZDI1NTE5AAAAIGhnZmVkY2JhZ2ZlZGNiYWdmZWRjYmFnZmVkY2JhZ2Zl\n"),
            within("", "?*", " a AAAAC3NzaC1lZDI1NTE5AAAAIGhnZmVkY2JhZ2ZlZGNiYWdmZWRjYmFnZmVkY2JhZ2Zl\n"),
            within("|1|", "AAAA", "|AAAA a AAAAC3NzaC1lZDI1NTE5AAAAIGhnZmVkY2JhZ2ZlZGNiYWdmZWRjYmFnZmVkY2JhZ2Zl\n"),
            many("@revoked "),
        ],
    },
    Reader {
        name: "nft-json",
        read: nft_json,
        example: NFT,
        shapes: &[
            within(
                "{\"nftables\": [",
                "{\"table\": {\"family\": \"ip\", \"name\": \"t<n>\"}}, {\"chain\": {\"family\": \"ip\", \"table\": \"t<n>\", \"name\": \"c\", \"hook\": \"input\"}}, {\"rule\": {\"family\": \"ip\", \"table\": \"t<n>\", \"chain\": \"c\", \"expr\": []}},",
                "{}]}",
            ),
            within(
                "{\"nftables\": [{\"table\": {\"family\": \"ip\", \"name\": \"t\"}}, {\"chain\": {\"family\": \"ip\", \"table\": \"t\", \"name\": \"c\", \"hook\": \"input\"}},{\"rule\": {\"family\": \"ip\", \"table\": \"t\", \"chain\": \"c\", \"expr\": [",
                "{\"limit\": {}},{\"mangle\": {}},",
                "{\"drop\": null}]}}]}",
            ),
            within(
                "{\"nftables\": [{\"table\": {\"family\": \"ip\", \"name\": \"t\"}}, {\"chain\": {\"family\": \"ip\", \"table\": \"t\", \"name\": \"c\", \"hook\": \"input\"}},{\"rule\": {\"family\": \"ip\", \"table\": \"t\", \"chain\": \"c\", \"expr\": [{\"limit\": {}},{\"vmap\": {\"key\": {\"meta\": {\"key\": \"iifname\"}}, \"data\": {\"set\": [[\"a\", null]",
                ",[\"a<n>\", {\"drop\": null}]",
                "]}}}]}}]}",
            ),
            within(
                "{\"nftables\": [{\"table\": {\"family\": \"ip\", \"name\": \"t\"}}, {\"chain\": {\"family\": \"ip\", \"table\": \"t\", \"name\": \"c\", \"hook\": \"input\"}}, {\"set\": {\"family\": \"ip\", \"table\": \"t\", \"name\": \"s\", \"elem\": [1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]}}",
                ",{\"rule\": {\"family\": \"ip\", \"table\": \"t\", \"chain\": \"c\", \"expr\": [{\"match\": {\"op\": \"==\", \"left\": {\"meta\": {\"key\": \"mark\"}}, \"right\": \"@s\"}}, {\"drop\": null}]}}",
                "]}",
            ),
            within(
                "{\"nftables\": [{\"table\": {\"family\": \"ip\", \"name\": \"t\"}}, {\"chain\": {\"family\": \"ip\", \"table\": \"t\", \"name\": \"c\", \"hook\": \"input\"}}, {\"rule\": {\"family\": \"ip\", \"table\": \"t\", \"chain\": \"c\", \"expr\": [{\"match\": {\"op\": \"==\", \"left\": {\"meta\": {\"key\": \"mark\"}}, \"right\": \"@s\"}}]}}, {\"set\": {\"family\": \"ip\", \"table\": \"t\", \"name\": \"s\", \"elem\": [1",
                ",\"@s\"",
                "]}}]}",
            ),
        ],
    },
    Reader { name: "nft-stored", read: |text| Box::new(nft::stored(text)), example: NFT_TEXT, shapes: &[] },
    Reader {
        name: "nft-text",
        read: |text| Box::new(nft::tidy(NFT, text, &[])),
        example: NFT_TEXT,
        shapes: &[
            many("chain a { # handle <n>\n"),
            many(" hook ingress device \"a\""),
            many("counter packets 1 bytes 2 # handle 1 # handle <n>\n"),
        ],
    },
    Reader {
        name: "profile",
        read: |text| Box::new(Profile::parse(text, Path::new("p"))),
        example: "server = \"10.8.0.1\"\nredis_port = 6379\ntopology = \"api\"\n",
        shapes: &[nested("a = ", "[", "]", "\n"), many("a<n> = 1\n")],
    },
    Reader {
        name: "recording",
        read: recording,
        example: RECORDING,
        shapes: &[
            within(
                "{\"clipcheck_windows\": 1, \"host\": \"\", \"taken_at\": 1, \"administrator\": true, \"installed\": true, \"adapters\": [{\"name\": \"a\", \"description\": \"\", \"index\": 1, \"up\": true, \"mtu\": 1, \"addresses\": [\"10.0.0.1/8\"",
                ",\"10.0.0.1/8\"",
                "]}], \"route_print\": [\"0.0.0.0 0.0.0.0 10.8.0.1 10.8.0.2 25\"]}",
            ),
            within(
                "{\"clipcheck_windows\": 1, \"host\": \"\", \"taken_at\": 1, \"administrator\": true, \"installed\": true, \"adapters\": [{\"name\": \"a\", \"description\": \"\", \"index\": 1, \"up\": true, \"mtu\": 1, \"addresses\": [\"10.0.0.1/8\"]}], \"route_print\": [\"\"",
                ",\"10.0.0.9 255.255.255.255 On-link 10.0.0.1 <n>\"",
                "]}",
            ),
            within(
                "{\"clipcheck_windows\": 1, \"host\": \"\", \"taken_at\": 1, \"administrator\": true, \"installed\": true, \"wg\": [\"\"",
                ",\"w<n>\\tP\\tP\\t1\\toff\",\"w<n>\\tP\\t(none)\\t(none)\\t(none)\\t0\\t0\\t0\\toff\"",
                "]}",
            ),
            within(
                "{\"clipcheck_windows\": 1, \"host\": \"\", \"taken_at\": 1, \"administrator\": true, \"installed\": true, \"docker\": [[\"\",\"\",\"\",0,{},\"\",{},{}]",
                ",[\"\",\"\",\"\",0,{\"Status\": \"exited\"},\"\",{},{}]",
                "]}",
            ),
        ],
    },
    Reader {
        name: "report",
        read: |text| Box::new(text.parse::<Before>().map(|it| it.roots(Vantage::Client).len())),
        example: REPORT,
        shapes: &[within(
            "{\"tool\": \"clipcheck\", \"checks\": [{}",
            ",{\"id\": \"a\", \"vantage\": \"client\", \"status\": \"x\", \"root\": true}",
            "]}",
        )],
    },
    Reader {
        name: "route-print",
        read: |text| Box::new(route_print::rows(&lines(text))),
        example: "0.0.0.0 0.0.0.0 10.8.0.1 10.8.0.2 25\n 11 259 fe80::596f:3600:fdd5:c4cf/128\n   On-link\n",
        shapes: &[many("1 "), many("5 1 fd00::/64\n")],
    },
    Reader {
        name: "snapshot",
        read: |text| Box::new(Snapshot::parse(text, "s")),
        example: SNAPSHOT,
        shapes: &[
            within("{\"schema\": 1, \"facts\": {\"a\": 1", ",\"a<n>\": []", "}}"),
            within("{\"schema\": \"", "\\u001b", "\"}"),
        ],
    },
    Reader {
        name: "ssh-key",
        read: |text| Box::new(ssh_key::read(text)),
        example: "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZWQyNTUxOQ==\n-----END OPENSSH PRIVATE KEY-----\n",
        shapes: &[
            many("-----BEGIN "),
            within("-----BEGIN ", "A-----END ", "-----"),
            within("-----BEGIN OPENSSH PRIVATE KEY-----\n", "b3Bl", "\n-----END OPENSSH PRIVATE KEY-----\n"),
        ],
    },
    Reader {
        name: "ssh-wire",
        read: wire,
        example: "\0\0\0\u{b}ssh-ed25519\0\0\0\u{3}a,b",
        shapes: &[within("\0\u{1}\0\0", "a,", "")],
    },
    Reader {
        name: "ufw",
        read: |text| Box::new((ufw::read(text, Some(text)), ufw::setting(text, "ENABLED"))),
        example: UFW,
        shapes: &[
            many("### tuple ### allow tcp 80 any any any a<n> - in\n"),
            within("### tuple ### allow tcp 1", ",1:2", " any any any in\n"),
            many("### tuple ### "),
        ],
    },
    Reader {
        name: "wg-conf",
        read: wg_conf,
        example: WG,
        shapes: &[
            within("[Interface]\n", "Address=10.0.0.1,fd00::<n>\n", ""),
            within("[Interface]\n", "DNS=1\n", ""),
            within("[Peer]\n", "AllowedIPs=::/0\n", ""),
            within("[Peer]\n", "AllowedIPs=::/0\nPublicKey=\n", ""),
            within("[Interface]\n", "ListenPort=x\n", ""),
            many("[Peer]\n"),
            within("[Interface]\nAddress=", "10.8.0.1,", ""),
            many("[Interface]\nPostUp=a\n"),
            within("\u{feff}", "[Interface]\n", ""),
        ],
    },
    Reader {
        name: "wg-dump",
        read: |text| Box::new(wg_dump::read(text)),
        example: DUMP,
        shapes: &[
            many("w<n>\tP\tP\t1\toff\nw<n>\tP\t(none)\t(none)\t(none)\t0\t0\t0\toff\n"),
            within("w\tP\tP\t1\toff\nw\tP\t(none)\t(none)\t", "::/0,", "\t0\t0\t0\toff\n"),
        ],
    },
    Reader {
        name: "wg-keys",
        read: |text| Box::new((wg_key::file("/k".to_owned(), (0o600, 0), false, text), wg_key::is_private(text))),
        example: KEY,
        shapes: &[],
    },
    Reader {
        name: "wg-services",
        read: |text| {
            Box::new(wg_quick::read("/w", 0o600, "[Interface]\nListenPort=vpn\nListenPort=x\nListenPort=y\n", text))
        },
        example: SERVICES,
        shapes: &[within("a 1/udp", " b<n>", "\n")],
    },
    Reader {
        name: "wg-uapi",
        read: |text| Box::new(wg_uapi::read("wg0", text)),
        example: "private_key=0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20\nlisten_port=1\npublic_key=2122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f40\nendpoint=[fe80::1%2]:1\nallowed_ip=10.8.0.2/32\nerrno=0\n",
        shapes: &[within(
            "public_key=2122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f40\n",
            "allowed_ip=::/0\n",
            "errno=0\n",
        )],
    },
];

fn wg_conf(text: &str) -> Kept {
    let read = wg_quick::read("/etc/wireguard/wg0.conf", 0o600, text, SERVICES);
    let commands: Vec<_> = text.lines().filter_map(|line| wg_quick::command(line, "wg0")).map(|it| it.len()).collect();
    Box::new((Fact::WgConf(read).summary(), commands))
}

/// What is made of the kernel's rules: the model, its summary, and the way of a packet.
fn followed(tool: Tool, lines: Vec<String>) -> Kept {
    let seen = Netfilter { listings: vec![Listing { tool, lines }], stored: Vec::new(), missing: Vec::new() };
    let (from, to) = ([10, 8, 0, 2].into(), [10, 8, 0, 1].into());
    let flow = NewFlow { interface: "wg0", from, to, protocol: Protocol::Tcp, port: 6379 };
    let trace = netfilter::model(&seen).trace(&flow, None);
    Box::new((trace, Fact::Netfilter(seen).summary()))
}

fn iptables_save(text: &str) -> Kept {
    followed(Tool::Iptables, iptables::tidy(text))
}

fn nft_json(text: &str) -> Kept {
    followed(Tool::Nft, nft::tidy(text, "", &[("ip".to_owned(), "nat".to_owned())]).unwrap_or_default())
}

fn known(text: &str) -> Kept {
    Box::new((known_hosts::read(text, "10.8.0.1", 22), known_hosts::read(text, "ingest", 2022)))
}

fn wire(text: &str) -> Kept {
    let mut wire = ssh_wire::Wire::new(text.as_bytes());
    Box::new((ssh_wire::kind_of(text.as_bytes()), wire.string().map(<[u8]>::len), wire.names().map(|all| all.len())))
}

fn recording(text: &str) -> Kept {
    let read = Recording::parse(text, "r");
    Box::new(read.map(|it| Snapshot::of_windows(&it, &Profile::default())))
}

fn check(text: &str) -> Kept {
    Box::new(Check::parse("a", Category::Custom, text, "c", None, &["redis-answers"]).map(|check| check.causes.len()))
}
