//! Where containers run in a virtual machine, nobody can enter their network from here.
#![expect(clippy::unused_async, reason = "it is async on Linux")]

use crate::fact::Unseen;
use crate::fact::touch::Touch;
use crate::probe::{ProbeContext, ProbeResult};

pub(in crate::probe) async fn look(_: &ProbeContext) -> ProbeResult {
    ProbeResult::new("", Err(Unseen::NotKnown("containers run in a virtual machine here".to_owned())))
}

pub(in crate::probe) fn touches() -> Vec<Touch> {
    Vec::new()
}
