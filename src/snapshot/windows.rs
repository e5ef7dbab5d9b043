//! A recording of `windows.ps1` → the snapshot that this program would have made on that Windows client.

use std::collections::BTreeMap;

use super::{Rights, SCHEMA, Snapshot};
use crate::fact::dial::{EchoSocket, Endpoint, PingOutcome, TcpOutcome};
use crate::fact::network::routes::Routes;
use crate::fact::network::{Links, RouteLookup, Way};
use crate::fact::wireguard::{WgInterface, WgState};
use crate::fact::{Fact, FactKey, Observation, Observed, Place, Service, TcpTarget, UnitTarget, Unseen, Vantage};
use crate::profile::{Addresses, Known, Origin, Profile, settle};
use crate::read::windows::{Recording, way};

/// The word of a Windows machine in [`Snapshot::platform`]: Rust's own.
pub const WINDOWS: &str = "windows";

impl Snapshot {
    /// What a recording tells. It is the client's: nothing else of the deployment runs on Windows.
    pub fn of_windows(recording: &Recording, profile: &Profile) -> Self {
        let mut seen = Seen { facts: BTreeMap::new() };
        let tunnel = profile.interface.as_deref().or(recording.tunnel()).unwrap_or("wg0");
        let first = recording.wg.clone().map(|found| running(found, recording, Vec::new()));
        seen.add(FactKey::Wg, "`wg show all dump`", first.clone().map(Fact::Wg).ok_or_else(|| no_wg(recording)));
        let unit = recording.unit(tunnel).map(Fact::Unit);
        seen.add(FactKey::Unit(UnitTarget::WireGuard), "Get-Service", unit.ok_or_else(not_recorded));
        let links = recording.links.clone().map(|links| Fact::Links(Links { links }));
        seen.add(FactKey::Links, "the adapters, as .NET lists them", links.ok_or_else(not_recorded));
        let entries = recording.entries.clone().map(|entries| {
            Fact::Routes(Routes { entries, forwards: None, kept_back: Vec::new(), policy: Vec::new(), ipsec: None })
        });
        seen.add(FactKey::Routes, "`route print`", entries.ok_or_else(not_recorded));
        let docker = recording.docker.clone().map(Fact::Docker);
        let no_docker = || Unseen::NoTool("Docker does not answer on Windows, or is not installed".to_owned());
        seen.add(FactKey::Docker, "docker inspect", docker.ok_or_else(no_docker));
        let mut addresses = settle(profile, Vantage::Client, &seen.facts);
        // A tunnel that does not run is known by its service, or by the app's list.
        if let (Origin::Assumed, Some(tunnel)) = (addresses.interface.origin, recording.tunnel()) {
            addresses.interface = Known { value: tunnel.to_owned(), origin: Origin::Seen };
        }
        seen.ways(recording, &addresses);
        seen.dials(recording, &addresses);
        let again = again(recording, first, &addresses, &seen);
        seen.add(FactKey::WgAgain, "`wg show all dump` once more", again.map(Fact::Wg).ok_or_else(|| no_wg(recording)));
        for key in [FactKey::Env, FactKey::Redis, FactKey::Postgres, FactKey::Celery, FactKey::Workers, FactKey::Api] {
            let why = "run clipcheck inside the container: a recording of Windows contains no variables, because they can contain passwords";
            seen.add(key, "", Err(Unseen::NotKnown(why.to_owned())));
        }
        Self {
            schema: SCHEMA,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            vantage: Vantage::Client,
            vantage_by: "a recording of windows.ps1".to_owned(),
            host: recording.host.clone(),
            platform: WINDOWS.to_owned(),
            kernel: String::new(),
            rights: if recording.administrator { Rights::Administrator } else { Rights::User },
            taken_at: recording.taken_at,
            took_us: 0,
            addresses,
            facts: seen.facts,
        }
    }
}

fn no_wg(recording: &Recording) -> Unseen {
    if !recording.installed {
        Unseen::NoTool("WireGuard for Windows is not installed: there is no wg.exe".to_owned())
    } else if recording.administrator {
        Unseen::NoTool("`wg show all dump` did not answer".to_owned())
    } else {
        Unseen::NeedsRights("run windows.ps1 in a PowerShell opened as Administrator".to_owned())
    }
}

