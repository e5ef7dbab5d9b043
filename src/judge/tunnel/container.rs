//! The container's own way to the tunnel, through its host.

use ipnet::IpNet;

use crate::case::Seat;
use crate::check::cause::{ContainerConnected, ContainerWay};
use crate::check::{Finding, Judged, Verdict, broken, holds, not_applicable};
use crate::fact::dial::{Dial, TcpOutcome};
use crate::fact::docker::State;
use crate::fact::environment::ContainerProvenance;
use crate::fact::firewall::netfilter::{Act, Hook, Model};
use crate::fact::firewall::walk::{Disposition, PacketTrace};
use crate::fact::firewall::{NewFlow, Protocol};
use crate::fact::network::policy::PolicyRule;
use crate::fact::network::routes::Routes;
use crate::fact::network::{Link, Links, is_link_local};
use crate::fact::{Service, Unseen, Vantage};
use crate::judge::firewall::{exempt, undecided};
use crate::judge::worker::goes_beside;

/// Why there is nothing to say of a container's network.
const NATIVE: &str = "the worker runs without Docker";

/// Whether there is no Docker to be asked, and a worker that was seen to do without it.
fn needs_no_docker(seat: &Seat<'_>) -> bool {
    matches!(seat.docker(), Err(Unseen::NotInstalled(_) | Unseen::NoTool(_))) && seat.is_native()
}

/// It is in a network that leads somewhere.
pub(crate) fn container_connected(seat: &Seat<'_>) -> Judged<ContainerConnected> {
    if needs_no_docker(seat) {
        return Ok(not_applicable(NATIVE));
    }
    let worker = seat.docker()?.workers.iter().find(|worker| worker.state == State::Running);
    let Some(worker) = worker else { return Ok(not_applicable("no worker container is running here")) };
    let provenance = seat.env().ok().and_then(|env| env.provenance.as_ref());
    let recreate = || provenance.and_then(ContainerProvenance::recreate).unwrap_or_default();
    let named = |finding: Finding<_>| finding.with("name", &worker.name);
    let Some(other) = &worker.borrows else {
        return Ok(match worker.networks.as_slice() {
            [one] if one == "none" => named(broken(ContainerConnected::None)).into(),
            // What Windows' own list leaves empty was not asked for.
            [] if !seat.on_windows() => named(broken(ContainerConnected::Disconnected)).into(),
            _ => holds(),
        });
    };
    let was = match other.state {
        None => "is gone",
        Some(State::Running) if other.started_at > worker.started_at => "was started after it",
        Some(State::Running) => return Ok(holds()),
        Some(_) => "is not running",
    };
    let word = |shown: bool, word: &str| if shown { word.to_owned() } else { String::new() };
    let finding = named(broken(ContainerConnected::Borrowed)).with("other", &other.name).with("was", was);
    let stopped = other.state.is_some_and(|state| state != State::Running);
    let finding = finding.with("stopped", word(stopped, &other.name));
    let finding = finding.with("again", word(other.state.is_some(), &worker.name));
    Ok(finding.with("recreate", word(other.state.is_none(), &recreate())).into())
}

/// What the client's own system reaches through the tunnel, its container reaches too.
pub(crate) fn container_way(seat: &Seat<'_>) -> Judged<ContainerWay> {
    let Ok(client) = seat.at(Vantage::Client) else {
        return Ok(not_applicable("this needs the snapshots of the client's own system and of its container"));
    };
    if seat.vantage() == Vantage::Client {
        return from_its_host(&client);
    }
    let fails = |service: &Service| {
        let here = seat.tcp(*service).ok().filter(|tcp| tcp.how != Dial::Open)?;
        // A name in the worker's URL may lead it to another host than its machine dials.
        let there = client.tcp(*service).ok()?;
        (there.how == Dial::Open && there.endpoint == here.endpoint).then_some(here)
    };
    let failed: Vec<&TcpOutcome> = [Service::Redis, Service::Postgres].iter().filter_map(fails).collect();
    if failed.is_empty() {
        if seat.tcp(Service::Redis).is_err() && seat.tcp(Service::Postgres).is_err() {
            seat.tcp(Service::Redis)?;
        }
        return Ok(holds());
    }
    kept(&client, seat.links()?, seat.routes()?, &failed)
}

