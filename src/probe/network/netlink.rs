//! Questions to the kernel's routing socket. Anybody may ask them.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;
use netlink_packet_route::AddressFamily;
use netlink_packet_route::address::{AddressAttribute, AddressMessage};
use netlink_packet_route::route::{RouteAddress, RouteAttribute, RouteFlags, RouteMessage, RouteType, RouteVia};

use super::routing_socket::{Failure, LinkTold, Question, Told, ask};
use crate::fact::Unseen;
use crate::fact::network::routes::Route;
use crate::fact::network::{Link, Way};
use crate::fact::order::InOrder;
use crate::probe::host;

/// Who tells of interfaces and routes.
pub(super) const KERNEL: &str = "the kernel (netlink)";

/// The kernel answers at once; this only keeps a lost answer from holding up the run.
const DEADLINE: Duration = Duration::from_secs(1);

pub(super) async fn within(
    questions: impl IntoIterator<Item = Question>,
) -> Result<Result<Vec<Told>, Failure>, Unseen> {
    tokio::time::timeout(DEADLINE, ask(questions))
        .await
        .map_err(|_| Unseen::NoTool("the kernel's routing socket (netlink) did not answer".to_owned()))
}

pub(super) fn failed(failure: &Failure) -> Unseen {
    let why = match failure {
        Failure::NoSocket(error) => host::words(error),
        Failure::Refused(errno) => format!("errno {errno}"),
        Failure::Unreadable => "the answer could not be read".to_owned(),
    };
    Unseen::NoTool(format!("the kernel's routing socket (netlink): {why}"))
}

/// All interfaces, in the kernel's order, with their addresses.
pub(in crate::probe) async fn links() -> Result<Vec<Link>, Unseen> {
    let answers = within([Question::Links, Question::Addresses]).await?.map_err(|failure| failed(&failure))?;
    let mut by_index: BTreeMap<u32, Vec<IpNet>> = BTreeMap::new();
    for answer in &answers {
        if let Told::Address(message) = answer
            && let Some(net) = own_address(message)
        {
            by_index.entry(message.header.index).or_default().push(net);
        }
    }
    Ok(answers
        .into_iter()
        .filter_map(|answer| {
            let Told::Link(told) = answer else { return None };
            let addresses = by_index.remove(&told.index).unwrap_or_default();
            link(told, addresses)
        })
        .collect())
}

fn link(told: LinkTold, addresses: Vec<IpNet>) -> Option<Link> {
    Some(Link { name: told.name?, kind: told.kind, up: told.up, mtu: told.mtu, addresses })
}

/// On a point-to-point interface `Address` is the far end's and `Local` is this machine's.
fn own_address(message: &AddressMessage) -> Option<IpNet> {
    let find = |local: bool| {
        message.attributes.iter().find_map(|attribute| match (local, attribute) {
            (true, AddressAttribute::Local(address)) | (false, AddressAttribute::Address(address)) => Some(*address),
            _ => None,
        })
    };
    IpNet::new(find(true).or_else(|| find(false))?, message.header.prefix_len).ok()
}

/// The table of this machine's own addresses (`RT_TABLE_LOCAL`).
const OWN: u32 = 255;

/// All routes to networks, of both families, in their order.
pub(super) async fn entries(links: &[Link]) -> Result<Vec<Route>, Unseen> {
    let questions = [Question::Links, Question::Routes(AddressFamily::Inet), Question::Routes(AddressFamily::Inet6)];
    let answers = within(questions).await?.map_err(|failure| failed(&failure))?;
    let mut names = BTreeMap::new();
    let mut entries = Vec::new();
    for answer in answers {
        match answer {
            Told::Link(LinkTold { index, name: Some(name), .. }) => drop(names.insert(index, name)),
            Told::Route(message) => entries.extend(route(&message, &names, links)),
            Told::Link(_) | Told::Address(_) | Told::Rule(_) => {}
        }
    }
    entries.in_order();
    Ok(entries)
}

