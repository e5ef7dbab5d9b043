//! Four namespaces: a firewalled host, a peer in its tunnel, a peer in its LAN, and a container behind it.

use std::fmt;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use clipcheck::fact::firewall::netfilter::{Listing, Netfilter, Tool};
use clipcheck::fact::firewall::{NewFlow, Protocol};
use clipcheck::fact::network::{Link, Links};
use clipcheck::read::{iptables, nft};

use crate::rules::Set;

pub(crate) const PORTS: [u16; 7] = [22, 80, 443, 5432, 6379, 8080, 51820];
const SEPARATOR: &str = "=====";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Open,
    Rejected,
    Silent,
}

impl Answer {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Rejected => "rejected",
            Self::Silent => "silent",
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Dial {
    pub(crate) tunnel: bool,
    pub(crate) udp: bool,
    from: IpAddr,
    to: IpAddr,
    port: u16,
}

impl Dial {
    pub(crate) fn flow(&self) -> NewFlow<'_> {
        NewFlow {
            interface: if self.tunnel { "wg0" } else { "eth0" },
            from: self.from,
            to: self.to,
            protocol: if self.udp { Protocol::Udp } else { Protocol::Tcp },
            port: self.port,
        }
    }
}

impl fmt::Display for Dial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let protocol = if self.udp { "udp" } else { "tcp" };
        write!(f, "{protocol} {} -> {} port {}", self.from, self.to, self.port)
    }
}

/// Every connection that is tried.
pub(crate) fn dials() -> Vec<Dial> {
    let mut dials = Vec::new();
    for (tunnel, from, to) in [
        (true, "10.8.0.2", "10.8.0.1"),
        (true, "fd08::2", "fd08::1"),
        (false, "192.168.77.2", "192.168.77.1"),
        (false, "fd77::2", "fd77::1"),
    ] {
        let (from, to) = (from.parse().unwrap(), to.parse().unwrap());
        dials.extend(PORTS.map(|port| Dial { tunnel, udp: false, from, to, port }));
        dials.push(Dial { tunnel, udp: true, from, to, port: 51820 });
    }
    dials
}

pub(crate) fn links() -> Links {
    let link = |name: &str, addresses: [&str; 2]| Link {
        name: name.to_owned(),
        kind: None,
        up: true,
        mtu: 1500,
        addresses: addresses.map(|net| net.parse().unwrap()).to_vec(),
    };
    Links {
        links: vec![
            link("wg0", ["10.8.0.1/24", "fd08::1/64"]),
            link("eth0", ["192.168.77.1/24", "fd77::1/64"]),
            link("dk0", ["172.30.0.1/24", "fd30::1/64"]),
        ],
    }
}

struct Helper {
    child: Child,
    ask: ChildStdin,
    told: BufReader<ChildStdout>,
}

impl Helper {
    fn start(namespace: &str, role: &str) -> Self {
        let mut child = Command::new("ip")
            .args(["netns", "exec", namespace])
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", "helper", "--ignored", "--nocapture"])
            .env("CLIPCHECK_DIFFERENTIAL_ROLE", role)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (ask, told) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let mut helper = Self { child, ask, told };
        assert_eq!(helper.line(), "ready");
        helper
    }

    /// The next line for us; the others are the test runner's.
    fn line(&mut self) -> String {
        loop {
            let mut line = String::new();
            assert!(self.told.read_line(&mut line).unwrap() > 0, "a helper ended");
            if let Some((_, words)) = line.split_once('@') {
                return words.trim().to_owned();
            }
        }
    }
}

pub(crate) struct World {
    names: [String; 4],
    helpers: Vec<Helper>,
}

