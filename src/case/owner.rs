//! Whose a service's port is on the server: the package's, whose unit and files are the usual ones; a container's; or that
//! of another program. Units and files of the package say nothing about what another one does.

use super::{Case, Seat};
use crate::fact::containers::{Containers, Publisher};
use crate::fact::network::Listeners;
use crate::fact::service::UnitState;
use crate::fact::{Fact, FactKey, Observation, Service, UnitTarget, Unseen, Vantage};
use crate::profile::Addresses;
use crate::snapshot::Snapshot;

/// Whose it is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Owner<'a> {
    /// As far as it is seen, the package's.
    Package,
    /// A container's that publishes it, or did when it ran last.
    Container(&'a Publisher),
    /// A container's; which, Docker could not be asked.
    SomeContainer,
    /// Another program's.
    Program(&'a str),
}

/// What speaks Redis' protocol and reads its files, and who listens in its place until it is needed.
const REDIS: [&str; 5] = ["redis-server", "valkey-server", "keydb-server", "redict-server", "systemd"];

/// PostgreSQL itself.
const POSTGRES: [&str; 3] = ["postgres", "postmaster", "systemd"];

/// What listens where Docker, or Podman without root, publishes a port.
const PROXIES: [&str; 2] = ["docker-proxy", "rootlessport"];

impl<'a> Seat<'a> {
    /// Whether anything listens on the service's port here, as far as that is seen.
    pub(crate) fn runs(&self, service: Service) -> bool {
        let port = self.addresses().of(service).port();
        self.listeners().map_or(true, |listeners| listeners.on(port).next().is_some())
    }

    /// The package's own unit, where it does not run although it was to: behind another program that has the port.
    pub(crate) fn behind(&self, service: Service) -> Option<&'a UnitState> {
        let snapshot = self.case.snapshot(self.vantage())?;
        let down = |unit: &&UnitState| unit.known && matches!(unit.active.as_str(), "inactive" | "failed");
        unit(snapshot, service).filter(down).filter(|_| is_wanted(snapshot, service))
    }

    /// Whose the service's port is.
    pub(crate) fn owner(&self, service: Service) -> Owner<'a> {
        // What decides it is read, and stands beside the finding.
        let _ = (self.listeners(), self.containers());
        of(self.snapshot, self.addresses, service)
    }
}

impl Case {
    /// The container on the server in which a service runs, or did when it ran last. Asked by reports.
    pub(crate) fn contained(&self, service: Service) -> Option<&Publisher> {
        let (snapshot, addresses) = self.snapshot(Vantage::Server).zip(self.addresses(Vantage::Server))?;
        match of(snapshot, addresses, service) {
            Owner::Container(container) => Some(container),
            Owner::Package | Owner::SomeContainer | Owner::Program(_) => None,
        }
    }
}

fn of<'a>(snapshot: &'a Snapshot, addresses: &Addresses, service: Service) -> Owner<'a> {
    let own = match service {
        Service::Redis => &REDIS[..],
        Service::Postgres => &POSTGRES[..],
    };
    let (at, port) = (addresses.of(service).ip(), addresses.of(service).port());
    let Some(listeners) = listeners(snapshot) else { return Owner::Package };
    let containers = containers(snapshot);
    let answers = listeners.on(port).find(|it| listeners.is_met(it, at));
    let program = answers.and_then(|it| it.program.as_deref());
    let runs = |it: &&Publisher| it.runs() && it.on(port).next().is_some();
    let leads = |it: &Publisher| it.on(port).any(|it| it.address == at || it.address.is_unspecified());
    let on_host = |it: &&Publisher| it.runs() && program.is_some() && it.host_program.as_deref() == program;
    match program {
        Some(program) if own.contains(&program) => match containers.iter().find(on_host) {
            Some(container) if !is_active(snapshot, service) => Owner::Container(container),
            Some(_) | None => Owner::Package,
        },
        Some(program) if !PROXIES.contains(&program) => Owner::Program(program),
        // Where nobody answers, a container that publishes another address may be none of this deployment's.
        proxy => match containers
            .iter()
            .filter(runs)
            .find(|it| proxy.is_some() || leads(it) || !is_wanted(snapshot, service))
        {
            Some(container) => Owner::Container(container),
            None if proxy.is_some() => Owner::SomeContainer,
            None => stopped(snapshot, listeners, containers, port, service),
        },
    }
}

/// A container that would have the port if it ran, where neither the package's service has it nor is to have it.
fn stopped<'a>(
    snapshot: &Snapshot,
    listeners: &Listeners,
    containers: &'a [Publisher],
    port: u16,
    service: Service,
) -> Owner<'a> {
    let free = listeners.on(port).next().is_none();
    match containers.iter().find(|it| it.on(port).next().is_some()) {
        Some(container) if free && !is_wanted(snapshot, service) => Owner::Container(container),
        Some(_) | None => Owner::Package,
    }
}

