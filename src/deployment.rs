//! All snapshots of a deployment → one case for each of its clients. A judge compares one client with the server; what is
//! equal for many is told once, by the report.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::rc::Rc;

use hosts::ServerHost;

use crate::case::{Case, Client, Member};
use crate::fact::order::InOrder;
use crate::fact::wireguard::{LOOKED_AT, WgPeer};
use crate::fact::{Fact, FactKey, Vantage};
use crate::profile::Origin;
use crate::snapshot::Snapshot;

mod hosts;

/// The cases of a deployment.
#[derive(Debug)]
pub struct Deployment {
    cases: Vec<Case>,
    notes: Vec<String>,
}

/// A client's snapshot, and those of its containers.
struct Machine {
    client: Rc<Member>,
    containers: Vec<Rc<Member>>,
}

impl Deployment {
    /// Ties containers to their clients and clients to the server's peers. The server role may be split over hosts; the outside
    /// may be there once.
    pub fn new(snapshots: Vec<Snapshot>) -> Result<Self, String> {
        let mut notes = Vec::new();
        let members = once_each(snapshots, &mut notes).into_iter().map(Member::new).collect();
        Self::of(members, notes)
    }

    /// The same as these vantages alone tell it. What was understood of a snapshot is not understood again.
    pub fn seen_from(&self, vantages: &[Vantage]) -> Result<Self, String> {
        let mut members = Vec::<Rc<Member>>::new();
        for member in self.cases.iter().flat_map(Case::members) {
            if vantages.contains(&member.snapshot().vantage) && !members.iter().any(|other| Rc::ptr_eq(other, member)) {
                members.push(Rc::clone(member));
            }
        }
        Self::of(members, Vec::new())
    }

    fn of(members: Vec<Rc<Member>>, mut notes: Vec<String>) -> Result<Self, String> {
        let (mut servers, mut outside) = (Vec::new(), None);
        let (mut machines, mut containers) = (Vec::<Machine>::new(), Vec::new());
        for member in members {
            let vantage = member.snapshot().vantage;
            match vantage {
                Vantage::Client => machines.push(Machine { client: member, containers: Vec::new() }),
                Vantage::Container => containers.push(member),
                Vantage::Server => servers.push(member),
                Vantage::Outside if outside.is_none() => outside = Some(member),
                Vantage::Outside => {
                    return Err("two snapshots of the outside: judge each with its own server".to_owned());
                }
            }
        }
        let strays = tie(containers, &mut machines, &mut notes);
        let hosts = hosts::together(servers, outside)?;
        let keys: BTreeSet<String> = hosts.iter().filter_map(|host| host.server()?.public_key()).collect();
        // A host of the server role is no client of the one that is its hub.
        let peers: Vec<WgPeer> = hosts.iter().filter_map(ServerHost::server).flat_map(peers).collect();
        let peers: Vec<WgPeer> = distinct(peers.into_iter().filter(|peer| !keys.contains(&peer.public_key)));
        let many = |machine: &Machine| machine.containers.len() > 1;
        let several = machines.len() + strays.len() > 1 || peers.len() > 1 || machines.iter().any(many);
        let by_key: HashMap<&str, &WgPeer> = peers.iter().map(|peer| (peer.public_key.as_str(), peer)).collect();
        let mut cases = Vec::new();
        let mut met = BTreeSet::new();
        for machine in &machines {
            let key = machine.client.snapshot().public_key();
            let peer = key.and_then(|key| by_key.get(key.as_str()).copied());
            met.extend(peer.map(|peer| peer.public_key.clone()));
            let address = own_address(machine.client.snapshot()).or_else(|| peer.and_then(WgPeer::own_address));
            let name = || address.map_or_else(|| machine.client.snapshot().host.clone(), |it| it.to_string());
            let client = |container: Option<String>| several.then(|| Client { address, name: name(), container });
            let own = || [Rc::clone(&machine.client)].into_iter();
            if machine.containers.is_empty() {
                cases.extend(hosts::each(&hosts, own(), client(None).as_ref())?);
            }
            for container in &machine.containers {
                let name = many(machine).then(|| container.snapshot().host.clone());
                cases.extend(hosts::each(&hosts, own().chain([Rc::clone(container)]), client(name).as_ref())?);
            }
        }
        for stray in strays {
            let client =
                several.then(|| Client { address: None, name: stray.snapshot().host.clone(), container: None });
            cases.extend(hosts::each(&hosts, [stray], client.as_ref())?);
        }
        let mut absent: Vec<&WgPeer> = peers.iter().filter(|peer| several && !met.contains(&peer.public_key)).collect();
        absent.in_order_of(|peer| std::cmp::Reverse(peer.handshake));
        // The server looks at so many of all its peers, those that it heard of last first.
        let looked_at = LOOKED_AT.saturating_sub(met.len());
        let more = absent.len().saturating_sub(looked_at);
        if more > 0 {
            notes.push(format!(
                "{more} more peers of the server, those that it heard longest ago, are not judged one by one"
            ));
        }
        for address in absent.into_iter().take(looked_at).filter_map(WgPeer::own_address) {
            let client = Client { address: Some(address), name: address.to_string(), container: None };
            cases.extend(hosts::each(&hosts, [], Some(&client))?);
        }
        if cases.is_empty() {
            cases = hosts::each(&hosts, [], None)?;
        }
        Ok(Self { cases, notes })
    }

