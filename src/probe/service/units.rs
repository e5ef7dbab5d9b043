//! Asks systemd about all units of a run at once: one program in place of five.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tokio::sync::OnceCell;

use crate::fact::service::at_boot::AtBoot;
use crate::fact::{UnitTarget, Unseen};
use crate::probe::ProbeContext;
use crate::probe::starters::{self, Starter};
use crate::read::systemctl::{self, Shown};
use crate::read::unit_file;

const PROPERTIES: &str = "Id,LoadState,ActiveState,UnitFileState,After,ActiveEnterTimestamp,ExecMainStartTimestamp,\
    InactiveExitTimestamp,StateChangeTimestamp,Result,IPAddressDeny,IPAddressAllow,FragmentPath,DropInPaths,\
    WantedBy,RequiredBy,BoundBy,UpheldBy,TriggeredBy,Type,SubState,TimeoutStartUSec,ConditionResult,ConditionTimestamp,AssertResult,AssertTimestamp";

/// The units that this run looks at, and what was said of them once somebody asked.
#[derive(Debug, Clone, Default)]
pub struct Units {
    targets: Vec<UnitTarget>,
    told: Arc<OnceCell<Result<BTreeMap<String, Shown>, Unseen>>>,
}

impl Units {
    /// Of a run that looks at these.
    pub fn new(targets: impl IntoIterator<Item = UnitTarget>) -> Self {
        Self { targets: targets.into_iter().collect(), told: Arc::default() }
    }

    /// What systemd says of the units that a target may stand for, in their order.
    pub(super) async fn shown(&self, target: &UnitTarget, context: &ProbeContext) -> Result<Vec<Shown>, Unseen> {
        let names = super::names(target, context)?;
        let told = self.told.get_or_init(|| self.ask_all(context)).await.as_ref().map_err(Clone::clone)?;
        let shown: Option<Vec<Shown>> = names.iter().map(|name| told.get(name).cloned()).collect();
        let shown = if shown.is_some() { shown } else { ask(&names).await? };
        shown.ok_or_else(|| Unseen::NoTool("`systemctl show` did not answer".to_owned()))
    }

    /// Asks systemd, where nobody has yet.
    pub(in crate::probe) async fn begin(&self, context: &ProbeContext) {
        let _ = self.told.get_or_init(|| self.ask_all(context)).await;
    }

    /// What was told of all of them together, by the names that were asked for.
    fn told(&self) -> &BTreeMap<String, Shown> {
        static NOTHING: BTreeMap<String, Shown> = BTreeMap::new();
        self.told.get().and_then(|told| told.as_ref().ok()).unwrap_or(&NOTHING)
    }

    /// The target that this machine boots to.
    async fn boots_to(&self, context: &ProbeContext) -> Option<String> {
        let told = self.told.get_or_init(|| self.ask_all(context)).await.as_ref().ok()?;
        let shown = match told.get(DEFAULT) {
            Some(shown) => shown.clone(),
            None => ask(&[DEFAULT.to_owned()]).await.ok()??.pop()?,
        };
        Some(shown.unit.name).filter(|name| !name.is_empty())
    }

    /// By the names that were asked for. Nothing where the answer is not one block for each of them: systemctl leaves out a
    /// name that can be none; then each target asks for itself.
    async fn ask_all(&self, context: &ProbeContext) -> Result<BTreeMap<String, Shown>, Unseen> {
        let names = self.targets.iter().filter_map(|target| super::names(target, context).ok()).flatten();
        let names: Vec<String> = names.chain([DEFAULT.to_owned()]).collect();
        let shown = ask(&names).await?.filter(|shown| shown.len() == names.len()).unwrap_or_default();
        Ok(names.into_iter().zip(shown).collect())
    }
}

/// The name for what this machine boots to (systemd.special(7)).
const DEFAULT: &str = "default.target";

/// A machine that boots to either starts what the first of them wants (systemd.special(7)).
const USUAL: [&str; 2] = ["multi-user.target", "graphical.target"];

/// More steps than there are from a service up to what the machine boots to.
const STEPS: usize = 8;