impl World {
    pub(crate) fn raise(number: u64) -> Self {
        let names = ["h", "t", "l", "c"].map(|role| format!("ccdf{}-{number}{role}", std::process::id()));
        let mut world = Self { names, helpers: Vec::new() };
        // What a run that was killed has left.
        shell(
            "for name in $(ip netns list | grep -o '^ccdf[0-9]*-[^ ]*'); do pid=${name#ccdf}; \
             [ -e /proc/${pid%%-*} ] || ip netns del $name; done",
            "",
        );
        let [host, tunnel, lan, container] = &world.names;
        let mut script = String::from("set -e\n");
        for name in &world.names {
            script += &format!("ip netns add {name}; ip -n {name} link set lo up\n");
            // Straight from ICMP's own limits, a REJECT would look like a DROP.
            script += &format!(
                "ip netns exec {name} sysctl -qw net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0 \
                 net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.all.accept_dad=0 net.ipv4.ip_forward=1 \
                 net.ipv6.conf.all.forwarding=1\n"
            );
        }
        for (at, (peer, device, four, six)) in [
            (tunnel, "wg0", "10.8.0", "fd08:"),
            (lan, "eth0", "192.168.77", "fd77:"),
            (container, "dk0", "172.30.0", "fd30:"),
        ]
        .into_iter()
        .enumerate()
        {
            let (ours, theirs) = (format!("02:00:00:00:{at:02x}:01"), format!("02:00:00:00:{at:02x}:02"));
            script += &format!(
                "ip link add {device} netns {host} address {ours} type veth peer name p0 netns {peer} address {theirs}\n\
                 ip -n {host} addr add {four}.1/24 dev {device}; ip -n {host} addr add {six}:1/64 dev {device} nodad\n\
                 ip -n {peer} addr add {four}.2/24 dev p0; ip -n {peer} addr add {six}:2/64 dev p0 nodad\n\
                 ip -n {host} link set {device} up; ip -n {peer} link set p0 up\n"
            );
            // No rule can then stop the neighbours from finding each other.
            for version in [four.to_owned() + ".", six.to_owned() + ":"] {
                script += &format!(
                    "ip -n {host} neigh replace {version}2 lladdr {theirs} dev {device} nud permanent\n\
                     ip -n {peer} neigh replace {version}1 lladdr {ours} dev p0 nud permanent\n"
                );
            }
            script +=
                &format!("ip -n {peer} route add default via {four}.1; ip -n {peer} route add default via {six}:1\n");
        }
        assert!(shell(&script, "").0, "the namespaces could not be made");
        for (at, role) in [(0, "listen"), (3, "listen"), (1, "dial"), (2, "dial")] {
            let helper = Helper::start(&world.names[at], role);
            world.helpers.push(helper);
        }
        world
    }

    /// Replaces all rules. Lines that their own tool refuses are taken out; how many, or what it says in the end.
    pub(crate) fn load(&self, set: &mut Set) -> Result<u64, String> {
        let host = &self.names[0];
        let mut script = format!("ip netns exec {host} nft flush ruleset\n");
        for command in ["iptables-legacy-restore", "ip6tables-legacy-restore"] {
            let empty = "*filter\\n:INPUT ACCEPT\\n:FORWARD ACCEPT\\nCOMMIT\\n*nat\\nCOMMIT\\n*mangle\\nCOMMIT\\n*raw\\nCOMMIT\\n";
            script += &format!("printf '{empty}' | ip netns exec {host} {command}\n");
        }
        let (_, said) = shell(&script, "");
        let mut refused = 0;
        for (command, text) in &mut set.texts {
            loop {
                let (ok, more) = shell(&format!("ip netns exec {host} {command}"), text);
                if ok {
                    break;
                }
                let bad = blamed(&more).filter(|_| refused < 100);
                let bad = bad.ok_or_else(|| format!("{command}: {said}{more}"))?;
                // The older restore names the COMMIT that failed; a rule before it is to blame.
                let rules = text.lines().enumerate().take(bad);
                let rules = rules.filter(|(_, line)| line.starts_with("-A") || *command == "nft -f -");
                let bad = rules.last().map(|(at, _)| at).ok_or_else(|| format!("{command}: {more}"))?;
                let kept = text.lines().enumerate().filter(|(at, _)| *at != bad);
                *text = kept.map(|(_, line)| format!("{line}\n")).collect();
                refused += 1;
            }
        }
        Ok(refused)
    }

    /// As the probe asks for it.
    pub(crate) fn netfilter(&self) -> Netfilter {
        let asked = [
            "iptables-nft-save",
            "ip6tables-nft-save",
            "iptables-legacy-save",
            "ip6tables-legacy-save",
            "nft -j list ruleset",
            "nft -a list ruleset",
        ];
        let all = asked.map(|command| format!("{command} 2>/dev/null; echo {SEPARATOR}")).join("; ");
        let output = Command::new("ip").args(["netns", "exec", &self.names[0], "sh", "-c", &all]).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let parts: Vec<&str> = text.split(&format!("{SEPARATOR}\n")).collect();
        let mut shown = Vec::new();
        let mut listings = Vec::new();
        for (tool, part) in
            [Tool::Iptables, Tool::Ip6tables, Tool::IptablesLegacy, Tool::Ip6tablesLegacy].into_iter().zip(&parts)
        {
            let lines = iptables::tidy(part);
            let family = if tool.is_six() { "ip6" } else { "ip" };
            if matches!(tool, Tool::Iptables | Tool::Ip6tables) {
                shown.extend(iptables::tables(&lines).into_iter().map(|name| (family.to_owned(), name.to_owned())));
            }
            listings.push(Listing { tool, lines });
        }
        let lines = nft::tidy(parts[4], parts[5], &shown).expect("nft speaks JSON");
        listings.push(Listing { tool: Tool::Nft, lines });
        Netfilter { listings, stored: Vec::new(), missing: Vec::new() }
    }

