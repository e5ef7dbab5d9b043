//! One line of iptables-save. What is not understood becomes a puzzle in its place, never a guess.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::fact::firewall::netfilter::{
    Act, ESTABLISHED, End, Field, INVALID, NEW, RELATED, Rule, TRANSLATED, Test, UNTRACKED,
};

/// `-A CHAIN …`, not yet numbered.
pub fn rule(line: &str) -> Option<(String, Rule)> {
    let words = split(line);
    let (chain, words) = match words.split_first_chunk::<2>()? {
        ([flag, chain], rest) if flag == "-A" || flag == "-I" => (chain.clone(), rest),
        _ => return None,
    };
    let mut reader = Reader { words, at: 0, tests: Vec::new(), recent: None, hits: 0 };
    let act = reader.all();
    let mut tests = reader.tests;
    match (reader.recent, reader.hits) {
        // The first packet of a source is on no list, and is not the second one of anything.
        (Some("update" | "rcheck"), 2..) => tests.push(Test::Never),
        (Some("set") | None, _) => {}
        (Some(_), _) => tests.push(Test::Puzzle),
    }
    Some((chain, Rule { number: 0, handle: None, text: line.to_owned(), tests, act }))
}

/// Words, with `"…"` and backslashes inside as iptables-save writes them.
fn split(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted, mut begun) = (Vec::new(), String::new(), false, false);
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => (quoted, begun) = (!quoted, true),
            '\\' if quoted => word.extend(chars.next()),
            ' ' if !quoted => {
                if begun {
                    words.push(std::mem::take(&mut word));
                }
                begun = false;
            }
            c => {
                begun = true;
                word.push(c);
            }
        }
    }
    if begun {
        words.push(word);
    }
    words
}

