//! What is typed where another program than wg-quick makes the tunnel: `checks/makers.toml`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::words::Words;
use crate::check::Fix;
use crate::fact::wireguard::{Program, WgConf};
use crate::fact::{Fact, FactKey};
use crate::snapshot::Snapshot;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Makers {
    instead: Vec<Instead>,
    know: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Instead {
    of: String,
    #[serde(default)]
    networkd: Vec<String>,
    #[serde(default)]
    network_manager: Vec<String>,
    #[serde(default)]
    container: Vec<String>,
    #[serde(default)]
    netplan: Vec<String>,
}

static MAKERS: LazyLock<Makers> =
    LazyLock::new(|| toml::from_str(include_str!("../../checks/makers.toml")).unwrap_or_default());

/// How the texts name the file where wg-quick has it.
const WG_QUICKS: &str = "/etc/wireguard/{interface}.conf";

/// The tunnel's file on a machine, if it is not wg-quick's.
pub(super) fn of(snapshot: &Snapshot) -> Option<&WgConf> {
    let Fact::WgConf(conf) = snapshot.fact(&FactKey::WgConf)? else { return None };
    conf.made_by.is_some().then_some(conf)
}

/// The words of its own.
pub(super) fn words(conf: &WgConf) -> Words {
    let connection = conf.made_by.as_ref().and_then(|maker| maker.name.as_deref()).or(conf.interface());
    BTreeMap::from([("connection", connection.unwrap_or_default().to_owned()), ("tunnel_file", conf.path.clone())])
}

/// A fix in the terms of who makes the tunnel. `file` says whether the fix is about the tunnel's own file.
pub(super) fn translated(fix: Fix, conf: &WgConf, file: bool) -> Fix {
    let Some(maker) = &conf.made_by else { return fix };
    let own_file = |text: &str| text.replace(WG_QUICKS, "{tunnel_file}");
    let mut run: Vec<String> = Vec::new();
    for line in fix.run {
        let edits = line.contains(WG_QUICKS) || file && line.contains("{file}");
        let known = MAKERS.instead.iter().find(|it| it.of == line);
        let mine = match (known, maker.program) {
            (Some(it), _) if maker.netplan.is_some() => it.netplan.clone(),
            (Some(it), Program::Networkd) => it.networkd.clone(),
            (Some(it), Program::NetworkManager) => it.network_manager.clone(),
            (Some(it), Program::Container) => it.container.clone(),
            (None, _) if line.contains("wg-quick") => Vec::new(),
            // It would be overwritten.
            (None, _) if maker.netplan.is_some() && edits => Vec::new(),
            // Its settings have other names.
            (None, Program::NetworkManager) if edits && line.contains("sed") => Vec::new(),
            (None, _) => vec![own_file(&line)],
        };
        run.extend(mine);
    }
    let know = match MAKERS.know.get("default") {
        Some(other) if fix.know.contains("wg-quick") => other.clone(),
        Some(_) | None => fix.know,
    };
    let about = file || fix.say.contains(WG_QUICKS);
    let say = match &maker.netplan {
        Some(source) if about => {
            format!("{} netplan generates {{tunnel_file}} from {source}: make the change there.", own_file(&fix.say))
        }
        Some(_) | None => own_file(&fix.say),
    };
    Fix { on: fix.on, say, run, variable: fix.variable, know }
}