    pub(crate) fn dial(&mut self, dials: &[Dial], patience: u64) -> Vec<Answer> {
        let mut found = vec![Answer::Silent; dials.len()];
        let mut asked = Vec::new();
        for (helper, tunnel) in [(2, true), (3, false)] {
            let mine: Vec<usize> = (0..dials.len()).filter(|at| dials[*at].tunnel == tunnel).collect();
            let words = mine.iter().map(|at| {
                let dial = &dials[*at];
                format!(" {} {}", if dial.udp { "udp" } else { "tcp" }, SocketAddr::new(dial.to, dial.port))
            });
            let line = format!("{patience}{}\n", words.collect::<String>());
            self.helpers[helper].ask.write_all(line.as_bytes()).unwrap();
            asked.push((helper, mine));
        }
        for (helper, mine) in asked {
            let line = self.helpers[helper].line();
            for (at, word) in mine.into_iter().zip(line.split_whitespace()) {
                found[at] = match word {
                    "open" => Answer::Open,
                    "rejected" => Answer::Rejected,
                    _ => Answer::Silent,
                };
            }
        }
        found
    }
}

impl Drop for World {
    fn drop(&mut self) {
        for helper in &mut self.helpers {
            let _ = helper.child.kill();
            let _ = helper.child.wait();
        }
        for name in &self.names {
            shell(&format!("ip netns del {name}"), "");
        }
    }
}

/// The line that a tool complains about: `line: 20`, `line 12: …`, `/dev/stdin:7:37-45:`.
fn blamed(said: &str) -> Option<usize> {
    let number =
        |text: &str| text.trim_start().chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok();
    ["occurred at line:", "line ", "/dev/stdin:", "at line "]
        .iter()
        .find_map(|mark| said.match_indices(mark).find_map(|(at, _)| number(&said[at + mark.len()..])))
}

fn shell(script: &str, input: &str) -> (bool, String) {
    let mut child = Command::new("sh")
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A tool that has given up no longer reads.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

pub(crate) fn help(role: &str) {
    if role == "listen" {
        for port in PORTS.into_iter().chain([81, 9999]) {
            let listener = TcpListener::bind(("::", port)).unwrap();
            std::thread::spawn(move || {
                for stream in listener.incoming() {
                    std::thread::spawn(move || echo(stream?));
                }
            });
            let socket = UdpSocket::bind(("::", port)).unwrap();
            std::thread::spawn(move || {
                let mut bytes = [0; 64];
                while let Ok((length, from)) = socket.recv_from(&mut bytes) {
                    let _ = socket.send_to(&bytes[..length], from);
                }
            });
        }
        println!("@ready");
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        return;
    }
    println!("@ready");
    for line in std::io::stdin().lines() {
        let line = line.unwrap();
        let mut words = line.split_whitespace();
        let patience = Duration::from_millis(words.next().unwrap().parse().unwrap());
        let mut threads = Vec::new();
        while let (Some(protocol), Some(to)) = (words.next(), words.next()) {
            let (udp, to) = (protocol == "udp", to.parse::<SocketAddr>().unwrap());
            threads.push(std::thread::spawn(move || if udp { ask(to, patience) } else { connect(to, patience) }));
        }
        let answers: Vec<&str> = threads.into_iter().map(|thread| thread.join().unwrap().word()).collect();
        println!("@{}", answers.join(" "));
    }
}

fn echo(mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(3)))?;
    let mut bytes = [0; 8];
    let length = stream.read(&mut bytes)?;
    stream.write_all(&bytes[..length])
}

fn connect(to: SocketAddr, patience: Duration) -> Answer {
    let talk = || -> std::io::Result<usize> {
        let mut stream = TcpStream::connect_timeout(&to, patience)?;
        stream.set_read_timeout(Some(patience))?;
        stream.write_all(b"hello")?;
        stream.read(&mut [0; 8])
    };
    answer(&talk())
}

fn answer(talk: &std::io::Result<usize>) -> Answer {
    match talk {
        Ok(_) => Answer::Open,
        Err(error) if matches!(error.kind(), std::io::ErrorKind::TimedOut | std::io::ErrorKind::WouldBlock) => {
            Answer::Silent
        }
        Err(_) => Answer::Rejected,
    }
}

fn ask(to: SocketAddr, patience: Duration) -> Answer {
    let here = if to.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let socket = UdpSocket::bind(here).unwrap();
    socket.connect(to).unwrap();
    socket.set_read_timeout(Some(patience)).unwrap();
    let mut bytes = [0; 8];
    let mut talk = || socket.send(b"hello").and_then(|_| socket.recv(&mut bytes));
    // The second datagram belongs to a known connection.
    let first = talk();
    answer(&first.and_then(|_| talk()))
}