struct Reader<'a> {
    words: &'a [String],
    at: usize,
    tests: Vec<Test>,
    recent: Option<&'static str>,
    hits: u32,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Option<&'a str> {
        let word = self.words.get(self.at)?;
        self.at += 1;
        Some(word)
    }

    fn value(&mut self) -> &'a str {
        self.next().unwrap_or_default()
    }

    /// The rest of the line, up to the target.
    fn all(&mut self) -> Act {
        let mut not = false;
        while let Some(word) = self.next() {
            match word {
                "!" => {
                    not = true;
                    continue;
                }
                "-j" | "--jump" => return self.target(),
                "-g" | "--goto" => return Act::Goto(self.value().to_owned()),
                _ => {}
            }
            match self.test(word) {
                Some(test) => self.tests.push(test.negate(not)),
                None if not => self.tests.push(Test::Puzzle),
                None => {}
            }
            not = false;
        }
        Act::Continue
    }

    /// None where a word says nothing about the packet.
    fn test(&mut self, word: &str) -> Option<Test> {
        Some(match word {
            "-i" | "--in-interface" => Test::Interface(End::From, vec![wildcard(self.value())]),
            "-o" | "--out-interface" => Test::Interface(End::To, vec![wildcard(self.value())]),
            "-s" | "--source" => addresses(End::From, self.value()),
            "-d" | "--destination" => addresses(End::To, self.value()),
            "--src-range" => range(End::From, self.value()),
            "--dst-range" => range(End::To, self.value()),
            "-p" | "--protocol" => match self.value() {
                "all" | "0" => return None,
                name => protocol(name).map_or(Test::Puzzle, |number| one(Field::Protocol, number)),
            },
            "--dport" | "--dports" | "--destination-port" | "--destination-ports" => ports(Field::Port, self.value()),
            "--sport" | "--sports" | "--source-port" | "--source-ports" => ports(Field::SourcePort, self.value()),
            "--ports" => {
                let list = self.value();
                Test::Any(vec![vec![ports(Field::Port, list)], vec![ports(Field::SourcePort, list)]])
            }
            "--ctstate" | "--state" => states(self.value()),
            "--syn" => Test::TcpFlags(0x17, 0x02),
            "--tcp-flags" => match (flags(self.value()), flags(self.value())) {
                (Some(mask), Some(set)) => Test::TcpFlags(mask, set),
                _ => Test::Puzzle,
            },
            "--src-type" => Test::Kind(End::From, kinds(self.value()), false),
            "--dst-type" => Test::Kind(End::To, kinds(self.value()), false),
            "--pkt-type" => one(Field::PacketType, u32::from(self.value() != "unicast")),
            "--mark" => mark(self.value()),
            // Every first fragment, and all that is none.
            "-f" | "--fragment" => Test::Never,
            "--limit" | "--hashlimit-upto" | "--hashlimit" => {
                self.skip();
                Test::Rate
            }
            "--hashlimit-above" => {
                self.skip();
                Test::Never
            }
            // The reader of a rule with `-m recent` looks at these at the end.
            "--set" => return self.recently("set"),
            "--update" => return self.recently("update"),
            "--rcheck" => return self.recently("rcheck"),
            "--remove" => return self.recently("remove"),
            "--hitcount" => {
                self.hits = self.value().parse().unwrap_or(0);
                return None;
            }
            "-m" | "--match" => return self.module(),
            // What only shapes the ones above.
            "--limit-burst" | "--seconds" | "--name" | "--mask" | "--hashlimit-burst" | "--hashlimit-name"
            | "--hashlimit-mode" | "--hashlimit-srcmask" | "--hashlimit-dstmask" | "--hashlimit-htable-size"
            | "--hashlimit-htable-max" | "--hashlimit-htable-expire" | "--hashlimit-htable-gcinterval" | "--comment"
            | "--rttl" | "--reap" | "--rsource" | "--rdest" | "--validmark" | "--loose" => {
                self.skip();
                return None;
            }
            "--limit-iface-in" => {
                for test in &mut self.tests {
                    if let Test::Kind(_, _, here) = test {
                        *here = true;
                    } else if matches!(test, Test::Not(_)) {
                        *test = Test::Puzzle;
                    }
                }
                return None;
            }
            // A hypothetical connection comes by the way back to its source.
            "--invert" => Test::Never,
            _ => {
                self.skip();
                Test::Puzzle
            }
        })
    }

    /// Over a word's values.
    fn skip(&mut self) {
        while self.words.get(self.at).is_some_and(|word| !word.starts_with('-') && word != "!") {
            self.at += 1;
        }
    }

    fn recently(&mut self, how: &'static str) -> Option<Test> {
        self.recent = Some(how);
        None
    }

    /// Only modules whose words are all known here, or that say something without a word.
    fn module(&mut self) -> Option<Test> {
        match self.value() {
            "tcp" | "udp" | "multiport" | "conntrack" | "state" | "addrtype" | "comment" | "limit" | "hashlimit"
            | "recent" | "mark" | "connmark" | "iprange" | "pkttype" | "rpfilter" => None,
            // Their words are puzzles, or speak of protocols that nobody dials here.
            "icmp" | "icmp6" | "ipv6-icmp" => None,
            _ => {
                self.skip();
                Some(Test::Puzzle)
            }
        }
    }

    fn target(&mut self) -> Act {
        let name = self.value();
        let rest = &self.words[self.at..];
        let option = |flag: &str| {
            rest.iter().position(|word| word == flag).and_then(|at| rest.get(at + 1)).map_or("", String::as_str)
        };
        match name {
            // Addresses that are changed on the way out mean nothing to who is let in.
            "ACCEPT" | "SNAT" | "MASQUERADE" => Act::Accept,
            "DROP" => Act::Drop,
            "REJECT" => Act::Reject,
            "RETURN" => Act::Return,
            "DNAT" => match destination(option("--to-destination")) {
                Some((address, port)) => Act::Dnat(Some(address), port),
                None => Act::Puzzle,
            },
            "REDIRECT" => match option("--to-ports") {
                "" => Act::Dnat(None, None),
                port => port.parse().map_or(Act::Puzzle, |port| Act::Dnat(None, Some(port))),
            },
            "MARK" | "CONNMARK" => Act::Mark,
            "NOTRACK" => Act::Untrack,
            "CT" if rest.iter().any(|word| word == "--notrack") => Act::Untrack,
            "CT" | "LOG" | "NFLOG" | "ULOG" | "AUDIT" | "CHECKSUM" | "CLASSIFY" | "DSCP" | "TOS" | "TTL" | "HL"
            | "TCPMSS" | "TCPOPTSTRIP" | "SET" | "TRACE" | "TEE" | "LED" | "RATEEST" | "SECMARK" | "CONNSECMARK"
            | "IDLETIMER" | "ECN" => Act::Continue,
            // A chain of the user's, which the walk looks for; if there is none, it is a puzzle there.
            name => Act::Jump(name.to_owned()),
        }
    }
}

fn one(field: Field, number: u32) -> Test {
    Test::Number(field, vec![(number, number)])
}