/// Routes of the cache (a path's MTU that was learnt, a redirect) are clones of others.
fn route(message: &RouteMessage, names: &BTreeMap<u32, String>, links: &[Link]) -> Option<Route> {
    let barred = matches!(message.header.kind, RouteType::Unreachable | RouteType::Prohibit | RouteType::BlackHole);
    if (message.header.kind != RouteType::Unicast && !barred) || message.header.flags.contains(RouteFlags::Cloned) {
        return None;
    }
    let inet = message.header.address_family == AddressFamily::Inet;
    let mut to: IpAddr = if inet { [0; 4].into() } else { [0; 16].into() };
    let (mut device, mut gateway, mut metric, mut table) = (String::new(), None, 0, u32::from(message.header.table));
    for attribute in &message.attributes {
        if let RouteAttribute::Destination(address) = attribute {
            to = ip(address)?;
        } else if let RouteAttribute::Oif(index) = attribute {
            device = names.get(index).cloned().unwrap_or_default();
        } else if let RouteAttribute::Gateway(address) = attribute {
            gateway = ip(address);
        } else if let RouteAttribute::Priority(value) = attribute {
            metric = *value;
        } else if let RouteAttribute::Table(value) = attribute {
            table = *value;
        }
    }
    let net = IpNet::new(to, message.header.destination_prefix_length).ok()?;
    // What is link-local or a group's every interface has.
    let general = !crate::fact::network::is_link_local(to) && !to.is_multicast();
    let kind = links.iter().find(|link| link.name == device).and_then(|link| link.kind.clone());
    (general && table != OWN).then_some(Route { net, device, kind, gateway, metric, table })
}

/// How the kernel would send to an address, if need be from one of this machine's own.
pub(in crate::probe) async fn way(to: IpAddr, from: Option<IpAddr>) -> Result<Way, Unseen> {
    let answers = match within([Question::RouteTo(to, from)]).await? {
        Ok(answers) => answers,
        // What no route answers; and what a route of type unreachable, prohibit, blackhole does, in this order.
        Err(Failure::Refused(errno::NETUNREACH)) => return Ok(Way::None),
        Err(Failure::Refused(errno::HOSTUNREACH | errno::ACCES | errno::INVAL)) => return Ok(Way::Barred),
        Err(failure) => return Err(failed(&failure)),
    };
    let Some(Told::Route(answer)) = answers.into_iter().next() else { return Ok(Way::None) };
    if answer.header.kind == RouteType::Local {
        return Ok(Way::Local);
    }
    let (mut index, mut gateway, mut source) = (None, None, None);
    for attribute in &answer.attributes {
        if let RouteAttribute::Oif(value) = attribute {
            index = Some(*value);
        } else if let RouteAttribute::Gateway(address) = attribute {
            gateway = ip(address);
        } else if let RouteAttribute::Via(RouteVia::Inet(address)) = attribute {
            gateway = Some(IpAddr::V4(*address));
        } else if let RouteAttribute::Via(RouteVia::Inet6(address)) = attribute {
            gateway = Some(IpAddr::V6(*address));
        } else if let RouteAttribute::PrefSource(address) = attribute {
            source = ip(address);
        }
    }
    let Some(index) = index else { return Err(Unseen::Unreadable("a route without a device".to_owned())) };
    let found = within([Question::Link(index)]).await?.map_err(|failure| failed(&failure))?;
    let device =
        found.into_iter().find_map(|told| if let Told::Link(told) = told { link(told, Vec::new()) } else { None });
    let Some(device) = device else { return Err(Unseen::Unreadable("a route's device has no name".to_owned())) };
    Ok(Way::Device { device: device.name, kind: device.kind, gateway, source })
}

fn ip(address: &RouteAddress) -> Option<IpAddr> {
    if let RouteAddress::Inet(address) = address {
        Some(IpAddr::V4(*address))
    } else if let RouteAddress::Inet6(address) = address {
        Some(IpAddr::V6(*address))
    } else {
        None
    }
}

/// Linux' numbers: the same on every architecture this is built for.
mod errno {
    pub(super) const ACCES: i32 = 13;
    pub(super) const INVAL: i32 = 22;
    pub(super) const NETUNREACH: i32 = 101;
    pub(super) const HOSTUNREACH: i32 = 113;
}
