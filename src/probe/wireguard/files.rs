//! The tunnel's file. Which program it is for, what runs tells; where nothing runs, the file that there is.

use ipnet::IpNet;
use secrecy::zeroize::Zeroize;

use super::super::{ProbeContext, ProbeResult, host};
use super::{adopted, contained};
use crate::fact::order::InOrder;
use crate::fact::touch::{Touch, only, reads, reads_in};
use crate::fact::wireguard::{Maker, Program, WgConf};
use crate::fact::{Fact, Unseen};
use crate::read::{keyfile, networkd, wg_quick};

/// wg-quick's files.
pub(super) const FOLDER: &str = "/etc/wireguard";

/// networkd's, the stronger first (systemd.netdev(5)).
pub(super) const NETWORKD: [&str; 5] = [
    "/etc/systemd/network",
    "/run/systemd/network",
    "/usr/local/lib/systemd/network",
    "/usr/lib/systemd/network",
    "/lib/systemd/network",
];

/// NetworkManager's keyfiles.
const NETWORK_MANAGER: [&str; 3] = [
    "/etc/NetworkManager/system-connections",
    "/run/NetworkManager/system-connections",
    "/usr/lib/NetworkManager/system-connections",
];

pub(super) async fn look(context: &ProbeContext) -> ProbeResult {
    match found(context).await {
        Ok(Some(mut conf)) => {
            conf.adopted = conf.interface().and_then(|interface| adopted::look(&conf, interface));
            ProbeResult::new(conf.path.clone(), Ok(Fact::WgConf(conf)))
        }
        Ok(None) => {
            let path = path(context);
            let interface = path.rsplit('/').next().and_then(|name| name.strip_suffix(".conf")).unwrap_or_default();
            let read = of_wg_quick(&path).map(|mut conf| {
                conf.adopted = adopted::look(&conf, interface);
                Fact::WgConf(conf)
            });
            ProbeResult::new(path, read)
        }
        Err(why) => ProbeResult::new("", Err(why)),
    }
}

pub(super) fn of_wg_quick(path: &str) -> Result<WgConf, Unseen> {
    let stat = host::stat(path)?.ok_or_else(|| Unseen::NotKnown(format!("there is no {path}")))?;
    let mut text = host::read_or_unseen(path)?;
    let mut conf = wg_quick::read(path, stat.mode, &text, &services()?);
    text.zeroize();
    conf.no_resolvconf = conf.dns.is_some() && !is_there("resolvconf");
    let beside =
        host::list(FOLDER)?.unwrap_or_default().into_iter().filter(|name| name.strip_suffix(".conf").is_some());
    conf.others = beside.map(|name| format!("{FOLDER}/{name}")).filter(|other| other != path).collect();
    Ok(conf)
}

/// Where systemd lets a unit look for programs (systemd.exec(5), `ExecSearchPath=`).
const PATH: [&str; 6] = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/// A program that wg-quick may find. What cannot be looked at may be there.
fn is_there(program: &str) -> bool {
    PATH.iter().any(|folder| !matches!(host::stat(format!("{folder}/{program}")), Ok(None)))
}

/// Every tunnel that a file of this machine is for.
pub(super) fn all() -> Result<Vec<WgConf>, Unseen> {
    let names = host::list(FOLDER)?.unwrap_or_default();
    let quick = names.iter().filter(|name| name.strip_suffix(".conf").is_some());
    let mut found: Vec<WgConf> = quick.filter_map(|name| of_wg_quick(&format!("{FOLDER}/{name}")).ok()).collect();
    found.extend(of_networkd()?);
    found.extend(of_network_manager()?);
    Ok(found)
}

/// A port may be a name.
fn services() -> Result<String, Unseen> {
    Ok(host::read_if_there("/etc/services")?.unwrap_or_default())
}

/// The file of the interface that the user named, else the only one there is, else the guide's.
fn path(context: &ProbeContext) -> String {
    let only = || {
        let names = host::list(FOLDER).ok()??;
        let mut files = names.iter().filter_map(|name| name.strip_suffix(".conf"));
        files.next().filter(|_| files.next().is_none()).map(str::to_owned)
    };
    let interface = context.profile.interface.clone().or_else(only).unwrap_or_else(|| "wg0".to_owned());
    format!("{FOLDER}/{interface}.conf")
}

