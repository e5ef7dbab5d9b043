//! The names that the deployment's addresses use, asked twice: libc, which is what the app's Python sees, and each
//! name server of resolv.conf by itself, which is where libc's answer comes from.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, ToSocketAddrs};
use std::time::Duration;

use futures_util::future::{join, join_all};
use tokio::time::timeout;

use super::host::limits;
use super::{ProbeContext, ProbeResult, host};
use crate::fact::dial::{NameAnswer, NameLook, NameLooks};
use crate::fact::environment::{Setting, is_proxy};
use crate::fact::touch::{Touch, asks, connects, only, reads};
use crate::fact::{Fact, FactKey, Unseen};
use crate::read::hosts;
use crate::read::wg_quick::value::literal;

mod server;

/// For libc, whose own patience (5 s for each server, twice) is longer than anybody's here.
const LIBC: Duration = Duration::from_secs(3);
const SOURCE: &str = "getaddrinfo, the name servers of /etc/resolv.conf";
/// hosts(5). Windows has its own elsewhere, which nobody asks for yet.
const HOSTS: &str = "/etc/hosts";
const RESOLV_CONF: &str = "/etc/resolv.conf";
const PORT: u16 = 53;

/// Who is asked, and for what (resolv.conf(5)).
#[derive(Debug, Clone, PartialEq, Eq)]
struct Resolvers {
    servers: Vec<IpAddr>,
    /// The domains that a name may be in.
    search: Vec<String>,
    /// With so many dots a name is asked as it is first.
    dots: usize,
}

impl Resolvers {
    /// The names that one stands for, in the order in which libc asks for them.
    fn names(&self, name: &str) -> Vec<String> {
        if name.ends_with('.') {
            return vec![name.to_owned()];
        }
        let searched = self.search.iter().map(|domain| format!("{name}.{}", domain.trim_start_matches('.')));
        let whole = [name.to_owned()].into_iter();
        if name.matches('.').count() >= self.dots {
            whole.chain(searched).collect()
        } else {
            searched.chain(whole).collect()
        }
    }
}

/// libc reads these files itself, and would read one that never ends without end: it is asked only where they can be read.
pub(super) fn libc_can_read() -> Result<(), Unseen> {
    if cfg!(unix) {
        host::read_if_there(HOSTS)?;
        host::read_if_there(RESOLV_CONF)?;
    }
    Ok(())
}

pub(super) async fn look(context: &ProbeContext) -> ProbeResult {
    let (written, resolvers) = match (host::read_if_there(HOSTS), resolvers()) {
        (Ok(written), Ok(resolvers)) => (written.unwrap_or_default(), resolvers),
        (Err(why), _) | (Ok(_), Err(why)) => return ProbeResult::new(SOURCE, Err(why)),
    };
    // In alphabetic order, as they come.
    let asked = names(context).into_iter().map(|name| {
        let hosts = hosts::lines(&written, &name);
        one(name, hosts, &resolvers)
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
fn written() -> Result<Resolvers, Unseen> {
    let text = host::read_if_there(RESOLV_CONF)?.unwrap_or_default();
    // A line that it does not take is none to libc either.
    let (read, _) = resolv_conf::Config::parse_with_errors(text.as_bytes());
    let mut search: Vec<String> = read.get_last_search_or_domain().cloned().collect();
    if search.is_empty() {
        // As libc does, the domain of the machine's own name.
        search.extend(host::hostname().split_once('.').map(|(_, domain)| domain.to_owned()));
    }
    let servers = read.nameservers.iter().map(IpAddr::from).collect();
    Ok(Resolvers { servers, search, dots: read.ndots as usize })
}

#[cfg(windows)]
fn written() -> Result<Resolvers, Unseen> {
    let failed =
        |error: ipconfig::error::Error| Unseen::NoTool(format!("Windows does not tell its name servers: {error}"));
    let adapters = ipconfig::get_adapters().map_err(failed)?;
    let up = adapters.iter().filter(|adapter| adapter.oper_status() == ipconfig::OperStatus::IfOperStatusUp);
    // Site-local addresses stand where nothing was configured, and are nobody's (RFC 3879).
    let nobody = |ip: &IpAddr| matches!(ip, IpAddr::V6(ip) if ip.segments()[0] == 0xfec0);
    let servers = up.flat_map(|adapter| adapter.dns_servers()).filter(|ip| !nobody(ip)).copied().collect();
    let listed = ipconfig::computer::get_search_list().unwrap_or_default();
    let own = ipconfig::computer::get_domain().ok().flatten();
    let search = own.into_iter().chain(listed).filter(|domain| !domain.is_empty()).collect();
    Ok(Resolvers { servers, search, dots: 1 })
}

/// Without a name server in the file libc asks the machine itself, and so do we.
fn resolvers() -> Result<Resolvers, Unseen> {
    let mut found = written()?;
    if found.servers.is_empty() {
        found.servers.push(IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
    // The file may name one twice.
    let mut known = BTreeSet::new();
    found.servers.retain(|server| known.insert(*server));
    Ok(found)
}

async fn one(name: String, hosts: Vec<(IpAddr, u32)>, resolvers: &Resolvers) -> NameLook {
    let names = resolvers.names(&name);
    let asked = resolvers.servers.iter().map(|server| async {
        let answer = timeout(LIBC, server::ask((*server, PORT).into(), &names)).await;
        (*server, answer.unwrap_or(NameAnswer::Silent))
    });
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

/// What [`look`] does.
pub(super) fn touches() -> Vec<Touch> {
    let asked = connects(&["udp {name-server}:53", "tcp {name-server}:53"]);
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

    #[test]
    fn a_name_is_searched_for_as_libc_does() {
        let asked = |name: &str, dots| {
            let search = vec!["lan".to_owned(), ".example.test".to_owned()];
            Resolvers { servers: Vec::new(), search, dots }.names(name)
        };
        assert_eq!(asked("redis", 1), ["redis.lan", "redis.example.test", "redis"]);
        assert_eq!(asked("redis", 0), ["redis", "redis.lan", "redis.example.test"]);
        assert_eq!(asked("redis.test", 1), ["redis.test", "redis.test.lan", "redis.test.example.test"]);
        assert_eq!(asked("redis.test", 2)[2], "redis.test");
        assert_eq!(asked("redis.", 1), ["redis."]);
    }
}
