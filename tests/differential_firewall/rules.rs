//! Random rule sets in five styles, the same for the same number every time.

use std::fmt::Write as _;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Style {
    /// As ufw writes them.
    Ufw,
    /// By hand, for either generation of iptables.
    Iptables,
    Legacy,
    /// nftables alone.
    Nft,
    /// ufw, and nftables beside it.
    Both,
}

#[derive(Debug, Clone)]
pub(crate) struct Set {
    pub(crate) style: Style,
    /// Commands and what they read.
    pub(crate) texts: Vec<(&'static str, String)>,
}

impl Set {
    pub(crate) fn text(&self) -> String {
        self.texts.iter().map(|(command, text)| format!("# {command}\n{text}\n")).collect()
    }
}

/// xorshift64*, seeded by the case.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(high).unwrap() % sides
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.roll(of.len())]
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.roll(100) < percent
    }
}

const PORTS: [&str; 7] = ["22", "80", "443", "5432", "6379", "8080", "51820"];
const DEVICES: [&str; 2] = ["wg0", "eth0"];
const FOUR: [&str; 7] =
    ["10.8.0.0/24", "10.8.0.2", "192.168.77.0/24", "192.168.77.2", "192.168.0.0/16", "203.0.113.0/24", "10.0.0.0/8"];
const SIX: [&str; 5] = ["fd08::/64", "fd08::2", "fd77::/64", "fd77::2", "2001:db8::/32"];
const OWN_FOUR: [&str; 3] = ["10.8.0.1", "192.168.77.1", "10.8.0.0/24"];
const OWN_SIX: [&str; 2] = ["fd08::1", "fd77::1"];

