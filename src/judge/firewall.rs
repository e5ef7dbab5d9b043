//! Who is let in.

use std::net::{IpAddr, Ipv4Addr};

use crate::case::Seat;
use crate::check::{Judged, broken, holds, not_applicable};
use crate::fact::dial::{Dial, Echo, TcpOutcome};
use crate::fact::firewall::{Knock, Protocol, Ufw};
use crate::fact::{Place, Service};

/// A source that stands for any host outside: TEST-NET-3 of RFC 5737, nobody's address.
pub(super) const STRANGER: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 1));

/// An interface that stands for any but the tunnel; no rule can name it.
pub(super) const ANY_INTERFACE: &str = "";

/// WireGuard's UDP port is let in.
pub fn ufw_admits_wireguard(seat: &Seat<'_>) -> Judged {
    let ufw = seat.ufw()?;
    if !ufw.enabled {
        return Ok(not_applicable("ufw is not active"));
    }
    let port = seat.addresses().wireguard_port.value;
    let knock = |protocol| Knock { interface: ANY_INTERFACE, from: STRANGER, to: STRANGER, protocol, port };
    // A rule for certain sources or interfaces only is what the guide's section 7 advises.
    let narrow = ufw.rules.iter().any(|rule| {
        rule.action.admits()
            && matches!(rule.protocol, Protocol::Udp | Protocol::Any)
            && (rule.ports.is_empty() || rule.ports.iter().any(|(low, high)| (*low..=*high).contains(&port)))
            && (rule.from.is_some() || rule.to.is_some() || rule.interface.is_some())
            && rule.interface.as_deref() != Some(&seat.addresses().interface.value)
    });
    if ufw.admits(&knock(Protocol::Udp)) || narrow {
        return Ok(holds());
    }
    Ok(match ufw.first_match(&knock(Protocol::Udp)) {
        Some(rule) => broken("denied").with("number", rule.number).at(&ufw.path, rule.line),
        None => match ufw.first_match(&knock(Protocol::Tcp)).filter(|rule| rule.action.admits()) {
            Some(rule) => broken("tcp-only").with("number", rule.number).at(&ufw.path, rule.line),
            None => broken("not-allowed"),
        },
    }
    .into())
}

/// The client is let in to Redis and PostgreSQL over the tunnel: no deny rule stands above the allow rule.
pub fn ufw_admits_worker(seat: &Seat<'_>) -> Judged {
    let ufw = seat.ufw()?;
    if !ufw.enabled {
        return Ok(not_applicable("ufw is not active"));
    }
    let addresses = seat.addresses();
    let redis = addresses.redis_port.value;
    let postgres = addresses.postgres_port.value;
    let blocked = |port: u16| !ufw.admits(&knock(seat, port));
    let words = |port: u16| if blocked(port) { port.to_string() } else { String::new() };
    let ports: Vec<u16> = [redis, postgres].into_iter().filter(|port| blocked(*port)).collect();
    let Some(first) = ports.first() else { return Ok(holds()) };
    let list = ports.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ");
    let finding = match defeated(ufw, &knock(seat, *first)) {
        Some((deny, allow)) => broken("deny-first")
            .with("deny", deny.number)
            .with("allow", allow.number)
            .with("deny_words", deny.words())
            .with("allow_words", allow.words())
            .at(&ufw.path, deny.line),
        None => match ufw.first_match(&knock(seat, *first)) {
            Some(rule) => {
                broken("denied").with("deny", rule.number).with("deny_words", rule.words()).at(&ufw.path, rule.line)
            }
            None => broken("not-allowed"),
        },
    };
    Ok(finding.with("ports", list).with("redis_blocked", words(redis)).with("postgres_blocked", words(postgres)).into())
}

fn knock<'a>(seat: &Seat<'a>, port: u16) -> Knock<'a> {
    let addresses = seat.addresses();
    Knock {
        interface: &addresses.interface.value,
        from: addresses.client.value,
        to: addresses.server.value,
        protocol: Protocol::Tcp,
        port,
    }
}

/// The rule that refuses a connection, and one behind it that would have let it in.
fn defeated<'a>(
    ufw: &'a Ufw,
    knock: &Knock<'_>,
) -> Option<(&'a crate::fact::firewall::UfwRule, &'a crate::fact::firewall::UfwRule)> {
    let mut matching = ufw.rules.iter().filter(|rule| rule.matches(knock));
    let deny = matching.next()?;
    let allow = matching.find(|rule| rule.action.admits())?;
    Some((deny, allow))
}

/// Connections are answered, by yes or no. Silence while the tunnel is alive is a firewall's.
pub fn tcp_admitted(seat: &Seat<'_>) -> Judged {
    let redis = seat.tcp(Service::Redis)?;
    let postgres = seat.tcp(Service::Postgres)?;
    let swallowed = |outcome: &TcpOutcome| matches!(outcome.how, Dial::Timeout | Dial::HostUnreachable);
    if redis.how == Dial::NoRoute && postgres.how == Dial::NoRoute {
        return Ok(broken("no-route").into());
    }
    let finding = match (swallowed(redis), swallowed(postgres)) {
        (false, false) => return Ok(holds()),
        (true, false) => broken("one-dropped").with("port", redis.endpoint.port).with("other", postgres.endpoint.port),
        (false, true) => broken("one-dropped").with("port", postgres.endpoint.port).with("other", redis.endpoint.port),
        (true, true) if tunnel_is_alive(seat) => broken("all-dropped"),
        (true, true) => broken("no-answer"),
    };
    Ok(finding.into())
}

/// An echo came back. A handshake says nothing here: for three minutes after the tunnel's other end is gone it still
/// looks fresh, and the silence would be blamed on a firewall.
fn tunnel_is_alive(seat: &Seat<'_>) -> bool {
    seat.ping(Place::Server).is_ok_and(|ping| matches!(ping.how, Echo::Reply(_)))
}
