//! Interfaces, routes and listening sockets, as the kernel tells them to anybody.

use std::net::IpAddr;

use super::{ProbeContext, ProbeResult, host};
use crate::fact::network::routes::Routes;
use crate::fact::network::{Bearing, Link, Links, Listeners, RouteLookup};
use crate::fact::touch::{Touch, asks, reads};
use crate::fact::{Fact, FactKey, Place, Unseen, Vantage};
use crate::profile::Origin;

#[cfg(windows)]
mod elsewhere;
mod ipsec;
#[cfg(target_os = "linux")]
mod listening;
#[cfg(target_os = "linux")]
mod netlink;
#[cfg(target_os = "linux")]
mod policy;
#[cfg(target_os = "linux")]
mod routing_socket;
#[cfg(target_os = "linux")]
mod sockets;

#[cfg(windows)]
use elsewhere::{KERNEL, entries, listening, relays, rules};
#[cfg(windows)]
pub(super) use elsewhere::{all_links, listening_in, listening_touches, way};
#[cfg(target_os = "linux")]
pub(super) use listening::touches as listening_touches;
#[cfg(target_os = "linux")]
use netlink::{KERNEL, entries};
#[cfg(target_os = "linux")]
pub(super) use netlink::{links as all_links, way};
#[cfg(target_os = "linux")]
use policy::rules;
#[cfg(target_os = "linux")]
use sockets::{listening, relays};
#[cfg(target_os = "linux")]
pub(super) use sockets::{listening_in, listening_of, udp_of};

/// So many interfaces are asked for a setting of their own.
const MOST: usize = 256;

pub(super) async fn links() -> ProbeResult {
    ProbeResult::new(KERNEL, all_links().await.map(|links| Fact::Links(Links { links })))
}

pub(super) async fn routes() -> ProbeResult {
    let routes = match all_links().await {
        Ok(links) => {
            let (routes, ipsec) = tokio::join!(routes_here(&links), ipsec::look());
            routes.map(|routes| Routes { ipsec, ..routes })
        }
        Err(why) => Err(why),
    };
    ProbeResult::new(KERNEL, routes.map(Fact::Routes))
}

/// The routes of the network that this thread is in, which has these interfaces.
pub(super) async fn routes_here(links: &[Link]) -> Result<Routes, Unseen> {
    let entries = entries(links).await?;
    // The rules say nothing of their own: without them the routes are as they are.
    let policy = rules().await.unwrap_or_default();
    Ok(Routes { entries, forwards: forwards(), kept_back: kept_back(links), policy, ipsec: None })
}

/// From which interfaces they are not, where that is so of some alone.
fn kept_back(links: &[Link]) -> Vec<String> {
    if forwards() != Some(true) {
        return Vec::new();
    }
    let off = |link: &&Link| {
        let path = format!("/proc/sys/net/ipv4/conf/{}/forwarding", link.name);
        host::read_or_unseen(path).is_ok_and(|text| text.trim() == "0")
    };
    links.iter().take(MOST).filter(|link| link.name != "lo").filter(off).map(|link| link.name.clone()).collect()
}

/// Whether IPv4 packets of others are sent on.
fn forwards() -> Option<bool> {
    host::read_or_unseen("/proc/sys/net/ipv4/ip_forward").ok().map(|text| text.trim() == "1")
}

pub(super) async fn route(to: Place, context: &ProbeContext) -> ProbeResult {
    let to = match address(to, context) {
        Ok(to) => to,
        Err(why) => return ProbeResult::new("", Err(why)),
    };
    let free = match way(to, None).await {
        Ok(free) => free,
        Err(why) => return ProbeResult::new(KERNEL, Err(why)),
    };
    let bearing = match own(to, context) {
        Some(from) => way(to, Some(from)).await.ok().map(|way| Bearing { from, way }),
        None => None,
    };
    ProbeResult::new(KERNEL, Ok(Fact::Route(RouteLookup { to, way: free, bearing })))
}

