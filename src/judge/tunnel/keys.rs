//! Keys: who can read them, and whether the two ends agree that there is one.

use super::{far, running};
use crate::case::Seat;
use crate::check::cause::{WgConfigPrivate, WgKeyFilesPrivate, WgPresharedAgrees};
use crate::check::{Judged, broken, holds, not_applicable};
use crate::fact::Vantage;
use crate::fact::wireguard::keys::KeyFile;
use crate::fact::wireguard::{Program, WgInterface};

/// Either both ends have a preshared key for the other, or neither has.
pub(crate) fn wg_preshared_agrees(seat: &Seat<'_>) -> Judged<WgPresharedAgrees> {
    let Some(here) = running(seat, seat.wg()?) else { return Ok(not_applicable("the interface is not running")) };
    let Ok(client) = seat.at(Vantage::Client) else {
        return Ok(not_applicable("this needs the snapshots of both ends"));
    };
    let Some(there) = running(&client, client.wg()?) else {
        return Ok(not_applicable("the client's interface does not run"));
    };
    let of = |interface: &WgInterface, key: &Option<String>| {
        interface.peers.iter().find(|peer| Some(&peer.public_key) == key.as_ref()).cloned()
    };
    let (Some(theirs), Some(ours)) = (of(here, &there.public_key), of(there, &here.public_key)) else {
        return Ok(not_applicable("the two ends are not each other's peers"));
    };
    let on_server = theirs.preshared.is_present();
    if on_server == ours.preshared.is_present() {
        return Ok(holds());
    }
    let line = |seat: &Seat<'_>, key: &str| {
        let conf = seat.wg_conf().ok()?;
        let peer = conf.peers.iter().find(|peer| peer.public_key.as_deref() == Some(key))?;
        // A path of several words would be several files.
        (!conf.path.contains(' ')).then_some((conf.path.clone(), peer.preshared_at?.line))
    };
    let (finding, written) = if on_server {
        (broken(WgPresharedAgrees::ServerOnly).with("key", &theirs.public_key), line(seat, &theirs.public_key))
    } else {
        (broken(WgPresharedAgrees::ClientOnly).with("key", &ours.public_key), line(&client, &ours.public_key))
    };
    let written = written.map_or_else(String::new, |(path, line)| format!("sed -i {line}d {path}"));
    Ok(finding.with("unwrite", written).into())
}

/// The line of the key in the file that the far end's new one takes the place of: of the only peer that has the far end's address, if
/// nobody speaks with it.
pub(super) fn replaced(seat: &Seat<'_>, interface: &WgInterface) -> Option<u32> {
    let (_, _, far) = far(seat);
    let conf = seat.wg_conf().ok()?;
    let mut owners = conf.peers.iter().filter(|peer| peer.allowed_ips.iter().any(|net| net.contains(&far.value)));
    let owner = owners.next().filter(|_| owners.next().is_none())?;
    let old = owner.public_key.as_ref()?;
    let now = seat.wg().ok()?.read_at;
    let speaks = interface.peers.iter().any(|peer| peer.public_key == *old && peer.has_session(now));
    owner.key_at.filter(|_| !speaks).map(|at| at.line)
}

/// Nobody but root can read the key files that the set-up left behind.
pub(crate) fn wg_key_files_private(seat: &Seat<'_>) -> Judged<WgKeyFilesPrivate> {
    let keys = seat.wg_keys()?;
    if keys.files.iter().all(|file| file.public_key.is_none()) {
        return Ok(not_applicable("there are no key files"));
    }
    let open = |file: &&KeyFile| file.public_key.is_some() && file.reachable && file.mode & 0o077 != 0;
    Ok(match keys.files.iter().find(open) {
        None => holds(),
        Some(file) => broken(WgKeyFilesPrivate::Readable)
            .with("path", &file.path)
            .with("mode", format!("{:04o}", file.mode))
            .into(),
    })
}

/// Nobody but root can read the tunnel's private key.
pub(crate) fn wg_config_private(seat: &Seat<'_>) -> Judged<WgConfigPrivate> {
    let conf = seat.wg_conf()?;
    let others = match conf.made_by.as_ref().map(|maker| maker.program) {
        // networkd runs as a user of its own, and reads the file by its group.
        Some(Program::Networkd) => 0o007,
        Some(Program::NetworkManager | Program::Container) | None => 0o077,
    };
    if conf.made_by.is_some() && conf.derived_public.is_none() {
        return Ok(not_applicable("the private key is not in the tunnel's file"));
    }
    Ok(if conf.mode & others == 0 {
        holds()
    } else {
        broken(WgConfigPrivate::Readable).with("mode", format!("{:04o}", conf.mode)).with("file", &conf.path).into()
    })
}
