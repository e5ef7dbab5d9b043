//! The web app is looked at on Linux alone.

use super::Found;
use crate::fact::touch::Touch;

impl Found {
    #[expect(clippy::unused_async, reason = "it connects on Linux")]
    pub(super) async fn with_sockets(self, _: u32) -> Self {
        self
    }
}

pub(super) fn touches() -> Vec<Touch> {
    Vec::new()
}