/// Where nobody looked from inside, the host dialled from there.
fn from_its_host(client: &Seat<'_>) -> Judged<ContainerWay> {
    if client.at(Vantage::Container).is_ok() {
        return Ok(not_applicable("the container was checked from inside"));
    }
    if needs_no_docker(client) {
        return Ok(not_applicable(NATIVE));
    }
    if goes_beside(client) {
        return Ok(not_applicable("the worker's URLs lead to its own machine, not into the tunnel"));
    }
    let docker = client.docker()?;
    let Some(worker) = docker.workers.iter().find(|worker| worker.state == State::Running) else {
        return Ok(not_applicable("no worker container is running here"));
    };
    if worker.networks.iter().any(|network| network == "host") {
        return Ok(not_applicable("the container has its host's network"));
    }
    if client.on_windows() {
        return Ok(not_applicable(
            "Docker's networks are inside a virtual machine here; a check inside the container tells",
        ));
    }
    let network = client.worker_network()?;
    if network.dials.is_empty() {
        return Err(Unseen::Undecided("the client's own system reaches neither Redis nor PostgreSQL".to_owned()));
    }
    let failed: Vec<&TcpOutcome> = network.dials.iter().filter(|tcp| tcp.how != Dial::Open).collect();
    let judged = kept(client, &network.links, &network.routes, &failed)?;
    // From inside, the ports' own checks say that they refuse.
    match (&judged, failed.first()) {
        (Verdict::Holds, Some(tcp)) => Err(Unseen::Undecided(format!(
            "{} answers the client's own system but not its container ({}), and no rule of the client's explains it; \
             a check inside the container tells more",
            tcp.endpoint,
            tcp.how.label()
        ))),
        (_, _) => Ok(judged),
    }
}

/// What keeps the container, whose interfaces and routes these are, from what its host reaches.
fn kept(client: &Seat<'_>, links: &Links, routes: &Routes, failed: &[&TcpOutcome]) -> Judged<ContainerWay> {
    // The address from which it speaks is that of the interface by which it leaves.
    let by = routes.entries.iter().find(|route| route.net.prefix_len() == 0).map(|route| &route.device);
    let links = links.links.iter().filter(|link| link.name != "lo" && by.is_none_or(|by| link.name == *by));
    let mut nets = links.flat_map(|link| link.addresses.iter().copied());
    let own = nets.find(|net| net.addr().is_ipv4() && !is_link_local(net.addr()));
    for tcp in failed {
        let silent = matches!(tcp.how, Dial::Timeout | Dial::HostUnreachable);
        let finding = match own {
            None => silent.then(|| broken(ContainerWay::Lost).with("doubt", "")),
            Some(own) if silent => Some(on_the_way(client, own, tcp.endpoint.port)?),
            // Who refuses may well be the server.
            Some(own) => {
                bridge(client.links()?, own).and_then(|bridge| by_rule(client, own, bridge, tcp.endpoint.port))
            }
        };
        if let Some(finding) = finding {
            let finding = match own {
                Some(own) => finding.with("from", own.addr()).with("net", own.trunc()),
                None => finding.with("from", "none"),
            };
            return Ok(finding.with("endpoint", &tcp.endpoint).with("how", tcp.how.label()).into());
        }
    }
    Ok(holds())
}

/// The rule in the way that is not understood here, which may be the one: for what the container sends, or for the answer.
fn in_doubt(client: &Seat<'_>, own: IpNet, bridge: &Link, port: u16) -> Option<String> {
    let (model, links) = (client.rules().ok()?, client.links().ok()?);
    let to = client.addresses().server.value;
    let flow = NewFlow { interface: &bridge.name, from: own.addr(), to, protocol: Protocol::Tcp, port };
    let back = model.forwarded_answer(&flow, &client.addresses().interface.value, links);
    let traces = [model.forwarded(&flow, links), back];
    let trace = traces.iter().find(|trace| trace.disposition == Disposition::Unknown)?;
    trace.by().map(|_| format!("; {}", undecided(trace)))
}

/// A rule of the client's own that drops, refuses or sends elsewhere what the container sends.
fn by_rule(client: &Seat<'_>, own: IpNet, bridge: &Link, port: u16) -> Option<Finding<ContainerWay>> {
    let (model, links) = (client.rules().ok()?, client.links().ok()?);
    let to = client.addresses().server.value;
    // In a network with the tunnel's addresses nothing leaves the bridge.
    if own.contains(&to) {
        return None;
    }
    let flow = NewFlow { interface: &bridge.name, from: own.addr(), to, protocol: Protocol::Tcp, port };
    let trace = model.forwarded(&flow, links);
    if let (Some(to), Some(by)) = (trace.sent_on, trace.sent_by.as_ref()) {
        return Some(exempt(broken(ContainerWay::Redirected), by).with("to", to));
    }
    let stopped = |trace: &PacketTrace| matches!(trace.disposition, Disposition::Dropped | Disposition::Rejected);
    if let Some(by) = trace.by().filter(|_| stopped(&trace)) {
        return Some(exempt(broken(ContainerWay::Dropped), by).with("port", port));
    }
    let tunnel = &client.addresses().interface.value;
    let back = model.forwarded_answer(&flow, tunnel, links);
    let by = back.by().filter(|_| stopped(&back))?;
    Some(exempt(broken(ContainerWay::AnswersDropped), by).with("port", port).with("tunnel", tunnel))
}

