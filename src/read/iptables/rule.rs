//! One line of iptables-save. What is not understood becomes an unsupported one in its place, never a guess.

use super::argument::{addresses, destination, flags, kinds, mark, one, ports, protocol, range, states, wildcard};
use crate::fact::firewall::netfilter::{Act, End, Field, ORIGINAL, REPLY, Rule, Test};

/// `-A CHAIN …`, not yet numbered.
pub fn rule(line: &str) -> Option<(String, Rule)> {
    let words = split(line);
    let (chain, words) = match words.split_first_chunk::<2>()? {
        ([flag, chain], rest) if flag == "-A" || flag == "-I" => (chain.clone(), rest),
        _ => return None,
    };
    let mut arguments = Arguments { words, at: 0, tests: Vec::new(), recent: None, hits: 0, narrowed: 0 };
    let act = arguments.all();
    let mut tests = arguments.tests;
    for test in tests.iter_mut().take(arguments.narrowed) {
        if let Test::Addrtype(_, _, here) = test {
            *here = true;
        } else if matches!(test, Test::Not(_)) {
            *test = Test::Unsupported;
        }
    }
    match (arguments.recent, arguments.hits) {
        // The first packet of a source is on no list, and is not the second one of anything.
        (Some("update" | "rcheck"), 2..) => tests.push(Test::Never),
        (Some("set") | None, _) => {}
        (Some(_), _) => tests.push(Test::Unsupported),
    }
    Some((chain, Rule { number: 0, handle: None, text: line.into(), tests, act }))
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

struct Arguments<'a> {
    words: &'a [String],
    at: usize,
    tests: Vec<Test>,
    recent: Option<&'static str>,
    hits: u32,
    /// So many tests stand before the last `--limit-iface-in`.
    narrowed: usize,
}

impl<'a> Arguments<'a> {
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
                None if not => self.tests.push(Test::Unsupported),
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
                name => protocol(name).map_or(Test::Unsupported, |number| one(Field::Protocol, number)),
            },
            "--dport" | "--dports" | "--destination-port" | "--destination-ports" => ports(Field::Port, self.value()),
            "--sport" | "--sports" | "--source-port" | "--source-ports" => ports(Field::SourcePort, self.value()),
            "--ports" => {
                let list = self.value();
                Test::Any(vec![vec![ports(Field::Port, list)], vec![ports(Field::SourcePort, list)]])
            }
            "--ctstate" | "--state" => states(self.value()),
            "--ctdir" => one(Field::Direction, if self.value() == "REPLY" { REPLY } else { ORIGINAL }),
            "--syn" => Test::TcpFlags(0x17, 0x02),
            "--tcp-flags" => match (flags(self.value()), flags(self.value())) {
                (Some(mask), Some(set)) => Test::TcpFlags(mask, set),
                _ => Test::Unsupported,
            },
            "--src-type" => Test::Addrtype(End::From, kinds(self.value()), false),
            "--dst-type" => Test::Addrtype(End::To, kinds(self.value()), false),
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
            // Who has read a rule with `-m recent` looks at these at the end.
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
            "--limit-burst"
            | "--seconds"
            | "--name"
            | "--mask"
            | "--hashlimit-burst"
            | "--hashlimit-name"
            | "--hashlimit-mode"
            | "--hashlimit-srcmask"
            | "--hashlimit-dstmask"
            | "--hashlimit-htable-size"
            | "--hashlimit-htable-max"
            | "--hashlimit-htable-expire"
            | "--hashlimit-htable-gcinterval"
            | "--comment"
            | "--rttl"
            | "--reap"
            | "--rsource"
            | "--rdest"
            | "--validmark"
            | "--loose" => {
                self.skip();
                return None;
            }
            "--limit-iface-in" => {
                self.narrowed = self.tests.len();
                return None;
            }
            // A hypothetical connection comes by the way back to its source.
            "--invert" => Test::Never,
            _ => {
                self.skip();
                Test::Unsupported
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
            // Their words are obscure, or speak of protocols that nobody dials here.
            "icmp" | "icmp6" | "ipv6-icmp" => None,
            // They match no packet without that extension header, whatever else is asked of it, and negated or not (ip6tables-
            // extensions(8)): a connection that is opened has none. ufw drops routing headers of type 0 so.
            "rt" | "frag" | "hbh" | "dst" | "mh" => Some(Test::Never),
            _ => {
                self.skip();
                Some(Test::Unsupported)
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
                None => Act::Unsupported,
            },
            "REDIRECT" => match option("--to-ports") {
                "" => Act::Dnat(None, None),
                port => port.parse().map_or(Act::Unsupported, |port| Act::Dnat(None, Some(port))),
            },
            "MARK" | "CONNMARK" => Act::Mark,
            "NOTRACK" => Act::Untrack,
            "CT" if rest.iter().any(|word| word == "--notrack") => Act::Untrack,
            "CT" | "LOG" | "NFLOG" | "ULOG" | "AUDIT" | "CHECKSUM" | "CLASSIFY" | "DSCP" | "TOS" | "TTL" | "HL"
            | "TCPMSS" | "TCPOPTSTRIP" | "SET" | "TRACE" | "TEE" | "LED" | "RATEEST" | "SECMARK" | "CONNSECMARK"
            | "IDLETIMER" | "ECN" => Act::Continue,
            // A chain of the user's, which the walk looks for; if there is none, it is unsupported there.
            name => Act::Jump(name.to_owned()),
        }
    }
}
