//! What `systemctl show` prints: `Name=value` lines, one block per unit.

use std::collections::BTreeMap;

use ipnet::IpNet;

use super::unit_file::words;
use crate::fact::service::at_boot::AtBoot;
use crate::fact::service::filter::AddressFilter;
use crate::fact::service::sandbox::{Private, Restricted, Sandbox};
use crate::fact::service::{Starting, UnitState};

pub mod told;

/// More slices in one another than anybody has.
const DEEP: usize = 16;

/// One unit, and the result of its last run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The unit.
    pub unit: UnitState,
    /// Whether its last run ended as it should.
    pub succeeded: bool,
    /// When its main process was last started, in seconds since the epoch.
    pub started: Option<u64>,
    /// When it was last set about starting; a process that a script starts has no time of its own.
    pub begun: Option<u64>,
    /// When it came into the state that it is in.
    pub changed: Option<u64>,
    /// systemd's word for why it cannot be loaded (`LoadState`): bad-setting, error; none where it can.
    pub unloaded: Option<String>,
    /// Whether systemd left it out when it was last to be started, since a condition or an assertion is not met.
    pub skipped: bool,
    /// Its file and its drop-ins, in the order in which they are read.
    pub files: Vec<String>,
    /// The units that start it: `WantedBy`, `RequiredBy`, `UpheldBy`, `TriggeredBy`.
    pub wanted_by: Vec<String>,
    /// How its last run went.
    pub run: Run,
}

/// How a unit's last run went.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Run {
    /// `Result`: success, exit-code, signal …
    pub result: String,
    /// The exit status of its main process.
    pub status: i64,
    /// How often systemd started it again by itself.
    pub restarts: u32,
    /// Whether its file was changed since systemd read it.
    pub stale: bool,
}

/// Reads all blocks, in the order in which the units were asked for. Times must be in UTC.
pub fn read(output: &str) -> Vec<Shown> {
    output.split("\n\n").filter(|block| !block.trim().is_empty()).map(block).collect()
}

fn block(text: &str) -> Shown {
    let value = |name: &str| {
        text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('=')).unwrap_or_default().to_owned()
    };
    Shown {
        unit: UnitState {
            name: value("Id"),
            known: !matches!(value("LoadState").as_str(), "" | "not-found"),
            active: value("ActiveState"),
            enabled: value("UnitFileState"),
            since: time(&value("ActiveEnterTimestamp")),
            after: units(&value("After")),
            at_boot: AtBoot { untried: untried(&value), ..AtBoot::default() },
            ended: Some(value("Result")).filter(|end| ENDED.contains(&end.as_str())),
            reason: None,
            said: None,
            holder: None,
            starting: starting(&value),
            filter: AddressFilter {
                deny: nets(&value("IPAddressDeny")),
                allow: nets(&value("IPAddressAllow")),
                at: None,
            },
        },
        unloaded: Some(value("LoadState")).filter(|state| matches!(state.as_str(), "bad-setting" | "error")),
        started: time(&value("ExecMainStartTimestamp")),
        begun: time(&value("InactiveExitTimestamp")),
        changed: time(&value("StateChangeTimestamp")),
        files: format!("{} {}", value("FragmentPath"), value("DropInPaths"))
            .split_whitespace()
            .map(str::to_owned)
            .collect(),
        // Of a unit that nobody ever started both say `no`, and no time.
        skipped: ["Condition", "Assert"]
            .iter()
            .any(|kind| value(&format!("{kind}Result")) == "no" && !value(&format!("{kind}Timestamp")).is_empty()),
        wanted_by: ["WantedBy", "RequiredBy", "BoundBy", "UpheldBy", "TriggeredBy"]
            .iter()
            .flat_map(|by| units(&value(by)))
            .collect(),
        succeeded: matches!(value("Result").as_str(), "" | "success"),
        run: Run {
            result: value("Result"),
            status: value("ExecMainStatus").parse().unwrap_or(0),
            restarts: value("NRestarts").parse().unwrap_or(0),
            stale: value("NeedDaemonReload") == "yes",
        },
    }
}

/// Ends that are not a program's own (systemd.service(5), `$SERVICE_RESULT`).
const ENDED: [&str; 5] = ["signal", "core-dump", "oom-kill", "watchdog", "timeout"];

