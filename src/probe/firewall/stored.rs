//! The rules that stand in files, from which they are restored.

use crate::fact::Unseen;
use crate::fact::firewall::netfilter::Stored;
use crate::fact::touch::{Touch, reads, reads_in};
use crate::probe::host;
use crate::read::{iptables, nft};

/// From which iptables rules are restored at boot, or by ufw.
const STORES: [&str; 10] = [
    super::RULES,
    super::RULES_SIX,
    "/etc/ufw/before.rules",
    "/etc/ufw/before6.rules",
    "/etc/ufw/after.rules",
    "/etc/ufw/after6.rules",
    "/etc/iptables/rules.v4",
    "/etc/iptables/rules.v6",
    "/etc/sysconfig/iptables",
    "/etc/sysconfig/ip6tables",
];

/// What nftables.service loads at boot (Debian, Ubuntu, Arch).
const NFTABLES: &str = "/etc/nftables.conf";

/// All of them, or none: a file that could not be read whole may hold the rule that counts.
pub(super) fn look() -> Result<Vec<Stored>, Unseen> {
    let mut found = Vec::new();
    let mut keep = |path: String, rules: Vec<String>| {
        if !rules.is_empty() {
            found.push(Stored { path, rules });
        }
    };
    for path in STORES {
        if let Some(text) = host::read_if_there(path)? {
            keep(path.to_owned(), iptables::stored(&text));
        }
    }
    if let Some(text) = host::read_if_there(NFTABLES)? {
        keep(NFTABLES.to_owned(), nft::stored(&text));
    }
    for name in host::list("/etc/wireguard")?.unwrap_or_default() {
        let path = format!("/etc/wireguard/{name}");
        if let Some(interface) = name.strip_suffix(".conf")
            && let Some(text) = host::read_if_there(&path)?
        {
            keep(path.clone(), iptables::hooks(&text, interface));
        }
    }
    Ok(found)
}

/// What it does.
pub(super) fn touches() -> Vec<Touch> {
    [reads(&STORES), reads(&[NFTABLES]), reads_in(&["/etc/wireguard"], &["*"])].concat()
}