fn not_recorded() -> Unseen {
    Unseen::NotKnown("the recording of Windows does not contain it".to_owned())
}

fn running(interfaces: Vec<WgInterface>, recording: &Recording, nudged: Vec<String>) -> WgState {
    WgState { interfaces, read_at: recording.taken_at, nudged, handshakes: None }
}

/// The second look. The dials at the server were packets for every peer that has the server's address and was idle.
fn again(recording: &Recording, first: Option<WgState>, addresses: &Addresses, seen: &Seen) -> Option<WgState> {
    let (first, again) = (first?, recording.wg_again.clone()?);
    let server = addresses.server.value;
    let tried =
        recording.pings.iter().any(|(to, _)| *to == server) || recording.dials.iter().any(|(to, ..)| *to == server);
    let through = |interface: &WgInterface| seen.leads_through(&interface.name) && tried;
    let idle = first.interfaces.iter().filter(|interface| through(interface)).flat_map(|interface| &interface.peers);
    let idle = idle.filter(|peer| peer.endpoint.is_some() && !peer.has_session(first.read_at));
    let nudged = idle.filter(|peer| peer.allowed_ips.iter().any(|net| net.contains(&server)));
    let nudged = nudged.map(|peer| peer.public_key.clone()).collect();
    Some(running(again, recording, nudged))
}

struct Seen {
    facts: BTreeMap<FactKey, Box<Observed>>,
}

impl Seen {
    fn add(&mut self, key: FactKey, source: &str, found: Result<Fact, Unseen>) {
        let observation = match found {
            Ok(fact) => Observation::Seen(fact),
            Err(why) => Observation::Unseen(why),
        };
        self.facts.insert(key, Observed { observation, source: source.to_owned(), took_us: 0 }.into());
    }

    fn ways(&mut self, recording: &Recording, addresses: &Addresses) {
        let places = [(Place::Server, Some(addresses.server.value)), (Place::Public, addresses.public)];
        for (place, to) in places {
            let found = match (to, &recording.links, &recording.entries) {
                (Some(to), Some(links), Some(entries)) => {
                    Ok(Fact::Route(RouteLookup { to, way: way(to, links, entries), bearing: None }))
                }
                (None, ..) => Err(Unseen::NotKnown("the server's address outside the tunnel is not known".to_owned())),
                (Some(_), ..) => Err(not_recorded()),
            };
            self.add(FactKey::Route(place), "`route print`", found);
        }
    }

    fn dials(&mut self, recording: &Recording, addresses: &Addresses) {
        let server = addresses.server.value;
        let other = || {
            Unseen::NotKnown(format!(
                "the recording did not connect to {server}; use `windows.ps1 -Server {server} -RedisPort {} -PostgresPort {}`",
                addresses.redis_port.value, addresses.postgres_port.value
            ))
        };
        let ping = recording.pings.iter().find(|(to, _)| *to == server);
        let ping = ping.map(|(to, how)| Fact::Ping(PingOutcome { to: *to, how: *how, socket: EchoSocket::Windows }));
        self.add(FactKey::Ping(Place::Server), "ICMP", ping.ok_or_else(other));
        let ports = [(Service::Redis, addresses.redis_port.value), (Service::Postgres, addresses.postgres_port.value)];
        for (service, port) in ports {
            let dial = recording.dials.iter().find(|(to, at, _)| (*to, *at) == (server, port));
            let dial = dial.map(|(_, _, how)| {
                let endpoint = Endpoint { host: server.to_string(), port };
                Fact::Tcp(TcpOutcome { endpoint, how: *how, from: None, dropped: BTreeMap::new() })
            });
            self.add(FactKey::Tcp(TcpTarget::Tunnel(service)), "TCP connect", dial.ok_or_else(other));
        }
    }

    /// Whether the way to the server leads by this interface.
    fn leads_through(&self, interface: &str) -> bool {
        let route = self.facts.get(&FactKey::Route(Place::Server)).map(|observed| &observed.observation);
        matches!(route, Some(Observation::Seen(Fact::Route(RouteLookup { way: Way::Device { device, .. }, .. }))) if device == interface)
    }
}
