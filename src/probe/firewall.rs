//! Reads ufw's stored rules, and asks the kernel for its own. The two may differ; `ufw reload` makes them one.

mod counters;
mod stored;
#[cfg(target_os = "linux")]
mod tables;
#[cfg(not(target_os = "linux"))]
#[path = "firewall/tables_elsewhere.rs"]
mod tables;

pub(super) use counters::look as counters;

use super::host::{self, Said};
use super::{PROGRAM, ProbeResult, starters};
use crate::fact::firewall::netfilter::{Listing, Netfilter, Tool};
use crate::fact::firewall::{Action, Ufw};
use crate::fact::touch::{Touch, connects, only, reads, runs};
use crate::fact::{Fact, Unseen};
use crate::read::{iptables, nft, ufw};
use crate::snapshot::Rights;

const SWITCH: &str = "/etc/ufw/ufw.conf";
const DEFAULTS: &str = "/etc/default/ufw";
const RULES: &str = "/etc/ufw/user.rules";
const RULES_SIX: &str = "/etc/ufw/user6.rules";

pub(super) fn ufw() -> ProbeResult {
    ProbeResult::new(RULES, look().map(Fact::Ufw))
}

fn look() -> Result<Ufw, Unseen> {
    let Some(switch) = host::read_if_there(SWITCH)? else {
        return Ok(Ufw {
            enabled: false,
            installed: false,
            // Without ufw nothing it could refuse is refused; a firewall of another make is not seen here.
            default_input: Action::Allow,
            path: RULES.to_owned(),
            rules: Vec::new(),
            ipv6: true,
            restored_by: None,
        });
    };
    let defaults = host::read_or_unseen(DEFAULTS)?;
    let ipv6 = ufw::setting(&defaults, "IPV6").as_deref() == Some("yes");
    let six = if ipv6 { Some(host::read_or_unseen(RULES_SIX)?) } else { None };
    let default_input = ufw::setting(&defaults, "DEFAULT_INPUT_POLICY")
        .as_deref()
        .and_then(ufw::policy)
        .ok_or_else(|| Unseen::Unreadable(format!("{DEFAULTS}: no valid DEFAULT_INPUT_POLICY")))?;
    let enabled = ufw::setting(&switch, "ENABLED").as_deref() == Some("yes");
    let restores =
        |line: &str| ["tables-restore", "netfilter-persistent", "ufw-init"].iter().any(|it| line.contains(it));
    Ok(Ufw {
        enabled,
        restored_by: if enabled { None } else { starters::find(restores).map(|it| it.path) },
        installed: true,
        default_input,
        path: RULES.to_owned(),
        rules: ufw::read(&host::read_or_unseen(RULES)?, six.as_deref()),
        ipv6,
    })
}