/// This machine's own address in the tunnel, if it has it. (The kernel refuses to send from another's.)
fn own(to: IpAddr, context: &ProbeContext) -> Option<IpAddr> {
    let addresses = context.addresses().ok()?;
    let own = match context.vantage {
        Vantage::Server => addresses.server.value,
        Vantage::Client => addresses.client.value,
        Vantage::Container | Vantage::Outside => return None,
    };
    let Ok(Fact::Links(links)) = context.fact(&FactKey::Links) else { return None };
    links.holder(own).filter(|_| own != to && own.is_ipv4() == to.is_ipv4()).map(|_| own)
}

pub(super) fn listeners() -> ProbeResult {
    let seen = listening().map(|tcp| {
        let relays = relays(&tcp);
        Fact::Listeners(Listeners { tcp, any_address: any_address(), relays })
    });
    ProbeResult::new("the kernel's sockets", seen)
}

/// Whether a socket may be bound to an address that is not there.
fn any_address() -> bool {
    matches!(host::read("/proc/sys/net/ipv4/ip_nonlocal_bind"), host::Text::Read(text) if text.trim() == "1")
}

/// A container sees no tunnel, so it knows the server's address by its URLs or by the guide. Where all URLs agree on
/// another address than the guide's, either may be wrong, and a dial of the guide's would show nothing.
pub(super) fn not_contradicted(context: &ProbeContext) -> Result<(), Unseen> {
    let server = &context.addresses()?.server;
    let Ok(Fact::Env(env)) = context.fact(&FactKey::Env) else { return Ok(()) };
    let (database, broker) = (env.database(), env.broker());
    let hosts: Vec<IpAddr> =
        [database.url(), broker.url()].into_iter().flatten().filter_map(|url| url.host.parse().ok()).collect();
    let agreed = hosts.first().filter(|first| !first.is_loopback() && hosts.iter().all(|host| host == *first));
    match agreed {
        Some(host)
            if context.vantage == Vantage::Container && server.origin == Origin::Assumed && *host != server.value =>
        {
            if matches!(context.fact(&FactKey::Links), Ok(Fact::Links(links)) if links.is_beside(*host, context.vantage))
            {
                return Err(Unseen::NotKnown(format!(
                    "the URLs lead to {host}, which is the worker's own machine; by which address the server is met from there is not seen"
                )));
            }
            Err(Unseen::NotKnown(format!(
                "the URLs point to {host}, which is not the guide's {}; if it is the server's address in the tunnel, set it with `--server {host}`",
                server.value
            )))
        }
        Some(_) | None => Ok(()),
    }
}

/// Where a place is.
pub(super) fn address(place: Place, context: &ProbeContext) -> Result<IpAddr, Unseen> {
    let addresses = context.addresses()?;
    match place {
        Place::Server => {
            not_contradicted(context)?;
            Ok(addresses.server.value)
        }
        Place::Client => Ok(addresses.client.value),
        Place::Peer(address) => Ok(address),
        Place::Public => addresses.public.ok_or_else(|| {
            Unseen::NotKnown(
                "the server's address outside the tunnel is not known; set it with `--public ADDRESS`".to_owned(),
            )
        }),
    }
}

/// What [`links`] and [`route`] do.
pub(super) fn touches() -> Vec<Touch> {
    asks(&["netlink route"])
}

/// What [`routes`] does.
pub(super) fn routes_touches() -> Vec<Touch> {
    let general =
        [asks(&["netlink route"]), reads(&["/proc/sys/net/ipv4/ip_forward", "/proc/sys/net/ipv4/conf/*/forwarding"])]
            .concat();
    [general, ipsec::touches()].concat()
}

/// What [`listeners`] does.
pub(super) fn listeners_touches() -> Vec<Touch> {
    let programs = reads(&[
        "/proc",
        "/proc/{pid}",
        "/proc/{pid}/fd",
        "/proc/{pid}/fd/*",
        "/proc/{pid}/stat",
        "/proc/sys/net/ipv4/ip_nonlocal_bind",
    ]);
    [listening_touches(), programs].concat()
}
