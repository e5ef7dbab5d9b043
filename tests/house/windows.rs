//! Windows: nobody is told to type there what only Linux knows, and what is called portable is.

use clipcheck::catalog::built_in;
use clipcheck::check::{Cause, Check};
use clipcheck::fact::Vantage;

use super::source::code;
use crate::{files_named, none, read};

/// Words of a remedy that mean nothing on Windows.
const LINUX: [&str; 12] = [
    "sudo",
    "systemctl",
    "/etc/",
    "wg-quick",
    "journalctl",
    "ip route",
    "ip link",
    "ip rule",
    "getent",
    "iptables",
    "timedatectl",
    "resolvconf",
];

/// Causes whose remedy speaks of Linux on the client and that a Windows client never meets, each with the reason.
const NOT_MET: &[(&str, &str)] = &[
    ("redis-answers/relay", "the machine beside a container is a virtual one there"),
    ("postgres-answers/relay", "the machine beside a container is a virtual one there"),
    ("wg-interface-up/condition", "a unit of systemd's"),
    ("wg-key-unshared/two-machines", "told of the server, which is no Windows"),
    ("wg-interface-up/masked", "a unit of systemd's"),
    ("wg-interface-up/port-held", "a failure of wg-quick"),
    ("wg-interface-up/no-ipv6", "the address stands in an encrypted file"),
    ("wg-interface-up/hook-failed", "read in systemd's journal"),
    ("wg-enabled-at-boot/circle", "units of systemd's"),
    ("wg-enabled-at-boot/unit-refused", "units of systemd's"),
    ("wg-enabled-at-boot/file-gone", "the app keeps the files there"),
    ("worker-at-boot/unit-refused", "units of systemd's"),
    ("worker-running/unit-ends", "a unit of systemd's"),
    ("worker-at-boot/engine-disabled", "a unit of systemd's"),
    ("tunnel-route/ipsec", "Linux' own policies"),
    ("tunnel-route/by-rule", "Windows has no rules of routing policy"),
    ("tunnel-route/route-gone", "seen on Linux alone"),
    ("tunnel-route/table-line", "Windows keeps the file encrypted"),
    ("container-way/no-masquerade", "Docker's networks are inside a virtual machine there"),
    ("container-way/routing-rule", "Docker's networks are inside a virtual machine there"),
    ("container-way/dropped", "Docker's networks are inside a virtual machine there"),
    ("container-way/bridge-down", "Docker's networks are inside a virtual machine there"),
    ("container-way/answers-dropped", "Docker's networks are inside a virtual machine there"),
    ("container-way/redirected", "Docker's networks are inside a virtual machine there"),
    ("container-way/not-forwarded", "Docker's networks are inside a virtual machine there"),
    ("names-resolve/dns-line", "the `DNS =` line stands in an encrypted file"),
    ("redis-answers/password-not-wanted", "its file is the server's"),
    ("tunnel-ping/forbidden", "its ping does not tell that apart"),
    ("tunnel-ping/no-endpoint", "an error of Linux's own WireGuard"),
    ("tunnel-ping/no-peer", "an error of Linux's own WireGuard"),
    ("wg-endpoint/hosts-line", "the Endpoint's name stands in an encrypted file"),
    ("wg-endpoint/moved", "the Endpoint's name stands in an encrypted file"),
    ("wg-endpoint/over-ipv6", "the Endpoint's name stands in an encrypted file"),
    ("tunnel-route/rule-elsewhere", "Windows has no rules of routing policy"),
    ("wg-allowed-ips-narrow/route-taken", "a failure of wg-quick"),
    ("wg-allowed-ips-narrow/endpoint-inside", "its line stands in an encrypted file"),
    ("worker-running/unit-failed", "systemd starts no worker there"),
    ("worker-running/unit-hides", "systemd starts no worker there"),
    ("worker-running/unit-stopped", "systemd starts no worker there"),
    ("env-database/ignored", "no worker runs there without Docker"),
    ("env-redis/ignored", "no worker runs there without Docker"),
    ("api-url/ignored", "no worker runs there without Docker"),
    ("api-media/ignored", "no worker runs there without Docker"),
    ("env-file/encoding", "a worker without Docker is not looked at there"),
    ("worker-running/halted", "processes are only listed on Linux"),
    ("worker-running/unit-skipped", "a unit of systemd's"),
    ("worker-confined/network", "Windows has no network namespaces"),
    ("worker-confined/setting", "systemd starts no worker there"),
    ("worker-at-boot/no-linger", "systemd starts no worker there"),
    ("worker-at-boot/disabled", "systemd starts no worker there"),
    ("worker-at-boot/unordered", "systemd starts no worker there"),
    ("wg-handshake/lost-on-the-way", "judged at the server"),
    ("wg-handshake/other-key", "judged at the server"),
    ("wg-handshake/unanswered", "judged at the server"),
    ("wg-handshake/answer-not-taken", "packets are watched on Linux only"),
    ("wg-handshake/refused", "packets are watched on Linux only"),
    ("tcp-admitted/stopped-here", "the kernel's counters of rules exist only on Linux"),
    ("wg-handshake/never-heard", "judged at the server"),
    ("wg-handshake/unfinished", "judged at the server"),
    ("wg-handshake/away", "judged at the server"),
    ("wg-interface-up/failed", "a failure of wg-quick"),
    ("wg-interface-up/name-at-boot", "a failure of wg-quick"),
    ("wg-interface-up/no-resolvconf", "a failure of wg-quick"),
    ("wg-interface-up/waits-for-name", "wg-quick waits, and the file is encrypted"),
    ("wg-peers-known/own-key", "only the file shows it, which is encrypted"),
    ("wg-interface-up/not-made", "a program of Linux makes the tunnel"),
    ("wg-enabled-at-boot/by-hand", "NetworkManager makes the tunnel"),
    ("wg-enabled-at-boot/no-network", "systemd-networkd makes the tunnel"),
    ("tunnel-route/lost-at-relay", "typed on the relay"),
];

