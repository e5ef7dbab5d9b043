//! Runs every check over a case. Judges are pure: their only input is a [`Seat`], their only clock is when the
//! snapshot was taken.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

use crate::case::{Case, Seat};
use crate::check::cause::{PostgresNotExposed, RedisNotExposed, causes_of};
use crate::check::{
    Category, Check, CheckId, Finding, Judged, Rule, UNEXPECTED, Verdict, broken, holds, not_applicable,
};
use crate::fact::dial::Dial;
use crate::fact::firewall::walk::{Disposition, PacketTrace};
use crate::fact::firewall::{NewFlow, Protocol, Ufw, UfwRule};
use crate::fact::network::{Link, Links, Listener, Listeners};
use crate::fact::{FactKey, Service, Unseen, Vantage};
use crate::read::Says;

mod apart;
pub mod api;
mod assumed;
mod boot;
mod certificate;
mod contained;
pub mod delivery;
mod elsewhere;
pub mod firewall;
mod met;
mod plugin;
mod ports;
pub mod postgres;
pub mod queue;
mod ready;
pub mod redis;
mod said;
pub mod tunnel;
pub mod worker;

use ports::{port_of_worker, ports_of_worker};

/// One check's answer at one vantage.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Which check.
    pub check: CheckId,
    /// Where it was judged.
    pub vantage: Vantage,
    /// The answer.
    pub judged: Judged,
    /// What the judge read, in order.
    pub read: Vec<(Vantage, FactKey)>,
}

/// Judges every check at every vantage of the case that it speaks of, in the order of the catalogue.
pub fn judge(case: &Case, checks: &[Check]) -> Vec<Answer> {
    let mut answers = Vec::new();
    for check in checks {
        for (&vantage, keys) in &check.looks {
            let Ok(seat) = case.seat(vantage) else { continue };
            case.take_read();
            let ask = |seat: &Seat<'_>| match &check.rule {
                Rule::Judge(judge) => judge(seat),
                Rule::Plugin(_) => keys.first().map_or(Ok(holds()), |key| plugin::answer(key, seat)),
                Rule::Expect(words) => keys.first().map_or(Ok(holds()), |key| plain(check, words, key, seat)),
            };
            let (judged, read) = match &check.not_on_windows {
                Some(why) if seat.on_windows() => (Ok(Verdict::NotApplicable(why.clone().into())), Vec::new()),
                _ if let (Some(why), Some(_)) = (&check.clippyfront_only, &seat.addresses().app) => {
                    (Ok(Verdict::NotApplicable(why.clone().into())), Vec::new())
                }
                _ if let Some(owner) = seat.tunnel_apart()
                    && apart::is_spared(check, keys, vantage) =>
                {
                    (Ok(apart::not_here(&owner)), Vec::new())
                }
                _ if let Some(why) = elsewhere::why_spared(check, &seat, case) => {
                    (Ok(Verdict::NotApplicable(why.into())), case.take_read())
                }
                _ if is_spared(check, &seat) => (Ok(not_applicable(NO_DATABASE)), Vec::new()),
                Some(_) | None => (ask(&seat), case.take_read()),
            };
            let judged = assumed::tested(&seat, judged, ask);
            answers.push(Answer { check: check.id.clone(), vantage, judged, read });
        }
    }
    answers
}

/// Why nothing is asked of the worker's way to a database.
const NO_DATABASE: &str = "the worker reports by HTTP, and has no use for PostgreSQL itself";

/// What is about the worker's own way to PostgreSQL is nothing where the worker does not go there. Whether strangers come
/// there, and the web app, is asked all the same.
fn is_spared(check: &Check, seat: &Seat<'_>) -> bool {
    let of_worker = match seat.vantage() {
        Vantage::Client => check.id.0 != "postgres-not-exposed",
        // That nothing listens there is said for the web app, too.
        Vantage::Server if matches!(check.id.0.as_str(), "postgres-listens" | "postgres-port-open") => {
            !seat.web_app_lacks_database()
        }
        Vantage::Server => check.id.0 == "postgres-hba-admits-worker",
        Vantage::Container | Vantage::Outside => false,
    };
    check.category == Category::Postgres && of_worker && !seat.uses_database()
}

fn plain(check: &Check, expected: &[String], key: &FactKey, seat: &Seat<'_>) -> Judged {
    let label = seat.fact(key)?.label();
    if expected.iter().any(|word| word == label) {
        return Ok(holds());
    }
    let cause = if check.causes.contains_key(label) { label } else { UNEXPECTED };
    Ok(Verdict::from(broken(cause).with("seen", label)))
}

