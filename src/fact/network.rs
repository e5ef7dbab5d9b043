//! Interfaces, routes and listening sockets.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use ipnet::{IpNet, Ipv4Net};
use serde::{Deserialize, Serialize};

use crate::fact::Vantage;
use crate::fact::words::words;

pub mod ipsec;
pub mod policy;
pub mod routes;

/// One network interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// For example `wg0`.
    pub name: String,
    /// The kernel's kind (`wireguard`, `tun`, `bridge`, `veth`), none for plain devices.
    pub kind: Option<String>,
    /// The administrative flag `IFF_UP`. (operstate reads `unknown` on a healthy tunnel.)
    pub up: bool,
    /// In bytes.
    pub mtu: u32,
    /// With their prefix lengths.
    pub addresses: Vec<IpNet>,
}

/// All interfaces of this network namespace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Links {
    /// In the kernel's order.
    pub links: Vec<Link>,
}

impl Links {
    /// The interface of that name.
    pub fn named(&self, name: &str) -> Option<&Link> {
        self.links.iter().find(|link| link.name == name)
    }

    /// The interface that holds this address as its own.
    pub fn holder(&self, address: IpAddr) -> Option<&Link> {
        self.links.iter().find(|link| link.addresses.iter().any(|net| net.addr() == address))
    }

    /// Whether this machine answers to an address: all of 127.0.0.0/8 is loopback's.
    pub fn has(&self, address: IpAddr) -> bool {
        let loopback = |net: &IpNet| net.addr().is_loopback() && net.contains(&address);
        self.holder(address).is_some() || self.links.iter().any(|link| link.addresses.iter().any(loopback))
    }

    /// Whether an address is on the machine of who asks, which may be a container.
    pub fn is_beside(&self, address: IpAddr, vantage: Vantage) -> bool {
        self.has(address) || (vantage == Vantage::Container && self.is_in_docker_network(address))
    }

    /// Whether an address, asked from within a container, is on the same machine: its Docker host's, or another container's in
    /// the same network, which is one of those that Docker takes by itself (moby, `defaultAddressPools`).
    fn is_in_docker_network(&self, address: IpAddr) -> bool {
        const POOLS: [IpNet; 2] = [
            IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(172, 16, 0, 0), 12)),
            IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(192, 168, 0, 0), 16)),
        ];
        let mut nets =
            self.links.iter().filter(|link| link.kind.as_deref() == Some("veth")).flat_map(|it| &it.addresses);
        POOLS.iter().any(|pool| pool.contains(&address)) && nets.any(|net| net.contains(&address))
    }

    pub(crate) fn summary(&self) -> Vec<String> {
        self.links
            .iter()
            .filter(|link| link.name != "lo")
            .map(|link| {
                let state = if link.up { "up" } else { "down" };
                let addresses = link.addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
                format!("{}: {state}, MTU {}, {addresses}", link.name, link.mtu)
            })
            .collect()
    }
}

/// Whether an address is one that the kernel gives itself, for its link alone.
pub fn is_link_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => (ip.segments()[0] & 0xffc0) == 0xfe80,
    }
}

/// The kernel's answer to "how would you send to this address".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteLookup {
    /// The address asked about.
    pub to: IpAddr,
    /// How.
    pub way: Way,
    /// The same for what bears this machine's own address in the tunnel, as all replies do: rules of the routing
    /// policy may ask for the source. None where it has no such address, or was not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bearing: Option<Bearing>,
}

/// The way of packets that bear a source address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bearing {
    /// The address.
    pub from: IpAddr,
    /// Their way.
    pub way: Way,
}

/// A route, or why there is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// Through this device.
    Device {
        /// Its name.
        device: String,
        /// Its kind, as in [`Link::kind`].
        kind: Option<String>,
        /// The next route; none where the address is on the link itself.
        gateway: Option<IpAddr>,
        /// The address it would speak from.
        source: Option<IpAddr>,
    },
    /// The address is this machine's own.
    Local,
    /// No route (`ENETUNREACH`).
    None,
    /// A route of type unreachable, prohibit or blackhole.
    Barred,
}

impl RouteLookup {
    words! {
        pub(crate) fn label(&self) of &self.way => {
                Way::Device { kind, .. } if kind.as_deref() == Some("wireguard") => "wireguard",
                Way::Device { .. } => "device",
                Way::Local => "local",
                Way::None => "no-route",
                Way::Barred => "barred",
        }
    }

    pub(crate) fn summary(&self) -> Vec<String> {
        let mut lines = vec![format!("route to {}: {}", self.to, self.way.words())];
        if let Some(bearing) = self.bearing.as_ref().filter(|bearing| !bearing.way.is_as(&self.way)) {
            lines.push(format!("route to {} with the source {}: {}", self.to, bearing.from, bearing.way.words()));
        }
        lines
    }
}

