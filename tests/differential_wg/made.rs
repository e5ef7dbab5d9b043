//! Files: good ones, damaged in the ways in which people and programs damage them, and at random.

/// A small generator of its own, so that a seed means the same files for ever (splitmix64).
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) >> 8).unwrap_or(0) % sides
    }

    fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.roll(from.len())]
    }
}

const KEY: &str = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";
const OTHER: &str = "B6N8vBQgk8i3VdwbEOhstCY3StFqqFPtC9/AsrhtHHw=";

const GOOD: [&str; 4] = [
    "[Interface]\nAddress = 10.8.0.1/24\nListenPort = 51820\nPrivateKey = KEY\n\n[Peer]\n# laptop\nPublicKey = OTHER\n\
     AllowedIPs = 10.8.0.2/32\n",
    "[Interface]\nPrivateKey = KEY\nAddress = 10.8.0.2/24\nDNS = 1.1.1.1\nMTU = 1280\n\n[Peer]\nPublicKey = OTHER\n\
     AllowedIPs = 10.8.0.0/24\nEndpoint = 198.51.100.1:51820\nPersistentKeepalive = 25\n",
    "# made by hand\n[Interface]\nAddress = 10.8.0.1/24, fd00:8::1/64\nListenPort=51820\nPrivateKey=KEY # own\nFwMark = 0x10\n\
     SaveConfig = true\nPostUp = iptables -A FORWARD -i %i -j ACCEPT; echo '# up'\nPostDown = true\nTable = auto\n\
     [Peer]\nPublicKey=OTHER\nPresharedKey = KEY\nAllowedIPs=10.8.0.2/32,fd00:8::2/128\n\
     [Peer]\nPublicKey = KEY\nAllowedIPs = 10.8.0.3\nEndpoint = [2001:db8::1]:51820\nPersistentKeepalive = off\n",
    "[Peer]\r\nPublicKey = OTHER\r\nEndpoint = 198.51.100.1:51820\r\n[Interface]\r\nAddress = 10.8.0.9/32\r\nPrivateKey = KEY\r\n",
];

const NAMES: [&str; 30] = [
    "Address",
    "MTU",
    "DNS",
    "Table",
    "PreUp",
    "PostUp",
    "PreDown",
    "PostDown",
    "SaveConfig",
    "ListenPort",
    "FwMark",
    "PrivateKey",
    "Endpoint",
    "PublicKey",
    "AllowedIPs",
    "PersistentKeepalive",
    "PresharedKey",
    "BindAddress",
    "address",
    "ALLOWEDIPS",
    "Allowed IPs",
    "Listen Port",
    "Add ress",
    "Private_Key",
    "PrivteKey",
    "AllowedIP",
    "Save Config",
    "[Interface]",
    "Name",
    "",
];

const VALUES: [&str; 100] = [
    "",
    "\"KEY\"",
    "'KEY'",
    "KEY",
    "OTHER",
    "KEYx",
    "xKEY",
    "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA",
    "AQIDBAUGBwgJ",
    "AQIDBAUG BwgJCgsM DQ4PEBESExQVFhcYGRobHB0eHyA=",
    "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyB=",
    "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHy==",
    "REPLACE_SERVER_PRIVATE_KEY",
    "<CLIENT_PUBLIC_KEY>",
    "(none)",
    "\u{201c}KEY\u{201d}",
    "KEY\u{a0}",
    "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20",
    "51820",
    "0",
    "1",
    "65535",
    "65536",
    "99999",
    "-1",
    "-2",
    "+5",
    "007",
    "0x10",
    "0X10",
    "0x",
    "domain",
    "http",
    "openvpn",
    "51820/udp",
    "1e3",
    "4294967295",
    "4294967296",
    "4294967297",
    "99999999999999999999",
    "5 1",
    "off",
    "OFF",
    "on",
    "true",
    "TRUE",
    "false",
    "yes",
    "25",
    "25s",
    "25 s",
    "10.8.0.1/24",
    "10.8.0.2/32",
    "10.8.0.2",
    "10.8.0.2/33",
    "10.8.0.2/",
    "10.8.0.2/24",
    "10.8.0.2/032",
    "10.8.0.2/255.255.255.0",
    "10.8.0",
    "10.8.0/24",
    "010.8.0.1/24",
    "256.8.0.1/24",
    "10.8.0.1.5",
    "10.8.0.2/32,",
    ",10.8.0.2",
    "10.8.0.2,,10.8.0.3",
    "10.8.0.2/32, 10.8.0.3/32",
    "10.8.0.2/32 10.8.0.3/32",
    "10.8.0.2/32;10.8.0.3/32",
    "10.8.0.1/24, 10.8.0.1/24",
    "10.8.0.1/24 10.8.0.1/25",
    "0.0.0.0/0, ::/0",
    "::/0",
    "::1/129",
    "fd00:8::1/64",
    "fd00:8::2",
    "fe80::1%lo",
    "::ffff:10.8.0.1",
    "1::2::3",
    "all",
    "+10.8.0.2/32",
    "-10.8.0.2",
    "1.2.3.4:0",
    "1.2.3.4:65536",
    "1.2.3.4:-2",
    "1.2.3.4:domain",
    "1.2.3.4:http",
    "1.2.3:5",
    "127.1:5",
    "0x7f.1:6",
    "[::1]:5",
    "::1:5",
    "[::1]5",
    "[::1",
    "[10.8.0.1]:5",
    ":51820",
    "1.2.3.4:",
    "198.51.100.1",
    "<SERVER_PUBLIC_IP>:51820",
];

