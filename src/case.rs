//! The snapshots under judgement. The only way to read a fact, and it remembers what was read.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;

use crate::fact::dial::TcpOutcome;
use crate::fact::firewall::netfilter::Model;
use crate::fact::look::looks;
use crate::fact::service::UnitState;
use crate::fact::{Fact, FactKey, Observation, Place, Service, TcpTarget, UnitTarget, Unseen, Vantage};
use crate::profile::Addresses;
use crate::read::netfilter::model;
use crate::snapshot::Snapshot;

mod consistency;

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

/// A judge's way to each fact, by the table of looks.
macro_rules! accessors {
    ($(
        #[doc = $says:literal]
        $key:ident $(($arg:ident: $target:ty))? = $text:literal =>
            $get:ident: $(#[$again:meta])? $fact:ident($($type:ident)::+), words $words:tt, $phase:expr;
    )*) => {
        impl<'a> Seat<'a> {
            $(#[doc = $says] pub fn $get(&self $(, $arg: $target)?) -> Result<&'a $crate::fact::$($type)::+, Unseen> {
                let key = FactKey::$key $(($arg))?;
                match self.fact(&key)? {
                    Fact::$fact(inner) => Ok(inner),
                    _ => Err(Unseen::Unreadable(format!("`{key}` holds another kind of fact"))),
                }
            })*
        }
    };
}

looks!(accessors);

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
        match self.snapshot.facts.get(key).map(|observed| &observed.observation) {
            Some(Observation::Seen(fact)) => Ok(fact),
            Some(Observation::Unseen(why)) => Err(why.clone()),
            None => Err(Unseen::NotAsked(key.clone())),
        }
    }

    /// The kernel's rules, as they decide.
    pub fn rules(&self) -> Result<&'a Model, Unseen> {
        let netfilter = self.netfilter()?;
        let once = self.case.rules.get(&self.vantage()).ok_or(Unseen::NoSnapshot(self.vantage()))?;
        Ok(once.get_or_init(|| model(netfilter)))
    }

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

    /// A connection through the tunnel.
    pub fn tcp(&self, service: Service) -> Result<&'a TcpOutcome, Unseen> {
        self.dialled(TcpTarget::Tunnel(service))
    }

    /// A connection bound to the tunnel's interface.
    pub fn tcp_bound(&self, service: Service) -> Result<&'a TcpOutcome, Unseen> {
        self.dialled(TcpTarget::Bound(service))
    }

    /// A connection around the tunnel.
    pub fn tcp_public(&self, service: Service) -> Result<&'a TcpOutcome, Unseen> {
        self.dialled(TcpTarget::Public(service))
    }
}
