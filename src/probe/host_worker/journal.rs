//! What systemd's journal has of the worker's unit.

use crate::fact::host_worker::Ended;
use crate::probe::{PROGRAM, RECENT, host};
use crate::read::unit_ends;

/// What the unit's own processes printed last, without what systemd says of them.
pub(super) async fn last(unit: &str) -> String {
    let of = format!("_SYSTEMD_UNIT={unit}");
    let said = host::run("journalctl", &[&of, "-n", "60", "-o", "cat", "--no-pager", "-q"], PROGRAM).await;
    said.map(|said| said.out).unwrap_or_default()
}

/// What [`lately`] runs, for `--dry-run`.
pub(super) const LATELY: &str = "journalctl UNIT={unit} --since=@{time} -n 300 -o short-unix --no-pager -q";

/// How often systemd has started it again in the last minutes, and why it ended last.
pub(super) async fn lately(unit: &str) -> Option<Ended> {
    let (of, since) = (format!("UNIT={unit}"), format!("--since=@{}", host::now().saturating_sub(RECENT)));
    let arguments = [&of, &since, "-n", "300", "-o", "short-unix", "--no-pager", "-q"];
    let said = host::run("journalctl", &arguments, PROGRAM).await.ok()?;
    unit_ends::read(&said.out)
}
