//! The way to the other end: routes, echoes and names.

use std::net::IpAddr;

use super::far;
use crate::case::Seat;
use crate::check::{Judged, Verdict, broken, holds, not_applicable};
use crate::fact::dial::{Echo, NameAnswer};
use crate::fact::network::Way;
use crate::fact::network::routes::MAIN;
use crate::fact::{Unseen, Vantage};
use crate::profile::Source;

/// The kernel would send to the far end through the tunnel.
pub fn tunnel_route(seat: &Seat<'_>) -> Judged {
    let (_, place, far) = far(seat);
    let route = seat.route(place)?;
    let own = &seat.addresses().interface.value;
    let finding = match &route.way {
        Way::Device { device, kind, .. } if device == own || kind.as_deref() == Some("wireguard") => return Ok(holds()),
        Way::Device { device, gateway, .. } => {
            let via = gateway.map_or_else(String::new, |gateway| format!(" via {gateway}"));
            broken("elsewhere").with("device", format!("{device}{via}"))
        }
        Way::Local => broken("own-address"),
        Way::None => broken("no-route").with("bar", "").with("barred", ""),
        Way::Barred => {
            let bar = bar(seat, far.value).unwrap_or_default();
            let barred = if bar.is_empty() { "a route".to_owned() } else { format!("`ip route` has {bar}, which") };
            broken("no-route").with("barred", format!(": {barred} bars the way")).with("bar", bar)
        }
    };
    if far.source == Source::Guide {
        return Err(Unseen::Undecided(
            "the far end's address in the tunnel is not known; `--client` or `--server` tells it".to_owned(),
        ));
    }
    Ok(finding.with("far", far.value).into())
}

/// The narrow route that does nothing but bar the way; not the one for everything else, which bars only what has no other.
fn bar(seat: &Seat<'_>, far: IpAddr) -> Option<String> {
    let hops = &seat.routes().ok()?.hops;
    let bars = hops.iter().filter(|hop| hop.device.is_empty() && hop.net.prefix_len() > 0 && hop.net.contains(&far));
    let hop = bars.max_by_key(|hop| hop.net.prefix_len())?;
    Some(if hop.table == MAIN { hop.net.to_string() } else { format!("{} table {}", hop.net, hop.table) })
}

/// An echo comes back. A note at most, unless the kernel itself says why nothing can go out: a Windows peer
/// drops echoes as it is delivered.
pub fn tunnel_ping(seat: &Seat<'_>) -> Judged {
    let (_, place, far) = far(seat);
    let outcome = seat.ping(place)?;
    let finding = match outcome.how {
        Echo::Reply(_) => return Ok(holds()),
        Echo::NoRoute if seat.vantage() == Vantage::Container => {
            return Ok(not_applicable("this container has no route at all, which tcp-admitted tells"));
        }
        Echo::NoReply => broken("no-reply"),
        Echo::NoPeer => broken("no-peer"),
        Echo::NoEndpoint => broken("no-endpoint"),
        Echo::NoRoute | Echo::Unreachable | Echo::Forbidden | Echo::Other(_) => {
            broken("no-way").with("how", outcome.how.label())
        }
    };
    if far.source == Source::Guide && seat.vantage() == Vantage::Server {
        return Err(Unseen::Undecided(
            "the client's address in the tunnel is not known; `--client` tells it".to_owned(),
        ));
    }
    Ok(finding.with("far", far.value).into())
}

/// The name servers of the tunnel's `DNS =` line, and its place.
fn conf_dns<'a>(seat: &Seat<'a>) -> Option<(Vec<IpAddr>, &'a str, u32)> {
    if seat.vantage() != Vantage::Client {
        return None;
    }
    let conf = seat.wg_conf().ok()?;
    let (servers, at) = conf.dns.as_ref()?;
    let servers = servers.split([',', ' ']).filter_map(|server| server.parse().ok()).collect();
    Some((servers, &conf.path, at.line))
}

/// Every host name that is used here resolves here, as libc sees it. On the client that is the tunnel's Endpoint: the
/// worker's names are looked up inside its container, which has names of its own (`--add-host`, compose services).
pub fn names_resolve(seat: &Seat<'_>) -> Judged {
    let names = seat.names()?;
    let endpoints: Option<Vec<&str>> = match seat.vantage() {
        Vantage::Client => {
            let peers = &seat.wg_conf()?.peers;
            Some(peers.iter().filter_map(|peer| Some(peer.endpoint.as_ref()?.0.host.as_str())).collect())
        }
        Vantage::Server | Vantage::Container | Vantage::Outside => None,
    };
    let used =
        |name: &str| endpoints.as_ref().is_none_or(|hosts| hosts.iter().any(|host| host.eq_ignore_ascii_case(name)));
    let mut looks = names.names.iter().filter(|look| used(&look.name)).peekable();
    if looks.peek().is_none() {
        return Ok(not_applicable("all addresses are literal"));
    }
    for look in looks {
        let finding = match &look.libc {
            NameAnswer::Addresses(_) => continue,
            NameAnswer::NoSuchName => broken("no-such-name"),
            NameAnswer::Silent | NameAnswer::Refused | NameAnswer::Failed => broken("no-resolver"),
        };
        let servers_of_line = conf_dns(seat).filter(|(servers, ..)| {
            !look.servers.is_empty() && look.servers.iter().all(|(server, _)| servers.contains(server))
        });
        let finding = match servers_of_line {
            Some((_, path, line)) => broken("dns-line").at(path, line),
            None => finding,
        };
        let servers = look.servers.iter().map(|(server, _)| server.to_string()).collect::<Vec<_>>().join(", ");
        let finding: Verdict = finding.with("name", &look.name).with("servers", servers).into();
        return Ok(finding);
    }
    Ok(holds())
}
