//! Asks the kernel's rules who stops a connection: what got no answer is tried again, and the counters are read before and
//! after. Where all connections were answered this costs nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::future::join_all;

use crate::fact::dial::{Dial, Endpoint};
use crate::fact::firewall::counters::{Counters, Tried};
use crate::fact::firewall::netfilter::{Netfilter, Tool};
use crate::fact::firewall::walk::Step;
use crate::fact::touch::Touch;
#[cfg(target_os = "linux")]
use crate::fact::touch::reads;
use crate::fact::{Fact, FactKey, TcpTarget, Unseen};
use crate::probe::{PROGRAM, ProbeContext, ProbeResult, dial, host};
use crate::read::counters;

/// Each of the three sends one packet in this time: TCP repeats its first packet after 1 s (RFC 6298, section 2.1).
const PATIENCE: Duration = Duration::from_millis(350);
/// How long nothing is sent, to see which counters rise by themselves.
const STILL: Duration = Duration::from_millis(250);
/// Connections at once. Less than that may be somebody else's packet.
const TRIES: u64 = 3;
/// Places that are tried again.
const PLACES: usize = 3;

pub(in crate::probe) async fn look(context: &ProbeContext) -> ProbeResult {
    ProbeResult::new("iptables-save -c, nft -j list ruleset", again(context).await.map(Fact::Counters))
}

async fn again(context: &ProbeContext) -> Result<Counters, Unseen> {
    let mut tried = Vec::new();
    for endpoint in unanswered(context) {
        let Fact::Netfilter(rules) = context.fact(&FactKey::Netfilter)? else {
            return Err(Unseen::NotAsked(FactKey::Netfilter));
        };
        let (mut risen, disturbed) = round(rules, &endpoint).await?;
        if risen.is_empty() && disturbed {
            risen = round(rules, &endpoint).await?.0;
        }
        tried.push(Tried { endpoint, risen });
    }
    Ok(Counters { tried })
}

/// The rules that counted all tries, and whether some counter rose before them by itself.
async fn round(rules: &Netfilter, endpoint: &Endpoint) -> Result<(Vec<Step>, bool), Unseen> {
    let first = counted(rules).await?;
    tokio::time::sleep(STILL).await;
    let before = counted(rules).await?;
    join_all((0..TRIES).map(|_| dial::connect_within(endpoint, PATIENCE))).await;
    let after = counted(rules).await?;
    let risen = after.into_iter().filter(|(step, count)| {
        let (first, before) = (first.get(step), before.get(step));
        first == before && before.is_some_and(|before| count.saturating_sub(*before) >= TRIES)
    });
    Ok((risen.map(|(step, _)| step).collect(), first != before))
}

/// What was dialled in the tunnel in vain.
fn unanswered(context: &ProbeContext) -> Vec<Endpoint> {
    let silent = |how: Dial| matches!(how, Dial::Timeout | Dial::HostUnreachable | Dial::Forbidden);
    let mut found: Vec<Endpoint> = Vec::new();
    for (key, seen) in context.all() {
        let FactKey::Tcp(TcpTarget::Tunnel(_) | TcpTarget::Named(_)) = key else { continue };
        if let Fact::Tcp(tcp) = seen
            && silent(tcp.how)
            && !found.contains(&tcp.endpoint)
        {
            found.push(tcp.endpoint.clone());
        }
    }
    found.truncate(PLACES);
    found
}

async fn counted(rules: &Netfilter) -> Result<BTreeMap<Step, u64>, Unseen> {
    let queues = queues();
    let mut found = BTreeMap::new();
    for listing in &rules.listings {
        let tool = listing.tool;
        let in_nft = tool == Tool::Nft;
        let (program, arguments): (String, &[&str]) = if in_nft {
            ("nft".to_owned(), &["-j", "list", "ruleset"])
        } else {
            (format!("{}-save", tool.command()), &["-c"])
        };
        let said = host::run(&program, arguments, PROGRAM).await?;
        if !said.ok {
            return Err(super::refused(&program, &said));
        }
        found.extend(if in_nft {
            counters::nft(&said.out, &listing.lines)
        } else {
            counters::iptables(tool, &said.out, queues.as_ref())
        });
    }
    Ok(found)
}

/// The queues of packets that programs read; none where the kernel does not say.
#[cfg(target_os = "linux")]
fn queues() -> Option<BTreeSet<u16>> {
    match host::read("/proc/net/netfilter/nfnetlink_queue") {
        host::Text::Read(text) => Some(counters::queues(&text)),
        host::Text::Missing | host::Text::Forbidden | host::Text::Failed(_) => None,
    }
}

/// What [`queues`] does.
#[cfg(target_os = "linux")]
pub(super) fn touches() -> Vec<Touch> {
    reads(&["/proc/net/netfilter/nfnetlink_queue"])
}

#[cfg(not(target_os = "linux"))]
pub(super) fn touches() -> Vec<Touch> {
    Vec::new()
}

#[cfg(not(target_os = "linux"))]
fn queues() -> Option<BTreeSet<u16>> {
    None
}
