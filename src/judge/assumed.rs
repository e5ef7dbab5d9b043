//! No failed check and no warning rests on an assumed value. Where one was found, the judge is asked once more with each
//! assumed value in turn made another one: if it then finds something else, it had found nothing but the assumption.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;

use crate::case::Seat;
use crate::check::{Finding, Judged, Verdict};
use crate::fact::Unseen;
use crate::profile::{Addresses, Known, Origin};

/// Nobody's (RFC 5737, TEST-NET-3), so in no file and in no network that is looked at.
const ELSEWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 77));

/// The same verdict, unless it rests on an assumed value.
pub(super) fn tested(seat: &Seat<'_>, judged: Judged, ask: impl Fn(&Seat<'_>) -> Judged) -> Judged {
    let Ok(Verdict::Broken(finding)) = &judged else { return judged };
    match others(seat.addresses()).into_iter().find(|other| !same(finding, &ask(&seat.with(&other.addresses)))) {
        None => judged,
        Some(it) => Err(Unseen::Undecided(format!(
            "it depends on {}, which is not known here (the guide has {}); set it with `--{}`",
            it.what, it.guide, it.flag
        ))),
    }
}

fn same(finding: &Finding, again: &Judged) -> bool {
    matches!(again, Ok(Verdict::Broken(other)) if other.cause == finding.cause)
}

/// The addresses with one of the assumed values made another.
struct Other {
    addresses: Addresses,
    what: &'static str,
    guide: String,
    flag: &'static str,
}

fn others(addresses: &Addresses) -> Vec<Other> {
    let mut others = Vec::new();
    let mut add = |what, flag, guide: String, change: &dyn Fn(&mut Addresses)| {
        let mut addresses = addresses.clone();
        change(&mut addresses);
        others.push(Other { addresses, what, guide, flag });
    };
    if let Some(guide) = assumed(&addresses.server) {
        add("the server's address in the tunnel", "server", guide, &|it| it.server.value = ELSEWHERE);
    }
    if let Some(guide) = assumed(&addresses.client) {
        add("the client's address in the tunnel", "client", guide, &|it| it.client.value = ELSEWHERE);
    }
    if let Some(guide) = assumed(&addresses.subnet) {
        add("the tunnel's subnet", "subnet", guide, &|it| it.subnet.value = IpNet::from(ELSEWHERE));
    }
    if let Some(guide) = assumed(&addresses.wireguard_port) {
        add("WireGuard's port", "wireguard-port", guide, &|it| it.wireguard_port.value ^= 1);
    }
    if let Some(guide) = assumed(&addresses.redis_port) {
        add("Redis' port", "redis-port", guide, &|it| it.redis_port.value ^= 1);
    }
    if let Some(guide) = assumed(&addresses.postgres_port) {
        add("PostgreSQL's port", "postgres-port", guide, &|it| it.postgres_port.value ^= 1);
    }
    others
}

fn assumed<T: ToString>(known: &Known<T>) -> Option<String> {
    (known.origin == Origin::Assumed).then(|| known.value.to_string())
}
