//! What `fixtures/faults/` and `fixtures/healthy/` say, and whether it can be so.

use std::collections::BTreeMap;

use clipcheck::check::Check;
use clipcheck::fact::Vantage;
use serde::Deserialize;

use super::pair::{self, Pair};
use crate::recorded::healthy;
use crate::recorded::pointer::whole;
pub use crate::recorded::root;
use crate::recorded::written::{self, Written};

/// What a fault is about, in the order of the table.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, strum::IntoStaticStr, strum::VariantArray,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Family {
    Guide,
    Wireguard,
    Firewall,
    Redis,
    Postgres,
    Environment,
    Queue,
    Exposure,
    Delivery,
}

impl Family {
    pub const ALL: &'static [Self] = <Self as strum::VariantArray>::VARIANTS;

    pub fn word(self) -> &'static str {
        self.into()
    }
}

/// Which roots must be named, and nothing else.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Expect {
    /// From one vantage alone; absent for none.
    pub server: Vec<String>,
    pub client: Vec<String>,
    pub container: Vec<String>,
    pub outside: Vec<String>,
    /// All four together, as `vantage code`.
    pub joined: Vec<String>,
    /// The warnings of all four together, as `vantage code`.
    pub warns: Vec<String>,
    /// Notes that the four together must make, as `vantage code`, and the near miss must not.
    pub notes: Vec<String>,
    /// The roots of all four together after the next boot of `hosts`, which one of the warnings foretells.
    pub reboot: Vec<String>,
    /// What the place that the joined root names must be.
    pub place: Option<Place>,
}

impl Expect {
    /// What the four together must name, as `vantage code`: the first is what the fault is found under.
    pub fn together(&self) -> impl Iterator<Item = &String> {
        self.joined.iter().chain(&self.warns).chain(&self.notes)
    }

    pub fn alone(&self, vantage: Vantage) -> &[String] {
        match vantage {
            Vantage::Server => &self.server,
            Vantage::Client => &self.client,
            Vantage::Container => &self.container,
            Vantage::Outside => &self.outside,
        }
    }
}

/// A line of a file on a lab host.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    pub file: String,
    /// A part of the line.
    pub holds: String,
}

/// The fix by hand, where the printed commands need a value that only the user has.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HandFix {
    pub reason: String,
    pub server: Option<String>,
    pub client: Option<String>,
}

type Scripts = BTreeMap<String, String>;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// The table's name.
    #[serde(skip)]
    pub id: String,
    pub story: String,
    pub family: Family,
    pub hosts: Vec<Vantage>,
    /// `reboot HOST`, after the scripts.
    pub after: Option<String>,
    /// Seconds that must go by before the fault shows: a handshake lives for three minutes.
    #[serde(default)]
    pub wait: u64,
    /// Where nothing can be run: a container that does not run.
    #[serde(default)]
    pub blind: Vec<Vantage>,
    /// What the user must say, by vantage.
    #[serde(default)]
    pub args: BTreeMap<Vantage, Vec<String>>,
    /// More than one fault at once: the only one that may have more than one root.
    #[serde(default)]
    pub several: bool,
    pub near_story: String,
    /// What may be said of the near miss, as `vantage code`: it is true, and only a warning.
    #[serde(default)]
    pub near_warns: Vec<String>,
    pub expect: Expect,
    /// What is run for the fault and for its near miss alike.
    #[serde(default)]
    both: Scripts,
    #[serde(rename = "break", default)]
    pub broken: Scripts,
    #[serde(default)]
    pub near: Scripts,
    /// What each vantage would see otherwise than in the healthy lab, written by hand, until somebody records it.
    #[serde(rename = "made-up", default)]
    pub made_up: BTreeMap<Vantage, toml::Table>,
    /// The same of the near miss.
    #[serde(rename = "made-up-near", default)]
    pub made_up_near: BTreeMap<Vantage, toml::Table>,
    pub fix: Option<HandFix>,
}