/// The file of another program than wg-quick: of the one that manages the interface as it runs, or whose container has
/// it; else, where wg-quick has none, the only one that there is.
async fn found(context: &ProbeContext) -> Result<Option<WgConf>, Unseen> {
    let mut found = of_networkd()?;
    found.extend(of_network_manager()?);
    let wanted = context.profile.interface.as_deref();
    found.retain(|conf| wanted.is_none_or(|wanted| conf.interface() == Some(wanted)));
    let managed = |conf: &WgConf| conf.made_by.as_ref().is_some_and(manages);
    if let Some(at) = found.iter().position(managed) {
        return Ok(Some(found.swap_remove(at)));
    }
    let quick = path(context);
    if is_started(&quick) {
        return Ok(None);
    }
    if let Some(conf) = contained::look().await
        && wanted.is_none_or(|wanted| conf.interface() == Some(wanted))
        && is_the_same(&conf, &quick)
    {
        return Ok(Some(conf));
    }
    // NetworkManager writes a profile there of every interface that others made.
    let of_another = |conf: &WgConf| {
        let maker = conf.made_by.as_ref();
        maker.is_some_and(|it| it.program == Program::NetworkManager && it.netplan.is_none())
            && conf.path.starts_with("/run/")
    };
    found.retain(|conf| !of_another(conf));
    let quick = host::stat(quick).is_ok_and(|stat| stat.is_some());
    Ok(if quick || found.len() > 1 { None } else { found.pop() })
}

/// Whether a container's tunnel may be the one of wg-quick's file: another container may have another VPN.
fn is_the_same(contained: &WgConf, quick: &str) -> bool {
    let Ok(written) = of_wg_quick(quick) else { return true };
    let networks = |conf: &WgConf| conf.addresses.iter().map(IpNet::trunc).collect::<Vec<_>>();
    let own = networks(contained);
    own.is_empty() || networks(&written).iter().any(|net| own.contains(net))
}

/// Whether wg-quick's unit of that file is active: systemd keeps a link of that name as long as it is.
fn is_started(path: &str) -> bool {
    let name = path.rsplit('/').next().and_then(|name| name.strip_suffix(".conf")).unwrap_or_default();
    let link = host::list("/run/systemd/units").ok().flatten().unwrap_or_default();
    link.contains(&format!("invocation:wg-quick@{name}.service"))
}

/// Whether this machine has an interface of that name.
pub(super) fn runs(interface: &str) -> bool {
    index(interface).is_some()
}

/// The kernel's number of an interface.
pub(super) fn index(interface: &str) -> Option<u32> {
    let host::Text::Read(text) = host::read(format!("/sys/class/net/{interface}/ifindex")) else { return None };
    text.trim().parse().ok()
}

/// Whether the program has made the interface, or given it its addresses, as the files of its own state tell.
fn manages(maker: &Maker) -> bool {
    let Some(index) = index(&maker.interface) else { return false };
    let says = |folder: &str, wanted: &dyn Fn(&str) -> bool| match host::read(format!("{folder}/{index}")) {
        host::Text::Read(text) => text.lines().any(wanted),
        host::Text::Missing | host::Text::Forbidden | host::Text::Failed(_) => false,
    };
    match maker.program {
        Program::Networkd => says("/run/systemd/netif/links", &|line| {
            matches!(line, "ADMIN_STATE=configured" | "ADMIN_STATE=configuring" | "ADMIN_STATE=failed")
        }),
        Program::NetworkManager => says("/run/NetworkManager/devices", &|line| line == "nm-owned=true"),
        Program::Container => false,
    }
}

