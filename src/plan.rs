//! What was typed and the catalogue → what will be looked at. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

use crate::check::{Category, Check, Rule, did_you_mean};
use crate::fact::environment::Environment;
use crate::fact::order::InOrder;
use crate::fact::plugin::Program;
use crate::fact::touch::{Touch, connects, only, sends};
use crate::fact::wireguard::{LOOKED_AT, WgPeer, WgState};
use crate::fact::{FactKey, Place, TcpTarget, UnitTarget, Vantage};
use crate::profile::SETTLING;

/// Keeps the checks that were asked for by category or id; an unknown word is an error that lists the near ones.
pub fn select(checks: Vec<Check>, only: &[String]) -> Result<Vec<Check>, String> {
    for word in only {
        let known = Category::ALL.iter().any(|category| category.word() == word)
            || checks.iter().any(|check| check.id.0 == *word);
        if !known {
            let categories = Category::ALL.iter().map(|category| category.word());
            let hint = did_you_mean(word, checks.iter().map(|check| check.id.0.as_str()).chain(categories));
            return Err(format!("`{word}` is neither a check nor a category; {hint}"));
        }
    }
    if only.is_empty() {
        return Ok(checks);
    }
    Ok(checks
        .into_iter()
        .filter(|check| only.iter().any(|word| *word == check.id.0 || word == check.category.word()))
        .collect())
}

/// The checks with these ids, and what they need, as deep as it goes.
pub fn with_needs(checks: &[Check], ids: &[&str]) -> Vec<Check> {
    let mut wanted: BTreeSet<&str> = ids.iter().copied().collect();
    loop {
        let here = checks.iter().filter(|check| wanted.contains(check.id.0.as_str()));
        let needs: Vec<&str> = here.flat_map(Check::all_needs).map(|need| need.check.0.as_str()).collect();
        let before = wanted.len();
        wanted.extend(needs);
        if wanted.len() == before {
            return checks.iter().filter(|check| wanted.contains(check.id.0.as_str())).cloned().collect();
        }
    }
}

/// Everything to look at from a vantage: what its checks read, what settles the addresses, and what those looks
/// need first.
pub fn looks(checks: &[Check], vantage: Vantage) -> BTreeSet<FactKey> {
    let mut keys: BTreeSet<FactKey> = checks
        .iter()
        .flat_map(|check| check.looks.get(&vantage).into_iter().chain(check.with.get(&vantage)))
        .flatten()
        .cloned()
        .collect();
    // A snapshot of the server needs no view from outside, and the outside has no tunnel to settle anything by.
    if vantage != Vantage::Outside {
        keys.extend(SETTLING);
    }
    // No interface tells the container where the server is, only its URLs do, whose hosts may be names.
    if vantage == Vantage::Container {
        keys.insert(FactKey::Names);
    }
    // Nothing with a password is sent before the route is known.
    if [FactKey::Redis, FactKey::RedisState, FactKey::Postgres, FactKey::Celery, FactKey::Libraries, FactKey::Api]
        .iter()
        .any(|key| keys.contains(key))
    {
        keys.insert(FactKey::Route(Place::Server));
    }
    // What is the package's counts only where the port is not a container's or another program's.
    let of_package = |key: &FactKey| {
        matches!(key, FactKey::RedisConf | FactKey::PgConf | FactKey::PgHba | FactKey::PgState)
            || matches!(key, FactKey::Unit(UnitTarget::Redis | UnitTarget::Postgres))
    };
    if vantage == Vantage::Server && keys.iter().any(of_package) {
        keys.extend([FactKey::Containers, FactKey::Listeners]);
    }
    // Whose counters are read, its rules tell; and what got no answer is tried again.
    if keys.contains(&FactKey::Counters) {
        keys.insert(FactKey::Netfilter);
    }
    // Whose libraries are asked, and as whom, its process tells.
    if keys.contains(&FactKey::Libraries) {
        keys.insert(FactKey::Workers);
        if vantage == Vantage::Client {
            keys.insert(FactKey::HostWorker);
        }
    }
    if keys.iter().any(|key| matches!(key, FactKey::Tcp(TcpTarget::Public(_)))) {
        keys.insert(FactKey::Route(Place::Public));
    }
    keys
}

/// Whether others work for it longer than for the rest, or nobody answers: where all start at once, the processor comes to the
/// first ones first.
pub fn takes_long(key: &FactKey) -> bool {
    matches!(key, FactKey::PgState | FactKey::Postgres | FactKey::Libraries | FactKey::Tcp(TcpTarget::Public(_)))
}

