//! Where containers run in a virtual machine, nobody can enter their network from here.
#![expect(clippy::unused_async, reason = "it is async on Linux")]

use super::{ProbeContext, ProbeResult};
use crate::fact::Unseen;
use crate::fact::touch::Touch;

pub(super) async fn look(_: &ProbeContext) -> ProbeResult {
    ProbeResult::new("", Err(Unseen::NotKnown("containers run in a virtual machine here".to_owned())))
}

pub(super) fn touches() -> Vec<Touch> {
    Vec::new()
}
