//! Interfaces, routes and listening sockets, as the kernel tells them to anybody.

use std::net::IpAddr;

use super::{Looked, Scene, host};
use crate::fact::network::{Links, Listeners, Route};
use crate::fact::{Fact, Place, Unseen};

#[cfg(target_os = "linux")]
mod netlink;
#[cfg(target_os = "linux")]
mod sockets;

#[cfg(target_os = "linux")]
pub(super) use netlink::{links as all_links, way};
#[cfg(target_os = "linux")]
use sockets::listening;

pub(super) async fn links() -> Looked {
    Looked::new("the kernel (netlink)", all_links().await.map(|links| Fact::Links(Links { links })))
}

pub(super) async fn route(to: Place, scene: &Scene) -> Looked {
    let to = match address(to, scene) {
        Ok(to) => to,
        Err(why) => return Looked::new("", Err(why)),
    };
    Looked::new("the kernel (netlink)", way(to).await.map(|way| Fact::Route(Route { to, way })))
}

pub(super) fn listeners() -> Looked {
    let seen = listening().map(|tcp| Fact::Listeners(Listeners { tcp, any_address: any_address() }));
    Looked::new("/proc/net/tcp, /proc/net/tcp6", seen)
}

/// Whether a socket may be bound to an address that is not there.
fn any_address() -> bool {
    matches!(host::read("/proc/sys/net/ipv4/ip_nonlocal_bind"), host::Text::Read(text) if text.trim() == "1")
}

/// Where a place is.
pub(super) fn address(place: Place, scene: &Scene) -> Result<IpAddr, Unseen> {
    let addresses = scene.addresses()?;
    match place {
        Place::Server => Ok(addresses.server.value),
        Place::Client => Ok(addresses.client.value),
        Place::Public => addresses.public.ok_or_else(|| {
            Unseen::NotKnown(
                "the server's address outside the tunnel is not known; `--public ADDRESS` tells it".to_owned(),
            )
        }),
    }
}

#[cfg(not(target_os = "linux"))]
mod elsewhere {
    use std::net::IpAddr;

    use crate::fact::Unseen;
    use crate::fact::network::{Link, Listener, Way};

    fn no_tool<T>() -> Result<T, Unseen> {
        Err(Unseen::NoTool("this can be seen on Linux only".to_owned()))
    }

    #[expect(clippy::unused_async, reason = "it is async on Linux")]
    pub(in crate::probe) async fn all_links() -> Result<Vec<Link>, Unseen> {
        no_tool()
    }

    #[expect(clippy::unused_async, reason = "it is async on Linux")]
    pub(in crate::probe) async fn way(_to: IpAddr) -> Result<Way, Unseen> {
        no_tool()
    }

    pub(super) fn listening() -> Result<Vec<Listener>, Unseen> {
        no_tool()
    }
}
#[cfg(not(target_os = "linux"))]
use elsewhere::listening;
#[cfg(not(target_os = "linux"))]
pub(super) use elsewhere::{all_links, way};
