//! Questions to the kernel's routing socket. Anybody may ask them.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use futures_util::TryStreamExt;
use ipnet::IpNet;
use rtnetlink::packet_route::AddressFamily;
use rtnetlink::packet_route::address::{AddressAttribute, AddressMessage};
use rtnetlink::packet_route::link::{LinkAttribute, LinkFlags, LinkInfo, LinkMessage};
use rtnetlink::packet_route::route::{RouteAddress, RouteAttribute, RouteFlags, RouteMessage, RouteType, RouteVia};
use rtnetlink::{Error, Handle};

use crate::fact::Unseen;
use crate::fact::network::routes::Route;
use crate::fact::network::{Link, Way};
use crate::probe::host;

/// Who tells of interfaces and routes.
pub(super) const KERNEL: &str = "the kernel (netlink)";

/// The kernel answers at once; this only keeps a lost answer from holding up the run.
const DEADLINE: Duration = Duration::from_secs(1);

pub(super) fn connect() -> Result<Handle, Unseen> {
    let (connection, handle, _) = rtnetlink::new_connection()
        .map_err(|error| Unseen::NoTool(format!("the kernel's routing socket (netlink): {}", host::words(&error))))?;
    // Ends by itself when the last handle is gone.
    tokio::spawn(connection);
    Ok(handle)
}

pub(super) async fn within<T>(question: impl Future<Output = Result<T, Error>>) -> Result<Result<T, Error>, Unseen> {
    tokio::time::timeout(DEADLINE, question)
        .await
        .map_err(|_| Unseen::NoTool("the kernel's routing socket (netlink) did not answer".to_owned()))
}

fn errno(error: &Error) -> Option<i32> {
    if let Error::NetlinkError(message) = error { Some(message.raw_code().abs()) } else { None }
}

pub(super) fn failed(error: &Error) -> Unseen {
    let why = errno(error).map_or_else(|| "the answer could not be read".to_owned(), |errno| format!("errno {errno}"));
    Unseen::NoTool(format!("the kernel's routing socket (netlink): {why}"))
}

/// All interfaces, in the kernel's order, with their addresses.
pub(in crate::probe) async fn links() -> Result<Vec<Link>, Unseen> {
    let handle = connect()?;
    let question = async {
        let links: Vec<LinkMessage> = handle.link().get().execute().try_collect().await?;
        let addresses: Vec<AddressMessage> = handle.address().get().execute().try_collect().await?;
        Ok((links, addresses))
    };
    let (messages, addresses) = within(question).await?.map_err(|error| failed(&error))?;
    let mut by_index: BTreeMap<u32, Vec<IpNet>> = BTreeMap::new();
    for message in addresses {
        if let Some(net) = own_address(&message) {
            by_index.entry(message.header.index).or_default().push(net);
        }
    }
    Ok(messages
        .iter()
        .filter_map(|message| link(message, by_index.remove(&message.header.index).unwrap_or_default()))
        .collect())
}

fn link(message: &LinkMessage, addresses: Vec<IpNet>) -> Option<Link> {
    let (mut name, mut mtu, mut kind) = (None, 0, None);
    for attribute in &message.attributes {
        if let LinkAttribute::IfName(value) = attribute {
            name = Some(value.clone());
        } else if let LinkAttribute::Mtu(value) = attribute {
            mtu = *value;
        } else if let LinkAttribute::LinkInfo(infos) = attribute {
            kind = infos
                .iter()
                .find_map(|info| if let LinkInfo::Kind(kind) = info { Some(kind.to_string()) } else { None });
        }
    }
    Some(Link { name: name?, kind, up: message.header.flags.contains(LinkFlags::Up), mtu, addresses })
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
    let handle = connect()?;
    let mut found = Vec::new();
    let mut names = BTreeMap::new();
    let question = async {
        let messages: Vec<LinkMessage> = handle.link().get().execute().try_collect().await?;
        for message in messages {
            if let Some(link) = link(&message, Vec::new()) {
                names.insert(message.header.index, link.name);
            }
        }
        for family in [AddressFamily::Inet, AddressFamily::Inet6] {
            let mut question = RouteMessage::default();
            question.header.address_family = family;
            let messages: Vec<RouteMessage> = handle.route().get(question).execute().try_collect().await?;
            found.extend(messages);
        }
        Ok(())
    };
    within(question).await?.map_err(|error| failed(&error))?;
    let mut entries: Vec<Route> = found.iter().filter_map(|message| route(message, &names, links)).collect();
    entries.sort();
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
    let handle = connect()?;
    let mut question = RouteMessage::default();
    question.header.address_family = if to.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 };
    question.header.destination_prefix_length = if to.is_ipv4() { 32 } else { 128 };
    question.attributes.push(RouteAttribute::Destination(RouteAddress::from(to)));
    if let Some(from) = from {
        question.header.source_prefix_length = question.header.destination_prefix_length;
        question.attributes.push(RouteAttribute::Source(RouteAddress::from(from)));
    }
    let answer = match within(handle.route().get(question).execute().try_next()).await? {
        Ok(answer) => answer,
        Err(error) => {
            return match errno(&error) {
                Some(errno::NETUNREACH) => Ok(Way::None),
                // What a route of type unreachable, prohibit, blackhole answers, in this order.
                Some(errno::HOSTUNREACH | errno::ACCES | errno::INVAL) => Ok(Way::Barred),
                Some(_) | None => Err(failed(&error)),
            };
        }
    };
    let Some(answer) = answer else { return Ok(Way::None) };
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
    let found = within(handle.link().get().match_index(index).execute().try_next()).await?;
    let device = found.map_err(|error| failed(&error))?.and_then(|message| link(&message, Vec::new()));
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
