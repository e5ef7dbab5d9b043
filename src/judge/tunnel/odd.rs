//! A server whose own address in the tunnel is the odd one: everything else names another.

use std::net::IpAddr;

use ipnet::IpNet;

use super::running;
use crate::case::Seat;
use crate::check::cause::WgAddresses;
use crate::check::{Finding, broken};
use crate::fact::Vantage;
use crate::fact::postgres::PgConf;
use crate::fact::redis::RedisConf;
use crate::fact::wireguard::WgConf;
use crate::profile::Origin;

/// The finding, with the line of the server's Address.
pub(super) fn unused(seat: &Seat<'_>, given: &[&IpNet], conf: &WgConf) -> Option<Finding<WgAddresses>> {
    if seat.vantage() != Vantage::Server {
        return None;
    }
    let own = given.iter().find(|net| net.addr().is_ipv4() && net.prefix_len() < net.max_prefix_len())?;
    let (used, seen) =
        by_client(seat, given).or_else(|| by_itself(seat, given, **own)).or_else(|| by_all(seat, given, **own))?;
    if seat.links().ok()?.has(used) {
        return None;
    }
    let right = format!("{used}/{}", own.prefix_len());
    let finding = broken(WgAddresses::NotUsed)
        .with("runs", own)
        .with("used", used)
        .with("seen", seen)
        .with("right", right)
        .with("net_pattern", own.to_string().replace('.', "\\."));
    Some(finding.at(conf.addresses_in(), conf.address_at.map_or(1, |at| at.line)))
}

/// What the client calls the server, and sends into the tunnel, where it sends there none of the addresses that the server has.
fn by_client(seat: &Seat<'_>, given: &[&IpNet]) -> Option<(IpAddr, String)> {
    let client = seat.at(Vantage::Client).ok()?;
    let used = client.addresses().server.clone();
    let interface = running(&client, client.wg().ok()?)?;
    let sends = |to: IpAddr| interface.peers.iter().any(|peer| peer.allowed_ips.iter().any(|net| net.contains(&to)));
    let odd = used.origin != Origin::Assumed && sends(used.value) && !given.iter().any(|net| sends(net.addr()));
    odd.then(|| (used.value, "the client's AllowedIPs do not contain it".to_owned()))
}

/// What both Redis and PostgreSQL are to listen on and all URLs name, where nothing names an address of this end.
fn by_all(seat: &Seat<'_>, given: &[&IpNet], own: IpNet) -> Option<(IpAddr, String)> {
    let (redis, postgres) = (seat.redis_conf().ok()?, seat.pg_conf().ok()?);
    if redis.container.is_some() {
        return None;
    }
    let inside = |to: &IpAddr| own.contains(to);
    let (redis, postgres): (Vec<IpAddr>, Vec<IpAddr>) =
        (redis.bound().into_iter().filter(inside).collect(), postgres.bound().into_iter().filter(inside).collect());
    let used = *redis.first().filter(|used| postgres.contains(used))?;
    let ends = [Some(*seat), seat.at(Vantage::Client).ok()];
    let urls =
        ends.into_iter().flatten().filter_map(|end| end.env().ok()).flat_map(|env| [env.broker(), env.database()]);
    let hosts = urls.filter_map(|url| url.url()?.host.parse::<IpAddr>().ok()).filter(inside);
    let mut named = redis.iter().chain(&postgres).copied().chain(hosts);
    if named.any(|to| to != used) || given.iter().any(|net| net.addr() == used) {
        return None;
    }
    let network =
        if own.network() == own.addr() { "is the network's own address, which no host has, and " } else { "" };
    Some((used, format!("{network}neither Redis nor PostgreSQL is to listen on it")))
}

/// What Redis or PostgreSQL is to listen on, where that is in one network with every peer, and the Address with none.
fn by_itself(seat: &Seat<'_>, given: &[&IpNet], own: IpNet) -> Option<(IpAddr, String)> {
    let peers: Vec<IpNet> = running(seat, seat.wg().ok()?)?
        .peers
        .iter()
        .flat_map(|peer| peer.allowed_ips.iter().copied())
        .filter(|net| net.addr().is_ipv4())
        .collect();
    let meets = |own: &IpNet| peers.iter().any(|net| net.contains(&own.addr()) || own.contains(&net.addr()));
    if peers.is_empty() || given.iter().any(|net| meets(net)) {
        return None;
    }
    let (redis, postgres) = (seat.redis_conf().ok(), seat.pg_conf().ok());
    // What is bound in a container's own network is no address of this machine's.
    let redis = redis.filter(|conf| conf.container.is_none()).map(RedisConf::bound).into_iter().flatten();
    let mut named = redis.chain(postgres.map(PgConf::bound).into_iter().flatten());
    let with_all = |to: &IpAddr| {
        let net = IpNet::new(*to, own.prefix_len()).ok();
        net.is_some_and(|net| peers.iter().all(|peer| net.contains(&peer.addr())))
    };
    let used = named.find(with_all)?;
    Some((used, "no peer's AllowedIPs are in its network".to_owned()))
}
