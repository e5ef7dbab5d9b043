//! TCP connections.
#![expect(clippy::disallowed_methods, reason = "dialling and resolving names is this probe's work")]

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio::time::timeout;

mod bound;
mod drops;
mod exposure;
mod password;

pub(super) use password::may_carry_password;

use self::drops::Drops;
use super::bounded::Bounded;
use super::host::{self, limits};
use super::{DIAL, ProbeContext, ProbeResult, names, network};
use crate::fact::dial::{Dial, Endpoint, TcpOutcome};
use crate::fact::network::{RouteLookup, Way};
use crate::fact::touch::{Touch, connects, only, reads, sends};
use crate::fact::{Fact, FactKey, Place, Service, TcpTarget, Unseen, Vantage};

/// An open connection.
pub(super) type Stream = Bounded<TcpStream>;

/// glibc waits 5 s for a dead first name server and then asks the next. To stop before that would call a name
/// unresolved that the app resolves.
const RESOLVE: Duration = Duration::from_millis(6600);

/// No name of a deployment has more addresses that are worth the wait.
const MOST_ADDRESSES: usize = 3;

/// Who has not answered by then is on a long way, or silent. On a way of 1.6 s only two of TCP's first packets can be answered.
const AGAIN: Duration = Duration::from_millis(500);

/// Looks at one TCP port.
pub(super) async fn tcp(target: &TcpTarget, context: &ProbeContext) -> ProbeResult {
    let observation = match endpoint(target, context) {
        Err(why) => Err(why),
        Ok(endpoint) => {
            let drops = Drops::now();
            let opened = match target {
                TcpTarget::Bound(_) => bound::connect(&endpoint, DIAL, context).await,
                TcpTarget::Public(_) => Ok(exposure::dial(&endpoint, &same_way(&endpoint, context)).await),
                TcpTarget::Tunnel(_) | TcpTarget::Named(_) => Ok(connect_within(&endpoint, DIAL).await),
            };
            let (how, from) = match opened {
                Ok(Ok(stream)) => (Dial::Open, stream.local_addr().ok().map(|at| at.ip())),
                Ok(Err(how)) => (how, None),
                Err(why) => return ProbeResult::new("", Err(why)),
            };
            // Where silence is the good answer nobody asks why.
            let waited = how == Dial::Timeout && !matches!(target, TcpTarget::Public(_));
            let dropped = if waited { drops.since() } else { BTreeMap::new() };
            Ok(Fact::Tcp(TcpOutcome { endpoint, how, from, dropped }))
        }
    };
    ProbeResult::new("kernel (TCP connect)", observation)
}

/// The service at the server's address in the tunnel.
pub(super) fn tunnel(service: Service, context: &ProbeContext) -> Result<Endpoint, Unseen> {
    let addresses = context.addresses()?;
    let at = addresses.of(service);
    // Where the URL leads elsewhere, that is asked, whatever the server's address is.
    if at.ip() == addresses.server.value {
        network::not_contradicted(context)?;
    }
    Ok(Endpoint { host: at.ip().to_string(), port: at.port() })
}

fn endpoint(target: &TcpTarget, context: &ProbeContext) -> Result<Endpoint, Unseen> {
    match target {
        TcpTarget::Tunnel(service) | TcpTarget::Bound(service) => tunnel(*service, context),
        TcpTarget::Public(service) => {
            let ip = context.addresses()?.public.ok_or_else(|| {
                Unseen::NotKnown(
                    "the server's address outside the tunnel is not known; set it with `--public ADDRESS`".to_owned(),
                )
            })?;
            shows_outside(context, ip)?;
            Ok(Endpoint { host: ip.to_string(), port: context.addresses()?.of(*service).port() })
        }
        TcpTarget::Named(text) => text
            .rsplit_once(':')
            .and_then(|(host, port)| {
                let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
                Some(Endpoint { host, port: port.parse().ok()? })
            })
            .ok_or_else(|| Unseen::NotKnown(format!("`{text}` is not HOST:PORT"))),
    }
}

