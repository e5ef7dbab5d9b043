//! The snapshots under judgement. The only way to read a fact, and it remembers what was read.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::rc::Rc;

use crate::fact::dial::TcpOutcome;
use crate::fact::firewall::netfilter::Model;
use crate::fact::{
    Fact, FactKey, Observation, Observed, Place, PluginOf, Service, TcpTarget, UnitTarget, Unseen, Vantage,
};
use crate::profile::Addresses;
use crate::read::Says;
use crate::read::netfilter::model;
use crate::snapshot::Snapshot;

mod apart;
mod consistency;
pub(crate) mod elsewhere;
mod hosts;
mod lines;
mod once;
pub(crate) mod owner;
mod reached;
mod settled;
mod tunnel;
mod worker;

use consistency::Tunnel;
pub(crate) use hosts::{Host, holds};
use lines::{Lines, bounded};

/// A snapshot, and what is understood of it once for all cases that it is part of.
#[derive(Debug)]
pub(crate) struct Member {
    snapshot: Snapshot,
    /// The deployment's addresses as this machine alone tells them.
    settled: Addresses,
    /// The kernel's rules.
    rules: OnceCell<Model>,
    /// What it says of its tunnel.
    tunnel: OnceCell<Option<Tunnel>>,
    /// What was seen, in lines, and who answered.
    lines: RefCell<BTreeMap<FactKey, Lines>>,
    /// What judges made of it alone, by what that is and the tunnel's interface.
    once: once::Once,
}

impl Member {
    pub(crate) fn new(snapshot: Snapshot) -> Rc<Self> {
        let settled = settled::alone(&snapshot);
        let (rules, tunnel) = Default::default();
        Rc::new(Self { snapshot, settled, rules, tunnel, lines: RefCell::default(), once: once::Once::default() })
    }

    pub(crate) fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }
}

/// The client that a case is about, where the deployment has several.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    /// Its address in the tunnel, where that is known.
    pub(crate) address: Option<IpAddr>,
    /// What it is called in the report: its address, else its host's name.
    pub(crate) name: String,
    /// Its container's host name, where it has several.
    pub(crate) container: Option<String>,
}

type Members = BTreeMap<Vantage, Rc<Member>>;

/// The snapshots that are judged together, one per vantage.
#[derive(Debug)]
pub struct Case {
    members: Members,
    client: Option<Client>,
    host: Option<Host>,
    addresses: BTreeMap<Vantage, Addresses>,
    read: RefCell<Vec<(Vantage, FactKey)>>,
}

impl Case {
    /// A case of these snapshots. Two of one vantage are refused: they are two cases.
    pub fn new(snapshots: Vec<Snapshot>) -> Result<Self, String> {
        Self::of(snapshots.into_iter().map(Member::new), None)
    }

    /// A case about one client of several.
    pub(crate) fn of(members: impl IntoIterator<Item = Rc<Member>>, client: Option<Client>) -> Result<Self, String> {
        let mut by_vantage = Members::new();
        for member in members {
            let vantage = member.snapshot.vantage;
            if by_vantage.insert(vantage, member).is_some() {
                return Err(format!(
                    "there are two snapshots of the {vantage}; judge each one separately with the other ends"
                ));
            }
        }
        if by_vantage.is_empty() {
            return Err("there is no snapshot to judge".to_owned());
        }
        let addresses = settled::together(&by_vantage, client.as_ref().and_then(|client| client.address));
        Ok(Self { members: by_vantage, client, host: None, addresses, read: RefCell::default() })
    }

    /// Each snapshot with what was understood of it, upstream first.
    pub(crate) fn members(&self) -> impl Iterator<Item = &Rc<Member>> {
        self.members.values()
    }

    /// The snapshots, upstream first.
    pub fn snapshots(&self) -> impl Iterator<Item = &Snapshot> {
        self.members.values().map(|member| &member.snapshot)
    }

    /// The snapshot of a vantage.
    pub fn snapshot(&self, vantage: Vantage) -> Option<&Snapshot> {
        self.members.get(&vantage).map(|member| &member.snapshot)
    }

