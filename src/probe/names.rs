//! The names that the deployment's addresses use, asked twice: libc, which is what the app's Python sees, and each
//! name server of resolv.conf by itself, which is where libc's answer comes from.
#![expect(clippy::disallowed_methods, reason = "one datagram tells a closed port from a silent one")]

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs};
use std::time::Duration;

use futures_util::future::{join, join_all};
use hickory_resolver::Resolver;
use hickory_resolver::config::{NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts};
use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{RData, RecordType};
use hickory_resolver::system_conf;
use tokio::net::UdpSocket;
use tokio::time::timeout;

use super::host::limits;
use super::{ProbeContext, ProbeResult, host};
use crate::fact::dial::{NameAnswer, NameLook, NameLooks};
use crate::fact::environment::{Setting, is_proxy};
use crate::fact::touch::{Touch, asks, connects, only, reads, sends};
use crate::fact::{Fact, FactKey, Unseen};
use crate::read::hosts;
use crate::read::wg_quick::value::literal;

/// For libc, whose own patience (5 s for each server, twice) is longer than anybody's here.
const LIBC: Duration = Duration::from_secs(3);
const SOURCE: &str = "getaddrinfo, the name servers of /etc/resolv.conf";
/// hosts(5). Windows has its own elsewhere, which nobody asks for yet.
const HOSTS: &str = "/etc/hosts";
const RESOLV_CONF: &str = "/etc/resolv.conf";
const SERVER: Duration = Duration::from_millis(1500);

/// libc reads these files itself, and would read one that never ends without end: it is asked only where they can be read.
pub(super) fn libc_can_read() -> Result<(), Unseen> {
    if cfg!(unix) {
        host::read_if_there(HOSTS)?;
        host::read_if_there(RESOLV_CONF)?;
    }
    Ok(())
}

pub(super) async fn look(context: &ProbeContext) -> ProbeResult {
    let (written, config) = match (host::read_if_there(HOSTS), resolv_conf()) {
        (Ok(written), Ok(config)) => (written.unwrap_or_default(), config),
        (Err(why), _) | (Ok(_), Err(why)) => return ProbeResult::new(SOURCE, Err(why)),
    };
    // In alphabetic order, as they come.
    let asked = names(context).into_iter().map(|name| {
        let hosts = hosts::lines(&written, &name);
        one(name, hosts, config.clone())
    });
    let names = join_all(asked).await;
    ProbeResult::new(SOURCE, Ok(Fact::Names(NameLooks { names })))
}

/// Host names in URLs that win and in the tunnel's file; addresses, localhost and placeholders are none.
fn names(context: &ProbeContext) -> BTreeSet<String> {
    let mut hosts = Vec::new();
    if let Ok(Fact::Env(environment)) = context.fact(&FactKey::Env) {
        // A proxy's name is resolved when it is asked, and by nobody before.
        for variable in environment.variables.keys().filter(|name| !is_proxy(name)) {
            if let Some(Setting::Url(url)) = environment.winner(variable).map(|layer| &layer.setting) {
                hosts.push(url.host.as_str());
            }
        }
    }
    if let Ok(Fact::WgConf(conf)) = context.fact(&FactKey::WgConf) {
        hosts.extend(conf.peers.iter().filter_map(|peer| Some(peer.endpoint.as_ref()?.0.host.as_str())));
    }
    hosts.into_iter().filter(|host| is_name(host)).map(str::to_ascii_lowercase).collect()
}

fn is_name(host: &str) -> bool {
    !host.is_empty()
        && literal(host).is_none()
        && !host.eq_ignore_ascii_case("localhost")
        && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
}

#[cfg(unix)]
fn written_servers() -> Result<ResolverConfig, Unseen> {
    let text = host::read_if_there(RESOLV_CONF)?.unwrap_or_default();
    Ok(system_conf::parse_resolv_conf(text).unwrap_or_default().0)
}

#[cfg(not(unix))]
fn written_servers() -> Result<ResolverConfig, Unseen> {
    Ok(system_conf::read_system_conf().unwrap_or_default().0)
}