/// What std has on Unix alone. It may stand below a `cfg` of its own, and in files that have one in `mod`.
const UNIX: [&str; 6] = ["os::unix", "os::linux", "UnixStream", "procfs::", "netlink::", "netlink_"];

fn checks() -> Vec<Check> {
    built_in().expect("the files in checks/ are sound")
}

/// Whether its remedy is typed at the client.
fn typed_at_client(check: &Check, cause: &Cause) -> bool {
    match cause.fix.on {
        // What is judged at the client alone is never said where it is not judged.
        Some(on) => on == Vantage::Client && !(check.not_on_windows.is_some() && check.looks.len() == 1),
        None => check.looks.contains_key(&Vantage::Client) && check.not_on_windows.is_none(),
    }
}

#[test]
fn what_is_typed_on_windows_is_known_there() {
    let checks = checks();
    let speaks = |fix: &clipcheck::check::Fix| {
        let mut said = fix.run.iter().chain([&fix.say, &fix.know]);
        said.any(|text| LINUX.iter().any(|word| text.contains(word)))
    };
    let mut wrong = Vec::new();
    let mut met = Vec::new();
    for check in &checks {
        for (name, cause) in check.causes.iter().filter(|(_, cause)| typed_at_client(check, cause)) {
            let here = format!("{}/{name}", check.id);
            if cause.windows.is_none() && speaks(&cause.fix) {
                met.push(here);
            }
        }
        for (name, cause) in &check.causes {
            let Some(windows) = &cause.windows else { continue };
            let place = windows.says.iter().chain(&windows.fix.run).chain([&windows.fix.say, &windows.fix.know]);
            let place = place.filter(|text| ["{place}", "{file}", "{line}"].iter().any(|word| text.contains(word)));
            wrong.extend(place.map(|text| format!("{}/{name}: Windows shows no file: {text}", check.id)));
            if windows.says.is_none() && cause.says.contains("{place}") {
                wrong.push(format!("{}/{name}: says where in a file, and Windows shows none", check.id));
            }
            let run = windows.fix.run.iter().filter(|line| LINUX.iter().any(|word| line.contains(word)));
            wrong.extend(run.map(|line| format!("{}/{name}: `{line}`", check.id)));
        }
    }
    let known = |here: &String| NOT_MET.iter().any(|(name, _)| name == here);
    wrong.extend(met.iter().filter(|here| !known(here)).map(|here| format!("{here} has no words for Windows")));
    let stale = NOT_MET.iter().filter(|(name, _)| !met.iter().any(|here| here == name));
    wrong.extend(stale.map(|(name, _)| format!("{name} needs no exception: take it out of NOT_MET")));
    none("Windows' words", wrong);
}

/// Only a compiler for Windows proves that it builds there; this finds what is most easily forgotten.
#[test]
fn what_only_unix_has_stands_behind_a_cfg() {
    let sources: Vec<(String, String)> =
        files_named("src", ".rs").into_iter().map(|file| (file.clone(), code(&read(&file)))).collect();
    let mut wrong = Vec::new();
    for (file, text) in &sources {
        let Some((folder, name)) = file.rsplit_once('/') else { continue };
        // `#[cfg(unix)]` above `mod userspace;`, in the file of the folder above or in the table of contents.
        let declared = format!("mod {};", name.trim_end_matches(".rs"));
        let above = [format!("{folder}.rs"), "src/lib.rs".to_owned()];
        if sources.iter().filter(|(file, _)| above.contains(file)).any(|(_, text)| {
            let mut before = text.match_indices(&declared).map(|(at, _)| text[..at].trim_end());
            before.any(|before| before.ends_with(']') && cfg(before))
        }) {
            continue;
        }
        for word in UNIX {
            for (at, _) in text.match_indices(word) {
                let before = &text[..at];
                // Inside an item all since the last one's end is its own; outside, all since the last empty line.
                let inside = before.rsplit('\n').next().is_some_and(|line| line.starts_with(' '));
                let own = before.rsplit(if inside { "\n}\n" } else { "\n\n" }).next().unwrap_or_default();
                if !cfg(own) {
                    wrong.push(format!("{file}:{}: `{word}` without a cfg", text[..at].matches('\n').count() + 1));
                }
            }
        }
    }
    none("portable", wrong);
}

fn cfg(before: &str) -> bool {
    let last = before.rfind("#[cfg(").map(|at| &before[at..]);
    last.is_some_and(|last| last.starts_with("#[cfg(unix") || last.starts_with("#[cfg(target_os"))
}