    /// One for each client; at least one.
    pub fn cases(&self) -> &[Case] {
        &self.cases
    }

    /// The same, for who needs each of them once.
    pub fn into_cases(self) -> impl Iterator<Item = Case> {
        self.cases.into_iter()
    }

    /// What to keep in mind of how the snapshots were put together.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Why a client cannot be of the server's deployment, if so.
    pub fn different_deployments(&self) -> Option<String> {
        self.cases.iter().find_map(Case::different_deployments)
    }
}

/// Without those that were given twice. Of two looks of one machine the later one counts. A host's name alone tells no
/// machine: many have the same.
fn once_each(mut snapshots: Vec<Snapshot>, notes: &mut Vec<String>) -> Vec<Snapshot> {
    snapshots.in_order_of(|snapshot| (snapshot.vantage, std::cmp::Reverse(snapshot.taken_at)));
    let mut kept = Vec::<Snapshot>::new();
    // Only what has one host name can be one machine.
    let mut by_host = HashMap::<(Vantage, String), Vec<usize>>::new();
    for snapshot in snapshots {
        let named = by_host.entry((snapshot.vantage, snapshot.host.clone())).or_default();
        let key = snapshot.public_key();
        let same = |other: &&Snapshot| {
            let one_client = snapshot.vantage == Vantage::Client && key.is_some() && other.public_key() == key;
            let one_container = snapshot.vantage == Vantage::Container && is_docker_id(&snapshot.host);
            let worker = matches!(snapshot.vantage, Vantage::Client | Vantage::Container);
            let one_server = snapshot.vantage == Vantage::Server && key.is_some() && other.public_key() == key;
            one_server || worker && (one_client || one_container || *other == &snapshot)
        };
        if let Some(other) = named.iter().map(|place| &kept[*place]).find(same) {
            let (vantage, host) = (other.vantage, &other.host);
            notes.push(format!("two snapshots of the {vantage} {host}: the newer one is judged"));
        } else {
            named.push(kept.len());
            kept.push(snapshot);
        }
    }
    kept
}

/// Docker names a container's host by the first twelve digits of its id.
fn is_docker_id(host: &str) -> bool {
    host.len() == 12 && host.chars().all(|c| c.is_ascii_hexdigit())
}

/// Gives each container to the one client whose Docker has it, and returns those that cannot be given to any.
fn tie(containers: Vec<Rc<Member>>, machines: &mut [Machine], notes: &mut Vec<String>) -> Vec<Rc<Member>> {
    let mut strays = Vec::new();
    let only = machines.len() == 1;
    for container in containers {
        let host = &container.snapshot().host;
        let owns = |machine: &&mut Machine| only || has_container(machine.client.snapshot(), host);
        let mut owners = machines.iter_mut().filter(owns);
        if let (Some(machine), None) = (owners.next(), owners.next()) {
            machine.containers.push(container);
            continue;
        }
        if !machines.is_empty() {
            notes.push(format!(
                "the container {host} cannot be assigned to one client: it is judged with the server alone"
            ));
        }
        strays.push(container);
    }
    strays
}

fn has_container(client: &Snapshot, host: &str) -> bool {
    let Some(Fact::Docker(docker)) = client.fact(&FactKey::Docker) else { return false };
    docker.workers.iter().any(|worker| worker.hostname.as_deref() == Some(host))
}

/// The peers of the server's tunnel, as it runs.
fn peers(server: &Snapshot) -> Vec<WgPeer> {
    let Some(Fact::Wg(state)) = server.fact(&FactKey::Wg) else { return Vec::new() };
    let named = state.interfaces.iter().find(|interface| interface.name == server.addresses.interface.value);
    named.map(|interface| interface.peers.clone()).unwrap_or_default()
}

/// Each peer once: of those whom several hosts know, what the first of them says.
fn distinct(peers: impl Iterator<Item = WgPeer>) -> Vec<WgPeer> {
    let mut known = BTreeSet::new();
    peers.filter(|peer| known.insert(peer.public_key.clone())).collect()
}

fn own_address(client: &Snapshot) -> Option<IpAddr> {
    let own = &client.addresses.client;
    (own.origin != Origin::Assumed).then_some(own.value)
}
