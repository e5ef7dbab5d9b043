//! Where a container, or the worker alone, has the tunnel to itself, this machine's own system is not in it, and nothing that it sends there says
//! anything: that is seen from inside, or from the other end.

use crate::check::{Category, Check, Verdict};
use crate::fact::{FactKey, Place, TcpTarget, Vantage};

/// What is told by the file, and by Docker, is told all the same.
const BY_FILE: [&str; 4] = ["wg-config-valid", "wg-config-private", "wg-allowed-ips-distinct", "wg-enabled-at-boot"];

/// What on the server is about packets that come out of the tunnel there.
const ARRIVES: [&str; 6] = [
    "redis-listens",
    "postgres-listens",
    "postgres-hba-admits-worker",
    "redis-after-boot",
    "postgres-after-boot",
    "queue-through-tunnel",
];

/// Whether a check is about the way through the tunnel.
pub(super) fn is_spared(check: &Check, keys: &[FactKey], vantage: Vantage) -> bool {
    let id = check.id.0.as_str();
    let of_end = matches!(check.category, Category::Tunnel | Category::Firewall);
    let on_server = vantage == Vantage::Server && ARRIVES.contains(&id);
    let through = |key: &FactKey| {
        let dialled = matches!(key, FactKey::Tcp(TcpTarget::Tunnel(_) | TcpTarget::Bound(_)));
        let routed = matches!(key, FactKey::Route(place) | FactKey::Ping(place) if *place != Place::Public);
        let asked =
            matches!(key, FactKey::Redis | FactKey::RedisState | FactKey::Postgres | FactKey::Celery | FactKey::Api);
        dialled || routed || (asked && vantage == Vantage::Client)
    };
    (of_end && !BY_FILE.contains(&id)) || on_server || keys.iter().any(through)
}

pub(super) fn not_here<C>(owner: &str) -> Verdict<C> {
    let why = format!(
        "the tunnel is in the network of {owner}, and this machine's own system is not in it; what goes through it is seen from inside \
         that network, and from the other end"
    );
    Verdict::NotApplicable(why.into())
}