/// Whether systemd has never set about starting it since the boot.
fn untried(value: &impl Fn(&str) -> String) -> bool {
    let tried = ["InactiveExitTimestamp", "ActiveEnterTimestamp", "ConditionTimestamp"];
    value("ActiveState") == "inactive" && tried.iter().all(|at| value(at).is_empty())
}

/// Where systemd waits for the process that it has started; where it waits to start it again, there is none.
fn starting(value: &impl Fn(&str) -> String) -> Option<Starting> {
    let waits = value("ActiveState") == "activating" && matches!(value("SubState").as_str(), "start" | "start-post");
    // A unit that is started again after its time was over has only a new process.
    let since = time(&value("ExecMainStartTimestamp")).max(time(&value("InactiveExitTimestamp"))).filter(|_| waits)?;
    Some(Starting { since, kind: value("Type"), limit: span(&value("TimeoutStartUSec")) })
}

/// A span of time as systemd prints it: `1min 30s`; none for `infinity`.
fn span(text: &str) -> Option<u64> {
    let parts = text.split_whitespace().map(|part| {
        let digits = part.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let unit = match part.strip_prefix(digits)? {
            "s" => 1,
            "min" => 60,
            "h" => 3600,
            "d" => 86_400,
            _ => return None,
        };
        digits.parse::<u64>().ok()?.checked_mul(unit)
    });
    parts.sum::<Option<u64>>().filter(|seconds| *seconds > 0)
}

/// What the units keep their processes from, taken together: the first is the service, the others the slices that it is in.
/// Where the settings stand is not told.
pub fn sandbox(output: &str) -> Sandbox {
    let value = |name: &str| output.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
    let list = |name: &str| {
        let written = value(name)?;
        let (allows, names) = written.strip_prefix('~').map_or((true, written), |names| (false, names));
        let names: Vec<String> = names.split_whitespace().map(str::to_owned).collect();
        // systemd prints a list that forbids nothing where there is none.
        (allows || !names.is_empty()).then_some(Restricted { allows, names, at: None })
    };
    let all = |name: &str| -> Vec<IpNet> {
        output.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix('=')).flat_map(nets).collect()
    };
    let deny = all("IPAddressDeny");
    let allow = if deny.is_empty() { Vec::new() } else { all("IPAddressAllow") };
    Sandbox {
        filter: AddressFilter { deny, allow, at: None },
        families: list("RestrictAddressFamilies"),
        interfaces: list("RestrictNetworkInterfaces"),
        private: (value("PrivateNetwork") == Some("yes")).then(Private::default),
    }
}

/// The slices that a unit is in, the innermost first (systemd.slice(5): `a-b.slice` is in `a.slice`).
pub fn slices(output: &str) -> Vec<String> {
    let slice = output.lines().find_map(|line| line.strip_prefix("Slice=")?.strip_suffix(".slice"));
    let mut names: Vec<&str> = Vec::new();
    let mut left = slice.filter(|name| !name.is_empty() && *name != "-");
    while let Some(name) = left.filter(|_| names.len() < DEEP) {
        names.push(name);
        left = name.rsplit_once('-').map(|(parent, _)| parent).filter(|parent| !parent.is_empty());
    }
    names.into_iter().chain(["-"]).map(|name| format!("{name}.slice")).collect()
}

/// `Environment` of the first unit, by name: what systemd has made of all the unit's lines. None where it does not tell.
pub fn environment(output: &str) -> Option<BTreeMap<String, String>> {
    let written = output.lines().find_map(|line| line.strip_prefix("Environment="))?;
    let pairs = words(written).into_iter().filter_map(|word| {
        let (name, value) = word.split_once('=')?;
        Some((name.to_owned(), value.to_owned()))
    });
    Some(pairs.collect())
}

/// The networks as `systemctl show` prints them; words such as `any` and `localhost` are spelt out there.
fn nets(written: &str) -> Vec<IpNet> {
    written.split_whitespace().filter_map(|net| net.parse().ok()).collect()
}

/// systemctl gives them in no order, and quotes names that hold a backslash: `"system-wg\\x2dquick.slice"`.
fn units(written: &str) -> Vec<String> {
    let mut units: Vec<String> =
        written.split_whitespace().map(|unit| unit.trim_matches('"').replace("\\\\", "\\")).collect();
    units.sort();
    units
}

