//! Asks systemd about all units of a run at once: one program in place of five.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::OnceCell;

use crate::fact::{UnitTarget, Unseen};
use crate::probe::{PROGRAM, ProbeContext, host};
use crate::read::systemctl::{self, Shown};
use crate::read::unit_file;

const PROPERTIES: &str = "Id,LoadState,ActiveState,UnitFileState,After,ActiveEnterTimestamp,ExecMainStartTimestamp,\
    InactiveExitTimestamp,StateChangeTimestamp,Result,IPAddressDeny,IPAddressAllow,FragmentPath,DropInPaths,\
    WantedBy,RequiredBy,UpheldBy,TriggeredBy,Type,SubState,TimeoutStartUSec,ConditionResult,ConditionTimestamp,AssertResult,AssertTimestamp";

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

    /// By the names that were asked for. Nothing where the answer is not one block for each of them: systemctl leaves out a
    /// name that can be none; then each target asks for itself.
    async fn ask_all(&self, context: &ProbeContext) -> Result<BTreeMap<String, Shown>, Unseen> {
        let names = self.targets.iter().filter_map(|target| super::names(target, context).ok()).flatten();
        let names: Vec<String> = names.collect();
        let shown = ask(&names).await?.filter(|shown| shown.len() == names.len()).unwrap_or_default();
        Ok(names.into_iter().zip(shown).collect())
    }
}

/// Units of systemd's own, which are always there (systemd.special(7)).
const SPECIAL: [&str; 8] = [
    "basic.target",
    "default.target",
    "graphical.target",
    "multi-user.target",
    "network-online.target",
    "network.target",
    "sockets.target",
    "timers.target",
];

/// Of the units that start one which is not enabled itself, those that are.
pub(super) async fn started_by(shown: &Shown) -> Vec<String> {
    if shown.wanted_by.is_empty() || !matches!(shown.unit.enabled.as_str(), "disabled" | "") {
        return Vec::new();
    }
    let found = ask(&shown.wanted_by).await.ok().flatten().unwrap_or_default();
    found
        .into_iter()
        .map(|it| it.unit)
        .filter(|unit| unit.enabled.starts_with("enabled"))
        .map(|unit| unit.name)
        .collect()
}

/// What a unit is enabled for, where nothing of it exists. Of a unit that is not there systemd does not tell whom it wants: then
/// the unit's own file does.
pub(in crate::probe) async fn lost(shown: &Shown) -> Vec<String> {
    if !shown.unit.enabled.starts_with("enabled") || !shown.wanted_by.is_empty() {
        return Vec::new();
    }
    let texts = super::texts(&shown.files);
    let wanted: Vec<String> = texts.iter().flat_map(|(_, text)| unit_file::installed_for(text)).collect();
    // A specifier is filled in by systemd alone.
    let is_plain = |name: &String| !name.contains('%') && !SPECIAL.contains(&name.as_str());
    if wanted.is_empty() || !wanted.iter().all(is_plain) {
        return Vec::new();
    }
    let found = ask(&wanted).await.ok().flatten().unwrap_or_default();
    let none = found.len() == wanted.len() && found.iter().all(|it| !it.unit.known);
    if none { wanted } else { Vec::new() }
}

/// None where systemctl does not say it well.
async fn ask(names: &[String]) -> Result<Option<Vec<Shown>>, Unseen> {
    let mut args = vec!["show", "--no-pager", "-p", PROPERTIES, "--"];
    args.extend(names.iter().map(String::as_str));
    let said = host::run("systemctl", &args, PROGRAM).await?;
    let shown = systemctl::read(&said.out);
    Ok(Some(shown).filter(|shown| said.ok && !shown.is_empty()))
}
