//! The tables of `route print`. Their headings and the words for "on the link itself" are translated ("On-link", "Auf
//! Verbindung", "En vínculo"), so that only addresses and numbers are read.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net};

/// One route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The network.
    pub net: IpNet,
    /// The next route; none where the network is on the link itself.
    pub gateway: Option<IpAddr>,
    /// By which interface.
    pub by: By,
    /// The route's metric and its interface's in one sum, which Windows compares.
    pub metric: u32,
}

/// How a table names an interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// By its own address: the table of IPv4.
    Address(IpAddr),
    /// By its number: the table of IPv6.
    Index(u32),
}

/// All routes of both tables that are in use.
pub fn rows(lines: &[String]) -> Vec<Row> {
    let mut rows = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let words: Vec<&str> = line.split_whitespace().collect();
        rows.extend(four(&words).or_else(|| six(&words, lines.get(at + 1).map_or("", |next| next.trim()))));
    }
    rows
}

/// `DESTINATION NETMASK GATEWAY INTERFACE METRIC`. The table of the routes that a restart brings back has no interface:
/// four words, or a last one that is no number.
fn four(words: &[&str]) -> Option<Row> {
    let [to, mask, gateway @ .., own, metric] = words else { return None };
    let (to, mask): (Ipv4Addr, Ipv4Addr) = (to.parse().ok()?, mask.parse().ok()?);
    let own: Ipv4Addr = own.parse().ok()?;
    let net = Ipv4Net::with_netmask(to, mask).ok()?.trunc();
    let gateway = match gateway {
        [] => return None,
        [one] => one.parse::<Ipv4Addr>().ok().map(IpAddr::from),
        _ => None,
    };
    Some(Row { net: net.into(), gateway, by: By::Address(own.into()), metric: metric.parse().ok()? })
}

/// `NUMBER METRIC DESTINATION GATEWAY`; after a long destination the gateway stands in the next line. Routes that a
/// restart brings back have the number 0.
fn six(words: &[&str], below: &str) -> Option<Row> {
    let [index, metric, net, gateway @ ..] = words else { return None };
    let index: u32 = index.parse().ok().filter(|index| *index != 0)?;
    let metric: u32 = metric.parse().ok()?;
    let net: IpNet = net.parse().ok()?;
    let gateway: Option<Ipv6Addr> = match gateway {
        [] => below.parse().ok(),
        [one] => one.parse().ok(),
        _ => None,
    };
    (!net.addr().is_ipv4()).then_some(Row { net, gateway: gateway.map(IpAddr::from), by: By::Index(index), metric })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<Row> {
        rows(&text.lines().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn a_german_table_reads_as_an_english_one() {
        let english = "IPv4 Route Table\n====\nActive Routes:\n\
            Network Destination        Netmask          Gateway       Interface  Metric\n\
            \x20         0.0.0.0          0.0.0.0      192.168.1.1    192.168.1.50     25\n\
            \x20        10.8.0.0    255.255.255.0         On-link         10.8.0.2      5\n\
            ====\nPersistent Routes:\n  Network Address          Netmask  Gateway Address  Metric\n\
            \x20         0.0.0.0          0.0.0.0      192.168.1.1  Default\n\
            \x20       10.9.0.0    255.255.255.0      192.168.1.1       1\n";
        let german = english
            .replace("Active Routes", "Aktive Routen")
            .replace("Persistent Routes", "Ständige Routen")
            .replace("Default", "Standard")
            .replace("On-link", "Auf Verbindung");
        let found = read(english);
        assert_eq!(found, read(&german));
        assert_eq!(found.len(), 2, "routes that are not in use are left out: {found:?}");
        assert_eq!((found[0].net.to_string().as_str(), found[0].metric), ("0.0.0.0/0", 25));
        assert_eq!(found[0].gateway, Some(IpAddr::from([192, 168, 1, 1])));
        assert_eq!((found[1].gateway, found[1].by), (None, By::Address(IpAddr::from([10, 8, 0, 2]))));
    }

    #[test]
    fn a_long_ipv6_destination_has_its_gateway_in_the_next_line() {
        let found = read(
            " If Metric Network Destination      Gateway\n  1    331 ::1/128                  On-link\n\
             \x2011    259 fe80::596f:3600:fdd5:c4cf/128\n                                    Auf Verbindung\n\
             \x2011    281 2001:db8:1234:5678:9abc:def0::/96\n                                    fe80::1\n\
             ====\nPersistent Routes:\n If Metric Network Destination      Gateway\n  0 4294967295 ::/0   fe80::9\n",
        );
        assert_eq!(found.len(), 3, "{found:?}");
        assert_eq!((found[1].gateway, found[1].by), (None, By::Index(11)));
        assert_eq!(found[2].gateway, Some("fe80::1".parse().expect("an address")));
    }
}