impl Way {
    fn words(&self) -> String {
        match self {
            Self::Device { device, gateway, source, .. } => {
                let via = gateway.map_or_else(String::new, |gateway| format!(" via {gateway}"));
                let from = source.map_or_else(String::new, |source| format!(" from {source}"));
                format!("dev {device}{via}{from}")
            }
            Self::Local => "this machine's own address".to_owned(),
            Self::None => "no route".to_owned(),
            Self::Barred => "blocked by a route of type unreachable, prohibit or blackhole".to_owned(),
        }
    }

    /// Whether packets go the same way, whatever address they bear.
    fn is_as(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Device { device, gateway, .. }, Self::Device { device: by, gateway: via, .. }) => {
                device == by && gateway == via
            }
            (one, other) => one == other,
        }
    }
}

/// One TCP socket in LISTEN.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Listener {
    /// `0.0.0.0` and `::` stand for every address.
    pub address: SocketAddr,
    /// The program's name, where rights allow to see it.
    pub program: Option<String>,
    /// Its process, where that has been stopped by a signal (proc(5), state `T` or `t`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<u32>,
}

/// The TCP sockets in LISTEN of this network namespace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listeners {
    /// In the order of port and address.
    pub tcp: Vec<Listener>,
    /// Whether a socket may be bound to an address that is not there yet (`net.ipv4.ip_nonlocal_bind`).
    #[serde(default)]
    pub any_address: bool,
    /// Who may pass others' connections on to a Redis or PostgreSQL that listens on loopback alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub relays: Vec<Relay>,
}

/// A program that passes connections on, and is connected to a service of this machine.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Relay {
    /// Its name, as the kernel has it.
    pub program: String,
    /// The service's port.
    pub port: u16,
}

impl Relay {
    /// What is the service itself, and passes nothing on (Redis, its forks, PostgreSQL).
    pub const SERVERS: [&str; 4] = ["redis-server", "valkey-server", "keydb-server", "postgres"];

    /// What passes connections on to such a service alone, or to any by a tunnel of TLS.
    pub const POOLERS: [&str; 6] = ["pgbouncer", "odyssey", "pgpool", "stunnel", "stunnel4", "ghostunnel"];

    /// What does nothing but pass connections on, or does so where it is connected to such a service: ssh's server, tunnels of
    /// TLS, proxies and poolers. The kernel keeps fifteen letters of a name (proc(5), `comm`).
    pub const PROGRAMS: [&str; 15] = [
        "sshd",
        "sshd-session",
        "stunnel",
        "stunnel4",
        "ghostunnel",
        "haproxy",
        "nginx",
        "envoy",
        "traefik",
        "socat",
        "rinetd",
        "systemd-socket-",
        "pgbouncer",
        "odyssey",
        "pgpool",
    ];
}

impl Listeners {
    /// Those on a port.
    pub fn on(&self, port: u16) -> impl Iterator<Item = &Listener> {
        self.tcp.iter().filter(move |listener| listener.address.port() == port)
    }

    /// Who has a port, and has been stopped.
    pub fn stopped_on(&self, port: u16) -> Option<u32> {
        self.on(port).find_map(|listener| listener.stopped)
    }

    /// Who may pass others' connections on to a port.
    pub fn relay_to(&self, port: u16) -> Option<&str> {
        self.relays.iter().find(|it| it.port == port).map(|it| it.program.as_str())
    }

    /// The port as a number, if the program listens there.
    pub fn runs_on(&self, port: &str, program: &str) -> Option<u16> {
        let port = port.parse().ok()?;
        self.on(port).any(|listener| listener.program.as_deref() == Some(program)).then_some(port)
    }

    /// Whether a connection to this address and port would find a socket. `::` counts for IPv4 too, as it does
    /// unless `net.ipv6.bindv6only` or the program says otherwise.
    pub fn answers(&self, address: IpAddr, port: u16) -> bool {
        self.on(port).any(|listener| self.is_met(listener, address))
    }

    /// Whether it is this socket that a connection to the address would find.
    pub fn is_met(&self, listener: &Listener, address: IpAddr) -> bool {
        let ip = listener.address.ip();
        let narrow = || self.on(listener.address.port()).any(|it| it.address.ip() == address);
        ip == address || (ip.is_unspecified() && (ip.is_ipv4() == address.is_ipv4() || ip.is_ipv6()) && !narrow())
    }

    pub(crate) fn summary(&self) -> Vec<String> {
        self.tcp
            .iter()
            .map(|listener| {
                let program = listener.program.as_ref().map_or_else(String::new, |name| format!(" ({name})"));
                let stopped = listener.stopped.map_or_else(String::new, |pid| format!(", process {pid} is stopped"));
                format!("LISTEN {}{program}{stopped}", listener.address)
            })
            .chain(self.relays.iter().map(|it| format!("{} is connected to port {}", it.program, it.port)))
            .collect()
    }
}