/// What starts a unit at the next boot.
pub(in crate::probe) async fn at_boot(shown: &Shown, context: &ProbeContext) -> AtBoot {
    let plain = shown.unit.at_boot.clone();
    // What waits for a connection is started by the first one, not by the boot.
    let wanted: Vec<String> = shown.wanted_by.iter().filter(|name| !name.ends_with(".socket")).cloned().collect();
    let is_enabled = match shown.unit.enabled.as_str() {
        // A generator's own link, as Debian's for each cluster, is none of an administrator's.
        "enabled" | "alias" | "enabled-runtime" => true,
        "disabled" | "static" | "indirect" | "linked" | "" | "masked" | "masked-runtime" => false,
        _ => return plain,
    };
    let generated = shown.unit.enabled == "enabled-runtime";
    let found = match (wanted.is_empty(), context.units.boots_to(context).await) {
        (false, Some(boots_to)) if generated => match started(&wanted, &boots_to, context.units.told()).await {
            Some(started_by) if started_by.len() < wanted.len() => AtBoot { started_by, ..plain },
            Some(_) | None => plain,
        },
        _ if generated => plain,
        (true, _) if is_enabled => AtBoot { lost: nowhere(shown).await, ..plain },
        (false, Some(boots_to)) => match started(&wanted, &boots_to, context.units.told()).await {
            Some(by) if is_enabled && by.is_empty() => AtBoot { lost: wanted, boots_to: Some(boots_to), ..plain },
            Some(started_by) if !is_enabled => AtBoot { started_by, ..plain },
            Some(_) => plain,
            None => untold(&wanted, plain),
        },
        (false, None) => untold(&wanted, plain),
        (true, _) => plain,
    };
    if found.starts(&shown.unit.enabled) || !shown.unit.known {
        return found;
    }
    let sockets: Vec<String> = shown.wanted_by.iter().filter(|name| name.ends_with(".socket")).cloned().collect();
    if !sockets.is_empty()
        && let Some(boots_to) = context.units.boots_to(context).await
        && let Some(on_demand) = started(&sockets, &boots_to, context.units.told()).await
        && !on_demand.is_empty()
    {
        return AtBoot { on_demand, ..found };
    }
    // Another unit or a script may do what systemd does not by itself.
    let unit = &shown.unit.name;
    match starters::find(|line| (starts(line) && names(line, unit)) || raises(line, unit)) {
        Some(by) if runs_at_boot(&by, context).await => AtBoot { started_by: vec![by.path], ..found },
        Some(by) => {
            let why = format!("{} has a command that starts it; whether that is run at boot is not known", by.path);
            AtBoot { untold: Some(why), ..found }
        }
        None => found,
    }
}

/// Whether the boot comes to a command: by a unit that it starts, by cron or by rc.local. Whether the command then comes so far
/// is not followed.
pub(in crate::probe) async fn runs_at_boot(by: &Starter, context: &ProbeContext) -> bool {
    let asked = match by.unit() {
        Some(unit) => vec![unit],
        None if by.at_reboot => vec!["cron.service", "crond.service"],
        None if by.path == starters::RC_LOCAL => vec!["rc-local.service"],
        None => return false,
    };
    let asked: Vec<String> = asked.into_iter().map(str::to_owned).collect();
    let Some(boots_to) = context.units.boots_to(context).await else { return false };
    for shown in ask(&asked).await.ok().flatten().unwrap_or_default() {
        if started(&shown.wanted_by, &boots_to, context.units.told()).await.is_some_and(|by| !by.is_empty()) {
            return true;
        }
    }
    false
}

/// Whether a line raises the tunnel of wg-quick's unit by itself: `wg-quick up wg0`, or by its file; or what makes such an
/// interface of that name (ip-link(8), wg(8), and the programs that do it in place of the kernel).
fn raises(line: &str, unit: &str) -> bool {
    const MAKERS: [&str; 3] = ["wireguard-go", "boringtun", "boringtun-cli"];
    let Some(interface) = unit.strip_prefix("wg-quick@").and_then(|it| it.strip_suffix(".service")) else {
        return false;
    };
    let words = line.split(|c: char| c.is_whitespace() || "=;&|'\"".contains(c)).filter(|word| !word.is_empty());
    let words: Vec<&str> = words.collect();
    let is = |word: &str, name: &str| word == name || word.ends_with(&format!("/{name}"));
    let named = |what: &str| what == interface || what.ends_with(&format!("/{interface}.conf"));
    words.iter().enumerate().any(|(at, word)| match &words[at + 1..] {
        ["up", what, ..] if is(word, "wg-quick") => named(what),
        ["setconf" | "syncconf" | "addconf", what, ..] if is(word, "wg") => *what == interface,
        rest if MAKERS.iter().any(|maker| is(word, maker)) => rest.contains(&interface),
        ["type", "wireguard", ..] => *word == interface,
        _ => false,
    })
}

