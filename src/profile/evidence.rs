//! What this machine itself tells of the deployment's addresses.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::IpNet;

use super::guide;
use crate::fact::dial::NameLooks;
use crate::fact::environment::{EnvUrl, Environment};
use crate::fact::network::{Links, is_link_local};
use crate::fact::wireguard::{WgConf, WgState};
use crate::fact::{Fact, FactKey, Observation, Observed, Vantage};

/// The widest network (of IPv4) that AllowedIPs may name and still mean the tunnel's own: what is wider sends other
/// traffic into it.
const NETWORK: u8 = 16;

#[derive(Default)]
pub(super) struct Evidence {
    pub(super) server: Option<IpAddr>,
    /// The first address of the subnet, which the guide gives the server; in a subnet of one's own that is only assumed.
    pub(super) first: Option<IpAddr>,
    pub(super) client: Option<IpAddr>,
    pub(super) subnet: Option<IpNet>,
    /// Networks beyond the tunnel's own that this host's peers pass packets on to.
    behind: Vec<IpNet>,
    pub(super) public: Option<IpAddr>,
    pub(super) interface: Option<String>,
    pub(super) wireguard_port: Option<u16>,
    /// Of several addresses of the server the one that Redis is asked at.
    pub(super) redis_at: Option<IpAddr>,
    pub(super) postgres_at: Option<IpAddr>,
    pub(super) redis_port: Option<u16>,
    pub(super) postgres_port: Option<u16>,
}

impl Evidence {
    pub(super) fn of(vantage: Vantage, seen: &BTreeMap<FactKey, Box<Observed>>) -> Self {
        let fact = |key: &FactKey| match seen.get(key).map(|observed| &observed.observation) {
            Some(Observation::Seen(fact)) => Some(fact),
            Some(Observation::Unseen(_)) | None => None,
        };
        let mut evidence = Self::default();
        let conf =
            fact(&FactKey::WgConf).and_then(|fact| if let Fact::WgConf(conf) = fact { Some(conf) } else { None });
        let wg = fact(&FactKey::Wg).and_then(|fact| if let Fact::Wg(wg) = fact { Some(wg) } else { None });
        let links =
            fact(&FactKey::Links).and_then(|fact| if let Fact::Links(links) = fact { Some(links) } else { None });
        let env = fact(&FactKey::Env).and_then(|fact| if let Fact::Env(env) = fact { Some(env) } else { None });
        evidence.tunnel(vantage, conf, wg, links, env);
        let names =
            fact(&FactKey::Names).and_then(|fact| if let Fact::Names(names) = fact { Some(names) } else { None });
        if let Some(env) = env {
            evidence.urls(vantage, env, links, names);
        }
        evidence
    }