/// `Sun 2026-11-22 13:50:01 UTC`, or `@1795355401`. (`--timestamp=unix` would always be that; Ubuntu 22.04's systemctl has no such word.)
fn time(written: &str) -> Option<u64> {
    if let Some(seconds) = written.strip_prefix('@') {
        return seconds.parse().ok();
    }
    let (_, date) = written.strip_suffix(" UTC")?.split_once(' ')?;
    let at = jiff::tz::TimeZone::UTC.to_timestamp(date.parse().ok()?).ok()?;
    u64::try_from(at.as_second()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sandbox_is_read_with_its_slices() {
        let none =
            "RestrictAddressFamilies=~\nRestrictNetworkInterfaces=~\nPrivateNetwork=no\nIPAddressAllow=::1/128\n";
        assert!(sandbox(none).is_empty() && sandbox("Id=a\n").is_empty());
        let shown = "Slice=system-w.slice\nRestrictAddressFamilies=AF_UNIX\nPrivateNetwork=yes\nIPAddressDeny=\nIPAddressAllow=10.8.0.0/24\n\n\
            IPAddressDeny=0.0.0.0/0\nIPAddressAllow=\n";
        let sandbox = sandbox(shown);
        assert!(sandbox.filter.denies([10, 9, 0, 1].into()) && !sandbox.filter.denies([10, 8, 0, 1].into()));
        assert!(sandbox.families.is_some_and(|it| it.allows && it.names == ["AF_UNIX"]) && sandbox.private.is_some());
        assert_eq!(slices(shown), ["system-w.slice", "system.slice", "-.slice"]);
        assert_eq!(slices("Slice=\n"), ["-.slice"]);
    }

    #[test]
    fn what_systemd_made_of_environment_is_read() {
        let told = environment("Id=a\nEnvironment=A=1 \"B=x \\$y\" C=p%40\n").expect("told");
        let expected = [("A", "1"), ("B", "x $y"), ("C", "p%40")];
        assert!(told.iter().map(|(name, value)| (name.as_str(), value.as_str())).eq(expected));
        assert_eq!((environment("Environment=\n").map(|all| all.len()), environment("Id=a\n")), (Some(0), None));
    }

    #[test]
    fn blocks_are_read_in_order() {
        let shown = read(
            "Id=redis-server.service\nLoadState=loaded\nActiveState=failed\nUnitFileState=enabled\n\
             After=network.target \"system-wg\\\\x2dquick.slice\" basic.target\nActiveEnterTimestamp=Thu 1970-01-01 00:01:01 UTC\n\
             ExecMainStartTimestamp=Thu 1970-01-01 00:02:00 UTC\nResult=exit-code\nIPAddressDeny=::/0 0.0.0.0/0\n\
             IPAddressAllow=::1/128 127.0.0.0/8\nConditionResult=no\nConditionTimestamp=Thu 1970-01-01 00:01:01 UTC\nFragmentPath=/lib/a\nDropInPaths=/etc/b /etc/c\n\n\
             Id=redis.service\nLoadState=not-found\nActiveState=inactive\nUnitFileState=\nAfter=\n\
             ActiveEnterTimestamp=\nResult=success\nConditionResult=no\nConditionTimestamp=\n",
        );
        assert_eq!(shown.len(), 2);
        assert_eq!((shown[0].started, shown[1].started), (Some(120), None));
        assert_eq!((shown[0].unit.since, shown[0].succeeded, shown[0].unit.known), (Some(61), false, true));
        assert_eq!(shown[0].unit.after, ["basic.target", "network.target", "system-wg\\x2dquick.slice"]);
        assert!(shown[0].skipped && !shown[1].skipped);
        assert_eq!(shown[0].files, ["/lib/a", "/etc/b", "/etc/c"]);
        assert!(
            shown[0].unit.filter.denies([10, 8, 0, 2].into()) && !shown[0].unit.filter.denies([127, 0, 0, 1].into())
        );
        assert!(shown[1].unit.filter.is_empty());
        assert_eq!((shown[1].unit.since, shown[1].succeeded, shown[1].unit.known), (None, true, false));
    }
}
