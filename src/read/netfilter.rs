//! The model of the kernel's rules, from what its tools list. Facts keep the listings, so that a better reader sees more in
//! an old snapshot.

use super::{iptables, nft};
use crate::fact::firewall::netfilter::{Model, Netfilter, Tool};

/// The model.
pub fn model(netfilter: &Netfilter) -> Model {
    let tables = netfilter.listings.iter().flat_map(|listing| {
        if listing.tool == Tool::Nft { nft::read(&listing.lines) } else { iptables::read(listing.tool, &listing.lines) }
    });
    Model { tables: tables.collect(), missing: netfilter.missing.clone() }
}

#[cfg(test)]
#[path = "netfilter_tests.rs"]
mod tests;
