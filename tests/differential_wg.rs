//! Our reader of wg-quick files against the real ones: thousands of files, made and damaged by a fixed seed, go
//! through `wg-quick strip`, `wg setconf`, and `ip` for what wg-quick hands to it. They must accept and refuse the
//! same files, and give up at the same line.
//!
//! ```text
//! cargo test --test differential_wg -- --ignored --nocapture
//! ```
//!
//! Needs root, wg, wg-quick and a WireGuard device (the kernel's or wireguard-go's). All is done in a network and a
//! mount namespace of its own.
#![allow(clippy::string_slice, reason = "cuts what it made or keeps itself")]
#![allow(clippy::disallowed_methods, clippy::print_stdout, reason = "a test writes files, runs programs and prints")]

use std::fs;
use std::path::Path;
use std::process::Command;

use clipcheck::fact::wireguard::{ParseError, Refusal};
use clipcheck::read::wg_quick::read;

#[path = "differential_wg/made.rs"]
mod made;

use made::{Dice, file};

const CASES: u64 = 3000;
const SEED: u64 = 51820;

/// What the programs do with each file of a folder: its name, who refused it, and their words.
const VERDICTS: &str = r#"
set -u
mkdir -p /var/run/wireguard && mount -t tmpfs none /var/run/wireguard && ip link set lo up || exit 3
if ! ip link add wgt type wireguard 2>/dev/null; then
  WG_PROCESS_FOREGROUND=1 wireguard-go wgt >/dev/null 2>&1 &
  trap "kill $!" EXIT
  for _ in $(seq 50); do [ -S /var/run/wireguard/wgt.sock ] && break; sleep 0.1; done
fi
wg show wgt >/dev/null || exit 3
# What wg-quick hands to ip is known to wg-quick's own function alone.
eval "$(sed -n '/^parse_options() {/,/^}/p; /^read_bool() {/,/^}/p' "$(command -v wg-quick)")"
die() { exit 1; }
set_up() (
  shopt -s extglob
  export LC_ALL=C
  WG_CONFIG="" ADDRESSES=() DNS=() DNS_SEARCH=() MTU="" PRE_UP=() POST_UP=() PRE_DOWN=() POST_DOWN=()
  parse_options "$1" 2>/dev/null
  failed=0
  for address in "${ADDRESSES[@]}"; do
    proto=-4; [[ $address == *:* ]] && proto=-6
    ip $proto address add "$address" dev wgt || { failed=1; break; }
  done
  [ $failed = 1 ] || [ -z "$MTU" ] || ip link set mtu "$MTU" dev wgt || failed=1
  [ ${#ADDRESSES[@]} = 0 ] || ip address flush dev wgt
  [ -z "$MTU" ] || ip link set mtu 1420 dev wgt
  exit $failed
)
export WG_ENDPOINT_RESOLUTION_RETRIES=0
mkdir "$1/empty" && cd "$1/empty"     # wg-quick expands `*` in an address
for file in "$1"/*.conf; do
  by=none
  if ! said=$(wg-quick strip "$file" 2>&1 >"$1/stripped"); then by=wg-quick
  elif ! said=$(wg setconf wgt "$1/stripped" 2>&1); then by=wg
  elif ! said=$(set_up "$file" 2>&1); then by=ip
  fi
  said=${said//$'\n'/ }
  printf '%s\t%s\t%s\n' "${file##*/}" "$by" "${said//$'\r'/ }"
done
"#;

/// Where the other side is wrong. Each has its reason; none is known.
const THEIR_BUGS: &[(&str, &str)] = &[];

#[test]
#[ignore = "needs root, wg, wg-quick and a WireGuard device; takes a minute"]
fn wg_accepts_and_refuses_the_same_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let number = |name, otherwise| std::env::var(name).ok().and_then(|it| it.parse().ok()).unwrap_or(otherwise);
    let cases = usize::try_from(number("CLIPCHECK_CASES", CASES)).expect("a number of cases");
    let mut dice = Dice::new(number("CLIPCHECK_SEED", SEED));
    let files: Vec<Vec<u8>> = (0..cases).map(|_| file(&mut dice)).collect();
    for (number, bytes) in files.iter().enumerate() {
        fs::write(folder.path().join(name(number)), bytes).expect("written");
    }
    let verdicts = verdicts(folder.path());
    assert_eq!(verdicts.len(), cases, "a verdict for each file");
    let services = fs::read_to_string("/etc/services").unwrap_or_default();
    let (mut accepted, mut names, mut differing) = (0, 0, Vec::new());
    for (bytes, verdict) in files.iter().zip(&verdicts) {
        let text = String::from_utf8_lossy(bytes);
        let conf = read("/etc/wireguard/wg0.conf", 0o600, &text, &services);
        let known = THEIR_BUGS.iter().any(|(words, _)| verdict.said.contains(words));
        match judge(&text, conf.refused(), verdict) {
            Agreed::Accepted => accepted += 1,
            Agreed::Refused => {}
            Agreed::Name => names += 1,
            Agreed::No(_) if known => {}
            Agreed::No(why) => differing.push(format!("{}: {why}\n{text:?}", verdict.file)),
        }
    }
    println!("{}", differing.join("\n\n"));
    println!(
        "{} cases agreed ({accepted} accepted, {} refused, {names} with a name that nobody resolves), {} differ",
        cases - differing.len(),
        cases - accepted - names - differing.len(),
        differing.len()
    );
    assert!(differing.is_empty(), "{} of {cases} differ", differing.len());
}

fn name(number: usize) -> String {
    format!("c{number:05}.conf")
}

struct Verdict {
    file: String,
    by: String,
    said: String,
}

fn verdicts(folder: &Path) -> Vec<Verdict> {
    let output = Command::new("unshare")
        .args(["--net", "--mount", "bash", "-c", VERDICTS, "verdicts"])
        .arg(folder)
        .output()
        .expect("unshare runs");
    let lines = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "no WireGuard device here: {}", String::from_utf8_lossy(&output.stderr));
    lines
        .lines()
        .filter_map(|line| {
            let mut fields = line.splitn(3, '\t').map(str::to_owned);
            Some(Verdict { file: fields.next()?, by: fields.next()?, said: fields.next()? })
        })
        .collect()
}

