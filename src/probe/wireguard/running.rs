//! The interfaces that run on Linux: in the kernel, and of programs.

use std::collections::BTreeSet;

use secrecy::zeroize::Zeroize;

use super::as_state;
use crate::fact::Unseen;
use crate::fact::network::Link;
use crate::fact::wireguard::{WgInterface, WgState};
use crate::probe::{PROGRAM, host, network};
use crate::read::wg_dump;

/// Interfaces, each with who told of it.
pub(super) type Found = Result<Vec<(WgInterface, String)>, Unseen>;

pub(super) fn needs_root() -> Unseen {
    Unseen::NeedsRights("WireGuard shows its state only to root; run clipcheck with sudo".to_owned())
}

pub(super) async fn running() -> (String, Result<WgState, Unseen>) {
    let links = network::all_links().await;
    let (in_kernel, in_userspace) = tokio::join!(of_kernel(links.as_deref()), of_userspace(links.as_deref()));
    match (in_kernel, in_userspace) {
        (Ok(mut found), Ok(more)) => {
            found.extend(more);
            let sources: BTreeSet<String> = found.iter().map(|(_, source)| source.clone()).collect();
            let source = sources.into_iter().collect::<Vec<_>>().join(", ");
            let source = if source.is_empty() { "the kernel (netlink), /var/run/wireguard".to_owned() } else { source };
            (source, Ok(as_state(found.into_iter().map(|(interface, _)| interface).collect())))
        }
        (in_kernel, in_userspace) => {
            let why = in_kernel.err().or(in_userspace.err()).unwrap_or_else(needs_root);
            let source = "`wg show all dump`".to_owned();
            // Where it is not let in itself, `wg` may show nothing at all.
            let none = links.as_ref().is_ok_and(|links| !links.iter().any(may_be_ours));
            let shown = of_wg().await.filter(|shown| none || !shown.is_empty());
            (source, shown.map(as_state).ok_or(why))
        }
    }
}

/// A tunnel's interface: the kernel's own, or one that a program makes.
fn may_be_ours(link: &Link) -> bool {
    matches!(link.kind.as_deref(), Some("wireguard" | "tun"))
}

async fn of_kernel(links: Result<&[Link], &Unseen>) -> Found {
    let links = links.map_err(Clone::clone)?;
    let names = links.iter().filter(|link| link.kind.as_deref() == Some("wireguard"));
    super::kernel::interfaces(names.map(|link| link.name.as_str())).await
}

async fn of_userspace(links: Result<&[Link], &Unseen>) -> Found {
    super::userspace::interfaces(links.ok()).await
}

/// Works without root where `wg` itself has the rights. `sudo -n` is not tried: for a user without such a rule it
/// writes to the log and mails root.
async fn of_wg() -> Option<Vec<WgInterface>> {
    let mut said = host::run("wg", &["show", "all", "dump"], PROGRAM).await.ok()?;
    let interfaces = wg_dump::read(&said.out).ok().filter(|_| said.ok);
    said.out.zeroize();
    interfaces
}