    /// What the tunnel itself tells: this host's own address, the subnet, the far end's.
    fn tunnel(
        &mut self,
        vantage: Vantage,
        conf: Option<&WgConf>,
        wg: Option<&WgState>,
        links: Option<&Links>,
        env: Option<&Environment>,
    ) {
        let is_other = |name: &str| conf.is_some_and(|conf| is_another_tunnel(name, conf, links, env));
        let running = wg.and_then(|wg| match wg.interfaces.as_slice() {
            [only] => Some(only).filter(|only| !is_other(&only.name)),
            several => several.iter().find(|it| conf.and_then(WgConf::interface) == Some(it.name.as_str())),
        });
        let wireguard_link = links.and_then(|links| {
            let mut of_kind = links.links.iter().filter(|link| link.kind.as_deref() == Some("wireguard"));
            of_kind.next().filter(|_| of_kind.next().is_none()).filter(|link| !is_other(&link.name))
        });
        self.interface = running
            .map(|interface| interface.name.clone())
            .or_else(|| wireguard_link.map(|link| link.name.clone()))
            .or_else(|| conf.and_then(WgConf::interface).map(str::to_owned));
        // What runs goes before what is written: the file may not have been loaded yet.
        let link = self.interface.as_deref().and_then(|name| links?.named(name));
        let on_link = link.map(|link| link.addresses.iter().filter(|net| !is_link_local(net.addr())).collect());
        let on_link: Vec<&IpNet> = on_link.unwrap_or_default();
        let nets = if on_link.is_empty() { conf.iter().flat_map(|conf| &conf.addresses).collect() } else { on_link };
        let allowed: &[IpNet] = match (running.map(|interface| interface.peers.as_slice()), conf) {
            (Some([only]), _) => &only.allowed_ips,
            (_, Some(conf)) if conf.peers.len() == 1 => &conf.peers[0].allowed_ips,
            _ => &[],
        };
        // Of several addresses the one that the URLs go by, else the first.
        let hosts: Vec<IpAddr> = env.map(hosts).unwrap_or_default();
        let is_meant =
            |net: &&&IpNet| !hosts.is_empty() && hosts.iter().all(|host| is_of(vantage, net, *host, allowed));
        let own = nets.iter().find(is_meant).or(nets.first()).map(|net| **net);
        // A /32 or /128 says nothing about the subnet; on the client AllowedIPs may.
        self.subnet = own.filter(|net| net.prefix_len() < net.max_prefix_len()).map(|net| net.trunc());
        match vantage {
            Vantage::Server => {
                self.server = own.map(|net| net.addr());
                // Each service may have its own, as the web app's URL for it says.
                let at = |url: Option<&EnvUrl>| {
                    let host = url?.host.parse().ok()?;
                    nets.iter().any(|net| net.addr() == host).then_some(host)
                };
                self.redis_at = env.and_then(|env| at(env.broker().url()));
                self.postgres_at = env.and_then(|env| at(env.database().url()));
                let like = |address: &IpAddr| own.is_some_and(|own| own.addr().is_ipv4() == address.is_ipv4());
                self.client = running.and_then(|interface| match interface.peers.as_slice() {
                    [only] => only.own_addresses().find(like).or_else(|| only.own_address()),
                    _ => None,
                });
                let written = conf.and_then(|conf| conf.listen_port).map(|(port, _)| port);
                // A port that nobody wrote down is another one after the next start.
                self.wireguard_port =
                    written.map(|written| running.and_then(|interface| interface.listen_port).unwrap_or(written));
            }
            Vantage::Client => {
                self.client = own.map(|net| net.addr());
                let around = |net: &&IpNet| {
                    (NETWORK..net.max_prefix_len()).contains(&net.prefix_len())
                        && own.is_some_and(|own| net.contains(&own.addr()))
                };
                self.subnet = self.subnet.or_else(|| allowed.iter().find(around).map(IpNet::trunc));
                self.behind = allowed.iter().filter(|net| (NETWORK..).contains(&net.prefix_len())).copied().collect();
                // The guide numbers the server first in its subnet. That address is not the server's where it is this host's.
                self.first = self.subnet.filter(IpNet::addr_is_v4).and_then(|net| net.hosts().next());
                self.first = self.first.filter(|first| self.client != Some(*first));
                self.server = self.first.filter(|first| *first == guide::SERVER);
                let peer = conf.and_then(|conf| match conf.peers.as_slice() {
                    [only] => Some(only),
                    _ => None,
                });
                let written = peer.and_then(|peer| peer.endpoint.as_ref()).map(|(endpoint, _)| endpoint);
                self.wireguard_port = written.and_then(|endpoint| endpoint.port);
                self.public = written
                    .and_then(|endpoint| endpoint.host.parse().ok())
                    .or_else(|| running.and_then(|interface| interface.peers.first()?.endpoint).map(|at| at.ip()));
            }
            Vantage::Container | Vantage::Outside => {}
        }
    }

