//! A tunnel that a container makes: in its own network, or in this machine's.

use super::super::{docker, host};
use super::files;
use crate::fact::touch::{Touch, only, reads};
use crate::fact::wireguard::{ByHand, Maker, Program, WgConf};
use crate::read::tunnel_container::{self, Found};

/// The tunnel of a container, if Docker can be asked and one has it.
pub(super) async fn look() -> Option<WgConf> {
    // Without a running engine nothing is started to ask for it.
    host::stat("/var/run/docker.sock").ok()??;
    let json = docker::inspected().await.ok()?;
    tunnel_container::read(&json)?.iter().find_map(|found| if found.on_host { on_host(found) } else { apart(found) })
}

/// In its own network the interface itself is seen, whatever becomes of its file.
fn apart(found: &Found) -> Option<WgConf> {
    let host::Text::Read(devices) = host::read(format!("/proc/{}/net/dev", found.process)) else { return None };
    let interface = tunnel_container::interface(&devices)?;
    let conf = found.files(interface).iter().find_map(|path| files::of_wg_quick(path).ok());
    let conf = conf.unwrap_or_else(|| WgConf::empty(&format!("the container {}", found.name), 0));
    Some(made_by(conf, found, interface))
}

/// In the host's, the interface is anybody's; the file says that the container makes it.
fn on_host(found: &Found) -> Option<WgConf> {
    found.folders().find_map(|folder| {
        let names = host::list(&folder).ok()??;
        let mut runs = names.iter().filter_map(|name| name.strip_suffix(".conf")).filter(|name| files::runs(name));
        let interface = runs.next()?;
        Some(made_by(files::of_wg_quick(&format!("{folder}/{interface}.conf")).ok()?, found, interface))
    })
}

fn made_by(conf: WgConf, found: &Found, interface: &str) -> WgConf {
    let maker = Maker {
        name: Some(found.name.clone()),
        by_hand: (!found.restarts).then_some(ByHand::RestartPolicy),
        apart: !found.on_host,
        ..Maker::new(Program::Container, interface)
    };
    WgConf { made_by: Some(maker), others: Vec::new(), ..conf }
}

/// What [`look`] does.
pub(super) fn touches() -> Vec<Touch> {
    let of_container = reads(&["/proc/{pid}/net/dev", "{mounted}"]);
    let asked = [docker::touches(), only("where a container makes a tunnel", of_container)].concat();
    [reads(&["/var/run/docker.sock"]), only("where Docker's engine has its socket", asked)].concat()
}
