//! The `.network` file that systemd-networkd applies to a tunnel which another program made, or that it reads before the
//! tunnel's own.

use super::files::{NETWORKD, index, named};
use crate::fact::touch::{Touch, only, reads, reads_in};
use crate::fact::wireguard::{Adopted, Program, WgConf};
use crate::probe::host;
use crate::read::networkd;

/// None where networkd leaves the interface alone, or applies a file that is meant for it.
pub(super) fn look(conf: &WgConf, interface: &str) -> Option<Adopted> {
    let own = conf.made_by.as_ref().is_some_and(|maker| maker.program == Program::Networkd);
    if own && !conf.addresses.is_empty() {
        return None;
    }
    let state = host::read_or_unseen(format!("/run/systemd/netif/links/{}", index(interface)?)).ok()?;
    let path = state.lines().find_map(|line| line.strip_prefix("NETWORK_FILE="))?;
    let (pattern, at) = networkd::matched(&host::read_or_unseen(path).ok()?, interface)?;
    let meant = || {
        let files = named(&NETWORKD, ".network").ok()?;
        let addressed = |file: &&String| {
            let text = host::read_or_unseen(file.as_str()).unwrap_or_default();
            networkd::network(&text, interface).is_some_and(|(nets, _)| !nets.is_empty())
        };
        files.iter().filter(|file| *file != path).find(addressed).cloned()
    };
    let hidden = if own { Some(meant()?) } else { None };
    Some(Adopted { path: path.to_owned(), pattern, at, hidden })
}

/// What it does.
pub(super) fn touches() -> Vec<Touch> {
    let files = [reads(&["/run/systemd/netif/links/{device}"]), reads_in(&NETWORKD, &["*.network"])].concat();
    only("where systemd-networkd knows the interface", files)
}
