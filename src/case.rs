//! The snapshots under judgement. The only way to read a fact, and it remembers what was read.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;

use crate::fact::api::ApiOutcome;
use crate::fact::celery::Celery;
use crate::fact::celery::process::Workers;
use crate::fact::delivery::Delivery;
use crate::fact::dial::{NameLooks, PingOutcome, TcpOutcome};
use crate::fact::docker::Docker;
use crate::fact::environment::Environment;
use crate::fact::firewall::Ufw;
use crate::fact::firewall::netfilter::{Model, Netfilter};
use crate::fact::network::routes::Routes;
use crate::fact::network::{Links, Listeners, Route};
use crate::fact::postgres::hba::PgHba;
use crate::fact::postgres::state::PgState;
use crate::fact::postgres::{PgConf, PgOutcome};
use crate::fact::redis::state::RedisState;
use crate::fact::redis::{RedisConf, RedisOutcome};
use crate::fact::service::UnitState;
use crate::fact::wireguard::keys::WgKeys;
use crate::fact::wireguard::{WgConf, WgState};
use crate::fact::{Fact, FactKey, Place, Service, Sight, TcpTarget, UnitTarget, Unseen, Vantage};
use crate::profile::Addresses;
use crate::snapshot::Snapshot;

mod kin;

/// The snapshots that are judged together, one per vantage.
#[derive(Debug)]
pub struct Case {
    snapshots: BTreeMap<Vantage, Snapshot>,
    read: RefCell<Vec<(Vantage, FactKey)>>,
    /// The kernel's rules of each vantage, understood once.
    rules: BTreeMap<Vantage, OnceCell<Model>>,
}

impl Case {
    /// A case of these snapshots. Two of one vantage are refused: they are two cases.
    pub fn new(snapshots: Vec<Snapshot>) -> Result<Self, String> {
        let mut by_vantage = BTreeMap::new();
        for snapshot in snapshots {
            let vantage = snapshot.vantage;
            if by_vantage.insert(vantage, snapshot).is_some() {
                return Err(format!("two snapshots of the {vantage}: judge each with the other ends, one at a time"));
            }
        }
        if by_vantage.is_empty() {
            return Err("no snapshot to judge".to_owned());
        }
        let rules = by_vantage.keys().map(|vantage| (*vantage, OnceCell::new())).collect();
        Ok(Self { snapshots: by_vantage, read: RefCell::default(), rules })
    }

    /// The snapshots, upstream first.
    pub fn snapshots(&self) -> impl Iterator<Item = &Snapshot> {
        self.snapshots.values()
    }

    /// The snapshot of a vantage.
    pub fn snapshot(&self, vantage: Vantage) -> Option<&Snapshot> {
        self.snapshots.get(&vantage)
    }

    /// Whether what is mended at this vantage is a Windows machine. Of a client that nobody looked at, the kernel below its
    /// container tells.
    pub fn on_windows(&self, vantage: Vantage) -> bool {
        match (self.snapshot(vantage), vantage) {
            (Some(snapshot), _) => snapshot.on_windows(),
            (None, Vantage::Client) => self.snapshot(Vantage::Container).is_some_and(Snapshot::above_windows),
            (None, _) => false,
        }
    }

    /// A seat at this vantage, if there is a snapshot of it.
    pub fn seat(&self, vantage: Vantage) -> Result<Seat<'_>, Unseen> {
        let snapshot = self.snapshots.get(&vantage).ok_or(Unseen::NoSnapshot(vantage))?;
        Ok(Seat { case: self, snapshot })
    }

    /// What was read since the last call, in order, each once.
    pub fn take_read(&self) -> Vec<(Vantage, FactKey)> {
        self.read.take()
    }
}

/// One vantage of a case, as a judge sits there. Each method reads one fact; `Err` is "I could not see".
#[derive(Debug, Clone, Copy)]
pub struct Seat<'a> {
    case: &'a Case,
    snapshot: &'a Snapshot,
}