    /// What a look saw, in lines that a person can check by hand, with who answered. Empty where it saw nothing.
    pub fn lines(&self, vantage: Vantage, key: &FactKey) -> (Rc<[Rc<str>]>, Rc<str>) {
        let seen =
            self.members.get(&vantage).and_then(|member| Some((member, member.snapshot.facts.get(key)?.as_ref())));
        let Some((member, Observed { observation: Observation::Seen(fact), source, .. })) = seen else {
            return Default::default();
        };
        let mut known = member.lines.borrow_mut();
        if let Some(lines) = known.get(key) {
            return lines.clone();
        }
        let lines = (bounded(fact.summary()).into(), Rc::from(source.as_str()));
        known.insert(key.clone(), lines.clone());
        lines
    }

    /// The deployment's addresses as a vantage that has a snapshot knows them.
    pub fn addresses(&self, vantage: Vantage) -> Option<&Addresses> {
        self.addresses.get(&vantage)
    }

    /// The client that the case is about, where the deployment has several.
    pub fn client(&self) -> Option<&str> {
        self.client.as_ref().map(|client| client.name.as_str())
    }

    /// What a vantage of this case is called: `server`; `client 10.8.0.3`, where there are several.
    pub fn seat_name(&self, vantage: Vantage) -> String {
        match (vantage, &self.client) {
            (Vantage::Container, Some(Client { name, container: Some(container), .. })) => {
                format!("{vantage} {name} {container}")
            }
            (Vantage::Client | Vantage::Container, Some(client)) => format!("{vantage} {}", client.name),
            (Vantage::Server, _) => self.host().map_or_else(|| vantage.to_string(), |host| format!("{vantage} {host}")),
            (_, _) => vantage.to_string(),
        }
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
        let found = self.members.get(&vantage).zip(self.addresses.get(&vantage));
        let (member, addresses) = found.ok_or(Unseen::NoSnapshot(vantage))?;
        Ok(Seat { case: self, member, snapshot: &member.snapshot, addresses })
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
    member: &'a Member,
    snapshot: &'a Snapshot,
    addresses: &'a Addresses,
}

/// A judge's way to each fact, by the table of looks.
macro_rules! accessors {
    ($(
        #[doc = $says:literal]
        $key:ident $(($arg:ident: $target:ty))? = $text:literal =>
            $get:ident: $(#[$again:meta])? $fact:ident($($type:ident)::+), words $words:tt, $phase:expr, by |$context:ident, $asked:ident| $by:tt;
    )*) => {
        impl<'a> Seat<'a> {
            $(#[doc = $says] pub fn $get(&self $(, $arg: $target)?) -> Result<&'a $crate::fact::$($type)::+, Unseen> {
                let key = FactKey::$key $(($arg))?;
                match self.fact(&key)? {
                    Fact::$fact(inner) => Ok(inner),
                    _ => Err(Unseen::Unreadable(format!("`{key}` contains another kind of fact"))),
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
        self.addresses
    }

    /// The same seat, with other addresses.
    pub(crate) fn with<'b>(&self, addresses: &'b Addresses) -> Seat<'b>
    where
        'a: 'b,
    {
        Seat { addresses, ..*self }
    }

    /// The address of the client that the case is about, where the server has several.
    pub fn one_of_several(&self) -> Option<IpAddr> {
        self.case.client.as_ref().and_then(|client| client.address)
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
        if let Some(inside) = owner::of_another(key, self.snapshot, self.addresses)? {
            return self.fact(&inside);
        }
        let own = settled::of_other_end(key, self.snapshot, self.addresses);
        let key = own.as_ref().unwrap_or(key);
        match self.snapshot.facts.get(key).map(|observed| &observed.observation) {
            Some(Observation::Seen(fact)) => {
                settled::aimed_elsewhere(key, self.snapshot, self.addresses)?;
                Ok(fact)
            }
            Some(Observation::Unseen(why)) => Err(why.clone()),
            None => Err(Unseen::NotAsked(key.clone())),
        }
    }

    /// The kernel's rules, as they decide.
    pub fn rules(&self) -> Result<&'a Model, Unseen> {
        let netfilter = self.netfilter()?;
        Ok(self.member.rules.get_or_init(|| model(netfilter)))
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
