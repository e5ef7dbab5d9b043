//! The kernel's policies for IPsec, where packets were dropped for one.

use crate::fact::network::ipsec::Ipsec;
use crate::fact::touch::{Touch, only, reads, runs};
use crate::probe::{PROGRAM, host};
use crate::read::xfrm;

const COUNTERS: &str = "/proc/net/xfrm_stat";

/// None where no packet was dropped, where the policies may not be seen, or where there are none.
pub(super) async fn look() -> Option<Ipsec> {
    // A kernel without IPsec has no such file.
    let dropped = xfrm::counters(&host::read_or_unseen(COUNTERS).ok()?);
    if dropped.is_empty() {
        return None;
    }
    let policies = host::run("ip", &["-o", "xfrm", "policy"], PROGRAM);
    // Without this word it prints the keys.
    let states = host::run("ip", &["-o", "xfrm", "state", "list", "nokeys"], PROGRAM);
    let (policies, states) = tokio::join!(policies, states);
    let policies = policies.ok().filter(|said| said.ok)?;
    let states = states.ok().filter(|said| said.ok)?;
    let policies = xfrm::policies(&policies.out, &xfrm::states(&states.out));
    (!policies.is_empty()).then_some(Ipsec { dropped, policies })
}

/// What it does.
pub(super) fn touches() -> Vec<Touch> {
    let programs = runs(&["ip -o xfrm policy", "ip -o xfrm state list nokeys"]);
    [reads(&[COUNTERS]), only("where packets were dropped for a policy of IPsec", programs)].concat()
}