/// How a service can be reached around the tunnel.
#[derive(Debug, Clone, Copy)]
enum Exposed {
    OpenPublished,
    OpenOutside,
    ListensWidely,
    Published,
}

causes_of!(Exposed as RedisNotExposed: OpenPublished, OpenOutside, ListensWidely, Published);
causes_of!(Exposed as PostgresNotExposed: OpenPublished, OpenOutside, ListensWidely, Published);

/// Whether a service can be reached around the tunnel. Seen from the client or outside by dialling; on the server
/// by its sockets and its firewall, which is a warning at most: another firewall may stand in front.
fn exposed(seat: &Seat<'_>, service: Service) -> Judged<Exposed> {
    let relay = tunnel::relay::between(seat).and_then(|peer| peer.endpoint);
    if seat.vantage() != Vantage::Server {
        let tcp = seat.tcp_public(service)?;
        let of_relay = relay.is_some_and(|relay| tcp.endpoint.host.parse() == Ok(relay.ip()));
        if of_relay && seat.vantage() == Vantage::Client {
            return Err(Unseen::Undecided(
                "the client's Endpoint is a relay's address; set the server's own with `--public ADDRESS`".to_owned(),
            ));
        }
        if tcp.how == Dial::Open
            && let Some((to, _)) =
                tcp.endpoint.host.parse().ok().and_then(|ip| firewall::sent_elsewhere(seat, ip, tcp.endpoint.port))
        {
            return Err(Unseen::Undecided(format!(
                "a rule of this machine sends the connection on to {to}, so it does not show what is open at {}",
                tcp.endpoint
            )));
        }
        return Ok(match tcp.how {
            Dial::Open => match handed_on(seat, service) {
                Some((port, to)) => broken(Exposed::OpenPublished).with("port", port).with("to", to),
                None => broken(Exposed::OpenOutside),
            }
            .with("endpoint", &tcp.endpoint)
            .into(),
            Dial::Refused | Dial::Timeout | Dial::Reset | Dial::HostUnreachable => holds(),
            Dial::NoRoute | Dial::Forbidden | Dial::NoSuchName | Dial::ResolverFailed | Dial::Other(_) => {
                return Err(Unseen::Undecided(format!(
                    "no connection to {} could be tried from here ({})",
                    tcp.endpoint,
                    tcp.how.label()
                )));
            }
        });
    }
    let addresses = seat.addresses();
    let port = addresses.of(service).port();
    let listeners = seat.listeners()?;
    if let Some(judged) = exposed_by_kernel(seat, port, listeners) {
        return judged;
    }
    let wide: Vec<&Listener> = listeners
        .on(port)
        .filter(|listener| !listener.address.ip().is_loopback() && !seat.is_own_in_tunnel(listener.address.ip()))
        .collect();
    if wide.is_empty() {
        return Ok(holds());
    }
    // A port that Docker publishes never meets ufw's rules.
    let published = wide.iter().any(|listener| listener.program.as_deref() == Some("docker-proxy"));
    let flow = NewFlow {
        interface: firewall::ANY_INTERFACE,
        from: firewall::STRANGER,
        to: firewall::STRANGER,
        protocol: Protocol::Tcp,
        port,
    };
    let ufw = seat.ufw()?;
    if ufw.enabled && !published && !ufw.admits(&flow) {
        return Ok(holds());
    }
    let wide = wide.iter().map(|listener| listener.address.ip().to_string()).collect::<Vec<_>>().join(", ");
    let finding = match ufw.first_match(&flow).filter(|rule| ufw.enabled && rule.action.admits()) {
        Some(rule) => let_in(ufw, rule, port),
        None => unblocked(),
    };
    Ok(finding.with("wide", wide).with("port", port).into())
}

/// The port at the server, and where it sends a stranger's connection on to, if its snapshot is at hand and it does.
fn handed_on(seat: &Seat<'_>, service: Service) -> Option<(u16, SocketAddr)> {
    let server = seat.at(Vantage::Server).ok()?;
    let (model, links) = (server.rules().ok()?, server.links().ok()?);
    let port = server.addresses().of(service).port();
    external_addresses(links, &server.addresses().interface.value).find_map(|(interface, net)| {
        let (from, to) = (firewall::stranger(net.addr()), net.addr());
        let trace = model.trace(&NewFlow { interface, from, to, protocol: Protocol::Tcp, port }, Some(links));
        trace.sent_on.filter(|_| trace.disposition == Disposition::Accepted).map(|to| (port, to))
    })
}