/// iptables for one version of IP. Its two generations keep their rules apart; one of them is the usual one.
struct Generations {
    usual: (&'static str, Tool),
    nft: (&'static str, Tool),
    legacy: (&'static str, Tool),
    /// Where the kernel names the tables of the older one.
    legacy_names: &'static str,
    /// nft's word for the version.
    family: &'static str,
}

const GENERATIONS: [Generations; 2] = [
    Generations {
        usual: ("iptables-save", Tool::Iptables),
        nft: ("iptables-nft-save", Tool::IptablesNft),
        legacy: ("iptables-legacy-save", Tool::IptablesLegacy),
        legacy_names: "/proc/net/ip_tables_names",
        family: "ip",
    },
    Generations {
        usual: ("ip6tables-save", Tool::Ip6tables),
        nft: ("ip6tables-nft-save", Tool::Ip6tablesNft),
        legacy: ("ip6tables-legacy-save", Tool::Ip6tablesLegacy),
        legacy_names: "/proc/net/ip6_tables_names",
        family: "ip6",
    },
];

pub(super) async fn netfilter() -> ProbeResult {
    ProbeResult::new("iptables-save, ip6tables-save, nft", kernel().await.map(Fact::Netfilter))
}

async fn kernel() -> Result<Netfilter, Unseen> {
    if host::rights() != Rights::Root {
        return Err(Unseen::NeedsRights("run as root to list the kernel's firewall rules".to_owned()));
    }
    let [four, six] = &GENERATIONS;
    let tables = tables::look();
    let native_json = async {
        // Of what iptables cannot show nft is asked at once.
        let asked = tables.as_deref().is_none_or(|tables| tables.iter().any(|table| !may_be_iptables(table)));
        if asked { Some(host::run("nft", LIST, PROGRAM).await) } else { None }
    };
    let tables_of = |of: &Generations| tables.as_deref().map(|tables| tables.iter().any(|it| it.0 == of.family));
    let (four, six, native_json) =
        tokio::join!(generation(four, tables_of(four)), generation(six, tables_of(six)), native_json);
    let mut seen = Netfilter { listings: Vec::new(), stored: stored::look()?, missing: Vec::new() };
    // Tables that iptables keeps in nftables, by family and name.
    let mut shown: Vec<(String, String)> = Vec::new();
    for of_version in [four?, six?] {
        seen.listings.extend(of_version.listings);
        seen.missing.extend(of_version.missing);
        shown.extend(of_version.shown);
    }
    let left = tables.is_none_or(|tables| tables.iter().any(|table| !shown.contains(table)));
    let native_json = match native_json {
        Some(said) => installed(said)?,
        None if left => installed(host::run("nft", LIST, PROGRAM).await)?,
        None if host::is_installed("nft") => Some(Said { ok: true, ..Said::default() }),
        None => None,
    };
    match native_json {
        Some(said) if left => seen.listings.push(Listing { tool: Tool::Nft, lines: native(&said, &shown).await? }),
        Some(_) => {}
        None => seen.missing.push("nft".to_owned()),
    }
    seen.listings.retain(|listing| !listing.lines.is_empty());
    if seen.missing.iter().any(|program| program == "nft") && seen.listings.is_empty() {
        return Err(Unseen::NoTool("neither `nft` nor `iptables-save` shows any rules".to_owned()));
    }
    Ok(seen)
}

const LIST: &[&str] = &["-j", "list", "ruleset"];

/// Whether a table of nftables has the family and the name of one that iptables makes (iptables(8), `--table`).
fn may_be_iptables((family, name): &(String, String)) -> bool {
    matches!(family.as_str(), "ip" | "ip6") && matches!(name.as_str(), "filter" | "nat" | "mangle" | "raw" | "security")
}

/// What the programs of one version of IP list.
#[derive(Default)]
struct Listed {
    listings: Vec<Listing>,
    missing: Option<String>,
    /// Their tables that are nftables' own, by family and name.
    shown: Vec<(String, String)>,
}

/// `has_tables`: whether nftables has tables of that version, where the kernel tells.
async fn generation(of: &Generations, has_tables: Option<bool>) -> Result<Listed, Unseen> {
    let Generations { usual, nft, legacy, legacy_names, family } = of;
    let mut seen = Listed::default();
    let has_legacy = host::read_if_there(legacy_names)?.is_some_and(|names| !names.trim().is_empty());
    // With tables of neither generation there is nothing that its programs could list.
    if !has_legacy && has_tables == Some(false) {
        return Ok(seen);
    }
    // What the newer generation prints says whose it is; of nothing that is printed only the version says it.
    if !has_legacy
        && let Some(said) = installed(host::run(usual.0, &[], PROGRAM).await)?
        && said.ok
        && said.out.lines().next().is_some_and(|line| line.starts_with('#') && line.contains("(nf_tables)"))
    {
        let lines = iptables::tidy(&said.out);
        seen.shown = iptables::tables(&lines).into_iter().map(|name| ((*family).to_owned(), name.to_owned())).collect();
        seen.listings.push(Listing { tool: usual.1, lines });
        return Ok(seen);
    }
    let version = installed(host::run(usual.0, &["-V"], PROGRAM).await)?;
    let usual_is_legacy = version.as_ref().is_some_and(|said| !said.out.contains("nf_tables"));
    let mut keep = |tool: Tool, lines: Vec<String>, in_nftables: bool| {
        if in_nftables {
            let tables = iptables::tables(&lines).into_iter();
            seen.shown.extend(tables.map(|name| ((*family).to_owned(), name.to_owned())));
        }
        seen.listings.push(Listing { tool, lines });
    };
    if version.is_some() && (!usual_is_legacy || has_legacy) {
        keep(usual.1, listed(usual.0).await?.unwrap_or_default(), !usual_is_legacy);
    }
    if version.is_none() || usual_is_legacy {
        keep(nft.1, listed(nft.0).await?.unwrap_or_default(), true);
    }
    if has_legacy && !usual_is_legacy {
        match listed(legacy.0).await? {
            Some(lines) => keep(legacy.1, lines, false),
            None => seen.missing = Some(legacy.0.to_owned()),
        }
    }
    Ok(seen)
}

/// None where the program is not installed.
fn installed(said: Result<Said, Unseen>) -> Result<Option<Said>, Unseen> {
    match said {
        Ok(said) => Ok(Some(said)),
        Err(Unseen::NotInstalled(_)) => Ok(None),
        Err(why) => Err(why),
    }
}

async fn listed(program: &str) -> Result<Option<Vec<String>>, Unseen> {
    match installed(host::run(program, &[], PROGRAM).await)? {
        Some(said) if said.ok => Ok(Some(iptables::tidy(&said.out))),
        Some(said) => Err(refused(program, &said)),
        None => Ok(None),
    }
}

/// In a container root may not look either.
fn refused(program: &str, said: &Said) -> Unseen {
    if said.err.contains("ermission denied") || said.err.contains("not permitted") || said.err.contains("be root") {
        Unseen::NeedsRights(format!("`{program}` wants CAP_NET_ADMIN"))
    } else {
        Unseen::Unreadable(format!("`{program}` failed"))
    }
}

async fn native(json: &Said, shown: &[(String, String)]) -> Result<Vec<String>, Unseen> {
    if !json.ok {
        return Err(refused("nft", json));
    }
    let unreadable = || Unseen::Unreadable("`nft -j list ruleset`".to_owned());
    let lines = nft::tidy(&json.out, "", shown).ok_or_else(unreadable)?;
    if lines.is_empty() {
        return Ok(lines);
    }
    // The same rules in nft's own words; where they are missing, the JSON is shown.
    let text = host::run("nft", &["-a", "list", "ruleset"], PROGRAM).await.map(|said| said.out).unwrap_or_default();
    nft::tidy(&json.out, &text, shown).ok_or_else(unreadable)
}

/// What [`ufw`] does.
pub(super) fn ufw_touches() -> Vec<Touch> {
    [reads(&[SWITCH, DEFAULTS, RULES, RULES_SIX]), only("where ufw is switched off", starters::touches())].concat()
}

/// What [`netfilter`] does.
pub(super) fn netfilter_touches() -> Vec<Touch> {
    let mut programs = tables::touches();
    programs.extend(only("where nftables has tables that iptables does not show", runs(&["nft -j list ruleset"])));
    programs.extend(only("where nftables has rules", runs(&["nft -a list ruleset"])));
    for of in &GENERATIONS {
        programs.extend(runs(&[of.usual.0]));
        programs.extend(only("where it lists nothing, or old tables", runs(&[&format!("{} -V", of.usual.0)])));
        programs.extend(only("where the usual one lists old tables only, or is missing", runs(&[of.nft.0])));
        programs.extend(only("where old tables are loaded", runs(&[of.legacy.0])));
        programs.extend(reads(&[of.legacy_names]));
    }
    only("as root", [programs, stored::touches()].concat())
}

/// What [`counters`] does.
pub(super) fn counters_touches() -> Vec<Touch> {
    let again = connects(&["tcp {server}:{redis-port}", "tcp {server}:{postgres-port}", "tcp {url-hosts}"]);
    let mut programs = runs(&["nft -j list ruleset"]);
    for of in &GENERATIONS {
        programs.extend([of.usual.0, of.nft.0, of.legacy.0].iter().flat_map(|it| runs(&[&format!("{it} -c")])));
    }
    only("where a connection in the tunnel got no answer", [again, programs, counters::touches()].concat())
}
