//! How the client runs the worker, and what that goes to. Asked by reports too, so it is no judge's look.

use super::{Case, Seat};
use crate::fact::environment::{ByHost, EnvUrl};
use crate::fact::service::UnitState;
use crate::fact::{Fact, FactKey, Service, UnitTarget, Unseen, Vantage};
use crate::profile::Topology;

impl Case {
    /// The name of the worker's container as the client's Docker has it: empty where it has none, and none where nobody looked.
    pub fn container(&self) -> Option<&str> {
        let client = self.snapshot(Vantage::Client)?;
        let Some(Fact::Docker(docker)) = client.fact(&FactKey::Docker) else { return None };
        Some(docker.workers.first().map_or("", |worker| worker.name.as_str()))
    }

    /// The unit of the web app as the server has it: none where nobody looked, or it has none.
    pub fn web_unit(&self) -> Option<&str> {
        let Some(Fact::WebApp(web)) = self.snapshot(Vantage::Server)?.fact(&FactKey::WebApp) else { return None };
        web.unit.as_deref()
    }

    /// The worker, where the client runs it without Docker.
    pub fn native_worker(&self) -> Option<ByHost> {
        let client = self.snapshot(Vantage::Client)?;
        if let Some(Fact::Env(env)) = client.fact(&FactKey::Env) {
            return env.provenance.as_ref()?.host.clone();
        }
        // Its variables may be out of sight, and itself not.
        let Some(Fact::HostWorker(worker)) = client.fact(&FactKey::HostWorker) else { return None };
        let docker = if let Some(Fact::Docker(docker)) = client.fact(&FactKey::Docker) { Some(docker) } else { None };
        worker.is_the_worker(docker).then(|| ByHost {
            pid: worker.process.as_ref().map(|it| it.pid),
            unit: worker.unit.as_ref().map(|unit| unit.name.clone()),
            reload: worker.unit.as_ref().is_some_and(|unit| unit.stale),
            ..ByHost::default()
        })
    }
}

impl Seat<'_> {
    /// Whether the client runs the worker without Docker.
    pub(crate) fn is_native(&self) -> bool {
        self.case.native_worker().is_some()
    }

    /// Whether the worker goes to PostgreSQL by itself. One of version 0.12 or later does not that has no DATABASE_URL.
    pub(crate) fn uses_database(&self) -> bool {
        let client = self.case.snapshot(Vantage::Client).and_then(|client| client.fact(&FactKey::Env));
        let without = matches!(client, Some(Fact::Env(env)) if env.reports_by_http_alone());
        let has_none = self.addresses.app.as_ref().is_some_and(|app| app.database.is_none());
        self.addresses.topology != Some(Topology::Api) && !without && !has_none
    }
}

impl Seat<'_> {
    /// Whether the web app goes to PostgreSQL on the server, as its own variables say, and nothing listens there.
    pub(crate) fn web_app_lacks_database(&self) -> bool {
        let server = self.case.snapshot(Vantage::Server);
        let Some(Fact::Env(env)) = server.and_then(|server| server.fact(&FactKey::Env)) else { return false };
        let Some(Fact::Listeners(all)) = server.and_then(|server| server.fact(&FactKey::Listeners)) else {
            return false;
        };
        env.database().url().is_some_and(EnvUrl::is_postgres)
            && self.elsewhere(Service::Postgres).is_none()
            && all.on(self.addresses.postgres_port.value).next().is_none()
    }
}

impl<'a> Seat<'a> {
    /// WireGuard's unit.
    pub fn wireguard_unit(&self) -> Result<&'a UnitState, Unseen> {
        self.unit(UnitTarget::WireGuard)
    }

    /// Redis' unit.
    pub fn redis_unit(&self) -> Result<&'a UnitState, Unseen> {
        self.unit(UnitTarget::Redis)
    }

    /// PostgreSQL's unit.
    pub fn postgres_unit(&self) -> Result<&'a UnitState, Unseen> {
        self.unit(UnitTarget::Postgres)
    }

    /// The unit of Docker's engine.
    pub fn docker_unit(&self) -> Result<&'a UnitState, Unseen> {
        self.unit(UnitTarget::Named("docker.service".to_owned()))
    }
}
