//! The hosts of the server role: one, or several of one deployment.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::rc::Rc;

use crate::case::{Case, Client, Host, Member, holds};
use crate::fact::{Fact, FactKey};
use crate::snapshot::Snapshot;

/// A host of the server role, and the outside where it is this host that it looks at.
pub(super) struct ServerHost {
    server: Option<Rc<Member>>,
    outside: Option<Rc<Member>>,
    host: Option<Host>,
}

impl ServerHost {
    pub(super) fn server(&self) -> Option<&Snapshot> {
        self.server.as_ref().map(|server| server.snapshot())
    }
}

/// One for each host; one without a server where there is none.
pub(super) fn together(servers: Vec<Rc<Member>>, outside: Option<Rc<Member>>) -> Result<Vec<ServerHost>, String> {
    if servers.len() < 2 {
        return Ok(vec![ServerHost { server: servers.into_iter().next(), outside, host: None }]);
    }
    for server in &servers[1..] {
        if !servers.iter().any(|other| !Rc::ptr_eq(other, server) && related(other.snapshot(), server.snapshot())) {
            let (first, other) = (&servers[0].snapshot().host, &server.snapshot().host);
            return Err(format!(
                "two snapshots of the server, from {first} and {other}, and nothing in them says that they are hosts of one \
                 deployment (no URL of one leads to the other, and they have no peer in common): judge each with its own clients"
            ));
        }
    }
    let names: Vec<String> = servers.iter().map(|server| name(server.snapshot(), &servers)).collect();
    let looked_at = outside.as_ref().and_then(|outside| {
        let public = outside.snapshot().addresses.public?;
        servers.iter().position(|server| holds(server.snapshot(), public))
    });
    let of = |place: usize| {
        let others = (0..servers.len()).filter(|other| *other != place);
        ServerHost {
            server: Some(Rc::clone(&servers[place])),
            outside: outside.clone().filter(|_| looked_at.unwrap_or_default() == place),
            host: Some(Host {
                name: names[place].clone(),
                others: others.map(|other| (names[other].clone(), Rc::clone(&servers[other]))).collect(),
            }),
        }
    };
    Ok((0..servers.len()).map(of).collect())
}

/// A case of these ends with each of the hosts.
pub(super) fn each(
    hosts: &[ServerHost],
    ends: impl IntoIterator<Item = Rc<Member>>,
    client: Option<&Client>,
) -> Result<Vec<Case>, String> {
    let ends: Vec<Rc<Member>> = ends.into_iter().collect();
    let case = |it: &ServerHost| {
        let members = it.server.iter().chain(&it.outside).chain(&ends).cloned();
        let case = Case::of(members, client.cloned())?;
        Ok(match &it.host {
            Some(host) => case.on(host.clone()),
            None => case,
        })
    };
    hosts.iter().map(case).collect()
}

/// What a host is called: by its own name, if no other one has that; else by its address in the tunnel.
fn name(server: &Snapshot, all: &[Rc<Member>]) -> String {
    let alike = all.iter().filter(|other| other.snapshot().host == server.host).count();
    if alike > 1 { server.addresses.server.value.to_string() } else { server.host.clone() }
}

/// Whether two hosts are of one deployment: a URL on one of them leads to the other, they are each other's peer, or have one in
/// common.
fn related(one: &Snapshot, other: &Snapshot) -> bool {
    let leads = |from: &Snapshot, to: &Snapshot| urls(from).into_iter().any(|address| holds(to, address));
    let (here, there) = (keys(one), keys(other));
    leads(one, other) || leads(other, one) || here.intersection(&there).next().is_some()
}

/// The addresses in the web app's URLs.
fn urls(server: &Snapshot) -> Vec<IpAddr> {
    let Some(Fact::Env(env)) = server.fact(&FactKey::Env) else { return Vec::new() };
    let hosts = [env.database(), env.broker()].into_iter().filter_map(|it| it.url()?.host.parse().ok());
    hosts.filter(|host: &IpAddr| !host.is_loopback()).collect()
}

/// The keys of its tunnel: its own, and its peers'.
fn keys(server: &Snapshot) -> BTreeSet<String> {
    let mut keys: BTreeSet<String> = server.public_key().into_iter().collect();
    if let Some(Fact::Wg(state)) = server.fact(&FactKey::Wg) {
        let peers = state.interfaces.iter().flat_map(|interface| &interface.peers);
        keys.extend(peers.map(|peer| peer.public_key.clone()));
    }
    keys
}
