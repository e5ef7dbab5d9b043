//! Windows tells of its adapters and routes, of no rule and of no process that listens.
#![expect(clippy::unused_async, reason = "they are async on Linux")]

use std::net::{IpAddr, SocketAddr};

use crate::fact::Unseen;
use crate::fact::network::policy::PolicyRule;
use crate::fact::network::routes::Route;
use crate::fact::network::{Link, Listener, Relay, Way};
use crate::fact::touch::Touch;
use crate::probe::windows;

/// Who tells of interfaces and routes.
pub(super) const KERNEL: &str = "GetAdaptersAddresses, `route print`";

/// Containers of a Windows machine are none of its processes.
pub(in crate::probe) fn listening_in(_: u32) -> Option<Vec<SocketAddr>> {
    None
}

pub(in crate::probe) async fn all_links() -> Result<Vec<Link>, Unseen> {
    windows::links()
}

/// Windows tells no way from an address.
pub(in crate::probe) async fn way(to: IpAddr, from: Option<IpAddr>) -> Result<Way, Unseen> {
    if from.is_some() {
        return Err(Unseen::NoTool("Windows tells no way from an address".to_owned()));
    }
    let (links, entries) = windows::routes().await?;
    Ok(crate::read::windows::way(to, &links, &entries))
}

pub(super) async fn entries(_links: &[Link]) -> Result<Vec<Route>, Unseen> {
    windows::routes().await.map(|(_, entries)| entries)
}

pub(super) async fn rules() -> Result<Vec<PolicyRule>, Unseen> {
    Err(Unseen::NoTool("Windows has no policy routing rules".to_owned()))
}

pub(super) fn listening() -> Result<Vec<Listener>, Unseen> {
    Err(Unseen::NoTool("listening sockets can only be listed on Linux".to_owned()))
}

pub(super) fn relays(_: &[Listener]) -> Vec<Relay> {
    Vec::new()
}

pub(in crate::probe) fn listening_touches() -> Vec<Touch> {
    Vec::new()
}
