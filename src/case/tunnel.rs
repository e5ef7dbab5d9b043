//! Which addresses are the tunnel's: an end may have several, of both families.

use std::net::IpAddr;

use super::Seat;
use crate::fact::network::Link;

impl<'a> Seat<'a> {
    /// The tunnel's interface, where it runs here and was seen.
    fn tunnel_link(&self) -> Option<&'a Link> {
        self.links().ok()?.named(&self.addresses().interface.value)
    }

    /// Whether it is an address of this end of the tunnel.
    pub(crate) fn is_own_in_tunnel(&self, address: IpAddr) -> bool {
        self.tunnel_link().is_some_and(|link| link.addresses.iter().any(|net| net.addr() == address))
    }

    /// Whether an address is in the tunnel: in its subnet, in another network of the interface, or of a peer.
    pub(crate) fn is_in_tunnel(&self, address: IpAddr) -> bool {
        let of_peer = || {
            let running = self.wg().ok()?;
            let ours = running.interfaces.iter().find(|it| it.name == self.addresses().interface.value)?;
            let nets = ours.peers.iter().flat_map(|peer| &peer.allowed_ips);
            Some(nets.filter(|net| net.prefix_len() > 0).any(|net| net.contains(&address)))
        };
        self.addresses().subnet.value.contains(&address)
            || self.tunnel_link().is_some_and(|link| link.addresses.iter().any(|net| net.contains(&address)))
            || of_peer().unwrap_or(false)
    }
}