/// Whether a dial of the public address from here shows what a stranger would see.
fn shows_outside(context: &ProbeContext, ip: IpAddr) -> Result<(), Unseen> {
    let undecided = |why: String| Err(Unseen::Undecided(why));
    if context.vantage == Vantage::Container {
        // A container sees its own gateway only; whether the host sends this into the tunnel is not to be seen.
        return undecided(format!("the host's route to {ip} cannot be seen from inside the container"));
    }
    let route = match route(context, Place::Public) {
        Ok(route) => route,
        // Outside is outside by definition; a client may send everything through the tunnel.
        Err(_) if context.vantage == Vantage::Outside => return Ok(()),
        Err(why) => {
            return undecided(format!("the route to {ip} is not known ({why}) and may go through the tunnel"));
        }
    };
    match &route.way {
        Way::Device { device, kind, .. } if leads_into_tunnel(context, device, kind.as_deref()) => undecided(format!(
            "the route to {ip} goes through the tunnel, so a connection does not show what is open outside it"
        )),
        Way::Local => undecided(format!(
            "{ip} is this machine's own address, so a connection from here does not show what is open outside"
        )),
        Way::Device { .. } | Way::None | Way::Barred => Ok(()),
    }
}

/// Whose echoes go the way of a dial of the public address: its own, and the server's own address in a tunnel that has its
/// other end there, which also answers where echoes from outside are dropped.
fn same_way(endpoint: &Endpoint, context: &ProbeContext) -> Vec<IpAddr> {
    let Ok(ip) = endpoint.host.parse::<IpAddr>() else { return Vec::new() };
    let ends_there = match context.fact(&FactKey::Wg) {
        Ok(Fact::Wg(wg)) => {
            wg.interfaces.iter().flat_map(|it| &it.peers).any(|it| it.endpoint.is_some_and(|at| at.ip() == ip))
        }
        Ok(_) | Err(_) => false,
    };
    let inside = context.addresses().ok().filter(|_| ends_there).map(|addresses| addresses.server.value);
    [ip].into_iter().chain(inside).collect()
}

fn route(context: &ProbeContext, to: Place) -> Result<&RouteLookup, Unseen> {
    let key = FactKey::Route(to);
    if let Fact::Route(route) = context.fact(&key)? { Ok(route) } else { Err(Unseen::NotAsked(key)) }
}

/// A device is the tunnel if the kernel says so, if it has the interface's name (userspace WireGuard is a `tun`), or
/// if it holds this machine's address in the tunnel.
fn leads_into_tunnel(context: &ProbeContext, device: &str, kind: Option<&str>) -> bool {
    let Some(addresses) = &context.addresses else { return kind == Some("wireguard") };
    let own = match context.vantage {
        Vantage::Server => Some(addresses.server.value),
        Vantage::Client => Some(addresses.client.value),
        Vantage::Container | Vantage::Outside => None,
    };
    let holder = own.and_then(|own| match context.fact(&FactKey::Links) {
        Ok(Fact::Links(links)) => links.holder(own),
        _ => None,
    });
    kind == Some("wireguard") || device == addresses.interface.value || holder.is_some_and(|link| link.name == device)
}

/// Connects, as the app does: each address of a name in turn, and the last one's failure counts.
pub(super) async fn connect(endpoint: &Endpoint) -> Result<Stream, Dial> {
    connect_within(endpoint, DIAL).await
}

pub(super) async fn connect_within(endpoint: &Endpoint, patience: Duration) -> Result<Stream, Dial> {
    let mut last = Dial::NoSuchName;
    for address in resolve(endpoint).await?.into_iter().take(MOST_ADDRESSES) {
        let begun = host::clock();
        match timeout(patience, open_again(address)).await {
            Ok(Ok(stream)) => return Ok(Bounded::after(stream, begun.elapsed())),
            Ok(Err(error)) => last = classify(&error),
            Err(_) => last = Dial::Timeout,
        }
    }
    Err(last)
}

/// By a second connection besides, where the first one takes long: whichever is answered.
async fn open_again(address: SocketAddr) -> io::Result<TcpStream> {
    let mut first = std::pin::pin!(open(address));
    if let Ok(opened) = timeout(AGAIN, &mut first).await {
        return opened;
    }
    tokio::select! { opened = first => opened, opened = open(address) => opened }
}

/// That no socket can be had says nothing about who is dialled.
async fn open(address: SocketAddr) -> io::Result<TcpStream> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() };
    let opened = socket.inspect_err(limits::note_filter)?.connect(address).await;
    // As libpq and redis-py do: else the end of a TLS handshake waits for an acknowledgement, which Linux delays by 40 ms.
    opened.inspect(|stream| drop(stream.set_nodelay(true)))
}

