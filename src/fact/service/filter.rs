//! systemd's own packet filter of a unit: `IPAddressDeny=` and `IPAddressAllow=` (systemd.resource-control(5)). No list
//! of the kernel's rules shows it.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

/// What a unit's processes may hear from and speak to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddressFilter {
    /// Networks that are kept away.
    pub deny: Vec<IpNet>,
    /// Networks that are let through all the same.
    pub allow: Vec<IpNet>,
    /// The last `IPAddressDeny=` that names any, and its line; none where it stands in no file of the unit's.
    pub at: Option<(String, u32)>,
}

impl AddressFilter {
    /// Whether it filters nothing.
    pub fn is_empty(&self) -> bool {
        self.deny.is_empty()
    }

    /// Whether its lists keep an address away: who is allowed is let through, whatever is denied. (The unit's slices
    /// may allow it besides, and are not asked.)
    pub fn denies(&self, address: IpAddr) -> bool {
        let within = |nets: &[IpNet]| nets.iter().any(|net| net.contains(&address));
        !within(&self.allow) && within(&self.deny)
    }

    pub(super) fn summary(&self) -> String {
        let list = |nets: &[IpNet]| nets.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        if self.is_empty() {
            return String::new();
        }
        format!(", IPAddressDeny={}, IPAddressAllow={}", list(&self.deny), list(&self.allow))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nets(written: &str) -> Vec<IpNet> {
        written.split_whitespace().filter_map(|net| net.parse().ok()).collect()
    }

    #[test]
    fn who_is_allowed_is_let_through_whatever_is_denied() {
        let filter = AddressFilter { deny: nets("::/0 0.0.0.0/0"), allow: nets("127.0.0.0/8 10.8.0.0/24"), at: None };
        let denies = |address: &str| filter.denies(address.parse().expect("an address"));
        assert!(!denies("10.8.0.2") && !denies("127.0.0.1") && denies("10.9.0.2") && denies("fd00::1"));
        let none = AddressFilter { allow: nets("10.8.0.0/24"), ..AddressFilter::default() };
        assert!(none.is_empty() && !none.denies([10, 9, 0, 2].into()));
    }
}