    /// What the URLs tell. A host counts only where it cannot be the mistake itself: inside the tunnel's subnet
    /// as the interface has it, or, in a container, which sees no interface, where all URLs agree on the guide's
    /// own subnet. There a name is what the worker's own resolver makes of it. What is beside the worker (this host's own
    /// address, from within a container that of its Docker host) is not the server, whose port such a URL does not tell.
    fn urls(&mut self, vantage: Vantage, env: &Environment, links: Option<&Links>, names: Option<&NameLooks>) {
        let database = env.database();
        let broker = env.broker();
        let leads = |url: Option<&EnvUrl>| -> Vec<IpAddr> {
            let names = names.filter(|_| vantage == Vantage::Container);
            let of_name = |host: &String| names?.leads(host)?.first().copied();
            let all = url.into_iter().flat_map(|url| std::iter::once(&url.host).chain(&url.others));
            all.filter_map(|host| host.parse().ok().or_else(|| of_name(host))).collect()
        };
        let (of_broker, of_database) = (leads(broker.url()), leads(database.url()));
        // Of several hosts the first one may be down: it is that one which the other URL has, too.
        let one = |of: &[IpAddr], other: &[IpAddr]| of.iter().find(|it| other.contains(it)).or(of.first()).copied();
        let redis = one(&of_broker, &of_database);
        let postgres = one(&of_database, &of_broker);
        let is_beside = |at: &IpAddr| {
            let of_tunnel = self.subnet.is_some_and(|subnet| subnet.contains(at));
            vantage != Vantage::Server && !of_tunnel && links.is_some_and(|links| links.is_beside(*at, vantage))
        };
        let hosts: Vec<IpAddr> = [postgres, redis].into_iter().flatten().filter(|at| !is_beside(at)).collect();
        // A container sees no tunnel: there its URLs say where it goes.
        let behind = |host: &IpAddr| self.behind.iter().any(|net| net.contains(host));
        let trusted = |host: &IpAddr| match (self.subnet, vantage) {
            (Some(subnet), _) => subnet.contains(host) || behind(host) || is_of_tunnel(links, *host),
            (None, Vantage::Container) => is_private(*host),
            (None, _) => false,
        };
        if vantage != Vantage::Server
            && let Some(first) = hosts.first()
            && hosts.iter().all(|host| host == first)
            && trusted(first)
            && self.client != Some(*first)
            // What is behind a peer is not the peer, which is the tunnel's other end.
            && self.subnet.is_none_or(|subnet| subnet.contains(first))
        {
            self.server = Some(*first);
        }
        if vantage != Vantage::Server {
            // The worker goes where each of its URLs says. From the host itself it is the tunnel that is asked, not the relay.
            let met = |at: &IpAddr| trusted(at) && self.client != Some(*at);
            let at = |at: Option<IpAddr>| at.filter(|at| met(at) && (vantage == Vantage::Container || !is_beside(at)));
            (self.redis_at, self.postgres_at) = (at(redis), at(postgres));
        }
        // A URL without a port means the program's own.
        let port = |url: Option<&EnvUrl>, at: Option<IpAddr>, usual: u16| {
            let relayed = vantage == Vantage::Client && at.is_some_and(|at| is_beside(&at));
            url.filter(|_| !relayed).map(|url| url.port.unwrap_or(usual))
        };
        // A URL of another kind (amqp:, sqlite:) says nothing of Redis' or PostgreSQL's port.
        let of_redis = broker.url().filter(|url| url.is_redis() && url.socket.is_none());
        self.redis_port = port(of_redis, redis, guide::REDIS_PORT);
        self.postgres_port = port(database.url().filter(|url| url.is_postgres()), postgres, guide::POSTGRES_PORT);
    }
}

/// Whether an address is in the network of a WireGuard interface of this machine, whichever it is.
fn is_of_tunnel(links: Option<&Links>, address: IpAddr) -> bool {
    let mut tunnels = links.into_iter().flat_map(|links| &links.links);
    tunnels.any(|link| {
        link.kind.as_deref() == Some("wireguard") && link.addresses.iter().any(|net| net.contains(&address))
    })
}

/// Whether an address can be one of a tunnel: private (RFC 1918), shared (RFC 6598) or unique local (RFC 4193).
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_private() || (address.octets()[0] == 100 && address.octets()[1] & 0xc0 == 64),
        IpAddr::V6(address) => address.is_unique_local(),
    }
}

/// The addresses that the URLs have, where they are addresses.
fn hosts(env: &Environment) -> Vec<IpAddr> {
    [env.database(), env.broker()].into_iter().filter_map(|it| it.url()?.host.parse().ok()).collect()
}

/// Whether a URL's host goes by one of this host's own addresses: on the server it is that very address, elsewhere it is in its
/// network, or in that of the peer.
fn is_of(vantage: Vantage, net: &IpNet, host: IpAddr, allowed: &[IpNet]) -> bool {
    if vantage == Vantage::Server {
        return net.addr() == host;
    }
    let around = |it: &IpNet| it.prefix_len() >= NETWORK && it.contains(&net.addr()) && it.contains(&host);
    net.contains(&host) || allowed.iter().any(around)
}

/// Whether a running interface is not the one of the file, which is the deployment's since the URLs lead into its network:
/// then this one does not run.
fn is_another_tunnel(name: &str, conf: &WgConf, links: Option<&Links>, env: Option<&Environment>) -> bool {
    let hosts = env.into_iter().flat_map(|env| {
        let urls = [env.database(), env.broker(), env.redis("REDIS_URL")];
        urls.into_iter().filter_map(|it| it.url()?.host.parse::<IpAddr>().ok()).collect::<Vec<_>>()
    });
    let mut hosts = hosts.filter(|host| conf.addresses.iter().any(|net| net.contains(host))).peekable();
    let runs = links.and_then(|links| links.named(name)).map(|link| link.addresses.as_slice()).unwrap_or_default();
    let meets = |net: &IpNet| runs.iter().any(|run| run.contains(&net.addr()) || net.contains(&run.addr()));
    conf.interface().is_some_and(|own| own != name) && hosts.peek().is_some() && !conf.addresses.iter().any(meets)
}

/// `IpNet` has no such question of its own.
trait Family {
    fn addr_is_v4(&self) -> bool;
}

impl Family for IpNet {
    fn addr_is_v4(&self) -> bool {
        self.addr().is_ipv4()
    }
}
