//! ufw's chains without the rules of one of its files: iptables-restore takes a file whole or not at all.

use crate::case::Seat;
use crate::check::cause::UfwLoaded;
use crate::check::{Finding, broken};
use crate::fact::firewall::netfilter::{Stored, Table, Tool};

/// The files for one version of IP.
const FILES: [[&str; 3]; 2] = [
    ["/etc/ufw/user.rules", "/etc/ufw/before.rules", "/etc/ufw/after.rules"],
    ["/etc/ufw/user6.rules", "/etc/ufw/before6.rules", "/etc/ufw/after6.rules"],
];

/// A file of which the kernel has no rule at all, while packets go through those of another one. Where it has none of any,
/// ufw was switched off, which leaves its chains behind.
pub(super) fn half_loaded(seat: &Seat<'_>) -> Option<Finding<UfwLoaded>> {
    let (netfilter, model) = (seat.netfilter().ok()?, seat.rules().ok()?);
    let six = seat.addresses().server.value.is_ipv6();
    let filter = |table: &&Table| table.name == "filter" && table.tool != Tool::Nft && table.tool.is_six() == six;
    let loaded = model
        .tables
        .iter()
        .filter(filter)
        .find(|table| table.reached("INPUT").iter().any(|it| it.starts_with("ufw")))?;
    let is_in_force = |stored: &Stored| {
        let mut chains = stored.rules.iter().filter_map(|line| chain(line));
        chains.any(|name| loaded.chains.get(name).is_some_and(|chain| !chain.rules.is_empty()))
    };
    let files =
        FILES[usize::from(six)].into_iter().filter_map(|path| netfilter.stored.iter().find(|it| it.path == path));
    let files = files.filter(|stored| stored.rules.iter().any(|line| chain(line).is_some()));
    let (in_force, absent): (Vec<_>, Vec<_>) = files.partition(|stored| is_in_force(stored));
    let found = absent.first().filter(|_| !in_force.is_empty())?;
    let tool = if six { "ip6tables-restore" } else { "iptables-restore" };
    Some(broken(UfwLoaded::HalfLoaded).with("path", &found.path).with("tool", tool))
}

/// The chain of ufw's that a stored line adds a rule to.
fn chain(line: &str) -> Option<&str> {
    line.strip_prefix("-A ")?.split_whitespace().next().filter(|name| name.starts_with("ufw"))
}