const LINES: [&str; 28] = [
    "",
    "   ",
    "# comment",
    "  # comment = x",
    "#[Peer]",
    "[Peer]",
    "[peer]",
    " [ Peer ] ",
    "[Interface]",
    "[INTERFACE]",
    "[ Interface ]",
    "[Interface",
    "Interface]",
    "[Interface]=x",
    "[Inter=face]",
    "[Server]",
    "[]",
    "=",
    "= x",
    "Address",
    "SaveConfig",
    "MTU",
    "PrivateKey",
    "key",
    "BindAddress = 0.0.0.0",
    "PostUp = [ -e /x ] && echo \"a # b\"",
    "HyAhIiMk=",
    "\u{feff}",
];

const CHARACTERS: [&str; 26] = [
    " ", "\t", "\r", "\u{b}", "\u{c}", "\n", "\0", "\u{a0}", "\u{feff}", "#", "=", "[", "]", "\"", "'", "\\", "/", ",",
    ";", ":", "0", "9", "a", "\u{e9}", "%", "-",
];

/// One file.
pub(crate) fn file(dice: &mut Dice) -> Vec<u8> {
    let mut text = dice.pick(&GOOD).to_owned();
    for _ in 0..dice.roll(4) {
        text = damaged(dice, &text);
    }
    let text = text.replace("KEY", KEY).replace("OTHER", OTHER);
    match dice.roll(60) {
        0 => format!("\u{feff}{text}").into_bytes(),
        1 => [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect(),
        2 => text.replace('\n', "\r").into_bytes(),
        3..6 => text.replace('\n', "\r\n").into_bytes(),
        6..9 => text.trim_end().as_bytes().to_vec(),
        9 => text.replace('\n', " \\\n").into_bytes(),
        10 => text.bytes().filter(|byte| *byte != b' ').collect(),
        11 => format!("{text}# {}\n", "long ".repeat(3000)).into_bytes(),
        _ => text.into_bytes(),
    }
}

fn damaged(dice: &mut Dice, text: &str) -> String {
    let mut lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
    let at = dice.roll(lines.len());
    match dice.roll(12) {
        0..4 => {
            // A line that has a value gets another.
            let set: Vec<usize> = (0..lines.len()).filter(|index| lines[*index].contains('=')).collect();
            if let Some(at) = set.get(dice.roll(set.len().max(1))) {
                let name = lines[*at].split('=').next().unwrap_or_default().trim_end().to_owned();
                lines[*at] = format!("{name}{}{}", dice.pick(&[" = ", "=", " =", "= ", "\t=\t"]), dice.pick(&VALUES));
            }
        }
        4 => {
            let value = lines[at].split_once('=').map_or("", |(_, value)| value).to_owned();
            lines[at] = format!("{} ={value}", dice.pick(&NAMES));
        }
        5 => lines.insert(at, dice.pick(&LINES).to_owned()),
        6 => lines.insert(at, format!("{} = {}", dice.pick(&NAMES), dice.pick(&VALUES))),
        7 => drop(lines.remove(at)),
        8 => {
            let copy = lines[at].clone();
            lines.insert(dice.roll(lines.len()), copy);
        }
        9 => {
            let other = dice.roll(lines.len());
            lines.swap(at, other);
        }
        10 => {
            let line = lines[at].clone();
            let middle = dice.roll(line.chars().count() + 1);
            lines[at] = line.chars().take(middle).collect();
            if dice.roll(3) > 0 {
                lines.insert(at + 1, line.chars().skip(middle).collect());
            }
        }
        _ => {
            let line: Vec<char> = lines[at].chars().collect();
            let place = dice.roll(line.len() + 1);
            let skip = dice.roll(2);
            let new = if dice.roll(4) == 0 { "" } else { dice.pick(&CHARACTERS) };
            lines[at] = line[..place].iter().collect::<String>() + new;
            lines[at].extend(&line[(place + skip).min(line.len())..]);
        }
    }
    lines.join("\n")
}