/// Whether systemd did not tell what starts those that want a unit, which is then open.
fn untold(wanted: &[String], plain: AtBoot) -> AtBoot {
    let why = format!("systemd did not tell whether the boot starts {}, which wants it", wanted.join(", "));
    AtBoot { untold: Some(why), ..plain }
}

/// Whether a line of a script has systemd start something.
fn starts(line: &str) -> bool {
    line.contains("systemctl") && line.split_whitespace().any(|word| matches!(word, "start" | "restart" | "--now"))
}

/// Whether a line has the unit's name, with or without its suffix, as a word of its own.
fn names(line: &str, unit: &str) -> bool {
    let short = unit.strip_suffix(".service").unwrap_or(unit);
    line.split(|c: char| c.is_whitespace() || ";&|'\"".contains(c)).any(|word| word == unit || word == short)
}

/// Those of the units that the boot starts: what wants them is followed upwards, one step for all at once, until a way is found.
/// None where systemd did not tell.
async fn started(units: &[String], boots_to: &str, told: &BTreeMap<String, Shown>) -> Option<Vec<String>> {
    let is_root = |name: &str| name == boots_to || (name == USUAL[0] && USUAL.contains(&boots_to));
    let mut wants: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for _ in 0..STEPS {
        let found = reached(&wants, units, &is_root);
        let up: BTreeSet<&String> = units.iter().chain(wants.values().flatten()).collect();
        let up: Vec<String> =
            up.into_iter().filter(|name| !wants.contains_key(*name) && !is_root(name)).cloned().collect();
        if !found.is_empty() || up.is_empty() {
            return Some(found);
        }
        // What was told already is not asked again.
        let (known, up): (Vec<String>, Vec<String>) = up.into_iter().partition(|name| told.contains_key(name));
        wants.extend(known.into_iter().filter_map(|name| Some((name.clone(), told.get(&name)?.wanted_by.clone()))));
        if !up.is_empty() {
            wants.extend(ask(&up).await.ok().flatten()?.into_iter().map(|it| (it.unit.name, it.wanted_by)));
        }
    }
    None
}

/// Those from which a way leads up to a root.
fn reached(wants: &BTreeMap<String, Vec<String>>, units: &[String], is_root: &impl Fn(&str) -> bool) -> Vec<String> {
    let leads = |from: &String| {
        let (mut seen, mut left) = (BTreeSet::new(), vec![from]);
        while let Some(name) = left.pop() {
            if is_root(name) {
                return true;
            }
            if seen.insert(name) {
                left.extend(wants.get(name).into_iter().flatten());
            }
        }
        false
    };
    units.iter().filter(|unit| leads(unit)).cloned().collect()
}

/// What a unit is enabled for, where nothing of it exists. Of a unit that is not there systemd does not tell whom it wants: then
/// the unit's own file does.
async fn nowhere(shown: &Shown) -> Vec<String> {
    let texts = super::texts(&shown.files);
    let wanted: Vec<String> = texts.iter().flat_map(|(_, text)| unit_file::installed_for(text)).collect();
    // A specifier is filled in by systemd alone.
    if wanted.is_empty() || wanted.iter().any(|name| name.contains('%')) {
        return Vec::new();
    }
    let found = ask(&wanted).await.ok().flatten().unwrap_or_default();
    let none = found.len() == wanted.len() && found.iter().all(|it| !it.unit.known);
    if none { wanted } else { Vec::new() }
}

/// None where systemctl does not say it well.
async fn ask(names: &[String]) -> Result<Option<Vec<Shown>>, Unseen> {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let said = super::show(PROPERTIES, &names).await?;
    let shown = systemctl::read(&said.out);
    Ok(Some(shown).filter(|shown| said.ok && !shown.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_started_where_a_way_leads_up_to_what_the_machine_boots_to() {
        let list = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        let wants = BTreeMap::from([
            ("graphical.target".to_owned(), list(&[])),
            ("own.target".to_owned(), list(&["multi-user.target"])),
            ("a.service".to_owned(), list(&["b.service"])),
            ("b.service".to_owned(), list(&["a.service"])),
            ("x.socket".to_owned(), list(&["sockets.target"])),
            ("sockets.target".to_owned(), list(&["basic.target"])),
            ("basic.target".to_owned(), list(&["multi-user.target"])),
        ]);
        let is_root = |name: &str| name == "multi-user.target";
        let all = list(&["graphical.target", "own.target", "a.service", "x.socket"]);
        assert_eq!(reached(&wants, &all, &is_root), list(&["own.target", "x.socket"]));
    }
}
