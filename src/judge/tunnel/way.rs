//! The way to the other end: routes, echoes and names.

use std::net::IpAddr;

use super::connected;
use super::handshake::is_switched_off;
use super::ipsec;
use super::{far, own_address, relay};
use crate::case::Seat;
use crate::check::cause::{NamesResolve, TunnelPing, TunnelRoute, cause_of};
use crate::check::{Finding, Judged, broken, holds, not_applicable};
use crate::fact::dial::{Echo, NameAnswer, NameLook};
use crate::fact::network::policy::decides;
use crate::fact::network::routes::MAIN;
use crate::fact::network::{Bearing, Way};
use crate::fact::wireguard::{Table, WgPeer, short_key};
use crate::fact::{Place, Unseen, Vantage};
use crate::profile::Origin;

/// The kernel would send to the far end through the tunnel.
pub(crate) fn tunnel_route(seat: &Seat<'_>) -> Judged<TunnelRoute> {
    let (vantage, place, far) = far(seat);
    let route = seat.route(place)?;
    let own = &seat.addresses().interface.value;
    let inside = |way: &Way| matches!(way, Way::Device { device, kind, .. } if device == own || kind.as_deref() == Some("wireguard"));
    let finding = match &route.way {
        way if inside(way) => {
            if let Some(bearing) = route.bearing.as_ref().filter(|bearing| !inside(&bearing.way)) {
                by_rule(seat, bearing, far.value)
            } else {
                let lost = Some(seat).filter(|seat| seat.vantage() == Vantage::Client).and_then(relay::loses);
                let cut_off = || connected::endpoint_cut_off(seat).filter(|_| is_silent(seat, place));
                let finding = lost.map(lost_at).or_else(|| ipsec::taken(seat, place)).or_else(cut_off);
                let Some(finding) = finding else { return Ok(holds()) };
                finding
            }
        }
        way if let Some(line) = table_line(seat, far.value) => line.with("way", words(way)),
        way if let Some(gone) = connected::route_gone(seat, far.value) => {
            gone.with("so", format!("packets to {} {}", far.value, words(way)))
        }
        Way::Device { device, gateway, .. } => match rule_for(seat, far.value) {
            Some((rule, before)) => broken(TunnelRoute::RuleElsewhere)
                .with("way", words(&route.way))
                .with("rule", rule)
                .with("before", before),
            None => broken(TunnelRoute::Elsewhere).with("device", by(device, *gateway)),
        },
        Way::Local => own_address_here(seat, far.value),
        Way::None => broken(TunnelRoute::NoRoute).with("bar", "").with("barred", ""),
        Way::Barred => {
            let bar = bar(seat, far.value).unwrap_or_default();
            let barred = if bar.is_empty() { "a route".to_owned() } else { format!("`ip route` has {bar}, which") };
            broken(TunnelRoute::NoRoute).with("barred", format!(": {barred} blocks it")).with("bar", bar)
        }
    };
    let told = || own_address(seat, vantage).is_some_and(|told| told.value == route.to);
    if far.origin == Origin::Assumed && !told() {
        return Err(Unseen::Undecided(
            "the other end's address in the tunnel is not known; set it with `--client` or `--server`".to_owned(),
        ));
    }
    Ok(finding.with("far", far.value).into())
}

fn lost_at(relay: &WgPeer) -> Finding<TunnelRoute> {
    let endpoint = relay.endpoint.map_or_else(String::new, |at| format!(" ({at})"));
    broken(TunnelRoute::LostAtRelay).with("relay", short_key(&relay.public_key)).with("endpoint", endpoint)
}

/// The other end does not answer a ping: where it does, the tunnel works, whatever the routes look like.
fn is_silent(seat: &Seat<'_>, place: Place) -> bool {
    seat.ping(place).is_ok_and(|ping| !matches!(ping.how, Echo::Reply(_)))
}

fn by(device: &str, gateway: Option<IpAddr>) -> String {
    gateway.map_or_else(|| device.to_owned(), |gateway| format!("{device} via {gateway}"))
}

/// Where packets go, in a few words.
fn words(way: &Way) -> String {
    match way {
        Way::Device { device, gateway, .. } => format!("leave by {}", by(device, *gateway)),
        Way::Local => "stay here".to_owned(),
        Way::None => "have no route".to_owned(),
        Way::Barred => "are blocked".to_owned(),
    }
}

/// The other end's address is this machine's own: the tunnel's, or one that another interface has besides.
fn own_address_here(seat: &Seat<'_>, far: IpAddr) -> Finding<TunnelRoute> {
    let holder = seat.links().ok().and_then(|links| links.holder(far));
    let Some(link) = holder.filter(|link| link.name != seat.addresses().interface.value) else {
        return broken(TunnelRoute::OwnAddress);
    };
    let net = link.addresses.iter().find(|net| net.addr() == far).map_or_else(String::new, ToString::to_string);
    broken(TunnelRoute::AddressElsewhere).with("device", &link.name).with("net", net)
}

/// The rule of the routing policy that decides of packets without a source yet, with its route; and the next lower
/// priority, at which another one would be asked before it.
pub(super) fn rule_for(seat: &Seat<'_>, far: IpAddr) -> Option<(String, u32)> {
    let routes = seat.routes().ok()?;
    let none: IpAddr = if far.is_ipv4() { [0; 4].into() } else { [0; 16].into() };
    let (rule, route) = decides(&routes.policy, &routes.entries, none, far)?;
    let by = route.map_or_else(String::new, |route| format!(", and `{}`", route.words()));
    Some((format!("`ip rule` has `{}`{by}", rule.words()), rule.priority.saturating_sub(1)))
}