/// Whether the package's service runs, was to run, or is to be started at boot.
fn is_wanted(snapshot: &Snapshot, service: Service) -> bool {
    let wanted = |unit: &UnitState| unit.known && (unit.active != "inactive" || unit.enabled.starts_with("enabled"));
    let own = unit(snapshot, service).is_some_and(wanted);
    match service {
        Service::Redis => own,
        // Debian's cluster is started by a unit of its own kind, which is enabled as long as there is a cluster.
        Service::Postgres => {
            let shell = unit_at(snapshot, UnitTarget::Named("postgresql.service".to_owned()));
            own && shell.is_none_or(|shell| shell.enabled.starts_with("enabled"))
        }
    }
}

/// Where a container has the port, the look at what is in it takes the place of that at this machine's own; what is the
/// package's then says nothing.
pub(super) fn of_another(key: &FactKey, snapshot: &Snapshot, addresses: &Addresses) -> Result<Option<FactKey>, Unseen> {
    if snapshot.vantage != Vantage::Server {
        return Ok(None);
    }
    let service = if matches!(key, FactKey::RedisConf | FactKey::Unit(UnitTarget::Redis)) {
        Service::Redis
    } else if matches!(key, FactKey::PgConf | FactKey::PgHba | FactKey::PgState | FactKey::Unit(UnitTarget::Postgres)) {
        Service::Postgres
    } else {
        return Ok(None);
    };
    let name = match service {
        Service::Redis => "Redis",
        Service::Postgres => "PostgreSQL",
    };
    let port = addresses.of(service).port();
    Err(Unseen::NotKnown(match of(snapshot, addresses, service) {
        Owner::Package => match other_file(key, snapshot) {
            Some((own, file)) => {
                format!("the running Redis was started with {own}, and not with {file}, which was read")
            }
            None => return Ok(None),
        },
        Owner::Container(container) if !container.runs() => format!(
            "the container {} had port {port}, and its own settings were not read; `{key}` is this machine's own",
            container.name
        ),
        Owner::Container(container) => match inside(key, snapshot) {
            Some((inside, Ok(name))) if name == container.name => return Ok(Some(inside)),
            // It says itself why nothing was seen.
            Some((inside, Err(()))) => return Ok(Some(inside)),
            Some((_, Ok(_))) | None => format!(
                "{name} runs in the container {}, and its own settings were not read; `{key}` is this machine's own",
                container.name
            ),
        },
        Owner::SomeContainer => {
            format!("a container has port {port}, and its own settings were not read; `{key}` is this machine's own")
        }
        Owner::Program(program) => {
            format!("port {port} belongs to the program {program}; `{key}` is that of another service")
        }
    }))
}

/// The file that the running Redis names as its own, where another one was read.
fn other_file<'a>(key: &FactKey, snapshot: &'a Snapshot) -> Option<(&'a str, &'a str)> {
    let Fact::RedisState(state) = seen(snapshot, &FactKey::RedisState).filter(|_| *key == FactKey::RedisConf)? else {
        return None;
    };
    let Fact::RedisConf(conf) = seen(snapshot, key)? else { return None };
    let own = state.config_file.as_deref()?;
    (own != conf.path).then_some((own, conf.path.as_str()))
}

/// The look at the same in a container, if it was taken, and whose it is, if that was seen.
fn inside<'a>(key: &FactKey, snapshot: &'a Snapshot) -> Option<(FactKey, Result<&'a str, ()>)> {
    let pairs = [
        (FactKey::RedisConf, FactKey::RedisConfInside),
        (FactKey::PgHba, FactKey::PgHbaInside),
        (FactKey::PgState, FactKey::PgStateInside),
    ];
    let inside = pairs.into_iter().find(|(own, _)| own == key).map(|(_, inside)| inside)?;
    let container = match &snapshot.facts.get(&inside)?.observation {
        Observation::Seen(Fact::RedisConf(it)) => it.container.as_deref(),
        Observation::Seen(Fact::PgHba(it)) => it.container.as_deref(),
        Observation::Seen(Fact::PgState(it)) => it.container.as_deref(),
        Observation::Seen(_) => None,
        Observation::Unseen(_) => return Some((inside, Err(()))),
    };
    Some((inside, Ok(container?)))
}

fn seen<'a>(snapshot: &'a Snapshot, key: &FactKey) -> Option<&'a Fact> {
    match &snapshot.facts.get(key)?.observation {
        Observation::Seen(fact) => Some(fact),
        Observation::Unseen(_) => None,
    }
}

fn listeners(snapshot: &Snapshot) -> Option<&Listeners> {
    if let Fact::Listeners(listeners) = seen(snapshot, &FactKey::Listeners)? { Some(listeners) } else { None }
}

fn containers(snapshot: &Snapshot) -> &[Publisher] {
    if let Some(Fact::Containers(Containers { all })) = seen(snapshot, &FactKey::Containers) { all } else { &[] }
}

fn unit(snapshot: &Snapshot, service: Service) -> Option<&UnitState> {
    unit_at(
        snapshot,
        match service {
            Service::Redis => UnitTarget::Redis,
            Service::Postgres => UnitTarget::Postgres,
        },
    )
}

fn unit_at(snapshot: &Snapshot, target: UnitTarget) -> Option<&UnitState> {
    if let Fact::Unit(unit) = seen(snapshot, &FactKey::Unit(target))? { Some(unit) } else { None }
}

fn is_active(snapshot: &Snapshot, service: Service) -> bool {
    unit(snapshot, service).is_some_and(|unit| unit.active == "active")
}