enum Agreed {
    Accepted,
    Refused,
    /// Resolving a name is no matter of syntax.
    Name,
    No(String),
}

fn judge(text: &str, ours: Option<&ParseError>, theirs: &Verdict) -> Agreed {
    let shown = ours
        .map_or_else(|| "accepts".to_owned(), |parse_error| format!("refuses {:?} at {}", parse_error, parse_error.at));
    let no = || Agreed::No(format!("we: {shown}; {}: {}", theirs.by, theirs.said));
    let squeezed: Vec<String> = text.split('\n').map(squeeze).collect();
    if theirs.by == "wg" && ["Temporary failure", "Name or service"].iter().any(|words| theirs.said.contains(words)) {
        let line = squeezed.iter().position(|line| {
            line.len() > 9 && line[..9].eq_ignore_ascii_case("endpoint=") && quoted(&theirs.said).ends_with(&line[9..])
        });
        let Some(line) = line.and_then(|index| u32::try_from(index + 1).ok()) else { return no() };
        return match ours {
            Some(parse_error) if parse_error.at.line <= line && !late(parse_error.what) => {
                if parse_error.at.line == line && parse_error.what == Refusal::Value { Agreed::Refused } else { no() }
            }
            _ => Agreed::Name,
        };
    }
    let Some(parse_error) = ours else { return if theirs.by == "none" { Agreed::Accepted } else { no() } };
    let line =
        usize::try_from(parse_error.at.line).ok().and_then(|line| squeezed.get(line - 1)).cloned().unwrap_or_default();
    let said = |words: &[&str]| theirs.by == "wg" && words.iter().any(|words| theirs.said.contains(words));
    let right = match parse_error.what {
        // Of networkd's files alone.
        Refusal::Ignored => false,
        Refusal::NotBoolean => theirs.by == "wg-quick",
        Refusal::Setting => theirs.by == "ip",
        Refusal::NoPublicKey => said(&["A peer is missing a public key"]),
        Refusal::Key(shape) if shape != clipcheck::fact::wireguard::KeyShape::Empty => {
            said(&["Key is not the correct length or format"]) && line.ends_with(&quoted(&theirs.said))
        }
        Refusal::Mark | Refusal::Wide => said(&["Line unrecognized"]),
        Refusal::Section
        | Refusal::Unknown
        | Refusal::Elsewhere
        | Refusal::NoSection
        | Refusal::Empty
        | Refusal::Key(_) => {
            // A section that wg-quick alone does not know makes wg stumble over a later line.
            said(&["Line unrecognized"]) && (line == quoted(&theirs.said) || line.eq_ignore_ascii_case("[interface]"))
        }
        Refusal::NoPort => said(&["Unable to find port"]) && line.ends_with(&quoted(&theirs.said)),
        // What keeps wg from finding the port is told as what it is.
        Refusal::Value if parse_error.flaw.is_some() && said(&["Unable to find port"]) => {
            line.ends_with(&quoted(&theirs.said))
        }
        Refusal::Value => {
            said(&[
                "Servname not",
                "Fwmark is",
                "Persistent keepalive",
                "Unable to parse",
                "AllowedIP is",
                "matching brace",
            ]) && line.contains(&quoted(&theirs.said))
        }
    };
    if right { Agreed::Refused } else { no() }
}

fn late(what: Refusal) -> bool {
    matches!(what, Refusal::NoPublicKey | Refusal::Setting)
}

fn squeeze(line: &str) -> String {
    line.split('#').next().unwrap_or_default().chars().filter(|c| !matches!(c, ' ' | '\t'..='\r' | '\0')).collect()
}

/// What a message quotes.
fn quoted(said: &str) -> String {
    let begun = said.split_once('`').map_or("", |(_, rest)| rest);
    // wg's own words come last.
    begun.rsplit_once('\'').map_or(begun, |(text, _)| text).to_owned()
}
