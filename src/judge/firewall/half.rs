//! ufw's chains without the rules that one of its files has for them: iptables-restore takes a table of a file whole or not
//! at all.

use crate::case::Seat;
use crate::check::cause::UfwLoaded;
use crate::check::{Finding, broken};
use crate::fact::firewall::netfilter::{Stored, Table, Tool};

/// The files for one version of IP.
const FILES: [[&str; 3]; 2] = [
    ["/etc/ufw/user.rules", "/etc/ufw/before.rules", "/etc/ufw/after.rules"],
    ["/etc/ufw/user6.rules", "/etc/ufw/before6.rules", "/etc/ufw/after6.rules"],
];

/// A chain that has rules in a file and none in the kernel, while packets go through others of ufw's. Where none has any,
/// ufw was switched off, which leaves its chains behind. Or all of them, while the next boot loads none (`next`).
pub(super) fn half_loaded(seat: &Seat<'_>, next: bool) -> Option<Finding<UfwLoaded>> {
    let (netfilter, model) = (seat.netfilter().ok()?, seat.rules().ok()?);
    let six = seat.addresses().server.value.is_ipv6();
    let filter = |table: &&Table| table.name == "filter" && table.tool != Tool::Nft && table.tool.is_six() == six;
    let loaded = model
        .tables
        .iter()
        .filter(filter)
        .find(|table| table.reached("INPUT").iter().any(|it| it.starts_with("ufw")))?;
    let empty = |name: &str| loaded.chains.get(name).is_none_or(|chain| chain.rules.is_empty());
    let files =
        FILES[usize::from(six)].into_iter().filter_map(|path| netfilter.stored.iter().find(|it| it.path == path));
    let chains = files.flat_map(|file| file.rules.iter().filter_map(move |line| Some((file, chain(line)?))));
    let (absent, in_force): (Vec<(&Stored, &str)>, Vec<_>) = chains.partition(|(_, name)| empty(name));
    if in_force.is_empty() {
        return None;
    }
    let tool = if six { "ip6tables-restore" } else { "iptables-restore" };
    match absent.first() {
        Some((file, chain)) => {
            Some(broken(UfwLoaded::HalfLoaded).with("path", &file.path).with("chain", chain).with("tool", tool))
        }
        None if next => None,
        None => {
            let [user, before, after] = FILES[usize::from(six)];
            let finding = broken(UfwLoaded::NotNext).with("tool", tool).with("user", user);
            Some(finding.with("before", before).with("after", after))
        }
    }
}

/// The chain of ufw's that a stored line adds a rule to.
fn chain(line: &str) -> Option<&str> {
    line.strip_prefix("-A ")?.split_whitespace().next().filter(|name| name.starts_with("ufw"))
}