/// A rule of the routing policy that bars what comes in by the container's bridge.
fn by_routing_rule(client: &Seat<'_>, own: IpNet, bridge: &Link) -> Option<Finding<ContainerWay>> {
    let to = client.addresses().server.value;
    let asks = format!("iif {}", bridge.name);
    let mine = |rule: &&PolicyRule| rule.bars_early() && rule.meets(own.addr(), to) && rule.asks == asks;
    let rule = client.routes().ok()?.policy.iter().find(mine)?;
    Some(broken(ContainerWay::RoutingRule).with("rule", rule.words()).with("pref", rule.priority))
}

/// The client's interface in the container's network.
fn bridge(links: &Links, own: IpNet) -> Option<&Link> {
    let holds = |net: &IpNet| net.contains(&own.addr()) && net.addr() != own.addr();
    links.links.iter().find(|link| link.addresses.iter().any(holds))
}

/// What of the client's system would keep a container's packets from the tunnel.
fn on_the_way(client: &Seat<'_>, own: IpNet, port: u16) -> Result<Finding<ContainerWay>, Unseen> {
    // Docker Desktop's networks are inside a virtual machine: no interface of Windows is theirs, whatever its addresses.
    if client.on_windows() {
        return Ok(broken(ContainerWay::Lost).with("doubt", ""));
    }
    let bridge = match bridge(client.links()?, own) {
        Some(bridge) if bridge.kind.as_deref() == Some("bridge") => bridge,
        // It is a host of its own in the network of this interface: macvlan, ipvlan.
        Some(device) => return Ok(broken(ContainerWay::OwnAddress).with("device", &device.name)),
        None => return Ok(broken(ContainerWay::Lost).with("doubt", "")),
    };
    // An internal network shows in no route: Docker drops what would leave it.
    let shut_in = client.docker().ok().and_then(|docker| docker.workers.first()).filter(|worker| worker.is_shut_in());
    let finding = if !bridge.up {
        broken(ContainerWay::BridgeDown)
    } else if let Some(worker) = shut_in {
        let network = worker.networks.join(", ");
        broken(ContainerWay::Internal).with("network", network).with("container", &worker.name)
    } else if let Some(setting) = not_forwarded(client, bridge)? {
        broken(ContainerWay::NotForwarded).with("setting", setting)
    } else if let Some(finding) = by_routing_rule(client, own, bridge).or_else(|| by_rule(client, own, bridge, port)) {
        finding
    } else if !client.rules().map_or(true, |rules| masquerades(rules, own)) {
        broken(ContainerWay::NoMasquerade)
    } else {
        broken(ContainerWay::Lost).with("doubt", in_doubt(client, own, bridge, port).unwrap_or_default())
    };
    Ok(finding.with("device", &bridge.name))
}

/// The setting of the kernel by which what comes from the container, or comes back for it, is not sent on.
fn not_forwarded(client: &Seat<'_>, bridge: &Link) -> Result<Option<String>, Unseen> {
    let (routes, tunnel) = (client.routes()?, &client.addresses().interface.value);
    if routes.forwards == Some(false) {
        return Ok(Some("net.ipv4.ip_forward".to_owned()));
    }
    let kept_back = routes.kept_back.iter().find(|name| [&bridge.name, tunnel].contains(name));
    // A dot in a name is a slash to sysctl(8).
    Ok(kept_back.map(|name| format!("net.ipv4.conf.{}.forwarding", name.replace('.', "/"))))
}

/// Whether a rule gives what leaves this network an address of this machine.
fn masquerades(model: &Model, own: IpNet) -> bool {
    // A rule that cannot be read may be the one.
    if !model.missing.is_empty() {
        return true;
    }
    let after = |hook: Hook| hook == Hook::Postrouting;
    model.tables.iter().any(|table| {
        let bases = table.chains.iter().filter(|(_, chain)| chain.base.as_ref().is_some_and(|base| after(base.hook)));
        let names = bases.flat_map(|(name, _)| std::iter::once(name.as_str()).chain(table.reached(name)));
        names.filter_map(|name| table.chains.get(name)).flat_map(|chain| &chain.rules).any(|rule| {
            let text = rule.text.to_ascii_lowercase();
            let source =
                text.split_once("-s ").and_then(|(_, rest)| rest.split_whitespace().next()?.parse::<IpNet>().ok());
            !matches!(rule.act, Act::Jump(_) | Act::Goto(_))
                && (text.contains("masquerade") || text.contains("snat"))
                && source.is_none_or(|net| net.contains(&own.addr()))
        })
    })
}
