//! The kernel's counters of what it received and dropped: `/proc/net/snmp` and `/proc/net/netstat` (proc(5)), each two
//! lines a protocol, names and then numbers.

use std::collections::BTreeMap;

/// Counters of received packets that are dropped without a word, by their names as nstat(8) writes them.
const DROPS: [&str; 6] = [
    "TcpInCsumErrors",
    "TcpExtIPReversePathFilter",
    "TcpExtListenOverflows",
    "TcpExtListenDrops",
    "TcpExtTCPReqQFullDrop",
    "IpInAddrErrors",
];

/// The counters of drops in one of these files.
pub fn drops(text: &str) -> BTreeMap<&'static str, u64> {
    let mut found = BTreeMap::new();
    let mut lines = text.lines();
    while let (Some(names), Some(numbers)) = (lines.next(), lines.next()) {
        let Some((protocol, names)) = names.split_once(':') else { continue };
        let numbers = numbers.split_whitespace().skip(1);
        for (name, number) in names.split_whitespace().zip(numbers) {
            let known = DROPS.into_iter().find(|known| known.strip_prefix(protocol) == Some(name));
            if let Some((known, number)) = known.zip(number.parse().ok()) {
                found.insert(known, number);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_lines_make_a_protocol() {
        let text = "Ip: Forwarding InAddrErrors\nIp: 1 7\nTcp: RtoAlgorithm InCsumErrors\nTcp: 1 3\nTcpExt: IPReversePathFilter X\nTcpExt: 2 9\n";
        let found = drops(text);
        assert_eq!(found["IpInAddrErrors"], 7);
        assert_eq!(found["TcpInCsumErrors"], 3);
        assert_eq!(found["TcpExtIPReversePathFilter"], 2);
        assert_eq!(drops("Tcp: a\n"), BTreeMap::new());
    }
}