/// Without a name server in the file libc asks the machine itself, and so do we.
fn resolv_conf() -> Result<ResolverConfig, Unseen> {
    let mut config = written_servers()?;
    if config.name_servers.is_empty() {
        config.name_servers.push(NameServerConfig::udp_and_tcp(IpAddr::V4(Ipv4Addr::LOCALHOST)));
    }
    Ok(config)
}

async fn one(name: String, hosts: Vec<(IpAddr, u32)>, config: ResolverConfig) -> NameLook {
    let (domain, search, servers) = config.into_parts();
    let mut asked = Vec::new();
    let mut known = BTreeSet::new();
    for server in servers {
        // The file may name a server twice, and hickory may hold one entry per protocol.
        if known.insert(server.ip) {
            let ip = server.ip;
            let config = ResolverConfig::from_parts(domain.clone(), search.clone(), vec![server]);
            let name = name.as_str();
            asked.push(async move { (ip, ask(name, ip, config).await) });
        }
    }
    let (libc, servers) = join(libc(&name), join_all(asked)).await;
    let libc = match libc {
        Some(Ok(addresses)) => NameAnswer::Addresses(addresses),
        Some(Err(())) => why_libc_failed(&servers),
        None => NameAnswer::Silent,
    };
    NameLook { name, libc, servers, hosts }
}

/// getaddrinfo's error code does not come through the standard library, only its words do, and those are no
/// contract. libc believes the first server that knows, so that server's answer says what the failure was.
fn why_libc_failed(servers: &[(IpAddr, NameAnswer)]) -> NameAnswer {
    let first = servers.iter().find(|(_, answer)| matches!(answer, NameAnswer::Addresses(_) | NameAnswer::NoSuchName));
    match first {
        Some((_, NameAnswer::NoSuchName)) => NameAnswer::NoSuchName,
        _ => NameAnswer::Failed,
    }
}

/// None for no answer in time. On a thread of its own, not the runtime's: the runtime would wait for it at the end.
async fn libc(name: &str) -> Option<Result<Vec<IpAddr>, ()>> {
    let name = name.to_owned();
    let asking = host::apart(move || {
        let found = (name.as_str(), 0).to_socket_addrs();
        found.map(|found| found.map(|address| address.ip()).collect::<BTreeSet<_>>())
    });
    let answered = match asking {
        Ok(answered) => answered,
        Err(error) => {
            limits::note_start(&error);
            return None;
        }
    };
    match timeout(LIBC, answered).await {
        Ok(Ok(Ok(found))) => Some(Ok(found.into_iter().collect())),
        Ok(Ok(Err(_))) => {
            limits::note_handles();
            Some(Err(()))
        }
        Ok(Err(_)) => Some(Err(())),
        Err(_) => None,
    }
}

async fn ask(name: &str, server: IpAddr, config: ResolverConfig) -> NameAnswer {
    tokio::select! {
        () = refused(server) => NameAnswer::Refused,
        answer = timeout(LIBC, query(name, config)) => answer.unwrap_or(NameAnswer::Silent),
    }
}

/// Ends if nothing listens on the server's port: only a connected socket is told so, and hickory's is not.
async fn refused(server: IpAddr) {
    let own = SocketAddr::new(if server.is_ipv4() { [0; 4].into() } else { [0; 16].into() }, 0);
    if let Ok(socket) = UdpSocket::bind(own).await
        && socket.connect((server, 53)).await.is_ok()
        && socket.send(&[0]).await.is_ok()
        && let Err(error) = socket.recv(&mut [0; 16]).await
        && error.kind() == std::io::ErrorKind::ConnectionRefused
    {
        return;
    }
    std::future::pending::<()>().await;
}