/// The same by the kernel's own rules. None where they are not seen.
fn exposed_by_kernel(seat: &Seat<'_>, port: u16, listeners: &Listeners) -> Option<Judged<Exposed>> {
    let (model, links) = (seat.rules().ok()?, seat.links().ok()?);
    let tunnel = &seat.addresses().interface.value;
    let mut unsupported = None;
    for (interface, net) in external_addresses(links, tunnel) {
        let to = net.addr();
        for from in [firewall::stranger(to), neighbour(net)] {
            let flow = NewFlow { interface, from, to, protocol: Protocol::Tcp, port };
            let trace = model.trace(&flow, Some(links));
            if trace.sent_on.is_none() && !listeners.answers(to, port) {
                continue;
            }
            match trace.disposition {
                Disposition::Dropped | Disposition::Rejected => {}
                Disposition::Unknown => unsupported = Some(firewall::undecided(&trace)),
                Disposition::Accepted => return Some(Ok(open_to(seat, port, listeners, &flow, &trace))),
            }
        }
    }
    Some(unsupported.map_or(Ok(holds()), Err))
}

fn open_to(
    seat: &Seat<'_>,
    port: u16,
    listeners: &Listeners,
    flow: &NewFlow<'_>,
    trace: &PacketTrace,
) -> Verdict<Exposed> {
    let wide = listeners.on(port).map(|listener| listener.address.ip());
    let wide =
        wide.filter(|ip| !ip.is_loopback() && !seat.is_own_in_tunnel(*ip)).map(|ip| ip.to_string()).collect::<Vec<_>>();
    let step = trace.by().filter(|step| step.rule.is_some());
    let ufw = seat.ufw().ok().filter(|ufw| ufw.enabled && step.is_some_and(|step| step.chain.starts_with("ufw")));
    let finding = match (trace.sent_on, ufw.and_then(|ufw| Some((ufw, ufw.first_match(flow)?))), step) {
        (Some(to), _, _) => broken(Exposed::Published).with("to", to),
        (None, Some((ufw, rule)), _) => let_in(ufw, rule, port),
        (None, None, Some(step)) => broken(Exposed::ListensWidely).with(
            "why",
            format!(
                "`{}` (chain {}, table {}) allows others to reach port {port} at {}",
                firewall::rule(step),
                step.chain,
                step.table,
                flow.interface
            ),
        ),
        (None, None, None) => unblocked(),
    };
    finding.with("wide", wide.join(", ")).with("port", port).with("gate", flow.interface).into()
}

fn unblocked() -> Finding<Exposed> {
    broken(Exposed::ListensWidely).with("why", "no firewall rule on this host blocks access from outside")
}

fn let_in(ufw: &Ufw, rule: &UfwRule, port: u16) -> Finding<Exposed> {
    let (path, line, number) = (ufw.path_of(rule), rule.line, rule.number);
    let why = format!("ufw allows everyone to reach port {port} by rule {number} ({path}:{line})");
    broken(Exposed::ListensWidely).with("why", why).at(&path, line)
}

/// The ways around the tunnel, and around others: every interface to other hosts, with each of its addresses.
fn external_addresses<'a>(links: &'a Links, tunnel: &'a str) -> impl Iterator<Item = (&'a str, &'a IpNet)> {
    let inner = |link: &Link| {
        let own = ["lo", "docker", "br-", "veth", "virbr", "podman", "cni", "lxc"];
        own.iter().any(|start| link.name.starts_with(start))
            || matches!(link.kind.as_deref(), Some("wireguard" | "tun"))
    };
    let outer = links.links.iter().filter(move |link| link.name != tunnel && link.up && !inner(link));
    outer.flat_map(|link| link.addresses.iter().map(|net| (link.name.as_str(), net))).filter(|(_, net)| {
        // What is link-local is heard by the next neighbour only, and never dialled by a name.
        !matches!(net.addr(), IpAddr::V6(address) if address.is_unicast_link_local())
    })
}

/// Another host of the same network, if it has room for one.
fn neighbour(net: &IpNet) -> IpAddr {
    net.hosts().find(|host| *host != net.addr()).unwrap_or_else(|| firewall::stranger(net.addr()))
}
