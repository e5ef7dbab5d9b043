//! What Windows says of its routes: the text of `route print`, which has the same shape in every version since 7 and whose
//! words are translated, so that only its numbers are read.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;

use super::Way;
use super::routes::{Hop, MAIN};

/// The active IPv4 routes of `route print -4`. An interface is known by its own address, which is all that the table says
/// of it. None where the text has no such table.
pub fn read(text: &str) -> Option<Vec<Hop>> {
    let mut hops: Vec<Hop> = text.lines().filter_map(line).collect();
    hops.sort();
    (!hops.is_empty()).then_some(hops)
}

/// `Network Destination  Netmask  Gateway  Interface  Metric`; the gateway is an address or the word for "on-link", which
/// is translated. Persistent routes have no interface, and come again among the active ones.
fn line(line: &str) -> Option<Hop> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let (net, mask) = (fields.first()?.parse::<Ipv4Addr>().ok()?, fields.get(1)?.parse::<Ipv4Addr>().ok()?);
    let (metric, fields) = (fields.last()?.parse::<u32>().ok()?, &fields[2..fields.len() - 1]);
    let (interface, gateway) = fields.split_last()?;
    let interface: Ipv4Addr = interface.parse().ok()?;
    let gateway = match gateway {
        [] => return None,
        [address] => address.parse::<IpAddr>().ok(),
        // "Auf Verbindung" and its like.
        [..] => None,
    };
    let net = IpNet::with_netmask(net.into(), mask.into()).ok()?;
    let own = net.prefix_len() == 32 || net.addr().is_loopback() || net.addr().is_multicast();
    (!own).then(|| Hop { net, device: interface.to_string(), kind: None, gateway, metric, table: MAIN })
}

/// How Windows would send to an address: the narrowest network, and of two the lower metric.
pub fn way(hops: &[Hop], to: IpAddr) -> Way {
    if hops.iter().any(|hop| hop.device == to.to_string()) {
        return Way::Local;
    }
    let fits = hops.iter().filter(|hop| hop.net.contains(&to));
    match fits.max_by_key(|hop| (hop.net.prefix_len(), u32::MAX - hop.metric)) {
        Some(hop) => Way::Device {
            device: hop.device.clone(),
            kind: hop.kind.clone(),
            gateway: hop.gateway,
            source: hop.device.parse().ok(),
        },
        None => Way::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "\
===========================================================================
Interface List
 17...........................WireGuard Tunnel
  1...........................Software Loopback Interface 1
===========================================================================

IPv4 Route Table
===========================================================================
Active Routes:
Network Destination        Netmask          Gateway       Interface  Metric
          0.0.0.0          0.0.0.0      192.168.1.1    192.168.1.23     25
         10.8.0.0    255.255.255.0         On-link         10.8.0.2      5
         10.8.0.2  255.255.255.255         On-link         10.8.0.2    261
        127.0.0.0        255.0.0.0         On-link        127.0.0.1    331
      192.168.1.0    255.255.255.0         On-link     192.168.1.23    281
        224.0.0.0        240.0.0.0         On-link        127.0.0.1    331
===========================================================================
Persistent Routes:
  Network Address          Netmask  Gateway Address  Metric
          0.0.0.0          0.0.0.0      192.168.1.1  Default
===========================================================================
";

    fn words(text: &str) -> Vec<String> {
        read(text).unwrap_or_default().iter().map(Hop::words).collect()
    }

    #[test]
    fn routes_are_read_in_every_language() {
        let expected = [
            "0.0.0.0/0 via 192.168.1.1 dev 192.168.1.23 metric 25",
            "10.8.0.0/24 dev 10.8.0.2 metric 5",
            "192.168.1.0/24 dev 192.168.1.23 metric 281",
        ];
        assert_eq!(words(TABLE), expected);
        assert_eq!(words(&TABLE.replace("On-link", "Auf Verbindung")), expected);
        assert_eq!(read("The requested operation requires elevation."), None);
    }

    #[test]
    fn the_narrowest_network_is_the_way_and_then_the_lower_metric() {
        let hops = read(TABLE).expect("a table");
        let device = |to: &str| match way(&hops, to.parse().expect("an address")) {
            Way::Device { device, .. } => device,
            Way::Local => "local".to_owned(),
            Way::None | Way::Barred => "none".to_owned(),
        };
        assert_eq!(device("10.8.0.1"), "10.8.0.2");
        assert_eq!(device("203.0.113.7"), "192.168.1.23");
        assert_eq!(device("10.8.0.2"), "local");
        let lan = TABLE.replace("192.168.1.0", "10.8.0.0").replace("281", "3");
        assert!(matches!(way(&read(&lan).expect("a table"), "10.8.0.1".parse().expect("an address")),
            Way::Device { device, .. } if device == "192.168.1.23"));
    }
}
