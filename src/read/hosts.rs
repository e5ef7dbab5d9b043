//! Names with their addresses, as people write them: hosts(5), and the lines that Docker adds to a container's.

use std::net::IpAddr;

use crate::fact::environment::HostLine;

/// The addresses that a hosts(5) file has for a name, each with its line.
pub fn lines(text: &str, name: &str) -> Vec<(IpAddr, u32)> {
    let address = |line: &str| {
        let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
        let address = words.next()?.parse::<IpAddr>().ok()?;
        words.any(|word| word.eq_ignore_ascii_case(name)).then_some(address)
    };
    (1..).zip(text.lines()).filter_map(|(number, line)| Some((address(line)?, number))).collect()
}

/// Reads `name:address`, as Docker keeps it, or `name=address`, as it may be written, of compose too. None for
/// `host-gateway`, which is this machine.
pub fn read(text: &str) -> Option<HostLine> {
    let (name, address) = text.split_once([':', '='])?;
    let address = address.trim().trim_start_matches('[').trim_end_matches(']').parse().ok()?;
    Some(HostLine { name: name.trim().to_ascii_lowercase(), address, at: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hosts_file_may_have_a_name_several_times() {
        let text = "127.0.0.1 localhost\n::1 localhost\n# 10.0.0.9 vpn\n10.0.0.1\tother VPN # mine\nfd00::1 vpn\n";
        let found = lines(text, "vpn");
        assert_eq!(found, [("10.0.0.1".parse().expect("v4"), 4), ("fd00::1".parse().expect("v6"), 5)]);
        assert!(lines(text, "vp").is_empty());
    }

    #[test]
    fn host_lines_are_read() {
        let read = |text| super::read(text).map(|it| (it.name, it.address.to_string()));
        for (text, address) in [
            ("Web:10.8.0.2", "10.8.0.2"),
            ("web=10.8.0.2", "10.8.0.2"),
            ("web:fd00::1", "fd00::1"),
            ("web=[fd00::1]", "fd00::1"),
        ] {
            assert_eq!(read(text), Some(("web".to_owned(), address.to_owned())), "{text}");
        }
        assert_eq!((read("web:host-gateway"), read("web")), (None, None));
    }
}