/// The programs that check files name, by the check's id.
pub fn plugins(checks: &[Check]) -> BTreeMap<String, Program> {
    let of = |check: &Check| match &check.rule {
        Rule::Plugin(program) => Some((check.id.0.clone(), program.clone())),
        Rule::Expect(_) | Rule::Judge(_) => None,
    };
    checks.iter().filter_map(of).collect()
}

/// The way and an echo to each peer of a server that has several, if the only client's are wanted.
pub fn of_peers(state: &WgState, wanted: &BTreeSet<FactKey>) -> Vec<FactKey> {
    let mut peers: Vec<_> = state.interfaces.iter().flat_map(|interface| &interface.peers).collect();
    if peers.len() < 2 {
        return Vec::new();
    }
    peers.in_order_of(|peer| std::cmp::Reverse(peer.handshake));
    let addresses = peers.into_iter().filter_map(WgPeer::own_address).take(LOOKED_AT);
    let places = addresses.map(Place::Peer);
    let kinds = [FactKey::Route as fn(Place) -> FactKey, FactKey::Ping]
        .map(|kind| (wanted.contains(&kind(Place::Client)), kind));
    let kinds: Vec<fn(Place) -> FactKey> =
        kinds.into_iter().filter(|(wanted, _)| *wanted).map(|(_, kind)| kind).collect();
    places.flat_map(|place| kinds.iter().map(move |kind| kind(place)).collect::<Vec<_>>()).collect()
}

/// A connection to each of two hosts, where the worker's URLs lead to two: one of them may not be the server.
pub fn of_urls(env: &Environment, wanted: &BTreeSet<FactKey>) -> Vec<FactKey> {
    if !wanted.iter().any(|key| matches!(key, FactKey::Tcp(_))) {
        return Vec::new();
    }
    let found = places(env);
    match found.as_slice() {
        [one, other] if one.ip() != other.ip() => found.into_iter().map(at).collect(),
        _ => Vec::new(),
    }
}

/// From the worker's side the way and an echo to each host of the URLs that is not what it takes for the server.
pub fn ways_of_urls(env: &Environment, server: IpAddr, wanted: &BTreeSet<FactKey>) -> Vec<FactKey> {
    let others: Vec<Place> =
        places(env).iter().map(SocketAddr::ip).filter(|ip| *ip != server).map(Place::Peer).collect();
    let kinds = [FactKey::Route as fn(Place) -> FactKey, FactKey::Ping];
    let kinds = kinds.into_iter().filter(|kind| wanted.contains(&kind(Place::Server)));
    kinds.flat_map(|kind| others.iter().map(move |place| kind(*place)).collect::<Vec<_>>()).collect()
}

/// Where the worker's URLs of the database and the broker lead, if their hosts are addresses.
fn places(env: &Environment) -> Vec<SocketAddr> {
    let (database, broker) = (env.database(), env.broker());
    let urls = [database.url(), broker.url()].into_iter().flatten().filter(|url| !url.is_local());
    urls.filter_map(|url| Some(SocketAddr::new(url.host.parse().ok()?, url.port_or_default()))).collect()
}

/// What [`of_peers`] and [`of_urls`] may add to these looks once they are under way.
pub fn later(wanted: &BTreeSet<FactKey>, vantage: Vantage) -> Vec<Touch> {
    let dials = wanted.iter().any(|key| matches!(key, FactKey::Tcp(_)));
    let of_worker = matches!(vantage, Vantage::Client | Vantage::Container);
    let urls = of_worker && dials;
    let peers = vantage == Vantage::Server && wanted.contains(&FactKey::Ping(Place::Client));
    let several = only("where the server has several peers", sends(&["icmp {peer}"]));
    let two = only("where the worker's URLs lead to two hosts", connects(&["tcp {url-hosts}"]));
    let echoes = of_worker && wanted.contains(&FactKey::Ping(Place::Server));
    let far = only("where the worker's URLs lead to another host than the server", sends(&["icmp {url-hosts}"]));
    let when = |so: bool, touches: Vec<Touch>| if so { touches } else { Vec::new() };
    [when(peers, several), when(urls, two), when(echoes, far)].concat()
}

fn at(endpoint: SocketAddr) -> FactKey {
    FactKey::Tcp(TcpTarget::Named(endpoint.to_string()))
}
