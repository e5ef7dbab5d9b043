//! What Windows tells of itself, by its own interfaces and programs. The readers are those of a recording of windows.ps1,
//! which is the way to look where this program is not wanted.

use secrecy::zeroize::Zeroize;
use windows_service::Error;
use windows_service::service::ServiceAccess;
use windows_service::service_manager::{ServiceManager, ServiceManagerAccess};

use super::host::{self, limits};
use super::{PROGRAM, ProbeContext};
use crate::fact::Unseen;
use crate::fact::network::Link;
use crate::fact::network::routes::Route;
use crate::fact::service::UnitState;
use crate::fact::wireguard::WgInterface;
use crate::profile::Origin;
use crate::read::wg_dump;
use crate::read::windows::{Adapter, Network, SERVICE, TunnelService, only_tunnel, unit as unit_of};
use crate::snapshot::Rights;

/// Windows' `ERROR_ACCESS_DENIED` and `ERROR_SERVICE_DOES_NOT_EXIST`.
const DENIED: i32 = 5;
const NO_SERVICE: i32 = 1060;

/// The running tunnels, from `wg.exe`: where its installer puts it, else wherever PATH has it.
pub(super) async fn wg() -> Result<Vec<WgInterface>, Unseen> {
    let installed = folder().map(|folder| format!("{folder}\\wg.exe"));
    for program in installed.iter().map(String::as_str).chain(["wg"]) {
        let mut said = match host::run(program, &["show", "all", "dump"], PROGRAM).await {
            Err(Unseen::NotInstalled(_)) => continue,
            said => said?,
        };
        let seen = wg_dump::read(&said.out).ok().filter(|_| said.ok);
        said.out.zeroize();
        return seen.ok_or_else(|| match host::rights() {
            Rights::User => Unseen::NeedsRights(
                "WireGuard shows its state only to an Administrator; open PowerShell as Administrator".to_owned(),
            ),
            Rights::Administrator | Rights::Root => Unseen::NoTool("`wg show all dump` did not answer".to_owned()),
        });
    }
    Err(Unseen::NoTool("WireGuard for Windows is not installed: there is no wg.exe".to_owned()))
}

fn folder() -> Option<String> {
    host::variable("ProgramFiles").map(|folder| format!("{folder}\\WireGuard"))
}

/// The tunnels that the app keeps; their files are encrypted, and their folder is shown to administrators alone.
fn kept() -> Vec<String> {
    let files = folder().and_then(|folder| host::list(format!("{folder}\\Data\\Configurations")).ok().flatten());
    let name = |file: &String| Some(file.strip_suffix(".dpapi").unwrap_or(file).strip_suffix(".conf")?.to_owned());
    files.iter().flatten().filter_map(name).collect()
}

/// The tunnel's service. Where nothing told the tunnel's name, it is the only one that the app keeps.
pub(super) fn unit(context: &ProbeContext) -> Result<UnitState, Unseen> {
    let (interface, kept) = (&context.addresses()?.interface, kept());
    let only = only_tunnel(&kept).filter(|_| interface.origin == Origin::Assumed);
    let tunnel = only.unwrap_or(&interface.value);
    let services: Vec<TunnelService> = service(&format!("{SERVICE}{tunnel}"))?.into_iter().collect();
    Ok(unit_of(tunnel, &services, &kept))
}

/// A service as the service control manager knows it.
fn service(name: &str) -> Result<Option<TunnelService>, Unseen> {
    let looked = || {
        let manager = ServiceManager::local_computer(None::<&str>, ServiceManagerAccess::CONNECT)?;
        let service = manager.open_service(name, ServiceAccess::QUERY_STATUS | ServiceAccess::QUERY_CONFIG)?;
        let (state, start) = (service.query_status()?.current_state, service.query_config()?.start_type);
        Ok(TunnelService::new(name, state as u32, start.to_raw()))
    };
    match looked() {
        Ok(service) => Ok(Some(service)),
        Err(Error::Winapi(error)) if error.raw_os_error() == Some(NO_SERVICE) => Ok(None),
        Err(Error::Winapi(error)) if error.raw_os_error() == Some(DENIED) => {
            Err(Unseen::NeedsRights("Windows shows this service only to an Administrator".to_owned()))
        }
        Err(Error::Winapi(error)) => {
            limits::note(&error);
            Err(Unseen::NoTool(format!("Windows did not show the service: {}", host::words(&error))))
        }
        Err(_) => Err(Unseen::Unreadable("what Windows says of the service".to_owned())),
    }
}

/// The adapters, by `GetAdaptersAddresses`.
fn adapters() -> Result<Vec<Adapter>, Unseen> {
    let found: Vec<Adapter> = netdev::get_interfaces()
        .into_iter()
        .map(|it| Adapter {
            up: it.is_up(),
            name: it.friendly_name.unwrap_or(it.name),
            description: it.description.unwrap_or_default(),
            index: it.index,
            // A loopback's size does not fit into every number.
            mtu: it.mtu.unwrap_or_default(),
            addresses: it.ipv4.iter().map(ToString::to_string).chain(it.ipv6.iter().map(ToString::to_string)).collect(),
        })
        .collect();
    if found.is_empty() {
        return Err(Unseen::NoTool("Windows did not list its adapters".to_owned()));
    }
    Ok(found)
}

/// The adapters that lead to others.
pub(super) fn links() -> Result<Vec<Link>, Unseen> {
    Network::links(&adapters()?).map_err(Unseen::Unreadable)
}

/// The same, and the routes by `route print`.
pub(super) async fn routes() -> Result<(Vec<Link>, Vec<Route>), Unseen> {
    let adapters = adapters()?;
    let said = host::run("route", &["print"], PROGRAM).await?;
    if !said.ok {
        return Err(Unseen::NoTool("`route print` did not answer".to_owned()));
    }
    let table: Vec<String> = said.out.lines().map(str::to_owned).collect();
    Network::routes(&adapters, &table).map_err(Unseen::Unreadable)
}
