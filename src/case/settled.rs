//! The deployment's addresses as all snapshots together tell them. What one end could only assume, another one has seen.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::Members;
use crate::fact::app::App;
use crate::fact::{FactKey, Place, Service, TcpTarget, Unseen, Vantage};
use crate::profile::{Addresses, Known, Origin, Profile, settle};
use crate::snapshot::Snapshot;

/// For each vantage.
pub(super) fn together(members: &Members, client: Option<IpAddr>) -> BTreeMap<Vantage, Addresses> {
    let mut all: BTreeMap<Vantage, Addresses> =
        members.iter().map(|(vantage, member)| (*vantage, member.settled.clone())).collect();
    let seen = |vantage: Vantage| all.get(&vantage).cloned();
    let (server, there, container) = (seen(Vantage::Server), seen(Vantage::Client), seen(Vantage::Container));
    if let Some(here) = all.get_mut(&Vantage::Server) {
        if let Some(address) = client {
            here.client = Known { value: address, origin: Origin::Seen };
        }
        if let Some(there) = &there {
            fill(&mut here.client, &there.client);
        }
        // Not the ports: the worker's URLs may have the wrong ones.
    }
    // Which application it is, one end may have been told for all.
    let app = all.values().find_map(|addresses| addresses.app.clone());
    for here in all.values_mut() {
        here.app = here.app.take().or_else(|| Some(App { profile: None, ..app.clone()? }));
    }
    for vantage in [Vantage::Client, Vantage::Container] {
        let others = if vantage == Vantage::Client { [&container, &server] } else { [&there, &server] };
        let Some(here) = all.get_mut(&vantage) else { continue };
        for there in others.into_iter().flatten() {
            fill(&mut here.server, &there.server);
            fill(&mut here.client, &there.client);
            fill(&mut here.subnet, &there.subnet);
            // A port is one of the address that it was seen with: that of a relay is none of the server's.
            if here.redis_at == there.redis_at {
                fill(&mut here.redis_port, &there.redis_port);
            }
            if here.postgres_at == there.postgres_at {
                fill(&mut here.postgres_port, &there.postgres_port);
            }
        }
    }
    all
}

/// What one machine tells. A newer program than the one that took the snapshot may see more in it.
pub(super) fn alone(snapshot: &Snapshot) -> Addresses {
    let then = &snapshot.addresses;
    let now = settle(&Profile::default(), snapshot.vantage, &snapshot.facts);
    let mut settled = then.clone();
    fill(&mut settled.server, &now.server);
    fill(&mut settled.client, &now.client);
    fill(&mut settled.subnet, &now.subnet);
    fill(&mut settled.interface, &now.interface);
    fill(&mut settled.wireguard_port, &now.wireguard_port);
    fill(&mut settled.redis_port, &now.redis_port);
    fill(&mut settled.postgres_port, &now.postgres_port);
    settled
}

/// What is only assumed gives way to what is known elsewhere.
pub(super) fn fill<T: Clone>(here: &mut Known<T>, there: &Known<T>) {
    if here.origin == Origin::Assumed && there.origin != Origin::Assumed {
        *here = Known { value: there.value.clone(), origin: Origin::Seen };
    }
}

/// The look at this very client, in place of that at the only one; or at this very host of the server role.
pub(super) fn of_other_end(key: &FactKey, snapshot: &Snapshot, now: &Addresses) -> Option<FactKey> {
    let then = &snapshot.addresses;
    let (place, end, before) = match snapshot.vantage {
        Vantage::Server => (Place::Client, now.client.value, then.client.value),
        Vantage::Client | Vantage::Container => (Place::Server, now.server.value, then.server.value),
        Vantage::Outside => return None,
    };
    if before == end {
        return None;
    }
    let kinds: [fn(Place) -> FactKey; 2] = [FactKey::Route, FactKey::Ping];
    let own = kinds.into_iter().find(|kind| *key == kind(place)).map(|kind| kind(Place::Peer(end)));
    own.filter(|own| snapshot.facts.contains_key(own))
}

/// Whether a look was aimed at an address that was assumed then, and turns out to be another one: then it says nothing.
pub(super) fn aimed_elsewhere(key: &FactKey, snapshot: &Snapshot, now: &Addresses) -> Result<(), Unseen> {
    let then = &snapshot.addresses;
    let missed = |flag: &str, then: String, now: String| {
        Err(Unseen::NotKnown(format!(
            "`{key}` was looked at for {then}, and not for {now}; run clipcheck there again with `--{flag} {now}`"
        )))
    };
    // A service may be met at another address than the server's.
    if let Some(service) = port(key) {
        let (before, ip) = (then.of(service).ip(), now.of(service).ip());
        if before != ip {
            return missed("server", before.to_string(), ip.to_string());
        }
    }
    match aim(key) {
        Some(Place::Server) if then.server.value != now.server.value => {
            missed("server", then.server.value.to_string(), now.server.value.to_string())
        }
        Some(Place::Client) if then.client.value != now.client.value => {
            missed("client", then.client.value.to_string(), now.client.value.to_string())
        }
        Some(_) | None => match port(key) {
            Some(Service::Redis) if then.redis_port.value != now.redis_port.value => {
                missed("redis-port", then.redis_port.value.to_string(), now.redis_port.value.to_string())
            }
            Some(Service::Postgres) if then.postgres_port.value != now.postgres_port.value => {
                missed("postgres-port", then.postgres_port.value.to_string(), now.postgres_port.value.to_string())
            }
            Some(_) | None => Ok(()),
        },
    }
}

/// Which settled port a look goes to. What is open around the tunnel is open, whosever port it is.
fn port(key: &FactKey) -> Option<Service> {
    let FactKey::Tcp(TcpTarget::Tunnel(service) | TcpTarget::Bound(service)) = key else { return None };
    Some(*service)
}

/// Which settled address a look goes to.
fn aim(key: &FactKey) -> Option<Place> {
    if let FactKey::Route(place) | FactKey::Ping(place) = key { Some(*place) } else { None }
}