fn wildcard(name: &str) -> String {
    name.strip_suffix('+').map_or_else(|| name.to_owned(), |start| format!("{start}*"))
}

/// A protocol's number; those that are not here have no ports.
pub(in crate::fact::firewall) fn protocol(name: &str) -> Option<u32> {
    Some(match name {
        "icmp" => 1,
        "igmp" => 2,
        "tcp" => 6,
        "udp" => 17,
        "dccp" => 33,
        "gre" => 47,
        "esp" => 50,
        "ah" => 51,
        "icmpv6" | "ipv6-icmp" => 58,
        "vrrp" => 112,
        "sctp" => 132,
        "udplite" => 136,
        number => number.parse().ok()?,
    })
}

fn addresses(end: End, list: &str) -> Test {
    let ranges: Option<Vec<_>> = list.split(',').map(net).collect();
    ranges.map_or(Test::Puzzle, |ranges| Test::Address(end, ranges))
}

/// `10.8.0.0/24`, `10.8.0.0/255.255.255.0` or an address.
fn net(text: &str) -> Option<(IpAddr, IpAddr)> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some((address, address));
    }
    let net = text.parse::<IpNet>().ok().or_else(|| {
        let (address, mask) = text.split_once('/')?;
        IpNet::with_netmask(address.parse().ok()?, mask.parse().ok()?).ok()
    })?;
    Some((net.network(), net.broadcast()))
}

fn range(end: End, text: &str) -> Test {
    let (low, high) = text.split_once('-').unwrap_or((text, text));
    match (low.parse(), high.parse()) {
        (Ok(low), Ok(high)) => Test::Address(end, vec![(low, high)]),
        _ => Test::Puzzle,
    }
}

fn ports(field: Field, list: &str) -> Test {
    let span = |part: &str| -> Option<(u32, u32)> {
        let (low, high) = part.split_once(':').unwrap_or((part, part));
        let low = if low.is_empty() { 0 } else { low.parse().ok()? };
        let high = if high.is_empty() { 65535 } else { high.parse().ok()? };
        Some((low, high))
    };
    let spans: Option<Vec<_>> = list.split(',').map(span).collect();
    spans.map_or(Test::Puzzle, |spans| Test::Number(field, spans))
}

fn states(list: &str) -> Test {
    let bits = list.split(',').map(|state| match state {
        "NEW" => NEW,
        "UNTRACKED" => UNTRACKED,
        "DNAT" => TRANSLATED,
        "INVALID" => INVALID,
        "ESTABLISHED" => ESTABLISHED,
        _ => RELATED,
    });
    Test::Number(Field::State, bits.map(|bit| (bit, bit)).collect())
}

fn kinds(list: &str) -> Vec<String> {
    list.split(',').map(str::to_ascii_lowercase).collect()
}

fn flags(list: &str) -> Option<u8> {
    list.split(',').try_fold(0, |bits, flag| Some(bits | flag_bit(flag)?))
}

/// The bit of a TCP flag, by the names of iptables and nft.
pub(in crate::fact::firewall) fn flag_bit(flag: &str) -> Option<u8> {
    Some(match flag.to_ascii_uppercase().as_str() {
        "FIN" => 0x01,
        "SYN" => 0x02,
        "RST" => 0x04,
        "PSH" => 0x08,
        "ACK" => 0x10,
        "URG" => 0x20,
        "ECN" | "ECE" => 0x40,
        "CWR" => 0x80,
        "ALL" => 0x3f,
        "NONE" => 0,
        _ => return None,
    })
}

fn mark(text: &str) -> Test {
    let number = |text: &str| match text.strip_prefix("0x") {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    };
    let (value, mask) = text.split_once('/').unwrap_or((text, "0xffffffff"));
    match (number(value), number(mask)) {
        (Some(value), Some(mask)) => Test::Mark(value, mask),
        _ => Test::Puzzle,
    }
}

/// `172.17.0.2:6379`, `172.17.0.2` or `[fd00::2]:6379`; a range of addresses or ports is none.
fn destination(text: &str) -> Option<(IpAddr, Option<u16>)> {
    if let Ok(address) = text.trim_matches(['[', ']']).parse() {
        return Some((address, None));
    }
    let (address, port) = text.rsplit_once(':')?;
    Some((address.trim_matches(['[', ']']).parse().ok()?, Some(port.parse().ok()?)))
}
