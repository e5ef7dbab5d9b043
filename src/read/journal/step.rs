//! The step at which wg-quick gave up. It prints `[#] COMMAND` before each one, also before the commands of PostUp and
//! the like, which may hold secrets: what is kept is the line of the file, or the beginning of a command of its own.

use crate::fact::service::FailReason;
use crate::read::wg_quick::command;

/// How the lines begin (wg-quick(8), `cmd` and `execute_hooks`).
const STEP: &str = "[#] ";

/// wg-quick's own commands. Each is asked in this order, so the longer ones come first.
const OWN: [&str; 20] = [
    "ip link add",
    "ip link set",
    "ip -4 address add",
    "ip -6 address add",
    "ip -4 route add",
    "ip -6 route add",
    "ip -4 rule add",
    "ip -6 rule add",
    "ip -4 rule delete",
    "ip -6 rule delete",
    "ip link delete",
    "wg setconf",
    "wg addconf",
    "wg set",
    "resolvconf -a",
    "resolvconf -d",
    "sysctl -q",
    "nft -f",
    "iptables-restore",
    "ip6tables-restore",
];

/// What wg-quick does when it has given up: it takes away what it made.
const AFTER: [&str; 7] = [
    "ip link delete",
    "resolvconf -d",
    "ip -4 rule delete",
    "ip -6 rule delete",
    "nft -f",
    "iptables-restore",
    "ip6tables-restore",
];

/// A command that the tunnel's file gives.
pub struct Hook {
    name: String,
    line: u32,
    command: String,
}

impl Hook {
    /// The commands at these lines of the file's text, for this interface.
    pub fn all(hooks: &[(String, u32)], text: &str, interface: &str) -> Vec<Self> {
        let lines: Vec<&str> = text.lines().collect();
        let found = hooks.iter().filter_map(|(name, line)| {
            let written = lines.get(usize::try_from(line.checked_sub(1)?).ok()?)?;
            Some(Self { name: name.clone(), line: *line, command: command(written, interface)? })
        });
        found.collect()
    }
}

/// Which step failed, by the last start or stop in the journal of a unit that failed.
pub fn failed(journal: &str, hooks: &[Hook]) -> Option<FailReason> {
    let lines: Vec<&str> = journal.lines().collect();
    let begins = |line: &&str| line.starts_with("Starting ") || line.starts_with("Stopping ");
    let start = lines.iter().rposition(begins)?;
    let starting = lines[start].starts_with("Starting ");
    let mut steps: Vec<&str> = lines[start..].iter().filter_map(|line| line.strip_prefix(STEP)).collect();
    if starting {
        // Without the interface being taken away again, nothing says that the last step failed.
        steps.pop().filter(|last| last.starts_with("ip link delete"))?;
        while steps.last().is_some_and(|step| AFTER.iter().any(|after| step.starts_with(after))) {
            steps.pop();
        }
    }
    let step = steps.last()?.trim();
    if let Some(hook) = hooks.iter().find(|hook| hook.command == step && hook.name.ends_with("Up") == starting) {
        return Some(FailReason::Hook(hook.name.clone(), hook.line));
    }
    match OWN.iter().find(|own| step.starts_with(*own)) {
        Some(own) if starting => Some(FailReason::Step((*own).to_owned())),
        Some(_) => None,
        None => Some(FailReason::OldHook),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str =
        "[Interface]\nAddress = 10.8.0.2/24\nPostUp = iptables -I OUTPUT -o %i -j REJECT # guard\nPreDown=false\n";

    fn hooks() -> Vec<Hook> {
        Hook::all(&[("PostUp".to_owned(), 3), ("PreDown".to_owned(), 4)], FILE, "wg0")
    }

    #[test]
    fn the_step_before_the_interface_was_taken_away_failed() {
        let start = "Starting WireGuard via wg-quick(8) for wg0...\n[#] ip link add wg0 type wireguard\n";
        let end = "some error\n[#] ip link delete dev wg0\nFailed to start\n";
        let said = |steps: &str| failed(&format!("{start}{steps}{end}"), &hooks());
        assert_eq!(said("[#] iptables -I OUTPUT -o wg0 -j REJECT\n"), Some(FailReason::Hook("PostUp".to_owned(), 3)));
        assert_eq!(said("[#] curl -H secret\n"), Some(FailReason::OldHook));
        assert_eq!(
            said("[#] ip -6 address add fd00::2/64 dev wg0\n"),
            Some(FailReason::Step("ip -6 address add".to_owned()))
        );
        let dns = "[#] resolvconf -a wg0 -m 0 -x\n[#] ip -4 route add 10.8.0.0/24 dev wg0\nRTNETLINK answers: File exists\n[#] resolvconf -d wg0 -f\n";
        assert_eq!(said(dns), Some(FailReason::Step("ip -4 route add".to_owned())));
        assert_eq!(failed(start, &hooks()), None);
    }

    #[test]
    fn a_stop_may_fail_too() {
        let stop = "Stopping WireGuard via wg-quick(8) for wg0...\n[#] false\nFailed\n";
        assert_eq!(failed(stop, &hooks()), Some(FailReason::Hook("PreDown".to_owned(), 4)));
        assert_eq!(failed("Stopping x\n[#] ip link delete dev wg0\n", &hooks()), None);
        assert_eq!(failed("", &hooks()), None);
    }
}