/// Files of a kind in folders of which the stronger come first: a file hides those of its name.
pub(super) fn named(folders: &[&str], suffix: &str) -> Result<Vec<String>, Unseen> {
    let mut found: Vec<(String, String)> = Vec::new();
    for folder in folders {
        for name in host::list(folder)?.unwrap_or_default() {
            if name.ends_with(suffix) && !found.iter().any(|(other, _)| *other == name) {
                found.push((name.clone(), format!("{folder}/{name}")));
            }
        }
    }
    found.in_order();
    Ok(found.into_iter().map(|(_, path)| path).collect())
}

fn of_networkd() -> Result<Vec<WgConf>, Unseen> {
    let mut all = Vec::new();
    for path in named(&NETWORKD, ".netdev")? {
        if let Some(conf) = read(&path, networkd::netdev)? {
            all.push(conf);
        }
    }
    if all.is_empty() {
        return Ok(all);
    }
    let mut networks = Vec::new();
    for path in named(&NETWORKD, ".network")? {
        networks.push((host::read_or_unseen(&path)?, path));
    }
    for conf in &mut all {
        let Some(name) = conf.interface().map(str::to_owned) else { continue };
        // The first one that matches is the only one that counts.
        let first = networks.iter().find_map(|(text, path)| Some((networkd::network(text, &name)?, path)));
        conf.generated("10-netplan-")?;
        if let (Some(((nets, at), path)), Some(maker)) = (first, &mut conf.made_by) {
            maker.network = Some(path.clone());
            (conf.addresses, conf.address_at) = (nets, at);
        }
    }
    Ok(all)
}

fn of_network_manager() -> Result<Vec<WgConf>, Unseen> {
    let mut all = Vec::new();
    for path in named(&NETWORK_MANAGER, "")? {
        if let Some(mut conf) = read(&path, keyfile::read)? {
            conf.generated("netplan-")?;
            all.push(conf);
        }
    }
    Ok(all)
}

type Reader = fn(&str, u32, &str, &str) -> Option<WgConf>;

/// A tunnel's file, if it is one.
fn read(path: &str, reader: Reader) -> Result<Option<WgConf>, Unseen> {
    let Some(stat) = host::stat(path)?.filter(|stat| stat.is_file) else { return Ok(None) };
    let mut text = host::read_or_unseen(path)?;
    let conf = reader(path, stat.mode, &text, &services()?);
    text.zeroize();
    Ok(conf)
}

/// What is found of netplan.
trait Generated {
    fn generated(&mut self, prefix: &str) -> Result<(), Unseen>;
}

impl Generated for WgConf {
    /// Notes netplan's own file, where this one has the name that netplan gives to what it generates below /run.
    fn generated(&mut self, prefix: &str) -> Result<(), Unseen> {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        if !self.path.starts_with("/run/") || !name.starts_with(prefix) {
            return Ok(());
        }
        let interface = self.interface().unwrap_or_default().to_owned();
        let source = named(&["/etc/netplan"], ".yaml")?.into_iter().rev().find(|path| {
            let host::Text::Read(mut text) = host::read(path) else { return false };
            let names = text.lines().any(|line| line.trim().trim_end_matches(':') == interface);
            text.zeroize();
            names
        });
        if let Some(maker) = &mut self.made_by {
            maker.netplan = Some(source.unwrap_or_else(|| "/etc/netplan".to_owned()));
        }
        Ok(())
    }
}

/// What reading the tunnels' files does.
pub(super) fn touches() -> Vec<Touch> {
    let of_systemd = ["/run/systemd/units", "/sys/class/net/{interface}/ifindex"];
    let states = ["/run/systemd/netif/links/{device}", "/run/NetworkManager/devices/{device}"];
    [
        reads_in(&[FOLDER], &["*.conf"]),
        reads_in(&NETWORKD, &["*.netdev", "*.network"]),
        reads_in(&NETWORK_MANAGER, &["*"]),
        only("where there is a tunnel's file", reads(&["/etc/services"])),
        reads(&of_systemd),
        only("where systemd-networkd or NetworkManager may make the tunnel", reads(&states)),
        adopted::touches(),
        only("where netplan made such a file", reads_in(&["/etc/netplan"], &["*.yaml"])),
    ]
    .concat()
}
