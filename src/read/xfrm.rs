//! What `ip -o xfrm policy` and `ip -o xfrm state list nokeys` print, and `/proc/net/xfrm_stat`.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::IpNet;

use crate::fact::network::ipsec::{Direction, IpsecPolicy};

/// The words of a line; `-o` puts a backslash where another line would begin (ip(8)).
fn words(line: &str) -> Vec<&str> {
    line.split(|c: char| c.is_whitespace() || c == '\\').filter(|it| !it.is_empty()).collect()
}

/// The counters that are not 0.
pub fn counters(text: &str) -> BTreeMap<String, u64> {
    let pairs = text.lines().filter_map(|line| line.split_once(char::is_whitespace));
    let numbers = pairs.filter_map(|(name, number)| Some((name.to_owned(), number.trim().parse().ok()?)));
    numbers.filter(|(_, number)| *number > 0).collect()
}

/// The two ends of each state.
pub fn states(text: &str) -> Vec<(IpAddr, IpAddr)> {
    let ends = |line: &str| {
        if let ["src", from, "dst", to, ..] = words(line).as_slice() {
            Some((from.parse().ok()?, to.parse().ok()?))
        } else {
            None
        }
    };
    text.lines().filter_map(ends).collect()
}

/// The policies. Those of a socket have no direction, and are left out.
pub fn policies(text: &str, states: &[(IpAddr, IpAddr)]) -> Vec<IpsecPolicy> {
    text.lines().filter_map(|line| policy(line, states)).collect()
}

fn policy(line: &str, states: &[(IpAddr, IpAddr)]) -> Option<IpsecPolicy> {
    let words = words(line);
    let ["src", from, "dst", to, rest @ ..] = words.as_slice() else { return None };
    let net = |text: &str| text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
    let (from, to) = (net(from)?, net(to)?);
    let at = rest.iter().position(|word| *word == "dir")?;
    let (asked, rest) = rest.split_at_checked(at)?;
    let direction = match *rest.get(1)? {
        "in" => Direction::In,
        "out" => Direction::Out,
        "fwd" => Direction::Fwd,
        _ => return None,
    };
    let own = rest.split(|word| *word == "tmpl").next().unwrap_or_default();
    let blocks = own.windows(2).any(|pair| pair == ["action", "block"]);
    let mut templates = rest.split(|word| *word == "tmpl").skip(1).peekable();
    let protects = templates.peek().is_some();
    // Without ends of its own (transport mode) a template has those of the packet.
    let has_state = templates.all(|template| {
        let ["src", source, "dst", target, ..] = template else { return false };
        let fits = |end: IpAddr, wanted: &str, net: IpNet| {
            wanted.parse::<IpAddr>().is_ok_and(|it| if it.is_unspecified() { net.contains(&end) } else { it == end })
        };
        states.iter().any(|(one, other)| fits(*one, source, from) && fits(*other, target, to))
    });
    let more = asked.join(" ");
    Some(IpsecPolicy { from, to, more, direction, blocks, protects, has_state: protects && has_state })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_are_read_with_their_states() {
        let text = "src 0.0.0.0/0 dst 10.8.0.1/32 \\\tdir out action block priority 0 ptype main \\\n\
                    src 0.0.0.0/0 dst 10.8.0.0/16 proto tcp dport 6379 \\\tdir out priority 0 ptype main \\\ttmpl src 198.51.100.2 dst 198.51.100.9\\\t\tproto esp reqid 0 mode tunnel\\\n\
                    src 10.8.0.2/32 dst 10.8.0.1/32 \\\tdir in priority 0 \\\ttmpl src 0.0.0.0 dst 0.0.0.0\\\t\tproto esp reqid 0 mode transport\\\n\
                    src 0.0.0.0/0 dst 0.0.0.0/0 \\\tsocket in priority 0 ptype main \\\n";
        let state = states("src 10.8.0.2 dst 10.8.0.1\\\tproto esp spi 0x1 reqid 0 mode transport\\\n");
        let read = policies(text, &state);
        let told: Vec<_> = read.iter().map(|it| (it.selector(), it.stops())).collect();
        let wanted = [
            ("src 0.0.0.0/0 dst 10.8.0.1/32 dir out", true),
            ("src 0.0.0.0/0 dst 10.8.0.0/16 proto tcp dport 6379 dir out", true),
            ("src 10.8.0.2/32 dst 10.8.0.1/32 dir in", false),
        ];
        assert_eq!(told, wanted.map(|(selector, stops)| (selector.to_owned(), stops)));
        assert!(
            read[1].takes("tcp", &[6379, 5432]) && !read[1].takes("tcp", &[5432]) && !read[1].takes("udp", &[6379])
        );
        assert!(read[0].takes("udp", &[51820]));
        assert!(policies(text, &[])[2].stops());
        assert_eq!(counters("XfrmInError             \t0\nXfrmOutNoStates         \t26\n")["XfrmOutNoStates"], 26);
        assert_eq!(counters("XfrmInError 0\nx\n").len(), 0);
    }
}