/// What bears this end's own address goes elsewhere than what bears none: a rule of the routing policy.
fn by_rule(seat: &Seat<'_>, bearing: &Bearing, far: IpAddr) -> Finding<TunnelRoute> {
    let found = seat.routes().ok().and_then(|routes| decides(&routes.policy, &routes.entries, bearing.from, far));
    let (rule, pref, table) = match found {
        Some((rule, route)) => {
            let by = route.map_or_else(String::new, |route| format!(", and `{}`", route.words()));
            let table = rule.table.map_or_else(String::new, |table| table.to_string());
            let pref = if table.is_empty() { rule.priority.to_string() } else { String::new() };
            (format!("`ip rule` has `{}`{by}", rule.words()), pref, table)
        }
        None => ("a rule in `ip rule` causes it".to_owned(), String::new(), String::new()),
    };
    let finding =
        broken(TunnelRoute::ByRule).with("from", bearing.from).with("way", words(&bearing.way)).with("rule", rule);
    finding.with("pref", pref).with("table", table)
}

/// The line of the tunnel's file that keeps its routes out of the main table, if no other route was made in their place.
fn table_line(seat: &Seat<'_>, far: IpAddr) -> Option<Finding<TunnelRoute>> {
    let conf = seat.wg_conf().ok()?;
    let (table, at) = conf.table?;
    let table = match table {
        Table::Auto | Table::Numbered(MAIN) => return None,
        Table::Off => "off".to_owned(),
        Table::Numbered(number) => number.to_string(),
        Table::Named => "…".to_owned(),
    };
    let own = &seat.addresses().interface.value;
    let made = seat
        .routes()
        .ok()?
        .entries
        .iter()
        .any(|route| route.table == MAIN && route.device == *own && route.net.contains(&far));
    (!made).then(|| broken(TunnelRoute::TableLine).with("table", table).at(&conf.path, at.line))
}

/// The narrow route that does nothing but bar the way; not the one for everything else, which bars only what has no other.
fn bar(seat: &Seat<'_>, far: IpAddr) -> Option<String> {
    let entries = &seat.routes().ok()?.entries;
    let bars = entries
        .iter()
        .filter(|route| route.device.is_empty() && route.net.prefix_len() > 0 && route.net.contains(&far));
    let route = bars.max_by_key(|route| route.net.prefix_len())?;
    Some(if route.table == MAIN { route.net.to_string() } else { format!("{} table {}", route.net, route.table) })
}

/// An echo comes back. A note at most, unless the kernel itself says why nothing can go out: a Windows peer
/// drops echoes as it is delivered.
pub(crate) fn tunnel_ping(seat: &Seat<'_>) -> Judged<TunnelPing> {
    let (_, place, far) = far(seat);
    let outcome = seat.ping(place)?;
    let finding = cause_of!(outcome.how => {
        Echo::Reply(_) => return Ok(holds()),
        Echo::NoRoute if seat.vantage() == Vantage::Container => {
            return Ok(not_applicable("this container has no route at all; tcp-admitted reports it"));
        }
        // The way is there: another one on it, or the other end itself, sent word that it does not let it in.
        Echo::Unreachable if leads_into_tunnel(seat, place) => broken(TunnelPing::NoReply),
        Echo::NoRoute | Echo::Unreachable | Echo::Other(_) => {
            broken(TunnelPing::NoWay).with("how", outcome.how.label())
        }
    } Echo as TunnelPing: NoReply, NoPeer, NoEndpoint, Forbidden);
    if is_switched_off(seat) {
        return Ok(not_applicable("this client has no session with the server"));
    }
    Ok(finding.with("far", far.value).into())
}

/// Whether the kernel would send there through the tunnel.
fn leads_into_tunnel(seat: &Seat<'_>, place: Place) -> bool {
    let own = &seat.addresses().interface.value;
    let inside = |way: &Way| matches!(way, Way::Device { device, .. } if device == own);
    seat.vantage() != Vantage::Container && seat.route(place).is_ok_and(|route| inside(&route.way))
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

/// That /etc/hosts has the name, and is not asked.
pub(super) fn passed_over(look: &NameLook) -> String {
    look.passed_over().map_or_else(String::new, |line| {
        format!("; /etc/hosts:{line} has it, but libc does not take it from there (`hosts:` in /etc/nsswitch.conf)")
    })
}

/// Every host name that is used here resolves here, as libc sees it. On the client that is the tunnel's Endpoint: the
/// worker's names are looked up inside its container, which has names of its own (`--add-host`, compose services).
pub(crate) fn names_resolve(seat: &Seat<'_>) -> Judged<NamesResolve> {
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
        return Ok(not_applicable("all addresses are numeric"));
    }
    for look in looks {
        let finding = match &look.libc {
            NameAnswer::Addresses(_) => continue,
            NameAnswer::NoSuchName => broken(NamesResolve::NoSuchName),
            NameAnswer::Silent | NameAnswer::Refused | NameAnswer::Failed => broken(NamesResolve::NoResolver),
        };
        let servers_of_line = conf_dns(seat).filter(|(servers, ..)| {
            !look.servers.is_empty() && look.servers.iter().all(|(server, _)| servers.contains(server))
        });
        let finding = match servers_of_line {
            Some((_, path, line)) => broken(NamesResolve::DnsLine).at(path, line),
            None => finding,
        };
        let servers = look.servers.iter().map(|(server, _)| server.to_string()).collect::<Vec<_>>().join(", ");
        let finding = finding.with("hosts", passed_over(look));
        return Ok(finding.with("name", &look.name).with("servers", servers).into());
    }
    Ok(holds())
}
