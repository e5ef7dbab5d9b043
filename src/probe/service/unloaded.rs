//! Files with which a unit does not start again: systemd refuses them, or its command does not find its own.

use super::short;
use crate::fact::service::quote::Quote;
use crate::fact::touch::{Touch, runs};
use crate::probe::{PROGRAM, host};
use crate::read::quoted::{self, Secrets};
use crate::read::unit_file;

/// The file of wg-quick's unit, where there is none of that name.
pub(super) fn file_gone(unit: &str) -> Option<String> {
    let path = format!("/etc/wireguard/{}.conf", short(unit).strip_prefix("wg-quick@")?);
    matches!(host::stat(&path), Ok(None)).then_some(path)
}

/// What systemd says of files with which it refuses to start a unit, and the line of the setting that it names. The journal has
/// what it said of older ones, too.
pub(in crate::probe) async fn unloaded(unit: &str, state: &str, files: &[(String, String)]) -> Quote {
    let again =
        host::run("systemd-analyze", &["verify", "--", unit], PROGRAM).await.map(|said| said.err).unwrap_or_default();
    let said = again.lines().rev().find_map(|line| line.strip_prefix(unit)?.strip_prefix(": "));
    let (said, by) = match said {
        Some(said) => (said, "systemd-analyze verify"),
        None => (state, "systemctl show -p LoadState"),
    };
    let setting = said.split_whitespace().find_map(|word| word.strip_suffix('='));
    let line =
        |name: &str| files.iter().rev().find_map(|(path, text)| Some((path.clone(), unit_file::line_of(text, name)?)));
    Quote {
        text: quoted::quoted(said, &Secrets::default(), &[]),
        source: format!("{by} {}", short(unit)),
        at: None,
        named: setting.and_then(line),
    }
}

/// What [`unloaded`] does.
pub(in crate::probe) fn touches() -> Vec<Touch> {
    runs(&["systemd-analyze verify -- {unit}"])
}
