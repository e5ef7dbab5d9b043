//! Elsewhere than on Linux there is no systemd.

use crate::fact::Unseen;
use crate::fact::touch::Touch;
use crate::probe::host::Said;

/// Nobody asks it.
#[expect(clippy::unused_async, reason = "it is async with systemd")]
pub(in crate::probe) async fn show(_: &str, _: &[&str]) -> Result<Said, Unseen> {
    Err(Unseen::NoTool("there is no systemd here".to_owned()))
}

/// What [`show`] does.
pub(in crate::probe) fn touches(_: &str, _: &str) -> Vec<Touch> {
    Vec::new()
}