macro_rules! facts {
    ($($(#[$doc:meta])* $name:ident($($arg:ident: $type:ty),*) -> $fact:ident($inner:ty), $key:expr;)*) => {
        $($(#[$doc])* pub fn $name(&self, $($arg: $type),*) -> Result<&'a $inner, Unseen> {
            match self.fact(&$key)? {
                Fact::$fact(inner) => Ok(inner),
                _ => Err(Unseen::Unreadable(format!("`{}` holds another kind of fact", $key))),
            }
        })*
    };
}

impl<'a> Seat<'a> {
    /// The vantage.
    pub fn vantage(&self) -> Vantage {
        self.snapshot.vantage
    }

    /// The machine's name.
    pub fn host(&self) -> &'a str {
        &self.snapshot.host
    }

    /// Whether the machine is a Windows one.
    pub fn on_windows(&self) -> bool {
        self.snapshot.on_windows()
    }

    /// When the looks were taken: the only clock.
    pub fn taken_at(&self) -> u64 {
        self.snapshot.taken_at
    }

    /// The deployment's addresses.
    pub fn addresses(&self) -> &'a Addresses {
        &self.snapshot.addresses
    }

    /// The seat at another vantage of the same case.
    pub fn at(&self, vantage: Vantage) -> Result<Self, Unseen> {
        self.case.seat(vantage)
    }

    /// Any fact by key.
    pub fn fact(&self, key: &FactKey) -> Result<&'a Fact, Unseen> {
        let entry = (self.snapshot.vantage, key.clone());
        if !self.case.read.borrow().contains(&entry) {
            self.case.read.borrow_mut().push(entry);
        }
        match self.snapshot.facts.get(key).map(|observed| &observed.sight) {
            Some(Sight::Seen(fact)) => Ok(fact),
            Some(Sight::Unseen(why)) => Err(why.clone()),
            None => Err(Unseen::NotAsked(key.clone())),
        }
    }

    /// The kernel's rules, as they decide.
    pub fn rules(&self) -> Result<&'a Model, Unseen> {
        let netfilter = self.netfilter()?;
        let once = self.case.rules.get(&self.vantage()).ok_or(Unseen::NoSnapshot(self.vantage()))?;
        Ok(once.get_or_init(|| netfilter.model()))
    }

    facts! {
        /// The running state of WireGuard.
        wg() -> Wg(WgState), FactKey::Wg;
        /// The running state after idle peers were sent a packet.
        wg_again() -> Wg(WgState), FactKey::WgAgain;
        /// The tunnel's file.
        wg_conf() -> WgConf(WgConf), FactKey::WgConf;
        /// Key files.
        wg_keys() -> WgKeys(WgKeys), FactKey::WgKeys;
        /// Interfaces.
        links() -> Links(Links), FactKey::Links;
        /// The route to a place.
        route(to: Place) -> Route(Route), FactKey::Route(to);
        /// All routes.
        routes() -> Routes(Routes), FactKey::Routes;
        /// Listening sockets.
        listeners() -> Listeners(Listeners), FactKey::Listeners;
        /// ufw.
        ufw() -> Ufw(Ufw), FactKey::Ufw;
        /// The kernel's rules.
        netfilter() -> Netfilter(Netfilter), FactKey::Netfilter;
        /// redis.conf.
        redis_conf() -> RedisConf(RedisConf), FactKey::RedisConf;
        /// postgresql.conf.
        pg_conf() -> PgConf(PgConf), FactKey::PgConf;
        /// pg_hba.conf.
        pg_hba() -> PgHba(PgHba), FactKey::PgHba;
        /// The running PostgreSQL.
        pg_state() -> PgState(PgState), FactKey::PgState;
        /// The running Redis.
        redis_state() -> RedisState(RedisState), FactKey::RedisState;
        /// WireGuard's unit.
        wireguard_unit() -> Unit(UnitState), FactKey::Unit(UnitTarget::WireGuard);
        /// Redis' unit.
        redis_unit() -> Unit(UnitState), FactKey::Unit(UnitTarget::Redis);
        /// PostgreSQL's unit.
        postgres_unit() -> Unit(UnitState), FactKey::Unit(UnitTarget::Postgres);
        /// The app's variables.
        env() -> Env(Environment), FactKey::Env;
        /// The worker's containers.
        docker() -> Docker(Docker), FactKey::Docker;
        /// Host names.
        names() -> Names(NameLooks), FactKey::Names;
        /// An echo.
        ping(to: Place) -> Ping(PingOutcome), FactKey::Ping(to);
        /// A connection through the tunnel.
        tcp(service: Service) -> Tcp(TcpOutcome), FactKey::Tcp(TcpTarget::Tunnel(service));
        /// A connection bound to the tunnel's interface.
        tcp_bound(service: Service) -> Tcp(TcpOutcome), FactKey::Tcp(TcpTarget::Bound(service));
        /// A connection around the tunnel.
        tcp_public(service: Service) -> Tcp(TcpOutcome), FactKey::Tcp(TcpTarget::Public(service));
        /// Redis' answer.
        redis() -> Redis(RedisOutcome), FactKey::Redis;
        /// PostgreSQL's answer.
        postgres() -> Postgres(PgOutcome), FactKey::Postgres;
        /// What Celery keeps in Redis.
        celery() -> Celery(Celery), FactKey::Celery;
        /// Celery workers among the processes.
        workers() -> Workers(Workers), FactKey::Workers;
        /// The web app's answer to a worker.
        api() -> Api(ApiOutcome), FactKey::Api;
        /// The delivery sidecar.
        delivery() -> Delivery(Delivery), FactKey::Delivery;
    }
}