impl Fault {
    /// Whether nobody has broken it for real: what is seen of it was written by hand.
    pub fn is_made_up(&self) -> bool {
        !self.made_up.is_empty()
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Healthy {
    /// `healthy-NAME`.
    #[serde(skip)]
    pub id: String,
    pub story: String,
    pub after: Option<String>,
    #[serde(default)]
    pub wait: u64,
    /// What the user must say, by vantage.
    #[serde(default)]
    pub args: BTreeMap<Vantage, Vec<String>>,
    /// Where nothing can be run: there is no container.
    #[serde(default)]
    pub blind: Vec<Vantage>,
    /// Warnings that are true of it, as `vantage code`.
    #[serde(default)]
    pub warns: Vec<String>,
    /// Why a reboot in the lab would not be one of a real machine.
    pub no_reboot: Option<String>,
    pub make: Scripts,
}

/// The whole set.
pub struct Set {
    pub faults: Vec<Fault>,
    pub healthy: Vec<Healthy>,
    pub pairs: Vec<Pair>,
}

impl Set {
    /// Reads all files; the error names file and line.
    pub fn read(checks: &[Check]) -> Result<Self, String> {
        let mut faults = Vec::new();
        for mut it in written::all::<Fault>(written::FAULTS)? {
            let fault = &mut it.state;
            let twice =
                fault.both.keys().find(|it| fault.broken.contains_key(*it) || fault.near.contains_key(*it)).cloned();
            for scripts in [&mut fault.broken, &mut fault.near] {
                scripts.extend(fault.both.clone());
            }
            if let Some(host) = twice {
                return Err(wrong(&it, &host, &format!("[both] has the script of {host} for [break] and [near]")));
            }
            valid(&it, checks)?;
            faults.push(Fault { id: it.id, ..it.state });
        }
        faults.sort_by(|a, b| (a.family, &a.id).cmp(&(b.family, &b.id)));
        let mut healthy = Vec::new();
        for it in written::all::<Healthy>(written::VARIANTS)? {
            scripts(&it.state.make, &it)?;
            healthy.push(Healthy { id: format!("healthy-{}", it.id), ..it.state });
        }
        let pairs = pair::read(&faults)?;
        Ok(Self { faults, healthy, pairs })
    }

    /// The names of all states of the lab that this set makes, and where nothing can be run in them.
    pub fn states(&self) -> BTreeMap<String, Vec<Vantage>> {
        let both = |fault: &Fault| [fault.id.clone(), format!("{}.near", fault.id)].map(|id| (id, fault.blind.clone()));
        let faults = self.faults.iter().flat_map(both);
        let healthy = self.healthy.iter().map(|it| (it.id.clone(), it.blind.clone()));
        let others = self.pairs.iter().map(|it| it.id.clone()).chain(["healthy".to_owned()]);
        faults.chain(healthy).chain(others.map(|id| (id, Vec::new()))).collect()
    }

    /// Without the faults that are made up: what was seen.
    pub fn seen(&self) -> Self {
        let faults = self.faults.iter().filter(|fault| !fault.is_made_up()).cloned().collect();
        Self { faults, healthy: self.healthy.clone(), pairs: self.pairs.clone() }
    }

    /// Keeps what was named; no name for all. The plain healthy state is called `healthy`, all pairs `pairs`.
    pub fn select(mut self, ids: &[String]) -> Result<(Self, bool), String> {
        for id in ids {
            let known = self.faults.iter().any(|it| it.id == *id)
                || self.healthy.iter().any(|it| it.id == *id)
                || self.pairs.iter().any(|it| it.id == *id)
                || matches!(id.as_str(), "healthy" | "pairs");
            if !known {
                let near: Vec<&str> =
                    self.faults.iter().map(|it| it.id.as_str()).filter(|it| it.contains(id.as_str())).collect();
                let hint = if near.is_empty() {
                    "`tests/faults --list` shows them all".to_owned()
                } else {
                    format!("near it: {}", near.join(", "))
                };
                return Err(format!("there is no fault `{id}`; {hint}"));
            }
        }
        if ids.is_empty() {
            return Ok((self, true));
        }
        self.faults.retain(|it| ids.contains(&it.id));
        self.healthy.retain(|it| ids.contains(&it.id));
        let all_pairs = ids.iter().any(|id| id == "pairs");
        self.pairs.retain(|it| all_pairs || ids.contains(&it.id));
        Ok((self, ids.iter().any(|id| id == "healthy")))
    }
}

fn wrong<T>(it: &Written<T>, word: &str, why: &str) -> String {
    format!("{}:{}: {}: {why}", it.file.path, it.file.line_of(&it.id, word), it.id)
}

fn scripts<T>(scripts: &Scripts, it: &Written<T>) -> Result<(), String> {
    match scripts.keys().find(|host| !matches!(host.as_str(), "server" | "client" | "outside")) {
        Some(host) => Err(wrong(it, host, &format!("`{host}` is no lab host: server, client or outside"))),
        None => Ok(()),
    }
}

/// What the types cannot say: every code exists, every host is one.
fn valid(it: &Written<Fault>, checks: &[Check]) -> Result<(), String> {
    let fault = &it.state;
    scripts(&fault.broken, it)?;
    scripts(&fault.near, it)?;
    if !fault.is_made_up() && (fault.broken.is_empty() || fault.near.is_empty()) {
        let why = "[break] and [near] say how to make it; without a lab, [made-up] what is seen of it";
        return Err(wrong(it, "", why));
    }
    for (vantage, lines) in fault.made_up.iter().chain(&fault.made_up_near) {
        let of_healthy = healthy()?.values.get(vantage).ok_or_else(|| wrong(it, vantage.word(), "no such vantage"))?;
        for name in lines.keys() {
            whole(name, of_healthy).map_err(|why| wrong(it, name, &why))?;
        }
    }
    let expect = &fault.expect;
    let plain = Vantage::ALL.iter().flat_map(|vantage| expect.alone(*vantage)).map(|code| (code, false));
    let seated = expect.together().chain(&expect.reboot).map(|code| (code, true));
    for (code, seated) in plain.chain(seated) {
        let bare = match code.split_once(' ') {
            Some((vantage, bare)) if seated && vantage.parse::<Vantage>().is_ok() => bare,
            None if !seated => code.as_str(),
            _ => {
                let form = if seated { "VANTAGE CHECK/CAUSE" } else { "CHECK/CAUSE" };
                return Err(wrong(it, code, &format!("`{code}` should be `{form}`")));
            }
        };
        let known = bare
            .split_once('/')
            .is_some_and(|(id, cause)| checks.iter().any(|check| check.id.0 == id && check.causes.contains_key(cause)));
        if !known {
            return Err(wrong(it, code, &format!("no check has the cause `{bare}`")));
        }
    }
    let Some(named) = expect.together().next() else {
        return Err(wrong(it, ".expect]", "a fault that nobody can see is none: [expect] names no root"));
    };
    let check = named.split_once(' ').map_or(named.as_str(), |(_, bare)| bare).split('/').next().unwrap_or_default();
    if check != it.file.stem() {
        let why = format!("`{named}` is what names it: it belongs into {}/{check}.toml", written::FAULTS);
        return Err(wrong(it, named, &why));
    }
    if !fault.several && expect.joined.len() > 1 {
        return Err(wrong(it, "joined", "a single fault has one root; `several = true` if it is more than one"));
    }
    if let Some(after) = &fault.after
        && !matches!(after.as_str(), "reboot server" | "reboot client")
    {
        return Err(wrong(it, "after", "`after` is `reboot server` or `reboot client`"));
    }
    Ok(())
}