pub(super) async fn resolve(endpoint: &Endpoint) -> Result<Vec<SocketAddr>, Dial> {
    if let Ok(ip) = endpoint.host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(ip, endpoint.port)]);
    }
    if let Err(why) = names::libc_can_read() {
        limits::spoil(why);
        return Err(Dial::ResolverFailed);
    }
    match timeout(RESOLVE, lookup_host((endpoint.host.as_str(), endpoint.port))).await {
        Ok(Ok(found)) => Ok(found.collect()),
        Ok(Err(error)) => {
            // libc's words hide that it could not even open its own files.
            limits::note_handles();
            Err(unresolved(&error))
        }
        Err(_) => Err(Dial::ResolverFailed),
    }
}

/// std gives getaddrinfo's own code on Windows only. On Unix there is just `gai_strerror`'s text, which is English,
/// since a Rust program never calls setlocale(3): glibc's two sentences and musl's two for "there is no such name".
fn unresolved(error: &io::Error) -> Dial {
    /// `WSAHOST_NOT_FOUND` and `WSANO_DATA`.
    const WINDOWS: [i32; 2] = [11001, 11004];
    const UNIX: [&str; 4] =
        ["Name or service not known", "No address associated", "Name does not resolve", "Name has no usable address"];
    let text = error.to_string();
    let known = error.raw_os_error().is_some_and(|code| WINDOWS.contains(&code))
        || UNIX.iter().any(|sentence| text.contains(sentence));
    if known { Dial::NoSuchName } else { Dial::ResolverFailed }
}

/// The kinds stand for the errnos that `Dial` names (and for their Windows cousins); `EACCES` and `EPERM` are one kind.
pub(super) fn classify(error: &io::Error) -> Dial {
    limits::note(error);
    #[expect(clippy::wildcard_enum_match_arm, reason = "the enum is std's and open; the rest keeps its errno")]
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Dial::Refused,
        io::ErrorKind::TimedOut => Dial::Timeout,
        io::ErrorKind::ConnectionReset => Dial::Reset,
        io::ErrorKind::HostUnreachable => Dial::HostUnreachable,
        io::ErrorKind::NetworkUnreachable => Dial::NoRoute,
        io::ErrorKind::PermissionDenied => Dial::Forbidden,
        _ => Dial::Other(error.raw_os_error().unwrap_or(0)),
    }
}

/// What [`tcp`] does.
pub(super) fn touches(target: &TcpTarget) -> Vec<Touch> {
    let port = |service: &Service| match service {
        Service::Redis => "{redis-port}",
        Service::Postgres => "{postgres-port}",
    };
    let dial = match target {
        TcpTarget::Tunnel(service) | TcpTarget::Bound(service) => {
            connects(&[&format!("tcp {{server}}:{}", port(service))])
        }
        TcpTarget::Public(service) => {
            let dial = connects(&[&format!("tcp {{public}}:{}", port(service))]);
            only("where the way there is not the tunnel", [dial, sends(&["icmp {public}", "icmp {server}"])].concat())
        }
        TcpTarget::Named(place) => connects(&[&format!("tcp {place}")]),
    };
    [dial, reads(&["/proc/net/snmp", "/proc/net/netstat"])].concat()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::fact::{Observation, Observed};
    use crate::profile::{Profile, settle};

    pub(super) const SERVER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 8, 0, 1));

    pub(super) fn context(vantage: Vantage, to: Place, way: Option<Way>) -> ProbeContext {
        let (profile, mut seen) = (Profile::default(), BTreeMap::new());
        if let Some(way) = way {
            let observation = Observation::Seen(Fact::Route(RouteLookup { to: SERVER, way, bearing: None }));
            seen.insert(FactKey::Route(to), Observed { observation, source: String::new(), took_us: 0 }.into());
        }
        let addresses = Some(settle(&profile, vantage, &seen));
        ProbeContext { addresses, seen, ..ProbeContext::bare(vantage, profile) }
    }

    pub(super) fn by(device: &str, kind: Option<&str>) -> Way {
        Way::Device { device: device.to_owned(), kind: kind.map(str::to_owned), gateway: None, source: None }
    }

    #[test]
    fn the_outside_is_not_looked_at_through_the_tunnel() {
        for (vantage, way, shows) in [
            (Vantage::Client, Some(by("wg0", Some("wireguard"))), false),
            (Vantage::Client, Some(by("eth0", None)), true),
            (Vantage::Client, None, false),
            (Vantage::Server, Some(Way::Local), false),
            (Vantage::Outside, None, true),
            (Vantage::Container, Some(by("eth0", None)), false),
        ] {
            let context = context(vantage, Place::Public, way);
            assert_eq!(shows_outside(&context, SERVER).is_ok(), shows, "{vantage} {:?}", context.seen);
        }
    }
}