pub(crate) fn set(case: u64) -> Set {
    let mut dice = Dice((case + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    for _ in 0..4 {
        dice.roll(2);
    }
    let (style, texts) = match case % 5 {
        0 => (Style::Ufw, ufw(&mut dice)),
        1 => (Style::Iptables, plain(&mut dice, ["iptables-nft-restore", "ip6tables-nft-restore"])),
        2 => (Style::Nft, vec![("nft -f -", nft(&mut dice))]),
        3 => (Style::Legacy, plain(&mut dice, ["iptables-legacy-restore", "ip6tables-legacy-restore"])),
        _ => {
            let mut texts = ufw(&mut dice);
            texts.push(("nft -f -", nft(&mut dice)));
            (Style::Both, texts)
        }
    };
    Set { style, texts }
}

fn ufw(dice: &mut Dice) -> Vec<(&'static str, String)> {
    let policy = dice.one(&["DROP", "DROP", "DROP", "REJECT", "ACCEPT"]);
    [("iptables-nft-restore", ""), ("ip6tables-nft-restore", "6")]
        .map(|(command, version)| {
            let six = version == "6";
            let c = |name: &str| format!("ufw{version}-{name}");
            let mut text = String::from("*filter\n");
            for base in ["INPUT", "FORWARD"] {
                let _ = writeln!(text, ":{base} {} [0:0]", if policy == "ACCEPT" { "ACCEPT" } else { "DROP" });
            }
            for name in [
                "before-logging-input", "before-input", "after-input", "after-logging-input", "reject-input",
                "track-input", "not-local", "skip-to-policy-input", "logging-deny", "user-input", "user-limit",
                "user-limit-accept",
            ] {
                let _ = writeln!(text, ":{} - [0:0]", c(name));
            }
            for _ in 0..[0, 0, 1, 2][dice.roll(4)] {
                let rule = matches(dice, six);
                let _ = writeln!(text, "-A INPUT {rule} -j {}", dice.one(&["ACCEPT", "DROP", "REJECT"]));
            }
            for name in ["before-logging-input", "before-input", "after-input", "after-logging-input", "reject-input", "track-input"] {
                if !dice.chance(3) {
                    let _ = writeln!(text, "-A INPUT -j {}", c(name));
                }
            }
            let before = c("before-input");
            let _ = writeln!(text, "-A {before} -i lo -j ACCEPT");
            let _ = writeln!(text, "-A {before} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT");
            let _ = writeln!(text, "-A {before} -m conntrack --ctstate INVALID -j {}", c("logging-deny"));
            let _ = writeln!(text, "-A {before} -m conntrack --ctstate INVALID -j DROP");
            let icmp = if six { "-p ipv6-icmp --icmpv6-type" } else { "-p icmp --icmp-type" };
            let _ = writeln!(text, "-A {before} {icmp} echo-request -j ACCEPT");
            let _ = writeln!(text, "-A {before} -p udp --sport 67 --dport 68 -j ACCEPT");
            if !six {
                let local = c("not-local");
                let _ = writeln!(text, "-A {before} -j {local}");
                for kind in ["LOCAL", "MULTICAST", "BROADCAST"] {
                    let _ = writeln!(text, "-A {local} -m addrtype --dst-type {kind} -j RETURN");
                }
                let _ = writeln!(text, "-A {local} -m limit --limit 3/min --limit-burst 10 -j {}", c("logging-deny"));
                let _ = writeln!(text, "-A {local} -j DROP");
            }
            let _ = writeln!(text, "-A {before} -j {}", c("user-input"));
            let _ = writeln!(text, "-A {} -p tcp --dport 445 -j {}", c("after-input"), c("skip-to-policy-input"));
            let _ = writeln!(text, "-A {} -j {}", c("skip-to-policy-input"), if policy == "ACCEPT" { "ACCEPT" } else { "DROP" });
            let _ = writeln!(
                text,
                "-A {} -m limit --limit 3/min --limit-burst 10 -j LOG --log-prefix \"[UFW BLOCK] \"",
                c("after-logging-input")
            );
            if policy == "REJECT" {
                let _ = writeln!(text, "-A {} -j REJECT", c("reject-input"));
            }
            let limit = c("user-limit");
            let _ = writeln!(text, "-A {limit} -m limit --limit 3/minute -j LOG --log-prefix \"[UFW LIMIT BLOCK] \"");
            let _ = writeln!(text, "-A {limit} -j REJECT\n-A {limit}-accept -j ACCEPT");
            let _ = writeln!(text, "-A {} -p tcp -m conntrack --ctstate NEW -j {}", c("track-input"), if policy == "ACCEPT" { "ACCEPT" } else { "RETURN" });
            for at in 0..1 + dice.roll(7) {
                let rule = ufw_rule(dice, six);
                let user = c("user-input");
                if dice.chance(12) && rule.contains("-p ") {
                    let name = format!("L{version}{at}");
                    let _ = writeln!(text, "-A {user} {rule} -m conntrack --ctstate NEW -m recent --set --name {name}");
                    let _ = writeln!(text, "-A {user} {rule} -m conntrack --ctstate NEW -m recent --update --seconds 3 --hitcount 9 --name {name} -j {limit}");
                    let _ = writeln!(text, "-A {user} {rule} -j {limit}-accept");
                } else {
                    let target = dice.one(&["ACCEPT", "ACCEPT", "DROP", "DROP", "REJECT"]);
                    let _ = writeln!(text, "-A {user} {rule} -j {target}");
                }
            }
            text.push_str("COMMIT\n");
            (command, text)
        })
        .to_vec()
}

fn ufw_rule(dice: &mut Dice, six: bool) -> String {
    let mut words = Vec::new();
    if dice.chance(40) {
        words.push(format!("-i {}", dice.one(&DEVICES)));
    }
    let protocol = dice.one(&["-p tcp", "-p tcp", "-p tcp", "-p udp", ""]);
    words.push(protocol.to_owned());
    if dice.chance(30) {
        words.push(format!("-d {}", if six { dice.one(&OWN_SIX) } else { dice.one(&OWN_FOUR) }));
    }
    if !protocol.is_empty() {
        words.push(match dice.roll(4) {
            0 => format!("-m multiport --dports {},{},6000:6400", dice.one(&PORTS), dice.one(&PORTS)),
            1 => String::new(),
            _ => format!("--dport {}", dice.one(&PORTS)),
        });
    }
    if dice.chance(50) {
        words.push(format!("-s {}", if six { dice.one(&SIX) } else { dice.one(&FOUR) }));
    }
    words.retain(|word| !word.is_empty());
    words.join(" ")
}

/// Any matches at all.
fn matches(dice: &mut Dice, six: bool) -> String {
    let not = |dice: &mut Dice| if dice.chance(25) { "! " } else { "" };
    let mut words: Vec<String> = Vec::new();
    for _ in 0..dice.roll(4) {
        let no = not(dice);
        let word = match dice.roll(15) {
            0 | 1 => format!("{no}-i {}", dice.one(&["wg0", "eth0", "wg+", "eth+", "dk0"])),
            2 | 3 => format!("{no}-s {}", if six { dice.one(&SIX) } else { dice.one(&FOUR) }),
            4 => format!("{no}-d {}", if six { dice.one(&OWN_SIX) } else { dice.one(&OWN_FOUR) }),
            5 => format!(
                "-m conntrack {no}--ctstate {}",
                dice.one(&["NEW", "RELATED,ESTABLISHED", "INVALID", "NEW,RELATED", "UNTRACKED"])
            ),
            6 => format!(
                "-m addrtype {no}--dst-type {}",
                dice.one(&["LOCAL", if six { "ANYCAST" } else { "BROADCAST" }, "UNICAST"])
            ),
            7 => "-m limit --limit 100/sec --limit-burst 200".to_owned(),
            8 => "-m comment --comment \"a \\\"quoted\\\" -j DROP comment\"".to_owned(),
            9 => format!("-m mark {no}--mark {}", dice.one(&["0x1", "0x0/0xff", "0"])),
            10 if !six => {
                format!("-m iprange {no}--src-range {}", dice.one(&["10.8.0.1-10.8.0.9", "192.168.77.2-192.168.77.3"]))
            }
            11 => format!("-m pkttype {no}--pkt-type {}", dice.one(&["unicast", "multicast"])),
            12 if dice.chance(20) => "-m statistic --mode random --probability 0.5".to_owned(),
            13 => format!("-m addrtype {no}--src-type {}", dice.one(&["LOCAL", "UNICAST"])),
            _ => String::new(),
        };
        let option =
            word.split_whitespace().find(|it| it.starts_with('-') && it.len() > 1).unwrap_or_default().to_owned();
        let module = word.split_whitespace().nth(1).unwrap_or_default().to_owned();
        let twice = words
            .iter()
            .any(|it| if option == "-m" { it.contains(&format!("-m {module}")) } else { it.contains(&option) });
        if !word.is_empty() && !twice {
            words.push(word);
        }
    }
    if dice.chance(70) {
        let protocol = dice.one(&["tcp", "tcp", "tcp", "udp"]);
        let no = not(dice);
        words.push(match dice.roll(7) {
            0 => format!("-p {protocol}"),
            1 => format!("-p {protocol} -m multiport {no}--dports {},{}", dice.one(&PORTS), dice.one(&PORTS)),
            2 => format!("-p {protocol} {no}--dport 1:{}", dice.one(&PORTS)),
            3 => format!("-p {protocol} {no}--sport 1024:65535"),
            4 if protocol == "tcp" => format!("-p tcp {no}--syn"),
            5 => format!("! -p {protocol}"),
            _ => format!("-p {protocol} {no}--dport {}", dice.one(&PORTS)),
        });
    }
    words.join(" ")
}

/// Chains that jump, go to and return, in every table; ports that are sent on.
fn plain(dice: &mut Dice, commands: [&'static str; 2]) -> Vec<(&'static str, String)> {
    commands
        .into_iter()
        .map(|command| {
            let six = command.starts_with("ip6");
            let mut text = String::new();
            if dice.chance(25) {
                text += "*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -i dk0 -j ACCEPT\n";
                for _ in 0..1 + dice.roll(2) {
                    let target = dice.one(&["DROP", "ACCEPT", "CT --notrack", "DROP"]);
                    let rule = matches(dice, six);
                    if !rule.contains("ctstate") {
                        let _ = writeln!(text, "-A PREROUTING {rule} -j {target}");
                    }
                }
                text += "COMMIT\n";
            }
            if dice.chance(25) {
                text += "*mangle\n:PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n-A PREROUTING -i dk0 -j ACCEPT\n";
                for _ in 0..1 + dice.roll(2) {
                    let chain = dice.one(&["PREROUTING", "INPUT"]);
                    let target = dice.one(&["DROP", "ACCEPT", "MARK --set-mark 1"]);
                    let _ = writeln!(text, "-A {chain} {} -j {target}", matches(dice, six));
                }
                text += "COMMIT\n";
            }
            if dice.chance(45) {
                text += "*nat\n:PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n:DOCKER - [0:0]\n";
                let _ = writeln!(text, "-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER\n-A DOCKER -i dk0 -j RETURN");
                for _ in 0..1 + dice.roll(3) {
                    let device = dice.one(&["! -i dk0", "-i eth0", "-i wg0"]);
                    let port = dice.one(&PORTS);
                    let target = match dice.roll(4) {
                        0 => "REDIRECT --to-ports 9999".to_owned(),
                        1 => "REDIRECT".to_owned(),
                        _ if six => format!("DNAT --to-destination [fd30::2]:{}", dice.one(&["80", "6379"])),
                        _ => format!("DNAT --to-destination 172.30.0.2:{}", dice.one(&["80", "6379"])),
                    };
                    let _ = writeln!(text, "-A DOCKER {device} -p tcp -m tcp --dport {port} -j {target}");
                }
                text += "COMMIT\n";
            }
            let _ = writeln!(text, "*filter\n:INPUT {} [0:0]\n:FORWARD {} [0:0]", dice.one(&["ACCEPT", "DROP"]), dice.one(&["ACCEPT", "DROP"]));
            text += ":A - [0:0]\n:B - [0:0]\n:C - [0:0]\n-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n";
            for (chain, below) in [("INPUT", "ABC"), ("A", "BC"), ("B", "C"), ("C", ""), ("FORWARD", "BC")] {
                for _ in 0..dice.roll(6) {
                    let _ = writeln!(text, "-A {chain} {} {}", matches(dice, six), target(dice, below));
                }
            }
            if dice.chance(60) {
                text += "-A FORWARD -o dk0 -p tcp -j ACCEPT\n";
            }
            text += "COMMIT\n";
            (command, text)
        })
        .collect()
}

fn target(dice: &mut Dice, below: &str) -> String {
    let chains: Vec<&str> = below.split_inclusive(|_: char| true).collect();
    match dice.roll(10) {
        0 | 1 if !chains.is_empty() => format!("-j {}", dice.one(&chains)),
        2 if !chains.is_empty() => format!("-g {}", dice.one(&chains)),
        3 => "-j RETURN".to_owned(),
        4 => "-j LOG --log-prefix \"x \"".to_owned(),
        5 => dice.one(&["-j REJECT", "-p tcp -j REJECT --reject-with tcp-reset"]).to_owned(),
        6 | 7 => "-j DROP".to_owned(),
        8 => String::new(),
        _ => "-j ACCEPT".to_owned(),
    }
}

fn nft(dice: &mut Dice) -> String {
    let mut text = String::new();
    let families = [vec!["inet"], vec!["inet", "inet"], vec!["inet", "ip"], vec!["ip", "ip6"]][dice.roll(4)].clone();
    for (at, family) in families.into_iter().enumerate() {
        let _ = writeln!(text, "table {family} t{at} {{");
        if family != "ip6" {
            let _ = writeln!(
                text,
                " set lan {{ type ipv4_addr; flags interval; elements = {{ {}, 198.51.100.0/24 }}; }}",
                dice.one(&["10.8.0.0/24", "192.168.77.2-192.168.77.9"])
            );
        }
        let _ = writeln!(
            text,
            " set ports {{ type inet_service; flags interval; elements = {{ {}, 6000-6400 }}; }}",
            dice.one(&["22", "80", "5432"])
        );
        let _ = writeln!(
            text,
            " set pairs {{ type ifname . inet_service; elements = {{ \"wg0\" . {}, \"eth0\" . {} }}; }}",
            dice.one(&PORTS),
            dice.one(&PORTS)
        );
        for (chain, below) in [("c", ""), ("b", "c"), ("a", "bc")] {
            let _ = writeln!(text, " chain {chain} {{");
            for _ in 0..dice.roll(5) {
                let _ = writeln!(text, "  {}", nft_rule(dice, family, below));
            }
            text += " }\n";
        }
        if dice.chance(25) {
            let priority = dice.one(&["-300", "-150", "-10"]);
            let _ = writeln!(
                text,
                " chain early {{ type filter hook prerouting priority {priority}; policy accept;\n  iifname dk0 accept"
            );
            for _ in 0..1 + dice.roll(2) {
                let _ = writeln!(text, "  {}", nft_rule(dice, family, "c"));
            }
            text += " }\n";
        }
        if dice.chance(20) {
            text += " chain pre { type nat hook prerouting priority -100; policy accept;\n";
            let to = match family {
                "ip6" => "dnat to [fd30::2]:80",
                "ip" => "dnat to 172.30.0.2:80",
                _ => "dnat ip to 172.30.0.2:80",
            };
            let way = dice.one(&["redirect to :9999", "redirect", to]);
            let _ = writeln!(text, "  iifname {} tcp dport {} {way}\n }}", dice.one(&DEVICES), dice.one(&PORTS));
        }
        for at in 0..1 + dice.roll(2) {
            let _ = writeln!(
                text,
                " chain in{at} {{ type filter hook input priority {}; policy {};",
                dice.one(&["0", "-5", "10"]),
                dice.one(&["accept", "drop"])
            );
            for _ in 0..dice.roll(7) {
                let _ = writeln!(text, "  {}", nft_rule(dice, family, "abc"));
            }
            text += " }\n";
        }
        text += "}\n";
    }
    if dice.chance(10) {
        let _ = writeln!(
            text,
            "table netdev n {{\n chain i {{ type filter hook ingress device {} priority 0; policy accept;\n  tcp dport {} drop\n }}\n}}",
            dice.one(&DEVICES),
            dice.one(&PORTS)
        );
    }
    text
}

fn nft_rule(dice: &mut Dice, family: &str, below: &str) -> String {
    let chains: Vec<&str> = below.split_inclusive(|_: char| true).collect();
    if dice.chance(15) && !chains.is_empty() {
        let (one, other) = (dice.one(&chains), dice.one(&chains));
        return match dice.roll(4) {
            0 => format!("iifname vmap {{ \"wg0\" : jump {one}, \"eth0\" : goto {other} }}"),
            1 => "ct state vmap { established : accept, related : accept, invalid : drop }".to_owned(),
            2 => format!("tcp dport vmap {{ 22 : accept, 80-443 : drop, 6379 : jump {one}, 8080 : return }}"),
            _ => format!("meta l4proto . th dport vmap {{ tcp . {} : accept, udp . 51820 : drop }}", dice.one(&PORTS)),
        };
    }
    let mut words: Vec<String> = Vec::new();
    let no = |dice: &mut Dice| if dice.chance(25) { "!= " } else { "" };
    for _ in 0..dice.roll(4) {
        let not = no(dice);
        words.push(match dice.roll(18) {
            0 => format!("iifname {not}{}", dice.one(&["wg0", "\"wg*\"", "{ \"wg0\", \"lo\" }", "eth0"])),
            1 => format!("iif {not}{}", dice.one(&["wg0", "eth0", "lo"])),
            2 if family != "ip6" => format!(
                "ip saddr {not}{}",
                dice.one(&[
                    "10.8.0.0/24",
                    "192.168.77.2",
                    "{ 10.8.0.2, 192.168.77.0/24 }",
                    "@lan",
                    "10.8.0.1-10.8.0.9"
                ])
            ),
            3 if family != "ip" => {
                format!("ip6 saddr {not}{}", dice.one(&["fd08::/64", "fd77::2", "{ fd08::2, fd77::/64 }"]))
            }
            4 if family != "ip6" => format!("ip daddr {not}{}", dice.one(&["10.8.0.1", "192.168.77.0/24"])),
            5..=7 => format!("tcp dport {not}{}", dice.one(&["6379", "{ 5432, 6379 }", "1000-7000", "@ports", "22"])),
            8 => format!("udp dport {not}51820"),
            9 => format!("meta l4proto {not}{}", dice.one(&["tcp", "udp", "{ tcp, udp } th dport 51820"])),
            10 => format!(
                "ct state {}",
                dice.one(&["new", "established,related", "!= new", "{ new, untracked }", "invalid"])
            ),
            11 => format!("fib daddr type {not}{}", dice.one(&["local", "{ local, broadcast }", "unicast"])),
            12 => dice
                .one(&["fib saddr . iif oif missing", "fib saddr . iif oif exists", "fib daddr . iif type local"])
                .to_owned(),
            13 => "limit rate 200/second burst 200 packets".to_owned(),
            14 => format!("iifname . tcp dport {not}@pairs"),
            15 => dice
                .one(&[
                    "tcp flags & (fin|syn|rst|ack) == syn",
                    "tcp flags syn / syn,ack",
                    "tcp flags syn",
                    "tcp flags & (fin|syn|rst|ack) != syn",
                ])
                .to_owned(),
            16 if family == "inet" => format!("meta nfproto {}", dice.one(&["ipv4", "ipv6"])),
            16 => dice.one(&["meta mark 0", "meta mark & 0xff == 1", "meta pkttype unicast"]).to_owned(),
            _ => dice.one(&["counter", "tcp dport >= 5000", "tcp sport 1024-65535", "tcp dport < 1000", ""]).to_owned(),
        });
    }
    // nft 1.0.6 has a bug: it does not list `meta nfproto` in front of `reject with tcp reset`.
    let reject = if words.iter().any(|word| word.contains("nfproto")) {
        "reject"
    } else {
        "meta l4proto tcp reject with tcp reset"
    };
    let verdict = match dice.roll(10) {
        0 | 1 if !chains.is_empty() => format!("jump {}", dice.one(&chains)),
        2 if !chains.is_empty() => format!("goto {}", dice.one(&chains)),
        3 => "return".to_owned(),
        4 => dice.one(&["reject", reject]).to_owned(),
        5 | 6 => "counter drop".to_owned(),
        7 => "counter".to_owned(),
        _ => "accept".to_owned(),
    };
    words.push(verdict);
    words.join(" ")
}