async fn query(name: &str, config: ResolverConfig) -> NameAnswer {
    let mut options = ResolverOpts::default();
    options.timeout = SERVER;
    options.attempts = 0;
    options.num_concurrent_reqs = 1;
    options.cache_size = 0;
    options.use_hosts_file = ResolveHosts::Never;
    let resolver = Resolver::builder_with_config(config, TokioRuntimeProvider::default()).with_options(options);
    let Ok(resolver) = resolver.build() else { return NameAnswer::Failed };
    let (v4, v6) = tokio::join!(resolver.lookup(name, RecordType::A), resolver.lookup(name, RecordType::AAAA));
    let mut addresses = BTreeSet::new();
    for record in [&v4, &v6].into_iter().flatten().flat_map(Lookup::answers) {
        if let RData::A(address) = &record.data {
            addresses.insert(IpAddr::V4(address.0));
        } else if let RData::AAAA(address) = &record.data {
            addresses.insert(IpAddr::V6(address.0));
        }
    }
    match v4 {
        _ if !addresses.is_empty() => NameAnswer::Addresses(addresses.into_iter().collect()),
        Ok(_) => NameAnswer::NoSuchName,
        Err(error) if error.is_no_records_found() => NameAnswer::NoSuchName,
        Err(NetError::Timeout) => NameAnswer::Silent,
        Err(_) => NameAnswer::Failed,
    }
}

/// What [`look`] does.
pub(super) fn touches() -> Vec<Touch> {
    let asked =
        [connects(&["udp {name-server}:53", "tcp {name-server}:53"]), sends(&["udp {name-server}:53"])].concat();
    // To put addresses in order libc asks the kernel for the way to each, by a connection over which nothing is sent.
    let order = [connects(&["udp {resolved}:0", "unix /var/run/nscd/socket"]), asks(&["netlink route"])].concat();
    let libc = reads(&["/", "/etc/nsswitch.conf", "/etc/gai.conf", "/etc/host.conf"]);
    let named = only("where a URL or the tunnel's file has a host name", [asked, order, libc].concat());
    [reads(&[HOSTS, RESOLV_CONF]), named].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_are_names() {
        for (host, expected) in [
            ("vpn.example.test", true),
            ("redis", true),
            ("10.8.0.1", false),
            ("fd00::1", false),
            ("LocalHost", false),
            ("<server>", false),
            ("", false),
        ] {
            assert_eq!(is_name(host), expected, "{host}");
        }
    }

    #[test]
    fn the_first_server_that_knows_explains_libcs_failure() {
        let server = |answer| (IpAddr::V4(Ipv4Addr::LOCALHOST), answer);
        assert_eq!(
            why_libc_failed(&[server(NameAnswer::Silent), server(NameAnswer::NoSuchName)]),
            NameAnswer::NoSuchName
        );
        assert_eq!(why_libc_failed(&[server(NameAnswer::Failed), server(NameAnswer::Refused)]), NameAnswer::Failed);
        assert_eq!(why_libc_failed(&[]), NameAnswer::Failed);
    }

    /// An alias of itself, and one that leads from name to name without end: both have no address, and are no reason to wait.
    #[tokio::test]
    async fn an_alias_that_leads_nowhere_has_no_address() {
        for target in [&b"\xc0\x0c"[..], b"\x01b\xc0\x0c"] {
            let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
            let port = socket.local_addr().expect("bound").port();
            let server = async {
                let mut packet = [0; 512];
                loop {
                    let (length, from) = socket.recv_from(&mut packet).await.expect("asked");
                    // The question ends with the name's last zero and four bytes more; what follows it (EDNS) is left out.
                    let end = 12 + packet[12..length].iter().position(|byte| *byte == 0).expect("a name") + 5;
                    let id = &packet[..2];
                    let header = [id, b"\x81\x80\0\x01\0\x01\0\0\0\0"].concat();
                    let length = u16::try_from(target.len()).expect("short").to_be_bytes();
                    let answer = [b"\xc0\x0c\0\x05\0\x01\0\0\0\x3c", &length[..], target].concat();
                    let all = [&header[..], &packet[12..end], &answer].concat();
                    socket.send_to(&all, from).await.expect("sent");
                }
            };
            let mut named = NameServerConfig::udp(IpAddr::V4(Ipv4Addr::LOCALHOST));
            named.connections.iter_mut().for_each(|connection| connection.port = port);
            let config = ResolverConfig::from_parts(None, Vec::new(), vec![named]);
            let asked = timeout(LIBC, query("loop.example.test.", config));
            let answer = tokio::select! { answer = asked => answer.unwrap_or(NameAnswer::Silent), () = server => unreachable!() };
            assert!(matches!(answer, NameAnswer::NoSuchName | NameAnswer::Failed), "{target:?}: {answer:?}");
        }
    }
}
